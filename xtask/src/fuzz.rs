//! Fuzzing on the stable toolchain: builds the targets of `fuzz/` with coverage counters and lets libFuzzer at them.
//!
//! What `cargo fuzz` does with a sanitiser of `none`; without `unsafe` code of our own there is nothing for a
//! sanitiser to find that a panic, a limit or a timeout does not show. What a run learns stays in the target folder;
//! `--keep` adds it to the corpus in `fuzz/corpus`, which every run begins with.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::metadata::Metadata;
use crate::shell;
use crate::steps::{Outcome, StepResult};

/// What the pipeline gives each target.
const SECONDS: u64 = 60;
/// The longest time that can be asked for: a day.
const MOST_SECONDS: u64 = 86_400;
/// Targets that run side by side.
const AT_ONCE: usize = 2;
/// One input may take this long.
const INPUT_SECONDS: u64 = 10;
/// One target may use this much memory.
const MEMORY_MIB: u64 = 1_024;
/// A first build of all dependencies with counters.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);
/// Time to start and to end.
const GRACE: Duration = Duration::from_secs(120);
/// The last lines of a target's output that are shown when it fails.
const SHOWN_LINES: usize = 30;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1";

const HELP: &str = "Usage: cargo xtask fuzz [TARGET]... [--seconds N] [--keep]

Runs these targets of fuzz/targets, or all, two at a time.

  --seconds N  for each target (60)
  --keep       add what was learnt to fuzz/corpus, as few inputs as cover it
";

/// What was asked for.
struct Wanted {
    targets: Vec<String>,
    seconds: u64,
    keep: bool,
}

/// `cargo xtask fuzz`.
pub(crate) fn command(arguments: &[String]) -> Result<bool, String> {
    let Some(wanted) = parse(arguments)? else {
        print!("{HELP}");
        return Ok(true);
    };
    let metadata = Metadata::of_workspace()?;
    fuzz(&Folders::of(&metadata.workspace_root, &metadata.target_directory), wanted).map(|()| true)
}

/// The step: every target for a minute.
pub(crate) fn run(root: &Path, target: &Path) -> StepResult {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        return Ok(Outcome::NotRun(format!("targets are built for {TRIPLE} alone")));
    }
    let wanted = Wanted { targets: Vec::new(), seconds: SECONDS, keep: false };
    fuzz(&Folders::of(root, target), wanted)?;
    Ok(Outcome::Passed)
}

fn parse(arguments: &[String]) -> Result<Option<Wanted>, String> {
    let mut wanted = Wanted { targets: Vec::new(), seconds: SECONDS, keep: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--keep" => wanted.keep = true,
            "--seconds" => {
                let seconds = rest.next().and_then(|text| text.parse().ok());
                wanted.seconds = seconds
                    .filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
                    .ok_or_else(|| format!("--seconds needs a number from 1 to {MOST_SECONDS}"))?;
            }
            name if name.starts_with('-') => return Err(format!("unknown argument `{name}`\n\n{HELP}")),
            name => wanted.targets.push(name.to_owned()),
        }
    }
    Ok(Some(wanted))
}

/// Where everything lies.
struct Folders {
    package: PathBuf,
    target: PathBuf,
}

impl Folders {
    fn of(root: &Path, target: &Path) -> Self {
        Self { package: root.join("fuzz"), target: target.join("fuzz") }
    }

    /// The corpus in the repository.
    fn kept(&self, name: &str) -> PathBuf {
        self.package.join("corpus").join(name)
    }

    /// What this run and earlier ones on this machine have learnt.
    fn learnt(&self, name: &str) -> PathBuf {
        self.target.join("corpus").join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.target.join(TRIPLE).join("release").join(name)
    }
}

fn fuzz(folders: &Folders, wanted: Wanted) -> Result<(), String> {
    let known = targets(&folders.package)?;
    if let Some(unknown) = wanted.targets.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no target `{unknown}`; there are: {}", known.join(", ")));
    }
    let names = if wanted.targets.is_empty() { known } else { wanted.targets };
    build(folders)?;
    let waiting = Mutex::new(VecDeque::from(names.clone()));
    let next = || waiting.lock().expect("no other holder can panic").pop_front();
    let worker = || -> Vec<String> {
        std::iter::from_fn(next).filter_map(|name| one(folders, &name, wanted.seconds).err()).collect()
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    if wanted.keep {
        names.iter().try_for_each(|name| keep(folders, name))?;
    }
    Ok(())
}

/// The names of the targets: one file each, and each declared, or it would silently not run.
fn targets(package: &Path) -> Result<Vec<String>, String> {
    let folder = package.join("targets");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("cannot list {}: {e}", folder.display()))?;
    let manifest = package.join("Cargo.toml");
    let manifest =
        std::fs::read_to_string(&manifest).map_err(|e| format!("cannot read {}: {e}", manifest.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| format!("cannot list {}: {e}", folder.display()))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !manifest.contains(&format!("name = \"{name}\"")) {
            return Err(format!("fuzz/targets/{name}.rs is not declared in fuzz/Cargo.toml"));
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

fn build(folders: &Folders) -> Result<(), String> {
    let arguments =
        ["build", "--release", "--locked", "--target", TRIPLE, "--manifest-path", "fuzz/Cargo.toml"];
    let root = folders.package.parent().expect("the package lies in the workspace");
    let mut cargo = shell::nice(Path::new(&shell::cargo_program()));
    cargo.current_dir(root).args(arguments);
    cargo.env("CARGO_TARGET_DIR", &folders.target).env("RUSTFLAGS", COVERAGE);
    shell::run(&mut cargo, BUILD_LIMIT)
}

/// Runs one target; what it found is an error that says where the input is.
fn one(folders: &Folders, name: &str, seconds: u64) -> Result<(), String> {
    let (learnt, found) = (folders.learnt(name), folders.target.join("found").join(name));
    for folder in [&learnt, &found] {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    }
    let log = folders.target.join(format!("{name}.log"));
    let output = std::fs::File::create(&log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut target = shell::nice(&folders.program(name));
    target.arg(&learnt).arg(folders.kept(name)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    target.arg(format!("-artifact_prefix={}/", found.display()));
    for (option, value) in [
        ("max_total_time", seconds),
        ("timeout", INPUT_SECONDS),
        ("rss_limit_mb", MEMORY_MIB),
        ("print_final_stats", 1),
    ] {
        target.arg(format!("-{option}={value}"));
    }
    let mut child = target.spawn().map_err(|e| format!("cannot start the target {name}: {e}"))?;
    let ended = shell::wait(&mut child, Duration::from_secs(seconds) + GRACE)?;
    let text = std::fs::read_to_string(&log).map_err(|e| format!("cannot read {}: {e}", log.display()))?;
    if ended.is_some_and(|status| status.success()) {
        let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        println!("{name:<18} {:>12} inputs in {seconds} s", runs.unwrap_or("?").trim());
        return Ok(());
    }
    let lines: Vec<&str> = text.lines().collect();
    println!("{}", lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"));
    Err(format!("the fuzz target {name} failed; its input is in {}", found.display()))
}

/// Adds what was learnt to the corpus of the repository.
fn keep(folders: &Folders, name: &str) -> Result<(), String> {
    let mut target = Command::new(folders.program(name));
    target.arg("-merge=1").arg(folders.kept(name)).arg(folders.learnt(name)).stderr(Stdio::null());
    shell::run(&mut target, GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Wanted>, String> {
        parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn takes_targets_and_a_time() {
        let wanted = parsed(&["form", "twiml", "--seconds", "5"]).expect("valid").expect("not help");
        assert_eq!((wanted.targets.len(), wanted.seconds, wanted.keep), (2, 5, false));
        assert!(parsed(&["--seconds", "0"]).is_err() && parsed(&["--seconds"]).is_err());
        assert!(parsed(&["--second", "1"]).is_err());
        assert!(matches!(parsed(&["--help"]), Ok(None)));
    }
}
