//! How destinations of a kind are handed events: once, and what became of it.

use std::pin::Pin;

use auth::AccountContext;
use base::Timestamp;
use serde_json::Value;

use crate::records::Settings;

/// Payloads that go together. No Debug: it is full of protected data.
pub struct Parcel<'a> {
    /// What is sent, in order.
    pub payloads: &'a [Value],
    /// An id for each: the same whenever the payload is of the same event and mapping.
    pub ids: &'a [String],
    /// An id for all of them together.
    pub key: &'a str,
    /// Whether they may hold PHI: nothing leaves then but over TLS, to a party of the register.
    pub is_phi: bool,
    /// When the first of them was received: the same on every attempt.
    pub received_at: Timestamp,
    /// Now.
    pub sent_at: Timestamp,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// The destination has it.
    Taken,
    /// It may have it the next time. The HTTP status, or the code of what went wrong.
    Later(u32),
    /// It will not have it.
    Refused(u32),
}

/// A parcel on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = HandedOver> + Send + 'a>>;

/// Brings parcels to destinations.
pub trait Transport: Send + Sync {
    /// Hands a parcel over, once, for this account and by these settings.
    fn hand_over<'a>(
        &'a self,
        account: &'a AccountContext,
        settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a>;
}

/// The body of a request: the payload itself where requests have one each, else a list.
pub fn encode(payloads: &[Value], batch_size: u32) -> Vec<u8> {
    let encoded = match payloads {
        [only] if batch_size == 1 => serde_json::to_vec(only),
        all => serde_json::to_vec(all),
    };
    encoded.expect("JSON always encodes")
}
