//! Host and path of a request: whatever product is found, the path it is given is a part of what was sent.

#![no_main]

use libfuzzer_sys::fuzz_target;

const PRODUCTS: &[&str] = &["api", "messaging", "lookups", "monitor", "accounts"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (host, path) = text.split_once('\n').unwrap_or(("api.twilio.com", text));
    let _ = edge::hosts::connect_allowed(host);
    if let Some(target) = edge::product::resolve_bearer(host, path, None) {
        assert_eq!((target.host.as_str(), target.path.as_str()), (host, path));
    }
    for base_domain in [None, Some("clinic.example")] {
        let Some(target) = edge::product::resolve(host, path, base_domain, PRODUCTS) else { continue };
        assert!(target.path.starts_with('/'), "a path without its slash");
        assert!(path.ends_with(target.path.as_str()) || target.path == "/", "a path that was not sent");
        assert_eq!(target.host, host);
        assert!(target.path.starts_with(edge::product::strip_json_suffix(&target.path)));
    }
});
