//! Programmable Voice: SIP domains and who may call them.
//!
//! Spec: `SIP/*` of Twilio's 2010-04-01 API. Read in this order: [`hook`] (what answers calls), [`neighbours`] (what is
//! asked of other products), [`sip`].

pub mod hook;
pub mod limits;
pub mod neighbours;
pub mod sip;

use kit::Product;

/// The product, as it is routed and as agreements name it.
pub const PRODUCT: Product = Product { label: "api", service: "voice" };
