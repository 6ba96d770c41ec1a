//! The port to other products: whose a phone number is, what answers its calls, what an application says, and what
//! somebody attests. `server` connects it.

use std::future::Future;
use std::pin::Pin;

use base::{AccountSid, ApplicationSid, PhoneNumberSid, Timestamp};
use store::{Scope, Scoped, Store, StoreError};

use crate::hook::Hook;

/// The rule that somebody has to attest a private interconnect for, so that SIP goes without TLS.
pub(crate) const INTERCONNECT: &str = "VOI-SIPIF-1";

/// A question under way.
pub type Looking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A number of an account.
#[derive(Clone, Debug)]
pub struct OwnNumber {
    /// Its SID.
    pub sid: PhoneNumberSid,
    /// What answers its calls; empty where nothing is configured.
    pub hook: Hook,
}

/// What voice asks of other products.
pub trait Neighbours: Send + Sync + 'static {
    /// The number of the account that has this scope, if it is one.
    fn number<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        number: &'a str,
    ) -> Looking<'a, Option<OwnNumber>>;

    /// The account that a number is of.
    fn owner<'a>(&'a self, store: &'a Store, number: &'a str) -> Looking<'a, Option<AccountSid>>;

    /// What an application of the account says about calls.
    fn application<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        sid: ApplicationSid,
    ) -> Looking<'a, Option<Hook>>;

    /// Whether somebody attests this rule for this subject of the account, today.
    fn is_attested<'a>(
        &'a self,
        scoped: &'a Scoped,
        rule: &'static str,
        subject: &'a str,
        now: Timestamp,
    ) -> Looking<'a, bool>;
}
