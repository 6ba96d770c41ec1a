//! `bench smpp`: messages handed to an SMSC over one bind with a window of 100, beside Python's smpplib
//! doing the same against the same SMSC.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use crate::bench::Setup;
use crate::bench::process::{Process, finished};
use crate::bench::server::latency;
use crate::bench::table::{Row, Table};
use crate::{carrier_peers, postgres, shell};

/// What the figures must hold (issue 3).
const RATE: f64 = 12_000.0;

/// Submits with a window of 100, prints what came of it.
const SMPPLIB: &str = r#"
import json, logging, sys, time
import smpplib.client, smpplib.consts
logging.disable(logging.CRITICAL)
port, seconds = int(sys.argv[1]), float(sys.argv[2])
client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
client.connect()
client.bind_transceiver(system_id="bench", password="bench")
answered = 0
def taken(pdu):
    global answered
    answered += 1
client.set_message_sent_handler(taken)
sent, started = 0, time.monotonic()
while time.monotonic() - started < seconds:
    client.send_message(
        source_addr="14155550100", destination_addr="14155550177",
        source_addr_ton=smpplib.consts.SMPP_TON_INTL, source_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
        dest_addr_ton=smpplib.consts.SMPP_TON_INTL, dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
        short_message=b"Your appointment is tomorrow at 9:30.", registered_delivery=False)
    sent += 1
    while sent - answered >= 100:
        client.read_once()
while answered < sent:
    client.read_once()
took = time.monotonic() - started
print(json.dumps({"accepted": answered, "rate": answered / took}), flush=True)
"#;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("submissions");
    let folder = setup.folder.join("smpp");
    shell::fresh_folder(&folder)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres::free_port()?));
    let mut smsc = Command::new(setup.programs.join("switchward"));
    smsc.args(["smsc", "--no-receipts", "--listen", &address.to_string()]).env("SWITCHWARD_LOG", "warn");
    let mut smsc = Process::start("switchward smsc", &mut smsc, &folder.join("smsc.log"))?;
    smsc.wait_for(address)?;

    let mut ours = Command::new(setup.programs.join("examples").join("submit_bench"));
    ours.arg(&folder).arg(address.to_string()).arg(setup.seconds.to_string());
    let row = measure(&smsc, "switchward, one bind, window 100, names of the messages durable", &mut ours)?;
    table.at_least("submissions at window 100", row.rate.unwrap_or_default(), RATE, "submissions/s");
    table.rows.push(row);

    match carrier_peers::smpplib(&setup.root, &setup.target)? {
        Some(python) => {
            let mut theirs = Command::new(python);
            theirs.arg("-c").arg(SMPPLIB).arg(address.port().to_string()).arg(setup.seconds.to_string());
            table.rows.push(measure(
                &smsc,
                "Python's smpplib, one bind, window 100, nothing durable",
                &mut theirs,
            )?);
        }
        None => table.notes.push("smpplib was not measured: there is no python3.".to_owned()),
    }
    table.notes.push(
        "Here the columns of the server are the client's that is measured, and those of the load the SMSC's."
            .to_owned(),
    );
    Ok(table)
}

fn measure(smsc: &Process, case: &str, client: &mut Command) -> Result<Row, String> {
    let before = smsc.cpu()?;
    let (answer, cpu) = finished("an SMPP client", client)?;
    let accepted = answer["accepted"].as_f64().filter(|count| *count > 0.0);
    let accepted = accepted.ok_or_else(|| format!("{case}: nothing was accepted"))?;
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / accepted);
    Ok(Row {
        case: case.to_owned(),
        rate: answer["rate"].as_f64(),
        server_us: micros(cpu),
        load_us: micros(smsc.cpu()? - before),
        latency_ms: latency(&answer),
        peak_mib: None,
    })
}
