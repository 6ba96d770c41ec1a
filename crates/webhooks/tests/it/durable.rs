//! Queued webhooks on a real store: signed, recorded first, never lost, and an alert for what failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth::{Designation, Settings, load_account};
use ledger::{Action, Actor, Entry, Purpose};
use tokio::net::TcpListener;
use webhooks::alert::{BY_LEVEL, BY_RESOURCE, text};
use webhooks::signature::validate;
use webhooks::{Alert, Method, SendError};

use crate::platform::{PATIENT, Platform, RESOURCE, add, entries, hipaa, webhook};
use crate::server::{OK, Server, TOKEN, answer_with, authority, parameters, self_signed, start};

const FORM: &str =
    "MessageSid=SM0123456789abcdef0123456789abcdef&To=%2B14155550123&Body=na%C3%AFve+%26+%2B+%C3%A9";

fn sent() -> Vec<(String, String)> {
    parameters(&[("MessageSid", RESOURCE), ("To", PATIENT), ("Body", "naïve & + é")])
}

fn check_delivered(server: &Server, url: &str) {
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, FORM);
    assert_eq!(seen[0].request_line(), "POST /status?t=1 HTTP/1.1");
    let url = url.split('#').next().unwrap();
    assert!(validate(TOKEN, url, &sent(), seen[0].header("x-twilio-signature").unwrap()));
}

/// A HIPAA project and a receiver whose authority it has registered.
async fn with_authority() -> (Platform, Server) {
    let authority = authority();
    let server = start(Some(authority.server(&["localhost"], false)), |_, _| OK.to_owned()).await;
    let settings = Settings { webhook_authorities: vec![authority.pem], ..Settings::default() };
    (Platform::start(hipaa(), settings).await, server)
}

#[tokio::test]
async fn delivers_the_signed_form_to_a_registered_private_ca() {
    let (platform, server) = with_authority().await;
    let url = format!("https://localhost:{}/status?t=1#rc=2", server.port);
    platform.queue(Method::Post, &url).await;
    assert_eq!((platform.depth().await, server.seen().len()), (1, 0));
    platform.work().await;
    check_delivered(&server, &url);
    assert_eq!((platform.depth().await, platform.alerts().await.len()), (0, 0));
}

#[tokio::test]
async fn delivers_after_the_process_was_ended_and_started_again() {
    let (platform, server) = with_authority().await;
    let url = format!("https://localhost:{}/status?t=1", server.port);
    platform.queue(Method::Post, &url).await;
    let platform = platform.restart().await;
    assert_eq!(platform.depth().await, 1);
    platform.work().await;
    check_delivered(&server, &url);
    assert_eq!(platform.depth().await, 0);
}

#[tokio::test]
async fn the_runner_delivers_what_is_queued() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let server = start(None, move |_, seen| {
        told.send(seen.body.clone()).unwrap();
        OK.to_owned()
    })
    .await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut runner = jobs::Runner::new(platform.store.clone(), stopped);
    runner.start(platform.webhooks.queue());
    platform.queue(Method::Post, &format!("http://127.0.0.1:{}/", server.port)).await;
    assert_eq!(heard.recv().await.as_deref(), Some(FORM));
    stop.send(true).unwrap();
    runner.stopped().await;
    assert_eq!((platform.depth().await, server.seen().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_has_an_entry_before_a_byte_arrives() {
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let store = platform.store.clone();
    let server = start(None, move |_, _| {
        let read = entries(&store);
        let entries = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(read));
        let told = entries.iter().any(|entry| entry.act == "deliver_webhook" && entry.what == [RESOURCE]);
        if told { OK.to_owned() } else { answer_with("500 Internal Server Error", "", "no entry") }
    })
    .await;
    platform.queue(Method::Post, &format!("http://127.0.0.1:{}/", server.port)).await;
    assert!(platform.entries().await.is_empty());
    platform.work().await;
    assert_eq!((server.seen().len(), platform.alerts().await.len()), (1, 0));
    let entries = platform.entries().await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].who.as_str(), entries[0].why.as_str()), ("system", "webhook"));
    assert_eq!(entries[0].fields, ["parameters"]);
}

#[tokio::test]
async fn gen_https_2__never_sends_plain_http_for_a_hipaa_project() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let platform = Platform::start(hipaa(), Settings::default()).await;
    platform.queue(Method::Post, &format!("http://user:pass@127.0.0.1:{}/a/b?t=1", server.port)).await;
    platform.work().await;
    assert!(server.seen().is_empty());
    let alerts = platform.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].facts.error_code, 77117);
    assert_eq!(alerts[0].facts.request_url, Some(format!("http://127.0.0.1:{}/a/b", server.port)));
    assert!(alerts[0].content.is_none());
    // Nothing was opened, so nothing was disclosed.
    assert!(platform.entries().await.is_empty());
    assert_eq!(platform.depth().await, 0);
}

#[tokio::test]
async fn refuses_at_delivery_what_the_guide_forbids() {
    for (keeps_register, method, url, code) in [
        (true, Method::Post, "https://elsewhere.example/", 77301),
        (false, Method::Get, "https://clinic.example/", 77288),
        (false, Method::Post, "https://clinic.example/?patient=1", 77004),
        (false, Method::Post, "ftp://clinic.example/", 11100),
        (false, Method::Post, "https://clinic.example/#rp=never", 11243),
    ] {
        let platform = Platform::start(hipaa(), Settings::default()).await;
        if keeps_register {
            platform.register(&["clinic.example"], platform.today()).await;
        }
        platform.queue(method, url).await;
        platform.work().await;
        let alerts = platform.alerts().await;
        assert_eq!(alerts.iter().map(|alert| alert.facts.error_code).collect::<Vec<_>>(), [code], "{url}");
        assert!(platform.entries().await.is_empty());
    }
}

#[tokio::test]
async fn art_ctrl_integ__a_redirect_leads_to_no_host_outside_the_register() {
    for (hosts, expected) in [(&["localhost"][..], 1), (&["localhost", "127.0.0.1"], 2), (&[], 2)] {
        let authority = authority();
        let tls = authority.server(&["localhost", "127.0.0.1"], false);
        let server = start(Some(tls), |port, seen| match seen.request_line().contains("/status") {
            true => {
                let location = format!("Location: https://127.0.0.1:{port}/elsewhere\r\n");
                answer_with("307 Temporary Redirect", &location, "")
            }
            false => OK.to_owned(),
        })
        .await;
        let settings = Settings { webhook_authorities: vec![authority.pem], ..Settings::default() };
        let platform = Platform::start(hipaa(), settings).await;
        if !hosts.is_empty() {
            platform.register(hosts, platform.today()).await;
        }
        platform.queue(Method::Post, &format!("https://localhost:{}/status", server.port)).await;
        platform.work().await;
        assert_eq!(server.seen().len(), expected, "{hosts:?}");
        let codes: Vec<_> = platform.alerts().await.iter().map(|alert| alert.facts.error_code).collect();
        assert_eq!(codes, if expected == 1 { vec![77301] } else { Vec::new() }, "{hosts:?}");
    }
}

/// Goal: an agreement that ends while a webhook waits stops it, and says so. Method: two webhooks are queued on its last
/// day; one is delivered on that day, the other on the day after.
#[tokio::test]
async fn art_ctrl_integ__an_agreement_that_ends_stops_what_waits() {
    let (platform, server) = with_authority().await;
    platform.register(&["localhost"], platform.today()).await;
    let url = format!("https://localhost:{}/status?t=1", server.port);
    platform.queue(Method::Post, &url).await;
    platform.work().await;
    assert_eq!((server.seen().len(), platform.alerts().await.len()), (1, 0), "the last day counts");
    platform.queue(Method::Post, &url).await;
    platform.clock.advance(std::time::Duration::from_secs(86_400));
    platform.work().await;
    assert_eq!(server.seen().len(), 1);
    let codes: Vec<_> = platform.alerts().await.iter().map(|alert| alert.facts.error_code).collect();
    assert_eq!((codes, platform.depth().await), (vec![77301], 0));
    assert_eq!(platform.entries().await.len(), 1, "nothing was opened for the second");
}

#[tokio::test]
async fn art_ctrl_integ__hosts_of_the_former_settings_stay_the_register() {
    let (_, server) = with_authority().await;
    let settings = Settings { former_hosts: vec!["clinic.example".to_owned()], ..Settings::default() };
    let platform = Platform::start(hipaa(), settings).await;
    platform.queue(Method::Post, &format!("https://localhost:{}/", server.port)).await;
    platform.work().await;
    assert!(server.seen().is_empty());
    assert_eq!(platform.alerts().await[0].facts.error_code, 77301);
}

#[tokio::test]
async fn gen_https_3__self_signed_certificate_ends_as_alert_11237() {
    let (tls, _) = self_signed(&["localhost"]);
    let server = start(Some(tls), |_, _| OK.to_owned()).await;
    let platform = Platform::start(hipaa(), Settings::default()).await;
    platform.queue(Method::Post, &format!("https://localhost:{}/", server.port)).await;
    platform.work().await;
    assert!(server.seen().is_empty());
    let alerts = platform.alerts().await;
    assert_eq!((alerts.len(), alerts[0].facts.error_code), (1, 11237));
    assert_eq!(alerts[0].facts.resource_sid.as_deref(), Some(RESOURCE));
    assert!(!text(11237).is_empty());
    let scoped = platform.store.scope(platform.scope());
    for (key, value) in [(BY_RESOURCE, RESOURCE), (BY_LEVEL, "error")] {
        let value = store::IndexValue::Plain(value.to_owned());
        assert_eq!(scoped.find::<Alert>(key, value).await.unwrap().unwrap().sid, alerts[0].sid);
    }
}

#[tokio::test]
async fn an_authority_of_one_account_is_not_trusted_for_another() {
    let (platform, server) = with_authority().await;
    let url = format!("https://localhost:{}/status?t=1", server.port);
    platform.queue(Method::Post, &url).await;
    platform.work().await;
    check_delivered(&server, &url);

    let stranger = platform.with_another_account(hipaa()).await;
    stranger.queue(Method::Post, &url).await;
    stranger.work().await;
    assert_eq!(server.seen().len(), 1);
    assert_eq!(stranger.alerts().await[0].facts.error_code, 11237);
}

#[tokio::test]
async fn a_dead_destination_is_tried_again_then_becomes_an_alert() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    tokio::spawn(async move {
        // Hangs up in the handshake, every time.
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    for (fragment, attempts) in [("", 2), ("#rc=0", 1), ("#rc=4", 5), ("#rp=5xx", 1)] {
        accepted.store(0, Ordering::SeqCst);
        let platform = Platform::start(hipaa(), Settings::default()).await;
        platform.queue(Method::Post, &format!("https://127.0.0.1:{port}/{fragment}")).await;
        platform.work().await;
        assert_eq!(accepted.load(Ordering::SeqCst), attempts, "{fragment}");
        let alerts = platform.alerts().await;
        assert_eq!((alerts.len(), alerts[0].facts.error_code), (1, 11220), "{fragment}");
        assert_eq!((platform.depth().await, platform.entries().await.len()), (0, 1), "{fragment}");
    }
}

#[tokio::test]
async fn error_answers_are_tried_again_only_when_the_policy_says_so() {
    for (status, fragment, attempts) in [
        ("500 Internal Server Error", "", 1),
        ("404 Not Found", "#rc=3&rp=5xx", 1),
        ("503 Service Unavailable", "#rc=2&rp=5xx", 3),
        ("404 Not Found", "#rc=2&rp=4xx", 3),
        ("404 Not Found", "#rc=1&rp=all", 2),
    ] {
        let server = start(None, move |_, _| answer_with(status, "", "sorry")).await;
        let platform = Platform::start(Designation::default(), Settings::default()).await;
        platform.queue(Method::Post, &format!("http://127.0.0.1:{}/{fragment}", server.port)).await;
        platform.work().await;
        let seen = server.seen();
        assert_eq!(seen.len(), attempts, "{status} {fragment}");
        let token = seen[0].header("i-twilio-idempotency-token");
        assert!(
            token.is_some() && seen.iter().all(|seen| seen.header("i-twilio-idempotency-token") == token)
        );
        let alerts = platform.alerts().await;
        assert_eq!((alerts.len(), alerts[0].facts.error_code), (1, 11200), "{status} {fragment}");
    }
}

#[tokio::test]
async fn stops_when_a_retry_succeeds() {
    let calls = AtomicUsize::new(0);
    let server = start(None, move |_, _| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => answer_with("502 Bad Gateway", "", ""),
        _ => OK.to_owned(),
    })
    .await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    platform.queue(Method::Get, &format!("http://127.0.0.1:{}/#rc=5&rp=5xx", server.port)).await;
    platform.work().await;
    assert_eq!((server.seen().len(), platform.alerts().await.len()), (2, 0));
}

#[tokio::test]
async fn rt_debug_1__keeps_parameters_of_ordinary_accounts_only() {
    let redacting = || Settings { number_redaction: true, ..Settings::default() };
    for (designation, settings, kept) in [
        (Designation::default(), Settings::default(), true),
        (Designation::default(), redacting(), false),
        (hipaa(), Settings::default(), false),
    ] {
        let authority = authority();
        let tls = authority.server(&["localhost"], false);
        let server = start(Some(tls), |_, _| answer_with("500 Oops", "", "trace")).await;
        let settings = Settings { webhook_authorities: vec![authority.pem], ..settings };
        let platform = Platform::start(designation, settings).await;
        platform.queue(Method::Post, &format!("https://localhost:{}/", server.port)).await;
        platform.work().await;
        let alert = platform.alerts().await.pop().unwrap();
        let facts = serde_json::to_string(&alert.facts).unwrap();
        assert!(!facts.contains("4155550123") && !facts.contains("trace"));
        let same = alert.content.map(|content| {
            content.learn(|content| {
                content.request_variables == FORM && content.response_body.as_deref() == Some("trace")
            })
        });
        assert_eq!(same, kept.then_some(true));
    }
}

#[tokio::test]
async fn tells_a_closed_account_nothing() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    platform.queue(Method::Post, &format!("http://127.0.0.1:{}/", server.port)).await;
    platform.close_account().await;
    platform.work().await;
    assert!(server.seen().is_empty());
    assert_eq!((platform.depth().await, platform.alerts().await.len()), (0, 0));
    assert!(platform.entries().await.is_empty());
}

#[tokio::test]
async fn a_call_returns_the_answer_of_one_attempt() {
    let server =
        start(None, |_, _| answer_with("503 Busy", "Content-Type: text/xml\r\n", "<Response/>")).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let url = format!("http://127.0.0.1:{}/#rc=5&rp=all", server.port);
    let entry = Entry {
        actor: Actor::System,
        action: Action("test"),
        sids: vec![RESOURCE.to_owned()],
        fields: &["parameters"],
        purpose: Purpose::Webhook,
        source: None,
    };
    let proof = ledger::disclose(&platform.store, platform.scope(), &entry).await.unwrap();
    let now = platform.store.clock().now();
    let account = load_account(&platform.store, platform.account, now).await.unwrap().unwrap();
    for _ in 0..2 {
        let webhook = webhook(Method::Post, &url);
        let answer = platform.webhooks.call(&account, &webhook, &proof).await.ok().unwrap();
        assert_eq!((answer.status, &answer.body[..]), (503, b"<Response/>".as_slice()));
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    // The same call made again, as after a crash, carries the same token.
    let tokens: Vec<_> = seen.iter().map(|seen| seen.header("i-twilio-idempotency-token")).collect();
    assert!(tokens[0].is_some() && tokens[0] == tokens[1]);

    let designated = add(&platform.store, hipaa(), Settings::default()).await;
    let account = load_account(&platform.store, designated, now).await.unwrap().unwrap();
    let refused = platform.webhooks.call(&account, &webhook(Method::Post, &url), &proof).await;
    assert_eq!(refused.err(), Some(SendError::Refused(77117)));
    assert_eq!(server.seen().len(), 2);
}
