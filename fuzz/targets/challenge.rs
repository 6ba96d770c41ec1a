//! What a customer's server may send in `WWW-Authenticate`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for challenge in webhooks::challenge::parse_challenges(text) {
        assert!(!challenge.scheme.is_empty());
        assert!(challenge.parameters.len() <= webhooks::limits::CHALLENGE_PARAMETERS);
    }
});
