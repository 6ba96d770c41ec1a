//! What is kept of a SIP password: the two hashes that digest authentication is computed from, and nothing from which
//! the password could be had (RFC 3261 §22.4, RFC 7616 §3.4.2, RFC 8760).

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The realm of every challenge: Twilio's, so that phones that were given it keep working. It is part of what is hashed,
/// so it is one for all domains: a list may guard many.
pub const REALM: &str = "sip.twilio.com";

/// H(user name `:` realm `:` password) by each hash, in lower-case hex. No `Debug`: whoever has one can log in.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Hashes {
    /// By MD5.
    pub md5: String,
    /// By SHA-256.
    pub sha256: String,
}

impl Hashes {
    /// The hashes of a password.
    pub(crate) fn of(username: &str, password: &str) -> Self {
        let text = Zeroizing::new(format!("{username}:{REALM}:{password}"));
        Self {
            md5: HEXLOWER.encode(&Md5::digest(text.as_bytes())),
            sha256: HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_of_name_realm_and_password() {
        let hashes = Hashes::of("alice", "Correct-Horse-1");
        // `printf alice:sip.twilio.com:Correct-Horse-1 | md5sum`, and `sha256sum`.
        assert_eq!(hashes.md5, "9aef1f238e102e65c719e7abc7458e85");
        assert_eq!(hashes.sha256, "8a214f7174e435852b5c80bd95a15fb15f0f83ffa8ad66b9b311e288910c1ef2");
    }
}
