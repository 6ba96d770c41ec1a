//! Workspaces and the tracking API through their public edges: what is taken, what is not, and what stays behind.

#![allow(non_snake_case, reason = "proofs are named after their rules")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod classifying;
mod enforcing;
mod public;
mod regulating;
mod retention;
mod rules;
mod taking;
mod world;
