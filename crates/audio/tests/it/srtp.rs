//! SRTP: both ways with another implementation, and what must not be opened.

use audio::{KeyProblem, Packet, SrtpKey, SrtpProblem, SrtpReceiver, SrtpSender, Suite};
use base::SeededRandom;
use data_encoding::BASE64;
use libsrtp::{MasterKey, ProtectionProfile, RecvSession, SendSession, StreamConfig};

const SUITES: [(Suite, ProtectionProfile, usize); 3] = [
    (Suite::AesCm128HmacSha1_80, ProtectionProfile::Aes128CmHmacSha180, 16),
    (Suite::AesCm128HmacSha1_32, ProtectionProfile::Aes128CmHmacSha132, 16),
    (Suite::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm, 32),
];

fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Packet { payload_type: 0, marker: false, sequence, timestamp: 160, ssrc: 0xcafe_babe, payload }
        .write(&mut bytes);
    bytes
}

fn theirs(key: &SrtpKey, profile: &ProtectionProfile, key_bytes: usize) -> StreamConfig {
    let text = key.to_inline();
    let bytes = BASE64.decode(text.strip_prefix("inline:").unwrap().as_bytes()).unwrap();
    let master = MasterKey::new(&bytes[..key_bytes], &bytes[key_bytes..], &None);
    let rtcp = match profile {
        ProtectionProfile::Aes128CmHmacSha132 => ProtectionProfile::Aes128CmHmacSha180,
        other => *other,
    };
    StreamConfig::new(vec![master], profile, &rtcp)
}

#[test]
fn another_implementation_opens_what_we_protect_and_we_what_it_protects() {
    for (suite, profile, key_bytes) in SUITES {
        let key = SrtpKey::generate(suite, &SeededRandom::new(7));
        let mut ours = (SrtpSender::new(&key).unwrap(), SrtpReceiver::new(&key).unwrap());
        let mut sender = SendSession::new();
        sender.add_stream(None, &theirs(&key, &profile, key_bytes)).unwrap();
        let mut receiver = RecvSession::new();
        receiver.add_stream(None, &theirs(&key, &profile, key_bytes)).unwrap();
        // Over the end of the sequence numbers, with losses.
        for step in 0..200_u16 {
            let plain = packet(65_400_u16.wrapping_add(step * 3), &[step as u8; 160]);
            let mut sealed = plain.clone();
            ours.0.protect(&mut sealed).unwrap();
            assert_ne!(sealed[12..172], plain[12..172]);
            assert_eq!(receiver.rtp_unprotect(sealed).unwrap(), plain, "{suite:?} {step}");
            let mut sealed = sender.rtp_protect(plain.clone()).unwrap();
            ours.1.open(&mut sealed).unwrap();
            assert_eq!(sealed, plain, "{suite:?} {step}");
        }
        for _ in 0..3 {
            let report =
                [&[0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe][..], &[0x81, 202, 0, 1, 1, 2, 3, 4]].concat();
            let mut sealed = report.clone();
            ours.0.protect_report(&mut sealed).unwrap();
            assert_eq!(receiver.rtcp_unprotect(sealed).unwrap(), report, "{suite:?}");
            let mut sealed = sender.rtcp_protect(report.clone()).unwrap();
            ours.1.open_report(&mut sealed).unwrap();
            assert_eq!(sealed, report, "{suite:?}");
        }
    }
}

#[test]
fn nothing_repeated_altered_or_of_another_key_opens() {
    for (suite, ..) in SUITES {
        let key = SrtpKey::generate(suite, &SeededRandom::new(7));
        let mut sender = SrtpSender::new(&key).unwrap();
        let mut receiver = SrtpReceiver::new(&key).unwrap();
        let mut stranger = SrtpReceiver::new(&SrtpKey::generate(suite, &SeededRandom::new(8))).unwrap();
        let mut sealed = Vec::new();
        for sequence in 1..300 {
            let mut bytes = packet(sequence, &[1; 20]);
            sender.protect(&mut bytes).unwrap();
            sealed.push(bytes);
        }
        for at in 0..sealed[0].len() {
            let mut altered = sealed[0].clone();
            altered[at] ^= 4;
            assert!(receiver.open(&mut altered).is_err(), "{suite:?} {at}");
        }
        assert_eq!(stranger.open(&mut sealed[0].clone()), Err(SrtpProblem::NotAuthentic));
        for packet in sealed.iter().rev().take(100) {
            receiver.open(&mut packet.clone()).unwrap();
        }
        for packet in sealed.iter().rev().take(100) {
            assert_eq!(receiver.open(&mut packet.clone()), Err(SrtpProblem::Repeated));
        }
        // Older than the window: it may have come.
        assert_eq!(receiver.open(&mut sealed[10].clone()), Err(SrtpProblem::Repeated));
        assert_eq!(sender.protect(&mut packet(299, &[2; 20])), Err(SrtpProblem::Repeated));
        for short in 0..30 {
            assert!(receiver.open(&mut sealed[298][..short].to_vec()).is_err());
            assert!(receiver.open_report(&mut sealed[298][..short].to_vec()).is_err());
        }
    }
}

#[test]
fn keys_are_read_from_the_sdp_and_do_not_print() {
    let key = SrtpKey::generate(Suite::AesCm128HmacSha1_80, &SeededRandom::new(1));
    let text = key.to_inline();
    let read = |text: &str| SrtpKey::from_inline(Suite::AesCm128HmacSha1_80, text).map(|key| key.to_inline());
    assert_eq!(read(&text).unwrap(), text);
    assert_eq!(read(&format!("{}|2^31", *text)).unwrap(), text);
    assert_eq!(read(&format!("{}|2^31|1:4", *text)), Err(KeyProblem::SeveralKeys));
    assert_eq!(read("inline:AAAA"), Err(KeyProblem::Malformed));
    assert_eq!(read(&text[7..]), Err(KeyProblem::Malformed));
    assert_eq!(format!("{key:?}"), "[key]");
    assert_eq!(Suite::named("AEAD_AES_256_GCM"), Some(Suite::AeadAes256Gcm));
    assert_eq!(Suite::named("NULL"), None);
}
