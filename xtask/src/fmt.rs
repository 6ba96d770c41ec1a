//! Step `fmt`: formatting is never discussed.

use std::time::Duration;

use crate::shell;
use crate::steps::{Context, Outcome, StepResult};

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn run(context: &mut Context) -> StepResult {
    shell::run(&mut shell::cargo(&context.root, &["fmt", "--all", "--check"]), LIMIT)?;
    Ok(Outcome::Passed)
}
