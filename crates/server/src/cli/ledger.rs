//! `switchward ledger verify`: whether the record of who did what is still what was written.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use base::SystemClock;
use data_encoding::HEXLOWER;
use serde::Serialize;

use crate::app::StoreSettings;
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};
use crate::terminal::{show, show_json};
use crate::{cli, log};

#[derive(clap::Subcommand)]
pub(super) enum LedgerCommand {
    /// Read the whole ledger and check every link, checkpoint and signature
    Verify(VerifyArguments),
}

#[derive(clap::Args)]
pub(super) struct VerifyArguments {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// PostgreSQL URL instead of the folder's own database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View {
    intact: bool,
    entries: u64,
    checkpoints: u64,
    root: String,
    faults: Vec<String>,
}

pub(super) fn run(command: &LedgerCommand) -> Result<ExitCode> {
    log::hide_panics();
    let LedgerCommand::Verify(arguments) = command;
    let view = View::new(&cli::runtime()?.block_on(verify(arguments))?);
    match arguments.json {
        true => show_json(&view, true)?,
        false => show(&view.readable())?,
    }
    Ok(if view.intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify(arguments: &VerifyArguments) -> Result<ledger::Report> {
    let data = DataFolder::open(&arguments.data)?;
    let database = cli::database(arguments.database.as_deref())?;
    if database.is_none() && !data.database_file().exists() {
        return Err(Problem::new(format!("there is no database in {}", data.path().display())));
    }
    let settings = StoreSettings { data, database, master_key: cli::master_key()? };
    let services = settings.open(Arc::new(SystemClock)).await?;
    let report = ledger::verify(&services.store).await;
    services.store.clone().close().await;
    report.map_err(|error| Problem::new(error.to_string()))
}

impl View {
    fn new(report: &ledger::Report) -> Self {
        Self {
            intact: report.is_intact(),
            entries: report.entries,
            checkpoints: report.checkpoints,
            root: HEXLOWER.encode(&report.root),
            faults: report.faults.iter().map(ToString::to_string).collect(),
        }
    }

    fn readable(&self) -> String {
        let mut text = format!(
            "entries      {}\ncheckpoints  {}\nroot         {}\n",
            self.entries, self.checkpoints, self.root
        );
        for fault in &self.faults {
            text.push_str(&format!("fault        {fault}\n"));
        }
        text.push_str(if self.intact { "The ledger is intact.\n" } else { "The ledger is NOT intact.\n" });
        text
    }
}
