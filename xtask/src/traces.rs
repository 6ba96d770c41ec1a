//! Step `traces`: the feature `otel`, which no other step compiles: its lints, its tests, and what it exports, read by
//! OpenTelemetry's own definitions.

use std::process::Command;
use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{sdk, shell};

/// The crates above `spans` once more, and their tests.
const LIMIT: Duration = Duration::from_secs(3600);
/// Above the sum of the limits inside `traces.py`.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// What has anything to compile under the feature.
const PACKAGES: [&str; 6] = ["-p", "spans", "-p", "server", "--features", "spans/otel,server/otel"];

pub(crate) fn run(context: &mut Context) -> StepResult {
    let cargo = |before: &[&str], after: &[&str]| {
        let arguments = [before, &PACKAGES, after].concat();
        shell::run(&mut shell::cargo(&context.root, &arguments), LIMIT)
    };
    cargo(&["clippy", "--all-targets"], &["--", "-D", "warnings"])?;
    cargo(&["test", "--lib", "--bins", "--tests"], &[])?;
    cargo(&["build", "--bins"], &[])?;
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
