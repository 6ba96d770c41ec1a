//! The binary from outside: what is typed, what is printed, what a port answers.

mod bad_input;
mod canaries;
#[cfg(feature = "otel")]
mod collector;
mod commands;
mod configuration;
mod demo;
mod drill;
mod operations;
mod packaging;
mod program;
mod scan;
mod serving;
mod traces;
