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

/// One of two parts, as a handset writes it.
fn part(number: u8, octets: &[u8]) -> Vec<u8> {
    [&[5, 0, 3, 0x42, 2, number][..], octets].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_in_any_order_are_one_message() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    // The emoji is cut in two by the border between the parts.
    let text = ucs2("日本😀!");
    let (first, second) = text.split_at(6);
    peer.tell(deliver("two", 0x40, 8, &part(2, second)));
    assert_eq!(peer.answered("two").await, 0);
    assert!(bodies(&site).await.is_empty());
    peer.tell(deliver("one", 0x40, 8, &part(1, first)));
    assert_eq!(peer.answered("one").await, 0);
    assert_eq!(bodies(&site).await, ["日本😀!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_at_once_are_one_message() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    for number in (1..=9).rev() {
        let octets = [&[5, 0, 3, 0x43, 9, number][..], number.to_string().as_bytes()].concat();
        peer.tell(deliver(&number.to_string(), 0x40, 0, &octets));
    }
    for _ in 1..=9 {
        assert_eq!(peer.next("answered").await["status"], 0);
    }
    assert_eq!(bodies(&site).await, ["123456789"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_answered_outlives_the_process() {
    let Some(mut peer) = Peer::start().await else { return };
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    peer.tell(deliver("one", 0x40, 0, &part(1, b"one ")));
    assert_eq!(peer.answered("one").await, 0);
    site.restart().await;
    peer.tell(deliver("two", 0x40, 0, &part(2, b"two")));
    assert_eq!(peer.answered("two").await, 0);
    assert_eq!(bodies(&site).await, ["one two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_handed_on_when_the_rest_does_not_come() {
    let Some(mut peer) = Peer::start().await else { return };
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.work();
    site.bound("main").await;
    peer.tell(deliver("two", 0x40, 0, &part(2, b"half a text")));
    assert_eq!(peer.answered("two").await, 0);
    site.app.advance(messaging::limits::PARTS_WAIT);
    site.wait_messages(1).await;
    assert_eq!(bodies(&site).await, ["half a text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_answer_was_lost_is_recognised_once() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    // The second answer is lost as well.
    for tag in ["first", "second", "third"] {
        site.bound("main").await;
        peer.tell(deliver(tag, 0, 0, b"YES"));
        assert_eq!(peer.answered(tag).await, 0);
        if tag != "third" {
            peer.tell(json!({ "do": "drop" }));
            site.lost("main").await;
        }
    }
    assert_eq!(bodies(&site).await, ["YES"]);
    // Said again on a connection that works, it is a second message.
    peer.tell(deliver("again", 0, 0, b"YES"));
    assert_eq!(peer.answered("again").await, 0);
    assert_eq!(bodies(&site).await, ["YES", "YES"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_answer_was_lost_is_recognised() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    for octets in [part(1, b"one "), part(2, b"two")] {
        for tag in ["first", "second"] {
            site.bound("main").await;
            peer.tell(deliver(tag, 0x40, 0, &octets));
            assert_eq!(peer.answered(tag).await, 0);
            peer.tell(json!({ "do": "drop" }));
            site.lost("main").await;
        }
    }
    assert_eq!(bodies(&site).await, ["one two"]);
    assert_eq!(site.parts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_recognised_after_a_restart() {
    let Some(mut peer) = Peer::start().await else { return };
    let mut site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    peer.tell(deliver("yes", 0, 0, b"YES"));
    assert_eq!(peer.answered("yes").await, 0);
    peer.tell(json!({ "do": "drop" }));
    site.lost("main").await;
    site.restart().await;
    peer.tell(deliver("again", 0, 0, b"YES"));
    assert_eq!(peer.answered("again").await, 0);
    assert_eq!(bodies(&site).await, ["YES"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_twice_is_two_messages() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "enquire_seconds = 1")).await;
    site.bound("main").await;
    for tag in ["one", "two"] {
        peer.tell(deliver(tag, 0, 0, b"YES"));
        assert_eq!(peer.answered(tag).await, 0);
    }
    assert_eq!(bodies(&site).await, ["YES", "YES"]);
    // Nor is it the same when the SMSC has seen both answers before the connection is lost.
    site.all_seen().await;
    peer.tell(json!({ "do": "drop" }));
    site.lost("main").await;
    site.bound("main").await;
    peer.tell(deliver("three", 0, 0, b"YES"));
    assert_eq!(peer.answered("three").await, 0);
    assert_eq!(bodies(&site).await.len(), 3);
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
