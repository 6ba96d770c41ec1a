//! `switchward ledger`: whether the record of who did what is still what was written, and what it says.

use std::process::ExitCode;
use std::sync::Arc;

use base::SystemClock;
use data_encoding::HEXLOWER;
use serde::Serialize;
use store::Store;

use crate::cli::place::Place;
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};
use crate::terminal::{show, show_json};
use crate::{cli, log};

#[derive(clap::Subcommand)]
pub(super) enum LedgerCommand {
    /// Read the whole ledger and check every link, checkpoint and signature
    Verify(VerifyArguments),
    /// Print the entries, one JSON object a line
    List(ListArguments),
}

/// Entries read at a time.
const LIST_ROWS: usize = 1_000;

#[derive(clap::Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    place: Place,
    /// Print only what comes after this entry
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    after: u64,
}

/// An entry with its place and its time.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    at: String,
    scope: String,
    #[serde(flatten)]
    entry: ledger::RecordedEntry,
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
    match command {
        LedgerCommand::Verify(arguments) => show_verification(arguments),
        LedgerCommand::List(arguments) => {
            cli::runtime()?.block_on(list(arguments))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show_verification(arguments: &VerifyArguments) -> Result<ExitCode> {
    let view = View::new(&cli::runtime()?.block_on(verify(arguments))?);
    match arguments.json {
        true => show_json(&view, true)?,
        false => show(&view.readable())?,
    }
    Ok(if view.intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify(arguments: &VerifyArguments) -> Result<ledger::Report> {
    let store = open(&arguments.place).await?;
    let report = ledger::verify(&store).await;
    store.close().await;
    report.map_err(|error| Problem::new(error.to_string()))
}

async fn list(arguments: &ListArguments) -> Result<()> {
    let store = open(&arguments.place).await?;
    let listed = print_after(&store, arguments.after).await;
    store.close().await;
    listed
}

async fn print_after(store: &Store, mut after: u64) -> Result<()> {
    loop {
        let rows =
            store.journal().read(after, LIST_ROWS).await.map_err(|error| Problem::new(error.to_string()))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.sequence;
        for row in rows {
            let entry = serde_json::from_slice(&row.entry)
                .map_err(|_| Problem::new(format!("entry {} cannot be read", row.sequence)))?;
            let (at, scope) = (row.at.iso8601(), row.scope.to_string());
            show_json(&Line { sequence: row.sequence, at, scope, entry }, false)?;
        }
    }
}

async fn open(place: &Place) -> Result<Store> {
    let config = place.configuration()?;
    let data = DataFolder::open(&Place::folder(&config)?)?;
    let settings = Place::store(&config, data)?;
    if settings.database.is_none() && !settings.data.database_file().exists() {
        return Err(Problem::new(format!("there is no database in {}", settings.data.path().display())));
    }
    Ok(settings.open(Arc::new(SystemClock)).await?.store.clone())
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
