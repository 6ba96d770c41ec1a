//! The signature against the published example and the rules around it: rule GEN-SIG-1.

use serde_json::Value;
use url::form_urlencoded;
use webhooks::SigningKey;
use webhooks::signature::{SETTINGS_HEADER, sign_form, sign_get, sign_json, validate, validate_json};

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

/// The requests that `conformance/` shows to the official validators are the requests that we sign: what they accept
/// there, they accept of us.
#[test]
fn gen_sig_1__allows_the_requests_that_the_official_validators_accept() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../../conformance/signatures.json")).unwrap();
    assert!(cases.len() >= 12);
    for case in &cases {
        let text = |pointer: &str| case.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let secret = text("/key/secret");
        let key = match text("/key/id") {
            "" => SigningKey::AuthToken(secret),
            id => SigningKey::Shared { id, secret },
        };
        let (configured, requested) = (text("/configured"), text("/requested"));
        let (url, signature) = match case["parameters"].as_array() {
            None => sign_json(key, configured, text("/body").as_bytes()),
            Some(pairs) if pairs.is_empty() => {
                let (_, query) = requested.split_once('?').unwrap();
                let encoded: String = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form_urlencoded::parse(query.as_bytes()))
                    .finish();
                let url = format!("{configured}?{encoded}");
                (url.clone(), sign_get(key, &url))
            }
            Some(pairs) => {
                let pairs: Vec<(String, String)> =
                    pairs.iter().map(|pair| serde_json::from_value(pair.clone()).unwrap()).collect();
                (requested.to_owned(), sign_form(key, configured, &pairs))
            }
        };
        assert_eq!(
            (url.as_str(), signature.as_str()),
            (requested, text("/headers/X-Twilio-Signature")),
            "{case}"
        );
        let settings = key.settings().unwrap_or_default();
        assert_eq!(settings, text(&format!("/headers/{SETTINGS_HEADER}")), "{case}");
    }
}
