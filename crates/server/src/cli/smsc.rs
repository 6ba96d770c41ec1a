//! `switchward smsc`: a simulated SMSC on a port, to try the SMPP carrier and other systems out against.

use std::net::SocketAddr;
use std::process::ExitCode;

use smpp_net::smsc::{Smsc, SmscSettings};
use tokio::net::TcpListener;

use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::{cli, log};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Address and port to listen on; without TLS, so keep it on this machine
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2775")]
    listen: SocketAddr,
    /// Send no delivery receipts
    #[arg(long)]
    no_receipts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    log::start(variable("SWITCHWARD_LOG")?.as_deref())?;
    cli::runtime()?.block_on(serve(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: &Arguments) -> Result<()> {
    let stop = cli::stop_signal()?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Problem::new(format!("cannot listen on {}: {error}", arguments.listen)))?;
    let address =
        listener.local_addr().map_err(|error| Problem::new(format!("the port has no address: {error}")))?;
    tracing::info!(%address, "a simulated SMSC listens: any system may bind");
    let smsc = Smsc::new(SmscSettings { receipts: !arguments.no_receipts, ..SmscSettings::default() });
    tokio::select! {
        served = smsc.serve(listener) => {
            served.map_err(|error| Problem::new(format!("the port could not be served: {error}")))
        }
        () = stop => Ok(()),
    }
}
