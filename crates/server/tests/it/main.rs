//! The binary from outside: what is typed, what is printed, what a port answers.

mod audit_inside;
mod audit_network;
mod audit_size;
mod audits;
mod bad_input;
mod canaries;
#[cfg(feature = "otel")]
mod collector;
mod commands;
mod configuration;
mod demo;
mod drill;
mod holders;
mod memory;
mod operations;
mod packaging;
mod program;
mod recorder;
mod reviews;
mod scan;
mod serving;
#[expect(dead_code, reason = "these tests need fewer faults than those of `kms`")]
#[expect(clippy::unwrap_used, reason = "it is a stub of the tests of `kms`")]
#[path = "../../../kms/tests/it/stub.rs"]
mod stub;
mod traces;
mod upstream;
