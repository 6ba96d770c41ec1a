//! Holders of the master key against stubs that speak the documented APIs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod aws;
mod stub;
mod vault;
