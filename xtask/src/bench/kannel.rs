//! Kannel beside us: its HTTP interface accepts the same messages from the same load.
//!
//! A carrier that takes everything is connected over Kannel's `fake` protocol, and messages are spooled
//! to files, which is the closest it has to durability: it does not fsync them. To make it promise what Switchward
//! does, its spool is put on a file system that is mounted `sync`, in a file of its own (as root only).

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
use crate::{apt, carrier_peers, postgres, shell};

/// How long its boxes need to find each other once they listen.
const MEET: Duration = Duration::from_millis(1_500);
const PASSWORD: &str = "bench";
/// The file system of a spool that is synced: its size, and how many files it has room for.
const IMAGE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const IMAGE_FILES: &str = "400000";
const MOUNT_LIMIT: Duration = Duration::from_secs(60);

/// What Kannel's spool lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spool {
    /// The file system of everything else here. What was accepted is lost when the power goes.
    NotSynced,
    /// One that writes before it answers.
    Synced,
}

/// The row; or the reason why there is none.
pub(crate) fn measure(setup: &Setup, connections: u32, spool: Spool) -> Result<Result<Row, String>, String> {
    let Some(programs) = carrier_peers::kannel() else {
        return Ok(Err("it is not here and cannot be installed".to_owned()));
    };
    let folder = setup.folder.join("kannel");
    shell::fresh_folder(&folder)?;
    let spooled = folder.join("spool");
    std::fs::create_dir(&spooled).map_err(|e| format!("cannot make the spool: {e}"))?;
    let _mounted = match spool {
        Spool::NotSynced => None,
        Spool::Synced if !apt::is_root() => return Ok(Err("only root mounts a file system".to_owned())),
        Spool::Synced => match Mounted::at(&spooled, &folder.join("spool.ext4")) {
            Ok(mounted) => Some(mounted),
            Err(reason) => return Ok(Err(reason)),
        },
    };
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
        case: format!("Kannel, {}, {connections} connections: accepted (202)", spool.words()),
        rate: answer["rate"].as_f64(),
        server_us: micros(bearer.cpu()? + sms.cpu()? - before),
        load_us: micros(load_cpu),
        latency_ms: latency(&answer),
        peak_mib: Some(bearer.peak_mib()? + sms.peak_mib()?),
    }))
}

impl Spool {
    /// How a row calls it.
    const fn words(self) -> &'static str {
        match self {
            Self::NotSynced => "spooled, not fsynced",
            Self::Synced => "spooled, on a file system mounted `sync`",
        }
    }
}

/// A file system in a file, mounted so that every write is on disk before it returns; unmounted when dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn at(folder: &'a Path, image: &Path) -> Result<Self, String> {
        let file = std::fs::File::create(image).and_then(|file| file.set_len(IMAGE_BYTES));
        file.map_err(|e| format!("cannot make {}: {e}", image.display()))?;
        shell::output(
            Command::new("mkfs.ext4").args(["-q", "-F", "-N", IMAGE_FILES]).arg(image),
            MOUNT_LIMIT,
        )?;
        let mut mount = Command::new("mount");
        shell::output(mount.args(["-o", "loop,sync,dirsync"]).arg(image).arg(folder), MOUNT_LIMIT)?;
        Ok(Self(folder))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        if let Err(problem) = shell::output(Command::new("umount").arg(self.0), MOUNT_LIMIT) {
            eprintln!("{} was not unmounted: {problem}", self.0.display());
        }
    }
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
