//! `cargo xtask faults`: disk full, unwritable or stalled, PostgreSQL gone, ledger unwritable, clock set, all under load.
//!
//! Each fault is real (a file system of its own, a server that is stopped) and the server the built
//! binary. It must stop acknowledging, say so, recover without a restart, and lose nothing: what was acknowledged is
//! looked for as after a crash.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crash::chance::fresh_seed;
use crate::crash::http::Connection;
use crate::crash::load::{Load, Target};
use crate::crash::sink::Sink;
use crate::crash::site::{Server, Site};
use crate::crash::smsc::Smsc;
use crate::crash::truth::Truth;
use crate::metadata::Metadata;
use crate::postgres::{Cluster, query};
use crate::steps::Context;
use crate::{apt, leak, shell};

const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// The load before a fault, and after its end.
const UNDISTURBED: Duration = Duration::from_millis(700);
/// How long a fault may last before the server is expected to have noticed it.
const NOTICED: Duration = Duration::from_secs(20);
/// How soon after its end the server must acknowledge again.
const RECOVERED: Duration = Duration::from_secs(20);
/// How long the fault lasts after it was noticed.
const LASTS: Duration = Duration::from_secs(2);
/// How long an answer may take that says no.
const LONGEST_ANSWER: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(100);
/// Messages that one connection posts during a fault at most.
const MESSAGES: usize = 150;
/// Characters of an ISO 8601 time down to its hour.
const HOUR_CHARACTERS: usize = 13;
/// The same while the clock is set: all that are listed must fit on one page, because their order is lost.
const CLOCK_MESSAGES: usize = 15;
/// Twilio's code for a service that cannot answer now.
const UNAVAILABLE: i64 = 20_503;

/// What a fault is expected to look like from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// 503 in the API's shape, and `/readyz` says 503.
    Refused,
    /// 503 in the API's shape; `/readyz` need not know.
    RefusedOnly,
    /// No answer until it is over.
    Waits,
    /// It goes on, or refuses: both are right.
    Any,
}

type Action<'a> = &'a dyn Fn() -> Result<(), String>;

/// A fault, how it is made and how it ends.
struct Fault<'a> {
    name: &'static str,
    seen: Seen,
    begin: Action<'a>,
    end: Action<'a>,
}

/// `cargo xtask faults [disk] [PostgreSQL] [clock]`: false when a part could not run here.
pub(crate) fn command(only: &[String]) -> Result<bool, String> {
    let metadata = Metadata::of_workspace()?;
    let target = metadata.target_directory;
    let context = Context { root: metadata.workspace_root, target, write: false, postgres: None };
    Ok(run(&context, only)?.is_empty())
}

/// Runs the parts, all unless some are named; why those did not run that could not.
fn run(context: &Context, only: &[String]) -> Result<Vec<String>, String> {
    let binary = leak::build_binary(context)?;
    let home = context.target.join("faults");
    let mut reasons = Vec::new();
    let disk: fn(&Path, &Path) -> Result<(), Part> = disk;
    for (what, part) in [("disk", disk), ("PostgreSQL", postgres), ("clock", clock)] {
        if !only.is_empty() && !only.iter().any(|name| name == what) {
            continue;
        }
        match part(&binary, &home.join(what)) {
            Ok(()) => println!("ok: {what}"),
            Err(Part::NotRun(reason)) => {
                println!("NOT RUN: {what}: {reason}");
                reasons.push(format!("{what}: {reason}"));
            }
            Err(Part::Failed(problem)) => return Err(format!("{what}: {problem}")),
        }
    }
    Ok(reasons)
}

/// Why a part did not pass.
enum Part {
    NotRun(String),
    Failed(String),
}

impl From<String> for Part {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}

/// A file system in a file, mounted while this value lives.
struct Disk(PathBuf);

impl Disk {
    fn mount(home: &Path) -> Result<Self, String> {
        let (image, folder) = (home.join("disk.img"), home.join("disk"));
        std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        sh(&format!("truncate -s 768M {0} && mkfs.ext4 -q -F -m 0 {0}", image.display()))?;
        sh(&format!("mount -o loop {} {}", image.display(), folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

/// Ends every fault of a mounted file system, and the mount. What was not mounted needs none of it.
fn unmount(folder: &Path) {
    for command in ["fsfreeze -u", "chattr -R -f -i", "umount"] {
        drop(sh(&format!("{command} {} 2>/dev/null", folder.display())));
    }
}

fn disk(binary: &Path, home: &Path) -> Result<(), Part> {
    if !apt::is_root() {
        return Err(Part::NotRun("only root can mount a file system".to_owned()));
    }
    // A run that was stopped may have left it.
    unmount(&home.join("disk"));
    shell::fresh_folder(home)?;
    let disk = Disk::mount(home).map_err(Part::NotRun)?;
    let folder = disk.0.display();
    let filling = format!("{folder}/filling");
    let files = format!("{folder}/data/switchward.db {folder}/data/switchward.db-wal");
    let faults = [
        Fault {
            name: "disk full",
            seen: Seen::Refused,
            begin: &|| sh(&format!("cat /dev/zero > {filling} 2>/dev/null || true")),
            end: &|| sh(&format!("rm {filling}")),
        },
        Fault {
            name: "database not writable",
            seen: Seen::Refused,
            begin: &|| sh(&format!("chattr +i {files}")),
            end: &|| sh(&format!("chattr -i {files}")),
        },
        Fault {
            name: "disk stalled",
            seen: Seen::Waits,
            begin: &|| sh(&format!("fsfreeze -f {folder}")),
            end: &|| sh(&format!("fsfreeze -u {folder}")),
        },
    ];
    let run = Run::start(binary, &home.join("run"), &disk.0.join("data"), None, MESSAGES, &[])?;
    run.through(&faults)?;
    Ok(())
}

fn postgres(binary: &Path, home: &Path) -> Result<(), Part> {
    shell::fresh_folder(home)?;
    let Some((port, cluster)) = Cluster::private(home)? else {
        return Err(Part::NotRun("no PostgreSQL here and none could be installed".to_owned()));
    };
    let url = Cluster::url(port);
    let refuse =
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE TRIGGER refuse BEFORE INSERT ON journal EXECUTE FUNCTION refuse()";
    let faults = [
        Fault {
            name: "PostgreSQL stopped",
            seen: Seen::Refused,
            begin: &|| cluster.stop("fast"),
            end: &|| cluster.start_again(port),
        },
        Fault {
            name: "PostgreSQL crashed",
            seen: Seen::Refused,
            begin: &|| cluster.stop("immediate"),
            end: &|| cluster.start_again(port),
        },
        Fault {
            name: "ledger not writable",
            seen: Seen::RefusedOnly,
            begin: &|| query(&url, refuse),
            end: &|| query(&url, "DROP FUNCTION refuse() CASCADE"),
        },
    ];
    let run = Run::start(binary, &home.join("run"), &home.join("data"), Some(&url), MESSAGES, &[])?;
    run.through(&faults)?;
    Ok(())
}

/// The clock of the running process is set: a library between it and the system adds what a file says. The
/// machine's own clock, and the steady one that timers go by, stay as they are.
fn clock(binary: &Path, home: &Path) -> Result<(), Part> {
    shell::fresh_folder(home)?;
    let Some(library) = faketime().or_else(|| apt::install("libfaketime").then(faketime).flatten()) else {
        return Err(Part::NotRun("no libfaketime here and none could be installed".to_owned()));
    };
    let file = home.join("clock");
    let set = |seconds: i64| {
        // In one piece: the process reads it all the time.
        let new = home.join("clock.new");
        let written =
            std::fs::write(&new, format!("{seconds:+}\n")).and_then(|()| std::fs::rename(&new, &file));
        written.map_err(|e| format!("the clock cannot be set: {e}"))
    };
    set(0)?;
    let variables = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let (forward, back, right) = (|| set(3_600), || set(-3_600), || set(0));
    let faults = [
        Fault { name: "clock +1 h, then right", seen: Seen::Any, begin: &forward, end: &right },
        Fault { name: "clock -1 h, then right", seen: Seen::Any, begin: &back, end: &right },
    ];
    let run = Run::start(binary, &home.join("run"), &home.join("data"), None, CLOCK_MESSAGES, &variables)?;
    let run = run.through_each(&faults)?;
    // What waits would have expired by then, so this step comes while nothing does.
    set(90_000)?;
    let day =
        Fault { name: "clock +25 h at rest, then right", seen: Seen::Any, begin: &|| Ok(()), end: &right };
    let site = run.through(&[day])?;
    let entries = site.ledger_after(0)?;
    let hours: BTreeSet<&str> =
        entries.iter().filter_map(|entry| entry["at"].as_str()?.get(..HOUR_CHARACTERS)).collect();
    // Right, +1 h, -1 h and +25 h: otherwise the process did not see its clock set.
    if hours.len() < 4 {
        Err(Part::Failed("the clock of the process was not set".to_owned()))
    } else {
        Ok(())
    }
}

fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|library| library.is_file())
}

/// A server under load.
struct Run {
    site: Site,
    smsc: Smsc,
    sink: Sink,
    server: Server,
    target: Target,
    truth: Truth,
}

impl Run {
    fn start(
        binary: &Path,
        home: &Path,
        data: &Path,
        database: Option<&str>,
        most: usize,
        variables: &[(&str, String)],
    ) -> Result<Self, String> {
        let (smsc, sink) = (Smsc::start(fresh_seed())?, Sink::start()?);
        let site = Site::make(binary, home, data, database, smsc.port)?;
        let mut server = site.start_with(variables)?;
        server.wait_ready()?;
        let target = Target {
            address: site.address,
            account: site.account.clone(),
            sink: sink.port,
            next: Default::default(),
            most,
        };
        Ok(Self { site, smsc, sink, server, target, truth: Truth::new() })
    }

    /// Goes through the faults, ends the process, and looks at its ledger and its log.
    fn through(self, faults: &[Fault<'_>]) -> Result<Site, String> {
        let run = self.through_each(faults)?;
        run.server.kill()?;
        run.site.verify_ledger()?;
        run.truth.stands_not_in(&run.site.log_text()?)?;
        Ok(run.site)
    }

    /// Goes through the faults on one process, then looks for everything that was acknowledged.
    fn through_each(mut self, faults: &[Fault<'_>]) -> Result<Self, String> {
        for fault in faults {
            self.go_through(fault).map_err(|problem| format!("{}: {problem}", fault.name))?;
            let settled = self.truth.settle(&self.site, &self.smsc, &self.sink);
            settled.map_err(|problem| format!("after {}: {problem}", fault.name))?;
        }
        Ok(self)
    }

    fn go_through(&mut self, fault: &Fault<'_>) -> Result<(), String> {
        let load = Load::start(&self.target);
        sleep(UNDISTURBED);
        (fault.begin)()?;
        let began = Instant::now();
        let noticed = self.notices(fault.seen);
        if noticed.is_ok() {
            sleep(LASTS);
        }
        // It ends in any case, so that the next run finds things as they were.
        (fault.end)()?;
        let ended = Instant::now();
        let noticed = noticed?;
        while !self.acknowledges() || !self.is_ready() {
            if ended.elapsed() > RECOVERED {
                return Err(format!("no recovery within {} s", RECOVERED.as_secs()));
            }
            sleep(POLL);
        }
        let recovered = ended.elapsed();
        sleep(UNDISTURBED);
        self.truth.add(load.posted()?);
        println!(
            "{}: noticed after {noticed:.1?}, lasted {:.1?}, acknowledged again {recovered:.1?} after its end",
            fault.name,
            ended - began
        );
        Ok(())
    }

    /// Waits until the fault is seen as it should be; how long that took.
    fn notices(&mut self, seen: Seen) -> Result<Duration, String> {
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < NOTICED {
            match seen {
                Seen::Any => {
                    println!("acknowledges meanwhile: {}", self.acknowledges());
                    return Ok(began.elapsed());
                }
                Seen::Waits => {
                    let posted = self.target.probe(Duration::from_secs(2));
                    let waits = posted.as_ref().is_some_and(|posted| posted.status.is_none());
                    self.truth.add(posted.into_iter().collect());
                    if waits {
                        return Ok(began.elapsed());
                    }
                }
                Seen::Refused | Seen::RefusedOnly => {
                    let Some(posted) = self.target.probe(LONGEST_ANSWER) else { continue };
                    let status = posted.status;
                    let body: Value = serde_json::from_str(&posted.refusal).unwrap_or_default();
                    self.truth.add(vec![posted]);
                    let is_refused = (status, body["code"].as_i64()) == (Some(503), Some(UNAVAILABLE));
                    if is_refused && (seen == Seen::RefusedOnly || !self.is_ready()) {
                        return Ok(began.elapsed());
                    }
                    last = format!("{status:?} {body} ready: {}", self.is_ready());
                }
            }
            sleep(POLL);
        }
        Err(format!("not noticed within {} s: {last}", NOTICED.as_secs()))
    }

    fn acknowledges(&mut self) -> bool {
        let posted = self.target.probe(LONGEST_ANSWER);
        let is_acknowledged = posted.as_ref().is_some_and(|posted| posted.status == Some(201));
        self.truth.add(posted.into_iter().collect());
        is_acknowledged
    }

    fn is_ready(&self) -> bool {
        let answer = Connection::open(self.site.address).and_then(|mut asked| asked.get("/readyz", ""));
        answer.is_ok_and(|answer| answer.status == 200)
    }
}

fn sh(script: &str) -> Result<(), String> {
    shell::output(Command::new("sh").arg("-ec").arg(script), COMMAND_LIMIT).map(drop)
}
