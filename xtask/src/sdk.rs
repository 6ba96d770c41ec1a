//! Step `sdk`: the official SDKs and the official command line, as published, against the real binary.
//!
//! This file only prepares: the binary, a Python environment and two `node_modules`, all in the target
//! folder. `conformance/run.py` starts the server and runs the scripts, and can be run by hand.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::postgres::{database_of, query};
use crate::steps::{Context, Outcome, StepResult};
use crate::{evidence, leak, shell};

const INSTALL_LIMIT: Duration = Duration::from_secs(600);
/// Above the sum of the limits inside `run.py`, so that it can stop the server itself.
const RUN_LIMIT: Duration = Duration::from_secs(1_200);
const NODE_FILES: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

pub(crate) fn run(context: &mut Context) -> StepResult {
    let binary = leak::build_binary(context)?;
    let conformance = context.root.join("conformance");
    let work = context.target.join("sdk");
    std::fs::create_dir_all(&work).map_err(|e| format!("cannot make {}: {e}", work.display()))?;
    let venv = work.join("venv");
    let node = work.join("node");
    prepare_python(&conformance.join("python"), &venv)?;
    let cli = work.join("cli");
    prepare_node(&conformance.join("node"), &node)?;
    prepare_node(&conformance.join("cli"), &cli)?;
    let browser = evidence::chromium();
    // Each with a server of its own; side by side, because they wait most of the time.
    let drive = |name: &str, database: Option<&str>| {
        let notes = work.join(format!("{name}.txt"));
        let mut driver = Command::new(venv.join("bin").join("python"));
        driver
            .arg(conformance.join("run.py"))
            .arg("--binary")
            .arg(&binary)
            .arg("--work")
            .arg(work.join(name));
        driver.arg("--node-modules").arg(node.join("node_modules"));
        driver.arg("--cli-modules").arg(cli.join("node_modules")).arg("--notes").arg(&notes);
        if let Some(browser) = &browser {
            driver.env("CHROMIUM", browser);
        }
        if let Some(url) = database {
            driver.arg("--database").arg(url);
        }
        shell::run(&mut driver, RUN_LIMIT)?;
        shell::read(&notes)
    };
    let on_sqlite = || drive("run", None);
    let noted = match context.postgres.as_ref().map(|server| server.url().to_owned()) {
        None => on_sqlite()? + "the SDKs did not run against PostgreSQL: no server",
        Some(server) => {
            let name = format!("switchward_sdk_{}", std::process::id());
            query(&server, &format!("CREATE DATABASE {name}"))?;
            let url = database_of(&server, &name);
            let (noted, driven) = thread::scope(|scope| {
                let other = scope.spawn(|| drive("run-postgres", Some(&url)));
                (on_sqlite(), other.join().expect("nothing in it panics"))
            });
            query(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
            driven?;
            noted?
        }
    };
    let noted = match browser {
        Some(_) => noted,
        None => noted + "\nthe browser's SDK did not run: Chromium is not here and cannot be installed",
    };
    match noted.trim() {
        "" => Ok(Outcome::Passed),
        text => Ok(Outcome::PassedInPart(text.replace('\n', "; "))),
    }
}

/// Makes a Python environment in `venv` with the packages that `requirements.txt` in `source` names, unless
/// it holds them already. Those in `without-dependencies.txt`, where there is one, come alone.
pub(crate) fn prepare_python(source: &Path, venv: &Path) -> Result<(), String> {
    let requirements = source.join("requirements.txt");
    let alone = Some(source.join("without-dependencies.txt")).filter(|file| file.is_file());
    let files: Vec<&Path> = [&requirements].into_iter().chain(&alone).map(|file| file.as_path()).collect();
    if is_current(venv, &files) {
        return Ok(());
    }
    shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv), INSTALL_LIMIT)?;
    for file in &files {
        let mut pip = Command::new(venv.join("bin").join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(file);
        if Some(*file) == alone.as_deref() {
            pip.arg("--no-deps");
        }
        shell::run(&mut pip, INSTALL_LIMIT)?;
    }
    stamp(venv, &files)
}

/// Fills `folder` with the packages that the files in `source` name, unless it holds them already.
pub(crate) fn prepare_node(source: &Path, folder: &Path) -> Result<(), String> {
    let files: Vec<_> = NODE_FILES.iter().map(|name| source.join(name)).collect();
    let files: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
    if is_current(folder, &files) {
        return Ok(());
    }
    shell::fresh_folder(folder)?;
    for (name, file) in NODE_FILES.iter().zip(&files) {
        std::fs::copy(file, folder.join(name)).map_err(|e| format!("cannot copy {}: {e}", file.display()))?;
    }
    shell::run(Command::new("npm").arg("ci").arg("--ignore-scripts").current_dir(folder), INSTALL_LIMIT)?;
    stamp(folder, &files)
}

/// Whether the folder was filled from these very files. The stamp is written last, so a run that was
/// stopped half way starts over.
fn is_current(folder: &Path, files: &[&Path]) -> bool {
    std::fs::read_to_string(folder.join("stamp"))
        .is_ok_and(|text| contents(files).is_ok_and(|now| now == text))
}

fn stamp(folder: &Path, files: &[&Path]) -> Result<(), String> {
    std::fs::write(folder.join("stamp"), contents(files)?)
        .map_err(|e| format!("cannot mark {}: {e}", folder.display()))
}

fn contents(files: &[&Path]) -> Result<String, String> {
    files.iter().map(|file| shell::read(file)).collect()
}
