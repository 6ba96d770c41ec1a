//! The rules of the guide about Messaging Services, both ways. Tests are named after their rule.

use messaging::carrier::Receipt;

use crate::pool::{TORONTO, from, senders};
use crate::redaction::assert_no_trace;
use crate::site::{CLINIC, FREE, MASKED, MESSAGING, OWN, PATIENT, Site, edit_account, sid};

#[tokio::test]
async fn d_red_2__allows_sticky_sender_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC, FREE, "+14155550130"], &[]).await;
    let first = site.send_with(hipaa, &service, PATIENT, &[]).await;
    let sender = from(&first);
    site.wait_status(hipaa, sid(&first), "sent").await;
    site.receipt(hipaa, sid(&first), Receipt::Delivered).await;
    site.settle().await;
    for number in ["+14155550131", "+14155550132", "+14155550133"] {
        site.join(hipaa, &service, number).await.assert_status(201);
    }
    let got = senders(&site, hipaa, &service, &[PATIENT; 4]).await;
    assert!(got.iter().all(|again| *again == sender), "{got:?}");
}

#[tokio::test]
async fn d_red_2__hides_the_recipient_in_what_is_remembered() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC, FREE], &[("FallbackToLongCode", "true")]).await;
    for _ in 0..2 {
        let message = sid(&site.send_with(hipaa, &service, PATIENT, &[]).await);
        assert_no_trace(&site);
        site.wait_status(hipaa, message, "sent").await;
        site.receipt(hipaa, message, Receipt::Delivered).await;
        site.settle().await;
        assert_eq!(site.fetch(hipaa, message).await["to"], MASKED);
        assert_no_trace(&site);
    }
}

#[tokio::test]
async fn d_red_1__refuses_a_stopped_recipient_of_a_service_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC, FREE], &[]).await;
    site.arrive(hipaa, "STOP").await;
    site.settle().await;
    for from in [CLINIC, FREE] {
        site.send_with(hipaa, &service, PATIENT, &[("From", from)]).await.assert_error(400, 21610);
    }
    assert_no_trace(&site);
}

#[tokio::test]
async fn sms_geo_1__refuses_foreign_recipients_and_senders_of_a_service() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC], &[]).await;
    for to in ["+14165550177", "+442071838751"] {
        site.send_with(hipaa, &service, to, &[]).await.assert_refused("SMS-GEO-1", 21408);
    }
    site.join(hipaa, &service, TORONTO).await.assert_refused("SMS-GEO-1", 21408);
    for collection in ["AlphaSenders", "DestinationAlphaSenders"] {
        let path = format!("/v1/Services/{service}/{collection}");
        let reply = site.app.post_form(hipaa, MESSAGING, &path, &[("AlphaSender", "Clinic")]).await;
        reply.assert_refused("SMS-GEO-1", 21408);
    }
}

#[tokio::test]
async fn sms_geo_1__allows_senders_of_the_united_states_in_a_service() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC, "+18005550100"], &[]).await;
    let reply = site.send_with(hipaa, &service, PATIENT, &[]).await;
    site.wait_status(hipaa, sid(&reply), "sent").await;
}

#[tokio::test]
async fn sms_geo_1__refuses_a_sender_that_joined_before_the_designation() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[TORONTO], &[]).await;
    edit_account(&site.app, owner.sid, |facts| {
        facts.designation.protected = true;
        facts.designation.phi_permitted = true;
    })
    .await;
    site.send_with(owner, &service, PATIENT, &[]).await.assert_refused("SMS-GEO-1", 21408);
}

#[tokio::test]
async fn sms_chan_1__refuses_channel_senders_of_a_service() {
    let site = Site::idle().await;
    let service = site.service(&site.app.hipaa, &[]).await;
    let path = format!("/v1/Services/{service}/ChannelSenders");
    let fields = [("Sid", "XE00000000000000000000000000000000")];
    for path in [path.as_str(), "/v2/Channels/Senders"] {
        let reply = site.app.post_form(&site.app.hipaa, MESSAGING, path, &fields).await;
        reply.assert_refused("SMS-CHAN-1", 77305);
    }
    let to = site.send_with(&site.app.hipaa, &service, "whatsapp:+14155550177", &[]).await;
    to.assert_refused("SMS-CHAN-1", 77305);
}

#[tokio::test]
async fn gen_https_2__refuses_plain_http_webhooks_of_a_service() {
    let site = Site::idle().await;
    for field in ["InboundRequestUrl", "FallbackUrl", "StatusCallback"] {
        let fields = [("FriendlyName", "x"), (field, "http://example.com/")];
        let reply = site.app.post_form(&site.app.hipaa, MESSAGING, "/v1/Services", &fields).await;
        reply.assert_refused("GEN-HTTPS-2", 77117);
    }
    site.service(&site.app.owner, &[("InboundRequestUrl", "http://example.com/")]).await;
}

#[tokio::test]
async fn d_red_3__refuses_get_webhooks_of_a_service() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let service = site.service(hipaa, &[("InboundRequestUrl", "https://example.com/in")]).await;
    let path = format!("/v1/Services/{service}");
    for fields in [
        &[("InboundMethod", "GET")][..],
        &[("FallbackUrl", "https://example.com/in"), ("FallbackMethod", "GET")],
    ] {
        site.app.post_form(hipaa, MESSAGING, &path, fields).await.assert_refused("D-RED-3", 77288);
    }
}

#[tokio::test]
async fn sms_redact_1__keeps_texts_of_a_service_no_longer_than_other_texts() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC], &[]).await;
    let path = format!("/v1/Services/{service}");
    let longest = messaging::limits::DEFAULT_VALIDITY.as_secs();
    assert_eq!(site.app.get(hipaa, MESSAGING, &path).await.json["validity_period"], longest);
    let longer = (longest + 1).to_string();
    let reply = site.app.post_form(hipaa, MESSAGING, &path, &[("ValidityPeriod", &longer)]).await;
    assert_eq!((reply.assert_error(400, 20001).rule(), reply.status), (Some("SMS-REDACT-1"), 400));
}

#[tokio::test]
async fn sms_redact_1__hides_texts_of_a_service_that_was_made_before_the_designation() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[]).await;
    edit_account(&site.app, owner.sid, |facts| {
        facts.designation.protected = true;
        facts.designation.phi_permitted = true;
    })
    .await;
    let message = sid(&site.send_with(owner, &service, PATIENT, &[]).await);
    site.wait_status(owner, message, "sent").await;
    // Ten hours is what the service says; the text may wait four.
    assert_eq!(site.carrier.taken()[0].valid_until, site.app.now().plus(messaging::limits::DEFAULT_VALIDITY));
    site.receipt(owner, message, Receipt::Delivered).await;
    assert_eq!(site.fetch(owner, message).await["body"], "");
}
