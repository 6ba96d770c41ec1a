//! The binary `switchward`: reads the command line and hands over to one module per command.

use std::process::ExitCode;

mod app;
mod cli;
mod compat;
mod data_folder;
mod demo;
mod first_account;
mod front;
mod log;
mod problem;
mod products;
mod secret_file;
mod temporary;
mod terminal;

fn main() -> ExitCode {
    cli::run()
}
