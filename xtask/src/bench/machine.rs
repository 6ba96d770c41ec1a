//! What the figures were measured on, in a sentence.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::shell;

const LIMIT: Duration = Duration::from_secs(10);

/// Cores, memory, file system and kernel.
pub(crate) fn describe(folder: &Path) -> Result<String, String> {
    let cores = thread::available_parallelism().map_err(|e| format!("cannot count the cores: {e}"))?;
    let memory = shell::read(Path::new("/proc/meminfo"))?;
    let kib = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<f64>().ok())
        .ok_or("the amount of memory cannot be read")?;
    let mut df = Command::new("df");
    let file_system = shell::output(df.arg("--output=fstype").arg(folder), LIMIT)?;
    let kernel = shell::output(Command::new("uname").args(["-s", "-m"]), LIMIT)?;
    Ok(format!(
        "{cores} cores, {:.0} GiB of memory, {} on {}; load, server and baselines share the cores.",
        kib / f64::from(1 << 20),
        file_system.lines().last().unwrap_or_default().trim(),
        kernel.trim()
    ))
}
