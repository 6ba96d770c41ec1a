//! The systems that the tests of carriers talk to: npm's smpp, Python's smpplib and Kannel, which are not ours, and a
//! Python for the MMSC that `mm7` is tested with; SIPp and baresip for `sip`; the NATS server for `destinations`.

use std::path::{Path, PathBuf};

use crate::steps::Context;
use crate::{apt, sdk, shell};

/// The systems that are here, and which are not.
#[derive(Default)]
pub(crate) struct Peers {
    /// The variables that name them to the tests.
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    /// Why tests did not run.
    pub(crate) missing: Vec<&'static str>,
}

/// Finds or installs them. A variable that is set already is left alone.
pub(crate) fn prepare(context: &Context) -> Result<Peers, String> {
    let source = context.root.join("crates/smpp-net/tests/peer");
    std::fs::create_dir_all(&context.target)
        .map_err(|e| format!("cannot make {}: {e}", context.target.display()))?;
    let mut peers = Peers::default();
    let mut add = |variable: &'static str, missing: &'static str, found: Option<PathBuf>| match found {
        Some(path) => peers.variables.push((variable, path)),
        None => peers.missing.push(missing),
    };
    let is_given = |variable| shell::environment(variable).is_some();
    if !is_given("SWITCHWARD_SMPP_PEER") {
        let found = node(&source, &context.target.join("smpp-peer"))?;
        add("SWITCHWARD_SMPP_PEER", "the tests against npm's SMSC did not run: no npm here", found);
    }
    if !is_given("SWITCHWARD_SMPP_PYTHON") {
        let found = python(&source, &context.target.join("smpp-python"))?;
        add("SWITCHWARD_SMPP_PYTHON", "the tests with smpplib did not run: no python3 here", found);
    }
    if !is_given("SWITCHWARD_KANNEL") {
        add(
            "SWITCHWARD_KANNEL",
            "the tests with Kannel did not run: it is not here and cannot be installed",
            kannel(),
        );
    }
    if !is_given("SWITCHWARD_MM7_PYTHON") {
        let missing = "the tests with an MMSC in Python did not run: no python3 here";
        add("SWITCHWARD_MM7_PYTHON", missing, shell::on_path("python3"));
    }
    for (variable, program, package, missing) in [
        (
            "SWITCHWARD_SIPP",
            "sipp",
            "sip-tester",
            "the tests with SIPp did not run: it is not here and cannot be installed",
        ),
        (
            "SWITCHWARD_BARESIP",
            "baresip",
            "baresip-core",
            "the tests with baresip did not run: it is not here and cannot be installed",
        ),
        (
            "SWITCHWARD_NATS_SERVER",
            "nats-server",
            "nats-server",
            "the tests with NATS did not run: it is not here and cannot be installed",
        ),
    ] {
        if !is_given(variable) {
            // Debian has servers where not everybody's path leads.
            let server = || Some(Path::new("/usr/sbin").join(program)).filter(|file| file.is_file());
            let find = || shell::on_path(program).or_else(server);
            let found = find().or_else(|| if apt::install(package) { find() } else { None });
            add(variable, missing, found);
        }
    }
    Ok(peers)
}

/// The Python that has smpplib, installed if need be; `None` when there is no Python.
pub(crate) fn smpplib(root: &Path, target: &Path) -> Result<Option<PathBuf>, String> {
    python(&root.join("crates/smpp-net/tests/peer"), &target.join("smpp-python"))
}

fn node(source: &Path, folder: &Path) -> Result<Option<PathBuf>, String> {
    if shell::on_path("npm").is_none() {
        return Ok(None);
    }
    sdk::prepare_node(source, folder)?;
    Ok(Some(folder.join("node_modules")))
}

fn python(source: &Path, folder: &Path) -> Result<Option<PathBuf>, String> {
    if shell::on_path("python3").is_none() {
        return Ok(None);
    }
    sdk::prepare_python(source, folder)?;
    Ok(Some(folder.join("bin").join("python")))
}

/// The folder of its programs, which lie where only root looks for programs.
pub(crate) fn kannel() -> Option<PathBuf> {
    let find = || {
        let on_path = shell::on_path("bearerbox").and_then(|file| file.parent().map(Path::to_path_buf));
        let folder = on_path.unwrap_or_else(|| PathBuf::from("/usr/sbin"));
        ["bearerbox", "smsbox"].iter().all(|name| folder.join(name).is_file()).then_some(folder)
    };
    find().or_else(|| if apt::install("kannel") { find() } else { None })
}
