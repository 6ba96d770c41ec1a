//! Messages from handsets: what the webhook is told, what its TwiML does, and the keywords.

use messaging::ArrivalError;
use messaging::carrier::Arrival;
use test_kit::SinkReply;
use webhooks::signature;

use crate::site::{CLINIC, FREE, OWN, PATIENT, Site, eventually};

/// A site whose owner's number asks `/sms`.
async fn asking(fields: &[(&str, &str)]) -> Site {
    let site = Site::start().await;
    let url = site.sink.url("/sms");
    let mut all = vec![("SmsUrl", url.as_str())];
    all.extend(fields);
    site.configure(&site.app.owner, &all).await.assert_status(200);
    site
}

fn bodies(site: &Site) -> Vec<String> {
    site.carrier.taken().into_iter().map(|taken| taken.body).collect()
}

#[tokio::test]
async fn the_webhook_is_told_everything_and_signed() {
    let site = asking(&[]).await;
    let owner = &site.app.owner;
    let message = site.arrive(owner, "Grüße & more").await;
    let request = site.requests(1).await.remove(0);
    let mut form = request.form();
    let signed = request.headers.get(signature::HEADER).expect("a signature").to_str().expect("text");
    assert!(signature::validate(owner.token.reveal(), &site.sink.url("/sms"), &form, signed));
    let sid = message.to_string();
    let mut expected = [
        ("MessageSid", sid.as_str()),
        ("SmsSid", &sid),
        ("SmsMessageSid", &sid),
        ("AccountSid", &owner.sid.to_string()),
        ("From", PATIENT),
        ("To", OWN),
        ("Body", "Grüße & more"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    form.sort_unstable();
    expected.sort_unstable();
    assert_eq!(form, expected);
    site.settle().await;
    let shown = site.fetch(owner, message).await;
    assert_eq!(
        (&shown["direction"], &shown["from"], &shown["to"]),
        (&"inbound".into(), &PATIENT.into(), &OWN.into())
    );
    assert_eq!(shown["date_sent"], "Thu, 15 Jan 2026 12:00:00 +0000");
    assert!(site.carrier.taken().is_empty() && site.alerts(owner).await.is_empty());
    let entries = site.app.ledger_actions(owner.scope()).await;
    for action in ["receive_message", "ask_webhook"] {
        assert_eq!(
            entries.iter().filter(|entry| entry.act == action && entry.what == [sid.clone()]).count(),
            1
        );
    }
}

#[tokio::test]
async fn a_get_webhook_carries_the_parameters_in_its_query() {
    let site = asking(&[("SmsMethod", "GET")]).await;
    site.arrive(&site.app.owner, "Hello").await;
    let request = site.requests(1).await.remove(0);
    assert_eq!((request.method.as_str(), request.parameter("Body").as_deref()), ("GET", Some("Hello")));
}

#[tokio::test]
async fn twiml_messages_are_sent() {
    let site = asking(&[]).await;
    let owner = &site.app.owner;
    let callback = site.sink.url("/status");
    let twiml = format!(
        "<Response><Message>One</Message><Message to=\"+14155550188\" statusCallback=\"{callback}\"><Body>Two</Body></Message></Response>"
    );
    site.sink.answer("/sms", SinkReply::twiml(&twiml));
    site.arrive(owner, "Hello").await;
    let mut taken = site.handed(2).await;
    taken.sort_by(|left, right| left.body.cmp(&right.body));
    assert_eq!((taken[0].from.as_str(), taken[0].to.as_str(), taken[0].body.as_str()), (OWN, PATIENT, "One"));
    assert_eq!(
        (taken[1].from.as_str(), taken[1].to.as_str(), taken[1].body.as_str()),
        (OWN, "+14155550188", "Two")
    );
    let reply = site.wait_status(owner, taken[0].reference.message, "sent").await;
    assert_eq!(reply["direction"], "outbound-reply");
    let told = site.requests(2).await;
    assert_eq!(
        (told[1].path.as_str(), told[1].parameter("MessageStatus").as_deref()),
        ("/status", Some("sent"))
    );
}

#[tokio::test]
async fn redirects_are_followed() {
    let site = asking(&[]).await;
    let twiml = "<Response><Message>One</Message><Redirect method=\"GET\">next?x=1</Redirect><Message>Never</Message></Response>";
    site.sink.answer("/sms", SinkReply::twiml(twiml));
    site.sink.answer("/next", SinkReply::twiml("<Response><Message>Two</Message></Response>"));
    site.arrive(&site.app.owner, "Hello").await;
    site.handed(2).await;
    site.settle().await;
    assert_eq!(bodies(&site), ["One", "Two"]);
    let requests = site.sink.requests();
    assert_eq!(requests[1].method, "GET");
    assert!(requests[1].path.starts_with("/next?x=1&"));
    assert_eq!(requests[1].parameter("From").as_deref(), Some(PATIENT));
}

#[tokio::test]
async fn bad_answers_send_nothing_and_raise_an_alert() {
    let cases = [
        (SinkReply::twiml("<Response><Message>x</Message><Dance/></Response>"), 12200),
        (SinkReply::twiml("<Response><Message>x</Response>"), 12100),
        (SinkReply::twiml("<Response><Message/></Response>"), 12300),
        (SinkReply::twiml("<Response><Message from=\"+14155559999\">x</Message></Response>"), 12300),
        (
            SinkReply::twiml(
                "<Response><Message><Body>x</Body><Media>ftp://example.com/a</Media></Message></Response>",
            ),
            12300,
        ),
        (SinkReply::twiml("<Response><Message>x</Message><Redirect/></Response>"), 12100),
        (SinkReply::twiml("<Response><Redirect>ftp://example.com/</Redirect></Response>"), 12100),
        (SinkReply::status(500), 11200),
        (SinkReply::status(404), 11200),
    ];
    for (reply, code) in cases {
        let site = asking(&[]).await;
        let body = reply.body.clone();
        site.sink.answer("/sms", reply);
        let message = site.arrive(&site.app.owner, "Hello").await;
        assert_eq!(site.only_alert(&site.app.owner).await, code, "{body:?}");
        assert!(site.carrier.taken().is_empty(), "{body:?}");
        let alert = site.alerts(&site.app.owner).await.remove(0).facts;
        assert_eq!(alert.resource_sid, Some(message.to_string()));
        // The message itself is kept.
        assert_eq!(site.fetch(&site.app.owner, message).await["body"], "Hello");
    }
}

#[tokio::test]
async fn the_fallback_is_asked_when_the_webhook_fails() {
    let site = asking(&[]).await;
    let fallback = site.sink.url("/fallback");
    site.configure(&site.app.owner, &[("SmsFallbackUrl", &fallback)]).await.assert_status(200);
    site.sink.answer("/sms", SinkReply::status(503));
    site.sink.answer("/fallback", SinkReply::twiml("<Response><Message>Sorry</Message></Response>"));
    site.arrive(&site.app.owner, "Hello").await;
    site.handed(1).await;
    assert_eq!(bodies(&site), ["Sorry"]);
    let request = site.requests(2).await.remove(1);
    assert_eq!(request.path, "/fallback");
    assert_eq!(request.parameter("ErrorCode").as_deref(), Some("11200"));
    assert_eq!(request.parameter("ErrorUrl"), Some(site.sink.url("/sms")));
    assert_eq!(request.parameter("Body").as_deref(), Some("Hello"));
    // That the fallback helped does not hide what failed.
    assert_eq!(site.only_alert(&site.app.owner).await, 11200);
}

#[tokio::test]
async fn an_unreachable_webhook_is_tried_three_times() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let dead = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let url = format!("https://localhost:{}/sms", dead.port());
    site.configure(owner, &[("SmsUrl", &url)]).await.assert_status(200);
    site.arrive(owner, "Hello").await;
    for attempt in 1..messaging::limits::MAX_ANSWER_ATTEMPTS {
        eventually("the job is put back", async || {
            let next = site.app.services.store.jobs().next_due("messages.answer").await.expect("readable");
            next.is_some_and(|due| due == site.app.now().plus(jobs::backoff(attempt)))
        })
        .await;
        assert!(site.alerts(owner).await.is_empty());
        site.app.advance(jobs::backoff(attempt));
    }
    assert_eq!(site.only_alert(owner).await, 11205);
}

#[tokio::test]
async fn arrivals_for_nobody_are_turned_away() {
    let site = Site::idle().await;
    let arrival = |from: &str, to: &str| Arrival {
        from: from.into(),
        to: to.into(),
        body: "x".into(),
        media: Vec::new(),
    };
    for to in [FREE, "+14155559999"] {
        let refused = site.inbox.arrival(arrival(PATIENT, to)).await;
        assert!(matches!(refused, Err(ArrivalError::UnknownNumber)), "{refused:?}");
    }
    for (from, to) in [("", OWN), (PATIENT, "?"), ("+1", OWN)] {
        let refused = site.inbox.arrival(arrival(from, to)).await;
        assert!(matches!(refused, Err(ArrivalError::InvalidNumber)), "{refused:?}");
    }
}

#[tokio::test]
async fn stop_start_and_help_are_answered() {
    let site = asking(&[]).await;
    let owner = &site.app.owner;
    site.arrive(owner, "HELP").await;
    assert!(site.handed(1).await[0].body.contains("STOP"));
    site.send(owner, "x", &[]).await.assert_status(201);
    site.handed(2).await;

    site.arrive(owner, " stop ").await;
    let confirmation = site.handed(3).await.remove(2);
    assert!(confirmation.body.contains("START") && confirmation.to == PATIENT);
    site.send(owner, "x", &[]).await.assert_error(400, 21610);
    // Said again: heard, and not answered again.
    site.arrive(owner, "UNSUBSCRIBE").await;
    // Another handset has not opted out.
    let other = [("To", "+14155550188"), ("From", OWN), ("Body", "x")];
    site.post(owner, &other).await.assert_status(201);
    site.handed(4).await;

    site.arrive(owner, "Start").await;
    site.handed(5).await;
    site.send(owner, "back", &[]).await.assert_status(201);
    assert_eq!(site.handed(6).await[5].body, "back");
    site.settle().await;
    assert_eq!(site.carrier.taken().len(), 6);
    let words: Vec<_> = site.sink.requests().iter().map(|request| request.parameter("OptOutType")).collect();
    assert_eq!(words, ["HELP", "STOP", "STOP", "START"].map(|word| Some(word.to_owned())));
}

#[tokio::test]
async fn a_message_queued_before_stop_is_not_sent() {
    let mut site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "x", &[]).await;
    site.arrive(&site.app.owner, "STOP").await;
    site.run();
    let failed = site.wait_status(&site.app.owner, message, "failed").await;
    assert_eq!(failed["error_code"], 21610);
    site.settle().await;
    assert_eq!(bodies(&site).len(), 1, "only the confirmation");
}

#[tokio::test]
async fn two_stops_at_once_end_with_one_start() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    tokio::join!(site.arrive(owner, "STOP"), site.arrive(owner, "STOP"));
    site.settle().await;
    site.send(owner, "x", &[]).await.assert_error(400, 21610);
    site.arrive(owner, "START").await;
    site.send(owner, "x", &[]).await.assert_status(201);
}

#[tokio::test]
async fn opting_out_of_one_account_leaves_the_other() {
    let site = Site::start().await;
    site.arrive(&site.app.owner, "STOP").await;
    site.send(&site.app.owner, "x", &[]).await.assert_error(400, 21610);
    site.send(&site.app.hipaa, "x", &[]).await.assert_status(201);
    assert!(site.handed(2).await.iter().any(|taken| taken.from == CLINIC));
}
