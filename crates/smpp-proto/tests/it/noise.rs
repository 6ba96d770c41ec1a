//! Whatever comes from the network: no panic, no endless growth, and an end that says why.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use smpp_proto::limits::PDU_BYTES;

use crate::smsc::{bound_session, events, text};

/// A PDU whose length fits, of a known or unknown command, with a body of noise.
fn framed() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        Just(0x05_u32),
        Just(0x8000_0004),
        Just(0x8000_0009),
        Just(0x8000_0000),
        Just(0x0103),
        0_u32..0x120,
        any::<u32>(),
    ];
    (command, any::<u32>(), 0_u32..8, vec(any::<u8>(), 0..300)).prop_map(
        |(command, status, sequence, body)| {
            let length = u32::try_from(16 + body.len()).unwrap();
            let header = [length, command, status, sequence].into_iter().flat_map(u32::to_be_bytes);
            header.chain(body).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn noise_never_panics(chunks in vec(vec(any::<u8>(), 0..200), 0..20)) {
        let mut session = bound_session(4);
        for (index, chunk) in chunks.iter().enumerate() {
            let now = Duration::from_secs(index as u64);
            session.receive(chunk, now);
            session.tick(now);
            events(&mut session);
        }
    }

    #[test]
    fn framed_noise_never_panics_and_every_submission_ends_once(pdus in vec(framed(), 0..30)) {
        let mut session = bound_session(4);
        for token in 0..4 {
            session.submit(&text(b"a"), token, Duration::ZERO).unwrap();
        }
        let mut told = Vec::new();
        for pdu in &pdus {
            assert!(pdu.len() <= PDU_BYTES);
            session.receive(pdu, Duration::ZERO);
            told.extend(events(&mut session));
        }
        session.disconnected();
        told.extend(events(&mut session));
        for token in 0..4 {
            let ends = told.iter().filter(|event| event.starts_with(&format!("{token} "))).count();
            assert_eq!(ends, 1);
        }
    }
}
