//! A process that is measured: its CPU time and its memory, from `/proc`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shell;

const POLL: Duration = Duration::from_millis(50);
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a process may go on working after its load has ended.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Below this share of one CPU a process counts as idle.
const IDLE_SHARE: f64 = 0.06;
/// How long it must be idle.
const IDLE_FOR: Duration = Duration::from_millis(400);
/// Linux counts CPU time in these (`sysconf(_SC_CLK_TCK)` on every architecture in use).
const TICKS_PER_SECOND: f64 = 100.0;

/// A child process; it is killed when dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program whose output goes to the file `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self, String> {
        let file = std::fs::File::create(log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        let copy = file.try_clone().map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn();
        let child = child.map_err(|e| format!("{name} could not be started: {e}"))?;
        Ok(Self { child, name, input: None, output: None })
    }

    /// Starts a program that is told things line by line, and answers in JSON.
    pub(crate) fn start_talking(name: &'static str, command: &mut Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| format!("{name} could not be started: {e}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Ok(Self { child, name, input, output })
    }

    /// Tells it a line and returns its answer.
    pub(crate) fn ask(&mut self, line: &str) -> Result<Value, String> {
        let input = self.input.as_mut().ok_or("this process is not talked to")?;
        writeln!(input, "{line}").map_err(|e| format!("{}: {e}", self.name))?;
        self.hear()
    }

    /// The next line of JSON.
    pub(crate) fn hear(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let output = self.output.as_mut().ok_or("this process is not listened to")?;
        output.read_line(&mut line).map_err(|e| format!("{}: {e}", self.name))?;
        serde_json::from_str(&line).map_err(|_| format!("{} did not answer in JSON: {line:?}", self.name))
    }

    /// Waits until something listens there.
    pub(crate) fn wait_for(&mut self, address: SocketAddr) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                return Err(format!("{} ended at its start with {status}", self.name));
            }
            if Instant::now() > deadline {
                return Err(format!("{} does not listen at {address}", self.name));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// CPU time so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration, String> {
        cpu_of(&self.proc_file("stat")?)
    }

    /// The most memory it had resident, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64, String> {
        let status = self.proc_file("status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib =
            peak.and_then(|text| text.split_whitespace().next()).and_then(|text| text.parse::<f64>().ok());
        Ok(kib.ok_or("the peak of memory cannot be read")? / 1024.0)
    }

    /// Waits until it has nothing left to do, and returns the instant when it had.
    pub(crate) fn settle(&self) -> Result<Instant, String> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        let mut busy_until = Instant::now();
        let mut before = (busy_until, self.cpu()?);
        while busy_until.elapsed() < IDLE_FOR {
            if Instant::now() > deadline {
                return Err(format!("{} is still at work after {} s", self.name, SETTLE_LIMIT.as_secs()));
            }
            thread::sleep(POLL * 4);
            let now = (Instant::now(), self.cpu()?);
            let share = (now.1 - before.1).as_secs_f64() / (now.0 - before.0).as_secs_f64();
            if share > IDLE_SHARE {
                busy_until = now.0;
            }
            before = now;
        }
        Ok(busy_until)
    }

    fn proc_file(&self, name: &str) -> Result<String, String> {
        shell::read(Path::new(&format!("/proc/{}/{name}", self.child.id())))
    }
}

/// Data is thrown away with the run, so nothing needs a polite end.
impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(problem) = ended {
            eprintln!("{} was not stopped: {problem}", self.name);
        }
    }
}

/// User and system time in `/proc/PID/stat` (fields 14 and 15; the name in field 2 may hold spaces).
fn cpu_of(stat: &str) -> Result<Duration, String> {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = after_name.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    match (fields.next().flatten(), fields.next().flatten()) {
        (Some(user), Some(system)) => Ok(Duration::from_secs_f64((user + system) / TICKS_PER_SECOND)),
        _ => Err("the CPU time of a process cannot be read".to_owned()),
    }
}

/// Runs a program that prints one line of JSON at its end, and returns it with the CPU time it took.
pub(crate) fn finished(name: &'static str, command: &mut Command) -> Result<(Value, Duration), String> {
    let mut process = Process::start_talking(name, command)?;
    let answer = process.hear()?;
    // It is not waited for yet, so `/proc` still knows it, ended or not.
    let cpu = process.cpu()?;
    Ok((answer, cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cpu_time_past_a_name_with_spaces() {
        let stat = "12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        assert_eq!(cpu_of(stat), Ok(Duration::from_secs(2)));
        assert!(cpu_of("12 (a) S 1").is_err());
    }
}
