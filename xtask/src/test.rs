//! Step `test`: every test of the workspace, then the doc tests, which hold the compile-fail proofs.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::steps::{Context, Outcome, StepResult};
use crate::{carrier_peers, s3_peer, shell};

/// A first build of all dependencies on a small machine, and the tests.
const LIMIT: Duration = Duration::from_secs(3600);

/// Making or deleting a network namespace.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// Tells the tests of `webhooks` that network namespaces can be made here, so that failing to is a failure.
const NETWORK_NAMESPACES: &str = "SWITCHWARD_TEST_NETNS";

pub(crate) fn run(context: &mut Context) -> StepResult {
    let tests: &[&str] = if shell::on_path("cargo-nextest").is_some() {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    let peers = carrier_peers::prepare(context)?;
    let bucket = s3_peer::start(context);
    let has_namespaces = can_make_network_namespaces();
    for arguments in
        [tests, &["test", "--doc", "-p", "phi"], &["test", "--doc", "--workspace", "--exclude", "phi"]]
    {
        let mut command = shell::cargo(&context.root, arguments);
        if let Some(server) = &context.postgres {
            command.env(crate::postgres::VARIABLE, server.url());
        }
        command.envs(peers.variables.iter().map(|(name, path)| (name, path)));
        if let Ok(Some(peer)) = &bucket {
            let (name, endpoint) = peer.variable();
            command.env(name, endpoint);
        }
        if has_namespaces {
            command.env(NETWORK_NAMESPACES, "1");
        }
        shell::run(&mut command, LIMIT)?;
    }
    let mut missing = peers.missing;
    missing.extend(bucket.err());
    if context.postgres.is_none() && shell::environment(crate::postgres::VARIABLE).is_none() {
        missing.push("the PostgreSQL half did not run: no server given");
    }
    if shell::on_path("systemd-analyze").is_none() {
        missing.push("nobody judged the systemd unit: no systemd here");
    }
    if !has_namespaces {
        missing.push("the tests of the way out did not run: network namespaces need root and `ip`");
    }
    Ok(match missing.is_empty() {
        true => Outcome::Passed,
        false => Outcome::PassedInPart(missing.join("; ")),
    })
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
