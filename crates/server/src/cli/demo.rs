//! `switchward demo`: the demonstration, and a server to play with afterwards.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::data_folder::DataFolder;
use crate::demo::{Running, Screen, tell};
use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::temporary::TemporaryFolder;
use crate::{cli, log};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// End after the last step instead of leaving the server running
    #[arg(long)]
    exit: bool,
    /// New or empty folder to use and keep, instead of a temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match variable("SWITCHWARD_LOG")? {
        Some(filter) => log::start(Some(&filter))?,
        None => log::hide_panics(),
    }
    let mut screen = Screen::new(variable("NO_COLOR")?.is_some());
    screen.title(
        "Switchward demonstration",
        "A clinic reminds a patient of an appointment. Everything below is real: sockets, TLS, disk.",
    )?;
    cli::runtime()?.block_on(demonstrate(arguments, &mut screen))?;
    Ok(ExitCode::SUCCESS)
}

async fn demonstrate(arguments: &Arguments, screen: &mut Screen) -> Result<()> {
    let stop = cli::stop_signal()?;
    let temporary = match &arguments.data {
        Some(_) => None,
        None => Some(TemporaryFolder::create()?),
    };
    let data = folder(arguments, temporary.as_ref())?;
    let running = Running::start(&data, 0).await?;
    let port = running.address.port();
    tokio::pin!(stop);
    tokio::select! {
        told = tell(screen, &data, running) => told?,
        () = &mut stop => return Err(Problem::new("stopped")),
    }
    screen.line("\nEverything held.")?;
    if arguments.exit {
        return Ok(());
    }
    let running = Running::start(&data, port).await?;
    next_steps(screen, &data, &running)?;
    stop.await;
    running.stop().await
}

fn folder(arguments: &Arguments, temporary: Option<&TemporaryFolder>) -> Result<DataFolder> {
    let Some(path) = &arguments.data else {
        let temporary = temporary.ok_or_else(|| Problem::new("there is no folder to use"))?;
        return DataFolder::open(temporary.path());
    };
    let data = DataFolder::create(path)?;
    let failed = |error| Problem::file("cannot read", path, &error);
    if std::fs::read_dir(data.path()).map_err(failed)?.next().is_some() {
        return Err(Problem::new(format!(
            "{} is not empty: the demonstration needs a folder of its own",
            path.display()
        )));
    }
    Ok(data)
}

fn next_steps(screen: &Screen, data: &DataFolder, running: &Running) -> Result<()> {
    let identity = &running.identity;
    let (account, number) = (&identity.account_sid, &identity.phone_number);
    let (address, folder) = (running.address, data.path().display());
    screen.line(&format!(
        "
The server is running again on {address}. In another terminal, try:

  eval \"$(switchward env --data '{folder}' --listen {address})\"

  curl --proxy http://{address} --cacert '{ca}' -u \"$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN\" \\
    https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json \\
    --data-urlencode To=+14155550143 --data-urlencode From={number} --data-urlencode Body=Hello

  python3 -c '
from twilio.rest import Client
print(Client().messages.create(to=\"+14155550143\", from_=\"{number}\", body=\"Hello\").sid)'

  curl --cacert '{ca}' -u \"$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN\" \\
    https://{address}/switchward/v1/simulator/handsets/+14155550143/messages

Press Ctrl-C to stop.",
        ca = identity.ca_cert,
    ))
}
