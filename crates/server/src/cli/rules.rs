//! `switchward rules`: every rule of the guide and how far the code has got with it.

use std::fmt::Write;
use std::process::ExitCode;

use rulebook::{Counts, Listing, Rulebook};
use serde::Serialize;

use crate::problem::Result;
use crate::terminal::{show, show_json};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    edition: String,
    counts: Counts,
    rules: Vec<Listing<'a>>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let rulebook = Rulebook::embedded();
    let report = Report {
        edition: rulebook.latest().id.to_string(),
        counts: rulebook.counts(),
        rules: rulebook.listing(),
    };
    match arguments.json {
        true => show_json(&report, true)?,
        false => show(&table(&report))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn table(report: &Report<'_>) -> String {
    let width = report.rules.iter().map(|row| row.rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for row in &report.rules {
        let (id, status, level) = (&row.rule.id, word(&row.status), word(&row.rule.level));
        writeln!(text, "{id:width$}  {status:8}  {level:21}  {}", row.rule.statement)
            .expect("a string can be written to");
    }
    let by_status = report.counts.by_status.iter().map(|(status, count)| format!("{count} {}", word(status)));
    let counts: Vec<String> = by_status.collect();
    writeln!(
        text,
        "\n{} rules of the edition of {}: {}",
        report.counts.total,
        report.edition,
        counts.join(", ")
    )
    .expect("a string can be written to");
    text
}

/// The word that the data files use for a level or a status.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
