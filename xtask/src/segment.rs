//! Step `segment`: our engines of Segment's half beside the ones Segment publishes.
//!
//! Two examples print cases as JSON lines; `conformance/segment/compare.js` puts each to the published engine and fails
//! on a difference that is not one of the known ones.

use std::process::Command;
use std::time::Duration;

use crate::sdk::prepare_node;
use crate::shell;
use crate::steps::{Context, Outcome, StepResult};

const RUN_LIMIT: Duration = Duration::from_secs(300);

/// An example, and the kinds of cases it prints.
const PRINTERS: &[(&str, &[&str])] = &[("fql_cases", &["fql", "action"]), ("mapping_cases", &["mapping"])];

pub(crate) fn run(context: &mut Context) -> StepResult {
    let work = context.target.join("segment");
    let source = context.root.join("conformance").join("segment");
    std::fs::create_dir_all(&work).map_err(|e| format!("cannot make {}: {e}", work.display()))?;
    prepare_node(&source, &work.join("node"))?;
    let script = work.join("node").join("compare.js");
    std::fs::copy(source.join("compare.js"), &script)
        .map_err(|e| format!("cannot copy {}: {e}", script.display()))?;
    for (example, kinds) in PRINTERS {
        let mut print = Command::new(shell::example(context, example)?);
        let cases = work.join(format!("{example}.jsonl"));
        std::fs::write(&cases, shell::output(&mut print, RUN_LIMIT)?)
            .map_err(|e| format!("cannot write {}: {e}", cases.display()))?;
        shell::run(Command::new("node").arg(&script).arg(&cases).args(*kinds), RUN_LIMIT)?;
    }
    Ok(Outcome::Passed)
}
