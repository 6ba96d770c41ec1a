//! `switchward init`: a first organization, account, key and phone number, made once.

use std::process::ExitCode;
use std::sync::Arc;

use base::SystemClock;

use crate::cli;
use crate::cli::place::Place;
use crate::config::Config;
use crate::data_folder::{DataFolder, Identity};
use crate::problem::Result;
use crate::terminal::{show, show_json};
use crate::{first_account, log};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Its data folder is for the database, keys and certificates, and made if absent
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Designate the account as a HIPAA project
    #[arg(long)]
    hipaa: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    log::hide_panics();
    let config = arguments.place.configuration()?;
    let data = DataFolder::create(&Place::folder(&config)?)?;
    let identity = match data.first_account()? {
        // What is asked for exists: answered without the database, so also while the server runs.
        Some(account) if account.has_number && (account.hipaa || !arguments.hipaa) => account.identity,
        _ => cli::runtime()?.block_on(make(&config, data, arguments.hipaa))?,
    };
    match arguments.json {
        true => show_json(&identity, false)?,
        false => show(&readable(&identity))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(config: &Config, data: DataFolder, hipaa: bool) -> Result<Identity> {
    let settings = Place::store(config, data)?;
    let services = settings.open(Arc::new(SystemClock)).await?;
    let made = first_account::ensure(&settings.data, &services, hipaa).await;
    services.store.clone().close().await;
    made.map(|account| account.identity)
}

fn readable(identity: &Identity) -> String {
    let rows = [
        ("Organization", &identity.organization),
        ("Account SID", &identity.account_sid),
        ("Auth token", &identity.auth_token),
        ("API key", &identity.api_key_sid),
        ("API key secret", &identity.api_key_secret),
        ("Phone number", &identity.phone_number),
        ("CA certificate", &identity.ca_cert),
    ];
    rows.iter().map(|(name, value)| format!("{name:15} {value}\n")).collect()
}
