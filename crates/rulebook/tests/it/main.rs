//! The rulebook from outside: its data, its loader, its guard and the designation table.
//!
//! Tests are named after the rule they prove (see `rulebook::proofs`), hence the double underscores.
#![allow(non_snake_case, clippy::unwrap_used)]

mod agreement;
mod bins;
mod data;
mod designation;
mod guard;
mod load;
mod messages;
mod services;
mod urls;
