//! Step `test`: every test of the workspace, then the doc tests, which hold the compile-fail proofs.

use std::time::Duration;

use crate::shell;
use crate::steps::{Context, Outcome, StepResult};

/// A first build of all dependencies on a small machine, and the tests.
const LIMIT: Duration = Duration::from_secs(3600);

pub(crate) fn run(context: &mut Context) -> StepResult {
    let tests: &[&str] = if shell::on_path("cargo-nextest").is_some() {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    for arguments in
        [tests, &["test", "--doc", "-p", "phi"], &["test", "--doc", "--workspace", "--exclude", "phi"]]
    {
        let mut command = shell::cargo(&context.root, arguments);
        if let Some(server) = &context.postgres {
            command.env(crate::postgres::VARIABLE, server.url());
        }
        shell::run(&mut command, LIMIT)?;
    }
    if context.postgres.is_none() && shell::environment(crate::postgres::VARIABLE).is_none() {
        return Ok(Outcome::PassedInPart("the PostgreSQL half did not run: no server given".to_owned()));
    }
    Ok(Outcome::Passed)
}
