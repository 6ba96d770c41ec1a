//! Nasty requests: each is answered in the API's shape, and the server goes on.

use data_encoding::BASE64;

use crate::program::{Server, init, parsed};

/// Bytes of a body that no form of this API needs.
const HUGE_BODY: usize = 3 * 1024 * 1024;
/// Bytes of a header that no client of this API sends.
const HUGE_HEADER: usize = 100 * 1024;

struct Case {
    name: &'static str,
    request: Vec<u8>,
    /// Statuses that are right.
    statuses: &'static [u16],
    /// Whether the answer must be JSON of the API's shape: the HTTP implementation answers what is no HTTP by itself.
    shaped: bool,
}

#[test]
fn every_nasty_request_is_answered_and_the_server_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let word = |name: &str| account[name].as_str().expect("text").to_owned();
    let server = Server::start(&data);
    for case in cases(&word("account_sid"), &word("auth_token")) {
        let answer = server.raw(&case.request);
        let (status, body) = parsed(&answer);
        assert!(case.statuses.contains(&status), "{}: {answer}", case.name);
        if case.shaped {
            assert_eq!(body["status"], status, "{}: {answer}", case.name);
            assert!(
                body["code"].is_u64() && body["message"].is_string() && body["more_info"].is_string(),
                "{}",
                case.name
            );
        }
        let alive = server.raw(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(parsed(&alive).0, 200, "after {}", case.name);
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases(sid: &str, token: &str) -> Vec<Case> {
    let basic = format!("Authorization: Basic {}", BASE64.encode(format!("{sid}:{token}").as_bytes()));
    let messages = format!("/2010-04-01/Accounts/{sid}/Messages.json");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let case = |name, method: &str, path: &str, headers: &[&str], body: &[u8], statuses| {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: api.twilio.com\r\nConnection: close\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        Case { name, request, statuses, shaped: true }
    };
    let send = |name, body: &[u8], statuses| case(name, "POST", &messages, &[&basic, form], body, statuses);
    let get = |name, path: &str, statuses| case(name, "GET", path, &[&basic], b"", statuses);
    let authorized = |name, header: &str| case(name, "GET", &messages, &[header], b"", &[401]);
    let huge = "a".repeat(HUGE_BODY);
    let long_header = format!("X-Long: {}", "a".repeat(HUGE_HEADER));
    let long_authorization = format!("Authorization: Basic {}", "QUFB".repeat(2000));
    let wrong_password = format!("Authorization: Basic {}", BASE64.encode(format!("{sid}:wrong").as_bytes()));
    let no_colon = format!("Authorization: Basic {}", BASE64.encode(sid.as_bytes()));
    let not_utf8 = format!("Authorization: Basic {}", BASE64.encode(&[0xff, 0xfe, b':', b'x']));
    let raw = |name, request: Vec<u8>, statuses| Case { name, request, statuses, shaped: false };
    let mut all = vec![
        send("a huge form", format!("Body={huge}").as_bytes(), &[413]),
        send(
            "a long text",
            format!("To=%2B14155550142&From=%2B14155550100&Body={}", "a".repeat(1601)).as_bytes(),
            &[400],
        ),
        send("bytes that are not UTF-8", b"To=%2B14155550142&From=%2B14155550100&Body=%ff%fe", &[400]),
        send("raw bytes that are not UTF-8", b"To=\xff\xfe&Body=\x00\x01", &[400]),
        send("a broken escape", b"To=%2B14155550142&From=%2B14155550100&Body=%zz%", &[400, 201]),
        send("a parameter twice", b"To=%2B14155550142&To=%2B14155550143&From=%2B14155550100&Body=x", &[400]),
        send("a thousand parameters", "a=b&".repeat(1000).as_bytes(), &[400, 413]),
        send("an unknown parameter", b"To=%2B14155550142&From=%2B14155550100&Body=x&Surprise=1", &[400]),
        send("no parameters", b"", &[400]),
        case(
            "JSON where a form belongs",
            "POST",
            &messages,
            &[&basic, "Content-Type: application/json"],
            b"{\"To\":\"x\"}",
            &[400, 415],
        ),
        case(
            "XML where a form belongs",
            "POST",
            &messages,
            &[&basic, "Content-Type: text/xml"],
            b"<a/>",
            &[400, 415],
        ),
        get("an account SID that is none", "/2010-04-01/Accounts/ACnope/Messages.json", &[404]),
        get(
            "another account's SID",
            &format!("/2010-04-01/Accounts/AC{}/Messages.json", "0".repeat(32)),
            &[404],
        ),
        get(
            "a message SID that is none",
            &format!("/2010-04-01/Accounts/{sid}/Messages/SMnope.json"),
            &[404],
        ),
        get("a SID of another kind", &format!("/2010-04-01/Accounts/{sid}/Messages/{sid}.json"), &[404]),
        get(
            "a SID with bytes that are not UTF-8",
            &format!("/2010-04-01/Accounts/{sid}/Messages/%ff%fe.json"),
            &[400, 404],
        ),
        get("a SID with a null byte", &format!("/2010-04-01/Accounts/{sid}%00/Messages.json"), &[400, 404]),
        get("a page size that is none", &format!("{messages}?PageSize=-1"), &[400]),
        get("a page token that is none", &format!("{messages}?PageToken=nonsense&Page=1"), &[400]),
        get("an empty segment", &format!("//2010-04-01/Accounts/{sid}.json"), &[404]),
        get("a parent segment", &format!("/2010-04-01/../2010-04-01/Accounts/{sid}.json"), &[404]),
        get("an escaped parent segment", &format!("/2010-04-01/%2e%2E/Accounts/{sid}.json"), &[404]),
        get("a backslash", "/2010-04-01\\Accounts.json", &[400, 404]),
        authorized("no credentials", "X-None: 1"),
        authorized("another scheme", "Authorization: Bearer abc"),
        authorized("no scheme", "Authorization: abc"),
        authorized("credentials that are no base64", "Authorization: Basic %%%"),
        authorized("credentials without a colon", &no_colon),
        authorized("credentials that are not UTF-8", &not_utf8),
        authorized("a wrong password", &wrong_password),
        authorized("credentials without end", &long_authorization),
        case("PUT", "PUT", &messages, &[&basic], b"", &[405]),
        case("PATCH", "PATCH", &messages, &[&basic], b"", &[405]),
        case("a method nobody knows", "FROBNICATE", &messages, &[&basic], b"", &[405]),
        case("TRACE", "TRACE", &messages, &[&basic], b"", &[405]),
        case("OPTIONS of everything", "OPTIONS", "*", &[], b"", &[404]),
        case("two hosts", "GET", &messages, &["Host: lookups.twilio.com"], b"", &[400, 404]),
        case("a request for a proxy", "GET", "http://example.com/", &[], b"", &[403]),
        case("a tunnel to somewhere else", "CONNECT", "example.com:443", &[], b"", &[403]),
        raw(
            "a header without end",
            format!("GET / HTTP/1.1\r\nHost: api.twilio.com\r\n{long_header}\r\n\r\n").into_bytes(),
            &[431],
        ),
        raw("no HTTP at all", b"\x01\x02\x03 nonsense\r\n\r\n".to_vec(), &[400]),
        raw("no host", b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec(), &[400, 404]),
        raw(
            "two lengths",
            b"POST / HTTP/1.1\r\nHost: api.twilio.com\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
                .to_vec(),
            &[400],
        ),
    ];
    // A path as long as a header may be.
    all.push(get("a long path", &format!("/2010-04-01/{}", "a".repeat(20_000)), &[404, 414]));
    all
}
