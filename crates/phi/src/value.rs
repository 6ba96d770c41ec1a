//! The protected value and what may be done with it.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cipher::{CipherError, DataKey, Digest, DigestKey};

/// Evidence that the ledger has durably recorded a disclosure.
///
/// There is no way to make one but [`Proof::issue`], and `cargo xtask tidy` lets only the `ledger`
/// crate call that.
///
/// ```compile_fail,E0451
/// let forged = phi::Proof { sequence: 1 };
/// ```
///
/// ```compile_fail,E0599
/// fn reuse(proof: phi::Proof) -> phi::Proof { proof.clone() }
/// ```
pub struct Proof {
    sequence: u64,
}

impl Proof {
    /// A proof for the ledger entry with this sequence number. For the `ledger` crate alone, after
    /// the entry is on disk.
    #[doc(hidden)]
    pub fn issue(sequence: u64) -> Self {
        Self { sequence }
    }

    /// The sequence number of the ledger entry that earned this proof.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// A fact that may be learned from protected data without opening it, because it reveals no more
/// than a count, a yes or no, or a keyed digest. Implementing it for a type is a written decision:
/// the implementation says why.
pub trait PublicFact {}

// Counts and answers to closed questions.
impl PublicFact for bool {}
impl PublicFact for u32 {}
impl PublicFact for usize {}
impl PublicFact for () {}
// A digest under an account's secret key: equality only, useless without the key.
impl PublicFact for Digest {}
impl<T: PublicFact> PublicFact for Option<T> {}
impl<T: PublicFact, E: PublicFact> PublicFact for Result<T, E> {}
impl<A: PublicFact, B: PublicFact> PublicFact for (A, B) {}

/// A protected value.
///
/// It has no `Display`:
/// ```compile_fail,E0277
/// let body = phi::Phi::new(String::from("x"));
/// println!("{body}");
/// ```
/// no `Serialize`:
/// ```compile_fail,E0277
/// let body = phi::Phi::new(String::from("x"));
/// let text = serde_json::to_string(&body);
/// ```
/// no equality:
/// ```compile_fail,E0369
/// let same = phi::Phi::new(1) == phi::Phi::new(1);
/// ```
/// no dereferencing:
/// ```compile_fail,E0614
/// let body = phi::Phi::new(String::from("x"));
/// let text = *body;
/// ```
/// and no opening without a proof:
/// ```compile_fail,E0061
/// let body = phi::Phi::new(String::from("x"));
/// let text: &String = body.open();
/// ```
/// What is learned without opening must be a [`PublicFact`], which text is not:
/// ```compile_fail,E0277
/// let body = phi::Phi::new(String::from("x"));
/// let text: String = body.learn(|text| text.clone());
/// ```
/// Its `Debug` is always the same:
/// ```
/// assert_eq!(format!("{:?}", phi::Phi::new("Jane")), "[phi]");
/// ```
#[derive(Clone)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Protects a value. Done at the edge where the value arrives.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a disclosure that the ledger has recorded.
    pub fn open(&self, _proof: &Proof) -> &T {
        &self.0
    }

    /// The value itself, for a disclosure that the ledger has recorded.
    pub fn into_open(self, _proof: &Proof) -> T {
        self.0
    }

    /// A fact about the value that reveals nothing of it, such as its length or validity.
    pub fn learn<F: PublicFact>(&self, question: impl FnOnce(&T) -> F) -> F {
        question(&self.0)
    }

    /// Another protected value made from this one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Phi<U> {
        Phi(change(self.0))
    }

    /// Another protected value made from a reference to this one.
    pub fn map_ref<U>(&self, change: impl FnOnce(&T) -> U) -> Phi<U> {
        Phi(change(&self.0))
    }

    /// Like [`Phi::map`], with a failure that is itself a public fact.
    ///
    /// # Errors
    /// What `change` fails with.
    pub fn try_map<U, E: PublicFact>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Phi<U>, E> {
        change(self.0).map(Phi)
    }

    /// This value together with another one.
    pub fn zip<U>(self, other: Phi<U>) -> Phi<(T, U)> {
        Phi((self.0, other.0))
    }
}

impl<T: AsRef<str>> Phi<T> {
    /// The keyed digest of the text, for an index that finds it again without knowing it.
    pub fn digest(&self, key: &DigestKey, label: &str) -> Digest {
        key.digest(label, self.0.as_ref().as_bytes())
    }
}

impl<T: Serialize> Phi<T> {
    /// Encrypts the value; `identity` says which row it belongs to and is checked on unsealing.
    ///
    /// # Errors
    /// [`CipherError`] when the value cannot be encoded or encrypted.
    pub fn seal(&self, key: &DataKey, identity: &[u8]) -> Result<Vec<u8>, CipherError> {
        let mut plain = serde_json::to_vec(&self.0).map_err(|_| CipherError)?;
        let sealed = key.seal(identity, &plain);
        zeroize::Zeroize::zeroize(&mut plain);
        sealed
    }

    /// The value as the bytes of a job's payload, and nothing else: the store seals every payload
    /// under the key of the job's scope before it is written, so the value stays protected at rest,
    /// and what reads the job protects it again. Only `webhooks` and voice's orders call this.
    ///
    /// The value must be encodable; it cannot be printed on the way:
    /// ```compile_fail,E0277
    /// let body = phi::Phi::new(String::from("x"));
    /// println!("{}", body.to_job_payload().unwrap());
    /// ```
    ///
    /// # Errors
    /// [`CipherError`] when the value cannot be encoded.
    pub fn to_job_payload(&self) -> Result<Vec<u8>, CipherError> {
        serde_json::to_vec(&self.0).map_err(|_| CipherError)
    }
}

impl<T: DeserializeOwned> Phi<T> {
    /// Decrypts what [`Phi::seal`] made, still protected.
    ///
    /// # Errors
    /// [`CipherError`] when key, identity or bytes do not belong together.
    pub fn unseal(key: &DataKey, identity: &[u8], sealed: &[u8]) -> Result<Self, CipherError> {
        let mut plain = key.unseal(identity, sealed)?;
        let value = serde_json::from_slice(&plain).map_err(|_| CipherError);
        zeroize::Zeroize::zeroize(&mut plain);
        value.map(Phi)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
