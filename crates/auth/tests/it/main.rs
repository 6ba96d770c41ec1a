//! Credentials and accounts, on a real database: who gets in, with what, and as of when.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod accounts;
mod credentials;
mod world;
