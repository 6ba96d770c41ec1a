//! `Dial`: legs that are calls of their own.

use test_kit::SinkReply;

use crate::site::{DOCTOR, OWN, PATIENT, Site, eventually, value};

#[tokio::test]
async fn two_are_connected_until_one_hangs_up() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let status = site.sink.url("/leg");
    let dial = format!(
        "<Response><Dial action=\"/after\"><Number statusCallback=\"{status}\" \
         statusCallbackEvent=\"initiated ringing answered completed\">{DOCTOR}</Number></Dial></Response>"
    );
    site.sink.answer("/dial", SinkReply::twiml(&dial));
    site.sink.answer("/after", SinkReply::twiml("<Response><Say>Goodbye</Say></Response>"));
    let url = site.sink.url("/dial");
    let sid = site.call(owner, PATIENT, &[("Url", &url)]).await;
    site.wait_call(owner, &sid, "in-progress").await;
    eventually("a leg", async || !site.calls_at(owner, DOCTOR).await.is_empty()).await;
    let leg = site.calls_at(owner, DOCTOR).await[0]["call_sid"].as_str().expect("a SID").to_owned();
    let call = site.wait_call(owner, &leg, "in-progress").await;
    assert_eq!(call["parent_call_sid"].as_str(), Some(&*sid));
    assert_eq!(
        (&call["direction"], &call["from"], &call["to"]),
        (&"outbound-dial".into(), &OWN.into(), &DOCTOR.into())
    );
    let listed = site.get(owner, &format!("Calls?ParentCallSid={sid}")).await.json;
    assert_eq!(listed["calls"].as_array().map(Vec::len), Some(1));
    let path = format!("/switchward/v1/simulator/handsets/{DOCTOR}/calls");
    site.app.delete(owner, "switchward", &path).await.assert_status(204);
    site.wait_call(owner, &leg, "completed").await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, PATIENT).await, ["Goodbye"]);
    let after = &site.told("/after")[0];
    assert_eq!(
        (value(after, "DialCallStatus"), value(after, "DialCallSid")),
        (Some("completed"), Some(&*leg))
    );
    eventually("reports of the leg", async || site.told("/leg").len() == 4).await;
    let words: Vec<_> = site
        .told("/leg")
        .iter()
        .map(|told| value(told, "CallStatus").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(words, ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(value(&site.told("/leg")[0], "ParentCallSid"), Some(&*sid));
}

#[tokio::test]
async fn what_became_of_a_leg_is_told() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    site.sink.answer("/after", SinkReply::twiml("<Response/>"));
    let after = site.sink.url("/after");
    for (number, word) in [("+14155559101", "busy"), ("+14155559103", "failed"), ("+442071838751", "failed")]
    {
        let before = site.told("/after").len();
        let twiml = format!("<Response><Dial action=\"{after}\">{number}</Dial></Response>");
        let sid = site.call(owner, PATIENT, &[("Twiml", &twiml)]).await;
        site.wait_call(owner, &sid, "completed").await;
        assert_eq!(value(&site.told("/after")[before], "DialCallStatus"), Some(word), "{number}");
    }
}

#[tokio::test]
async fn the_caller_hangs_up_and_the_leg_ends() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let twiml = format!("<Response><Dial>{DOCTOR}</Dial></Response>");
    let sid = site.call(owner, PATIENT, &[("Twiml", &twiml)]).await;
    eventually("a leg", async || !site.calls_at(owner, DOCTOR).await.is_empty()).await;
    let leg = site.calls_at(owner, DOCTOR).await[0]["call_sid"].as_str().expect("a SID").to_owned();
    site.wait_call(owner, &leg, "in-progress").await;
    let path = format!("/switchward/v1/simulator/handsets/{PATIENT}/calls");
    site.app.delete(owner, "switchward", &path).await.assert_status(204);
    site.wait_call(owner, &sid, "completed").await;
    site.wait_call(owner, &leg, "completed").await;
    assert_eq!(site.switchboard.live_calls(), 0);
}

#[tokio::test]
async fn the_caller_id_is_a_number_of_the_account() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let twiml = |id: &str| format!("<Response><Dial callerId=\"{id}\">{DOCTOR}</Dial></Response>");
    let sid = site.call(owner, PATIENT, &[("Twiml", &twiml("+14155550999"))]).await;
    site.wait_call(owner, &sid, "completed").await;
    assert!(site.calls_at(owner, DOCTOR).await.is_empty());
    eventually("an alert", async || site.alerts(owner).await == [13214]).await;
}
