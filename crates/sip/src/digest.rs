//! HTTP Digest as SIP uses it, both ways (RFC 7616, RFC 8760, RFC 3261 §22): MD5 and SHA-256, `qop=auth`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base::{Clock, Random, Timestamp};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use md5::Digest as _;
use phi::constant_time_eq;
use zeroize::Zeroizing;

use crate::limits::{NONCE_LIFE, NONCE_USES, NONCES, PARAMETERS};
use crate::uri::parse_quoted;

/// The hash of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// MD5, which most telephones know alone.
    Md5,
    /// SHA-256 (RFC 8760).
    Sha256,
}

impl Algorithm {
    /// The name as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn hash(self, parts: &[&str]) -> Zeroizing<String> {
        let joined = Zeroizing::new(parts.join(":"));
        Zeroizing::new(match self {
            Self::Md5 => HEXLOWER.encode(&md5::Md5::digest(joined.as_bytes())),
            Self::Sha256 => HEXLOWER
                .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, joined.as_bytes()).as_ref()),
        })
    }
}

/// The digest of user, realm and password: as good as the password for its realm, so it is wiped when dropped, and
/// is neither printed nor compared.
pub struct Ha1(Zeroizing<String>);

impl Ha1 {
    /// Makes it from a password.
    pub fn of_password(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> Self {
        Self(algorithm.hash(&[username, realm, password]))
    }

    /// Takes one that was stored, in lower-case hexadecimal; `None` when it has not the algorithm's length.
    pub fn of_hex(algorithm: Algorithm, hex: Zeroizing<String>) -> Option<Self> {
        let wanted = match algorithm {
            Algorithm::Md5 => 32,
            Algorithm::Sha256 => 64,
        };
        let is_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (hex.len() == wanted && is_hex).then_some(Self(hex))
    }

    fn response(&self, algorithm: Algorithm, proof: &Proof<'_>) -> Zeroizing<String> {
        let second = algorithm.hash(&[proof.method, proof.uri]);
        match proof.quality {
            Some((count, cnonce)) => algorithm.hash(&[&self.0, proof.nonce, count, cnonce, "auth", &second]),
            None => algorithm.hash(&[&self.0, proof.nonce, &second]),
        }
    }
}

/// What a response is computed over.
struct Proof<'a> {
    method: &'a str,
    uri: &'a str,
    nonce: &'a str,
    quality: Option<(&'a str, &'a str)>,
}

/// Who a call out says it is, when it is asked.
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password, wiped when dropped.
    pub password: Zeroizing<String>,
}

/// The fields of an `Authorization` or a challenge.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `Digest name=value, ...`; `None` for other schemes and malformed fields.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (scheme, mut rest) = value.trim().split_once(|c: char| c.is_ascii_whitespace())?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start();
            if fields.len() >= PARAMETERS {
                return None;
            }
            let (name, after) = rest.split_once('=')?;
            let (name, after) = (name.trim().to_ascii_lowercase(), after.trim_start());
            let value = if let Some(quoted) = after.strip_prefix('"') {
                let (value, left) = parse_quoted(quoted)?;
                rest = left;
                value
            } else {
                let end = after.find(',').unwrap_or(after.len());
                rest = &after[end..];
                after[..end].trim().to_owned()
            };
            // A field that comes twice has two readings.
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, value));
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Some(Self(fields)),
                None => return None,
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.get("algorithm").map_or(Some(Algorithm::Md5), Algorithm::parse)
    }
}

/// The header field that answers a challenge; `None` when the challenge is of a kind that is not spoken.
pub(crate) fn answer_challenge(
    challenge: &Fields,
    credentials: &Credentials,
    method: &str,
    uri: &str,
    random: &dyn Random,
) -> Option<String> {
    let algorithm = challenge.algorithm()?;
    let (realm, nonce) = (challenge.get("realm")?, challenge.get("nonce")?);
    let is_auth = match challenge.get("qop") {
        None => false,
        Some(qop) if qop.split(',').any(|quality| quality.trim() == "auth") => true,
        Some(_) => return None,
    };
    let is_plain = |text: &str| !text.contains(['"', '\\']) && !text.chars().any(char::is_control);
    if ![realm, nonce, uri, &credentials.username].into_iter().all(is_plain) {
        return None;
    }
    let mut bytes = [0; 12];
    random.fill(&mut bytes);
    let cnonce = HEXLOWER.encode(&bytes);
    let ha1 = Ha1::of_password(algorithm, &credentials.username, realm, &credentials.password);
    let quality = is_auth.then_some(("00000001", cnonce.as_str()));
    let response = ha1.response(algorithm, &Proof { method, uri, nonce, quality });
    let mut field = format!(
        "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{}\", algorithm={}",
        credentials.username,
        *response,
        algorithm.name()
    );
    if is_auth {
        field.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\""));
    }
    if let Some(opaque) = challenge.get("opaque").filter(|opaque| is_plain(opaque)) {
        field.push_str(&format!(", opaque=\"{opaque}\""));
    }
    Some(field)
}

/// What became of the credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// They are right, and fresh.
    Right,
    /// They are wrong.
    Wrong,
    /// They would be right with a new nonce, which may be asked for without asking for the password again.
    Stale,
}

/// Issues nonces and knows which counts were used.
///
/// A nonce says when it was made, under a key of this process, so that whoever is not known costs no memory. Only
/// nonces that came back with the right response are kept, the newest [`NONCES`] of them: what is older than the
/// oldest that had to go is stale.
pub(crate) struct Nonces {
    key: hmac::Key,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    counts: HashMap<String, (Timestamp, u32)>,
    order: VecDeque<(Timestamp, String)>,
    /// Nonces made at or before this are stale.
    floor: Option<Timestamp>,
}

impl Nonces {
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(&mut *key);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &*key), used: Mutex::default() }
    }

    /// A nonce for a realm.
    pub(crate) fn issue(&self, realm: &str, clock: &dyn Clock, random: &dyn Random) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&clock.now().micros().to_be_bytes());
        random.fill(&mut bytes[8..]);
        let mut nonce = bytes.to_vec();
        nonce.extend_from_slice(&self.tag(realm, &bytes).as_ref()[..16]);
        BASE64URL_NOPAD.encode(&nonce)
    }

    /// When a nonce of ours was made; `None` when it is not one.
    fn made_at(&self, realm: &str, nonce: &str) -> Option<Timestamp> {
        let bytes = BASE64URL_NOPAD.decode(nonce.as_bytes()).ok().filter(|bytes| bytes.len() == 32)?;
        let (head, tag) = bytes.split_at(16);
        if !constant_time_eq(tag, &self.tag(realm, head).as_ref()[..16]) {
            return None;
        }
        Some(Timestamp::from_micros(i64::from_be_bytes(head[..8].try_into().ok()?)))
    }

    fn tag(&self, realm: &str, bytes: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(bytes);
        context.update(realm.as_bytes());
        context.sign()
    }

    /// Whether the credentials of a request are right, and used for the first time.
    pub(crate) fn check(
        &self,
        fields: &Fields,
        realm: &str,
        ha1: &Ha1,
        method: &str,
        request_uri: &str,
        clock: &dyn Clock,
    ) -> Checked {
        let (Some(algorithm), Some(nonce), Some(response)) =
            (fields.algorithm(), fields.get("nonce"), fields.get("response"))
        else {
            return Checked::Wrong;
        };
        let (Some("auth"), Some(count), Some(cnonce)) =
            (fields.get("qop"), fields.get("nc"), fields.get("cnonce"))
        else {
            return Checked::Wrong;
        };
        // Another URI than the request's would let a response be carried over to another request.
        if fields.get("realm") != Some(realm) || fields.get("uri") != Some(request_uri) {
            return Checked::Wrong;
        }
        let Some(number) = (count.len() == 8).then(|| u32::from_str_radix(count, 16).ok()).flatten() else {
            return Checked::Wrong;
        };
        let proof = Proof { method, uri: request_uri, nonce, quality: Some((count, cnonce)) };
        let expected = ha1.response(algorithm, &proof);
        if !constant_time_eq(expected.as_bytes(), response.as_bytes()) {
            return Checked::Wrong;
        }
        let now = clock.now();
        match self.made_at(realm, nonce) {
            Some(made_at) if now.since(made_at) <= NONCE_LIFE && now >= made_at => {
                self.count(nonce, made_at, number, now)
            }
            _ => Checked::Stale,
        }
    }

    fn count(&self, nonce: &str, made_at: Timestamp, number: u32, now: Timestamp) -> Checked {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((oldest, _)) = used.order.front() {
            let is_over = now.since(*oldest) > NONCE_LIFE;
            if !is_over && used.order.len() < NONCES {
                break;
            }
            if let Some((made_at, nonce)) = used.order.pop_front() {
                used.counts.remove(&nonce);
                if !is_over {
                    used.floor = used.floor.max(Some(made_at));
                }
            }
        }
        let floor = used.floor;
        match used.counts.get_mut(nonce) {
            Some((_, last)) if number > *last && number <= NONCE_USES => {
                *last = number;
                Checked::Right
            }
            Some(_) => Checked::Stale,
            None if floor.is_some_and(|floor| made_at <= floor) || number == 0 || number > NONCE_USES => {
                Checked::Stale
            }
            None => {
                used.counts.insert(nonce.to_owned(), (made_at, number));
                // By the time it was made: mostly the order in which they come.
                let at = used.order.partition_point(|(earlier, _)| *earlier <= made_at);
                used.order.insert(at, (made_at, nonce.to_owned()));
                Checked::Right
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base::{SeededRandom, VirtualClock};

    use super::*;

    #[test]
    fn computes_the_examples_of_rfc_7616() {
        // §3.9.1.
        let (realm, nonce) = ("http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = Ha1::of_password(algorithm, "Mufasa", realm, "Circle of Life");
            let quality = Some(("00000001", cnonce));
            let proof = Proof { method: "GET", uri: "/dir/index.html", nonce, quality };
            assert_eq!(*ha1.response(algorithm, &proof), response);
        }
    }

    struct Site {
        nonces: Nonces,
        clock: VirtualClock,
        random: SeededRandom,
    }

    impl Site {
        fn new() -> Self {
            let random = SeededRandom::new(1);
            let nonces = Nonces::new(&random);
            Self { nonces, clock: VirtualClock::standing_at(Timestamp::from_seconds(1_000_000)), random }
        }

        fn nonce(&self) -> String {
            self.nonces.issue("here", &self.clock, &self.random)
        }

        fn authorization(&self, nonce: &str, algorithm: Algorithm, password: &str) -> String {
            let challenge = format!(
                "Digest realm=\"here\", nonce=\"{nonce}\", qop=\"auth\", algorithm={}",
                algorithm.name()
            );
            let credentials =
                Credentials { username: "alice".to_owned(), password: Zeroizing::new(password.to_owned()) };
            let challenge = Fields::parse(&challenge).unwrap();
            answer_challenge(&challenge, &credentials, "INVITE", "sip:here", &self.random).unwrap()
        }

        fn check(&self, header: &str, algorithm: Algorithm) -> Checked {
            let ha1 = Ha1::of_password(algorithm, "alice", "here", "secret");
            let fields = Fields::parse(header).unwrap();
            self.nonces.check(&fields, "here", &ha1, "INVITE", "sip:here", &self.clock)
        }
    }

    #[test]
    fn right_once_and_then_stale() {
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let site = Site::new();
            let header = site.authorization(&site.nonce(), algorithm, "secret");
            assert_eq!(site.check(&header, algorithm), Checked::Right);
            assert_eq!(site.check(&header, algorithm), Checked::Stale);
        }
    }

    #[test]
    fn wrong_passwords_realms_and_uris_are_wrong() {
        let site = Site::new();
        let header = site.authorization(&site.nonce(), Algorithm::Md5, "guess");
        assert_eq!(site.check(&header, Algorithm::Md5), Checked::Wrong);
        let header = site.authorization(&site.nonce(), Algorithm::Md5, "secret");
        for (from, to) in [
            ("uri=\"sip:here\"", "uri=\"sip:there\""),
            ("realm=\"here\"", "realm=\"there\""),
            ("qop=auth", "qop=auth-int"),
            ("nc=00000001", "nc=1"),
        ] {
            assert_eq!(site.check(&header.replace(from, to), Algorithm::Md5), Checked::Wrong, "{to}");
        }
    }

    #[test]
    fn nonces_of_others_and_old_ones_are_stale() {
        let site = Site::new();
        let foreign = site.authorization("AAAA", Algorithm::Md5, "secret");
        assert_eq!(site.check(&foreign, Algorithm::Md5), Checked::Stale);
        let header = site.authorization(&site.nonce(), Algorithm::Md5, "secret");
        site.clock.advance(NONCE_LIFE + Duration::from_secs(1));
        assert_eq!(site.check(&header, Algorithm::Md5), Checked::Stale);
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_is_stale() {
        let site = Site::new();
        let first = site.authorization(&site.nonce(), Algorithm::Md5, "secret");
        assert_eq!(site.check(&first, Algorithm::Md5), Checked::Right);
        for _ in 0..NONCES {
            site.clock.advance(Duration::from_micros(1));
            let header = site.authorization(&site.nonce(), Algorithm::Md5, "secret");
            assert_eq!(site.check(&header, Algorithm::Md5), Checked::Right);
        }
        assert!(site.nonces.used.lock().unwrap().counts.len() <= NONCES);
        assert_eq!(site.check(&first, Algorithm::Md5), Checked::Stale);
    }

    #[test]
    fn malformed_fields_are_refused() {
        for text in [
            "Basic QWxhZGRpbg==",
            "Digest",
            "Digest realm",
            "Digest a=\"b",
            "Digest a=1, a=2",
            "Digest a=\"1\" b",
        ] {
            assert!(Fields::parse(text).is_none(), "{text}");
        }
    }
}
