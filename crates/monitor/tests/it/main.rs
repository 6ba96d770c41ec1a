//! Monitor through its API, on a whole platform in one process.

#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod alerts;
mod content;
mod notifications;
mod operations;
mod world;
