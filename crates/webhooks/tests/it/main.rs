//! Webhook delivery against real sockets on the loopback interface, through the crate's public edges.

#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod addresses;
mod certificates;
mod cookies;
mod diagnosis;
mod durable;
mod egress;
mod exchange;
mod identity;
mod isolation;
mod login;
mod platform;
mod server;
mod shared_keys;
mod signature;
mod url;
