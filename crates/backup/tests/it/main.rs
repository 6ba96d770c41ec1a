//! Backups made of running databases and put back, from SQLite and PostgreSQL to either.

#![allow(non_snake_case, reason = "proofs are named after their rules")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(clippy::disallowed_methods, reason = "the test server is named by the environment")]

mod damage;
mod deletion;
mod roundtrip;
mod site;
