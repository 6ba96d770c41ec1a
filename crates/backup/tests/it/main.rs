//! Backups made of running databases and put back, from SQLite and PostgreSQL to either.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(clippy::disallowed_methods, reason = "the test server is named by the environment")]

mod damage;
mod deletion;
mod roundtrip;
mod site;
