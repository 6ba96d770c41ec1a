//! `switchward register`: an account's register and signed answers, from files to a running server and back.

use std::path::PathBuf;
use std::process::ExitCode;

use audit::files::{Attestations, Mistake, Register};
use audit::stated::{Sent, Unread};
use serde::Serialize;
use url::Url;

use super::audit::{OfServer, read_text};
use crate::cli;
use crate::problem::{Problem, Result};
use crate::terminal::show;

/// What `--help` says at its end.
const AFTER: &str = "Credentials, from the environment:
  TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or with TWILIO_API_KEY and TWILIO_API_SECRET (a main key)";

#[derive(clap::Subcommand)]
pub(super) enum RegisterCommand {
    /// Print the register that the account obeys, as register.toml
    #[command(after_help = AFTER)]
    Export(Server),
    /// Make this file the account's register
    #[command(after_help = AFTER)]
    Import(WithFile),
    /// Send the signed answers and exceptions of attestations.toml; those that are there already are left
    #[command(after_help = AFTER)]
    Attest(WithFile),
}

#[derive(clap::Args)]
pub(super) struct Server {
    /// Where the server is, unless what `switchward env` prints is loaded
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// SID of the account, unless TWILIO_ACCOUNT_SID has it
    #[arg(long, value_name = "SID")]
    account: Option<String>,
    /// Trust the certificate authorities in this PEM file too, unless NODE_EXTRA_CA_CERTS names one
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct WithFile {
    file: PathBuf,
    #[command(flatten)]
    server: Server,
}

impl Server {
    fn open(&self) -> Result<OfServer> {
        OfServer::new(self.account.as_deref(), self.base_url.as_ref(), self.ca.as_deref())
    }
}

pub(super) fn run(command: &RegisterCommand) -> Result<ExitCode> {
    let text = match command {
        RegisterCommand::Export(server) => {
            let server = server.open()?;
            cli::runtime()?.block_on(server.place().register()).map_err(unread)?.to_toml()
        }
        RegisterCommand::Import(WithFile { file, server }) => {
            let name = file.display().to_string();
            let register = Register::read(&name, &read_text(file)?).map_err(wrong)?;
            let server = server.open()?;
            let sent =
                cli::runtime()?.block_on(server.place().send("Register/Import", &Given::of(&register)));
            refused(sent.map_err(unread)?, &name)?;
            format!("{} parties are the register now\n", register.parties.len())
        }
        RegisterCommand::Attest(WithFile { file, server }) => {
            let name = file.display().to_string();
            let stated = Attestations::read(&name, &read_text(file)?).map_err(wrong)?;
            let server = server.open()?;
            let (taken, known) = cli::runtime()?.block_on(attest(&server, &stated))?;
            format!("{taken} statements were taken, {known} were there already\n")
        }
    };
    show(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The body of an import.
#[derive(Serialize)]
struct Given<'a> {
    parties: &'a [audit::files::Party],
}

impl<'a> Given<'a> {
    fn of(register: &'a Register) -> Self {
        Self { parties: &register.parties }
    }
}

async fn attest(server: &OfServer, stated: &Attestations) -> Result<(usize, usize)> {
    let place = server.place();
    let (mut taken, mut known) = (0, 0);
    let mut count = |sent: Sent, rule: &str| {
        match &sent {
            Sent::Known => known += 1,
            Sent::Taken => taken += 1,
            Sent::Refused { .. } => return refused(sent, rule),
        }
        Ok(())
    };
    for attestation in &stated.attestations {
        count(place.send("Attestations", attestation).await.map_err(unread)?, &attestation.rule)?;
    }
    for exception in &stated.exceptions {
        count(place.send("Exceptions", exception).await.map_err(unread)?, &exception.rule)?;
    }
    Ok((taken, known))
}

fn wrong(mistake: Mistake) -> Problem {
    Problem::new(mistake.to_string())
}

fn unread(unread: Unread) -> Problem {
    Problem::new(unread.to_string())
}

/// What the server says against it.
fn refused(sent: Sent, what: &str) -> Result<()> {
    match sent {
        Sent::Taken | Sent::Known => Ok(()),
        Sent::Refused { status, message } => {
            Err(Problem::new(format!("{what} was refused with status {status}: {message}")))
        }
    }
}
