//! Destinations through their public edges: what leaves, what does not, and what is on record of it.

#![allow(non_snake_case, reason = "proofs are named after their rules")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod accounting;
mod delivery;
mod egress;
mod failures;
mod resources;
mod rules;
mod world;
