//! What registration asks about senders, which are messaging's: a port, because products do not use one another.

use std::future::Future;
use std::pin::Pin;

use base::{MessagingServiceSid, PhoneNumberSid};
use store::{Scoped, StoreError};

/// An answer, some time later.
pub type Looking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Who knows the senders of an account.
pub trait Senders: Send + Sync + 'static {
    /// Whether the account has this Messaging Service.
    fn has_service<'a>(&'a self, scoped: &'a Scoped, sid: MessagingServiceSid) -> Looking<'a, bool>;

    /// The digits of a number of the account; `None` when it has none of this SID.
    fn number<'a>(&'a self, scoped: &'a Scoped, sid: PhoneNumberSid) -> Looking<'a, Option<String>>;
}
