//! URLs of webhooks, with their overrides and credentials: what may be shown holds no secret.

#![no_main]

use libfuzzer_sys::fuzz_target;
use webhooks::WebhookUrl;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(url) = WebhookUrl::parse(text) else { return };
    let shown = url.without_secrets();
    assert!(
        !shown.contains(['@', '#', '?']) || !authority(&shown).contains('@'),
        "a URL shown with its credentials"
    );
    assert!(WebhookUrl::parse(url.as_configured()).is_ok(), "a URL that is not read again");
});

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    &rest[..rest.find('/').unwrap_or(rest.len())]
}
