//! SRTP with keys from the SDP (RFC 3711, RFC 4568, RFC 7714), on the one cryptography provider of the program.
//!
//! Ours and not a crate's: the crates bring a second implementation of AES and HMAC into a program whose cryptography has a
//! FIPS build, and what is left without the primitives is this file. It is held against another implementation in
//! `tests/it/srtp.rs`.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use base::Random;
use data_encoding::BASE64;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::limits::{INLINE_CHARACTERS, REPLAY_WINDOW, SRTCP_PACKETS, SRTP_PACKETS, SRTP_STREAMS};
use crate::rtp::header_length;

/// How packets are protected, by its name in an SDP `crypto` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`: the one that everybody has (RFC 4568 6.2.1).
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: the same with a shorter tag on audio (RFC 4568 6.2.2).
    AesCm128HmacSha1_32,
    /// `AEAD_AES_256_GCM` (RFC 7714 14.2).
    AeadAes256Gcm,
}

impl Suite {
    /// The suite of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::AeadAes256Gcm, Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32]
            .into_iter()
            .find(|suite| suite.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    const fn salt_bytes(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 14,
            Self::AeadAes256Gcm => 12,
        }
    }
}

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// Not `inline:` and a key of the suite's length.
    Malformed,
    /// It has a master key identifier or several keys, which are not served.
    SeveralKeys,
}

/// The master key and salt of one direction; wiped when dropped, and without text.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SrtpKey {
    #[zeroize(skip)]
    suite: Suite,
    /// Key, then salt.
    bytes: Vec<u8>,
}

impl SrtpKey {
    /// A fresh one, for our side of an offer or answer.
    pub fn generate(suite: Suite, random: &dyn Random) -> Self {
        let mut bytes = vec![0; suite.key_bytes() + suite.salt_bytes()];
        random.fill(&mut bytes);
        Self { suite, bytes }
    }

    /// Reads the key parameters of an SDP `crypto` attribute: `inline:` and base64, and a lifetime, which is taken as
    /// the longest there may be (RFC 4568 6.1).
    ///
    /// # Errors
    /// [`KeyProblem`].
    pub fn from_inline(suite: Suite, text: &str) -> Result<Self, KeyProblem> {
        let text = text.strip_prefix("inline:").ok_or(KeyProblem::Malformed)?;
        if text.len() > INLINE_CHARACTERS {
            return Err(KeyProblem::Malformed);
        }
        let mut parts = text.split('|');
        let encoded = parts.next().unwrap_or_default();
        if text.contains(';') || parts.any(|part| part.contains(':')) {
            return Err(KeyProblem::SeveralKeys);
        }
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| KeyProblem::Malformed)?;
        let key = Self { suite, bytes };
        match key.bytes.len() == suite.key_bytes() + suite.salt_bytes() {
            true => Ok(key),
            false => Err(KeyProblem::Malformed),
        }
    }

    /// The key parameters for an SDP `crypto` attribute.
    pub fn to_inline(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from("inline:"));
        BASE64.encode_append(&self.bytes, &mut text);
        text
    }

    /// How it protects.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    fn master(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at(self.suite.key_bytes())
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// The keys of both directions. Each side chooses the key of what it sends (RFC 4568 6.1).
#[derive(Clone, Debug)]
pub struct SrtpKeys {
    /// Ours.
    pub send: SrtpKey,
    /// The other side's.
    pub receive: SrtpKey,
}

impl SrtpKeys {
    /// Whether both are the same, without telling where they differ.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |one: &SrtpKey, two: &SrtpKey| {
            one.suite == two.suite && phi::constant_time_eq(&one.bytes, &two.bytes)
        };
        same(&self.send, &other.send) & same(&self.receive, &other.receive)
    }
}

/// Why a packet was not protected or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpProblem {
    /// Not a packet, or too short for its tag.
    Malformed,
    /// Its tag is of another key, or it was altered.
    NotAuthentic,
    /// It came before.
    Repeated,
    /// More streams than are kept apart.
    TooManyStreams,
    /// The key has protected as much as it may.
    UsedUp,
    /// The provider failed.
    Provider,
}

/// What a key derivation is for (RFC 3711 4.3.2).
#[derive(Clone, Copy)]
enum Label {
    Cipher = 0,
    Authentication = 1,
    Salt = 2,
}

/// The session keys of RTP or of RTCP.
struct Keys {
    cipher: Cipher,
    salt: [u8; 14],
}

enum Cipher {
    Counter { aes: Box<EncryptingKey>, mac: Box<hmac::Key>, tag: usize },
    Gcm(LessSafeKey),
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.salt.zeroize();
    }
}

/// Octets of a tag of GCM (RFC 7714 4).
const GCM_TAG: usize = 16;

/// Octets of the index of a protected report (RFC 3711 3.4).
const INDEX_BYTES: usize = 4;

/// Octets of a report that stay readable: its header and sender.
const REPORT_HEADER: usize = 8;

fn aes(key: &[u8]) -> Result<EncryptingKey, SrtpProblem> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| SrtpProblem::Provider)?;
    EncryptingKey::ctr(key).map_err(|_| SrtpProblem::Provider)
}

/// Applies the key stream that begins with this counter.
fn count(aes: &EncryptingKey, iv: [u8; 16], bytes: &mut [u8]) -> Result<(), SrtpProblem> {
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    aes.less_safe_encrypt(bytes, context).map(drop).map_err(|_| SrtpProblem::Provider)
}

impl Keys {
    fn derive(key: &SrtpKey, is_rtcp: bool) -> Result<Self, SrtpProblem> {
        let (master, salt) = key.master();
        let prf = aes(master)?;
        let fill = |label: Label, out: &mut [u8]| {
            let mut iv = [0; 16];
            iv[..salt.len()].copy_from_slice(salt);
            iv[7] ^= label as u8 + if is_rtcp { 3 } else { 0 };
            count(&prf, iv, out)
        };
        let mut session = Zeroizing::new(vec![0; key.suite.key_bytes()]);
        fill(Label::Cipher, &mut session)?;
        let mut keys = Self { cipher: Self::cipher(key.suite, is_rtcp, &session, fill)?, salt: [0; 14] };
        fill(Label::Salt, &mut keys.salt[..key.suite.salt_bytes()])?;
        Ok(keys)
    }

    fn cipher(
        suite: Suite,
        is_rtcp: bool,
        session: &[u8],
        fill: impl Fn(Label, &mut [u8]) -> Result<(), SrtpProblem>,
    ) -> Result<Cipher, SrtpProblem> {
        if suite == Suite::AeadAes256Gcm {
            let key = UnboundKey::new(&AES_256_GCM, session).map_err(|_| SrtpProblem::Provider)?;
            return Ok(Cipher::Gcm(LessSafeKey::new(key)));
        }
        let mut authentication = Zeroizing::new([0; 20]);
        fill(Label::Authentication, &mut *authentication)?;
        let mac = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*authentication);
        // Reports always have the long tag (RFC 4568 6.2.2).
        let tag = if suite == Suite::AesCm128HmacSha1_32 && !is_rtcp { 4 } else { 10 };
        Ok(Cipher::Counter { aes: Box::new(aes(session)?), mac: Box::new(mac), tag })
    }

    /// The counter that a packet begins with (RFC 3711 4.1.1).
    fn counter(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (at, byte) in ssrc.to_be_bytes().into_iter().enumerate() {
            iv[4 + at] ^= byte;
        }
        for (at, byte) in index.to_be_bytes()[2..].iter().enumerate() {
            iv[8 + at] ^= byte;
        }
        iv
    }

    /// The nonce of a packet; `index` is 48 bits: rollovers and sequence, or that of a report (RFC 7714 8.1, 9.1).
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
        nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Protects what one side sends.
pub struct SrtpSender {
    rtp: Keys,
    rtcp: Keys,
    /// The stream, the sequence number of its last packet and how often they have begun again.
    last: Option<(u32, u16, u32)>,
    reports: u32,
}

impl SrtpSender {
    /// For packets under this key.
    ///
    /// # Errors
    /// When the provider fails.
    pub fn new(key: &SrtpKey) -> Result<Self, SrtpProblem> {
        Ok(Self { rtp: Keys::derive(key, false)?, rtcp: Keys::derive(key, true)?, last: None, reports: 0 })
    }

    /// Protects a packet in place. Sequence numbers of one stream must go up: what would use a key stream twice is refused.
    ///
    /// # Errors
    /// [`SrtpProblem::Malformed`], [`SrtpProblem::Repeated`], [`SrtpProblem::UsedUp`], [`SrtpProblem::TooManyStreams`]
    /// (a sender has one), [`SrtpProblem::Provider`].
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpProblem> {
        let header = header_length(packet).map_err(|_| SrtpProblem::Malformed)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]);
        let rollovers = match self.last {
            None => 0,
            Some((stream, ..)) if stream != ssrc => return Err(SrtpProblem::TooManyStreams),
            Some((_, last, _)) if sequence.wrapping_sub(last).wrapping_sub(1) >= 0x7fff => {
                return Err(SrtpProblem::Repeated);
            }
            Some((_, last, rollovers)) if sequence < last => {
                rollovers.checked_add(1).ok_or(SrtpProblem::UsedUp)?
            }
            Some((.., rollovers)) => rollovers,
        };
        let index = (u64::from(rollovers) << 16) | u64::from(sequence);
        if index >= SRTP_PACKETS - 1 {
            return Err(SrtpProblem::UsedUp);
        }
        self.last = Some((ssrc, sequence, rollovers));
        match &self.rtp.cipher {
            Cipher::Counter { aes, mac, tag } => {
                count(aes, self.rtp.counter(ssrc, index), &mut packet[header..])?;
                let code = code_of(mac, packet, &rollovers.to_be_bytes());
                packet.extend_from_slice(&code.as_ref()[..*tag]);
            }
            Cipher::Gcm(key) => {
                let (aad, payload) = packet.split_at_mut(header);
                let sealed =
                    key.seal_in_place_separate_tag(self.rtp.nonce(ssrc, index), Aad::from(&*aad), payload);
                packet.extend_from_slice(sealed.map_err(|_| SrtpProblem::Provider)?.as_ref());
            }
        }
        Ok(())
    }

    /// Protects a report in place.
    ///
    /// # Errors
    /// As for [`SrtpSender::protect`].
    pub fn protect_report(&mut self, report: &mut Vec<u8>) -> Result<(), SrtpProblem> {
        let ssrc = report_sender(report)?;
        if self.reports >= SRTCP_PACKETS {
            return Err(SrtpProblem::UsedUp);
        }
        let index = self.reports;
        self.reports += 1;
        let word = (index | 1 << 31).to_be_bytes();
        match &self.rtcp.cipher {
            Cipher::Counter { aes, mac, tag } => {
                count(aes, self.rtcp.counter(ssrc, u64::from(index)), &mut report[REPORT_HEADER..])?;
                let code = code_of(mac, report, &word);
                report.extend_from_slice(&word);
                report.extend_from_slice(&code.as_ref()[..*tag]);
            }
            Cipher::Gcm(key) => {
                let (header, rest) = report.split_at_mut(REPORT_HEADER);
                let aad = [&*header, &word].concat();
                let nonce = self.rtcp.nonce(ssrc, u64::from(index));
                let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(aad), rest);
                report.extend_from_slice(sealed.map_err(|_| SrtpProblem::Provider)?.as_ref());
                report.extend_from_slice(&word);
            }
        }
        Ok(())
    }
}

/// Opens what the other side sends.
pub struct SrtpReceiver {
    rtp: Keys,
    rtcp: Keys,
    streams: Vec<(u32, Window)>,
    reports: Vec<(u32, Window)>,
}

impl SrtpReceiver {
    /// For packets under this key.
    ///
    /// # Errors
    /// When the provider fails.
    pub fn new(key: &SrtpKey) -> Result<Self, SrtpProblem> {
        let (rtp, rtcp) = (Keys::derive(key, false)?, Keys::derive(key, true)?);
        Ok(Self { rtp, rtcp, streams: Vec::new(), reports: Vec::new() })
    }

    /// Opens a packet in place.
    ///
    /// # Errors
    /// [`SrtpProblem`]; then what is in `packet` is of no use.
    pub fn open(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpProblem> {
        let header = header_length(packet).map_err(|_| SrtpProblem::Malformed)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]);
        let known = self.streams.iter().position(|(stream, _)| *stream == ssrc);
        let window = known.map(|at| self.streams[at].1).unwrap_or_default();
        let index = window.index_of(sequence).ok_or(SrtpProblem::Repeated)?;
        if window.has_seen(index) {
            return Err(SrtpProblem::Repeated);
        }
        match &self.rtp.cipher {
            Cipher::Counter { aes, mac, tag } => {
                let end = packet.len().checked_sub(*tag).filter(|end| *end >= header);
                let end = end.ok_or(SrtpProblem::Malformed)?;
                let rollovers = u32::try_from(index >> 16).map_err(|_| SrtpProblem::UsedUp)?;
                let code = code_of(mac, &packet[..end], &rollovers.to_be_bytes());
                if !phi::constant_time_eq(&code.as_ref()[..*tag], &packet[end..]) {
                    return Err(SrtpProblem::NotAuthentic);
                }
                packet.truncate(end);
                count(aes, self.rtp.counter(ssrc, index), &mut packet[header..])?;
            }
            Cipher::Gcm(key) => {
                if packet.len() < header + GCM_TAG {
                    return Err(SrtpProblem::Malformed);
                }
                let (aad, sealed) = packet.split_at_mut(header);
                let opened = key.open_in_place(self.rtp.nonce(ssrc, index), Aad::from(&*aad), sealed);
                let length = opened.map_err(|_| SrtpProblem::NotAuthentic)?.len();
                packet.truncate(header + length);
            }
        }
        remember(&mut self.streams, known, ssrc, index)
    }

    /// Opens a report in place.
    ///
    /// # Errors
    /// [`SrtpProblem`]; then what is in `report` is of no use.
    pub fn open_report(&mut self, report: &mut Vec<u8>) -> Result<(), SrtpProblem> {
        let ssrc = report_sender(report)?;
        let known = self.reports.iter().position(|(stream, _)| *stream == ssrc);
        let window = known.map(|at| self.reports[at].1).unwrap_or_default();
        let code_bytes = match &self.rtcp.cipher {
            Cipher::Counter { tag, .. } => *tag,
            Cipher::Gcm(_) => 0,
        };
        let end = report.len().checked_sub(code_bytes + INDEX_BYTES).filter(|end| *end >= REPORT_HEADER);
        let end = end.ok_or(SrtpProblem::Malformed)?;
        let word = [report[end], report[end + 1], report[end + 2], report[end + 3]];
        let (is_sealed, index) = (word[0] & 0x80 != 0, u64::from(u32::from_be_bytes(word) & 0x7fff_ffff));
        if window.has_seen(index) {
            return Err(SrtpProblem::Repeated);
        }
        match &self.rtcp.cipher {
            Cipher::Counter { aes, mac, .. } => {
                let code = code_of(mac, &report[..end], &word);
                if !phi::constant_time_eq(&code.as_ref()[..code_bytes], &report[end + INDEX_BYTES..]) {
                    return Err(SrtpProblem::NotAuthentic);
                }
                report.truncate(end);
                if is_sealed {
                    count(aes, self.rtcp.counter(ssrc, index), &mut report[REPORT_HEADER..])?;
                }
            }
            Cipher::Gcm(key) => {
                // A report that is only authenticated is allowed by the standard, and sent by nobody.
                if !is_sealed || end < REPORT_HEADER + GCM_TAG {
                    return Err(SrtpProblem::Malformed);
                }
                report.truncate(end);
                let (header, sealed) = report.split_at_mut(REPORT_HEADER);
                let aad = [&*header, &word].concat();
                let opened = key.open_in_place(self.rtcp.nonce(ssrc, index), Aad::from(aad), sealed);
                let length = opened.map_err(|_| SrtpProblem::NotAuthentic)?.len();
                report.truncate(REPORT_HEADER + length);
            }
        }
        remember(&mut self.reports, known, ssrc, index)
    }
}

fn code_of(mac: &hmac::Key, packet: &[u8], suffix: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(mac);
    context.update(packet);
    context.update(suffix);
    context.sign()
}

fn report_sender(report: &[u8]) -> Result<u32, SrtpProblem> {
    match report.get(..REPORT_HEADER) {
        Some(&[first, _, _, _, a, b, c, d]) if first >> 6 == 2 => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(SrtpProblem::Malformed),
    }
}

/// Notes what was opened: only what is authentic moves a window or makes one.
fn remember(
    streams: &mut Vec<(u32, Window)>,
    known: Option<usize>,
    ssrc: u32,
    index: u64,
) -> Result<(), SrtpProblem> {
    let at = match known {
        Some(at) => at,
        None if streams.len() == SRTP_STREAMS => return Err(SrtpProblem::TooManyStreams),
        None => {
            streams.push((ssrc, Window::default()));
            streams.len() - 1
        }
    };
    streams[at].1.add(index);
    Ok(())
}

/// Which of the last packets of a stream came (RFC 3711 3.3.2).
#[derive(Clone, Copy, Default)]
struct Window {
    /// The highest index, once there is one.
    highest: Option<u64>,
    /// Bit `n` is the index `highest - n`.
    seen: u128,
}

impl Window {
    /// The index that a sequence number most likely means (RFC 3711 appendix A); `None` before the beginning.
    fn index_of(&self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.highest else { return Some(u64::from(sequence)) };
        let (rollovers, last) = (highest >> 16, (highest & 0xffff) as u16);
        let rollovers = match (last, sequence) {
            (0..0x8000, _) if i32::from(sequence) - i32::from(last) > 0x8000 => rollovers.checked_sub(1)?,
            (0x8000.., _) if i32::from(last) - 0x8000 > i32::from(sequence) => rollovers + 1,
            _ => rollovers,
        };
        Some((rollovers << 16) | u64::from(sequence))
    }

    /// Whether it came, or is too old to tell.
    fn has_seen(&self, index: u64) -> bool {
        self.highest.is_some_and(|highest| match highest.checked_sub(index) {
            Some(ago) => ago >= u64::from(REPLAY_WINDOW) || self.seen >> ago & 1 == 1,
            None => false,
        })
    }

    fn add(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if index >= highest {
            let shift = u32::try_from(index - highest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = Some(index);
        } else {
            self.seen |= 1_u128.checked_shl(u32::try_from(highest - index).unwrap_or(u32::MAX)).unwrap_or(0);
        }
    }
}
