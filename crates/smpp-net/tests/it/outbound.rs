//! Messages that go out, and what is told about them.

use std::time::Duration;

use serde_json::json;

use crate::peer::Peer;
use crate::site::{OWN, PATIENT, Site, bind};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_out_and_its_receipt_comes_back() {
    let Some(mut peer) = Peer::start().await else { return };
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.work();
    let bound = peer.next("bind").await;
    assert_eq!(bound["command"], "bind_transceiver");
    assert_eq!(
        (&bound["system_id"], &bound["password"], &bound["version"]),
        (&json!("clinic"), &json!("secret"), &json!(0x34))
    );
    site.bound("main").await;
    let sid = site.send("Hello [you] €").await;
    let submit = peer.next("submit").await;
    assert_eq!(submit["text"], "Hello [you] €");
    assert_eq!(
        (&submit["from"], &submit["to"], &submit["to_ton"]),
        (&json!(&OWN[1..]), &json!(&PATIENT[1..]), &json!(1))
    );
    assert_eq!(
        (&submit["coding"], &submit["esm_class"], &submit["registered"]),
        (&json!(0), &json!(0), &json!(1))
    );
    assert_eq!(submit["reference"], json!(u16::from_str_radix(&sid[30..], 16).unwrap()));
    assert_eq!(peer.answered("receipt m1").await, 0);
    site.wait_status(&sid, "delivered").await;
    assert_eq!(site.awaited().await, 0);
    site.stop().await;
    peer.next("unbind").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_receipt_names_the_reason() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": ["fail"] })).await;
    let mut site = Site::start(&bind("main", &peer, "mode = \"transceiver\"\nversion = \"5.0\"")).await;
    site.work();
    site.bound("main").await;
    let sid = site.send("hello").await;
    assert_eq!(site.wait_status(&sid, "undelivered").await["error_code"], 30_003);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_after_a_restart_finds_its_message() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false })).await;
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.work();
    site.bound("main").await;
    let sid = site.send("hello").await;
    site.wait_status(&sid, "sent").await;
    assert_eq!(site.awaited().await, 1);
    site.restart().await;
    peer.tell(json!({ "do": "receipt", "id": "m1", "from": OWN, "to": PATIENT, "state": "DELIVRD" }));
    assert_eq!(peer.answered("receipt m1").await, 0);
    site.wait_status(&sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_may_come_before_the_answer() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": ["receipt-first"] })).await;
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.work();
    site.bound("main").await;
    let sid = site.send("hello").await;
    assert_eq!(peer.answered("receipt m1").await, 0);
    site.wait_status(&sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_nobody_is_answered_at_once() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    peer.tell(json!({ "do": "receipt", "id": "m9", "from": OWN, "to": PATIENT, "state": "DELIVRD" }));
    assert_eq!(peer.answered("receipt m9").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_go_in_parts_joined_by_header_or_tlvs() {
    for way in ["udh", "sar"] {
        let Some(mut peer) = Peer::start().await else { return };
        peer.plan(json!({ "receipts": false })).await;
        let site = Site::start(&bind("main", &peer, &format!("concatenation = \"{way}\""))).await;
        site.bound("main").await;
        let body = "日本語のお知らせ".repeat(20);
        let reference = site.submit(&body).await.unwrap();
        let number = u16::from_str_radix(&reference.message.to_string()[30..], 16).unwrap();
        let mut text = String::new();
        for part in 1..=3 {
            let submit = peer.next("submit").await;
            assert_eq!(submit["coding"], 8);
            text.push_str(submit["text"].as_str().unwrap());
            if way == "udh" {
                assert_eq!(submit["esm_class"], 0x40);
                let header = format!("0003{:02x}03{part:02x}", number & 0xFF);
                assert_eq!(submit["udh"], json!([header]));
            } else {
                assert_eq!(submit["esm_class"], 0);
                assert_eq!(submit["sar"], json!([number, 3, part]));
            }
        }
        assert_eq!(text, body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_part_delivers_and_any_part_fails() {
    for (id, state, status) in [("m3", "DELIVRD", "delivered"), ("m1", "UNDELIV", "undelivered")] {
        let Some(mut peer) = Peer::start().await else { return };
        peer.plan(json!({ "receipts": false })).await;
        let mut site = Site::start(&bind("main", &peer, "")).await;
        site.work();
        site.bound("main").await;
        let sid = site.send(&"a".repeat(400)).await;
        site.wait_status(&sid, "sent").await;
        peer.tell(json!({ "do": "receipt", "id": "m2", "from": OWN, "to": PATIENT, "state": "DELIVRD" }));
        assert_eq!(peer.answered("receipt m2").await, 0);
        site.wait_status(&sid, "sent").await;
        peer.tell(json!({ "do": "receipt", "id": id, "from": OWN, "to": PATIENT, "state": state }));
        assert_eq!(peer.answered(&format!("receipt {id}")).await, 0);
        site.wait_status(&sid, status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_messages_without_a_receipt_are_forgotten_after_three_days() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false })).await;
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    site.submit("hello").await.unwrap();
    site.app.advance(smpp_net::limits::RECEIPT_KEPT - Duration::from_secs(1));
    site.submit("hello").await.unwrap();
    site.restart().await;
    assert_eq!(site.awaited().await, 2);
    site.app.advance(Duration::from_secs(2));
    site.restart().await;
    site.wait_awaited(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_may_write_the_id_in_another_base() {
    // The SMSC answers "m1" and so on, so the ids are given here as the peer is told to answer them.
    for (way, answered, told) in [
        ("auto", "1f", "31"),
        ("auto", "31", "1F"),
        ("decimal", "1f", "0000000031"),
        ("hex", "31", "1f"),
        ("same", "1F", "001f"),
    ] {
        let Some(mut peer) = Peer::start().await else { return };
        peer.plan(json!({ "receipts": false, "ids": [answered] })).await;
        let mut site = Site::start(&bind("main", &peer, &format!("message_id = \"{way}\""))).await;
        site.work();
        site.bound("main").await;
        let sid = site.send("hello").await;
        site.wait_status(&sid, "sent").await;
        peer.tell(json!({ "do": "receipt", "id": told, "from": OWN, "to": PATIENT, "state": "DELIVRD" }));
        assert_eq!(peer.answered(&format!("receipt {told}")).await, 0);
        site.wait_status(&sid, "delivered").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_another_base_counts_only_between_the_same_two_numbers() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false, "ids": ["1f"] })).await;
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.work();
    site.bound("main").await;
    let sid = site.send("hello").await;
    site.wait_status(&sid, "sent").await;
    peer.tell(json!({ "do": "receipt", "id": "31", "from": OWN, "to": "+14155550166", "state": "UNDELIV" }));
    assert_eq!(peer.answered("receipt 31").await, 0);
    site.wait_status(&sid, "sent").await;
    assert_eq!(site.awaited().await, 1);
}
