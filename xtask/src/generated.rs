//! Step `generated`: the pages that come out of tables, the example configuration and the list of proofs are current.

use std::time::Duration;

use crate::audit_fixtures::{self, Checked};
use crate::steps::{Context, Outcome, StepResult};
use crate::{proofs, shell, source};

const LIMIT: Duration = Duration::from_secs(3600);
/// Which test proves which rule; the program prints it, so it is part of the rulebook's data.
const PROOFS: &str = "crates/rulebook/data/proofs.txt";
/// The example configuration that is packaged.
const EXAMPLE: &str = "packaging/switchward.toml";

pub(crate) fn run(context: &mut Context) -> StepResult {
    // The list of proofs comes first: the program that prints the pages has it built in.
    keep(context, PROOFS, &rulebook::proofs::render(&proofs::of(&source::all(&context.root)?)))?;
    let mut docs = shell::cargo(&context.root, &["run", "--quiet", "-p", "server", "--", "docs"]);
    if !context.write {
        docs.arg("--check");
    }
    shell::run(&mut docs, LIMIT)?;
    let mut example =
        shell::cargo(&context.root, &["run", "--quiet", "-p", "server", "--", "config", "example"]);
    keep(context, EXAMPLE, &shell::output(&mut example, LIMIT)?)?;
    match audit_fixtures::keep(&context.root, context.write)? {
        Checked::Current => Ok(Outcome::Passed),
        Checked::NoDocuments(why) => Ok(Outcome::PassedInPart(format!("the audit's fixtures: {why}"))),
    }
}

/// Writes a generated file, or says that it is not current.
fn keep(context: &Context, name: &str, text: &str) -> Result<(), String> {
    let path = context.root.join(name);
    if context.write {
        return std::fs::write(&path, text).map_err(|e| format!("cannot write {name}: {e}"));
    }
    match shell::read(&path)? == text {
        true => Ok(()),
        false => Err(format!("{name} is not current: run `cargo xtask generated --write`")),
    }
}
