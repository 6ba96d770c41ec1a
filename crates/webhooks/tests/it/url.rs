//! Which URLs can be configured, and that they do not show what they hold.

use std::time::Duration;

use webhooks::{Overrides, RetryOn, UrlProblem, WebhookUrl};

#[test]
fn accepts_http_and_https_and_normalises_the_host() {
    for (text, https, host, port) in [
        ("https://example.com", true, "example.com", 443),
        ("HTTP://Example.COM:8080/a", false, "example.com", 8080),
        ("https://user:pass@example.com:443/?q=1#rc=1", true, "example.com", 443),
        ("https://us@er:p@example.com", true, "example.com", 443),
        ("http://2130706433/", false, "127.0.0.1", 80),
        ("http://[::FFFF:127.0.0.1]:81/", false, "[::ffff:7f00:1]", 81),
        ("https://example.com/a/../b/./%7e?x={y}|z", true, "example.com", 443),
    ] {
        let url = WebhookUrl::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!((url.is_https(), url.host(), url.port()), (https, host, port), "{text}");
        assert_eq!(url.as_configured(), text);
    }
}

#[test]
fn refuses_what_cannot_be_requested_as_written() {
    for (text, problem) in [
        ("", UrlProblem::NotHttp),
        ("example.com/hook", UrlProblem::NotHttp),
        ("/hook", UrlProblem::NotHttp),
        ("ftp://example.com", UrlProblem::NotHttp),
        (" https://example.com", UrlProblem::NotHttp),
        ("https:example.com", UrlProblem::NotHttp),
        ("https://", UrlProblem::Malformed),
        ("https:///example.com", UrlProblem::Malformed),
        ("https://user:pass@", UrlProblem::Malformed),
        ("https://user:pass@/path", UrlProblem::Malformed),
        ("https://example.com:99999/", UrlProblem::Malformed),
        ("https://exa mple.com/", UrlProblem::Malformed),
        ("https://example.com/a b", UrlProblem::Malformed),
        ("https://example.com/é", UrlProblem::Malformed),
        ("https://example.com/\r\nHost: evil", UrlProblem::Malformed),
        ("https://good.example\\@evil.example/", UrlProblem::Malformed),
        ("https://[::1/", UrlProblem::Malformed),
        ("https://example.com/<b>", UrlProblem::Malformed),
    ] {
        let found = WebhookUrl::parse(text).expect_err(text);
        assert_eq!((found, found.alert_code()), (problem, 11100), "{text:?}");
    }
}

#[test]
fn limits_the_length() {
    let longest = format!("https://example.com/{}", "x".repeat(3980));
    assert!(WebhookUrl::parse(&longest).is_ok());
    assert_eq!(WebhookUrl::parse(&format!("{longest}x")).err(), Some(UrlProblem::TooLong));
}

#[test]
fn shows_scheme_and_host_only() {
    let url = WebhookUrl::parse("https://canary-user:canary-pass@example.com:8443/canary-path?canary=1#rc=2")
        .unwrap();
    for shown in [format!("{url:?}"), format!("{url}")] {
        assert_eq!(shown, "https://example.com");
    }
}

#[test]
fn reads_connection_settings_of_the_fragment() {
    let overrides =
        |fragment: &str| *WebhookUrl::parse(&format!("https://example.com/#{fragment}")).unwrap().overrides();
    let nothing = RetryOn { client_error: false, server_error: false, connect: false, read: false };
    let default = Overrides {
        connect_timeout: None,
        read_timeout: None,
        total_timeout: None,
        retries: 1,
        retry_on: RetryOn { connect: true, ..nothing },
    };
    for fragment in ["", "section-2", "colour=blue", "e=ashburn,umatilla&sni=n"] {
        assert_eq!(overrides(fragment), default, "{fragment}");
    }
    let expected = Overrides {
        connect_timeout: Some(Duration::from_millis(100)),
        read_timeout: Some(Duration::from_millis(15_000)),
        total_timeout: Some(Duration::from_millis(9_000)),
        retries: 5,
        retry_on: RetryOn { server_error: true, read: true, ..nothing },
    };
    assert_eq!(overrides("ct=100&rt=15000&tt=9000&rc=5&rp=5xx,rt"), expected);
    let all = RetryOn { client_error: true, server_error: true, connect: true, read: true };
    assert_eq!(overrides("rp=all").retry_on, all);
    assert_eq!(overrides("rp=4xx,5xx,ct,rt").retry_on, all);
}

#[test]
fn refuses_invalid_connection_settings_by_their_alert() {
    for (fragment, code) in [
        ("ct=99", 11241),
        ("ct=10001", 11241),
        ("ct=", 11241),
        ("ct=+500", 11241),
        ("ct=5s", 11241),
        ("rt=99", 11241),
        ("rt=15001", 11241),
        ("tt=99", 11241),
        ("tt=15001", 11241),
        ("rc=6", 11241),
        ("rc=-1", 11241),
        ("rc=99999999999999999999", 11241),
        ("sni=maybe", 11241),
        ("e=", 11240),
        ("e=ash burn", 11100),
        ("e=ashburn,", 11240),
        ("rp=", 11243),
        ("rp=3xx", 11243),
        ("rp=ct,", 11243),
    ] {
        let problem = WebhookUrl::parse(&format!("https://example.com/hook#{fragment}")).expect_err(fragment);
        assert_eq!(problem.alert_code(), code, "{fragment}");
    }
}

#[test]
fn shows_alerts_no_query_userinfo_or_fragment() {
    for (configured, shown, query) in [
        (
            "https://user:pass@Clinic.example:8443/a/b?t=secret#rc=2",
            "https://Clinic.example:8443/a/b",
            "t=secret",
        ),
        ("http://clinic.example?t=a?b", "http://clinic.example", "t=a?b"),
        ("https://clinic.example/#top?no=query", "https://clinic.example/", ""),
    ] {
        let url = WebhookUrl::parse(configured).unwrap();
        assert_eq!((url.without_secrets().as_str(), url.query()), (shown, query), "{configured}");
    }
}
