//! Step `evidence`: the audit's reports against the schemas of their formats, and its HTML page in a browser.
//!
//! This file only prepares, all in the target folder: the reports, a Python environment, a `node_modules`, and
//! Chromium. The checks are in `conformance/audit`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{apt, sdk, shell};

const WRITE_LIMIT: Duration = Duration::from_secs(60);
const CHECK_LIMIT: Duration = Duration::from_secs(300);
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(crate) fn run(context: &mut Context) -> StepResult {
    if shell::on_path("npm").is_none() || shell::on_path("python3").is_none() {
        return Ok(Outcome::NotRun("no npm or no python3 here".to_owned()));
    }
    let source = context.root.join("conformance/audit");
    let work = context.target.join("evidence");
    let reports = work.join("reports");
    shell::fresh_folder(&reports)?;
    let mut write = Command::new(shell::example(context, "evidence")?);
    shell::run(write.arg(&reports), WRITE_LIMIT)?;
    let (node, python) = (work.join("node"), work.join("python"));
    sdk::prepare_node(&source, &node)?;
    sdk::prepare_python(&source, &python)?;
    let modules = node.join("node_modules");
    let mut schemas = Command::new(python.join("bin").join("python"));
    schemas.arg(source.join("schemas.py")).arg(&reports).arg(&modules);
    shell::run(&mut schemas, CHECK_LIMIT)?;
    match chromium() {
        Some(browser) => look(&source, &reports, &modules, &browser),
        None => Ok(Outcome::PassedInPart(
            "the page was not looked at: Chromium is not here and cannot be installed".to_owned(),
        )),
    }
}

fn look(source: &Path, reports: &Path, modules: &Path, browser: &Path) -> StepResult {
    let mut tests = Command::new("node");
    tests.arg("--test").arg(source.join("browser.test.js"));
    tests.env("EVIDENCE", reports).env("NODE_PATH", modules).env("CHROMIUM", browser);
    shell::run(&mut tests, CHECK_LIMIT)?;
    Ok(Outcome::Passed)
}

/// A browser, installed where that can be done.
pub(crate) fn chromium() -> Option<PathBuf> {
    let find = || BROWSERS.iter().find_map(|name| shell::on_path(name));
    find().or_else(|| if apt::install("chromium") { find() } else { None })
}
