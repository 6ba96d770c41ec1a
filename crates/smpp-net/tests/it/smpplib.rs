//! Python's smpplib as the system that binds to our simulated SMSC.

use std::path::Path;

use serde_json::{Value, json};
use smpp_net::smsc::SmscSettings;

use crate::peer::Process;
use crate::site::{OWN, PATIENT, Site, to};
use crate::smsc::{RunningSmsc, from_handset, given, in_parts};

const TEXT: &str = "日本語のお知らせ、予約は明日です。";

/// The system, bound to this SMSC with this password; `None` when the test cannot run here.
fn start(smsc: &RunningSmsc, system_id: &str, password: &str) -> Option<Process> {
    let python = given("SWITCHWARD_SMPP_PYTHON", "a Python with the package smpplib")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/esme.py");
    let mut command = std::process::Command::new(python);
    command.arg(script).args(["127.0.0.1", &smsc.port.to_string(), system_id, password]);
    Some(Process::start(command))
}

fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused() {
    let smsc = RunningSmsc::start_with_password().await;
    let Some(mut peer) = start(&smsc, "peer", "wrong") else { return };
    assert_eq!(peer.next("refused").await["status"], 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_submits_in_every_form_and_gets_receipts() {
    let mut smsc = RunningSmsc::start_with_password().await;
    let Some(mut peer) = start(&smsc, "peer", "secret") else { return };
    peer.next("bound").await;
    let long = TEXT.repeat(12);
    for (way, text, parts) in [
        ("udh", "Hello [you] €", 1),
        ("udh", "It is time: ".repeat(30).as_str(), 3),
        ("udh", long.as_str(), 4),
        ("sar", long.as_str(), 4),
        ("payload", long.as_str(), 1),
    ] {
        peer.tell(json!({ "way": way, "text": text, "from": &OWN[1..], "to": &PATIENT[1..] }));
        assert_eq!(smsc.text().await, text, "{way}");
        for _ in 0..parts {
            let receipt = peer.next("receipt").await;
            let told = hex_text(&receipt["hex"]);
            let id = receipt["receipted"].as_str().unwrap();
            assert!(told.starts_with(&format!("id:{id} ")) && told.contains(" stat:DELIVRD "), "{told}");
            assert_eq!(
                (&receipt["source"], &receipt["destination"]),
                (&json!(&PATIENT[1..]), &json!(&OWN[1..]))
            );
        }
    }
}

fn hex_text(hex: &Value) -> String {
    let hex = hex.as_str().unwrap();
    let octets = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    String::from_utf8(octets.collect()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gets_messages_whole_and_in_parts() {
    let mut smsc = RunningSmsc::start_with_password().await;
    let Some(mut peer) = start(&smsc, "peer", "secret") else { return };
    peer.next("bound").await;
    let text = ucs2(TEXT);
    let halves: [&[u8]; 2] = text.split_at(10).into();
    let long = text.repeat(10);
    let mut deliveries = vec![from_handset(0, b"YES"), from_handset(8, &text), from_handset(8, &long)];
    deliveries.extend(in_parts(8, halves, true));
    deliveries.extend(in_parts(8, halves, false));
    for deliver in deliveries {
        assert!(smsc.smsc.deliver("peer", deliver.clone()));
        let message = peer.next("message").await;
        let hex: String = deliver.octets.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(message["hex"], hex);
        assert_eq!(
            (&message["coding"], &message["esm_class"]),
            (&json!(deliver.data_coding), &json!(deliver.esm_class))
        );
        let sar = deliver.sar.map(|sar| json!([sar.reference, sar.total, sar.number]));
        assert_eq!(message["sar"], sar.unwrap_or(json!([null, null, null])));
        assert_eq!(smsc.answered().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_to_one_of_our_numbers_and_is_answered() {
    let mut smsc = RunningSmsc::start(SmscSettings::default()).await;
    let Some(mut peer) = start(&smsc, "peer", "any") else { return };
    peer.next("bound").await;
    let mut site = Site::start(&to("main", smsc.port, "")).await;
    site.work();
    site.bound("main").await;
    // The SMSC learns whose number is whose from what is sent.
    let sid = site.send("Will you come?").await;
    site.wait_status(&sid, "delivered").await;
    let long = TEXT.repeat(5);
    for (way, text) in
        [("udh", "YES"), ("udh", long.as_str()), ("sar", long.as_str()), ("payload", long.as_str())]
    {
        let before = site.messages().await.len();
        peer.tell(json!({ "way": way, "text": text, "from": &PATIENT[1..], "to": &OWN[1..] }));
        site.wait_messages(before + 1).await;
        let messages = site.messages().await;
        assert!(
            messages.iter().any(|message| message["body"] == text && message["direction"] == "inbound"),
            "{way}"
        );
    }
    let sid = site.send("Thank you").await;
    let message = peer.next("message").await;
    assert_eq!(hex_text(&message["hex"]), "Thank you");
    site.wait_status(&sid, "delivered").await;
    smsc.bound().await;
}
