//! The signature against the published example and the rules around it: rule GEN-SIG-1.

use webhooks::signature::{sign_form, sign_get, sign_json, validate, validate_json};

use crate::server::parameters;

const TOKEN: &str = "12345";
const URL: &str = "https://example.com/myapp.php?foo=1&bar=2";
const EXPECTED: &str = "L/OH5YylLD5NRKLltdqwSvS0BnU=";
const PARAMETERS: &[(&str, &str)] = &[
    ("Digits", "1234"),
    ("To", "+18005551212"),
    ("From", "+14158675310"),
    ("Caller", "+14158675310"),
    ("CallSid", "CA1234567890ABCDE"),
];

#[test]
fn gen_sig_1__keeps_twilio_vector() {
    assert_eq!(sign_form(TOKEN, URL, &parameters(PARAMETERS)), EXPECTED);
    assert!(validate(TOKEN, URL, &parameters(PARAMETERS), EXPECTED));
}

#[test]
fn gen_sig_1__rejects_altered_parameter() {
    for at in 0..PARAMETERS.len() {
        let mut altered = parameters(PARAMETERS);
        altered[at].1.push('0');
        assert!(!validate(TOKEN, URL, &altered, EXPECTED));
        let mut missing = parameters(PARAMETERS);
        missing.remove(at);
        assert!(!validate(TOKEN, URL, &missing, EXPECTED));
    }
}

#[test]
fn gen_sig_1__rejects_altered_url_token_and_signature() {
    let signed = parameters(PARAMETERS);
    for url in [
        "http://example.com/myapp.php?foo=1&bar=2",
        "https://example.com/myapp.php?bar=2&foo=1",
        "https://example.com:8443/myapp.php?foo=1&bar=2",
        "https://example.com/myapp.php?foo=1",
    ] {
        assert!(!validate(TOKEN, url, &signed, EXPECTED), "{url}");
    }
    assert!(!validate("12346", URL, &signed, EXPECTED));
    for signature in ["", "L/OH5YylLD5NRKLltdqwSvS0BnU", "M/OH5YylLD5NRKLltdqwSvS0BnU=", "L/OH5Q==", "ÿ"] {
        assert!(!validate(TOKEN, URL, &signed, signature), "{signature}");
    }
}

#[test]
fn fragment_and_userinfo_are_not_signed() {
    let signed = parameters(PARAMETERS);
    for url in [
        "https://example.com/myapp.php?foo=1&bar=2#rc=3&rp=all",
        "https://user:pass@example.com/myapp.php?foo=1&bar=2",
        "https://us@er:p:ss@example.com/myapp.php?foo=1&bar=2#@#",
    ] {
        assert_eq!(sign_form(TOKEN, url, &signed), EXPECTED, "{url}");
    }
}

#[test]
fn at_sign_in_path_or_query_is_not_userinfo() {
    for url in ["https://example.com/@me", "https://example.com?mail=a@b"] {
        assert_ne!(sign_get(TOKEN, url), sign_get(TOKEN, "https://me"));
        assert!(validate(TOKEN, url, &[], &sign_get(TOKEN, url)));
        assert_ne!(sign_get(TOKEN, url), sign_get(TOKEN, "https://b"));
    }
}

#[test]
fn order_and_repeats_of_parameters_do_not_matter() {
    let sorted = sign_form(TOKEN, URL, &parameters(&[("A", "1"), ("A", "2"), ("B", "3"), ("a", "0")]));
    let mixed = &[("a", "0"), ("A", "2"), ("B", "3"), ("A", "1"), ("A", "2")];
    assert_eq!(sign_form(TOKEN, URL, &parameters(mixed)), sorted);
}

#[test]
fn json_body_is_bound_by_its_hash() {
    // SHA-256 of the empty string, FIPS 180-4.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (configured, expected) in [
        ("https://u:p@example.com/sink#rc=1", format!("https://example.com/sink?bodySHA256={empty}")),
        ("https://example.com/sink?a=1", format!("https://example.com/sink?a=1&bodySHA256={empty}")),
        ("https://example.com/sink?", format!("https://example.com/sink?bodySHA256={empty}")),
    ] {
        let (url, signature) = sign_json(TOKEN, configured, b"");
        assert_eq!(url, expected);
        assert_eq!(signature, sign_get(TOKEN, &expected));
        assert!(validate_json(TOKEN, &url, b"", &signature));
        assert!(!validate_json(TOKEN, &url, b"{}", &signature));
        assert!(!validate_json(TOKEN, configured, b"", &signature));
    }
    let forged = format!("https://example.com/?bodySHA256={empty}");
    let (url, signature) = sign_json(TOKEN, &forged, b"{}");
    assert!(validate_json(TOKEN, &url, b"{}", &signature));
    assert!(!validate_json(TOKEN, &url, b"", &signature));
}
