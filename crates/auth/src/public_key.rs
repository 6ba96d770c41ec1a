//! Public keys that requests are signed with (GEN-PKCV-1): which are accepted, and whether a signature is theirs.

use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use base::PublicKeySid;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use store::Kind;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Characters of a key in PEM; one of 8192 bits has about 1,500.
const MAX_PEM: usize = 4_096;

/// Smallest and largest modulus in bits (NIST SP 800-131A rev. 2 §3 asks for 2048).
const BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// The kind of public key documents; they live in the account's scope.
#[derive(Debug)]
pub enum PublicKey {}

impl Kind for PublicKey {
    const NAME: &'static str = "public-key";
    type Sid = PublicKeySid;
    type Facts = PublicKeyFacts;
    type Content = ();
}

/// A public key of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKeyFacts {
    /// A name for people.
    pub friendly_name: String,
    /// The key: a SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7).
    pub spki: Vec<u8>,
}

/// How a signature was made (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl SignatureAlgorithm {
    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
        }
    }
}

impl PublicKeyFacts {
    /// Reads the one key of a PEM text (RFC 7468 §13). Nothing when it is no RSA key of 2048 to 8192 bits.
    pub fn from_pem(friendly_name: String, pem: &str) -> Option<Self> {
        if pem.len() > MAX_PEM {
            return None;
        }
        let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let body: String = body.split_ascii_whitespace().collect();
        let spki = BASE64.decode(body.as_bytes()).ok()?;
        let key = PublicEncryptingKey::from_der(&spki).ok()?;
        BITS.contains(&key.key_size_bits()).then_some(Self { friendly_name, spki })
    }

    /// Whether `signature` over `message` was made with the private half of this key.
    pub fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(algorithm.parameters(), &self.spki).verify(message, signature).is_ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};

    use super::*;

    fn pem(pair: &KeyPair) -> String {
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        format!("{BEGIN}\n{}\n{END}\n", BASE64.encode(der.as_ref()))
    }

    #[test]
    fn verifies_both_algorithms_and_nothing_altered() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = PublicKeyFacts::from_pem("Key".into(), &pem(&pair)).unwrap();
        let encodings: [(SignatureAlgorithm, &'static dyn RsaEncoding); 2] =
            [(SignatureAlgorithm::Rs256, &RSA_PKCS1_SHA256), (SignatureAlgorithm::Ps256, &RSA_PSS_SHA256)];
        for (algorithm, encoding) in encodings {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), b"message", &mut signature).unwrap();
            assert!(key.verifies(algorithm, b"message", &signature));
            assert!(!key.verifies(algorithm, b"massage", &signature));
            signature[7] ^= 1;
            assert!(!key.verifies(algorithm, b"message", &signature));
        }
    }

    #[test]
    fn reads_a_key_on_one_line_and_refuses_what_is_none() {
        let good = pem(&KeyPair::generate(KeySize::Rsa2048).unwrap());
        assert!(PublicKeyFacts::from_pem(String::new(), &good.replace('\n', "")).is_some());
        for bad in [
            String::new(),
            format!("{BEGIN}{END}"),
            format!("{BEGIN}AAEC{END}"),
            good.replace("PUBLIC", "RSA PUBLIC"),
            format!("{good}{good}"),
            format!("{BEGIN}{}{END}", "A".repeat(MAX_PEM)),
        ] {
            assert!(PublicKeyFacts::from_pem(String::new(), &bad).is_none(), "{bad}");
        }
    }

    /// One DER element with its length in the shortest form (X.690 §10.1).
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = match content.len() {
            0..=127 => vec![tag, low],
            128..=255 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [head.as_slice(), content].concat()
    }

    #[test]
    fn refuses_a_key_of_1024_bits() {
        // rsaEncryption (RFC 8017 appendix A.1) without parameters.
        const RSA: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let pem_of = |modulus_bytes: usize| {
            let modulus = [vec![0], vec![0xff; modulus_bytes]].concat();
            let numbers = [element(0x02, &modulus), element(0x02, &[0x01, 0x00, 0x01])].concat();
            let key = [vec![0], element(0x30, &numbers)].concat();
            let whole = [element(0x30, &RSA), element(0x03, &key)].concat();
            format!("{BEGIN}{}{END}", BASE64.encode(&element(0x30, &whole)))
        };
        assert!(PublicKeyFacts::from_pem(String::new(), &pem_of(256)).is_some());
        assert!(PublicKeyFacts::from_pem(String::new(), &pem_of(128)).is_none());
        assert!(PublicKeyFacts::from_pem(String::new(), &pem_of(255)).is_none());
    }
}
