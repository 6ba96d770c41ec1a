//! What the guide asks of calls, by rule.

use serde_json::json;
use test_kit::SinkReply;

use crate::site::{CLINIC, DOCTOR, OWN, PATIENT, Site, eventually};

const URL: (&str, &str) = ("Url", "https://example.com/voice");
const CANADIAN: &str = "+14165550123";

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_geo_1__refuses_call_to_and_from_elsewhere() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    for to in [CANADIAN, "+442071838751", "+18765550123"] {
        let fields = [("To", to), ("From", CLINIC), URL];
        site.post(hipaa, "Calls", &fields).await.assert_refused("VOI-GEO-1", 21215);
    }
    let fields = [("To", PATIENT), ("From", CANADIAN), URL];
    site.post(hipaa, "Calls", &fields).await.assert_refused("VOI-GEO-1", 21215);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_geo_1__refuses_leg_of_dial_to_elsewhere() {
    let site = Site::working().await;
    let hipaa = &site.app.hipaa;
    let twiml = format!("<Response><Dial>{CANADIAN}</Dial></Response>");
    let sid = site.call(hipaa, PATIENT, &[("Twiml", &twiml)]).await;
    site.wait_call(hipaa, &sid, "completed").await;
    assert!(site.calls_at(hipaa, CANADIAN).await.is_empty());
    eventually("an alert", async || site.alerts(hipaa).await == [21215]).await;
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_geo_1__refuses_call_that_comes_from_elsewhere() {
    let site = Site::working().await;
    let hipaa = &site.app.hipaa;
    site.sink.answer("/voice", SinkReply::twiml("<Response><Say>Welcome</Say></Response>"));
    site.configure(hipaa, &[("VoiceUrl", &site.sink.url("/voice"))]).await;
    let calls = format!("{CANADIAN}/calls");
    site.at_phone(hipaa, &calls, json!({"to": CLINIC})).await.assert_error(409, 20409);
    let forwarded = json!({"to": CLINIC, "forwarded_from": CANADIAN});
    site.at_phone(hipaa, &format!("{PATIENT}/calls"), forwarded).await.assert_error(409, 20409);
    assert_eq!(site.alerts(hipaa).await, [21215, 21215]);
    assert!(site.told("/voice").is_empty(), "no document was asked for");
    let listed = site.get(hipaa, "Calls").await.json;
    assert!(
        listed["calls"]
            .as_array()
            .is_some_and(|calls| calls.iter().all(|call| call["status"] == "no-answer"))
    );
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_geo_1__allows_call_between_united_states_numbers() {
    let site = Site::working().await;
    let hipaa = &site.app.hipaa;
    let twiml = format!("<Response><Dial>{DOCTOR}</Dial></Response>");
    let sid = site.call(hipaa, PATIENT, &[("Twiml", &twiml)]).await;
    eventually("a leg", async || !site.calls_at(hipaa, DOCTOR).await.is_empty()).await;
    site.post(hipaa, &format!("Calls/{sid}"), &[("Status", "completed")]).await.assert_status(200);
    site.wait_call(hipaa, &sid, "completed").await;
    // An ordinary account may call Canada.
    let fields = [("To", CANADIAN), ("From", OWN), URL];
    site.post(&site.app.owner, "Calls", &fields).await.assert_status(201);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sipif_1__refuses_call_to_sip_without_tls() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let plain = [("To", "sip:desk@clinic.example"), ("From", CLINIC), URL];
    site.post(hipaa, "Calls", &plain).await.assert_refused("VOI-SIPIF-1", 77223);
    site.around.attest(true);
    site.post(hipaa, "Calls", &plain).await.assert_status(201);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sipif_1__allows_call_to_sip_over_tls() {
    let site = Site::start().await;
    for to in ["sips:desk@clinic.example", "sip:desk@clinic.example;transport=tls"] {
        site.post(&site.app.hipaa, "Calls", &[("To", to), ("From", CLINIC), URL]).await.assert_status(201);
    }
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn gen_https_2__refuses_call_with_plain_urls() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let plain = "http://example.com/voice";
    for name in ["Url", "FallbackUrl", "StatusCallback"] {
        let mut fields = vec![("To", PATIENT), ("From", CLINIC), (name, plain)];
        if name != "Url" {
            fields.push(URL);
        }
        site.post(hipaa, "Calls", &fields).await.assert_refused("GEN-HTTPS-2", 77117);
    }
    let by_get = [("To", PATIENT), ("From", CLINIC), URL, ("Method", "GET")];
    site.post(hipaa, "Calls", &by_get).await.assert_refused("D-RED-3", 77288);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn ai_gen_1__refuses_answering_machine_detection() {
    let site = Site::start().await;
    let fields = [("To", PATIENT), ("From", CLINIC), URL, ("MachineDetection", "Enable")];
    site.post(&site.app.hipaa, "Calls", &fields).await.assert_refused("AI-GEN-1", 77093);
}

/// What a HIPAA project's alerts are after a document.
async fn alerts_after(site: &Site, verb: &str) -> Vec<u32> {
    let hipaa = &site.app.hipaa;
    let before = site.alerts(hipaa).await.len();
    let twiml = format!("<Response>{verb}</Response>");
    let sid = site.call(hipaa, PATIENT, &[("Twiml", &twiml)]).await;
    site.wait_call(hipaa, &sid, "completed").await;
    eventually("an alert", async || site.alerts(hipaa).await.len() > before).await;
    site.alerts(hipaa).await[before..].to_vec()
}

const STREAM: &str = "<Start><Stream url=\"wss://media.cloud.example/\"/></Start>";

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_stream_1__refuses_receiver_without_tls_or_not_in_the_register() {
    let site = Site::working().await;
    assert_eq!(alerts_after(&site, STREAM).await, [77245]);
    site.app.register(&site.app.hipaa, &["media.cloud.example"], "voice", "2099-01-01").await;
    let other = "<Connect><Stream url=\"wss://elsewhere.example/\"/></Connect>";
    assert_eq!(alerts_after(&site, other).await, [77245]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_stream_1__allows_receiver_in_the_register() {
    let site = Site::working().await;
    site.app.register(&site.app.hipaa, &["media.cloud.example"], "voice", "2099-01-01").await;
    // The guide lets it through; that media cannot be streamed yet is another matter.
    assert_eq!(alerts_after(&site, STREAM).await, [20501]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_stream_2__refuses_receiver_whose_agreement_is_over() {
    let site = Site::working().await;
    site.app.register(&site.app.hipaa, &["media.cloud.example"], "voice", "2026-01-14").await;
    assert_eq!(alerts_after(&site, STREAM).await, [77246]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_stream_2__allows_receiver_whose_agreement_is_in_force() {
    let site = Site::working().await;
    site.app.register(&site.app.hipaa, &["media.cloud.example"], "voice", "2026-01-15").await;
    assert_eq!(alerts_after(&site, STREAM).await, [20501]);
}

const AGENT: &str = "<Connect><VirtualAgent connectorName=\"desk\"/></Connect>";

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_dialog_1__refuses_virtual_agent_without_attestation() {
    let site = Site::working().await;
    assert_eq!(alerts_after(&site, AGENT).await, [77249]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_dialog_1__allows_virtual_agent_with_attestation() {
    let site = Site::working().await;
    site.around.attest(true);
    // The guide lets it through; that there is none here is another matter.
    assert_eq!(alerts_after(&site, AGENT).await, [13750]);
}

/// What an ordinary account's alerts are after a document.
async fn ordinary_alerts_after(site: &Site, verb: &str) -> Vec<u32> {
    let owner = &site.app.owner;
    let twiml = format!("<Response>{verb}</Response>");
    let sid = site.call(owner, PATIENT, &[("Twiml", &twiml)]).await;
    site.wait_call(owner, &sid, "completed").await;
    eventually("an alert", async || !site.alerts(owner).await.is_empty()).await;
    site.alerts(owner).await
}

const AUTOPILOT: &str = "<Connect><Autopilot>UA0123456789abcdef0123456789abcdef</Autopilot></Connect>";

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_autop_1__refuses_autopilot() {
    assert_eq!(alerts_after(&Site::working().await, AUTOPILOT).await, [77261]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_autop_1__allows_ordinary_account_which_is_told_that_there_is_none() {
    assert_eq!(ordinary_alerts_after(&Site::working().await, AUTOPILOT).await, [13750]);
}

const INTELLIGENCE: &str = "<Start><Transcription intelligenceService=\"desk\"/></Start>";

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_intel_1__refuses_voice_intelligence() {
    assert_eq!(alerts_after(&Site::working().await, INTELLIGENCE).await, [77265]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_intel_1__allows_ordinary_account_which_is_told_that_there_is_none() {
    assert_eq!(ordinary_alerts_after(&Site::working().await, INTELLIGENCE).await, [13750]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_mkt_1__refuses_payment_connectors() {
    assert_eq!(alerts_after(&Site::working().await, "<Pay/>").await, [77257]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn ai_gen_1__refuses_models_that_talk() {
    let relay = "<Connect><ConversationRelay url=\"wss://example.com/\"/></Connect>";
    assert_eq!(alerts_after(&Site::working().await, relay).await, [77093]);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_trans_2__refuses_add_ons_of_recordings() {
    let site = Site::start().await;
    let path = "Recordings/RE0123456789abcdef0123456789abcdef/AddOnResults";
    site.get(&site.app.hipaa, path).await.assert_refused("VOI-TRANS-2", 77241);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_trans_2__allows_ordinary_account_which_is_told_that_there_are_none() {
    let site = Site::start().await;
    let path = "Recordings/RE0123456789abcdef0123456789abcdef/AddOnResults";
    site.get(&site.app.owner, path).await.assert_error(501, 20501);
}
