//! The list of steps and the runner that times them and sums them up.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
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
    pub(crate) run: Run,
}

/// How a step runs.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// In its turn.
    InTurn(fn(&mut Context) -> StepResult),
    /// From its turn on, beside those that come after it: it has the time of the machine that they leave, and works in the
    /// workspace and the target folder that it is told.
    Beside(fn(&Path, &Path) -> StepResult),
    /// In its turn, with nothing beside it, because it measures time.
    Alone(fn(&mut Context) -> StepResult),
}

/// The pipeline, cheapest complaint first.
pub(crate) const STEPS: &[Step] = {
    use Run::{Alone, Beside, InTurn};
    &[
        Step { name: "fmt", about: "formatting is rustfmt's", run: InTurn(fmt::run) },
        Step { name: "lint", about: "clippy and rustdoc, warnings denied", run: InTurn(lint::run) },
        Step {
            name: "tidy",
            about: "layers, headers, banned calls, unused codes, dead files",
            run: InTurn(tidy::run),
        },
        Step { name: "deps", about: "licences, duplicate versions, lock file", run: InTurn(deps::run) },
        Step {
            name: "postgres",
            about: "a private PostgreSQL for the step `test`",
            run: InTurn(postgres::run),
        },
        Step { name: "test", about: "all tests, doc tests included", run: InTurn(test::run) },
        Step {
            name: "generated",
            about: "generated pages and the list of proofs are current",
            run: InTurn(generated::run),
        },
        Step { name: "fuzz", about: "noise for every parser of outside bytes", run: Beside(fuzz::run) },
        Step { name: "sdk", about: "official SDKs, unmodified, against the binary", run: InTurn(sdk::run) },
        Step {
            name: "segment",
            about: "filters and mappings beside the engines that Segment publishes",
            run: InTurn(segment::run),
        },
        Step {
            name: "evidence",
            about: "the audit's reports against their schemas, and its page in a browser",
            run: InTurn(evidence::run),
        },
        Step {
            name: "leak",
            about: "the demo finds no protected text outside its seals",
            run: InTurn(leak::run),
        },
        Step {
            name: "traces",
            about: "the feature `otel`: its tests, and its spans read by OpenTelemetry's own definitions",
            run: InTurn(traces::run),
        },
        Step {
            name: "crashes",
            about: "killed at random moments, the server loses nothing it acknowledged",
            run: Alone(crash::step),
        },
        Step {
            name: "outages",
            about: "disk, database and clock fail under load, and nothing acknowledged is lost",
            run: Alone(faults::step),
        },
    ]
};

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
    let mut beside: Vec<JoinHandle<Report>> = Vec::new();
    for step in STEPS.iter().filter(|step| options.steps.contains(&step.name)) {
        if matches!(step.run, Run::Alone(_)) {
            reports.extend(beside.drain(..).map(ended));
        }
        if reports.iter().any(|report| report.result.is_err()) && !options.keep_going {
            unreached.push(step.name);
            continue;
        }
        println!("\n== {}: {}", step.name, step.about);
        match step.run {
            Run::InTurn(run) | Run::Alone(run) => {
                let report = timed(step.name, || run(&mut context));
                println!("{}", line(&report));
                reports.push(report);
            }
            Run::Beside(run) => {
                let (name, root, target) = (step.name, context.root.clone(), context.target.clone());
                beside.push(thread::spawn(move || timed(name, || run(&root, &target))));
            }
        }
    }
    reports.extend(beside.into_iter().map(ended));
    drop(context);
    println!("\n== summary");
    for report in &reports {
        println!("{}", line(report));
    }
    if !unreached.is_empty() {
        println!("not reached after the failure: {}", unreached.join(", "));
    }
    let failed = reports.iter().filter(|report| report.result.is_err()).count();
    let passed =
        reports.iter().filter(|r| matches!(r.result, Ok(Outcome::Passed | Outcome::PassedInPart(_)))).count();
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn timed(name: &'static str, run: impl FnOnce() -> StepResult) -> Report {
    let started = Instant::now();
    let result = run();
    Report { name, took: started.elapsed(), result }
}

/// Waits for a step that ran beside others.
fn ended(step: JoinHandle<Report>) -> Report {
    let report = step.join().expect("a step does not panic");
    println!("\n{}", line(&report));
    report
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
