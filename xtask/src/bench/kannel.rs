//! Kannel beside us: its HTTP interface accepts the same messages from the same load.
//!
//! A carrier that takes everything is connected over Kannel's `fake` protocol, and messages are spooled
//! to files, which is the closest it has to durability (it does not fsync them).

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::bench::Setup;
use crate::bench::process::{Process, finished};
use crate::bench::server::{accepted, latency};
use crate::bench::table::Row;
use crate::{postgres, shell, smpp_peers};

/// How long its boxes need to find each other once they listen.
const MEET: Duration = Duration::from_millis(1_500);
const PASSWORD: &str = "bench";

/// The row; or the reason why there is none.
pub(crate) fn measure(setup: &Setup, connections: u32) -> Result<Result<Row, String>, String> {
    let Some(programs) = smpp_peers::kannel() else {
        return Ok(Err("it is not here and cannot be installed".to_owned()));
    };
    let folder = setup.folder.join("kannel");
    shell::fresh_folder(&folder)?;
    std::fs::create_dir(folder.join("spool")).map_err(|e| format!("cannot make the spool: {e}"))?;
    let mut ports = [0; 4];
    for port in &mut ports {
        *port = postgres::free_port()?;
    }
    let [admin, boxes, send, carrier] = ports;
    let file = folder.join("kannel.conf");
    std::fs::write(&file, configuration(&folder, admin, boxes, send, carrier))
        .map_err(|e| format!("cannot write {}: {e}", file.display()))?;

    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let quiet = ["-v", "4"];
    let mut bearer = Process::start(
        "bearerbox",
        Command::new(programs.join("bearerbox")).args(quiet).arg(&file),
        &folder.join("bearerbox.log"),
    )?;
    bearer.wait_for(at(boxes))?;
    take_everything(at(carrier))?;
    let mut sms = Process::start(
        "smsbox",
        Command::new(programs.join("smsbox")).args(quiet).arg(&file),
        &folder.join("smsbox.log"),
    )?;
    sms.wait_for(at(send))?;
    thread::sleep(MEET);

    let form = format!(
        "username=bench&password={PASSWORD}&from=14155550100&to=1415{{line}}&text=Your+appointment+is+tomorrow+at+9:30."
    );
    let before = bearer.cpu()? + sms.cpu()?;
    let mut load = Command::new(setup.programs.join("load"));
    load.arg("post").arg("--get").args(["--path", "/cgi-bin/sendsms", "--form", &form]);
    load.arg("--address").arg(at(send).to_string()).args(["--connections", &connections.to_string()]);
    let (answer, load_cpu) = finished("load", load.args(["--seconds", &setup.seconds.to_string()]))?;
    let accepted = accepted(&answer)?;
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / accepted);
    Ok(Ok(Row {
        case: format!("Kannel, spooled, not fsynced, {connections} connections: accepted (202)"),
        rate: answer["rate"].as_f64(),
        server_us: micros(bearer.cpu()? + sms.cpu()? - before),
        load_us: micros(load_cpu),
        latency_ms: latency(&answer),
        peak_mib: Some(bearer.peak_mib()? + sms.peak_mib()?),
    }))
}

fn configuration(folder: &Path, admin: u16, boxes: u16, send: u16, carrier: u16) -> String {
    format!(
        "group = core
admin-port = {admin}
admin-password = {PASSWORD}
admin-allow-ip = 127.0.0.1
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
store-type = spool
store-location = \"{}\"
dlr-storage = internal
sms-incoming-queue-limit = -1

group = smsc
smsc = fake
smsc-id = FAKE
port = {carrier}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}

group = sendsms-user
username = bench
password = {PASSWORD}

group = sms-service
keyword = default
text = none
max-messages = 0
",
        folder.join("spool").display()
    )
}

/// Connects as the carrier and reads until Kannel ends.
fn take_everything(address: SocketAddr) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).map_err(|e| format!("Kannel's carrier port: {e}"))?;
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    Ok(())
}
