//! Step `leak`: the demo sends protected text through the whole system, then searches every file it
//! left behind for that text; here it runs in an empty home and must end well, in time.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::shell;
use crate::steps::{Context, Outcome, StepResult};

const BUILD_LIMIT: Duration = Duration::from_secs(3600);
const DEMO_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn run(context: &mut Context) -> StepResult {
    let binary = build_binary(context)?;
    let home = context.target.join("leak");
    shell::fresh_folder(&home)?;
    let log_path = home.join("demo.log");
    let log =
        std::fs::File::create(&log_path).map_err(|e| format!("cannot make {}: {e}", log_path.display()))?;
    let second = log.try_clone().map_err(|e| format!("cannot share the log: {e}"))?;
    let mut demo = Command::new(binary);
    demo.args(["demo", "--exit"]).current_dir(&home).env("HOME", &home).env("TMPDIR", &home);
    for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
        demo.env_remove(name);
    }
    demo.stdin(Stdio::null()).stdout(log).stderr(second);
    println!("$ {}", shell::shown(&demo));
    let mut child = demo.spawn().map_err(|e| format!("the demo could not be started: {e}"))?;
    let problem = match shell::wait(&mut child, DEMO_LIMIT)? {
        Some(status) if status.success() => return Ok(Outcome::Passed),
        Some(status) => format!("the demo ended with {status}"),
        None => format!("the demo did not end within {} s", DEMO_LIMIT.as_secs()),
    };
    println!("{}", shell::read(&log_path)?);
    Err(problem)
}

/// Builds the debug binary and says where it lies.
pub(crate) fn build_binary(context: &Context) -> Result<PathBuf, String> {
    shell::run(&mut shell::cargo(&context.root, &["build", "-p", "server"]), BUILD_LIMIT)?;
    Ok(context.target.join("debug").join("switchward"))
}
