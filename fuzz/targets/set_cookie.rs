//! What a customer's server may send in `Set-Cookie`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(cookie) = webhooks::cookies::parse_set_cookie(text) {
        assert!(!cookie.name.is_empty() && !cookie.name.contains([';', '=']) && !cookie.value.contains(';'));
        assert!(cookie.path.is_none_or(|path| path.starts_with('/')));
    }
});
