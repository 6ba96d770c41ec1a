//! Whole audits of recorded accounts: a good one and a bad one per provider, and services that do not answer.
//!
//! The accounts are generated from the published schemas (`cargo xtask audit-fixtures`); nothing in them is real.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod fixture;
mod inside;
mod plans;
mod refusals;
mod verdicts;
mod workspaces;
