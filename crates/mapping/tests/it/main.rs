//! Mappings and manifests, from outside.
#![allow(non_snake_case, reason = "tests of rules carry the rule's id")]

mod directives;
mod egress;
mod refusals;
