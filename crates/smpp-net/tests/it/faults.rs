//! What goes wrong at the SMSC and on the way, and that nothing is lost by it.

use messaging::carrier::CarrierError;
use serde_json::json;
use tokio::time::timeout;

use crate::peer::{PATIENCE, Peer};
use crate::site::{OWN, PATIENT, Site, bind};

/// Short times, so that a test of silence is short.
const IMPATIENT: &str = "enquire_seconds = 1\nresponse_seconds = 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_bind_is_tried_again() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "bind": "refuse" })).await;
    let site = Site::start(&bind("main", &peer, "")).await;
    peer.next("bind").await;
    peer.next("bind").await;
    assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
    peer.plan(json!({ "bind": "ok" })).await;
    site.bound("main").await;
    site.submit("hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_smsc_makes_messages_unavailable() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": ["silent"] })).await;
    let site = Site::start(&bind("main", &peer, IMPATIENT)).await;
    site.bound("main").await;
    assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
    site.submit("hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_noticed_and_replaced() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, IMPATIENT)).await;
    site.bound("main").await;
    peer.plan(json!({ "deaf": true })).await;
    site.lost("main").await;
    peer.plan(json!({ "deaf": false })).await;
    site.bound("main").await;
    site.submit("hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_message_is_taken_later() {
    for refusal in ["throttle", "full"] {
        let Some(mut peer) = Peer::start().await else { return };
        peer.plan(json!({ "submit": [refusal] })).await;
        let site = Site::start(&bind("main", &peer, "")).await;
        site.bound("main").await;
        assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
        site.submit("hello").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_number_is_rejected_with_twilios_code() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": ["reject"] })).await;
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    assert_eq!(site.submit("hello").await, Err(CarrierError::Rejected(30_005)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdu_that_cannot_be_read_is_refused_and_one_without_end_is_the_end() {
    let Some(mut peer) = Peer::start().await else { return };
    let site = Site::start(&bind("main", &peer, "")).await;
    site.bound("main").await;
    // deliver_sm with a body of one octet.
    peer.tell(json!({ "do": "raw", "hex": "00000011000000050000000000000063ff" }));
    assert_eq!(peer.next("nack").await["status"], 2);
    site.submit("hello").await.unwrap();
    peer.tell(json!({ "do": "raw", "hex": "7fffffff000000050000000000000064" }));
    peer.next("gone").await;
    peer.next("bind").await;
    site.bound("main").await;
    site.submit("hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_in_the_middle_of_a_window_loses_nothing() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": vec!["silent"; 5] })).await;
    let mut site = Site::start(&bind("main", &peer, "window = 3")).await;
    site.bound("main").await;
    // Three are in the window and two wait behind it.
    let all = async {
        tokio::join!(site.submit("1"), site.submit("2"), site.submit("3"), site.submit("4"), site.submit("5"))
    };
    let drop_connection = async {
        for _ in 0..3 {
            peer.next("submit").await;
        }
        peer.plan(json!({ "submit": [] })).await;
        peer.tell(json!({ "do": "drop" }));
    };
    let (results, ()) = tokio::join!(all, drop_connection);
    let results = [results.0, results.1, results.2, results.3, results.4];
    assert!(results.iter().all(|result| *result == Err(CarrierError::Unavailable)));
    site.bound("main").await;
    // The job tries again: the same name, so the same references on the wire.
    site.work();
    let sid = site.send("again").await;
    site.wait_status(&sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmission_carries_the_same_reference() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "submit": ["silent"] })).await;
    let site = Site::start(&bind("main", &peer, IMPATIENT)).await;
    site.bound("main").await;
    let reference = {
        use base::Sid;
        let message = base::MessageSid::from_bytes([0xAB; 16]);
        messaging::carrier::Reference { account: site.app.owner.sid, message }
    };
    assert_eq!(site.submit_as(reference, "hello").await, Err(CarrierError::Unavailable));
    site.submit_as(reference, "hello").await.unwrap();
    for _ in 0..2 {
        assert_eq!(peer.next("submit").await["reference"], 0xABAB);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_bind_takes_what_the_first_cannot() {
    let (Some(mut first), Some(mut second)) = (Peer::start().await, Peer::start().await) else { return };
    let config = bind("main", &first, "") + &bind("spare", &second, "");
    let site = Site::start(&config).await;
    site.bound("main").await;
    site.bound("spare").await;
    site.submit("1").await.unwrap();
    assert_eq!(first.next("submit").await["text"], "1");
    // Throttled: the other bind is asked at once.
    first.plan(json!({ "submit": ["throttle"] })).await;
    site.submit("2").await.unwrap();
    assert_eq!(second.next("submit").await["text"], "2");
    drop(first);
    site.lost("main").await;
    site.submit("3").await.unwrap();
    assert_eq!(second.next("submit").await["text"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_hears_what_a_transmitter_has_sent() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false })).await;
    let config = bind("out", &peer, "mode = \"transmitter\"\nnetwork = \"smsc\"")
        + &bind("in", &peer, "mode = \"receiver\"\nnetwork = \"smsc\"");
    let site = Site::start(&config).await;
    site.bound("out").await;
    site.bound("in").await;
    site.submit("hello").await.unwrap();
    assert_eq!(peer.next("submit").await["id"], "m1");
    assert_eq!(site.awaited().await, 1);
    peer.tell(json!({ "do": "receipt", "id": "m1", "from": OWN, "to": PATIENT, "state": "DELIVRD" }));
    peer.answered("receipt m1").await;
    site.wait_awaited(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_even_without_an_smsc() {
    let Some(peer) = Peer::start().await else { return };
    let config = bind("main", &peer, "");
    drop(peer);
    let mut site = Site::start(&config).await;
    assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
    timeout(PATIENCE, site.stop()).await.unwrap();
    assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
}
