//! Step `generated`: the pages that come out of tables, and the list of proofs, are current.

use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{proofs, shell, source};

const LIMIT: Duration = Duration::from_secs(3600);
/// Which test proves which rule; the program prints it, so it is part of the rulebook's data.
const PROOFS: &str = "crates/rulebook/data/proofs.txt";

pub(crate) fn run(context: &mut Context) -> StepResult {
    // The list of proofs comes first: the program that prints the pages has it built in.
    let page = rulebook::proofs::render(&proofs::of(&source::all(&context.root)?));
    let path = context.root.join(PROOFS);
    if context.write {
        std::fs::write(&path, page).map_err(|e| format!("cannot write {PROOFS}: {e}"))?;
    } else if shell::read(&path)? != page {
        return Err(format!("{PROOFS} is not current: run `cargo xtask generated --write`"));
    }
    let mut docs = shell::cargo(&context.root, &["run", "--quiet", "-p", "server", "--", "docs"]);
    if !context.write {
        docs.arg("--check");
    }
    shell::run(&mut docs, LIMIT)?;
    Ok(Outcome::Passed)
}
