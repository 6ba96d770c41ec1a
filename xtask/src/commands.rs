//! Commands with arguments of their own, beside the steps of the pipeline.

use crate::{audit_fixtures, bench, crash, dist, faults, fuzz};

/// One command; a step with the same work in a fixed amount may stand in the pipeline as well, under another name.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Given what stands after the name; `Ok(false)` when the answer is no, an error when there is none.
    pub(crate) run: fn(&[String]) -> Result<bool, String>,
}

/// All of them, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "audit-fixtures",
        about: "make the audit's accounts for tests from the published API documents",
        run: audit_fixtures::command,
    },
    Command {
        name: "bench",
        about: "measure the release build beside what the machine can do",
        run: bench::run,
    },
    Command { name: "dist", about: "build and pack what is handed out", run: dist::command },
    Command {
        name: "crash",
        about: "kill the server under load and look for what is lost",
        run: crash::command,
    },
    Command { name: "faults", about: "make disk, database and clock fail under load", run: faults::command },
    Command { name: "fuzz", about: "feed noise to parsers of outside bytes", run: fuzz::command },
];
