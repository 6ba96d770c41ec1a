//! The request path from outside: a tiny product, driven as everyone who may and may not use it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod access;
mod disclosure;
mod gate;
mod pages;
mod product;
mod requests;
mod transport;
