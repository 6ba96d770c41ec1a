//! Command `bench`: what the release build does on this machine, next to what the machine can do.
//!
//! Every figure of the server is of real processes over loopback with their data on the disk of the target folder,
//! and of one run, or the median of pairs where two are compared: bounded in time and in count, never the best of several. Baselines run beside.
//! CPU time comes from `/proc`, so this runs on Linux.

mod baselines;
mod destinations;
mod docs;
mod ingest;
mod kannel;
mod lists;
mod machine;
mod matcher;
mod messages;
mod pairs;
mod pool;
mod process;
mod server;
mod smpp;
mod store;
mod table;
mod webhooks;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::metadata::Metadata;
use crate::shell;
use table::Table;

/// How long a case runs unless `--seconds` says otherwise.
const SECONDS: u64 = 8;
const SECONDS_ALLOWED: std::ops::RangeInclusive<u64> = 2..=120;
const BUILD_LIMIT: Duration = Duration::from_secs(1_800);

/// A benchmark, and what it is about.
struct Bench {
    name: &'static str,
    about: &'static str,
    /// What must be built: arguments of `cargo build --release`.
    builds: &'static [&'static [&'static str]],
    /// The page that shows its figures.
    page: &'static str,
    run: fn(&Setup) -> Result<Table, String>,
}

/// The server, and what puts load on it.
const SERVER: &[&[&str]] =
    &[&["-p", "server", "-p", "load"], &["-p", "store", "-p", "smpp-net", "--examples"]];
const MATCHER: &[&[&str]] = &[&["-p", "matcher", "--examples"]];
const PERFORMANCE: &str = "docs/performance.md";

const BENCHES: &[Bench] = &[
    Bench {
        name: "store",
        about: "durable commits, beside what the disk and SQLite can do",
        builds: SERVER,
        page: PERFORMANCE,
        run: store::run,
    },
    Bench {
        name: "messages",
        about: "accepted messages over HTTP, beside Kannel",
        builds: SERVER,
        page: PERFORMANCE,
        run: messages::run,
    },
    Bench {
        name: "lists",
        about: "pages of an account with a million messages, by every filter",
        builds: SERVER,
        page: PERFORMANCE,
        run: lists::run,
    },
    Bench {
        name: "pool",
        about: "a Messaging Service of a hundred senders, beside one sender",
        builds: SERVER,
        page: PERFORMANCE,
        run: pool::run,
    },
    Bench {
        name: "ingest",
        about: "Segment's events accepted over HTTP, beside the least that a log has to do",
        builds: SERVER,
        page: PERFORMANCE,
        run: ingest::run,
    },
    Bench {
        name: "destinations",
        about: "events given to three destinations, and to nine beside a dead one",
        builds: SERVER,
        page: PERFORMANCE,
        run: destinations::run,
    },
    Bench {
        name: "smpp",
        about: "messages handed to an SMSC, beside smpplib",
        builds: SERVER,
        page: PERFORMANCE,
        run: smpp::run,
    },
    Bench {
        name: "webhooks",
        about: "signed webhooks to one sink, and with a dead one of ten",
        builds: SERVER,
        page: PERFORMANCE,
        run: webhooks::run,
    },
    Bench {
        name: "matcher",
        about: "what the PHI matcher finds and how fast, beside Presidio's pattern recognisers",
        builds: MATCHER,
        page: "docs/matcher.md",
        run: matcher::run,
    },
];

/// What every benchmark is handed.
pub(crate) struct Setup {
    root: PathBuf,
    /// Cargo's target folder.
    target: PathBuf,
    /// The folder of this run's data; emptied before, removed after.
    folder: PathBuf,
    /// The release build's programs.
    programs: PathBuf,
    seconds: u64,
    /// A superuser's PostgreSQL URL, when there is a server.
    postgres: Option<String>,
}

struct Arguments {
    benches: Vec<&'static Bench>,
    seconds: u64,
    writes_docs: bool,
}

/// Runs the benchmarks that `arguments` name.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let Some(arguments) = parse(arguments)? else {
        print!("{}", help());
        return Ok(true);
    };
    let metadata = Metadata::of_workspace()?;
    let (root, target) = (metadata.workspace_root, metadata.target_directory);
    build(&root, &arguments.benches)?;
    let folder = target.join("bench").join("data");
    shell::fresh_folder(&folder)?;
    let needs_server = arguments.benches.iter().any(|bench| bench.builds == SERVER);
    let postgres = if needs_server { crate::postgres::find_or_make(&target)? } else { None };
    let setup = Setup {
        root: root.clone(),
        target: target.clone(),
        folder: folder.clone(),
        programs: target.join("release"),
        seconds: arguments.seconds,
        postgres: postgres.as_ref().map(|server| server.url().to_owned()),
    };
    let machine = machine::describe(&folder)?;
    println!("{machine}");
    let mut tables = Vec::new();
    for bench in arguments.benches {
        println!("\n== {}: {}", bench.name, bench.about);
        let table = (bench.run)(&setup)?;
        println!("\n{}", table.markdown());
        tables.push((bench, table));
    }
    std::fs::remove_dir_all(&folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))?;
    let json = table::to_json(&machine, &tables);
    let file = target.join("bench").join("results.json");
    std::fs::write(&file, json).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    println!("The figures are in {}", file.display());
    if arguments.writes_docs {
        docs::write(&root, &machine, &tables)?;
    }
    let missed: Vec<String> = tables.iter().flat_map(|(_, table)| table.missed()).collect();
    for floor in &missed {
        println!("MISSED: {floor}");
    }
    Ok(missed.is_empty())
}

fn build(root: &std::path::Path, benches: &[&'static Bench]) -> Result<(), String> {
    let builds: BTreeSet<_> = benches.iter().flat_map(|bench| bench.builds).collect();
    for programs in builds {
        let mut cargo = shell::cargo(root, &["build", "--release"]);
        shell::run(cargo.args(*programs), BUILD_LIMIT)?;
    }
    Ok(())
}

/// What the arguments ask for; `None` when they ask for help.
fn parse(arguments: &[String]) -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments { benches: Vec::new(), seconds: SECONDS, writes_docs: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--write-docs" => parsed.writes_docs = true,
            "--seconds" => {
                let seconds = rest.next().and_then(|text| text.parse().ok());
                parsed.seconds = seconds
                    .filter(|seconds| SECONDS_ALLOWED.contains(seconds))
                    .ok_or_else(|| format!("`--seconds` takes a number in {SECONDS_ALLOWED:?}"))?;
            }
            "all" => parsed.benches = BENCHES.iter().collect(),
            name => match BENCHES.iter().find(|bench| bench.name == name) {
                Some(bench) => parsed.benches.push(bench),
                None => return Err(format!("unknown argument `{name}`\n\n{}", help())),
            },
        }
    }
    Ok((!parsed.benches.is_empty()).then_some(parsed))
}

fn help() -> String {
    let mut text =
        String::from("Usage: cargo xtask bench all|NAME... [--seconds N] [--write-docs]\n\nBenchmarks:\n");
    for bench in BENCHES {
        text.push_str(&format!("  {:<10} {}\n", bench.name, bench.about));
    }
    text.push_str("\n--write-docs puts the figures into docs/performance.md and docs/matcher.md.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Arguments>, String> {
        parse(&arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn all_means_every_benchmark() {
        let arguments = parsed(&["all", "--seconds", "3", "--write-docs"]).expect("valid").expect("not help");
        assert_eq!(arguments.benches.len(), BENCHES.len());
        assert_eq!((arguments.seconds, arguments.writes_docs), (3, true));
    }

    #[test]
    fn rejects_what_it_does_not_know() {
        for bad in [&["mesages"][..], &["store", "--seconds"], &["store", "--seconds", "0"]] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
        assert!(matches!(parsed(&[]), Ok(None)));
    }
}
