//! TwiML of customers' servers: read or refused, within its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(verbs) = twiml::parse_messaging(data) {
        assert!(verbs.len() <= twiml::limits::VERB_LIMIT);
    }
});
