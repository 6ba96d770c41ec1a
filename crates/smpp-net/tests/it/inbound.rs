//! Messages of handsets.

use serde_json::{Value, json};

use crate::peer::Peer;
use crate::site::{OWN, PATIENT, Site, bind};

/// A `deliver_sm` from the handset to us.
fn deliver(tag: &str, esm_class: u8, coding: u8, octets: &[u8]) -> Value {
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let numbers = json!({
        "source_addr_ton": 1, "source_addr": &PATIENT[1..], "dest_addr_ton": 1, "destination_addr": &OWN[1..],
        "esm_class": esm_class, "data_coding": coding, "hex": hex,
    });
    json!({ "do": "deliver", "tag": tag, "pdu": numbers })
}

fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

async fn bodies(site: &Site) -> Vec<String> {
    let messages = site.messages().await;
    messages.iter().map(|message| message["body"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_on_disk_when_it_is_answered() {
    for (coding, octets, text) in [
        (0, b"\x1b\x65 5 for Jos\x05".to_vec(), "€ 5 for José"),
        (8, ucs2("日本 😀"), "日本 😀"),
        (3, b"Jos\xe9".to_vec(), "José"),
    ] {
        let Some(mut peer) = Peer::start().await else { return };
        let site = Site::start(&bind("main", &peer, "")).await;
        site.bound("main").await;
        peer.tell(deliver("one", 0, coding, &octets));
        assert_eq!(peer.answered("one").await, 0);
        let messages = site.messages().await;
        assert_eq!(messages[0]["body"], text);
        assert_eq!((&messages[0]["from"], &messages[0]["to"]), (&json!(PATIENT), &json!(OWN)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_in_any_order_are_one_message_and_answered_together() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    // The emoji is cut in two by the border between the parts.
    let text = ucs2("日本😀!");
    let (first, second) = text.split_at(6);
    let part = |number: u8, octets: &[u8]| [&[5, 0, 3, 0x42, 2, number][..], octets].concat();
    peer.tell(deliver("two", 0x40, 8, &part(2, second)));
    peer.tell(deliver("one", 0x40, 8, &part(1, first)));
    assert_eq!(peer.answered("one").await, 0);
    assert_eq!(bodies(&site).await, ["日本😀!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_smsc_that_sends_one_at_a_time_is_not_waited_for() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    for (number, octets) in [(1, b"one "), (2, b"two ")] {
        let tag = format!("part {number}");
        peer.tell(deliver(&tag, 0x40, 0, &[&[5, 0, 3, 0x42, 2, number][..], octets].concat()));
        assert_eq!(peer.answered(&tag).await, 0);
    }
    assert_eq!(bodies(&site).await, ["one two "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_for_good() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    let mut stranger = deliver("stranger", 0, 0, b"hello");
    stranger["pdu"]["destination_addr"] = json!("14155550199");
    peer.tell(stranger);
    assert_eq!(peer.answered("stranger").await, 0x65);
    peer.tell(deliver("binary", 0, 4, b"\x01\x02"));
    assert_eq!(peer.answered("binary").await, 0x65);
    assert!(bodies(&site).await.is_empty());
}
