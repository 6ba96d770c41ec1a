//! Fields that leave encrypted: whoever has the private key reads them, and the destination does not.
//!
//! A value that fits is encrypted as Segment's Data Encryption does it (RSAES-OAEP with SHA-256 and MGF1 with SHA-256, RFC
//! 8017 7.1), and its base64 stands in its place. A longer one, about which Segment says nothing, gets keys of its own:
//!
//! `sw1:` base64(OAEP(K)) `:` base64(IV ‖ C ‖ T)
//!
//! K is 32 bytes for AES-256-CTR and 32 for HMAC-SHA-256; IV 16 bytes; C the ciphertext; T the HMAC over IV ‖ C. All of it
//! is undone by the `openssl` program (docs/destinations.md). What is no text is encrypted as its JSON; `null` stays.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::{digest, hmac, rand};
use data_encoding::{BASE64, BASE64_MIME_PERMISSIVE, HEXLOWER};
use paths::Path;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::limits;
use crate::records::FieldEncryption;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
const ENVELOPE: &str = "sw1:";
const HALF: usize = 32;
const IV: usize = 16;
/// Hexadecimal digits of a key's id.
const ID: usize = 16;

/// Why a value could not be encrypted: the library refused, which it has no reason to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEncrypted;

/// Encrypts fields for one key.
#[derive(Debug)]
pub(crate) struct Encryptor {
    key: OaepPublicEncryptingKey,
    id: String,
    fields: Vec<Path>,
}

impl Encryptor {
    /// Reads a public key (SubjectPublicKeyInfo in PEM, RSA of 2,048 to 8,192 bits) and the fields; the parameter that
    /// cannot be read otherwise.
    pub(crate) fn of(record: &FieldEncryption) -> Result<Self, &'static str> {
        let der = der(&record.public_key).ok_or("public_key")?;
        let key = PublicEncryptingKey::from_der(&der).map_err(|_| "public_key")?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| "public_key")?;
        if !limits::KEY_BITS.contains(&key.key_size_bits()) {
            return Err("public_key");
        }
        let fields = record.fields.iter().map(|field| Path::parse(field).map_err(|_| "fields"));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        if fields.is_empty() || fields.len() > limits::GRANTS || fields.iter().any(Path::is_root) {
            return Err("fields");
        }
        let mut id = HEXLOWER.encode(digest::digest(&digest::SHA256, &der).as_ref());
        id.truncate(ID);
        Ok(Self { key, id, fields })
    }

    /// What is approved of it: which fields, for which key.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.fields.iter().map(|field| format!("* {field} encrypted for {}", self.id)).collect()
    }

    /// Encrypts the fields in place; in lists each element's.
    pub(crate) fn apply(&self, event: &mut Value) -> Result<(), NotEncrypted> {
        self.fields.iter().try_for_each(|field| self.at(event, field.names()))
    }

    fn at(&self, value: &mut Value, names: &[String]) -> Result<(), NotEncrypted> {
        match (value, names) {
            (Value::Null, _) => Ok(()),
            (value, []) => {
                *value = Value::String(self.encrypt(value)?);
                Ok(())
            }
            (Value::Array(items), names) => items.iter_mut().try_for_each(|item| self.at(item, names)),
            (Value::Object(fields), [name, inner @ ..]) => {
                fields.get_mut(name).map_or(Ok(()), |field| self.at(field, inner))
            }
            _ => Ok(()),
        }
    }

    fn encrypt(&self, value: &Value) -> Result<String, NotEncrypted> {
        let text = match value {
            Value::String(text) => Zeroizing::new(text.clone()),
            other => Zeroizing::new(other.to_string()),
        };
        if text.len() <= self.key.max_plaintext_size(&OAEP_SHA256_MGF1SHA256) {
            return Ok(BASE64.encode(&self.oaep(text.as_bytes())?));
        }
        let mut keys = Zeroizing::new([0; 2 * HALF]);
        rand::fill(keys.as_mut_slice()).map_err(|_| NotEncrypted)?;
        let mut iv = [0; IV];
        rand::fill(&mut iv).map_err(|_| NotEncrypted)?;
        let (cipher, mac) = keys.split_at(HALF);
        let cipher = UnboundCipherKey::new(&AES_256, cipher).map_err(|_| NotEncrypted)?;
        let cipher = EncryptingKey::ctr(cipher).map_err(|_| NotEncrypted)?;
        let mut body = text.as_bytes().to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        cipher.less_safe_encrypt(&mut body, context).map_err(|_| NotEncrypted)?;
        let mut sealed = iv.to_vec();
        sealed.extend_from_slice(&body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, mac), &sealed);
        sealed.extend_from_slice(tag.as_ref());
        let keys = BASE64.encode(&self.oaep(keys.as_slice())?);
        Ok(format!("{ENVELOPE}{keys}:{}", BASE64.encode(&sealed)))
    }

    fn oaep(&self, text: &[u8]) -> Result<Vec<u8>, NotEncrypted> {
        let mut sealed = vec![0; self.key.ciphertext_size()];
        let length = self
            .key
            .encrypt(&OAEP_SHA256_MGF1SHA256, text, &mut sealed, None)
            .map_err(|_| NotEncrypted)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

/// The one key of a PEM text.
fn der(pem: &str) -> Option<Vec<u8>> {
    if pem.len() > limits::HEADER {
        return None;
    }
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    BASE64_MIME_PERMISSIVE.decode(body.trim().as_bytes()).ok()
}
