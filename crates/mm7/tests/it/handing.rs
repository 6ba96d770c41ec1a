//! Messages that are handed over, and what an MMSC may say to that.

use std::time::Duration;

use data_encoding::BASE64;
use test_kit::contains_bytes;

use crate::inbound::report;
use crate::mmsc::Step;
use crate::site::{CANARY, OWN, PATIENT, PICTURE, Site, TEXTS, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_media_leaves_through_the_mmsc_and_its_end_comes_back() {
    let site = Site::start().await;
    let sid = site.send(CANARY).await;
    assert!(sid.to_string().starts_with("MM"));
    site.wait(sid, "sent").await;
    let seen = site.mmsc.seen().remove(0);
    assert_eq!(seen.path, "/mm7", "neither recipient nor text stands in it");
    assert_eq!(seen.headers["authorization"], format!("Basic {}", BASE64.encode(b"clinic:our-password")));
    assert!(seen.headers.contains_key("soapaction"));
    let kind = seen.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("multipart/related; ") && kind.contains("type=\"text/xml\""), "{kind}");
    assert_eq!(
        (seen.element("VASPID"), seen.element("VASID")),
        ("clinic".to_owned(), "reminders".to_owned())
    );
    assert_eq!(seen.element("Number"), OWN);
    assert!(seen.element("ExpiryDate").starts_with("2026-") && seen.element("DeliveryReport") == "true");
    let text = String::from_utf8_lossy(&seen.body).into_owned();
    assert!(text.contains(&format!("<To><Number>{PATIENT}</Number></To>")));
    assert!(text.contains(&BASE64.encode(CANARY.as_bytes())) && text.contains("Content-Type: image/png\r\n"));
    site.tell("text/xml", report("m-1", "Retrieved")).await.assert_status(200);
    site.wait(sid, "delivered").await;
    assert!(!contains_bytes(site.app.data_dir(), CANARY.as_bytes()));
    assert!(!contains_bytes(site.app.data_dir(), &PATIENT.as_bytes()[1..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_go_to_the_carrier_behind_and_media_of_other_numbers_nowhere() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let reply = site.post_form(owner, &[("To", PATIENT), ("From", OWN), ("Body", "Hello")]).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    site.wait(sid, "sent").await;
    assert_eq!((site.texts(), site.mmsc.seen().len()), (vec!["Hello".to_owned()], 0));
    site.post(owner, TEXTS, "Look").await.assert_error(400, 21_612);
    let listed = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", owner.sid);
    let listed = site.app.get(owner, "api", &listed).await.json["incoming_phone_numbers"].clone();
    for number in listed.as_array().unwrap() {
        assert_eq!(number["capabilities"]["mms"], number["phone_number"] == OWN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_final_and_have_our_codes() {
    let site = Site::start().await;
    for (step, code) in [
        (Step::Status(2002), 30_005),
        (Step::Status(2004), 30_007),
        (Step::Status(3001), 30_008),
        (Step::Http(413, ""), 30_019),
        (Step::Http(400, "no"), 30_008),
    ] {
        site.mmsc.script(&[step]);
        let sid = site.send("Look").await;
        assert_eq!(site.wait(sid, "failed").await["error_code"], code);
    }
    site.pass(Duration::from_secs(3_600)).await;
    assert_eq!(site.mmsc.seen().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mmsc_cannot_take_now_waits_and_goes_once() {
    let site = Site::start().await;
    site.mmsc.script(&[Step::Status(4006), Step::Http(429, "")]);
    let sid = site.send("Look").await;
    eventually("it is sent", async || {
        // The queue asks again when its clock says so; the MMSC's rest is real time.
        site.app.advance(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
        site.fetch(&site.app.owner, sid).await["status"] == "sent"
    })
    .await;
    assert_eq!(site.mmsc.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_can_put_right_fails_no_message() {
    for step in [Step::Status(4001), Step::Http(401, ""), Step::Http(307, ""), Step::Http(404, "")] {
        let site = Site::start().await;
        site.mmsc.script(&[step]);
        let sid = site.send("Look").await;
        site.quiet().await;
        eventually("it was tried", async || site.mmsc.seen().len() == 1).await;
        site.quiet().await;
        assert_eq!(site.fetch(&site.app.owner, sid).await["status"], "sending");
        site.pass(Duration::from_secs(4 * 3_600 + 1)).await;
        assert_eq!(site.wait(sid, "failed").await["error_code"], 30_036);
        assert_eq!(site.mmsc.seen().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_carriers_limit_fails_and_says_so() {
    let site = Site::start_with("max_bytes = 10000").await;
    let large = test_kit::SinkReply {
        status: 200,
        body: [PICTURE, &vec![0; 10_000]].concat().into(),
        ..test_kit::SinkReply::default()
    };
    site.sink.answer("/large.png", large);
    let url = site.sink.url("/large.png");
    let fields = [("To", PATIENT), ("From", OWN), ("Body", "x"), ("MediaUrl", url.as_str())];
    let reply = site.post_form(&site.app.owner, &fields).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    let failed = site.wait(sid, "failed").await;
    assert_eq!(failed["error_code"], 30_019);
    assert_eq!(failed["error_message"], "The content is larger than the carrier takes");
    assert!(site.mmsc.seen().is_empty());
    // One that fits leaves.
    let sid = site.send("Look").await;
    site.wait(sid, "sent").await;
}
