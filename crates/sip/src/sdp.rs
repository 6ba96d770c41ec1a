//! Session descriptions: one audio stream, offered and answered (RFC 8866, RFC 3264, RFC 4568, RFC 8122).
//!
//! What is written here is small on purpose: PCMU, PCMA, Opus and telephone events over RTP, in the clear or
//! protected. Everything else in an offer is declined by a port of zero, and an offer without a common codec, or
//! with the wrong protection, is [`Mismatch`], which is 488.

use std::fmt::Write;
use std::net::IpAddr;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::limits::{SDP_BYTES, SDP_CRYPTO, SDP_FORMATS, SDP_LINES, SDP_MEDIA};

/// A session description with one audio stream.
///
/// It is not `Debug`: it may hold keys.
#[derive(Clone)]
pub struct Sdp {
    /// The session's number (`o=`).
    pub session: u64,
    /// Grows with every change (`o=`).
    pub version: u64,
    /// Where media is taken (`c=`).
    pub address: IpAddr,
    /// The audio stream.
    pub audio: Audio,
    /// The other streams, which are declined, around the audio stream.
    others: Vec<Other>,
    /// At which place among all streams the audio stands.
    place: usize,
}

/// The audio stream of a description.
#[derive(Clone)]
pub struct Audio {
    /// The UDP port; zero when the stream is declined.
    pub port: u16,
    /// How the media is protected.
    pub profile: Profile,
    /// Codecs, the best first.
    pub codecs: Vec<Codec>,
    /// The payload type of telephone events (RFC 4733), when there are any.
    pub telephone_event: Option<u8>,
    /// Who sends.
    pub direction: Direction,
    /// Milliseconds of sound in a packet, when it is said.
    pub packet_ms: Option<u16>,
    /// Keys of SDES (RFC 4568), the best first.
    pub crypto: Vec<Crypto>,
    /// The certificate that a DTLS handshake must show (RFC 8122).
    pub fingerprint: Option<Fingerprint>,
    /// Who begins a DTLS handshake (RFC 5763).
    pub setup: Option<Setup>,
    /// Whether RTCP shares the port (RFC 5761).
    pub rtcp_mux: bool,
}

/// A stream that is not spoken: its kind, protocol and first format, to be declined by name.
#[derive(Clone)]
struct Other {
    kind: String,
    protocol: String,
    format: String,
}

/// The profile of an RTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `RTP/AVP`: in the clear.
    Avp,
    /// `RTP/SAVP`: SRTP with keys in the description (SDES).
    Savp,
    /// `UDP/TLS/RTP/SAVP`, with `F` or without: SRTP with keys from a DTLS handshake. The flag is the `F`.
    DtlsSavp(bool),
}

impl Profile {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "RTP/AVP" => Self::Avp,
            "RTP/SAVP" => Self::Savp,
            "UDP/TLS/RTP/SAVP" => Self::DtlsSavp(false),
            "UDP/TLS/RTP/SAVPF" => Self::DtlsSavp(true),
            _ => return None,
        })
    }

    /// The profile as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Savp => "RTP/SAVP",
            Self::DtlsSavp(false) => "UDP/TLS/RTP/SAVP",
            Self::DtlsSavp(true) => "UDP/TLS/RTP/SAVPF",
        }
    }

    /// Whether media is protected.
    pub fn is_secure(self) -> bool {
        self != Self::Avp
    }
}

/// The codecs that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecKind {
    /// G.711 mu-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// Opus (RFC 7587), 48 kHz, always written with two channels.
    Opus,
}

impl CodecKind {
    fn of(name: &str, rate: u32) -> Option<Self> {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        match rate {
            8_000 if is("PCMU") => Some(Self::Pcmu),
            8_000 if is("PCMA") => Some(Self::Pcma),
            48_000 if is("opus") => Some(Self::Opus),
            _ => None,
        }
    }

    fn map(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// The ticks of its RTP clock in a second.
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::Opus => 48_000,
        }
    }
}

/// A codec under its payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// The RTP payload type.
    pub payload_type: u8,
    /// Which codec.
    pub kind: CodecKind,
}

/// Who sends, seen from the side whose description it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendReceive,
    /// This side only: the other one is held.
    SendOnly,
    /// The other side only.
    ReceiveOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// The direction as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::SendReceive, Self::SendOnly, Self::ReceiveOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.name() == name)
    }

    /// Whether this side sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether this side receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// What an answer says to an offer of this direction when the answering side wants `wish` (RFC 3264 §6.1).
    #[must_use]
    pub fn answered(self, wish: Self) -> Self {
        match (self.receives() && wish.sends(), self.sends() && wish.receives()) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }
}

/// The suites of SDES that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568).
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32` (RFC 4568).
    AesCm128Sha1_32,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm,
}

impl Suite {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::AeadAes256Gcm, Self::AesCm128Sha1_80, Self::AesCm128Sha1_32];

    /// The suite as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Octets of key and salt together: 16 and 14, or 32 and 12.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 => 30,
            Self::AeadAes256Gcm => 44,
        }
    }
}

/// The key of one direction, as SDES writes it. Wiped when dropped, and never printed.
#[derive(Clone)]
pub struct Crypto {
    /// The number that an answer refers to.
    pub tag: u32,
    /// The suite.
    pub suite: Suite,
    /// Key and salt together, [`Suite::key_bytes`] long.
    pub key: Zeroizing<Vec<u8>>,
}

impl Crypto {
    /// A fresh key.
    pub fn generate(tag: u32, suite: Suite, random: &dyn base::Random) -> Self {
        let mut key = Zeroizing::new(vec![0; suite.key_bytes()]);
        random.fill(&mut key);
        Self { tag, suite, key }
    }

    /// Reads what follows `a=crypto:`; `None` for suites and parameters that are not spoken: they would have to be
    /// obeyed (RFC 4568 §6.3), so the line is no choice.
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split_ascii_whitespace();
        let tag = parts.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
        let suite = Suite::parse(parts.next()?)?;
        let key = parts.next()?.strip_prefix("inline:")?;
        if parts.next().is_some() {
            return None;
        }
        // A lifetime may follow, a master key index may not: it would be in every packet.
        let mut fields = key.split('|');
        let encoded = fields.next()?;
        if fields.any(|field| field.contains(':')) {
            return None;
        }
        let key = Zeroizing::new(BASE64.decode(encoded.as_bytes()).ok()?);
        (key.len() == suite.key_bytes()).then_some(Self { tag, suite, key })
    }
}

/// The digest of the certificate of a DTLS handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The SHA-256 of the certificate. Other digests are not spoken.
    pub sha256: [u8; 32],
}

impl Fingerprint {
    fn parse(value: &str) -> Option<Self> {
        let (algorithm, digest) = value.split_once(' ')?;
        if !algorithm.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut sha256 = [0; 32];
        let mut pairs = digest.trim().split(':');
        for byte in &mut sha256 {
            let pair =
                pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self { sha256 })
    }
}

/// Who begins a DTLS handshake (RFC 4145, RFC 5763 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// This side begins.
    Active,
    /// The other side begins.
    Passive,
    /// Either.
    ActPass,
}

impl Setup {
    fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Passive, Self::ActPass].into_iter().find(|setup| setup.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
        }
    }
}

/// Why a body is no description that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpProblem {
    /// It is longer than it may be, in octets, lines, streams or formats.
    TooLong,
    /// It is no text, or a line is malformed.
    Malformed,
    /// It has no audio stream that is RTP.
    NoAudio,
    /// It says no address, or a name or a multicast address where an address must be.
    Address,
}

/// What this side speaks, for an offer or an answer.
pub struct Local {
    /// Where media is taken.
    pub address: IpAddr,
    /// At which UDP port.
    pub port: u16,
    /// The session's number.
    pub session: u64,
    /// Grows with every change.
    pub version: u64,
    /// Codecs, the best first; an answer keeps the order of the offer.
    pub codecs: Vec<CodecKind>,
    /// Whether telephone events are spoken.
    pub telephone_event: bool,
    /// Who shall send.
    pub direction: Direction,
    /// Which protection there may be.
    pub protection: Protection,
    /// Suites of SDES that are spoken.
    pub suites: Vec<Suite>,
    /// The certificate of our DTLS handshakes; `None` when they are not spoken.
    pub fingerprint: Option<Fingerprint>,
}

/// Which protection media may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Protected media only: an offer in the clear is refused.
    Required,
    /// Either; what is offered here is protected.
    Preferred,
    /// Either; what is offered here is in the clear.
    Optional,
}

/// Why an offer cannot be answered, or an answer does not fit the offer. It is 488 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Media would be in the clear, and may not be.
    Insecure,
    /// There is no common suite, or no fingerprint.
    NoCommonKey,
    /// There is no common codec.
    NoCommonCodec,
    /// The audio stream is declined.
    Declined,
    /// The answer has another profile than the offer, or a key that was not offered.
    NotOffered,
}

impl Sdp {
    /// Reads a description.
    ///
    /// # Errors
    /// [`SdpProblem`] when it is malformed, too long, or has no audio.
    pub fn parse(body: &[u8]) -> Result<Self, SdpProblem> {
        if body.len() > SDP_BYTES {
            return Err(SdpProblem::TooLong);
        }
        let text = std::str::from_utf8(body).map_err(|_| SdpProblem::Malformed)?;
        let mut lines = text.lines();
        if lines.next() != Some("v=0") {
            return Err(SdpProblem::Malformed);
        }
        let mut reading = Reading::default();
        for (at, line) in lines.enumerate() {
            if at >= SDP_LINES {
                return Err(SdpProblem::TooLong);
            }
            if line.is_empty() {
                continue;
            }
            let (kind, value) = line.split_once('=').ok_or(SdpProblem::Malformed)?;
            if line.chars().any(|c| c.is_control() && c != '\t') {
                return Err(SdpProblem::Malformed);
            }
            reading.line(kind, value)?;
        }
        reading.finish()
    }

    /// An offer of what this side speaks. `random` gives the keys.
    pub fn offer(local: &Local, random: &dyn base::Random) -> Self {
        let profile = match local.protection {
            Protection::Optional => Profile::Avp,
            _ if local.suites.is_empty() && local.fingerprint.is_some() => Profile::DtlsSavp(false),
            _ => Profile::Savp,
        };
        let codecs =
            local.codecs.iter().map(|kind| Codec { payload_type: default_payload_type(*kind), kind: *kind });
        let crypto = match profile {
            Profile::Savp => {
                (1..).zip(&local.suites).map(|(tag, suite)| Crypto::generate(tag, *suite, random)).collect()
            }
            _ => Vec::new(),
        };
        let is_dtls = matches!(profile, Profile::DtlsSavp(_));
        Self {
            session: local.session,
            version: local.version,
            address: local.address,
            audio: Audio {
                port: local.port,
                profile,
                codecs: codecs.collect(),
                telephone_event: local.telephone_event.then_some(DEFAULT_TELEPHONE_EVENT),
                direction: local.direction,
                packet_ms: Some(20),
                crypto,
                fingerprint: local.fingerprint.clone().filter(|_| is_dtls),
                setup: is_dtls.then_some(Setup::ActPass),
                rtcp_mux: is_dtls,
            },
            others: Vec::new(),
            place: 0,
        }
    }

    /// The answer to this offer: the codecs that both speak, in the offer's order and under its payload types; the
    /// best key that both speak (RFC 3264 §6, RFC 4568 §6.2).
    ///
    /// # Errors
    /// [`Mismatch`] when there is nothing in common, or the offer's protection is refused.
    pub fn answer(&self, local: &Local, random: &dyn base::Random) -> Result<Self, Mismatch> {
        let offer = &self.audio;
        if offer.port == 0 {
            return Err(Mismatch::Declined);
        }
        if local.protection == Protection::Required && !offer.profile.is_secure() {
            return Err(Mismatch::Insecure);
        }
        let (mut crypto, mut fingerprint, mut setup) = (Vec::new(), None, None);
        match offer.profile {
            Profile::Avp => {}
            Profile::Savp => {
                let common = offer.crypto.iter().find(|crypto| local.suites.contains(&crypto.suite));
                let common = common.ok_or(Mismatch::NoCommonKey)?;
                crypto.push(Crypto::generate(common.tag, common.suite, random));
            }
            Profile::DtlsSavp(_) => {
                let ours = local.fingerprint.clone().filter(|_| offer.fingerprint.is_some());
                fingerprint = Some(ours.ok_or(Mismatch::NoCommonKey)?);
                setup = Some(if offer.setup == Some(Setup::Active) { Setup::Passive } else { Setup::Active });
            }
        }
        let codecs: Vec<Codec> =
            offer.codecs.iter().copied().filter(|codec| local.codecs.contains(&codec.kind)).collect();
        if codecs.is_empty() {
            return Err(Mismatch::NoCommonCodec);
        }
        Ok(Self {
            session: local.session,
            version: local.version,
            address: local.address,
            audio: Audio {
                port: local.port,
                profile: offer.profile,
                codecs,
                telephone_event: offer.telephone_event.filter(|_| local.telephone_event),
                direction: offer.direction.answered(local.direction),
                packet_ms: Some(20),
                crypto,
                fingerprint,
                setup,
                rtcp_mux: offer.rtcp_mux && offer.profile != Profile::Avp,
            },
            others: self.others.clone(),
            place: self.place,
        })
    }

    /// Whether an answer fits this offer.
    ///
    /// # Errors
    /// [`Mismatch`] when it does not.
    pub fn accepts(&self, answer: &Self) -> Result<(), Mismatch> {
        let (offer, answer) = (&self.audio, &answer.audio);
        if answer.port == 0 {
            return Err(Mismatch::Declined);
        }
        if answer.profile != offer.profile {
            return Err(if answer.profile.is_secure() { Mismatch::NotOffered } else { Mismatch::Insecure });
        }
        if !answer.codecs.iter().any(|codec| offer.codecs.iter().any(|offered| offered.kind == codec.kind)) {
            return Err(Mismatch::NoCommonCodec);
        }
        match answer.profile {
            Profile::Avp => Ok(()),
            Profile::Savp => {
                let [key] = answer.crypto.as_slice() else { return Err(Mismatch::NoCommonKey) };
                let is_offered =
                    offer.crypto.iter().any(|ours| (ours.tag, ours.suite) == (key.tag, key.suite));
                if is_offered { Ok(()) } else { Err(Mismatch::NotOffered) }
            }
            Profile::DtlsSavp(_) => answer.fingerprint.as_ref().map(|_| ()).ok_or(Mismatch::NoCommonKey),
        }
    }

    /// The description as it is sent. It may hold keys, so it is wiped when dropped.
    pub fn wire(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(1_024));
        let family = |address: IpAddr| if address.is_ipv4() { "IP4" } else { "IP6" };
        let (session, version, address) = (self.session, self.version, self.address);
        let kind = family(address);
        let _ = write!(
            text,
            "v=0\r\no=- {session} {version} IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n"
        );
        for (at, other) in self.others.iter().enumerate() {
            if at == self.place {
                self.audio.write(&mut text);
            }
            let _ = write!(text, "m={} 0 {} {}\r\n", other.kind, other.protocol, other.format);
        }
        if self.place >= self.others.len() {
            self.audio.write(&mut text);
        }
        text
    }

    /// Whether the other side is put on hold by this description of its peer.
    pub fn holds(&self) -> bool {
        !self.audio.direction.receives()
    }
}

impl Audio {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "m=audio {} {}", self.port, self.profile.name());
        for codec in &self.codecs {
            let _ = write!(text, " {}", codec.payload_type);
        }
        if let Some(payload_type) = self.telephone_event {
            let _ = write!(text, " {payload_type}");
        }
        // There is always a format (RFC 8866 §5.14), also where none is meant.
        if self.codecs.is_empty() && self.telephone_event.is_none() {
            text.push_str(" 0");
        }
        text.push_str("\r\n");
        for codec in &self.codecs {
            let _ = write!(text, "a=rtpmap:{} {}\r\n", codec.payload_type, codec.kind.map());
        }
        if let Some(payload_type) = self.telephone_event {
            let _ = write!(text, "a=rtpmap:{payload_type} telephone-event/8000\r\n");
            let _ = write!(text, "a=fmtp:{payload_type} 0-16\r\n");
        }
        if let Some(packet_ms) = self.packet_ms {
            let _ = write!(text, "a=ptime:{packet_ms}\r\n");
        }
        for crypto in &self.crypto {
            let encoded = Zeroizing::new(BASE64.encode(&crypto.key));
            let _ = write!(text, "a=crypto:{} {} inline:{}\r\n", crypto.tag, crypto.suite.name(), *encoded);
        }
        if let Some(fingerprint) = &self.fingerprint {
            let pairs: Vec<String> = fingerprint.sha256.iter().map(|byte| format!("{byte:02X}")).collect();
            let _ = write!(text, "a=fingerprint:sha-256 {}\r\n", pairs.join(":"));
        }
        if let Some(setup) = self.setup {
            let _ = write!(text, "a=setup:{}\r\n", setup.name());
        }
        if self.rtcp_mux {
            text.push_str("a=rtcp-mux\r\n");
        }
        let _ = write!(text, "a={}\r\n", self.direction.name());
    }
}

const DEFAULT_TELEPHONE_EVENT: u8 = 101;

fn default_payload_type(kind: CodecKind) -> u8 {
    match kind {
        CodecKind::Pcmu => 0,
        CodecKind::Pcma => 8,
        CodecKind::Opus => 111,
    }
}

/// What has been read of a description so far.
#[derive(Default)]
struct Reading {
    origin: Option<(u64, u64)>,
    session: Level,
    media: Vec<Media>,
}

/// What may be said for the whole session or for one stream.
#[derive(Default, Clone)]
struct Level {
    address: Option<IpAddr>,
    direction: Option<Direction>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
}

/// One stream.
struct Media {
    kind: String,
    port: u16,
    protocol: String,
    formats: Vec<String>,
    maps: Vec<(u8, String)>,
    level: Level,
    packet_ms: Option<u16>,
    crypto: Vec<Crypto>,
    crypto_lines: usize,
    rtcp_mux: bool,
}

impl Reading {
    fn line(&mut self, kind: &str, value: &str) -> Result<(), SdpProblem> {
        match kind {
            "o" if self.media.is_empty() && self.origin.is_none() => {
                let parts: Vec<&str> = value.split(' ').collect();
                let [_, session, version, "IN", _, _] = parts.as_slice() else {
                    return Err(SdpProblem::Malformed);
                };
                let number = |text: &str| -> Result<u64, SdpProblem> {
                    // Numbers longer than 64 bits are legal and mean nothing here but "other".
                    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Err(SdpProblem::Malformed);
                    }
                    Ok(text.parse().unwrap_or(u64::MAX))
                };
                self.origin = Some((number(session)?, number(version)?));
            }
            "c" => {
                let address = parse_connection(value)?;
                self.level().address = Some(address);
            }
            "m" => {
                if self.media.len() >= SDP_MEDIA {
                    return Err(SdpProblem::TooLong);
                }
                self.media.push(Media::parse(value)?);
            }
            "a" => self.attribute(value)?,
            "o" | "v" => return Err(SdpProblem::Malformed),
            // Names, times, bandwidths and what later editions add change nothing here (RFC 8866 §5).
            _ if kind.len() == 1 && kind.as_bytes()[0].is_ascii_lowercase() => {}
            _ => return Err(SdpProblem::Malformed),
        }
        Ok(())
    }

    fn level(&mut self) -> &mut Level {
        match self.media.last_mut() {
            Some(media) => &mut media.level,
            None => &mut self.session,
        }
    }

    fn attribute(&mut self, value: &str) -> Result<(), SdpProblem> {
        let (name, value) = value.split_once(':').map_or((value, ""), |(name, value)| (name, value));
        if let Some(direction) = Direction::parse(name) {
            self.level().direction = Some(direction);
            return Ok(());
        }
        match name {
            "fingerprint" => {
                if let Some(fingerprint) = Fingerprint::parse(value) {
                    self.level().fingerprint = Some(fingerprint);
                }
            }
            "setup" => self.level().setup = Setup::parse(value),
            _ => {
                let Some(media) = self.media.last_mut().filter(|media| media.kind == "audio") else {
                    return Ok(());
                };
                media.attribute(name, value)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Sdp, SdpProblem> {
        let (session, version) = self.origin.ok_or(SdpProblem::Malformed)?;
        let is_ours = |media: &Media| media.kind == "audio" && Profile::parse(&media.protocol).is_some();
        // A stream that is on comes before one that is declined.
        let place = self.media.iter().position(|media| is_ours(media) && media.port != 0);
        let place = place.or_else(|| self.media.iter().position(is_ours)).ok_or(SdpProblem::NoAudio)?;
        let (mut others, mut found) = (Vec::new(), None);
        for (at, media) in self.media.into_iter().enumerate() {
            if at == place {
                found = Some(media);
            } else {
                let format = media.formats.into_iter().next().ok_or(SdpProblem::Malformed)?;
                others.push(Other { kind: media.kind, protocol: media.protocol, format });
            }
        }
        let media = found.ok_or(SdpProblem::NoAudio)?;
        let level = &media.level;
        let address = level.address.or(self.session.address).ok_or(SdpProblem::Address)?;
        let profile = Profile::parse(&media.protocol).ok_or(SdpProblem::NoAudio)?;
        let (codecs, telephone_event) = media.codecs()?;
        // RFC 2543 said "hold" with an address of zeros (RFC 3264 §8.4).
        let stated = level.direction.or(self.session.direction).unwrap_or(Direction::SendReceive);
        let direction = match (address.is_unspecified(), stated.sends()) {
            (false, _) => stated,
            (true, true) => Direction::SendOnly,
            (true, false) => Direction::Inactive,
        };
        Ok(Sdp {
            session,
            version,
            address,
            audio: Audio {
                port: media.port,
                profile,
                codecs,
                telephone_event,
                direction,
                packet_ms: media.packet_ms,
                fingerprint: level.fingerprint.clone().or(self.session.fingerprint),
                setup: level.setup.or(self.session.setup),
                crypto: media.crypto,
                rtcp_mux: media.rtcp_mux,
            },
            others,
            place,
        })
    }
}

impl Media {
    fn parse(value: &str) -> Result<Self, SdpProblem> {
        let mut parts = value.split(' ');
        let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(SdpProblem::Malformed);
        let (kind, port, protocol) = (next()?, next()?, next()?);
        let port = port.split_once('/').map_or(port, |(port, _)| port);
        let port = port.parse().map_err(|_| SdpProblem::Malformed)?;
        let formats: Vec<String> = parts.map(str::to_owned).collect();
        if formats.len() > SDP_FORMATS {
            return Err(SdpProblem::TooLong);
        }
        if formats.is_empty() || formats.iter().any(String::is_empty) {
            return Err(SdpProblem::Malformed);
        }
        Ok(Self {
            kind: kind.to_owned(),
            port,
            protocol: protocol.to_owned(),
            formats,
            maps: Vec::new(),
            level: Level::default(),
            packet_ms: None,
            crypto: Vec::new(),
            crypto_lines: 0,
            rtcp_mux: false,
        })
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), SdpProblem> {
        match name {
            "rtpmap" => {
                let (payload_type, map) = value.split_once(' ').ok_or(SdpProblem::Malformed)?;
                let payload_type = payload_type
                    .parse::<u8>()
                    .ok()
                    .filter(|payload_type| *payload_type < 128)
                    .ok_or(SdpProblem::Malformed)?;
                if self.maps.len() >= SDP_FORMATS {
                    return Err(SdpProblem::TooLong);
                }
                self.maps.push((payload_type, map.trim().to_owned()));
            }
            "ptime" => self.packet_ms = value.trim().parse().ok().filter(|ms| (1..=200).contains(ms)),
            "crypto" => {
                self.crypto_lines += 1;
                if self.crypto_lines > SDP_CRYPTO {
                    return Err(SdpProblem::TooLong);
                }
                self.crypto.extend(Crypto::parse(value));
            }
            "rtcp-mux" => self.rtcp_mux = true,
            _ => {}
        }
        Ok(())
    }

    /// The codecs of the stream in its order, and the payload type of telephone events.
    fn codecs(&self) -> Result<(Vec<Codec>, Option<u8>), SdpProblem> {
        let (mut codecs, mut telephone_event) = (Vec::new(), None);
        for format in &self.formats {
            let payload_type =
                format.parse::<u8>().ok().filter(|number| *number < 128).ok_or(SdpProblem::Malformed)?;
            let map =
                self.maps.iter().find(|(mapped, _)| *mapped == payload_type).map(|(_, map)| map.as_str());
            // Static payload types need no map (RFC 3551 §6).
            let map = map.or(match payload_type {
                0 => Some("PCMU/8000"),
                8 => Some("PCMA/8000"),
                _ => None,
            });
            let Some((name, rate)) = map.and_then(|map| map.split_once('/')) else { continue };
            let rate =
                rate.split('/').next().and_then(|rate| rate.parse().ok()).ok_or(SdpProblem::Malformed)?;
            if name.eq_ignore_ascii_case("telephone-event") && rate == 8_000 {
                telephone_event = telephone_event.or(Some(payload_type));
            } else if let Some(kind) = CodecKind::of(name, rate)
                && !codecs.iter().any(|codec: &Codec| codec.kind == kind)
            {
                codecs.push(Codec { payload_type, kind });
            }
        }
        Ok((codecs, telephone_event))
    }
}

fn parse_connection(value: &str) -> Result<IpAddr, SdpProblem> {
    let parts: Vec<&str> = value.split(' ').collect();
    let ["IN", family, address] = parts.as_slice() else { return Err(SdpProblem::Malformed) };
    let address: IpAddr = address.parse().map_err(|_| SdpProblem::Address)?;
    let is_right = matches!((*family, address), ("IP4", IpAddr::V4(_)) | ("IP6", IpAddr::V6(_)));
    if is_right && !address.is_multicast() { Ok(address) } else { Err(SdpProblem::Address) }
}

#[cfg(test)]
mod tests {
    use base::SeededRandom;

    use super::*;

    const PLAIN: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 9 0 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

    fn local(protection: Protection) -> Local {
        Local {
            address: "198.51.100.7".parse().unwrap(),
            port: 5000,
            session: 7,
            version: 1,
            codecs: vec![CodecKind::Opus, CodecKind::Pcmu, CodecKind::Pcma],
            telephone_event: true,
            direction: Direction::SendReceive,
            protection,
            suites: Suite::ALL.to_vec(),
            fingerprint: None,
        }
    }

    fn parse(text: &str) -> Sdp {
        Sdp::parse(text.as_bytes()).map_err(|problem| format!("{problem:?}: {text}")).unwrap()
    }

    fn secure(lines: &str) -> String {
        PLAIN.replace("RTP/AVP", "RTP/SAVP") + lines
    }

    #[test]
    fn answers_in_the_order_and_under_the_payload_types_of_the_offer() {
        let offer = parse(PLAIN);
        let answer = offer.answer(&local(Protection::Optional), &SeededRandom::new(1)).unwrap();
        let kinds: Vec<CodecKind> = answer.audio.codecs.iter().map(|codec| codec.kind).collect();
        assert_eq!(kinds, [CodecKind::Pcmu, CodecKind::Pcma]);
        assert_eq!(answer.audio.telephone_event, Some(101));
        assert_eq!(offer.accepts(&parse(&answer.wire())), Ok(()));
    }

    #[test]
    fn media_in_the_clear_is_refused_where_protection_is_required() {
        let refused = parse(PLAIN).answer(&local(Protection::Required), &SeededRandom::new(1)).err();
        assert_eq!(refused, Some(Mismatch::Insecure));
    }

    #[test]
    fn the_first_common_suite_is_answered_with_a_key_of_ours() {
        let key = BASE64.encode(&[7; 30]);
        let offer = parse(&secure(&format!(
            "a=crypto:1 F8_128_HMAC_SHA1_80 inline:{key}\r\n\
             a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{key}|2^31|1:4\r\n\
             a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^31\r\n"
        )));
        assert_eq!(offer.audio.crypto.len(), 1);
        let answer = offer.answer(&local(Protection::Required), &SeededRandom::new(1)).unwrap();
        assert_eq!(answer.audio.crypto.len(), 1);
        assert_eq!((answer.audio.crypto[0].tag, answer.audio.crypto[0].suite), (3, Suite::AesCm128Sha1_80));
        assert_ne!(*answer.audio.crypto[0].key, vec![7; 30]);
        assert_eq!(offer.accepts(&parse(&answer.wire())), Ok(()));
    }

    #[test]
    fn keys_of_a_wrong_length_are_no_choice() {
        let short = BASE64.encode(&[7; 29]);
        let offer = parse(&secure(&format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{short}\r\n")));
        let refused = offer.answer(&local(Protection::Preferred), &SeededRandom::new(1)).err();
        assert_eq!(refused, Some(Mismatch::NoCommonKey));
    }

    #[test]
    fn an_offer_of_ours_is_answered_by_us() {
        for protection in [Protection::Required, Protection::Preferred, Protection::Optional] {
            let offer = Sdp::offer(&local(protection), &SeededRandom::new(1));
            assert_eq!(offer.audio.profile.is_secure(), protection != Protection::Optional);
            let read = parse(&offer.wire());
            let answer = read.answer(&local(protection), &SeededRandom::new(2)).unwrap();
            assert_eq!(offer.accepts(&answer), Ok(()));
            assert_eq!(answer.audio.codecs.len(), 3);
        }
    }

    #[test]
    fn an_answer_must_fit_its_offer() {
        let random = SeededRandom::new(1);
        let offer = Sdp::offer(&local(Protection::Required), &random);
        let good = offer.answer(&local(Protection::Required), &random).unwrap();
        let changed = |change: fn(&mut Audio)| {
            let mut answer = good.clone();
            change(&mut answer.audio);
            offer.accepts(&answer)
        };
        assert_eq!(changed(|audio| audio.profile = Profile::Avp), Err(Mismatch::Insecure));
        assert_eq!(changed(|audio| audio.port = 0), Err(Mismatch::Declined));
        assert_eq!(changed(|audio| audio.crypto[0].tag = 9), Err(Mismatch::NotOffered));
        assert_eq!(changed(|audio| audio.crypto.clear()), Err(Mismatch::NoCommonKey));
        assert_eq!(changed(|audio| audio.codecs.clear()), Err(Mismatch::NoCommonCodec));
    }

    #[test]
    fn directions_are_answered_as_rfc_3264_says() {
        use Direction::{Inactive, ReceiveOnly, SendOnly, SendReceive};
        for (offered, wish, answered) in [
            (SendReceive, SendReceive, SendReceive),
            (SendOnly, SendReceive, ReceiveOnly),
            (ReceiveOnly, SendReceive, SendOnly),
            (Inactive, SendReceive, Inactive),
            (SendReceive, SendOnly, SendOnly),
            (SendOnly, SendOnly, Inactive),
        ] {
            assert_eq!(offered.answered(wish), answered, "{offered:?} {wish:?}");
        }
    }

    #[test]
    fn an_address_of_zeros_is_a_hold() {
        let held = parse(&PLAIN.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"));
        assert!(held.holds());
        assert!(!parse(PLAIN).holds());
        assert!(parse(&(PLAIN.to_owned() + "a=sendonly\r\n")).holds());
    }

    #[test]
    fn other_streams_are_declined_in_their_places() {
        let text = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n\
            m=video 5000 RTP/AVP 96\na=rtpmap:96 VP8/90000\nm=audio 4000 RTP/AVP 0\nm=application 6000 UDP/BFCP *\n";
        let answer = parse(text).answer(&local(Protection::Optional), &SeededRandom::new(1)).unwrap();
        let wire = answer.wire();
        let media: Vec<&str> = wire.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(media, ["m=video 0 RTP/AVP 96", "m=audio 5000 RTP/AVP 0", "m=application 0 UDP/BFCP *"]);
    }

    #[test]
    fn dtls_is_answered_with_our_fingerprint_or_refused() {
        let digest = ["AB"; 32].join(":");
        let text = PLAIN.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF")
            + &format!("a=fingerprint:SHA-256 {digest}\r\na=setup:actpass\r\na=rtcp-mux\r\n");
        let offer = parse(&text);
        assert_eq!(offer.audio.fingerprint, Some(Fingerprint { sha256: [0xAB; 32] }));
        let mut ours = local(Protection::Required);
        assert_eq!(offer.answer(&ours, &SeededRandom::new(1)).err(), Some(Mismatch::NoCommonKey));
        ours.fingerprint = Some(Fingerprint { sha256: [1; 32] });
        let answer = offer.answer(&ours, &SeededRandom::new(1)).unwrap();
        assert_eq!(answer.audio.setup, Some(Setup::Active));
        assert!(answer.audio.rtcp_mux);
    }

    #[test]
    fn malformed_descriptions_are_refused() {
        let cases = [
            ("", SdpProblem::Malformed),
            ("v=1\r\n", SdpProblem::Malformed),
            ("v=0\r\ns=-\r\n", SdpProblem::Malformed),
            ("v=0\r\no=- 1 1 IN IP4 a\r\n", SdpProblem::NoAudio),
            (&PLAIN.replace("c=IN IP4 192.0.2.1", "c=IN IP4 224.2.0.1/127"), SdpProblem::Address),
            (&PLAIN.replace("c=IN IP4 192.0.2.1", "c=IN IP4 host.example.com"), SdpProblem::Address),
            (&PLAIN.replace("c=IN IP4 192.0.2.1\r\n", ""), SdpProblem::Address),
            (&PLAIN.replace("m=audio 4000", "m=audio 99999"), SdpProblem::Malformed),
            (&PLAIN.replace("RTP/AVP 9 0 8 101", "RTP/AVP"), SdpProblem::Malformed),
            (&PLAIN.replace("m=audio", "m=video"), SdpProblem::NoAudio),
            (&PLAIN.replace("a=rtpmap:9 ", "a=rtpmap:900 "), SdpProblem::Malformed),
            (&(PLAIN.to_owned() + "no line\r\n"), SdpProblem::Malformed),
            (&(PLAIN.to_owned() + &"m=video 0 RTP/AVP 1\r\n".repeat(SDP_MEDIA)), SdpProblem::TooLong),
            (&(PLAIN.to_owned() + &"a=x\r\n".repeat(SDP_LINES)), SdpProblem::TooLong),
            (&(PLAIN.to_owned() + &"a=crypto:1 x inline:y\r\n".repeat(SDP_CRYPTO + 1)), SdpProblem::TooLong),
            (&"x".repeat(SDP_BYTES + 1), SdpProblem::TooLong),
        ];
        for (text, problem) in cases {
            assert_eq!(Sdp::parse(text.as_bytes()).err(), Some(problem), "{text}");
        }
    }
}
