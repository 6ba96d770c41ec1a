//! Messages into a stream of NATS JetStream, each with an id and an acknowledgement; and nothing else of NATS.
//!
//! Read in this order: [`protocol`] (what a server says; pure), [`session`] (a connection: log in, publish, wait for what the
//! stream acknowledges), [`limits`]. Sources: "Client Protocol" of the NATS documentation, ADR-4 (headers) and ADR-31 of
//! its architecture notes.
//!
//! This crate opens no connection: it is given one, already checked, by whoever may. It is ours because the published
//! client is a runtime of its own (reconnection, subscriptions, key-value stores), of which one request would be used.

pub mod limits;
pub mod protocol;
pub mod session;

pub use session::{Failure, Login, Message, Security, Session};
