//! Step `lint`: clippy on everything, the feature `otel` included, and rustdoc on our own crates, warnings denied. The few
//! tests that are only there without that feature are compiled by the step `test` and not linted.

use std::time::Duration;

use crate::shell;
use crate::steps::{Context, Outcome, StepResult};
use crate::traces::OTEL;

/// A first build of all dependencies on a small machine.
const LIMIT: Duration = Duration::from_secs(3600);

pub(crate) fn run(context: &mut Context) -> StepResult {
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", OTEL, "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&context.root, &clippy), LIMIT)?;
    let doc = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    shell::run(shell::cargo(&context.root, &doc).env("RUSTDOCFLAGS", "-D warnings"), LIMIT)?;
    Ok(Outcome::Passed)
}
