//! The binary from outside: what is typed, what is printed, what a port answers.

mod bad_input;
mod commands;
mod configuration;
mod demo;
mod drill;
mod operations;
mod packaging;
mod program;
mod serving;
