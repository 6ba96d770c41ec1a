//! External commands with a time limit: every step runs its tools through here.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::steps::Context;

/// A first build of everything on a small machine.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);
const POLL: Duration = Duration::from_millis(50);
/// How long a command that ran out of time gets to stop its own children.
const GRACE: Duration = Duration::from_secs(15);

/// A `cargo` command at the workspace root.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_program());
    command.current_dir(root).args(arguments);
    command
}

/// Cargo names itself to the programs it runs; this keeps the toolchain the same.
pub(crate) fn cargo_program() -> String {
    environment("CARGO").unwrap_or_else(|| "cargo".to_owned())
}

/// A command that has the processors only while nobody else wants them.
pub(crate) fn nice(program: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(program);
    command
}

/// Builds an example with what the step `test` compiled, and says where it lies. Asked for by its package alone, it would
/// have dependencies with other features, and they would be compiled again.
pub(crate) fn example(context: &Context, name: &str) -> Result<PathBuf, String> {
    run(&mut cargo(&context.root, &["build", "--workspace", "--tests", "--examples"]), BUILD_LIMIT)?;
    Ok(context.target.join("debug").join("examples").join(name))
}

/// Runs a command, its output going where ours goes.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<(), String> {
    println!("$ {}", shown(command));
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|e| cannot_start(command, &e))?;
    success(command, wait(&mut child, limit)?, limit)
}

/// Runs a command quietly and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command, limit: Duration) -> Result<String, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| cannot_start(command, &e))?;
    let mut pipe = child.stdout.take().expect("stdout was piped two lines above");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = pipe.read_to_end(&mut text);
        // The receiver is gone only when the command ran out of time, and then nobody wants this.
        let _ = sender.send(read.map(|_| text));
    });
    success(command, wait(&mut child, limit)?, limit)?;
    let text = receiver
        .recv_timeout(GRACE)
        .map_err(|_| format!("`{}` left its output open", shown(command)))?
        .map_err(|e| format!("`{}`: {e}", shown(command)))?;
    String::from_utf8(text).map_err(|_| format!("`{}` did not write UTF-8", shown(command)))
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    if let Some(name) = Path::new(&text).file_name() {
        text = name.to_string_lossy().into_owned();
    }
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Waits until the child ends; `None` when it had to be stopped at the limit.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, String> {
    if let Some(status) = wait_until(child, Instant::now() + limit)? {
        return Ok(Some(status));
    }
    // A polite signal first: test runners and the SDK harness then stop what they started.
    let _ = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
    if wait_until(child, Instant::now() + GRACE)?.is_none() {
        child.kill().and_then(|()| child.wait()).map_err(|e| format!("cannot stop a child: {e}"))?;
    }
    Ok(None)
}

fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, String> {
    loop {
        match child.try_wait().map_err(|e| format!("cannot wait for a child: {e}"))? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= deadline => return Ok(None),
            None => thread::sleep(POLL),
        }
    }
}

fn success(command: &Command, status: Option<ExitStatus>, limit: Duration) -> Result<(), String> {
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("`{}` ended with {status}", shown(command))),
        None => Err(format!("`{}` did not end within {} s", shown(command), limit.as_secs())),
    }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` could not be started: {error}", shown(command))
}

/// An environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "automation takes its settings from the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where a program lies on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = environment("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// Makes an empty folder, removing what was there.
pub(crate) fn fresh_folder(path: &Path) -> Result<(), String> {
    if path.exists() {
        std::fs::remove_dir_all(path).map_err(|e| format!("cannot clear {}: {e}", path.display()))?;
    }
    std::fs::create_dir_all(path).map_err(|e| format!("cannot make {}: {e}", path.display()))
}

/// Reads a text file; the error names it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// Makes a file that only this user may read: the server refuses one with a password that others can.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), String> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| format!("cannot write {}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_a_command_at_its_limit() {
        let started = Instant::now();
        let result = output(Command::new("sleep").arg("30"), Duration::from_millis(100));
        assert!(result.is_err_and(|problem| problem.contains("did not end")));
        assert!(started.elapsed() < GRACE);
    }

    #[test]
    fn returns_the_output_and_reports_a_bad_end() {
        assert_eq!(output(Command::new("echo").arg("hello"), GRACE).as_deref(), Ok("hello\n"));
        assert!(output(&mut Command::new("false"), GRACE).is_err());
        assert!(output(&mut Command::new("no-such-program-here"), GRACE).is_err());
    }
}
