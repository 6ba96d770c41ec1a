//! Signed delivery of webhooks: what leaves this platform for a customer's server, and only there.
//!
//! Reading order: [`signature`] (how a request proves that it came from us), [`url`] (what a customer may configure),
//! [`address`] (where we refuse to connect), `trust` (whose certificates count), `connector` (the only place that opens
//! a socket), [`client`] (one delivery with its redirects, credentials, deadlines and retries), [`delivery`] (the durable
//! queue, and whose account it is), [`alert`] (what remains of a failure), [`limits`] (every bound in one place).
//!
//! What this crate must not do: print a body, a parameter, a query or a password; connect to an address it has not
//! checked; open a parameter before the ledger has an entry for it; accept a certificate that does not verify (rule `GEN-HTTPS-3`: there is no switch for that).

pub mod address;
pub mod alert;
pub mod client;
mod connector;
pub mod delivery;
pub mod error;
pub mod limits;
pub mod signature;
mod trust;
pub mod url;

pub use address::{IpRange, ip_is_public};
pub use alert::{Alert, AlertContent, AlertFacts, LogLevel, NewAlert};
pub use client::{Answer, Client, ClientConfig, Delivery, Payload};
pub use delivery::{Method, Parameters, QUEUE, Webhook, Webhooks, WebhooksConfig, enqueue};
pub use error::SendError;
pub use trust::{TrustProblem, read_authorities};
pub use url::{Overrides, RetryOn, UrlProblem, WebhookUrl};
