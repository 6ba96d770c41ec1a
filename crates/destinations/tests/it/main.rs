//! Destinations through their public edges: what leaves, what does not, and what is on record of it.

#![allow(non_snake_case, reason = "proofs are named after their rules")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod accounting;
mod archive;
mod delivery;
mod egress;
mod encryption;
mod failures;
mod nats;
mod postgres;
mod public;
mod resources;
mod rules;
mod set_aside;
mod world;
