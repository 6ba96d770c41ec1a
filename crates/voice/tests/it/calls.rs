//! The Call resource: placing, states, reports, lists, changes.

use serde_json::Value;
use test_kit::{SinkReply, TestDatabase};
use voice::line::AtHand;

use crate::site::{OWN, PATIENT, Site, eventually, value};

/// The keys of the published schema `api.v2010.account.call`.
const KEYS: [&str; 26] = [
    "account_sid",
    "answered_by",
    "api_version",
    "caller_name",
    "date_created",
    "date_updated",
    "direction",
    "duration",
    "end_time",
    "forwarded_from",
    "from",
    "from_formatted",
    "group_sid",
    "parent_call_sid",
    "phone_number_sid",
    "price",
    "price_unit",
    "queue_time",
    "sid",
    "start_time",
    "status",
    "subresource_uris",
    "to",
    "to_formatted",
    "trunk_sid",
    "uri",
];

const ALL_EVENTS: [(&str, &str); 4] = [
    ("StatusCallbackEvent", "initiated"),
    ("StatusCallbackEvent", "ringing"),
    ("StatusCallbackEvent", "answered"),
    ("StatusCallbackEvent", "completed"),
];

/// A document that says something and ends.
const HELLO: &str = "<Response><Say>Hello</Say></Response>";

#[tokio::test]
async fn create_answers_the_published_shape_before_anything_is_dialed() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let fields = [("To", PATIENT), ("From", OWN), ("Url", "https://example.com/voice")];
    let made = site.post(owner, "Calls", &fields).await.assert_status(201).json.clone();
    let mut keys: Vec<&String> = made.as_object().expect("an object").keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, KEYS);
    for (key, expected) in [
        ("status", "queued"),
        ("direction", "outbound-api"),
        ("to", PATIENT),
        ("to_formatted", "(415) 555-2671"),
        ("from", OWN),
        ("price_unit", "USD"),
    ] {
        assert_eq!(made[key], expected, "{key}");
    }
    assert!(made["phone_number_sid"].as_str().is_some_and(|sid| sid.starts_with("PN")));
    assert_eq!(
        (&made["start_time"], &made["duration"], &made["price"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let sid = made["sid"].as_str().expect("a SID");
    assert!(sid.starts_with("CA"));
    let found = site.get(owner, &format!("Calls/{sid}")).await.assert_status(200).json.clone();
    assert_eq!(found, made);
    site.get(&site.app.other, &format!("Calls/{sid}")).await.assert_error(404, 20404);
    // What nobody has begun to place is canceled at once, and then deleted.
    site.delete(owner, &format!("Calls/{sid}")).await.assert_error(400, 21220);
    let canceled = site.post(owner, &format!("Calls/{sid}"), &[("Status", "canceled")]).await;
    assert_eq!(canceled.assert_status(200).json["status"], "canceled");
    site.delete(owner, &format!("Calls/{sid}")).await.assert_status(204);
    site.get(owner, &format!("Calls/{sid}")).await.assert_error(404, 20404);
}

async fn a_call_and_its_reports(mut site: Site) {
    site.run().await;
    site.sink.answer("/voice", SinkReply::twiml(HELLO));
    let owner = site.app.owner.clone();
    let (voice, status) = (site.sink.url("/voice"), site.sink.url("/status"));
    let mut fields = vec![("Url", voice.as_str()), ("StatusCallback", status.as_str())];
    fields.extend(ALL_EVENTS);
    let sid = site.call(&owner, PATIENT, &fields).await;
    let call = site.wait_call(&owner, &sid, "completed").await;
    assert_eq!(call["duration"], "0");
    assert!(call["start_time"].is_string() && call["end_time"].is_string());
    assert_eq!(site.heard(&owner, PATIENT).await, ["Hello"]);

    let asked = site.told("/voice");
    assert_eq!(asked.len(), 1);
    for (name, expected) in [
        ("CallSid", sid.as_str()),
        ("From", OWN),
        ("To", PATIENT),
        ("Caller", OWN),
        ("Called", PATIENT),
        ("CallStatus", "in-progress"),
        ("Direction", "outbound-api"),
        ("ApiVersion", "2010-04-01"),
    ] {
        assert_eq!(value(&asked[0], name), Some(expected), "{name}");
    }
    eventually("reports", async || site.told("/status").len() == 4).await;
    let told = site.told("/status");
    let words: Vec<_> = told.iter().map(|told| value(told, "CallStatus").unwrap_or_default()).collect();
    assert_eq!(words, ["initiated", "ringing", "in-progress", "completed"]);
    for (number, told) in told.iter().enumerate() {
        assert_eq!(value(told, "SequenceNumber"), Some(&*number.to_string()));
        assert_eq!(value(told, "CallbackSource"), Some("call-progress-events"));
        assert!(value(told, "Timestamp").is_some());
    }
    assert_eq!((value(&told[3], "CallDuration"), value(&told[3], "Duration")), (Some("0"), Some("0")));
    assert_eq!(value(&told[0], "CallDuration"), None);
}

#[tokio::test]
async fn a_call_is_placed_answered_and_reported() {
    a_call_and_its_reports(Site::start().await).await;
}

#[tokio::test]
async fn a_call_is_placed_answered_and_reported_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    a_call_and_its_reports(Site::start_on(&database).await).await;
}

#[tokio::test]
async fn the_end_alone_is_reported_when_nothing_is_said() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let status = site.sink.url("/status");
    let fields = [("Twiml", HELLO), ("StatusCallback", status.as_str())];
    let sid = site.call(owner, PATIENT, &fields).await;
    site.wait_call(owner, &sid, "completed").await;
    eventually("a report", async || site.told("/status").len() == 1).await;
    assert_eq!(value(&site.told("/status")[0], "CallStatus"), Some("completed"));
}

#[tokio::test]
async fn what_the_phone_does_is_the_state_of_the_call() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    for (to, status) in [("+14155559101", "busy"), ("+14155559103", "failed"), ("+14155559107", "failed")] {
        let sid = site.call(owner, to, &[("Twiml", HELLO)]).await;
        let call = site.wait_call(owner, &sid, status).await;
        assert_eq!(call["duration"], "0", "{to}");
    }
    assert_eq!(site.alerts(owner).await, [21214, 21214]);
}

#[tokio::test]
async fn a_phone_rings_as_long_as_it_may() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let sid = site.call(owner, "+14155559102", &[("Twiml", HELLO), ("Timeout", "20")]).await;
    site.wait_call(owner, &sid, "ringing").await;
    site.app.advance(std::time::Duration::from_secs(21));
    site.wait_call(owner, &sid, "no-answer").await;
}

#[tokio::test]
async fn a_call_lasts_as_long_as_it_may() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let twiml = "<Response><Pause length=\"600\"/></Response>";
    let sid = site.call(owner, PATIENT, &[("Twiml", twiml), ("TimeLimit", "30")]).await;
    site.wait_call(owner, &sid, "in-progress").await;
    site.app.advance(std::time::Duration::from_secs(31));
    let call = site.wait_call(owner, &sid, "completed").await;
    assert_eq!(call["duration"], "31");
}

#[tokio::test]
async fn a_call_that_goes_on_is_ended_or_given_another_document() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let waits = "<Response><Pause length=\"600\"/></Response>";
    let sid = site.call(owner, PATIENT, &[("Twiml", waits)]).await;
    let path = format!("Calls/{sid}");
    site.wait_call(owner, &sid, "in-progress").await;
    site.post(owner, &path, &[("Status", "canceled")]).await.assert_error(400, 21220);
    site.post(owner, &path, &[]).await.assert_error(400, 20001);
    let other = "<Response><Say>Something else</Say><Pause length=\"600\"/></Response>";
    site.post(owner, &path, &[("Twiml", other)]).await.assert_status(200);
    eventually("the other document", async || site.heard(owner, PATIENT).await == ["Something else"]).await;
    site.post(owner, &path, &[("Status", "completed")]).await.assert_status(200);
    site.wait_call(owner, &sid, "completed").await;
    site.post(owner, &path, &[("Twiml", other)]).await.assert_error(400, 21220);
    // Whoever ends what is over has what it wanted.
    site.post(owner, &path, &[("Status", "completed")]).await.assert_status(200);

    let rings = site.call(owner, "+14155559102", &[("Twiml", waits)]).await;
    site.wait_call(owner, &rings, "ringing").await;
    site.post(owner, &format!("Calls/{rings}"), &[("Status", "canceled")]).await.assert_status(200);
    site.wait_call(owner, &rings, "canceled").await;
}

#[tokio::test]
async fn a_call_without_a_line_fails_and_says_so() {
    let mut site = Site::start().await;
    let board = site.another(AtHand(None));
    site.run_with(board).await;
    let owner = &site.app.owner;
    let sid = site.call(owner, PATIENT, &[("Twiml", HELLO)]).await;
    site.wait_call(owner, &sid, "failed").await;
    assert_eq!(site.alerts(owner).await, [21214]);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let url = ("Url", "https://example.com/voice");
    for (fields, status, code) in [
        (&[("To", PATIENT), ("From", "+14155550999"), url][..], 400, 21210),
        (&[("To", "+442071838751"), ("From", OWN), url], 403, 21215),
        (&[("To", "+19005550123"), ("From", OWN), url], 403, 21215),
        (&[("To", "911"), ("From", OWN), url], 403, 21216),
        (&[("To", "client:alice"), ("From", OWN), url], 501, 20501),
        (&[("To", PATIENT), ("From", OWN), ("Url", "example")], 400, 21609),
        (&[("To", PATIENT), ("From", OWN), url, ("MachineDetection", "Enable")], 501, 20501),
        (
            &[("To", PATIENT), ("From", OWN), ("ApplicationSid", "AP0123456789abcdef0123456789abcdef")],
            400,
            21218,
        ),
    ] {
        let reply = site.post(owner, "Calls", fields).await;
        assert_eq!((reply.status, reply.code()), (status, Some(code)), "{fields:?} {}", reply.text);
    }
}

#[tokio::test]
async fn an_application_answers_a_call_that_names_it() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    site.sink.answer("/app", SinkReply::twiml(HELLO));
    let (voice, status) = (site.sink.url("/app"), site.sink.url("/app-status"));
    let fields = [("VoiceUrl", voice.as_str()), ("StatusCallback", status.as_str())];
    let application = site.made(owner, "Applications", &fields).await;
    let sid = site.call(owner, PATIENT, &[("ApplicationSid", &application)]).await;
    site.wait_call(owner, &sid, "completed").await;
    eventually("a report", async || site.told("/app-status").len() == 1).await;
}

#[tokio::test]
async fn calls_are_found_by_their_ends_their_state_and_their_time() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let sid = site.call(owner, PATIENT, &[("Twiml", HELLO)]).await;
    site.wait_call(owner, &sid, "completed").await;
    let busy = site.call(owner, "+14155559101", &[("Twiml", HELLO)]).await;
    site.wait_call(owner, &busy, "busy").await;
    let today = "2026-01-15";
    for (query, expected) in [
        ("To=%2B14155552671".to_owned(), vec![&sid]),
        ("To=%2B1%20(415)%20555-2671".to_owned(), vec![&sid]),
        ("From=%2B14155550123".to_owned(), vec![&busy, &sid]),
        ("Status=busy".to_owned(), vec![&busy]),
        ("Status=completed&To=%2B14155559101".to_owned(), vec![]),
        (format!("StartTime={today}"), vec![&busy, &sid]),
        ("StartTime%3E=2026-01-16".to_owned(), vec![]),
        (format!("EndTime={today}"), vec![&busy, &sid]),
        ("EndTime%3C=2026-01-14".to_owned(), vec![]),
        (format!("ParentCallSid={sid}"), vec![]),
    ] {
        let listed = site.get(owner, &format!("Calls?{query}")).await.assert_status(200).json.clone();
        let mut found: Vec<_> = listed["calls"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["sid"].as_str().expect("a SID").to_owned())
            .collect();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    site.get(owner, "Calls?Status=asleep").await.assert_error(400, 20001);
    assert_eq!(site.get(&site.app.other, "Calls").await.json["calls"].as_array().map(Vec::len), Some(0));
}
