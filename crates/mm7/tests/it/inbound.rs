//! What an MMSC tells: messages of handsets, and what became of ours.

use data_encoding::BASE64;

use crate::mmsc::envelope;
use crate::site::{CANARY, CLINIC, DOOR, LOGIN, OWN, PATIENT, PICTURE, Site};

/// A report about the message that the MMSC calls so, from our number to the handset.
pub(crate) fn report(id: &str, status: &str) -> String {
    report_of(id, status, OWN, PATIENT)
}

pub(crate) fn report_of(id: &str, status: &str, from: &str, to: &str) -> String {
    envelope(
        "tx-report",
        &format!(
            "<DeliveryReportReq><MM7Version>6.8.0</MM7Version><MessageID>{id}</MessageID><Recipient><Number>{to}</Number>\
             </Recipient><Sender><Number>{from}</Number></Sender><Date>2026-01-15T12:00:00Z</Date><MMStatus>{status}</MMStatus>\
             </DeliveryReportReq>"
        ),
    )
}

const RELATED: &str = "multipart/related; boundary=outer; type=\"text/xml\"; start=\"<env>\"";

/// A message from the handset to these numbers, with these parts: type and bytes.
fn deliver(linked: &str, to: &[&str], parts: &[(&str, &[u8])]) -> Vec<u8> {
    let to: String = to.iter().map(|to| format!("<Number>{to}</Number>")).collect();
    let told = format!(
        "<DeliverReq><MM7Version>6.8.0</MM7Version>{linked}<Sender><Number>{}/TYPE=PLMN</Number></Sender><Recipients><To>{to}</To>\
         </Recipients><TimeStamp>2026-01-15T12:00:00Z</TimeStamp><Subject>Re: it</Subject><Content href=\"cid:mm\"/></DeliverReq>",
        &PATIENT[1..]
    );
    let mut body = format!("--outer\r\nContent-Type: text/xml\r\nContent-ID: <env>\r\n\r\n{}\r\n--outer\r\nContent-ID: <mm>\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n", envelope("tx-1", &told)).into_bytes();
    for (kind, bytes) in parts {
        body.extend(
            format!(
                "--inner\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                BASE64.encode(bytes)
            )
            .into_bytes(),
        );
    }
    body.extend(b"--inner--\r\n\r\n--outer--\r\n");
    body
}

const LINKED: &str = "<LinkedID>l-1</LinkedID>";

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_handset_comes_in_once_with_its_media() {
    let site = Site::start().await;
    let parts: [(&str, &[u8]); 4] = [
        ("application/smil", b"<smil/>"),
        ("text/plain; charset=utf-8", "Schöne Grüße".as_bytes()),
        ("image/jpeg", PICTURE),
        ("text/plain", b"  "),
    ];
    for _ in 0..2 {
        let told = site.tell(RELATED, deliver(LINKED, &[OWN], &parts)).await;
        assert!(told.assert_status(200).text.contains("<StatusCode>1000<"), "{}", told.text);
        assert!(told.text.contains("DeliverRsp") && told.text.contains(">tx-1<"));
    }
    let received = site.received().await;
    assert_eq!(received.len(), 1);
    let message = &received[0];
    assert_eq!((&message["from"], &message["to"]), (&PATIENT.into(), &OWN.into()));
    assert_eq!((&message["body"], &message["num_media"]), (&"Schöne Grüße".into(), &"1".into()));
    let uri = message["subresource_uris"]["media"].as_str().unwrap();
    let media = site.app.get(&site.app.owner, "api", uri).await.json["media_list"].clone();
    assert_eq!(media[0]["content_type"], "image/png", "by the looks of the bytes");
    // An equal name with other content is another message, and so is another name.
    site.tell(RELATED, deliver(LINKED, &[OWN], &[("text/plain", b"Yes")])).await.assert_status(200);
    site.tell(RELATED, deliver("<LinkedID>l-2</LinkedID>", &[OWN], &[("text/plain", b"Yes")]))
        .await
        .assert_status(200);
    assert_eq!(site.received().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_above_a_message_without_a_text_is_its_text() {
    let site = Site::start().await;
    site.tell(RELATED, deliver(LINKED, &["+14155550199", OWN, CLINIC], &[("image/png", PICTURE)]))
        .await
        .assert_status(200);
    assert_eq!(site.received().await[0]["body"], "Re: it");
    // Each recipient that is ours has it.
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", site.app.hipaa.sid);
    let listed = site.app.get(&site.app.hipaa, "api", &path).await;
    assert_eq!(listed.json["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_by_its_code() {
    let site = Site::start().await;
    let nobody = deliver(LINKED, &["+14155550199"], &[("text/plain", b"x")]);
    let many = vec![("image/png", PICTURE); messaging::limits::MAX_MEDIA + 1];
    let read = envelope("tx-2", "<ReadReplyReq><MessageID>m-1</MessageID></ReadReplyReq>");
    let other = envelope("tx-2", "<SomethingReq/>");
    for (kind, body, status, code, name) in [
        (RELATED, nobody, 200, 2002, "DeliverRsp"),
        (RELATED, deliver(LINKED, &[OWN], &many), 200, 2004, "DeliverRsp"),
        ("text/xml", read.into_bytes(), 200, 1000, "ReadReplyRsp"),
        ("text/xml", other.into_bytes(), 200, 4003, "VASPErrorRsp"),
        ("text/xml", b"<html/>".to_vec(), 400, 2007, "VASPErrorRsp"),
        ("", b"".to_vec(), 400, 2007, "VASPErrorRsp"),
        (RELATED, b"--outer\r\n".to_vec(), 400, 2007, "VASPErrorRsp"),
        ("text/xml", report("m-404", "Retrieved").into_bytes(), 200, 2005, "DeliveryReportRsp"),
    ] {
        let told = site.tell(kind, body).await;
        assert_eq!(told.status, status, "{name} {code}");
        assert!(
            told.text.contains(&format!("<StatusCode>{code}<")) && told.text.contains(name),
            "{}",
            told.text
        );
    }
    assert!(site.received().await.is_empty());
    let large = vec![b'x'; mm7::limits::INBOUND_BYTES + 1];
    site.tell("text/xml", large).await.assert_status(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_mmsc_is_told_nothing_and_read_by_nobody() {
    let site = Site::start().await;
    let body = deliver(LINKED, &[OWN], &[("text/plain", CANARY.as_bytes())]);
    let owner = site.app.owner.sid.to_string();
    let elsewhere = DOOR.replace("main", "other");
    for (login, path) in [
        (None, DOOR),
        (Some((LOGIN.0, "another-password-of-it")), DOOR),
        (Some(("other", LOGIN.1)), DOOR),
        (Some((LOGIN.0, "")), DOOR),
        (Some(LOGIN), elsewhere.as_str()),
        (Some((owner.as_str(), site.app.owner.token.reveal())), DOOR),
    ] {
        site.tell_as(login, path, RELATED, body.clone()).await.assert_error(403, 20_003);
    }
    assert!(site.received().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mmsc_that_calls_from_elsewhere_is_refused() {
    let site = Site::start_with("inbound_from = [\"198.51.100.7\"]").await;
    site.tell("text/xml", report("m-1", "Retrieved")).await.assert_error(403, 20_003);
    let site = Site::start_with("inbound_from = [\"127.0.0.1\"]").await;
    site.tell("text/xml", report("m-1", "Retrieved")).await.assert_status(200);
}
