//! Step `test`: every test of the workspace, then the doc tests, which hold the compile-fail proofs.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{sdk, shell};

/// A first build of all dependencies on a small machine, and the tests.
const LIMIT: Duration = Duration::from_secs(3600);

/// Making or deleting a network namespace.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// Where the tests of `smpp-net` find the packages of their SMSC.
const SMPP_PEER: &str = "SWITCHWARD_SMPP_PEER";

/// Tells the tests of `webhooks` that network namespaces can be made here, so that failing to is a failure.
const NETWORK_NAMESPACES: &str = "SWITCHWARD_TEST_NETNS";

pub(crate) fn run(context: &mut Context) -> StepResult {
    let tests: &[&str] = if shell::on_path("cargo-nextest").is_some() {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    let smpp_peer = smpp_peer(context)?;
    let has_namespaces = can_make_network_namespaces();
    for arguments in
        [tests, &["test", "--doc", "-p", "phi"], &["test", "--doc", "--workspace", "--exclude", "phi"]]
    {
        let mut command = shell::cargo(&context.root, arguments);
        if let Some(server) = &context.postgres {
            command.env(crate::postgres::VARIABLE, server.url());
        }
        if let Some(modules) = &smpp_peer {
            command.env(SMPP_PEER, modules);
        }
        if has_namespaces {
            command.env(NETWORK_NAMESPACES, "1");
        }
        shell::run(&mut command, LIMIT)?;
    }
    if context.postgres.is_none() && shell::environment(crate::postgres::VARIABLE).is_none() {
        return Ok(Outcome::PassedInPart("the PostgreSQL half did not run: no server given".to_owned()));
    }
    if smpp_peer.is_none() && shell::environment(SMPP_PEER).is_none() {
        return Ok(Outcome::PassedInPart("the tests against an SMSC did not run: no npm here".to_owned()));
    }
    if !has_namespaces {
        let reason = "the tests of the way out did not run: network namespaces need root and `ip`";
        return Ok(Outcome::PassedInPart(reason.to_owned()));
    }
    Ok(Outcome::Passed)
}

/// Whether network namespaces can be made here, found out by making one.
fn can_make_network_namespaces() -> bool {
    let name = format!("swprobe{}", std::process::id());
    let ip = |action| {
        let mut command = Command::new("ip");
        shell::output(command.args(["netns", action, &name]).stderr(Stdio::null()), PROBE_LIMIT).is_ok()
    };
    ip("add") && ip("delete")
}

/// The packages of the SMSC that `smpp-net` is tested against; `None` when they are given or cannot be had.
fn smpp_peer(context: &Context) -> Result<Option<PathBuf>, String> {
    if shell::environment(SMPP_PEER).is_some() || shell::on_path("npm").is_none() {
        return Ok(None);
    }
    let folder = context.target.join("smpp-peer");
    std::fs::create_dir_all(&context.target)
        .map_err(|e| format!("cannot make {}: {e}", context.target.display()))?;
    sdk::prepare_node(&context.root.join("crates/smpp-net/tests/peer"), &folder)?;
    Ok(Some(folder.join("node_modules")))
}
