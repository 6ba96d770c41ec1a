//! Key services as holders of the master key: Vault's transit engine and AWS KMS.
//!
//! The master key never leaves its service: what is wrapped and opened there are the scope keys, each bound
//! to its identity, so that one put in another's place does not open. `store` keeps opened scope keys in
//! memory, so a service is asked once per scope and start, and its outage stops only scopes that were not in
//! use. What goes wrong is sorted into [`phi::WrapError`]: only an answer that says so means that a key does
//! not open; everything else can be tried again.
//!
//! In reading order: [`VaultTransit`] (with `vault_token`), [`AwsKms`] (with `sigv4` and [`Credentials`]),
//! and `exchange`, the one-shot HTTPS request both are made of. No SDK of either is used: five requests are
//! all it takes.

mod aws_kms;
mod credentials;
mod exchange;
pub mod limits;
pub mod sigv4;
mod vault;
mod vault_token;

pub use aws_kms::{AwsKms, AwsKmsConfig};
pub use credentials::{CredentialSource, Credentials};
pub use exchange::{ConfigProblem, connector};
pub use vault::{Binding, VaultConfig, VaultTransit};
pub use vault_token::VaultLogin;

/// The parsers of what a service sent, for tests that feed them anything.
pub mod answers {
    pub use crate::aws_kms::{decrypted, encrypted, refusal};
    pub use crate::credentials::parse as credentials_file;
    pub use crate::vault::{ciphertext, is_sealed, plaintext};
    pub use crate::vault_token::client_token;
}
