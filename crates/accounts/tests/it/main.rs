//! The accounts API from outside: one file per resource, rules by name.
#![allow(clippy::unwrap_used, non_snake_case)]

mod accounts;
mod agreements;
mod designation;
mod evidence;
mod geo;
mod iam;
mod inheritance;
mod keys;
mod linking;
mod policy;
mod public_keys;
mod rate_limits;
mod reference;
mod register;
mod safe_list;
mod settings;
mod setup;
mod signatures;
mod signer;
mod tokens;
mod validation;
mod webhook_keys;
mod world;
