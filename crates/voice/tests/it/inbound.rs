//! Calls that come in to a number.

use serde_json::json;
use test_kit::SinkReply;

use crate::site::{DOCTOR, OWN, PATIENT, Site, eventually, value};

#[tokio::test]
async fn a_call_is_answered_by_its_numbers_document() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    site.sink.answer("/voice", SinkReply::twiml("<Response><Say>Welcome</Say></Response>"));
    let (voice, status) = (site.sink.url("/voice"), site.sink.url("/status"));
    site.configure(owner, &[("VoiceUrl", &voice), ("StatusCallback", &status)]).await;
    let sid = site.dial_in(owner, PATIENT).await;
    let call = site.wait_call(owner, &sid, "completed").await;
    assert_eq!(
        (&call["direction"], &call["from"], &call["to"]),
        (&"inbound".into(), &PATIENT.into(), &OWN.into())
    );
    assert!(call["phone_number_sid"].is_string());
    assert_eq!(site.heard(owner, PATIENT).await, ["Welcome"]);
    let asked = &site.told("/voice")[0];
    for (name, expected) in
        [("CallStatus", "ringing"), ("Direction", "inbound"), ("From", PATIENT), ("To", OWN)]
    {
        assert_eq!(value(asked, name), Some(expected), "{name}");
    }
    eventually("a report", async || site.told("/status").len() == 1).await;
    assert_eq!(value(&site.told("/status")[0], "CallStatus"), Some("completed"));
}

#[tokio::test]
async fn an_application_answers_for_its_number() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    site.sink.answer("/app", SinkReply::twiml("<Response><Say>Application</Say></Response>"));
    let voice = site.sink.url("/app");
    let application = site.made(owner, "Applications", &[("VoiceUrl", &voice)]).await;
    site.configure(owner, &[("VoiceUrl", "https://example.com/"), ("VoiceApplicationSid", &application)])
        .await;
    let sid = site.dial_in(owner, PATIENT).await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, PATIENT).await, ["Application"]);
    // One that is deleted is taken off its numbers.
    site.delete(owner, &format!("Applications/{application}")).await.assert_status(204);
    let listed = site.get(owner, "IncomingPhoneNumbers").await.json;
    assert!(listed["incoming_phone_numbers"][0]["voice_application_sid"].is_null());
    assert_eq!(listed["incoming_phone_numbers"][0]["voice_url"], "https://example.com/");
}

#[tokio::test]
async fn what_is_not_taken_is_not_answered() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    // Nothing is configured.
    let sid = site.dial_in(owner, PATIENT).await;
    let call = site.wait_call(owner, &sid, "no-answer").await;
    assert_eq!(call["duration"], "0");
    site.sink.answer("/voice", SinkReply::twiml("<Response><Reject reason=\"busy\"/></Response>"));
    site.configure(owner, &[("VoiceUrl", &site.sink.url("/voice"))]).await;
    let sid = site.dial_in(owner, PATIENT).await;
    site.wait_call(owner, &sid, "busy").await;
}

#[tokio::test]
async fn calls_come_in_only_at_numbers_within_reach() {
    let site = Site::working().await;
    let calls = format!("{DOCTOR}/calls");
    site.at_phone(&site.app.other, &calls, json!({"to": OWN})).await.assert_error(404, 20404);
    site.at_phone(&site.app.owner, &calls, json!({"to": "+14155550999"})).await.assert_error(404, 20404);
    site.at_phone(&site.app.owner, &calls, json!({"to": "nobody"})).await.assert_error(400, 21211);
}
