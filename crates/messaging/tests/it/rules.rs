//! The rules of the guide about messages, both ways. Tests are named after their rule.

use base::MessageSid;
use messaging::carrier::Receipt;
use test_kit::SinkReply;
use webhooks::signature;

use crate::dispatch::end_agreement;
use crate::redaction::{CANARY, assert_no_trace};
use crate::site::{API, CLINIC, MASKED, OWN, PATIENT, Site, edit_account};

const CANADIAN: &str = "+14165550177";

async fn send_to(site: &Site, to: &str) -> test_kit::Reply {
    site.post(&site.app.hipaa, &[("To", to), ("From", CLINIC), ("Body", "x")]).await
}

/// A message of the HIPAA project that has been delivered.
async fn delivered(site: &Site) -> MessageSid {
    let message = site.accepted(&site.app.hipaa, CANARY, &[]).await;
    site.wait_status(&site.app.hipaa, message, "sent").await;
    site.receipt(&site.app.hipaa, message, Receipt::Delivered).await;
    message
}

#[tokio::test]
async fn sms_geo_1__refuses_canadian_number() {
    let site = Site::idle().await;
    for to in [CANADIAN, "+442071838750", "+18765550177", "+17875550177", "+19005550177"] {
        send_to(&site, to).await.assert_refused("SMS-GEO-1", 21408);
    }
    let from = [("To", PATIENT), ("From", "+442071838750"), ("Body", "x")];
    site.post(&site.app.hipaa, &from).await.assert_refused("SMS-GEO-1", 21408);
}

#[tokio::test]
async fn sms_geo_1__allows_us_number() {
    let site = Site::idle().await;
    for to in [PATIENT, "+12125550177", "+18005550177"] {
        send_to(&site, to).await.assert_status(201);
    }
    // Outside a HIPAA project the rule does not hold.
    let abroad = [("To", CANADIAN), ("From", OWN), ("Body", "x")];
    site.post(&site.app.owner, &abroad).await.assert_status(201);
}

#[tokio::test]
async fn sms_geo_1__hides_foreign_message_from_the_webhook() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    site.configure(hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let foreign = site.arrive_from(CANADIAN, hipaa, CANARY).await;
    let home = site.arrive(hipaa, "Hello").await;
    site.requests(1).await;
    site.settle().await;
    let requests = site.sink.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].parameter("MessageSid"), Some(home.to_string()));
    let shown = site.fetch(hipaa, foreign).await;
    assert_eq!((&shown["body"], &shown["from"]), (&"".into(), &"+1416555XXXX".into()));
}

#[tokio::test]
async fn sms_chan_1__refuses_whatsapp_address() {
    let site = Site::idle().await;
    for to in ["whatsapp:+14155550177", "messenger:1234", "rcs:agent", "fax:+14155550177"] {
        send_to(&site, to).await.assert_refused("SMS-CHAN-1", 77305);
    }
}

#[tokio::test]
async fn sms_chan_1__allows_sms() {
    let site = Site::idle().await;
    send_to(&site, PATIENT).await.assert_status(201);
}

#[tokio::test]
async fn sms_tag_1__refuses_tags() {
    let site = Site::idle().await;
    site.send(&site.app.hipaa, "x", &[("Tags", "{\"a\":\"b\"}")]).await.assert_refused("SMS-TAG-1", 77309);
}

#[tokio::test]
async fn sms_tag_1__allows_message_without_tags() {
    let site = Site::idle().await;
    site.send(&site.app.hipaa, "x", &[]).await.assert_status(201);
}

#[tokio::test]
async fn sms_elig_1__allows_listed_features() {
    let site = Site::start().await;
    let more =
        [("ContentRetention", "discard"), ("AddressRetention", "obfuscate"), ("ValidityPeriod", "600")];
    let message = site.accepted(&site.app.hipaa, "x", &more).await;
    site.wait_status(&site.app.hipaa, message, "sent").await;
}

#[tokio::test]
async fn sms_elig_1__refuses_unlisted_feature() {
    let site = Site::idle().await;
    let reply = site.send(&site.app.hipaa, "x", &[("RiskCheck", "enable")]).await;
    reply.assert_refused("AI-GEN-1", 77093);
}

#[tokio::test]
async fn gen_https_2__refuses_plain_http_callback() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let callback = [("StatusCallback", "http://example.com/status")];
    site.send(hipaa, "x", &callback).await.assert_refused("GEN-HTTPS-2", 77117);
    for field in ["SmsUrl", "SmsFallbackUrl", "StatusCallback"] {
        let reply = site.configure(hipaa, &[(field, "http://example.com/sms")]).await;
        reply.assert_refused("GEN-HTTPS-2", 77117);
    }
}

#[tokio::test]
async fn gen_https_2__allows_https_callback() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    site.send(hipaa, "x", &[("StatusCallback", "https://example.com/status")]).await.assert_status(201);
    site.configure(hipaa, &[("SmsUrl", "https://example.com/sms")]).await.assert_status(200);
    site.configure(&site.app.owner, &[("SmsUrl", "http://example.com/sms")]).await.assert_status(200);
}

#[tokio::test]
async fn gen_https_2__refuses_plain_http_named_by_twiml() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    site.configure(hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    for twiml in [
        "<Response><Redirect>http://127.0.0.1:9/</Redirect></Response>",
        "<Response><Message statusCallback=\"http://127.0.0.1:9/\">x</Message></Response>",
    ] {
        site.sink.answer("/sms", SinkReply::twiml(twiml));
        let before = site.alerts(hipaa).await.len();
        site.arrive(hipaa, "Hello").await;
        crate::site::eventually("an alert", async || site.alerts(hipaa).await.len() > before).await;
        site.settle().await;
        let alerts = site.alerts(hipaa).await;
        assert!(alerts.iter().all(|alert| alert.facts.error_code == 77117));
        assert_eq!(alerts.len(), before + 1);
    }
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn gen_https_3__refuses_unregistered_authority() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    edit_account(&site.app, hipaa.sid, |facts| facts.settings.webhook_authorities.clear()).await;
    site.accepted(hipaa, "x", &[("StatusCallback", &site.sink.url("/status"))]).await;
    crate::site::eventually("alerts", async || site.alerts(hipaa).await.len() == 2).await;
    assert!(site.alerts(hipaa).await.iter().all(|alert| alert.facts.error_code == 11237));
    assert!(site.sink.requests().is_empty());
}

#[tokio::test]
async fn gen_https_3__allows_registered_authority() {
    let site = Site::start().await;
    site.accepted(&site.app.hipaa, "x", &[("StatusCallback", &site.sink.url("/status"))]).await;
    site.requests(2).await;
}

#[tokio::test]
async fn gen_sig_1__accepts_signature_of_the_account() {
    let site = Site::start().await;
    let callback = site.sink.url("/status?a=1");
    site.accepted(&site.app.hipaa, "x", &[("StatusCallback", &callback)]).await;
    for request in site.requests(2).await {
        let signed = request.headers.get(signature::HEADER).expect("a signature").to_str().expect("text");
        assert!(signature::validate(site.app.hipaa.token.reveal(), &callback, &request.form(), signed));
    }
}

#[tokio::test]
async fn gen_sig_1__rejects_altered_webhook() {
    let site = Site::start().await;
    let callback = site.sink.url("/status");
    site.accepted(&site.app.hipaa, "x", &[("StatusCallback", &callback)]).await;
    let request = site.requests(1).await.remove(0);
    let signed = request.headers.get(signature::HEADER).expect("a signature").to_str().expect("text");
    let token = site.app.hipaa.token.reveal();
    let mut form = request.form();
    form[0].1.push('x');
    assert!(!signature::validate(token, &callback, &form, signed));
    assert!(!signature::validate(token, &site.sink.url("/other"), &request.form(), signed));
    assert!(!signature::validate(site.app.owner.token.reveal(), &callback, &request.form(), signed));
}

#[tokio::test]
async fn sms_redact_1__hides_body_after_delivery() {
    let site = Site::start().await;
    let message = delivered(&site).await;
    site.settle().await;
    assert_eq!(site.fetch(&site.app.hipaa, message).await["body"], "");
    assert_no_trace(&site);
}

#[tokio::test]
async fn sms_redact_1__keeps_body_until_delivery() {
    let site = Site::start().await;
    let message = site.accepted(&site.app.hipaa, CANARY, &[]).await;
    site.wait_status(&site.app.hipaa, message, "sent").await;
    assert_eq!(site.fetch(&site.app.hipaa, message).await["body"], CANARY);
}

#[tokio::test]
async fn sms_redact_2__masks_number_after_delivery() {
    let site = Site::start().await;
    let message = delivered(&site).await;
    let shown = site.fetch(&site.app.hipaa, message).await;
    assert_eq!((&shown["to"], &shown["from"]), (&MASKED.into(), &CLINIC.into()));
    assert_no_trace(&site);
}

#[tokio::test]
async fn sms_redact_2__keeps_number_until_delivery() {
    let site = Site::start().await;
    let message = site.accepted(&site.app.hipaa, "x", &[]).await;
    assert_eq!(site.wait_status(&site.app.hipaa, message, "sent").await["to"], PATIENT);
}

#[tokio::test]
async fn sms_redact_3__refuses_retention() {
    let site = Site::idle().await;
    for field in ["ContentRetention", "AddressRetention"] {
        site.send(&site.app.hipaa, "x", &[(field, "retain")]).await.assert_refused("SMS-REDACT-3", 77287);
    }
}

#[tokio::test]
async fn sms_redact_3__allows_removal() {
    let site = Site::idle().await;
    let more = [("ContentRetention", "discard"), ("AddressRetention", "obfuscate")];
    site.send(&site.app.hipaa, "x", &more).await.assert_status(201);
}

#[tokio::test]
async fn des_scope_1__refuses_account_without_phi_permission() {
    let site = Site::idle().await;
    edit_account(&site.app, site.app.hipaa.sid, |facts| facts.designation.phi_permitted = false).await;
    site.send(&site.app.hipaa, "x", &[]).await.assert_refused("DES-SCOPE-1", 77064);
}

#[tokio::test]
async fn des_scope_1__allows_designated_account() {
    let site = Site::idle().await;
    site.send(&site.app.hipaa, "x", &[]).await.assert_status(201);
}

#[tokio::test]
async fn con_baa_1__refuses_without_agreement() {
    let site = Site::idle().await;
    end_agreement(&site).await;
    site.send(&site.app.hipaa, "x", &[]).await.assert_refused("CON-BAA-1", 77058);
}

#[tokio::test]
async fn con_baa_1__allows_under_agreement() {
    let site = Site::idle().await;
    site.send(&site.app.hipaa, "x", &[]).await.assert_status(201);
}

#[tokio::test]
async fn d_red_1__refuses_stopped_recipient_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    delivered(&site).await;
    let stop = site.arrive(hipaa, "STOP").await;
    site.handed(2).await;
    site.settle().await;
    assert_eq!(site.fetch(hipaa, stop).await["from"], MASKED);
    site.send(hipaa, "x", &[]).await.assert_error(400, 21610);
    assert_no_trace(&site);
}

#[tokio::test]
async fn d_red_1__allows_recipient_who_started_again() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    for word in ["STOP", "START"] {
        site.arrive(hipaa, word).await;
    }
    site.send(hipaa, "x", &[]).await.assert_status(201);
}

#[tokio::test]
async fn d_red_3__refuses_get_webhook() {
    let site = Site::idle().await;
    for (url, method) in [("SmsUrl", "SmsMethod"), ("SmsFallbackUrl", "SmsFallbackMethod")] {
        let fields = [(url, "https://example.com/sms"), (method, "GET")];
        site.configure(&site.app.hipaa, &fields).await.assert_refused("D-RED-3", 77288);
    }
    // Nor by changing the method alone.
    site.configure(&site.app.hipaa, &[("SmsUrl", "https://example.com/sms")]).await.assert_status(200);
    site.configure(&site.app.hipaa, &[("SmsMethod", "GET")]).await.assert_refused("D-RED-3", 77288);
}

#[tokio::test]
async fn d_red_3__allows_post_webhook() {
    let site = Site::idle().await;
    let fields = [("SmsUrl", "https://example.com/sms"), ("SmsMethod", "POST")];
    site.configure(&site.app.hipaa, &fields).await.assert_status(200);
}

#[tokio::test]
async fn art_restr_track__refuses_name_in_callback_query() {
    let site = Site::idle().await;
    let url = "https://example.com/status?patient_name=x";
    let reply = site.send(&site.app.hipaa, "x", &[("StatusCallback", url)]).await;
    reply.assert_refused("ART-RESTR-TRACK", 77004);
    site.configure(&site.app.hipaa, &[("SmsUrl", url)]).await.assert_refused("ART-RESTR-TRACK", 77004);
}

#[tokio::test]
async fn art_restr_track__allows_opaque_token() {
    let site = Site::idle().await;
    let url = "https://example.com/status?token=8c1f";
    site.send(&site.app.hipaa, "x", &[("StatusCallback", url)]).await.assert_status(201);
}

#[tokio::test]
async fn log_num_1__allows_ordinary_number_in_hipaa_project() {
    let site = Site::start().await;
    let message = site.accepted(&site.app.hipaa, "x", &[]).await;
    site.wait_status(&site.app.hipaa, message, "sent").await;
    site.arrive(&site.app.hipaa, "Hello").await;
}

#[tokio::test]
async fn log_num_1__refuses_only_numbers_that_are_not_the_accounts() {
    let site = Site::idle().await;
    let fields = [("To", PATIENT), ("From", OWN), ("Body", "x")];
    site.post(&site.app.hipaa, &fields).await.assert_error(400, 21606);
}

#[tokio::test]
async fn art_ctrl_audit__refuses_to_show_or_send_what_cannot_be_recorded() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, CANARY, &[]).await;
    let path = crate::site::message_path(hipaa, message);
    let list = format!("/2010-04-01/Accounts/{}/Messages.json", hipaa.sid);
    let database =
        rusqlite::Connection::open(site.app.data_dir().join("switchward.db")).expect("the database");
    let lost = "CREATE TRIGGER lost BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'lost'); END";
    database.execute_batch(lost).expect("a trigger");
    for reply in [
        site.app.get(hipaa, API, &path).await,
        site.app.get(hipaa, API, &list).await,
        site.send(hipaa, CANARY, &[]).await,
    ] {
        reply.assert_error(503, 20503);
        assert!(!reply.text.contains(CANARY) && !reply.text.contains(PATIENT), "{}", reply.text);
    }
    database.execute_batch("DROP TRIGGER lost").expect("the trigger");
    let page = site.app.get(hipaa, API, &list).await;
    assert_eq!(page.json["messages"].as_array().map(Vec::len), Some(1), "nothing was kept unrecorded");
}

#[tokio::test]
async fn art_ctrl_audit__allows_what_is_recorded() {
    let site = Site::idle().await;
    let message = site.accepted(&site.app.hipaa, CANARY, &[]).await;
    assert_eq!(site.fetch(&site.app.hipaa, message).await["body"], CANARY);
    let entries = site.app.ledger_actions(site.app.hipaa.scope()).await;
    let last = entries.last().expect("entries");
    assert_eq!((last.act.as_str(), last.what.as_slice()), ("fetch_message", &[message.to_string()][..]));
    assert_eq!(last.fields, ["body", "from", "to"]);
}

async fn send_with_callback(site: &Site, url: &str) -> test_kit::Reply {
    let fields = [("To", PATIENT), ("From", CLINIC), ("Body", "x"), ("StatusCallback", url)];
    site.post(&site.app.hipaa, &fields).await
}

#[tokio::test]
async fn sms_bot_1__allows_callbacks_to_parties_under_agreement() {
    let site = Site::idle().await;
    // Whoever keeps no register may have callbacks everywhere.
    send_with_callback(&site, "https://elsewhere.example/status").await.assert_status(201);
    site.app.register(&site.app.hipaa, &["*.cloud.example"], "messaging", "2099-12-31").await;
    send_with_callback(&site, "https://hooks.Cloud.example/status").await.assert_status(201);
    let on_number = [("SmsUrl", "https://hooks.cloud.example/sms")];
    site.configure(&site.app.hipaa, &on_number).await.assert_status(200);
}

#[tokio::test]
async fn sms_bot_1__refuses_callbacks_outside_the_register_or_the_agreement() {
    for (service, expires) in
        [("messaging", "2099-12-31"), ("messaging", "2020-12-31"), ("lookup", "2099-12-31")]
    {
        let site = Site::idle().await;
        let in_force = (service, expires) == ("messaging", "2099-12-31");
        site.app.register(&site.app.hipaa, &["*.cloud.example"], service, expires).await;
        let host = if in_force { "cloud.example.org" } else { "hooks.cloud.example" };
        let url = format!("https://{host}/status");
        send_with_callback(&site, &url).await.assert_refused("SMS-BOT-1", 77301);
        let on_number = [("SmsUrl", url.as_str())];
        site.configure(&site.app.hipaa, &on_number).await.assert_refused("ART-CTRL-INTEG", 77301);
        // No HIPAA project, no rule.
        let elsewhere = [("To", PATIENT), ("From", OWN), ("Body", "x"), ("StatusCallback", &url)];
        site.post(&site.app.owner, &elsewhere).await.assert_status(201);
    }
}
