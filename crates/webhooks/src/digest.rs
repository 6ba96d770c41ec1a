//! HTTP Digest as a client computes it: RFC 7616 with MD5, SHA-256 and their session variants, `qop=auth`.

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use http::HeaderValue;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::credentials::Credentials;

/// Bytes of a client nonce.
const CNONCE_BYTES: usize = 16;

/// The hashes we have, in ascending order of preference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn hex(self, text: &[u8]) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Hash::Md5 => HEXLOWER.encode(&Md5::digest(text)),
            Hash::Sha256 => HEXLOWER.encode(digest::digest(&digest::SHA256, text).as_ref()),
        })
    }

    /// The hash of parts joined by colons.
    fn joined(self, parts: &[&[u8]]) -> Zeroizing<String> {
        self.hex(&Zeroizing::new(parts.join(&b':')))
    }
}

/// A Digest challenge that can be answered, and how often it has been.
pub(crate) struct Session {
    hash: Hash,
    /// The algorithm as the server wrote it; absent means MD5.
    algorithm: Option<String>,
    /// `-sess`: the password's hash is bound to both nonces.
    bound: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    cnonce: String,
    count: u32,
}

impl Session {
    /// Takes up a challenge; `None` when it lacks something, or wants an algorithm or a quality of protection that we
    /// do not have. The client nonce is drawn from the signing key: the server cannot guess it, and a run can be
    /// repeated.
    pub(crate) fn new(challenge: &Challenge, key: &hmac::Key, idempotency_token: &str) -> Option<Session> {
        let algorithm = challenge.parameter("algorithm");
        let (hash, bound) = match algorithm.unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" => (Hash::Md5, false),
            "MD5-SESS" => (Hash::Md5, true),
            "SHA-256" => (Hash::Sha256, false),
            "SHA-256-SESS" => (Hash::Sha256, true),
            _ => return None,
        };
        let mut offered = challenge.parameter("qop")?.split(',');
        if !offered.any(|qop| qop.trim().eq_ignore_ascii_case("auth")) {
            return None;
        }
        let nonce = challenge.parameter("nonce")?.to_owned();
        let tag = hmac::sign(key, format!("digest cnonce {idempotency_token} {nonce}").as_bytes());
        Some(Session {
            hash,
            algorithm: algorithm.map(str::to_owned),
            bound,
            realm: challenge.parameter("realm")?.to_owned(),
            nonce,
            opaque: challenge.parameter("opaque").map(str::to_owned),
            cnonce: HEXLOWER.encode(&tag.as_ref()[..CNONCE_BYTES]),
            count: 0,
        })
    }

    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }

    /// Value of the `Authorization` header for the next request with this nonce (RFC 7616 §3.4). `None` when what the
    /// server or the URL says does not fit a header.
    pub(crate) fn authorization(
        &mut self,
        credentials: &Credentials,
        method: &str,
        target: &str,
    ) -> Option<HeaderValue> {
        self.count = self.count.checked_add(1)?;
        let count = format!("{:08x}", self.count);
        let response = self.response(credentials, method, target, &count);
        let user = std::str::from_utf8(credentials.user()).ok()?;
        let mut text = match user.is_ascii() {
            true => format!("Digest username={}", quoted(user)),
            false => format!("Digest username*=UTF-8''{}", extended(user)),
        };
        for (name, value) in [
            ("realm", quoted(&self.realm)),
            ("uri", quoted(target)),
            ("nonce", quoted(&self.nonce)),
            ("nc", count),
            ("cnonce", quoted(&self.cnonce)),
            ("qop", "auth".to_owned()),
            ("response", quoted(&response)),
        ] {
            text.push_str(&format!(", {name}={value}"));
        }
        if let Some(algorithm) = &self.algorithm {
            text.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque={}", quoted(opaque)));
        }
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }

    fn response(
        &self,
        credentials: &Credentials,
        method: &str,
        target: &str,
        count: &str,
    ) -> Zeroizing<String> {
        let hash = self.hash;
        let mut secret = hash.joined(&[credentials.user(), self.realm.as_bytes(), credentials.password()]);
        if self.bound {
            secret = hash.joined(&[secret.as_bytes(), self.nonce.as_bytes(), self.cnonce.as_bytes()]);
        }
        let request = hash.joined(&[method.as_bytes(), target.as_bytes()]);
        hash.joined(&[
            secret.as_bytes(),
            self.nonce.as_bytes(),
            count.as_bytes(),
            self.cnonce.as_bytes(),
            b"auth",
            request.as_bytes(),
        ])
    }
}

/// RFC 9110 §5.6.4.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RFC 8187 §3.2.1, without its language.
fn extended(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::parse_challenges;

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";

    fn session(parameters: &str) -> Option<Session> {
        let challenge = parse_challenges(&format!("Digest realm=\"http-auth@example.org\", {parameters}"));
        Session::new(&challenge[0], &hmac::Key::new(hmac::HMAC_SHA256, b"key"), "token")
    }

    /// RFC 7616 §3.9.1, with the client nonce of the example.
    #[test]
    fn computes_the_examples_of_the_rfc() {
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let parameters = format!(
                "qop=\"auth, auth-int\", algorithm={algorithm}, nonce=\"{NONCE}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let mut session = session(&parameters).unwrap();
            session.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".to_owned();
            let credentials = Credentials::from_userinfo("Mufasa:Circle%20of%20Life");
            let header = session.authorization(&credentials, "GET", "/dir/index.html").unwrap();
            let header = parse_challenges(header.to_str().unwrap()).remove(0);
            assert_eq!(header.parameter("response"), Some(expected));
            assert_eq!(header.parameter("nc"), Some("00000001"));
            assert_eq!(header.parameter("algorithm"), Some(algorithm));
            assert_eq!(header.parameter("opaque"), Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"));
        }
    }

    #[test]
    fn counts_its_answers_and_quotes_what_it_repeats() {
        let mut session = session("qop=auth, nonce=\"a\\\"b\"").unwrap();
        for (user, count) in [("plain", "00000001"), ("na%C3%AFve", "00000002")] {
            let header = session.authorization(&Credentials::from_userinfo(user), "POST", "/?x=\"").unwrap();
            let header = parse_challenges(header.to_str().unwrap()).remove(0);
            assert_eq!((header.parameter("nonce"), header.parameter("uri")), (Some("a\"b"), Some("/?x=\"")));
            assert_eq!((header.parameter("nc"), header.parameter("algorithm")), (Some(count), None));
            let plain = header.parameter("username").or(header.parameter("username*"));
            assert_eq!(plain, Some(if user == "plain" { user } else { "UTF-8''na%C3%AFve" }));
        }
        assert!(session.authorization(&Credentials::from_userinfo("a%0D%0Ab"), "GET", "/").is_none());
        assert!(session.authorization(&Credentials::from_userinfo("%FF"), "GET", "/").is_none());
    }

    #[test]
    fn leaves_what_it_cannot_answer() {
        for parameters in [
            "nonce=\"n\"",
            "qop=auth",
            "qop=auth-int, nonce=\"n\"",
            "qop=auth, nonce=\"n\", algorithm=SHA-512-256",
        ] {
            assert!(session(parameters).is_none(), "{parameters}");
        }
        for algorithm in ["md5-sess", "SHA-256-sess"] {
            assert!(session(&format!("qop=auth, nonce=n, algorithm={algorithm}")).is_some());
        }
    }
}
