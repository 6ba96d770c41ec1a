//! What a document makes of a call: keys, files, other documents, failures.

use test_kit::SinkReply;

use crate::site::{PATIENT, Site, eventually, value};

#[tokio::test]
async fn keys_are_gathered_and_told() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let gather =
        "<Response><Gather numDigits=\"1\" action=\"/digits\"><Say>Press one</Say></Gather></Response>";
    site.sink.answer("/menu", SinkReply::twiml(gather));
    site.sink.answer("/digits", SinkReply::twiml("<Response><Say>Thank you</Say></Response>"));
    let url = site.sink.url("/menu");
    // This one presses 1 once something was said.
    let sid = site.call(owner, "+14155559106", &[("Url", &url)]).await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, "+14155559106").await, ["Press one", "Thank you"]);
    let told = site.told("/digits");
    assert_eq!((value(&told[0], "Digits"), value(&told[0], "CallSid")), (Some("1"), Some(&*sid)));
}

#[tokio::test]
async fn keys_pressed_by_hand_are_heard() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let url = site.sink.url("/pin");
    let gather = format!("<Response><Gather finishOnKey=\"#\" action=\"{url}\"/></Response>");
    site.sink.answer("/pin", SinkReply::twiml("<Response/>"));
    let sid = site.call(owner, PATIENT, &[("Twiml", &gather)]).await;
    site.wait_call(owner, &sid, "in-progress").await;
    let keys = serde_json::json!({"digits": "42#"});
    site.at_phone(owner, &format!("{PATIENT}/keys"), keys.clone()).await.assert_status(201);
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(value(&site.told("/pin")[0], "Digits"), Some("42"));
    site.at_phone(owner, &format!("{PATIENT}/keys"), keys).await.assert_error(404, 20404);
}

#[tokio::test]
async fn keys_are_sent_before_the_document_begins() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let fields = [("Twiml", "<Response><Say>Hello</Say></Response>"), ("SendDigits", "ww12#")];
    let sid = site.call(owner, PATIENT, &fields).await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, PATIENT).await, ["[keys ww12#]", "Hello"]);
}

#[tokio::test]
async fn a_file_is_fetched_and_played_as_often_as_asked() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let sound = SinkReply { content_type: "audio/wav", body: vec![7; 100].into(), ..SinkReply::status(200) };
    site.sink.answer("/sound.wav", sound);
    let twiml = format!("<Response><Play loop=\"2\">{}</Play></Response>", site.sink.url("/sound.wav"));
    let sid = site.call(owner, PATIENT, &[("Twiml", &twiml)]).await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, PATIENT).await, ["[audio/wav, 100 bytes]", "[audio/wav, 100 bytes]"]);
}

#[tokio::test]
async fn the_fallback_is_asked_when_a_document_cannot_be_had() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    site.sink.answer("/broken", SinkReply::status(500));
    site.sink.answer("/fallback", SinkReply::twiml("<Response><Say>Sorry</Say></Response>"));
    let (url, fallback) = (site.sink.url("/broken"), site.sink.url("/fallback"));
    let sid = site.call(owner, PATIENT, &[("Url", &url), ("FallbackUrl", &fallback)]).await;
    site.wait_call(owner, &sid, "completed").await;
    assert_eq!(site.heard(owner, PATIENT).await, ["Sorry"]);
    assert_eq!(value(&site.told("/fallback")[0], "ErrorCode"), Some("11200"));
    assert_eq!(site.alerts(owner).await, [11200]);
}

#[tokio::test]
async fn what_is_not_built_is_an_alert_and_no_silence() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    for verb in [
        "<Record/>",
        "<Dial><Conference>Room</Conference></Dial>",
        "<Enqueue>support</Enqueue>",
        "<Start><Stream url=\"wss://example.com/\"/></Start>",
        "<Connect><Stream url=\"wss://example.com/\"/></Connect>",
        "<Dial><Client>alice</Client></Dial>",
    ] {
        let before = site.alerts(owner).await.len();
        let twiml = format!("<Response>{verb}<Say>Go on</Say></Response>");
        let sid = site.call(owner, PATIENT, &[("Twiml", &twiml)]).await;
        site.wait_call(owner, &sid, "completed").await;
        eventually("an alert", async || site.alerts(owner).await.len() > before).await;
        assert!(site.alerts(owner).await[before..].contains(&20501), "{verb}");
    }
}

#[tokio::test]
async fn what_a_call_was_given_to_do_is_gone_when_it_is_over() {
    let site = Site::working().await;
    let owner = &site.app.owner;
    let fields = [("Twiml", "<Response><Say>canary-document</Say></Response>"), ("SendDigits", "99887766")];
    let sid = site.call(owner, PATIENT, &fields).await;
    site.wait_call(owner, &sid, "completed").await;
    for canary in ["canary-document", "99887766", "4155552671", "415) 555-2671"] {
        assert!(!test_kit::contains_bytes(site.app.data_dir(), canary.as_bytes()), "{canary}");
    }
    let entries = site.app.ledger_actions(owner.scope()).await;
    let acts: Vec<_> = entries.iter().map(|entry| entry.act.as_str()).collect();
    for act in ["create_call", "begin_call", "hand_to_line", "run_call_script", "end_call"] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
}
