//! From host and path to product: every way in which a client has been seen to name one.

use edge::product::{PUBLIC_API, absolute_base, resolve, resolve_bearer, strip_json_suffix};
use proptest::prelude::*;

const PRODUCTS: [&str; 4] = ["api", "messaging", "verify", "switchward"];
const BASE: Option<&str> = Some("comms.example.org");

/// Product, prefix and path, or nothing.
fn check(host: &str, path: &str) -> Option<(String, String, String)> {
    let target = resolve(host, path, BASE, &PRODUCTS)?;
    assert_eq!(target.host, host);
    Some((target.product, target.prefix, target.path))
}

#[test]
fn finds_the_product_by_host_then_prefix_then_path() {
    let table = [
        // By host.
        ("api.twilio.com", "/2010-04-01/Accounts.json", "api", "", "/2010-04-01/Accounts.json"),
        ("Verify.Twilio.com.:443", "/v2/Services", "verify", "", "/v2/Services"),
        ("messaging.dublin.ie1.twilio.com", "/v1/Services", "messaging", "", "/v1/Services"),
        ("serverless-upload.twilio.com", "/v1/Services", "serverless-upload", "", "/v1/Services"),
        ("verify.comms.example.org", "/v2/Services", "verify", "", "/v2/Services"),
        ("verify.comms.example.org:8443", "/", "verify", "", "/"),
        ("api.twilio.com", "/messaging/v1/Services", "api", "", "/messaging/v1/Services"),
        ("hello-1234-dev.twil.io", "/messaging/hello", "functions", "", "/messaging/hello"),
        ("api.segment.io", "/v1/batch", "segment-api", "", "/v1/batch"),
        ("cdn.segment.com", "/v1/projects/x/settings", "segment-cdn", "", "/v1/projects/x/settings"),
        ("profiles.euw1.segment.com", "/v1/spaces", "segment-profiles", "", "/v1/spaces"),
        ("events.eu1.segmentapis.com", "/v1/batch", "segmentapis-events", "", "/v1/batch"),
        ("eu1.api.segmentapis.com", "/sources", "segmentapis-api", "", "/sources"),
        // By host, behind the segment that an SDK puts in front.
        (
            "api.comms.example.org",
            "/.twilio.com/2010-04-01/Accounts.json",
            "api",
            "/.twilio.com",
            "/2010-04-01/Accounts.json",
        ),
        ("verify.comms.example.org", "/.twilio.com", "verify", "/.twilio.com", "/"),
        // By prefix.
        ("127.0.0.1:18080", "/messaging/v1/Services", "messaging", "/messaging", "/v1/Services"),
        ("127.0.0.1:18080", "/messaging", "messaging", "/messaging", "/"),
        ("[::1]:18080", "/verify/v2/Services/", "verify", "/verify", "/v2/Services/"),
        ("comms.example.org", "/verify/v2/Services", "verify", "/verify", "/v2/Services"),
        ("localhost", "/api/2010-04-01/Accounts.json", "api", "/api", "/2010-04-01/Accounts.json"),
        (
            "localhost:1",
            "/.messaging.localhost:18080/verify/v2",
            "verify",
            "/.messaging.localhost:18080/verify",
            "/v2",
        ),
        ("twilio.com.evil.com", "/verify/v2", "verify", "/verify", "/v2"),
        // By path.
        ("127.0.0.1:18080", "/v1/batch", "segment-api", "", "/v1/batch"),
        ("127.0.0.1:18080", "/v1/t", "segment-api", "", "/v1/t"),
        ("127.0.0.1:18080", "/v1/projects/x/settings", "segment-api", "", "/v1/projects/x/settings"),
        ("127.0.0.1:18080", "/sources", "segmentapis-api", "", "/sources"),
        (
            "127.0.0.1:18080",
            "/tracking-plans/tp_1/rules",
            "segmentapis-api",
            "",
            "/tracking-plans/tp_1/rules",
        ),
        ("localhost", "/2010-04-01/Accounts/AC1.json", "api", "", "/2010-04-01/Accounts/AC1.json"),
        (
            "localhost",
            "/.twilio.com/2010-04-01/Accounts.json",
            "api",
            "/.twilio.com",
            "/2010-04-01/Accounts.json",
        ),
        ("localhost", "/healthz", "switchward", "", "/healthz"),
        ("10.0.0.7:8080", "/readyz", "switchward", "", "/readyz"),
        ("localhost", "/switchward/console", "switchward", "/switchward", "/console"),
        // Escapes stay as they are.
        ("verify.twilio.com", "/v2/a%2Fb%20c%3F", "verify", "", "/v2/a%2Fb%20c%3F"),
        ("verify.twilio.com", "/v2/...", "verify", "", "/v2/..."),
        ("verify.twilio.com", "/v2/.well-known", "verify", "", "/v2/.well-known"),
    ];
    for (host, path, product, prefix, clean) in table {
        let expected = Some((product.to_owned(), prefix.to_owned(), clean.to_owned()));
        assert_eq!(check(host, path), expected, "{host} {path}");
    }
}

#[test]
fn our_own_pages_keep_their_path_when_not_listed_as_a_product() {
    let target = resolve("localhost", "/switchward/console", None, &[]).unwrap();
    assert_eq!(
        (target.product.as_str(), target.prefix.as_str(), target.path.as_str()),
        ("switchward", "", "/switchward/console")
    );
}

#[test]
fn refuses_malformed_targets_and_unknown_products() {
    for (host, path) in [
        ("api.twilio.com", ""),
        ("api.twilio.com", "v1"),
        ("api.twilio.com", "*"),
        ("api.twilio.com", "//v1"),
        ("api.twilio.com", "/v1//Services"),
        ("api.twilio.com", "/v1//"),
        ("api.twilio.com", "/v1/.."),
        ("api.twilio.com", "/../v1"),
        ("api.twilio.com", "/v1/./x"),
        ("api.twilio.com", "/v1/%2e%2E/x"),
        ("api.twilio.com", "/v1/.%2e"),
        ("api.twilio.com", "/v1?x=1"),
        ("api.twilio.com", "/v1\\x"),
        ("api.twilio.com", "/v1\r\nx"),
        ("", "/healthz"),
        ("evil.com/x", "/healthz"),
        ("someone@localhost", "/healthz"),
        ("localhost\"", "/healthz"),
        (".twilio.com", "/v1"),
        ("localhost", "/"),
        ("localhost", "/v1/Services"),
        ("localhost", "/unknown/v1"),
        ("localhost", "/healthz/x"),
        ("localhost", "/2010-04-011/Accounts"),
        ("localhost", "/.a/.b/verify"),
        ("nottwilio.com", "/v1/Services"),
        ("api.nottwilio.com", "/v1/Services"),
    ] {
        assert_eq!(check(host, path), None, "{host} {path:?}");
    }
}

#[test]
fn without_a_base_domain_only_known_domains_name_products() {
    assert_eq!(resolve("verify.comms.example.org", "/v2", None, &PRODUCTS), None);
    assert!(resolve("verify.twilio.com", "/v2", None, &PRODUCTS).is_some());
}

#[test]
fn strips_one_json_suffix() {
    for (path, expected) in [
        ("/2010-04-01/Accounts.json", "/2010-04-01/Accounts"),
        ("/2010-04-01/Accounts", "/2010-04-01/Accounts"),
        ("/a.json.json", "/a.json"),
        ("/a.json/b", "/a.json/b"),
        ("/a/.json", "/a/.json"),
        ("/.json", "/.json"),
        (".json", ".json"),
        ("/a.JSON", "/a.JSON"),
        ("", ""),
    ] {
        assert_eq!(strip_json_suffix(path), expected, "{path}");
    }
}

#[test]
fn links_repeat_scheme_host_and_prefix() {
    assert_eq!(
        absolute_base("https", "api.comms.example.org", "/.twilio.com"),
        "https://api.comms.example.org/.twilio.com"
    );
    assert_eq!(absolute_base("http", "127.0.0.1:18080", "/messaging"), "http://127.0.0.1:18080/messaging");
    assert_eq!(absolute_base("https", "api.twilio.com", ""), "https://api.twilio.com");
}

/// Pieces that matter to the parser, mixed with anything.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/"),
        Just("."),
        Just(".."),
        Just("%2e"),
        Just("%"),
        Just("api"),
        Just("verify"),
        Just("2010-04-01"),
        Just(".twilio.com"),
        Just("healthz"),
        Just(".json"),
        Just("é"),
    ]
    .prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![3 => piece, 1 => ".{0,3}"], 0..8)
        .prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("api.twilio.com".to_owned()),
        Just("127.0.0.1:1".to_owned()),
        Just("x.comms.example.org".to_owned()),
        Just("eu1.segment.com".to_owned()),
        "[a-z.:]{0,12}(twilio\\.com|twil\\.io|segment\\.io)?",
        ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_target_gives_a_clean_path_or_nothing(host in host(), path in path()) {
        if let Some(target) = resolve(&host, &path, BASE, &PRODUCTS) {
            prop_assert!(target.path.starts_with('/'));
            prop_assert!(!target.path.contains("//"));
            prop_assert!(target.path.split('/').all(|segment| segment != ".." && segment != "."));
            prop_assert!(!target.product.is_empty());
            prop_assert_eq!(&target.host, &host);
            let shown = format!("{}{}", target.prefix, target.path);
            prop_assert!(shown == path || shown == format!("{path}/"), "nothing is lost or added");
            prop_assert!(strip_json_suffix(&target.path).starts_with('/'));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(host in ".*", path in ".*", base in proptest::option::of(".*")) {
        let target = resolve(&host, &path, base.as_deref(), &PRODUCTS);
        prop_assert!(target.is_none_or(|target| target.path.starts_with('/')));
        edge::hosts::connect_allowed(&host);
        strip_json_suffix(&path);
    }
}

#[test]
fn a_bearer_token_is_the_public_apis_where_no_host_says_otherwise() {
    let public = |host: &str, path: &str| resolve_bearer(host, path, BASE).map(|target| target.product);
    for path in ["/", "/sources", "/usage/mtu/daily", "/functions", "/events/volume"] {
        assert_eq!(public("127.0.0.1:18080", path).as_deref(), Some(PUBLIC_API), "{path}");
    }
    for (host, path) in [
        ("127.0.0.1:18080", "/2010-04-01/Accounts"),
        ("127.0.0.1:18080", "/v1/batch"),
        ("127.0.0.1:18080", "/verify/v2/Services"),
        ("api.twilio.com", "/"),
        ("verify.comms.example.org", "/"),
        ("api.segmentapis.com", "/sources"),
        ("127.0.0.1", "//sources"),
        ("", "/"),
    ] {
        assert_eq!(public(host, path), None, "{host} {path}");
    }
}
