//! `switchward serve`: the server, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use base::{Clock, SystemClock, VirtualClock};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use webhooks::IpRange;

use crate::app::{self, PortSettings, StoreSettings};
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};
use crate::{cli, log};

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
    /// Deliver to simulated handsets instead of a network; without it, messages stay queued until
    /// their validity ends, because no carrier is connected yet
    #[arg(long)]
    simulator: bool,
    /// Private address range that webhooks may reach; may be given several times
    #[arg(long, value_name = "CIDR")]
    allow_webhook_to: Vec<IpRange>,
    /// Certificate authority (PEM) that webhooks trust besides the public ones; may be given several times
    #[arg(long, value_name = "FILE")]
    webhook_ca: Vec<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    log::start(cli::variable("SWITCHWARD_LOG")?.as_deref())?;
    cli::runtime()?.block_on(serve(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Arguments) -> Result<()> {
    let data = DataFolder::create(&arguments.data)?;
    let _roots = certificates(&arguments.webhook_ca)?;
    // Before anything slow, so that a stop during the start is heeded.
    let stop = stop_signal()?;
    let clock: Arc<dyn Clock> = if arguments.simulator {
        Arc::new(VirtualClock::following_system())
    } else {
        tracing::warn!("no carrier is connected: messages stay queued until their validity ends (start with --simulator to try things out)");
        Arc::new(SystemClock)
    };
    let settings = StoreSettings { data: data.clone(), database: arguments.database, master_key: cli::master_key()? };
    let services = settings.open(clock).await?;
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        Problem::new(format!("cannot listen on {}: {error}", arguments.listen))
    })?;
    let address = listener.local_addr().map_err(|error| Problem::new(error.to_string()))?;
    tracing::info!(%address, simulator = arguments.simulator, "listening");
    let port = PortSettings {
        base_domain: arguments.base_domain,
        certificate: arguments.tls_cert.zip(arguments.tls_key),
    };
    app::serve(&data, services, port, listener, stop).await
}

/// Completes when the process is asked to end.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let listen = |kind| {
        signal(kind).map_err(|error| Problem::new(format!("signals cannot be received: {error}")))
    };
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: requests and jobs in hand are finished first");
    })
}

/// Every certificate of these PEM files.
fn certificates(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    for file in files {
        let before = found.len();
        let unreadable = || Problem::new(format!("{} holds no certificate in PEM", file.display()));
        for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unreadable())? {
            found.push(certificate.map_err(|_| unreadable())?);
        }
        if found.len() == before {
            return Err(unreadable());
        }
    }
    Ok(found)
}
