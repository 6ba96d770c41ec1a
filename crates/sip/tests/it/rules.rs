//! Proofs of the guide's rules, as far as signalling can keep them. Whether they apply is the policy's decision.
#![expect(non_snake_case, reason = "the name of a proof is its rule's, two underlines, and what it shows")]

use sip::sdp::{Mismatch, Protection};
use sip::{End, Event, Failed, Transport, Uri};

use crate::site::{Datagrams, Rules, Site, answer_to, dial, event, offer};

const STRICT: Rules = Rules { realm: None, secure_media: true, secure_signalling: true, ignore_all: false };

async fn pair() -> (Site, Site) {
    let called = Site::start(STRICT).await;
    let caller = Site::start_with(Rules::default(), |settings| {
        let mut roots = rustls::RootCertStore::empty();
        let pem = called.authority.as_bytes();
        roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap()).unwrap();
        settings.trust = sip::Trust::Roots(roots);
    })
    .await;
    (caller, called)
}

#[tokio::test]
async fn voi_sipif_1__refuses_signalling_in_the_clear() {
    let (caller, called) = pair().await;
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut out = caller.endpoint.dial(dial(called.uri("bob", transport), Protection::Required)).unwrap();
        assert!(matches!(event(&mut out).await, Event::Ended(End::Refused(403))));
    }
}

#[tokio::test]
async fn voi_sipif_1__refuses_media_in_the_clear() {
    let (caller, mut called) = pair().await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Tls), Protection::Optional)).unwrap();
    assert!(matches!(event(&mut out).await, Event::Ended(End::Refused(488))));
    // Nor is it answered, offered, or changed to.
    let out = caller.endpoint.dial(dial(called.uri("bob", Transport::Tls), Protection::Preferred)).unwrap();
    let incoming = called.incoming().await;
    let insecure = Failed::Mismatch(Mismatch::Insecure);
    assert_eq!(incoming.ring(Some(offer(Protection::Optional))).await, Err(insecure));
    let sdp = answer_to(&incoming);
    let leg = incoming.answer(sdp).await.unwrap();
    let mut change = offer(Protection::Optional);
    change.version = 4;
    assert_eq!(leg.control().renegotiate(change.clone()).await.err(), Some(insecure));
    assert_eq!(out.control().renegotiate(change).await.err(), Some(Failed::Status(488)));
}

#[tokio::test]
async fn voi_sipif_1__allows_srtp_over_tls() {
    let (caller, mut called) = pair().await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Tls), Protection::Required)).unwrap();
    let incoming = called.incoming().await;
    let sdp = answer_to(&incoming);
    let _leg = incoming.answer(sdp).await.unwrap();
    let Event::Answered { answer } = event(&mut out).await else { panic!("no answer") };
    assert!(answer.audio.profile.is_secure());
    assert_eq!(answer.audio.crypto.len(), 1);
}

#[tokio::test]
async fn voi_sip_1__refuses_what_the_policy_ignores_without_a_word() {
    let site = Site::start(Rules { ignore_all: true, ..Rules::default() }).await;
    let peer = Datagrams::to(&site).await;
    let invite = "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKi;rport\r\n\
        From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:a@127.0.0.1>\r\n\r\n";
    for _ in 0..2 {
        peer.send(invite.as_bytes()).await;
    }
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn voi_sip_1__allows_who_knows_the_password() {
    let mut called = Site::start(Rules { realm: Some("clinic"), ..Rules::default() }).await;
    let caller = Site::start(Rules::default()).await;
    for (password, is_let_in) in [("wrong", false), (crate::site::PASSWORD, true)] {
        let mut wanted = dial(called.uri("bob", Transport::Udp), Protection::Optional);
        wanted.credentials = Some(sip::Credentials {
            username: crate::site::USER.to_owned(),
            password: zeroize::Zeroizing::new(password.to_owned()),
        });
        let mut out = caller.endpoint.dial(wanted).unwrap();
        if is_let_in {
            let incoming = called.incoming().await;
            let user = incoming.authenticated.as_ref().unwrap();
            assert!(user.realm == "clinic" && user.username == crate::site::USER);
            let sdp = answer_to(&incoming);
            let _leg = incoming.answer(sdp).await.unwrap();
            assert!(matches!(event(&mut out).await, Event::Answered { .. }));
        } else {
            assert!(matches!(event(&mut out).await, Event::Ended(End::Refused(401))));
        }
    }
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Udp), Protection::Optional)).unwrap();
    assert!(matches!(event(&mut out).await, Event::Ended(End::Refused(401))));
    let nobody = Uri::parse("sip:nobody@127.0.0.1:1").unwrap();
    assert_eq!(called.endpoint.contacts(&nobody.address_of_record()), 0);
}
