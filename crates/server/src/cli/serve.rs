//! `switchward serve`: the server, until it is told to stop.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use base::{Clock, SystemClock, VirtualClock};
use kit::Services;
use lookup::{LocalTable, Provider};
use rustls::pki_types::CertificateDer;
use sim::Simulator;
use smpp_net::{SmppCarrier, SmppConfig};
use webhooks::{IpRange, Webhooks, WebhooksConfig, read_authorities};

use crate::app::{self, Port, StoreSettings};
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};
use crate::products::Connections;
use crate::{cli, first_account, log};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Folder for the database, keys and certificates; made on first start
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// PostgreSQL URL instead of the folder's own database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Domain of this server: products are reached as api.DOMAIN, lookups.DOMAIN, ...
    #[arg(long, value_name = "DOMAIN")]
    base_domain: Option<String>,
    /// Certificate chain (PEM) for the base domain
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Deliver to simulated handsets instead of a network; without this and --smpp-config, messages
    /// stay queued until their validity ends
    #[arg(long)]
    simulator: bool,
    /// Deliver to mobile networks over SMPP, as this file (TOML, see docs/smpp.md) says
    #[arg(long, value_name = "FILE", conflicts_with = "simulator")]
    smpp_config: Option<PathBuf>,
    /// Private address range that webhooks may reach; may be given several times
    #[arg(long, value_name = "CIDR")]
    allow_webhook_to: Vec<IpRange>,
    /// Certificate authority (PEM) that webhooks trust besides the public ones; may be given several times
    #[arg(long, value_name = "FILE")]
    webhook_ca: Vec<PathBuf>,
    /// What is known about phone numbers (TOML with [[line]] entries), for Lookup
    #[arg(long, value_name = "FILE")]
    lookup_table: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    log::start(cli::variable("SWITCHWARD_LOG")?.as_deref())?;
    cli::runtime()?.block_on(serve(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Arguments) -> Result<()> {
    // Before anything slow, so that a stop during the start is heeded.
    let stop = cli::stop_signal()?;
    let data = DataFolder::create(&arguments.data)?;
    let operator_roots = authorities(&arguments.webhook_ca)?;
    let numbers = lookup_table(arguments.lookup_table.as_deref())?;
    let (clock, simulator) = carrier(arguments.simulator);
    let smpp_config = arguments.smpp_config.as_deref().map(smpp_config).transpose()?;
    if simulator.is_none() && smpp_config.is_none() {
        tracing::warn!(
            "no carrier is connected: messages stay queued until their validity ends; start with --simulator to try things out"
        );
    }
    let master_key = cli::master_key()?;
    let database = cli::database(arguments.database.as_deref())?;
    let is_shared = database.is_some();
    let settings = StoreSettings { data: data.clone(), database, master_key };
    let services = settings.open(clock).await?;
    if !is_shared {
        make_first_account(&data, &services).await?;
    }
    let config = WebhooksConfig {
        allowed_private: arguments.allow_webhook_to,
        operator_roots,
        ..WebhooksConfig::default()
    };
    let webhooks = Webhooks::new(services.store.clone(), config)
        .map_err(|error| Problem::new(format!("--webhook-ca cannot be used: {error}")))?;
    let smpp = smpp_config.map(|config| SmppCarrier::new(config, services.store.clone())).transpose();
    let smpp = smpp.map_err(|problem| Problem::new(format!("--smpp-config cannot be used: {problem}")))?;
    let certificate = arguments.tls_cert.zip(arguments.tls_key);
    let port = Port::open(&data, arguments.listen, arguments.base_domain, certificate).await?;
    tracing::info!(address = %port.address()?, simulator = arguments.simulator, "listening");
    app::serve(services, Connections { simulator, smpp, webhooks, numbers }, port, stop).await
}

/// The clock, and the carrier that goes with it.
fn carrier(simulated: bool) -> (Arc<dyn Clock>, Option<Simulator>) {
    if simulated {
        let clock = Arc::new(VirtualClock::following_system());
        return (Arc::<VirtualClock>::clone(&clock), Some(Simulator::new(clock)));
    }
    (Arc::new(SystemClock), None)
}

/// Which SMSCs to bind to. The text holds passwords, so it is wiped.
fn smpp_config(file: &Path) -> Result<SmppConfig> {
    let text = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
    let text = zeroize::Zeroizing::new(text);
    SmppConfig::parse(&text).map_err(|problem| Problem::new(format!("{}: {problem}", file.display())))
}

/// A first account on the first start. A database that several servers share gets its own by `init` alone.
async fn make_first_account(data: &DataFolder, services: &Arc<Services>) -> Result<()> {
    if data.first_account()?.is_some_and(|account| account.has_number) {
        return Ok(());
    }
    first_account::ensure(data, services, false).await?;
    tracing::info!(
        "a first account was made; `switchward init --data` with this folder shows its credentials"
    );
    Ok(())
}

/// The certificate authorities in these PEM files.
fn authorities(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    for file in files {
        let pem = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
        let read = read_authorities(&pem);
        found.extend(read.map_err(|error| Problem::new(format!("{}: {error}", file.display())))?);
    }
    Ok(found)
}

/// What the operator knows about phone numbers; nothing without a file.
fn lookup_table(file: Option<&Path>) -> Result<Arc<dyn Provider>> {
    let Some(file) = file else { return Ok(Arc::new(LocalTable::default())) };
    let text = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
    let table = LocalTable::parse(&text);
    Ok(Arc::new(table.map_err(|error| Problem::new(format!("{}: {error}", file.display())))?))
}
