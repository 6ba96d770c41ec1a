//! What probes make of bytes of strangers: the first words of a TLS server, and places in TwiML and in attributes.

#![no_main]

use audit::fact::{Fact, urls_within};
use audit::tls::{OFFERS, answer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _kind = answer(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for offer in OFFERS {
        let hello = offer.hello(text.get(..255).unwrap_or(text));
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()));
    if let Some(Fact::Urls(urls)) = urls_within(&value) {
        assert!(urls.iter().all(|url| !url.host.is_empty() && !url.host.contains(['/', '?', '@'])));
    }
    for resource in audit::products::resources() {
        for (_, keep) in resource.keep {
            let _kept = keep.of(&value);
        }
    }
});
