//! Signed delivery of webhooks: what leaves this platform for a customer's server, and only there.
//!
//! Reading order: [`signature`] (how a request proves that it came from us), [`url`] (what a customer may configure),
//! `trust` (whose certificates count, and who we are), [`egress`] (the way out),
//! `connector` (the only place that opens a connection), [`challenge`], `digest` and `login` (what a server asks for, and
//! the answer), [`cookies`] (what a conversation remembers), `request` (what is sent), [`client`] (one delivery with its
//! redirects, deadlines and retries), [`delivery`] (the durable queue, and whose account it is), [`hosted`] (what never leaves, because the
//! platform answers it), `circuit` (when a destination is left alone), `worker` (what becomes of one webhook), [`log`] and [`alert`] (what remains of it), `flood`
//! and `house` (and how much of that), [`diagnosis`] (why a signature does not match), [`limits`] (every bound in one
//! place).
//!
//! What this crate must not do: print a body, a parameter, a query or a password; connect to an address it has not
//! checked; open a parameter before the ledger has an entry for it; accept a certificate that does not verify (rule `GEN-HTTPS-3`: there is no switch for that).

pub mod alert;
pub mod challenge;
mod circuit;
pub mod client;
mod connector;
pub mod cookies;
mod credentials;
pub mod delivery;
pub mod diagnosis;
mod digest;
pub mod egress;
pub mod error;
mod flood;
mod hand_over;
pub mod hosted;
mod house;
pub mod limits;
pub mod log;
mod login;
mod request;
pub mod signature;
mod trust;
pub mod url;
mod worker;

pub use alert::{Alert, AlertContent, AlertFacts, LogLevel, NewAlert};
pub use client::{Answer, Attempt, Client, ClientConfig, Delivery, Payload};
pub use cookies::{Conversation, Cookies};
pub use delivery::{Method, Parameters, QUEUE, Webhook, Webhooks, WebhooksConfig, enqueue};
pub use egress::{Egress, NotAProxy, Proxy};
pub use error::SendError;
pub use hand_over::HandOver;
pub use hosted::{Hosted, HostedAnswer, HostedProblem};
pub use house::note_parked;
pub use log::{AttemptFacts, DeliveryFacts, DeliveryOutcome, WebhookDelivery};
pub use signature::SigningKey;
pub use trust::{ClientIdentity, TrustProblem, read_authorities};
pub use url::{Overrides, RetryOn, UrlProblem, WebhookUrl};
pub use worker::WebhookMeasures;
