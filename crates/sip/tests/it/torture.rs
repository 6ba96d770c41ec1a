//! Messages that no telephone would send, after the list of RFC 4475: each is read right, refused right, or dropped,
//! and the endpoint goes on. The texts are ours; what is wrong with each is the RFC's.

use phi::SystemRandom;
use proptest::prelude::*;
use sip::limits::{HEADER_BYTES, HEADERS, MESSAGE_BYTES};
use sip::sdp::Protection;
use sip::{Message, NameAddress, Sdp, Uri, frame};

use crate::site::{Datagrams, Rules, Site, local, offer};

/// A request with these parts; the method stands in the CSeq too.
fn request(line: &str, headers: &str, body: &str) -> String {
    let method = line.split(' ').next().unwrap();
    format!(
        "{line}\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKtorture;rport\r\nMax-Forwards: 68\r\n\
         From: <sip:caller@example.net>;tag=134161461246\r\nTo: <sip:user@example.com>\r\n\
         Call-ID: torture@192.0.2.2\r\nCSeq: 8 {method}\r\nContact: <sip:caller@192.0.2.2>\r\n{headers}\r\n{body}"
    )
}

fn options(headers: &str) -> String {
    request("OPTIONS sip:user@example.com SIP/2.0", headers, "")
}

fn without(text: &str, header: &str) -> String {
    let kept: Vec<&str> = text.split("\r\n").filter(|line| !line.starts_with(header)).collect();
    kept.join("\r\n")
}

/// Section of RFC 4475, message, and the status that it gets.
fn cases() -> Vec<(&'static str, Vec<u8>, Option<u16>)> {
    let invite = "INVITE sip:user@example.com SIP/2.0";
    let sdp = "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
        m=audio 49217 RTP/AVP 0 12\r\n";
    let mut found: Vec<(&'static str, Vec<u8>, Option<u16>)> = Vec::new();
    let mut add = |section, text: String, status| found.push((section, text.into_bytes(), status));
    // Valid ones.
    let tortuous = "OPTIONS sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\nTO :\r\n sip:vivekg@chair-dnrc.example.com ;   a\r\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\n\
        Call-ID: wsinv.ndaksdj@192.0.2.1\r\ncseq: 0009\r\n  OPTIONS\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=z9hG4bK390skdjuw;rport\r\n\
        s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n";
    add("3.1.1.1", tortuous.to_owned(), Some(200));
    let strange = "!interesting-Method0123456789_*+`.%indeed'~";
    add(
        "3.1.1.2",
        request(
            &format!("{strange} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:@example.com SIP/2.0"),
            "",
            "",
        ),
        Some(501),
    );
    add("3.1.1.3", request("OPTIONS sip:sips%3Auser%40example.com@example.net SIP/2.0", "", ""), Some(200));
    add("3.1.1.4", request("OPTIONS sip:null-%00-null@example.com SIP/2.0", "", ""), Some(200));
    add("3.1.1.5", request("RE%47IST%45R sip:registrar.example.com SIP/2.0", "", ""), Some(501));
    add("3.1.1.6", options("").replace("From: <", "From: caller<"), Some(200));
    add("3.1.1.7", options(&format!("Unknown-{}: {}\r\n", "n".repeat(60), "long".repeat(900))), Some(200));
    add(
        "3.1.1.8",
        options("Content-Length: 0\r\n")
            + "INVITE sip:joe@example.com SIP/2.0\r\nt: <sip:joe@example.com>\r\n\r\n",
        Some(200),
    );
    add("3.1.1.9", request("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", "", ""), Some(200));
    add(
        "3.1.1.10",
        options(
            "Via: SIP/2.0/SCTP s1.example.com;branch=z9hG4bK1, SIP/2.0/UNKNOWN u.example.com;branch=z9hG4bK2\r\n",
        ),
        Some(200),
    );
    // Invalid ones.
    add(
        "3.1.2.1",
        options("")
            .replace("Contact: <sip:caller@192.0.2.2>", "Contact: \"Joe\" <sip:joe@example.org>;;;;")
            .replace("To: <sip:user@example.com>", "To: <sip:user@example.com>;;,;"),
        Some(400),
    );
    add(
        "3.1.2.2",
        request(invite, "Content-Type: application/sdp\r\nContent-Length: 9999\r\n", sdp),
        Some(400),
    );
    add("3.1.2.3", request(invite, "Content-Length: -999\r\n", sdp), Some(400));
    add("3.1.2.4", options("").replace("CSeq: 8 ", "CSeq: 36893488147419103232 "), Some(400));
    add("3.1.2.4 Max-Forwards", options("").replace("Max-Forwards: 68", "Max-Forwards: 300"), Some(400));
    add("3.1.2.6", options("").replace("To: <sip", "To: \"Mr. J. User <sip"), Some(400));
    add("3.1.2.7", request("OPTIONS <sip:user@example.com> SIP/2.0", "", ""), Some(400));
    add("3.1.2.8", request("OPTIONS sip:user@example.com; lr SIP/2.0", "", ""), Some(400));
    add("3.1.2.9", request("OPTIONS  sip:user@example.com  SIP/2.0", "", ""), Some(400));
    add("3.1.2.10", request("OPTIONS sip:remote-target@example.com SIP/2.0  ", "", ""), Some(400));
    add(
        "3.1.2.11",
        request("OPTIONS sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", "", ""),
        Some(400),
    );
    add(
        "3.1.2.14",
        options("")
            .replace("To: <sip:user@example.com>", "To: \"Watson, Thomas\" < sip:t.watson@example.org >"),
        Some(400),
    );
    add(
        "3.1.2.15",
        options("")
            .replace("From: <sip:caller@example.net>", "From: Bell, Alexander <sip:a.g.bell@example.com>"),
        Some(400),
    );
    add("3.1.2.16", request("OPTIONS sip:t.watson@example.org SIP/7.0", "", ""), Some(505));
    add("3.1.2.17", options("").replace("CSeq: 8 OPTIONS", "CSeq: 8 INVITE"), Some(400));
    add(
        "3.1.2.18",
        request("NEWMETHOD sip:user@example.com SIP/2.0", "", "")
            .replace("CSeq: 8 NEWMETHOD", "CSeq: 8 INVITE"),
        Some(400),
    );
    add("3.1.2.19", "SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\nCall-ID: bigcode\r\nCSeq: 353494 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\nTo: <sip:user@example.edu>;tag=902jndnke3\r\n\r\n".to_owned(), None);
    // Those that an application has to judge.
    for header in ["From:", "To:", "Call-ID:", "CSeq:"] {
        add("3.3.1", without(&options(""), header), Some(400));
    }
    add("3.3.2", request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", "", ""), Some(416));
    add("3.3.3", request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", "", ""), Some(416));
    add("3.3.4", options("").replace("To: <sip:user@example.com>", "To: isbn:2983792873"), Some(200));
    add(
        "3.3.5",
        request(invite, "Require: nothingSupportsThis, nothingSupportsThisEither\r\n", ""),
        Some(420),
    );
    add(
        "3.3.6",
        request(invite, "Content-Type: application/unknownformat\r\nContent-Length: 4\r\n", "<a/>"),
        Some(415),
    );
    add("3.3.8", options("Call-ID: other@192.0.2.2\r\n"), Some(400));
    add("3.3.9", request(invite, "Content-Length: 150\r\nContent-Length: 139\r\n", sdp), Some(400));
    add("3.3.10", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nCall-ID: x\r\nCSeq: 8 INVITE\r\nFrom: <sip:a@example.com>;tag=2\r\nTo: <sip:b@example.com>;tag=3\r\n\r\n".to_owned(), None);
    add("3.3.11", options("").replace("Max-Forwards: 68", "Max-Forwards: 0"), Some(200));
    add(
        "3.4.1",
        without(&options(""), "x")
            .replace("branch=z9hG4bKtorture", "branch=old")
            .replace(";tag=134161461246", ""),
        Some(200),
    );
    // Ours: what is over a limit, or no message at all.
    add("headers", options(&"X-A: 1\r\n".repeat(HEADERS)), None);
    add("header", options(&format!("X-A: {}\r\n", "a".repeat(HEADER_BYTES + 1))), None);
    add("size", options(&format!("Content-Length: {MESSAGE_BYTES}\r\n")) + &"a".repeat(MESSAGE_BYTES), None);
    add("body", request(invite, "Content-Type: application/sdp\r\n", &"a".repeat(8_193)), Some(413));
    add("no sdp", request(invite, "Content-Type: application/sdp\r\n", "v=0\r\nnonsense\r\n"), Some(400));
    add(
        "no audio",
        request(invite, "Content-Type: application/sdp\r\n", &sdp.replace("m=audio", "m=video")),
        Some(488),
    );
    add("control", options("X-A: a\u{1}b\r\n"), Some(400));
    add("no colon", options("nonsense\r\n"), Some(400));
    add("brief session", request(invite, "Session-Expires: 30\r\n", ""), Some(422));
    add("no contact", without(&request(invite, "", ""), "Contact:"), Some(400));
    add("outside of a call", request("BYE sip:user@example.com SIP/2.0", "", ""), Some(481));
    add("CANCEL of nothing", request("CANCEL sip:user@example.com SIP/2.0", "", ""), Some(481));
    add("ACK of nothing", request("ACK sip:user@example.com SIP/2.0", "", ""), None);
    add("empty", String::new(), None);
    add("ping", "\r\n\r\n".to_owned(), None);
    let mut bytes = options("X-A: ").into_bytes();
    bytes.extend_from_slice(&[0xff, 0xfe, b'\r', b'\n', b'\r', b'\n']);
    found.push(("no text", bytes, None));
    found
}

#[tokio::test]
async fn each_message_of_the_list_is_met_as_it_deserves() {
    let site = Site::start(Rules::default()).await;
    for (at, (section, message, status)) in cases().into_iter().enumerate() {
        // Each from a socket and in a call of its own, so that none is a repetition of another.
        let peer = Datagrams::to(&site).await;
        let text = message
            .windows(7)
            .position(|window| window == b"torture")
            .map(|_| replace(&message, b"torture", format!("torture{at}").as_bytes()));
        peer.send(&text.unwrap_or(message)).await;
        assert_eq!(peer.status().await, status, "RFC 4475 {section} ({at})");
    }
    let peer = Datagrams::to(&site).await;
    peer.send(options("").as_bytes()).await;
    assert_eq!(peer.status().await, Some(200));
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_a_copy_by_another_way_none() {
    let mut site = Site::start(Rules::default()).await;
    let peer = Datagrams::to(&site).await;
    let diverted = "Diversion: \"Front\" <sip:+14155550111@example.com>;reason=no-answer, <sip:x@y>\r\n";
    let invite = request("INVITE sip:user@example.com SIP/2.0", diverted, "");
    peer.send(invite.as_bytes()).await;
    let incoming = site.incoming().await;
    assert_eq!(incoming.forwarded_from.as_deref(), Some("+14155550111"));
    assert_eq!(incoming.call_id, "torture@192.0.2.2");
    incoming.ring(None).await.unwrap();
    assert_eq!(peer.status().await, Some(180));
    peer.send(invite.as_bytes()).await;
    assert_eq!(peer.status().await, Some(180));
    peer.send(invite.replace("z9hG4bKtorture", "z9hG4bKother").as_bytes()).await;
    assert_eq!(peer.status().await, Some(482));
    incoming.reject(486).await;
    assert_eq!(peer.status().await, Some(486));
    // Until it is acknowledged it is repeated.
    assert_eq!(peer.status().await, Some(486));
    assert_eq!(site.endpoint.stats().transactions, 1);
    let tag = "To: <sip:user@example.com>;tag=x";
    let ack = request("ACK sip:user@example.com SIP/2.0", "", "").replace("To: <sip:user@example.com>", tag);
    peer.send(ack.as_bytes()).await;
    site.is_idle().await;
    while site.endpoint.stats().transactions > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(peer.status().await, None);
}

#[tokio::test]
async fn a_stream_is_cut_into_its_messages_and_ends_when_it_cannot_be() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start(Rules::default()).await;
    let address = site.address(sip::Transport::Tcp);
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let first = options("l: 3\r\n") + "abc";
    let second = options("").replace("torture", "second");
    let both = format!("\r\n\r\n{first}{second}");
    for piece in both.as_bytes().chunks(7) {
        stream.write_all(piece).await.unwrap();
    }
    let mut answers = Vec::new();
    while String::from_utf8_lossy(&answers).matches("SIP/2.0 200 OK").count() < 2 {
        assert!(stream.read_buf(&mut answers).await.unwrap() > 0);
    }
    // The first thing to come back is the pong.
    assert!(answers.starts_with(b"\r\nSIP/2.0 200"));
    stream.write_all(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    // Nothing comes after the rest of the second answer but the end.
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("SIP/2.0"));
    assert_eq!(site.endpoint.stats().connections, 0);
}

/// Bytes that are the same but for some octets, which are others, or missing, or there twice.
fn damaged(original: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> =
        vec![b";", b"\"", b"<", b">", b",", b"\r\n", b" ", b":", b"=", b"@", b"\\", b"%", b"\x00", b"\xc3"];
    let change = (any::<prop::sample::Index>(), 0..3_u8, prop::sample::select(pieces));
    prop::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut bytes = original.clone();
        for (at, kind, piece) in changes {
            let at = at.index(bytes.len().max(1));
            match kind {
                0 => drop(bytes.splice(at..at, piece.iter().copied())),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => {
                    let end = (at + 20).min(bytes.len());
                    let copy = bytes[at.min(end)..end].to_vec();
                    drop(bytes.splice(at..at, copy));
                }
            }
        }
        bytes
    })
}

fn some_message() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> =
        cases().into_iter().map(|(_, message, _)| message).filter(|m| m.len() < 4_096).collect();
    prop::sample::select(all).prop_flat_map(damaged)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn damaged_messages_are_read_or_refused(bytes in some_message()) {
        if let Ok(message) = Message::read(&bytes) {
            message.examine();
        }
        let _ = frame(&bytes);
    }

    #[test]
    fn damaged_addresses_are_read_again_as_they_are_written(
        bytes in damaged(b"\"A \\\"B\\\\\" <sips:+1%2041@[2001:db8::1]:5061;transport=tls;lr>;tag=1;x=\"a b\"".to_vec())
    ) {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            if let Ok(address) = NameAddress::parse(text) {
                let again = NameAddress::parse(&address.text());
                prop_assert!(again.is_ok_and(|again| again.uri == address.uri), "{}", address.text());
            }
            let uri = text.split('<').nth(1).and_then(|text| text.split('>').next()).map(Uri::parse);
            if let Some(Ok(uri)) = uri {
                prop_assert!(Uri::parse(&uri.text()).is_ok_and(|again| again == uri), "{}", uri.text());
            }
        }
    }

    #[test]
    fn damaged_descriptions_are_refused_or_answered(
        bytes in prop_oneof![Just(Protection::Optional), Just(Protection::Required)]
            .prop_flat_map(|protection| damaged(offer(protection).wire().as_bytes().to_vec()))
    ) {
        if let Ok(offer) = Sdp::parse(&bytes) {
            prop_assert!(Sdp::parse(offer.wire().as_bytes()).is_ok());
            if let Ok(answer) = offer.answer(&local(Protection::Required, 1), &SystemRandom) {
                prop_assert!(answer.audio.profile.is_secure());
                prop_assert_eq!(offer.accepts(&answer), Ok(()));
                prop_assert!(Sdp::parse(answer.wire().as_bytes()).is_ok());
            }
        }
    }
}
