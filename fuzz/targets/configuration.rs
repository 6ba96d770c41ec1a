//! Configuration files: read or refused with a sentence.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(mistakes) = server::config::parse(text, Path::new("/etc/switchward")) {
        assert!(!mistakes.to_string().is_empty());
    }
    if let Err(problem) = smpp_net::SmppConfig::parse(text) {
        assert!(!problem.to_string().is_empty());
    }
    if let Err(problem) = lookup::LocalTable::parse(text) {
        assert!(!problem.to_string().is_empty());
    }
});
