//! Reviews from outside: rules by name, and what is left in ledger and Debugger.
#![allow(clippy::unwrap_used, non_snake_case)]

mod risk;
mod rules;
mod site;
mod traces;
