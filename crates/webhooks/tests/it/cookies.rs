//! Cookies as a server sees them: within an exchange, and from one message of a conversation to the next.

use auth::{Designation, Settings};
use phi::Phi;
use webhooks::{Method, Webhook, enqueue};

use crate::platform::{Platform, webhook};
use crate::server::{OK, Seen, answer_with, client, config, form, parameters, send, start};

fn cookie(seen: &Seen) -> Option<String> {
    seen.header("cookie").map(str::to_owned)
}

#[tokio::test]
async fn follow_redirects_within_their_origin() {
    let other = start(None, |_, _| OK.to_owned()).await;
    let away = format!("Location: http://127.0.0.1:{}/\r\nSet-Cookie: b=2\r\n", other.port);
    let server = start(None, move |_, seen| match seen.request_line().contains("/first") {
        true => answer_with("302 Found", "Location: /second\r\nSet-Cookie: a=1; HttpOnly\r\n", ""),
        false => answer_with("302 Found", &away, ""),
    })
    .await;
    send(&client(config()), &format!("http://127.0.0.1:{}/first", server.port), &form()).await.ok().unwrap();
    assert_eq!(server.seen().iter().map(cookie).collect::<Vec<_>>(), [None, Some("a=1".to_owned())]);
    assert_eq!(other.seen().iter().map(cookie).collect::<Vec<_>>(), [None]);
}

#[tokio::test]
async fn belong_to_a_pair_of_numbers_of_one_account() {
    let server = start(None, |_, seen| {
        let count: u32 = cookie(seen).map_or(0, |cookie| cookie.trim_start_matches("n=").parse().unwrap());
        answer_with("200 OK", &format!("Set-Cookie: n={}\r\n", count + 1), "")
    })
    .await;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let mut platform = Platform::start(Designation::default(), Settings::default()).await;
    let tell = async |platform: &Platform, from: &str, to: &str, event: &'static str| {
        let params = Phi::new(parameters(&[("From", from), ("To", to)]));
        let mut batch = platform.store.batch(platform.scope());
        let webhook = Webhook { params, event, ..webhook(Method::Post, &url) };
        enqueue(&mut batch, webhook, platform.store.clock().now(), None);
        platform.store.commit(batch).await.unwrap();
        platform.work().await;
        cookie(&server.seen().pop().unwrap())
    };
    let (clinic, one, two) = ("+15005550006", "+14155550123", "+14155550124");
    for (from, to, event, expected) in [
        (one, clinic, "message-received", None),
        (one, clinic, "message-received", Some("n=1")),
        (clinic, one, "message-status", Some("n=2")),
        (two, clinic, "message-received", None),
        (one, clinic, "call-started", None),
        (two, clinic, "call-ended", Some("n=1")), // of the same resource
    ] {
        assert_eq!(tell(&platform, from, to, event).await.as_deref(), expected, "{from} {to} {event}");
    }
    platform = platform.with_another_account(Designation::default()).await;
    assert_eq!(tell(&platform, one, clinic, "message-received").await, None);
}
