//! The program `switchward`: reads the command line and hands over to one module per command. The library
//! exists for the binary and for fuzzing [`config::parse`].

use std::process::ExitCode;

mod app;
mod bucket;
mod cli;
mod compat;
pub mod config;
mod control;
mod data_folder;
mod demo;
mod environment;
mod first_account;
mod front;
mod holders;
mod inside;
mod log;
mod maintenance;
mod memory;
mod metrics;
mod operations;
mod problem;
mod products;
mod readiness;
mod reviewed;
mod secret_file;
mod service_manager;
mod settings;
mod temporary;
#[cfg(test)]
mod tenant_matrix;
mod terminal;
mod traces;

/// Carries out the command that was typed.
#[must_use]
pub fn run() -> ExitCode {
    cli::run()
}
