//! Mistakes that receivers make, and the words for them.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};
use webhooks::SigningKey;
use webhooks::diagnosis::{Content, Diagnosis, Evidence, Finding, Secrets, diagnose};
use webhooks::signature::{sign_form, sign_get, sign_json};

use crate::server::parameters;

const PRIMARY: &str = "primary-0123456789abcdef";
const SECONDARY: &str = "secondary-0123456789abcdef";
const SHARED: &str = "shared-0123456789abcdef";
const IDLE: &str = "idle-0123456789abcdef";
const URL: &str = "https://example.org/hook?b=1&a=x%20y";
const BODY: &str = r#"{"To": "+14155550123", "n": 1}"#;

fn secrets() -> Secrets<'static> {
    Secrets { primary: PRIMARY, secondary: Some(SECONDARY), shared: Some(SHARED), idle: vec![IDLE] }
}

fn form() -> Vec<(String, String)> {
    parameters(&[
        ("To", "+14155550123"),
        ("Body", "two words\n"),
        ("body", ""),
        ("AccountSid", "AC1"),
        ("To", "+2"),
    ])
}

/// Base64 of the HMAC of a text that a wrong receiver puts together.
fn mac(text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, PRIMARY.as_bytes());
    BASE64.encode(hmac::sign(&key, text.as_bytes()).as_ref())
}

fn explain(url: &str, content: Content, signature: &str) -> Diagnosis {
    diagnose(&Evidence { url: url.to_owned(), content, signature: signature.to_owned() }, &secrets())
}

/// What is found for the form, checked against `url`, with this signature.
fn of_form(url: &str, pairs: Vec<(String, String)>, signature: &str) -> Vec<Finding> {
    let diagnosis = explain(url, Content::Parameters(pairs), signature);
    assert!(!diagnosis.matches, "{:?}", diagnosis.findings);
    diagnosis.findings
}

#[test]
fn what_matches_has_no_findings() {
    let matches = |diagnosis: Diagnosis| diagnosis.matches && diagnosis.findings.is_empty();
    assert!(matches(explain(URL, Content::Parameters(form()), &sign_form(PRIMARY, URL, &form()))));
    assert!(matches(explain(URL, Content::Parameters(Vec::new()), &sign_get(PRIMARY, URL))));
    let (url, signature) = sign_json(PRIMARY, URL, BODY.as_bytes());
    assert!(matches(explain(&url, Content::Body(BODY.to_owned()), &signature)));
    let shared = SigningKey::Shared { id: "k", secret: SHARED };
    assert!(matches(explain(URL, Content::Parameters(form()), &sign_form(shared, URL, &form()))));
}

#[test]
fn names_the_wrong_key() {
    let with = |key: SigningKey<'_>| of_form(URL, form(), &sign_form(key, URL, &form()));
    let shared = |secret| SigningKey::Shared { id: "k", secret };
    assert_eq!(with(SigningKey::AuthToken(SECONDARY)), [Finding::SecondaryToken]);
    assert_eq!(with(shared(IDLE)), [Finding::SharedKeyNotInUse]);
    assert_eq!(with(shared(PRIMARY)), [Finding::TokenInsteadOfSharedKey]);
    assert_eq!(with(SigningKey::AuthToken(SHARED)), [Finding::SharedKeyWithSha1]);
    assert_eq!(with(SigningKey::AuthToken("of another account")), []);
}

/// The developer gives the URL that his application sees; the signature is what we sent.
#[test]
fn names_what_is_wrong_with_the_url() {
    for (signed, seen, expected) in [
        (URL, "http://example.org/hook?b=1&a=x%20y", &[Finding::Scheme][..]),
        (URL, "https://example.org:8443/hook?b=1&a=x%20y", &[Finding::PortAdded]),
        ("https://example.org:443/hook", "https://example.org/hook", &[Finding::PortLeftOut]),
        ("http://example.org:80/hook", "http://example.org/hook", &[Finding::PortLeftOut]),
        (URL, "http://example.org:8080/hook?b=1&a=x%20y", &[Finding::Scheme, Finding::PortAdded]),
        (URL, "https://example.org/hook/?b=1&a=x%20y", &[Finding::TrailingSlash]),
        ("https://example.org", "https://example.org/", &[Finding::TrailingSlash]),
        (URL, "https://example.org/hook?b=1&a=x+y", &[Finding::QueryEncodedAnew]),
        ("https://example.org/?a=x y", "https://example.org/?a=x%20y", &[Finding::QueryDecoded]),
        ("https://example.org/?a=1&b=2", "https://example.org/?b=2&a=1", &[Finding::QueryInAnotherOrder]),
        ("https://example.org/hook", URL, &[Finding::QueryLeftOut]),
        (URL, "http://example.org/hook/?b=1&a=x+y", &[]), // three at once are beyond us
        ("https://example.org/other", URL, &[]),
    ] {
        assert_eq!(of_form(seen, form(), &sign_form(PRIMARY, signed, &form())), expected, "{seen}");
    }
    let with_user = "https://user:pass@example.org/hook#rc=1";
    let flat: String = {
        let mut pairs = form();
        pairs.sort();
        pairs.into_iter().map(|(name, value)| name + &value).collect()
    };
    assert_eq!(
        of_form(with_user, form(), &mac(&format!("{with_user}{flat}"))),
        [Finding::UserInfoOrFragment]
    );
}

#[test]
fn names_what_is_wrong_with_the_parameters() {
    let sent = sign_form(PRIMARY, URL, &form());
    let changed = |change: fn(&str) -> String| {
        form().into_iter().map(|(name, value)| (name, change(&value))).collect::<Vec<_>>()
    };
    let only = |keep: fn(&(String, String)) -> bool| form().into_iter().filter(keep).collect::<Vec<_>>();
    let flat = |pairs: Vec<(String, String)>| {
        let text: String = pairs.into_iter().map(|(name, value)| name + &value).collect();
        mac(&format!("{URL}{text}"))
    };
    // What we sent, and what the application made of it.
    assert_eq!(of_form(URL, changed(|value| value.trim().to_owned()), &sent), [Finding::SpacesTrimmed]);
    assert_eq!(of_form(URL, changed(|value| value.replace('+', " ")), &sent), [Finding::PlusAsSpace]);
    assert_eq!(of_form(URL, changed(|value| value.replace('\n', "\r\n")), &sent), [Finding::LineEndings]);
    // What we would have sent, and what the developer's code computed of it.
    assert_eq!(of_form(URL, form(), &mac(URL)), [Finding::ParametersLeftOut]);
    assert_eq!(of_form(URL, form(), &flat(form())), [Finding::NotSorted]);
    let mut sorted = form();
    sorted.sort_by_key(|(name, _)| name.to_lowercase());
    assert_eq!(of_form(URL, form(), &flat(sorted)), [Finding::SortedIgnoringCase]);
    let encoded = changed(|value| url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
    assert_eq!(of_form(URL, form(), &sign_form(PRIMARY, URL, &encoded)), [Finding::ValuesStillEncoded]);
    for (pairs, expected) in [
        (only(|(_, value)| !value.is_empty()), Finding::EmptyParametersLeftOut),
        (only(|(_, value)| value != "+2"), Finding::FirstOfDuplicates),
        (only(|(_, value)| value != "+14155550123"), Finding::LastOfDuplicates),
    ] {
        assert_eq!(of_form(URL, form(), &sign_form(PRIMARY, URL, &pairs)), [expected]);
    }
    let twice = parameters(&[("a", "1"), ("a", "1")]);
    assert_eq!(of_form(URL, twice.clone(), &flat(twice)), [Finding::DuplicatesRepeated]);
    let query = parameters(&[("a", "x y"), ("b", "1")]);
    assert_eq!(of_form(URL, Vec::new(), &flat(query)), [Finding::QueryAsParameters]);
}

#[test]
fn names_what_is_wrong_with_a_body() {
    let body = || Content::Body(BODY.to_owned());
    let found = |url: &str, content, signature: &str| explain(url, content, signature).findings;
    let (url, sent) = sign_json(PRIMARY, URL, BODY.as_bytes());
    assert_eq!(found(URL, body(), &sent), [Finding::BodyHashLeftOut]);
    let parsed = Content::Body(BODY.replace(' ', ""));
    assert_eq!(found(&url, parsed, &sent), [Finding::BodyDiffers]);
    assert_eq!(found(&url, body(), &mac(&format!("{url}{BODY}"))), [Finding::BodyAppended]);
    let members = parameters(&[("To", "+14155550123"), ("n", "1")]);
    assert_eq!(found(&url, body(), &sign_form(PRIMARY, &url, &members)), [Finding::BodyAsParameters]);
    let http = url.replacen("https", "http", 1);
    assert_eq!(found(&http, body(), &sent), [Finding::Scheme]);
}

#[test]
fn names_what_is_wrong_with_the_signature_itself() {
    let sent = sign_form(PRIMARY, URL, &form());
    let bytes = BASE64.decode(sent.as_bytes()).unwrap();
    for (signature, expected) in [
        (format!(" {sent}\n"), &[Finding::SignatureWithSpaces][..]),
        (HEXLOWER.encode(&bytes), &[Finding::SignatureInHexadecimal]),
        (sent.trim_end_matches('=').to_owned(), &[Finding::SignatureInBase64Url]),
        (String::new(), &[Finding::SignatureUnreadable]),
        ("not a signature".to_owned(), &[Finding::SignatureUnreadable]),
        (BASE64.encode(&bytes[1..]), &[Finding::SignatureUnreadable]),
    ] {
        assert_eq!(of_form(URL, form(), &signature), expected, "{signature}");
    }
    let secondary = HEXLOWER.encode(&BASE64.decode(sign_get(SECONDARY, URL).as_bytes()).unwrap());
    let both = [Finding::SignatureInHexadecimal, Finding::SecondaryToken];
    assert_eq!(of_form(URL, Vec::new(), &secondary), both);
}

/// A caller who may ask cannot make the search long: text of any length, at most so many signatures.
#[test]
fn gives_up_within_its_limits() {
    let pairs: Vec<(String, String)> = (0..100).map(|at| (format!("name{at}"), "x".repeat(100))).collect();
    let nothing = BASE64.encode(digest::digest(&digest::SHA256, b"").as_ref());
    for signature in [nothing, mac("something else")] {
        let diagnosis = explain(URL, Content::Parameters(pairs.clone()), &signature);
        assert_eq!(diagnosis, Diagnosis { matches: false, findings: Vec::new() });
    }
    for url in ["", "://", "https://[::1", "https://[::1]", "https://@?", "no url at all"] {
        assert!(!explain(url, Content::Body("[".to_owned()), &mac("something else")).matches, "{url}");
    }
}
