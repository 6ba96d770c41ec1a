//! The list of steps and the runner that times them and sums them up.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::metadata::Metadata;
use crate::{
    crash, deps, evidence, faults, fmt, fuzz, generated, leak, lint, postgres, sdk, segment, test, tidy,
    traces,
};

/// What the command line asked for.
pub(crate) struct Options {
    /// Names of the steps to run; they run in the order of [`STEPS`], whatever the order given.
    pub(crate) steps: Vec<&'static str>,
    /// Run the remaining steps after a failure.
    pub(crate) keep_going: bool,
    /// `generated` writes instead of comparing.
    pub(crate) write: bool,
}

/// What every step is handed.
pub(crate) struct Context {
    /// The workspace root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, the only place steps write to.
    pub(crate) target: PathBuf,
    /// `generated` writes instead of comparing.
    pub(crate) write: bool,
    /// The PostgreSQL of this run, once the step `postgres` has found or made one.
    pub(crate) postgres: Option<postgres::Server>,
}

/// How a step ended when it did not fail.
pub(crate) enum Outcome {
    /// It passed.
    Passed,
    /// It passed, but a part of it did not run, for this reason.
    PassedInPart(String),
    /// It could not run here, for this reason.
    NotRun(String),
}

/// A failure is one line for the summary; the detail has been printed by then.
pub(crate) type StepResult = Result<Outcome, String>;

/// One step of the pipeline.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Context) -> StepResult,
}

/// The pipeline, cheapest complaint first.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "formatting is rustfmt's", run: fmt::run },
    Step { name: "lint", about: "clippy and rustdoc, warnings denied", run: lint::run },
    Step { name: "tidy", about: "layers, headers, banned calls, unused codes, dead files", run: tidy::run },
    Step { name: "deps", about: "licences, duplicate versions, lock file", run: deps::run },
    Step { name: "postgres", about: "a private PostgreSQL for the step `test`", run: postgres::run },
    Step { name: "test", about: "all tests, doc tests included", run: test::run },
    Step {
        name: "generated",
        about: "generated pages and the list of proofs are current",
        run: generated::run,
    },
    Step { name: "sdk", about: "official SDKs, unmodified, against the binary", run: sdk::run },
    Step {
        name: "segment",
        about: "filters and mappings beside the engines that Segment publishes",
        run: segment::run,
    },
    Step {
        name: "evidence",
        about: "the audit's reports against their schemas, and its page in a browser",
        run: evidence::run,
    },
    Step {
        name: "traces",
        about: "the feature `otel`: lints, tests, and its spans read by OpenTelemetry's own definitions",
        run: traces::run,
    },
    Step {
        name: "crashes",
        about: "killed at random moments, the server loses nothing it acknowledged",
        run: crash::step,
    },
    Step {
        name: "outages",
        about: "disk, database and clock fail under load, and nothing acknowledged is lost",
        run: faults::step,
    },
    Step { name: "leak", about: "the demo finds no protected text outside its seals", run: leak::run },
    Step { name: "fuzz", about: "noise for every parser of outside bytes", run: fuzz::run },
];

struct Report {
    name: &'static str,
    took: Duration,
    result: StepResult,
}

/// Runs the steps asked for; `Ok(true)` when none failed.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let metadata = Metadata::of_workspace()?;
    let mut context = Context {
        root: metadata.workspace_root,
        target: metadata.target_directory,
        write: options.write,
        postgres: None,
    };
    let mut reports: Vec<Report> = Vec::new();
    let mut unreached: Vec<&str> = Vec::new();
    let mut failed = 0;
    for step in STEPS.iter().filter(|step| options.steps.contains(&step.name)) {
        if failed > 0 && !options.keep_going {
            unreached.push(step.name);
            continue;
        }
        println!("\n== {}: {}", step.name, step.about);
        let started = Instant::now();
        let result = (step.run)(&mut context);
        failed += usize::from(result.is_err());
        let report = Report { name: step.name, took: started.elapsed(), result };
        println!("{}", line(&report));
        reports.push(report);
    }
    drop(context);
    println!("\n== summary");
    for report in &reports {
        println!("{}", line(report));
    }
    if !unreached.is_empty() {
        println!("not reached after the failure: {}", unreached.join(", "));
    }
    let passed =
        reports.iter().filter(|r| matches!(r.result, Ok(Outcome::Passed | Outcome::PassedInPart(_)))).count();
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn line(report: &Report) -> String {
    let (state, note) = match &report.result {
        Ok(Outcome::Passed) => ("ok", ""),
        Ok(Outcome::PassedInPart(note)) => ("ok in part", note.as_str()),
        Ok(Outcome::NotRun(note)) => ("NOT RUN", note.as_str()),
        Err(note) => ("FAILED", note.as_str()),
    };
    format!("{state:<10} {:<10} {:>7.1} s  {note}", report.name, report.took.as_secs_f64())
        .trim_end()
        .to_owned()
}
