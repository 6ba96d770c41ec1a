//! `cargo xtask faults`: disk full, unwritable, slow or stalled, PostgreSQL gone, ledger unwritable, clock set, all under load.
//!
//! Each fault is real (a file system of its own, a server that is stopped) and the server the built
//! binary. It must stop acknowledging, say so, recover without a restart, and lose nothing: what was acknowledged is
//! looked for as after a crash.

mod under_load;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use self::under_load::Loaded;
use crate::metadata::Metadata;
use crate::postgres::{Cluster, query};
use crate::steps::{Context, Outcome, StepResult};
use crate::{apt, leak, shell};

const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Longer than a slow file system halts at a time.
const LONGEST_HALT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(100);
/// Messages that one connection posts during a fault at most.
const MESSAGES: usize = 150;
/// Characters of an ISO 8601 time down to its hour.
const HOUR_CHARACTERS: usize = 13;
/// The same while the clock is set: all that are listed must fit on one page, because their order is lost.
const CLOCK_MESSAGES: usize = 15;
/// Set on build machines, by habit of those who make them.
const BUILD_MACHINE: &str = "CI";
/// Names the parts, with commas between them, that a build machine cannot run.
const UNABLE: &str = "SWITCHWARD_FAULTS_UNABLE";

/// What a fault is expected to look like from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// 503 in the API's shape, and `/readyz` says 503.
    Refused,
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

/// `cargo xtask faults`: false when a part could not run here.
pub(crate) fn command(only: &[String]) -> Result<bool, String> {
    if let Some(unknown) = only.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        return Err(format!("`faults` does not know `{unknown}`; its parts are {}", names(PARTS)));
    }
    let metadata = Metadata::of_workspace()?;
    let target = metadata.target_directory;
    let context = Context { root: metadata.workspace_root, target, write: false, postgres: None };
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    Ok(run(&context, is_wanted, Looks::AfterEach)?.is_empty())
}

/// The step `outages`: each kind of fault once. A build machine must be able to make them all, or say in [`UNABLE`] which
/// parts it cannot; elsewhere what cannot run is told and passed over.
pub(crate) fn step(context: &mut Context) -> StepResult {
    let unable = shell::environment(UNABLE).unwrap_or_default();
    let is_unable = |name: &str| unable.split(',').any(|part| part.trim() == name);
    let mut reasons = run(context, |name| !is_unable(name), Looks::AtTheEnd)?;
    if !reasons.is_empty() && shell::environment(BUILD_MACHINE).is_some() {
        return Err(format!("{}; a machine that cannot do this says so in {UNABLE}", reasons.join("; ")));
    }
    let left_out = PARTS.iter().filter(|(name, _)| is_unable(name));
    reasons.extend(left_out.map(|(name, _)| format!("{name}: left out by {UNABLE}")));
    Ok(if reasons.is_empty() { Outcome::Passed } else { Outcome::PassedInPart(reasons.join("; ")) })
}

/// Runs these parts side by side, because each waits most of the time; why those did not run that could not.
fn run(context: &Context, is_wanted: impl Fn(&str) -> bool, looks: Looks) -> Result<Vec<String>, String> {
    let binary = leak::build_binary(context)?;
    let home = context.target.join("faults");
    let began = Instant::now();
    let wanted: Vec<_> = PARTS.iter().filter(|(name, _)| is_wanted(name)).collect();
    let ended: Vec<_> = thread::scope(|scope| {
        let begin = |part: &(&'static str, Run)| {
            let (name, run) = *part;
            let place = Place { binary: &binary, home: home.join(name), looks };
            (name, scope.spawn(move || run(&place)))
        };
        let begun: Vec<_> = wanted.into_iter().map(begin).collect();
        begun.into_iter().map(|(name, part)| (name, part.join())).collect()
    });
    println!("the parts took {:.0?}", began.elapsed());
    let (mut reasons, mut problems) = (Vec::new(), Vec::new());
    for (name, ended) in ended {
        match ended {
            Ok(Ok(())) => println!("ok: {name}"),
            Ok(Err(Part::NotRun(reason))) => {
                println!("NOT RUN: {name}: {reason}");
                reasons.push(format!("{name}: {reason}"));
            }
            Ok(Err(Part::Failed(problem))) => problems.push(format!("{name}: {problem}")),
            Err(_) => problems.push(format!("{name}: it panicked")),
        }
    }
    if problems.is_empty() { Ok(reasons) } else { Err(problems.join("; ")) }
}

fn names(parts: &[(&str, Run)]) -> String {
    parts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

type Run = fn(&Place<'_>) -> Result<(), Part>;

/// When everything that was acknowledged is looked for. What was in hand during a fault comes to its end only once its
/// lease has run out, so a look after each takes a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    AfterEach,
    AtTheEnd,
}

/// Where a part runs.
struct Place<'a> {
    binary: &'a Path,
    home: PathBuf,
    looks: Looks,
}

/// What can be made to fail; each part has a server of its own.
const PARTS: &[(&str, Run)] = &[("disk", disk), ("PostgreSQL", postgres), ("clock", clock)];

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
    if std::fs::remove_file(slow_mark(folder)).is_ok() {
        sleep(LONGEST_HALT);
    }
    for command in ["fsfreeze -u", "chattr -R -f -i", "umount"] {
        drop(sh(&format!("{command} {} 2>/dev/null", folder.display())));
    }
}

/// While this file is there, the file system halts again and again. It lies beside it, because it must not halt itself.
fn slow_mark(folder: &Path) -> PathBuf {
    folder.with_file_name("slow")
}

fn disk(place: &Place<'_>) -> Result<(), Part> {
    let home = &place.home;
    if !apt::is_root() {
        return Err(Part::NotRun("only root can mount a file system".to_owned()));
    }
    // A run that was stopped may have left it.
    unmount(&home.join("disk"));
    shell::fresh_folder(home)?;
    let disk = Disk::mount(home).map_err(Part::NotRun)?;
    let folder = disk.0.display();
    let filling = format!("{folder}/filling");
    let (slow, halter) = (slow_mark(&disk.0), Mutex::new(None));
    let slow = slow.display();
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
            name: "disk slow",
            seen: Seen::Any,
            begin: &|| {
                sh(&format!("touch {slow}"))?;
                let halting = format!(
                    "while [ -e {slow} ]; do fsfreeze -f {folder}; sleep 0.3; fsfreeze -u {folder}; sleep 0.05; done"
                );
                let begun = Command::new("sh").arg("-c").arg(halting).stdin(Stdio::null()).spawn();
                begun
                    .map(|child| *halter.lock().unwrap_or_else(PoisonError::into_inner) = Some(child))
                    .map_err(|e| e.to_string())
            },
            end: &|| {
                sh(&format!("rm {slow}"))?;
                let halting = halter.lock().unwrap_or_else(PoisonError::into_inner).take();
                halting.map_or(Ok(None), |mut child| shell::wait(&mut child, COMMAND_LIMIT)).map(drop)
            },
        },
        Fault {
            name: "disk stalled",
            seen: Seen::Waits,
            begin: &|| sh(&format!("fsfreeze -f {folder}")),
            end: &|| sh(&format!("fsfreeze -u {folder}")),
        },
    ];
    let run = Loaded::start(place, &disk.0.join("data"), None, MESSAGES, &[])?;
    run.through(&faults)?;
    Ok(())
}

fn postgres(place: &Place<'_>) -> Result<(), Part> {
    let home = &place.home;
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
            name: "PostgreSQL restarted",
            seen: Seen::Any,
            begin: &|| cluster.stop("fast").and_then(|()| cluster.start_again(port)),
            end: &|| Ok(()),
        },
        Fault {
            name: "ledger not writable",
            seen: Seen::Refused,
            begin: &|| query(&url, refuse),
            end: &|| query(&url, "DROP FUNCTION refuse() CASCADE"),
        },
    ];
    let run = Loaded::start(place, &home.join("data"), Some(&url), MESSAGES, &[])?;
    run.through(&faults)?;
    Ok(())
}

/// The clock of the running process is set: a library between it and the system adds what a file says. The
/// machine's own clock, and the steady one that timers go by, stay as they are.
fn clock(place: &Place<'_>) -> Result<(), Part> {
    let home = &place.home;
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
    // What is listed must fit on one page, so it is looked for after each.
    let place = Place { binary: place.binary, home: home.clone(), looks: Looks::AfterEach };
    let run = Loaded::start(&place, &home.join("data"), None, CLOCK_MESSAGES, &variables)?;
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

fn sh(script: &str) -> Result<(), String> {
    shell::output(Command::new("sh").arg("-ec").arg(script), COMMAND_LIMIT).map(drop)
}
