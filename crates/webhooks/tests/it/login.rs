//! HTTP Digest as a server sees it: asked once, counted, renewed when stale, and never shown to another origin.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use md5::Digest as _;
use webhooks::challenge::{Challenge, parse_challenges};

use crate::server::{OK, Seen, Server, answer_with, client, config, form, retry, send, start};

const USER: &str = "clinic";
const PASSWORD: &str = "p@ss w";
const IN_URL: &str = "clinic:p%40ss%20w";

fn hash(algorithm: &str, text: &str) -> String {
    if algorithm.starts_with("SHA-256") {
        return HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    }
    HEXLOWER.encode(&md5::Md5::digest(text))
}

/// What a request says, when its response is right for this nonce: computed here from RFC 7616 §3.4, not by our client.
fn checked(seen: &Seen, nonce: &str) -> Option<Challenge> {
    let said = parse_challenges(seen.header("authorization")?).remove(0);
    let value = |name| said.parameter(name).unwrap_or_default();
    let (method, target) = seen.request_line().split_once(' ').unwrap();
    let target = target.split(' ').next().unwrap();
    let algorithm = value("algorithm");
    let mut secret = hash(algorithm, &format!("{USER}:{}:{PASSWORD}", value("realm")));
    if algorithm.ends_with("-sess") {
        secret = hash(algorithm, &format!("{secret}:{nonce}:{}", value("cnonce")));
    }
    let request = hash(algorithm, &format!("{method}:{target}"));
    let counted = format!("{nonce}:{}:{}:auth", value("nc"), value("cnonce"));
    let right = said.scheme == "digest"
        && (value("username"), value("nonce"), value("uri")) == (USER, nonce, target)
        && value("response") == hash(algorithm, &format!("{secret}:{counted}:{request}"));
    right.then_some(said)
}

fn demand(parameters: &str) -> String {
    answer_with("401 Unauthorized", &format!("WWW-Authenticate: Digest realm=\"r\", {parameters}\r\n"), "")
}

fn url(server: &Server) -> String {
    format!("http://{IN_URL}@127.0.0.1:{}/hook?x=1", server.port)
}

#[tokio::test]
async fn gen_auth_1__answers_a_digest_challenge() {
    for algorithm in ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"] {
        let parameters =
            format!("qop=\"auth-int, auth\", nonce=\"one\", algorithm={algorithm}, opaque=\"o\"");
        let server = start(None, move |_, seen| match checked(seen, "one") {
            Some(said) if said.parameter("opaque") == Some("o") => OK.to_owned(),
            _ => demand(&parameters),
        })
        .await;
        let answer = send(&client(config()), &url(&server), &form()).await.ok().unwrap();
        assert_eq!((answer.status, server.seen().len()), (204, 2), "{algorithm}");
        assert_eq!(server.seen()[0].header("authorization"), None);
    }
}

#[tokio::test]
async fn prefers_what_shows_least_of_the_password() {
    let challenges = "WWW-Authenticate: Basic realm=\"r\"\r\n\
        WWW-Authenticate: Digest realm=\"r\", qop=\"auth\", nonce=\"one\", algorithm=MD5, \
        Digest realm=\"r\", qop=\"auth\", nonce=\"one\", algorithm=SHA-256\r\n";
    let server = start(None, move |_, seen| match checked(seen, "one") {
        Some(said) if said.parameter("algorithm") == Some("SHA-256") => OK.to_owned(),
        _ => answer_with("401 Unauthorized", challenges, ""),
    })
    .await;
    assert_eq!(send(&client(config()), &url(&server), &form()).await.ok().unwrap().status, 204);
}

/// Redirects and retries of one delivery use the same nonce with a rising count.
#[tokio::test]
async fn stays_logged_in_for_the_exchange() {
    let failures = AtomicUsize::new(0);
    let server = start(None, move |_, seen| match checked(seen, "one") {
        None => demand("qop=auth, nonce=\"one\""),
        Some(_) if seen.request_line().contains("/hook") => {
            answer_with("307 Temporary Redirect", "Location: /next\r\n", "")
        }
        Some(_) if failures.fetch_add(1, Ordering::Relaxed) == 0 => answer_with("503 Busy", "", ""),
        Some(_) => OK.to_owned(),
    })
    .await;
    let url = format!("{}#rc=1&rp=5xx", url(&server));
    assert_eq!(retry(&client(config()), &url, &form()).await.ok().unwrap().status, 204);
    let seen: Vec<(String, Option<String>)> = server
        .seen()
        .iter()
        .map(|seen| {
            let target = seen.request_line().split(' ').nth(1).unwrap().to_owned();
            let count = checked(seen, "one").and_then(|said| said.parameter("nc").map(str::to_owned));
            (target, count)
        })
        .collect();
    let counted = |target: &str, count: u32| (target.to_owned(), Some(format!("{count:08x}")));
    let first = ("/hook?x=1".to_owned(), None);
    let (hook, next) = ("/hook?x=1", "/next");
    assert_eq!(seen, [first, counted(hook, 1), counted(next, 2), counted(hook, 3), counted(next, 4)]);
}

#[tokio::test]
async fn takes_a_new_nonce_when_the_old_one_is_stale_and_gives_up_when_the_password_is_wrong() {
    let server = start(None, |_, seen| match (checked(seen, "one"), checked(seen, "two")) {
        (_, Some(_)) => OK.to_owned(),
        (Some(_), _) => demand("qop=auth, nonce=\"two\", stale=TRUE"),
        _ => demand("qop=auth, nonce=\"one\""),
    })
    .await;
    assert_eq!(send(&client(config()), &url(&server), &form()).await.ok().unwrap().status, 204);
    assert_eq!(server.seen().len(), 3);

    for (parameters, expected) in
        [("qop=auth, nonce=n", 2), ("qop=auth, nonce=n, stale=true", 3), ("nonce=n", 1), ("qop=auth", 1)]
    {
        let server = start(None, move |_, _| demand(parameters)).await;
        assert_eq!(send(&client(config()), &url(&server), &form()).await.ok().unwrap().status, 401);
        assert_eq!(server.seen().len(), expected, "{parameters}");
    }
}

#[tokio::test]
async fn never_answers_the_challenge_of_another_origin() {
    let other = start(None, |_, _| demand("qop=auth, nonce=\"one\"")).await;
    let location = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
    let server = start(None, move |_, seen| match checked(seen, "one") {
        Some(_) => answer_with("307 Temporary Redirect", &location, ""),
        None => demand("qop=auth, nonce=\"one\""),
    })
    .await;
    assert_eq!(send(&client(config()), &url(&server), &form()).await.ok().unwrap().status, 401);
    let seen: Vec<bool> = other.seen().iter().map(|seen| seen.header("authorization").is_some()).collect();
    assert_eq!(seen, [false]);
}
