//! Step `traces`: the feature `otel`, which no other step builds: its tests, and what it exports, read by OpenTelemetry's
//! own definitions.

use std::process::Command;
use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{sdk, shell};

/// The crates above `spans` once more, and their tests.
const LIMIT: Duration = Duration::from_secs(3600);
/// Above the sum of the limits inside `traces.py`.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The feature, of the two crates that have anything to compile under it.
pub(crate) const OTEL: &str = "spans/otel,server/otel";
/// The tests of `server` that are others under the feature, by a part of their names.
const TESTS: [&str; 2] = ["traces", "canaries"];

pub(crate) fn run(context: &mut Context) -> StepResult {
    let cargo = |arguments: &[&str]| shell::run(&mut shell::cargo(&context.root, arguments), LIMIT);
    cargo(&["test", "--tests", "-p", "spans", "--features", "spans/otel"])?;
    cargo(&[&["test", "--tests", "-p", "server", "--features", OTEL, "--"], &TESTS[..]].concat())?;
    cargo(&["build", "--bins", "-p", "server", "--features", OTEL])?;
    let (conformance, work) = (context.root.join("conformance"), context.target.join("sdk"));
    std::fs::create_dir_all(&work).map_err(|e| format!("cannot make {}: {e}", work.display()))?;
    let venv = work.join("venv");
    sdk::prepare_python(&conformance.join("python"), &venv)?;
    let mut driver = Command::new(venv.join("bin").join("python"));
    driver.arg(conformance.join("traces.py")).arg("--work").arg(context.target.join("traces"));
    driver.arg("--binary").arg(context.target.join("debug").join("switchward"));
    shell::run(&mut driver, RUN_LIMIT)?;
    Ok(Outcome::Passed)
}
