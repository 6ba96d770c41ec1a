//! The senders of an account that people write to: its phone numbers and its short codes, as one.

use base::Address;
use store::{Document, Scope, Scoped, Store, StoreError};

use crate::applications;
use crate::numbers::{self, Hook, Owned, PhoneNumber};
use crate::short_codes::{self, ShortCode};

/// One of them.
pub(crate) enum Own {
    /// A phone number.
    Number(Document<PhoneNumber>),
    /// A short code.
    Code(Document<ShortCode>),
}

fn is_code(address: &str) -> bool {
    matches!(Address::parse(address), Ok(Address::ShortCode(_)))
}

impl Own {
    /// The one with this address.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn by_address(scoped: &Scoped, address: &str) -> Result<Option<Self>, StoreError> {
        Ok(match is_code(address) {
            true => short_codes::by_code(scoped, address).await?.map(Self::Code),
            false => numbers::by_number(scoped, address).await?.map(Self::Number),
        })
    }

    /// The one with this SID.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn by_sid(scoped: &Scoped, sid: &str) -> Result<Option<Self>, StoreError> {
        if let Ok(sid) = sid.parse() {
            return Ok(scoped.get::<PhoneNumber>(sid).await?.map(Self::Number));
        }
        match sid.parse() {
            Ok(sid) => Ok(scoped.get::<ShortCode>(sid).await?.map(Self::Code)),
            Err(_) => Ok(None),
        }
    }

    /// As it stands in `From` and `To`.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Number(number) => &number.facts.number,
            Self::Code(code) => &code.facts.code,
        }
    }

    /// Whom to ask about messages that come in to it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn hook(&self, store: &Store, scope: Scope) -> Result<Hook, StoreError> {
        match self {
            Self::Number(number) => applications::hook(store, scope, number).await,
            Self::Code(code) => Ok(code.facts.hook.clone()),
        }
    }
}

/// The number or short code of the account whose scope this is, if it is one.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn owned(store: &Store, scope: Scope, address: &str) -> Result<Option<Owned>, StoreError> {
    match is_code(address) {
        true => short_codes::owned(store, scope, address).await,
        false => numbers::owned(store, scope, address).await,
    }
}
