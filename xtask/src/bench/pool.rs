//! `bench pool`: messages through a Messaging Service of a hundred senders, each with a rate of its own, beside messages
//! from one sender. Both leave by SMPP to the simulated SMSC.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use crate::bench::Setup;
use crate::bench::pairs::alternate;
use crate::bench::process::Process;
use crate::bench::server::{Options, Server};
use crate::bench::table::{Row, Table};
use crate::{postgres, shell};

const CONNECTIONS: u32 = 64;
const SENDERS: u32 = 100;
/// Parts a second from one sender of the pool; the single sender may send as many as all of them.
const RATE: u32 = 200;
const PAIRS: usize = 5;

/// What the pool may cost (issue 5).
const COST_PERCENT: f64 = 10.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("messages");
    let folder = setup.folder.join("pool");
    shell::fresh_folder(&folder)?;
    let smsc = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres::free_port()?));
    let mut command = Command::new(setup.programs.join("switchward"));
    command.args(["smsc", "--listen", &smsc.to_string()]).env("SWITCHWARD_LOG", "warn");
    let mut process = Process::start("switchward smsc", &mut command, &folder.join("smsc.log"))?;
    process.wait_for(smsc)?;
    let config = |name: &str, rate: u32| {
        let text = format!(
            "long_code_rate = {rate}\n\n[[binds]]\nname = \"bench\"\nhost = \"{}\"\nport = {}\ntls = false\n\
             system_id = \"bench\"\npassword = \"bench\"\nwindow = 100\nrate_per_second = 50000\n",
            smsc.ip(),
            smsc.port()
        );
        let path = folder.join(name);
        shell::write_private(&path, &text).map(|()| path)
    };
    let (one, many) = (config("one.toml", RATE * SENDERS)?, config("many.toml", RATE)?);
    let single = || {
        let server = Server::start(setup, Options { smpp: Some(&one), ..Options::default() })?;
        server.measure(setup, "one sender", CONNECTIONS)
    };
    let pool = || {
        let server = Server::start(setup, Options { smpp: Some(&many), ..Options::default() })?;
        let service = service(&server)?;
        server.measure_from(
            setup,
            "a service of 100 senders",
            CONNECTIONS,
            &format!("MessagingServiceSid={service}"),
        )
    };
    let rate = |rows: &Vec<Row>, row: usize| rows[row].rate.unwrap_or(f64::NAN);
    let pairs = alternate(PAIRS, single, pool, |one, many| (1.0 - rate(many, 1) / rate(one, 1)) * 100.0)?;
    let (one, many) = pairs.median;
    table.at_most("what the pool costs, through receipts", pairs.cost, COST_PERCENT, "%");
    let accepted = (1.0 - rate(&many, 0) / rate(&one, 0)) * 100.0;
    table.at_most("what the pool costs, accepted, in the same pair", accepted, COST_PERCENT, "%");
    table.notes.push(format!(
        "The pair with the median cost of {PAIRS} is shown; the costs were {}. Each sender of the pool may send {RATE} parts a second.",
        pairs.costs
    ));
    table.rows.extend(one);
    table.rows.extend(many);
    Ok(table)
}

/// A service whose pool has [`SENDERS`] numbers that the operator has brought in; its SID.
fn service(server: &Server) -> Result<String, String> {
    let services = "/messaging/v1/Services";
    let service = server.post(services, "FriendlyName=Bench")?;
    let sid = service["sid"].as_str().unwrap_or_default().to_owned();
    for number in 0..SENDERS {
        let number = server.bring_number(&format!("+1415{}", 5_550_000 + number))?;
        server.post(&format!("{services}/{sid}/PhoneNumbers"), &format!("PhoneNumberSid={number}"))?;
    }
    Ok(sid)
}
