//! `switchward audit diff`: two reports, and what changed.

use std::path::PathBuf;
use std::process::ExitCode;

use audit::diff;

use super::run::read_report;
use crate::problem::{Problem, Result};
use crate::terminal::show;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The earlier report (report.json)
    old: PathBuf,
    /// The later report (report.json)
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (old, new) = (read_report(&arguments.old)?, read_report(&arguments.new)?);
    let diff = diff::compare(&old, &new).map_err(|error| Problem::new(error.to_string()))?;
    show(&if arguments.json { diff::json(&diff) } else { diff::text(&diff) })?;
    Ok(ExitCode::SUCCESS)
}
