//! Step `tidy`: the rules of the house that no compiler knows.

mod banned;
mod codes;
mod dead_files;
mod dependencies;
mod headers;
mod rules;

use crate::metadata::Metadata;
use crate::steps::{Context, Outcome, StepResult};
use crate::{layers, source};

/// Runs every check, prints every violation, and fails when there is one.
pub(crate) fn run(context: &mut Context) -> StepResult {
    let root = &context.root;
    let packages = Metadata::of_workspace()?.packages;
    let sources = source::all(root)?;
    let checks = [
        ("layers", layers::violations(&packages)),
        ("headers", headers::violations(&sources)),
        ("codes", codes::violations(&sources)),
        ("banned", banned::violations(&sources)),
        ("dead files", dead_files::violations(root, &packages, &sources)),
        ("dependencies", dependencies::violations(root, &packages, &sources)?),
        ("rules", rules::violations(&sources)),
    ];
    let mut total = 0;
    for (name, violations) in checks {
        println!(
            "{name}: {}",
            if violations.is_empty() { "ok".to_owned() } else { violations.len().to_string() }
        );
        for violation in &violations {
            println!("  {violation}");
        }
        total += violations.len();
    }
    match total {
        0 => Ok(Outcome::Passed),
        1 => Err("1 violation".to_owned()),
        _ => Err(format!("{total} violations")),
    }
}
