//! `switchward audit`: says of every rule of the guide whether an account, anywhere, keeps it.

mod attest;
mod compare;
mod login;
mod network;
mod run;

use std::process::ExitCode;

use crate::problem::Result;

pub(super) use login::OfServer;
pub(super) use run::read_text;

/// What `audit --help` says at its end.
const AFTER: &str = "Credentials, from the environment or --credentials:
  TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or with TWILIO_API_KEY and TWILIO_API_SECRET
  SEGMENT_TOKEN          for --provider segment

Where the service is, as SDKs read it: HTTPS_PROXY and NO_PROXY, NODE_EXTRA_CA_CERTS, TWILIO_REGION and TWILIO_EDGE.
  eval \"$(switchward env --data DIR)\" and --provider switchward audit that server without a --base-url

With --provider switchward, --data DIR or --config FILE looks into a Switchward itself (running or not): settings,
designation, ledger and keys are direct evidence then, every rule names the tests that prove it, and no API is asked
unless --base-url says so.

A read-only key is enough; what it may not read is reported as not observed, with the permission it lacks.
Nothing is written to the account: only GET requests, and with --probe the attempts that --plan announces.

Exit status: 0 done; 1 the audit could not be made; 3 a verdict is as bad as --fail-on, or worse.";

#[derive(clap::Args)]
#[command(after_help = AFTER, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArguments,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Compare two reports (report.json): what got worse, and what better
    Diff(compare::Arguments),
    /// Make a key for signing attestations
    Keygen(attest::KeygenArguments),
    /// Answer for a rule that no API shows, and sign it
    Attest(attest::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.command {
        None => run::run(&arguments.run),
        Some(Command::Diff(arguments)) => compare::run(arguments),
        Some(Command::Keygen(arguments)) => attest::keygen(arguments),
        Some(Command::Attest(arguments)) => attest::run(arguments),
    }
}
