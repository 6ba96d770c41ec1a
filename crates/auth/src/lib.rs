//! Accounts, credentials, principals and permissions: who asks, on whose behalf, and may they.
//!
//! Records live in the store as sealed documents: an [`Account`] in the scope of its owner account
//! (so that an owner lists its subaccounts), an [`ApiKey`] and a [`StoredRegister`] in the scope of their account, an
//! [`Organization`] and its [`Agreement`]s in the organization's scope. Everything an account then
//! owns lives in the account's own scope.

mod agreement;
mod context;
mod credentials;
mod permission;
pub mod provision;
mod public_key;
mod records;
mod register;
mod secret;
mod webhook_key;

pub use agreement::{Agreement, AgreementFacts, Service};
pub use context::{AccountContext, load_account};
pub use credentials::{AuthFailure, Grant, Principal, authenticate, key_secret_digest};
pub use permission::Permission;
pub use public_key::{PublicKey, PublicKeyFacts, SignatureAlgorithm};
pub use records::{
    Account, AccountFacts, AccountLimits, AccountStatus, ApiKey, ApiKeyFacts, Designation, DesignationMethod,
    KeyType, Organization, OrganizationFacts, Settings, SidText,
};
pub use register::{RegisterFacts, Registered, StoredRegister};
pub use secret::Secret;
pub use webhook_key::{WEBHOOK_KEYS, WebhookKey};
