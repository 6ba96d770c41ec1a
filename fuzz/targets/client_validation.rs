//! The token of public key client validation, and the request that it is compared with.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    kit::fuzzing::validate(next(), next(), next());
});
