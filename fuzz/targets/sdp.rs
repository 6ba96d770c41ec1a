//! Session descriptions of others: read or refused, and what is read can be answered and read again.

#![no_main]

use base::SeededRandom;
use libfuzzer_sys::fuzz_target;
use sip::Sdp;
use sip::sdp::{CodecKind, Direction, Fingerprint, Local, Protection, Suite};

fuzz_target!(|data: &[u8]| {
    let Ok(offer) = Sdp::parse(data) else { return };
    // Of an offer with nothing that we speak, a format is written that was not meant.
    let again = Sdp::parse(offer.wire().as_bytes()).expect("what is written can be read");
    if offer.audio.codecs.is_empty() {
        return;
    }
    assert_eq!(again.audio.codecs, offer.audio.codecs);
    assert_eq!(again.audio.direction, offer.audio.direction);
    let local = Local {
        address: [127, 0, 0, 1].into(),
        port: 4_000,
        session: 1,
        version: 1,
        codecs: vec![CodecKind::Pcmu, CodecKind::Opus],
        telephone_event: true,
        direction: Direction::SendReceive,
        protection: Protection::Required,
        suites: Suite::ALL.to_vec(),
        fingerprint: Some(Fingerprint { sha256: [1; 32] }),
    };
    if let Ok(answer) = offer.answer(&local, &SeededRandom::new(1)) {
        assert!(answer.audio.profile.is_secure());
        assert_eq!(offer.accepts(&answer), Ok(()));
        Sdp::parse(answer.wire().as_bytes()).expect("an answer can be read");
    }
});
