//! The ledger from outside: what an entry says, what earns a proof, and which tampering is found.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod bench;
mod disclosure;
mod entries;
mod tampering;
