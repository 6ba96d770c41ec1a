//! Protected health information as a type, and the keys it is sealed under.
//!
//! [`Phi<T>`] cannot be printed, serialised, compared or dereferenced. It can be *opened* only with
//! a [`Proof`], and a proof exists only after the ledger has recorded who reads what and why.
//! No I/O here: keys come from `store`, proofs from `ledger`.

mod cipher;
mod master;
mod value;

pub use cipher::{
    CipherError, DataKey, Digest, DigestKey, KEY_BYTES, SystemRandom, WrappedKey, constant_time_eq,
};
pub use master::{KeyWrapper, Keyring, LocalKey, WrapError};
pub use value::{Phi, Proof, PublicFact};
