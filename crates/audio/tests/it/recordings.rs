//! Recordings: what is on the disk, what a crash leaves, and who can open it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use audio::draft::{Draft, DraftProblem, DraftWriter};
use audio::tone::{share_of, tone};
use audio::{Channels, Codec, EncryptionDetails, Event, PublicKey, PublicKeyProblem, RecordOptions, Repeat};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base::SeededRandom;
use data_encoding::BASE64;
use phi::DataKey;

use crate::calls::{Phone, engine, sine, until};

fn key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

fn writer(path: &Path, channels: Channels, customer: Option<&PublicKey>) -> DraftWriter {
    DraftWriter::create(path, key(), "RE1", channels, customer, &SeededRandom::new(3)).unwrap()
}

fn whole(draft: &mut Draft) -> Vec<u8> {
    let mut file = Vec::new();
    while let Some(piece) = draft.next_piece().unwrap() {
        file.extend_from_slice(&piece);
    }
    file
}

/// A customer: the public half as it is uploaded, the private half as it is kept.
struct Customer(PrivateDecryptingKey);

impl Customer {
    fn new(size: KeySize) -> Self {
        Self(PrivateDecryptingKey::generate(size).unwrap())
    }

    fn pem(&self) -> String {
        let der: PublicKeyX509Der = self.0.public_key().as_der().unwrap();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(der.as_ref()))
    }

    fn public(&self) -> PublicKey {
        PublicKey::from_pem("CR1", &self.pem()).unwrap()
    }

    /// Twilio's published steps: the key by RSAES-OAEP-SHA256, the file by AES-256-GCM with its tag at the end.
    fn decrypt(self, details: &EncryptionDetails, file: &[u8]) -> Option<Vec<u8>> {
        let private = OaepPrivateDecryptingKey::new(self.0).unwrap();
        let wrapped = BASE64.decode(details.encrypted_cek.as_bytes()).unwrap();
        let mut buffer = vec![0; private.min_output_size()];
        let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, &wrapped, &mut buffer, None).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        let iv = BASE64.decode(details.iv.as_bytes()).unwrap();
        let mut file = file.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&iv).unwrap();
        key.open_in_place(nonce, Aad::empty(), &mut file).ok().map(|plain| plain.to_vec())
    }
}

/// The samples of a WAV file of ours, after its header was looked at.
fn samples(file: &[u8], channels: u16) -> Vec<i16> {
    assert_eq!((&file[..4], &file[8..16], &file[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!(file[22..24], channels.to_le_bytes());
    assert_eq!(file[4..8], (file.len() as u32 - 8).to_le_bytes());
    assert_eq!(file[40..44], (file.len() as u32 - 44).to_le_bytes());
    file[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn holds(path: &Path, canary: &[i16]) -> bool {
    let bytes = fs::read(path).unwrap();
    let canary: Vec<_> = canary.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    bytes.windows(canary.len()).any(|window| window == canary)
}

#[test]
fn voi_recenc_0__refuses_to_write_in_the_clear_or_to_open_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft");
    let said = tone(&[440.0], 9_000, Duration::from_secs(1));
    let mut draft = writer(&path, Channels::Mono, None);
    for piece in said.chunks(700) {
        draft.write(piece).unwrap();
        assert!(!holds(&path, &said[40..48]));
    }
    draft.finish().unwrap();
    let opened =
        |key: [u8; 32], identity: &str| Draft::open(&path, DataKey::from_bytes(key), identity).map(drop);
    assert_eq!(opened([8; 32], "RE1"), Err(DraftProblem::Sealed));
    assert_eq!(opened([7; 32], "RE2"), Err(DraftProblem::Sealed));
    let sealed = fs::read(&path).unwrap();
    for at in (0..sealed.len()).step_by(97) {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        fs::write(&path, &altered).unwrap();
        // A length that was altered may look like a crash; what is left then is not whole.
        assert!(Draft::open(&path, key(), "RE1").map(|draft| draft.is_whole()) != Ok(true), "{at}");
    }
}

#[test]
fn voi_recenc_0__allows_the_holder_of_the_key_to_read_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft");
    let said = tone(&[440.0], 9_000, Duration::from_secs(1));
    let mut draft = writer(&path, Channels::Mono, None);
    said.chunks(700).for_each(|piece| draft.write(piece).unwrap());
    draft.finish().unwrap();
    let mut draft = Draft::open(&path, key(), "RE1").unwrap();
    assert!(draft.is_whole());
    assert_eq!((draft.duration(), draft.size()), (Duration::from_secs(1), 16_044));
    assert_eq!(samples(&whole(&mut draft), 1), said);
}

#[test]
fn voi_recenc_1__refuses_everybody_but_the_holder_of_the_private_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft");
    let customer = Customer::new(KeySize::Rsa2048);
    let said = tone(&[440.0], 9_000, Duration::from_secs(1));
    let mut draft = writer(&path, Channels::Dual, Some(&customer.public()));
    said.chunks(800).for_each(|piece| draft.write(piece).unwrap());
    draft.finish().unwrap();
    let mut draft = Draft::open(&path, key(), "RE1").unwrap();
    let details = draft.encryption_details().unwrap().clone();
    let file = whole(&mut draft);
    // Even with our key opened it is no audio.
    let start: Vec<_> = said[40..48].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(!file.windows(16).any(|window| window == start) && !file.starts_with(b"RIFF"));
    assert_eq!(Customer::new(KeySize::Rsa2048).decrypt(&details, &file), None);
    let mut altered = file.clone();
    altered[500] ^= 1;
    assert_eq!(customer.decrypt(&details, &altered), None);
    for wrong in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert!(PublicKey::from_pem("CR1", wrong).is_err());
    }
    assert_eq!(PublicKey::from_pem("CR1", "x").map(drop), Err(PublicKeyProblem::Malformed));
}

#[test]
fn voi_recenc_1__allows_the_customer_to_decrypt_by_the_published_steps() {
    let folder = tempfile::tempdir().unwrap();
    for (at, length) in [0, 1, 7, 8, 9, 10, 800, 8_000].into_iter().enumerate() {
        let path = folder.path().join(at.to_string());
        let customer = Customer::new(KeySize::Rsa2048);
        let said = &tone(&[440.0], 9_000, Duration::from_secs(1))[..length];
        let mut draft = writer(&path, Channels::Mono, Some(&customer.public()));
        said.chunks(700).for_each(|piece| draft.write(piece).unwrap());
        draft.finish().unwrap();
        let mut draft = Draft::open(&path, key(), "RE1").unwrap();
        let (details, size) = (draft.encryption_details().unwrap().clone(), draft.size());
        let file = whole(&mut draft);
        assert_eq!((file.len() as u64, details.public_key_sid.as_str()), (size, "CR1"));
        assert_eq!(samples(&customer.decrypt(&details, &file).unwrap(), 1), said);
    }
}

#[test]
fn what_a_crash_cuts_off_is_a_recording_up_to_its_last_piece() {
    let folder = tempfile::tempdir().unwrap();
    let said = tone(&[440.0], 9_000, Duration::from_secs(1));
    for with_customer in [false, true] {
        let customer = Customer::new(KeySize::Rsa2048);
        let path = folder.path().join(with_customer.to_string());
        let public = customer.public();
        let mut draft = writer(&path, Channels::Mono, with_customer.then_some(&public));
        said.chunks(800).take(3).for_each(|piece| draft.write(piece).unwrap());
        let kept = fs::metadata(&path).unwrap().len();
        draft.write(&said[2_400..]).unwrap();
        drop(draft);
        // The last write reached the disk by half.
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(kept + 500).unwrap();
        let mut draft = Draft::open(&path, key(), "RE1").unwrap();
        assert_eq!((draft.is_whole(), draft.duration()), (false, Duration::from_millis(300)));
        let details = draft.encryption_details().cloned();
        let file = whole(&mut draft);
        let file = details.map_or(file.clone(), |details| customer.decrypt(&details, &file).unwrap());
        assert_eq!(samples(&file, 1), said[..2_400]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_with_each_side_on_its_channel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft");
    let engine = engine(23_000);
    let (session, mut events) = engine.session().unwrap();
    let mut phone = Phone::calling(&session);
    session.set_media(phone.media(Codec::Pcmu)).unwrap();
    session.play(sine(900.0), Repeat::Forever).unwrap();
    let recording = session.record(writer(&path, Channels::Dual, None), RecordOptions::default()).unwrap();
    let speaking = std::thread::spawn(move || phone.sound(Codec::Pcmu, 500.0, 60));
    speaking.join().unwrap();
    recording.stop();
    let recorded = recording.ended().await;
    until(&mut events, |event| *event == Event::RecordingEnded).await;
    assert!(recorded.problem.is_none() && recorded.duration > Duration::from_millis(900), "{recorded:?}");
    let mut draft = Draft::open(&path, key(), "RE1").unwrap();
    assert_eq!(draft.duration(), recorded.duration);
    let both = samples(&whole(&mut draft), 2);
    let middle = both.len() / 4 * 2;
    let side =
        |side: usize| -> Vec<_> { both[middle..].iter().skip(side).step_by(2).take(800).copied().collect() };
    assert!(share_of(&side(0), 500.0) > 0.8, "{}", share_of(&side(0), 500.0));
    assert!(share_of(&side(1), 900.0) > 0.8, "{}", share_of(&side(1), 900.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_a_recording_and_is_left_out_when_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft");
    let engine = engine(23_200);
    let (session, _events) = engine.session().unwrap();
    let mut phone = Phone::calling(&session);
    session.set_media(phone.media(Codec::Pcmu)).unwrap();
    let options =
        RecordOptions { silence: Some(Duration::from_secs(1)), trims_silence: true, ..Default::default() };
    let recording = session.record(writer(&path, Channels::Incoming, None), options).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    phone.sound(Codec::Pcmu, 500.0, 40);
    let recorded = recording.ended().await;
    let lasted = recorded.duration.as_millis();
    assert!((600..1_300).contains(&lasted), "{recorded:?}");
}

/// Goal: a pause that is written all at once is read back. Method: a minute of two channels, for us and for a customer.
#[test]
fn a_minute_that_is_written_at_once_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let samples = vec![7_i16; 2 * 60 * 8_000];
    for (name, customer) in [("ours", None), ("theirs", Some(Customer::new(KeySize::Rsa2048)))] {
        let path = folder.path().join(name);
        let public = customer.as_ref().map(Customer::public);
        let mut writer = writer(&path, Channels::Dual, public.as_ref());
        writer.write(&samples).unwrap();
        writer.finish().unwrap();
        let mut draft = Draft::open(&path, key(), "RE1").unwrap();
        assert!(draft.is_whole());
        assert_eq!(draft.duration(), Duration::from_secs(60));
        let size = draft.size();
        assert_eq!(whole(&mut draft).len() as u64, size, "{name}");
    }
}
