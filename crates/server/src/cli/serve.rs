//! `switchward serve`: the server, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use base::{Clock, IpRange, SystemClock, VirtualClock};
use kit::{Gate, Services};
use messaging::carrier::Carrier;
use mm7::Mm7Carrier;
use sim::Simulator;
use smpp_net::SmppCarrier;
use tokio::task::JoinHandle;
use upstream::UpstreamCarrier;
use webhooks::Webhooks;

use crate::app::{self, Port, StoreSettings, Watching};
use crate::config::{self, Config, SecretSource, Smpp};
use crate::data_folder::DataFolder;
use crate::environment::variable;
use crate::maintenance::Maintenance;
use crate::operations::Operations;
use crate::problem::{Problem, Result};
use crate::products::Connections;
use crate::service_manager::{self, State};
use crate::settings::Settings;
use crate::{cli, control, first_account, log, memory};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Configuration file (TOML); the flags below and environment variables go before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for the database, keys and certificates; made on first start
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
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
    let file = arguments.config.clone();
    let config = arguments.configuration()?;
    log::start(config.log.as_deref())?;
    memory::keep_private();
    cli::runtime()?.block_on(serve(config, file))?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// The file's settings, then what the environment says instead, then what these flags say instead.
    fn configuration(self) -> Result<Config> {
        let mut config = match &self.config {
            Some(file) => config::read(file)?,
            None => Config::default(),
        };
        if let Some(url) = cli::database(self.database.as_deref())? {
            config.database = Some(SecretSource::Here(url.into()));
        }
        replace(&mut config.log, variable("SWITCHWARD_LOG")?);
        replace(&mut config.data, self.data);
        config.listen = self.listen.unwrap_or(config.listen);
        replace(&mut config.base_domain, self.base_domain);
        replace(&mut config.tls.certificate, self.tls_cert);
        replace(&mut config.tls.key, self.tls_key);
        replace(&mut config.lookup.table, self.lookup_table);
        // One choice: a flag for one carrier is a flag against the file's.
        if self.simulator {
            (config.simulator, config.smpp, config.upstream, config.mm7) = (true, None, None, None);
        }
        if let Some(file) = self.smpp_config {
            (config.simulator, config.smpp) = (false, Some(Smpp::File(file)));
        }
        if !self.allow_webhook_to.is_empty() {
            config.webhooks.allow_to = self.allow_webhook_to;
        }
        if !self.webhook_ca.is_empty() {
            config.webhooks.ca = self.webhook_ca;
        }
        Ok(config)
    }
}

/// What a flag says goes before what was there.
fn replace<T>(setting: &mut Option<T>, flag: Option<T>) {
    if flag.is_some() {
        *setting = flag;
    }
}

async fn serve(mut config: Config, file: Option<PathBuf>) -> Result<()> {
    // Before anything slow, so that a stop during the start is heeded.
    let stop = cli::stop_signal()?;
    let folder = config.data.take().ok_or_else(|| {
        Problem::new("the data folder is missing: give `--data DIR`, or `data` in the configuration file")
    })?;
    let settings = Settings::load(&mut config)?;
    let data = DataFolder::create(&folder)?;
    let (clock, simulator) = carrier(config.simulator);
    let has_carrier = settings.smpp.is_some() || settings.upstream.is_some() || settings.mm7.is_some();
    if simulator.is_none() && !has_carrier {
        tracing::warn!(
            "no carrier is configured: messages stay queued until their validity ends, or a bind is added by the API; start with --simulator to try things out"
        );
    }
    let is_shared = settings.database.is_some();
    let database = settings.database.map(|url| url.to_string());
    let (master_key, keys, blobs) = (cli::master_key()?, config.keys.clone(), config.blobs.clone());
    let store = StoreSettings { data: data.clone(), database, master_key, keys, blobs };
    let gate = Arc::new(Gate::new(config.limits));
    let mut services = Services { gate, ..Services::clone(&*store.open(clock).await?) };
    if let Some(domain) = &config.base_domain {
        services.api_base = format!("https://api.{domain}");
    }
    let services = Arc::new(services);
    if !is_shared {
        make_first_account(&data, &services).await?;
    }
    let webhooks = Webhooks::new(services.store.clone(), settings.webhooks)
        .map_err(|error| Problem::new(format!("the authorities for webhooks cannot be used: {error}")))?;
    let smpp =
        match (&simulator, settings.smpp) {
            (Some(_), _) => None,
            (None, None) => Some(SmppCarrier::without_binds(services.store.clone())),
            (None, Some(config)) => {
                let smpp = SmppCarrier::new(config, services.store.clone());
                Some(smpp.map_err(|problem| {
                    Problem::new(format!("the SMPP carrier cannot be set up: {problem}"))
                })?)
            }
        };
    let port = Port::open(&data, config.listen, config.base_domain, settings.certificate).await?;
    tracing::info!(address = %port.address()?, simulator = config.simulator, "listening");
    service_manager::tell(State::Ready);
    let upstream = match &simulator {
        Some(_) => None,
        None => Some(
            UpstreamCarrier::new(
                settings.upstream.unwrap_or_default(),
                services.store.clone(),
                smpp.clone().map(|smpp| Arc::new(smpp) as Arc<dyn Carrier>),
            )
            .map_err(|problem| Problem::new(problem.to_string()))?,
        ),
    };
    let mm7 = match &upstream {
        None => None,
        Some(upstream) => {
            let otherwise = Some(Arc::new(upstream.clone()) as Arc<dyn Carrier>);
            let mm7 = Mm7Carrier::new(settings.mm7.unwrap_or_default(), services.store.clone(), otherwise);
            Some(mm7.map_err(|problem| Problem::new(problem.to_string()))?)
        }
    };
    let connections = Connections {
        simulator,
        smpp,
        upstream,
        mm7,
        webhooks,
        numbers: settings.numbers,
        switchboard: OnceLock::new(),
    };
    let watching = Watching {
        operations: match config.operations.listen {
            Some(address) => Some(Operations::open(address).await?),
            None => None,
        },
        database_folder: (!is_shared).then_some(folder),
        stop_notice: config.operations.stop_notice,
        collector: settings.collector,
    };
    let orders = take_orders(store, &services, file).await;
    let served = app::serve(services, connections, port, watching, stop).await;
    if let Some(orders) = orders {
        orders.abort();
    }
    served
}

/// Takes the operator's orders at the data folder's socket. Without it the server serves all the same.
async fn take_orders(
    settings: StoreSettings,
    services: &Services,
    file: Option<PathBuf>,
) -> Option<JoinHandle<()>> {
    let data = settings.data.clone();
    // What holds the master key is read anew for each order, so that it changes without a restart.
    let holder = move || match &file {
        Some(file) => StoreSettings { keys: config::read(file)?.keys, ..settings.clone() }.holder(),
        None => settings.holder(),
    };
    let (store, blobs) = (services.store.clone(), services.blobs.clone());
    match control::listen(Maintenance { store, data, blobs, holder: Arc::new(holder) }).await {
        Ok(orders) => Some(tokio::spawn(orders)),
        Err(problem) => {
            tracing::warn!(%problem, "no orders are taken: `switchward keys` and `backup` need this server to stop");
            None
        }
    }
}

/// The clock, and the carrier that goes with it.
fn carrier(simulated: bool) -> (Arc<dyn Clock>, Option<Simulator>) {
    if simulated {
        let clock = Arc::new(VirtualClock::following_system());
        return (Arc::<VirtualClock>::clone(&clock), Some(Simulator::new(clock)));
    }
    (Arc::new(SystemClock), None)
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
