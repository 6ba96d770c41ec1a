//! Whether the carriers of the United States would take a message from a sender: the port to whoever knows about
//! registrations, and what is made of the answer.
//!
//! It is asked in accounts alone that want it ([`auth::Settings::enforce_registration`]): a carrier says so itself, in
//! its own time and with the same codes.

use std::pin::Pin;

use base::{MessagingServiceSid, PhoneNumberSid};
use phi::Phi;
use store::{Scoped, StoreError};

use crate::numbers::Owned;
use crate::services::{Registrable, registrable};

/// A long code without a campaign (Twilio's error pages).
pub(crate) const UNREGISTERED: u32 = 30_034;
/// A toll-free number without a verification (Twilio's error pages).
pub(crate) const UNVERIFIED: u32 = 30_032;

/// An answer, some time later.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send + 'a>>;

/// Who knows about the registrations of an account.
pub trait Registrations: Send + Sync + 'static {
    /// Whether a Messaging Service has a campaign that is registered.
    fn has_campaign<'a>(&'a self, scoped: &'a Scoped, service: MessagingServiceSid) -> Looking<'a>;

    /// Whether a toll-free number is verified.
    fn is_verified<'a>(&'a self, scoped: &'a Scoped, number: PhoneNumberSid) -> Looking<'a>;
}

/// Nobody knows, so nothing is registered.
pub(crate) struct Nobody;

impl Registrations for Nobody {
    fn has_campaign<'a>(&'a self, _: &'a Scoped, _: MessagingServiceSid) -> Looking<'a> {
        Box::pin(async { Ok(false) })
    }

    fn is_verified<'a>(&'a self, _: &'a Scoped, _: PhoneNumberSid) -> Looking<'a> {
        Box::pin(async { Ok(false) })
    }
}

/// What this sender lacks to reach this recipient, as a code.
pub(crate) async fn lack(
    registrations: &dyn Registrations,
    scoped: &Scoped,
    sender: &str,
    owned: Owned,
    to: &Phi<String>,
) -> Result<Option<u32>, StoreError> {
    let (has, code) = match (registrable(sender, to), owned.service, owned.number) {
        (None, ..) => return Ok(None),
        (Some(Registrable::LongCode), Some(service), _) => {
            (registrations.has_campaign(scoped, service).await?, UNREGISTERED)
        }
        (Some(Registrable::LongCode), None, _) => (false, UNREGISTERED),
        (Some(Registrable::TollFree), _, Some(number)) => {
            (registrations.is_verified(scoped, number).await?, UNVERIFIED)
        }
        (Some(Registrable::TollFree), _, None) => (false, UNVERIFIED),
    };
    Ok((!has).then_some(code))
}
