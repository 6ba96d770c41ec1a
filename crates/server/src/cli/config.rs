//! `switchward config`: what may stand in a configuration file, and what is wrong with one.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{self, page};
use crate::log;
use crate::problem::Result;
use crate::settings::Settings;
use crate::terminal::show;

#[derive(clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Say what is wrong with a configuration file, and try every file that it names
    Check {
        /// The file (TOML)
        file: PathBuf,
    },
    /// Print a file that shows every key
    Example,
}

pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode> {
    log::hide_panics();
    match command {
        ConfigCommand::Check { file } => {
            Settings::load(&mut config::read(file)?)?;
            show(&format!("{} can be used.\n", file.display()))?;
        }
        ConfigCommand::Example => show(&page::example())?,
    }
    Ok(ExitCode::SUCCESS)
}
