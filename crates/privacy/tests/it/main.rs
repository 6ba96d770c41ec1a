//! Classification through its public edges.

#![allow(non_snake_case, reason = "proofs are named after their rules")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cost;
mod masking;
mod matching;
mod walking;
