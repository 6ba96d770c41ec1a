//! `switchward backup` and `switchward restore`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use backup::{Progress, Restored, Source, Target, Verified};
use base::SystemClock;
use store::Database;
use tokio::sync::watch;

use crate::cli::place::Place;
use crate::data_folder::DataFolder;
use crate::maintenance::Order;
use crate::problem::{Problem, Result};
use crate::terminal::{show, show_progress};
use crate::{cli, log};

#[derive(clap::Subcommand)]
pub(super) enum BackupCommand {
    /// Make a backup of a database, while it is served or not
    Create(CreateArguments),
    /// Read a backup to its end and check every byte of it
    Verify(VerifyArguments),
}

#[derive(clap::Args)]
pub(super) struct CreateArguments {
    #[command(flatten)]
    place: Place,
    /// Folder for the backup: a new content file, and the keys in place of the older ones
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    place: Place,
    /// Folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// An older content file, with the folder's newest keys
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct RestoreArguments {
    #[command(flatten)]
    place: Place,
    /// Folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// An older content file, with the folder's newest keys
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// File with the master key, for a new data folder
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
    /// A root of the ledger that is known from elsewhere: an older state is reported
    #[arg(long, value_name = "HEX")]
    expect_root: Option<String>,
}

pub(super) fn run(command: &BackupCommand) -> Result<ExitCode> {
    log::hide_panics();
    match command {
        BackupCommand::Create(arguments) => create(arguments),
        BackupCommand::Verify(arguments) => verify(arguments),
    }
}

fn create(arguments: &CreateArguments) -> Result<ExitCode> {
    let to = std::path::absolute(&arguments.to)
        .map_err(|error| Problem::file("cannot use", &arguments.to, &error))?;
    let made = cli::runtime()?.block_on(arguments.place.carry_out(Order::Backup { to }))?;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    show(&format!(
        "content   {}\nkeys      {}\nrows      {}\nentries   {}\nroot      {}\n",
        text("content"),
        text("keys"),
        made["rows"],
        made["ledger"]["entries"],
        made["ledger"]["root"].as_str().unwrap_or_default()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn verify(arguments: &VerifyArguments) -> Result<ExitCode> {
    let config = arguments.place.configuration()?;
    let data = DataFolder::open(&Place::folder(&config)?)?;
    let wrapper = Place::store(&config, data)?.existing_holder()?;
    let verified = backup::verify(&arguments.from, arguments.content.as_deref(), wrapper.as_ref(), |_| ());
    show(&readable(&verified.map_err(|error| Problem::new(error.to_string()))?))?;
    show("The backup is whole.\n")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(arguments: &RestoreArguments) -> Result<ExitCode> {
    log::hide_panics();
    let config = arguments.place.configuration()?;
    let folder = Place::folder(&config)?;
    refuse_anything(&folder)?;
    let data = DataFolder::create(&folder)?;
    if let Some(file) = &arguments.master_key {
        data.take_master_key(file)?;
    }
    let settings = Place::store(&config, data.clone())?;
    let wrapper = settings.existing_holder()?;
    let database = data.database(settings.database.as_deref());
    let source = Source { folder: arguments.from.clone(), content: arguments.content.clone(), wrapper };
    let target = Target {
        database: database.clone(),
        clock: Arc::new(SystemClock),
        blobs: Some(settings.blobs()?),
        expected_root: arguments.expect_root.clone(),
    };
    let (progress, seen) = watch::channel(Progress { done: 0, total: 0 });
    let runtime = cli::runtime()?;
    let restored = runtime.block_on(async {
        let is_watched = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let shown = is_watched.then(|| tokio::spawn(show_progress(seen)));
        let tell = move |now| {
            progress.send_replace(now);
        };
        let restored = backup::restore(source, target, tell).await;
        if let Some(shown) = shown {
            shown.abort();
        }
        restored
    });
    let restored = restored.map_err(|error| {
        if let Database::Sqlite(file) = &database {
            remove_unfinished(file);
        }
        Problem::new(format!("nothing was restored: {error}"))
    })?;
    for file in &restored.files {
        data.restore_file(file)?;
    }
    report(&restored, arguments.expect_root.is_some())
}

/// A restore never overwrites: the data folder is absent, or holds nothing but the master key.
fn refuse_anything(folder: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(|error| Problem::file("cannot list", folder, &error))?;
        if !DataFolder::is_master_key(&entry.file_name()) {
            return Err(Problem::new(format!(
                "{} is not empty: a restore overwrites nothing, give a new folder",
                folder.display()
            )));
        }
    }
    Ok(())
}

/// Removes what an interrupted restore made, so that it can be given again.
fn remove_unfinished(file: &Path) {
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        // What was not made cannot be removed.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

fn report(restored: &Restored, expected: bool) -> Result<ExitCode> {
    show(&readable(&restored.verified))?;
    show(&format!(
        "restored  {} documents\nleft out  {} documents deleted since, and the content of {} redacted since\n",
        restored.documents, restored.deleted, restored.redacted
    ))?;
    let newer = restored.verified.keys_ledger.entries.saturating_sub(restored.verified.ledger.entries);
    if newer > 0 {
        show(&format!("older     the ledger had {newer} more entries when the keys were made\n"))?;
    }
    match (expected, restored.expected_at) {
        (true, Some(entries)) => {
            show(&format!("expected  the ledger had the expected root after {entries} entries\n"))?;
        }
        (true, None) => {
            show("expected  NOT FOUND: this is an older state than the one with the expected root\n")?;
            return Ok(ExitCode::FAILURE);
        }
        (false, _) => {}
    }
    show("The ledger is intact.\n")?;
    Ok(ExitCode::SUCCESS)
}

fn readable(verified: &Verified) -> String {
    format!(
        "backup    {}\nmade      {}\nkeys of   {}\ndocuments {}\nentries   {}\nroot      {}\n",
        verified.backup,
        verified.content_made_at.iso8601(),
        verified.keys_made_at.iso8601(),
        verified.documents,
        verified.ledger.entries,
        verified.ledger.root
    )
}
