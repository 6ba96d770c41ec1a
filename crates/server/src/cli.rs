//! The command line: what can be typed, and the environment variables that are read.

mod audit;
mod backup;
mod compat;
mod config;
mod demo;
mod docs;
mod env;
mod health;
mod init;
mod keys;
mod ledger;
mod place;
mod register;
mod review;
mod rules;
mod serve;
mod smsc;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::service_manager::{self, State};
use crate::terminal;

/// What `--help` says at its end.
const ENVIRONMENT: &str = "Environment:
  SWITCHWARD_DATABASE    PostgreSQL URL, as --database, but not shown in the list of processes
  SWITCHWARD_MASTER_KEY  the master key (32 bytes in base64 or hexadecimal) instead of master.key
  SWITCHWARD_LOG         log filter, for example `info` or `warn,webhooks=debug`
  NOTIFY_SOCKET          where a service manager is told when the server is ready and when it stops";

#[derive(Parser)]
#[command(
    name = "switchward",
    version,
    about = "Self-hosted communications platform that speaks Twilio's API and enforces the HIPAA guide",
    after_help = ENVIRONMENT,
    propagate_version = true
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<serve::Arguments>),
    /// Make the data folder and a first account, and print its credentials
    Init(init::Arguments),
    /// Print the shell lines that point unmodified SDKs at a local server
    Env(env::Arguments),
    /// Say by the exit status whether the server on this machine is ready
    Health(health::Arguments),
    /// Watch a reminder go out, and what the rules do about it
    Demo(demo::Arguments),
    /// Show or check a configuration file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Run a simulated SMSC, to try SMPP out against
    Smsc(smsc::Arguments),
    /// List the rules and how far the code has got with each
    Rules(rules::Arguments),
    /// Look after the ledger
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Look after the keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Judge an account of any Twilio-compatible vendor, or a Segment workspace, by the guide's rules
    Audit(Box<audit::Arguments>),
    /// Bring an account's register of third parties and signed answers from files to a server, or back
    #[command(subcommand)]
    Register(register::RegisterCommand),
    /// Look at a customer's text after a complaint or at a sign of risk: two people, a time box, every look recorded
    #[command(subcommand)]
    Review(Box<review::ReviewCommand>),
    /// Make and check backups
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Put a backup into a new data folder or an empty database
    Restore(Box<backup::RestoreArguments>),
    /// Say which operations of each product are served
    Compat(compat::Arguments),
    /// Write or check the generated documentation
    #[command(hide = true)]
    Docs(docs::Arguments),
}

/// Parses the command line and carries it out.
pub(crate) fn run() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Env(arguments) => env::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Config(command) => config::run(&command),
        Command::Smsc(arguments) => smsc::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Ledger(command) => ledger::run(&command),
        Command::Keys(command) => keys::run(&command),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Register(command) => register::run(&command),
        Command::Review(command) => review::run(&command),
        Command::Backup(command) => backup::run(&command),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Compat(arguments) => compat::run(&arguments),
        Command::Docs(arguments) => docs::run(&arguments),
    };
    done.unwrap_or_else(|problem| {
        terminal::complain(&problem.to_string());
        ExitCode::FAILURE
    })
}

fn master_key() -> Result<Option<String>> {
    variable("SWITCHWARD_MASTER_KEY")
}

/// The PostgreSQL URL, when one is used: as given, or from the environment.
fn database(given: Option<&str>) -> Result<Option<String>> {
    match given {
        Some(url) => Ok(Some(url.to_owned())),
        None => variable("SWITCHWARD_DATABASE"),
    }
}

/// A runtime for the commands that need the store.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("the runtime cannot be started: {error}")))
}

/// Completes when the process is asked to end.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let listen =
        |kind| signal(kind).map_err(|error| Problem::new(format!("signals cannot be received: {error}")));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        service_manager::tell(State::Stopping);
        tracing::info!("stopping: requests and jobs in hand are finished first");
    })
}
