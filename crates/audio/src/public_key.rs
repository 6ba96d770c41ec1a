//! A customer's public key, as Twilio's Voice Recording Encryption has it: what opens a recording is wrapped for its holder.

use std::fmt;

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::limits::{LEAST_RSA_BITS, PEM_CHARACTERS};

/// Why a public key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyProblem {
    /// Not a `PUBLIC KEY` in PEM.
    Malformed,
    /// Not RSA, or of fewer bits than [`LEAST_RSA_BITS`].
    TooWeak,
    /// The provider failed.
    Provider,
}

/// The RSA public key that an account's recordings are encrypted with.
pub struct PublicKey {
    sid: String,
    key: OaepPublicEncryptingKey,
}

impl PublicKey {
    /// Reads a key in PEM (`BEGIN PUBLIC KEY`); `sid` is its name (`CR...`).
    ///
    /// # Errors
    /// [`PublicKeyProblem`].
    pub fn from_pem(sid: &str, pem: &str) -> Result<Self, PublicKeyProblem> {
        if pem.len() > PEM_CHARACTERS {
            return Err(PublicKeyProblem::Malformed);
        }
        let body = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----");
        let body = body.and_then(|body| body.strip_suffix("-----END PUBLIC KEY-----"));
        let body: String = body.ok_or(PublicKeyProblem::Malformed)?.split_ascii_whitespace().collect();
        let der = BASE64.decode(body.as_bytes()).map_err(|_| PublicKeyProblem::Malformed)?;
        let key = PublicEncryptingKey::from_der(&der).map_err(|_| PublicKeyProblem::TooWeak)?;
        if key.key_size_bits() < LEAST_RSA_BITS {
            return Err(PublicKeyProblem::TooWeak);
        }
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| PublicKeyProblem::Provider)?;
        Ok(Self { sid: sid.to_owned(), key })
    }

    /// Wraps the key of one recording.
    pub(crate) fn wrap(&self, key: &[u8; 32], iv: &[u8]) -> Result<EncryptionDetails, PublicKeyProblem> {
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let wrapped = self.key.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None);
        let encrypted_cek = BASE64.encode(wrapped.map_err(|_| PublicKeyProblem::Provider)?);
        Ok(EncryptionDetails { public_key_sid: self.sid.clone(), encrypted_cek, iv: BASE64.encode(iv) })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[public key]")
    }
}

/// `encryption_details` of a recording: all that is known of how to open it. The private key is the customer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionDetails {
    /// The public key's name.
    pub public_key_sid: String,
    /// The key of the recording, for the holder of the private key: RSAES-OAEP with SHA-256, in base64.
    pub encrypted_cek: String,
    /// The initialization vector of AES-256-GCM, in base64.
    pub iv: String,
}
