//! Step `postgres`: finds a PostgreSQL, or makes a private one that lives as long as this run.
//!
//! The cluster lies in the target folder, listens on loopback at a free port, keeps `fsync` on (the
//! tests are about durability), and is stopped and removed at the end. One left behind by a run that
//! was killed is stopped by the next run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apt::{self, is_root};
use crate::shell;
use crate::steps::{Context, Outcome, StepResult};

/// Where tests read the server's URL from; when it is set already, that server is used.
pub(crate) const VARIABLE: &str = "SWITCHWARD_TEST_POSTGRES";

const COMMAND_LIMIT: Duration = Duration::from_secs(120);
const QUERY_LIMIT: Duration = Duration::from_secs(60);
/// What `pg_ctl` itself waits at most, in seconds.
const START_SECONDS: &str = "60";
/// Ports are chosen, then bound by PostgreSQL: another process may be faster.
const PORT_ATTEMPTS: usize = 5;
/// PostgreSQL refuses a socket path above 107 bytes; this leaves room for the file's name.
const SOCKET_FOLDER_BYTES: usize = 80;
const FOLDER: &str = "postgres-";
const SUPERUSER: &str = "switchward";

/// The PostgreSQL of this run.
pub(crate) struct Server {
    url: String,
    /// Held only to be stopped at the end; `None` for a server that was there before us.
    _cluster: Option<Cluster>,
}

impl Server {
    /// A connection URL of a superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

pub(crate) fn run(context: &mut Context) -> StepResult {
    context.postgres = find_or_make(&context.target)?;
    Ok(match &context.postgres {
        Some(_) => Outcome::Passed,
        None => Outcome::NotRun("no PostgreSQL: its half of the tests does not run".to_owned()),
    })
}

/// The server that the environment names, or a private one; `None` when there can be none.
pub(crate) fn find_or_make(target: &Path) -> Result<Option<Server>, String> {
    if let Some(url) = shell::environment(VARIABLE) {
        println!("using the server that {VARIABLE} names");
        return Ok(Some(Server { url, _cluster: None }));
    }
    let Some(binaries) = binaries().or_else(install) else {
        println!(
            "no PostgreSQL here and none could be installed: install one, or set {VARIABLE} to the URL of a superuser on a server for tests"
        );
        return Ok(None);
    };
    stop_leftovers(target, &binaries)?;
    let (port, cluster) = Cluster::start(target, binaries)?;
    let url = Cluster::url(port);
    println!("PostgreSQL is at {url}");
    Ok(Some(Server { url, _cluster: Some(cluster) }))
}

/// A running cluster of ours; stopped and removed when dropped.
pub(crate) struct Cluster {
    binaries: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    /// A cluster of its own in this folder, and its port; `None` when there is no PostgreSQL to be had.
    pub(crate) fn private(folder: &Path) -> Result<Option<(u16, Self)>, String> {
        binaries().or_else(install).map(|binaries| Self::start(folder, binaries)).transpose()
    }

    /// A connection URL of its superuser.
    pub(crate) fn url(port: u16) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres")
    }

    /// Stops it: `fast` in good order, `immediate` as if it had crashed.
    pub(crate) fn stop(&self, mode: &str) -> Result<(), String> {
        shell::output(&mut self.pg_ctl(&["stop", "-w", "-m", mode, "-t", START_SECONDS]), COMMAND_LIMIT)
            .map(drop)
    }

    /// Starts it again at its port.
    pub(crate) fn start_again(&self, port: u16) -> Result<(), String> {
        let mut start = self.pg_ctl(&["start", "-w", "-t", START_SECONDS]);
        start.arg("-l").arg(self.folder.join("log")).arg("-o").arg(self.options(port));
        shell::run(&mut start, COMMAND_LIMIT)
    }

    fn start(target: &Path, binaries: PathBuf) -> Result<(u16, Self), String> {
        let cluster = Self { folder: private_folder(target)?, binaries };
        let data = cluster.folder.join("data");
        let mut initdb = as_owner(&cluster.binaries.join("initdb"), &cluster.folder);
        initdb.arg("--pgdata").arg(&data);
        initdb.args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
        shell::output(&mut initdb, COMMAND_LIMIT)?;
        let mut last = String::new();
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            match cluster.start_again(port) {
                Ok(()) => return Ok((port, cluster)),
                Err(problem) => last = problem,
            }
        }
        println!("{}", shell::read(&cluster.folder.join("log")).unwrap_or_default());
        Err(last)
    }

    fn options(&self, port: u16) -> String {
        let folder = self.folder.to_string_lossy();
        let sockets = if folder.len() <= SOCKET_FOLDER_BYTES { &*folder } else { "" };
        format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=on -c max_connections=200 -c 'unix_socket_directories={sockets}'"
        )
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Command {
        let mut command = as_owner(&self.binaries.join("pg_ctl"), &self.folder);
        command.args(arguments).arg("-D").arg(self.folder.join("data"));
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.folder.join("data").join("postmaster.pid").exists()
            && let Err(problem) = self.stop("fast")
        {
            eprintln!("PostgreSQL in {} was not stopped: {problem}", self.folder.display());
            return;
        }
        if let Err(problem) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} was not removed: {problem}", self.folder.display());
        }
    }
}

/// Where `initdb` and `pg_ctl` lie: a distribution's folder, newest first, or PATH.
pub(crate) fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, folder)| folder);
    newest.or_else(|| {
        // A link on PATH may point into a folder that holds everything; `initdb` looks beside itself.
        let initdb = std::fs::canonicalize(shell::on_path("initdb")?).ok()?;
        initdb.parent().map(Path::to_path_buf).filter(|folder| folder.join("pg_ctl").is_file())
    })
}

/// Installs the distribution's PostgreSQL where that needs no question.
fn install() -> Option<PathBuf> {
    if apt::install("postgresql") { binaries() } else { None }
}

/// A command that runs as the cluster's owner: PostgreSQL refuses to run as root.
fn as_owner(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

/// An empty folder that the cluster's owner owns and can reach.
fn private_folder(target: &Path) -> Result<PathBuf, String> {
    let name = format!("{FOLDER}{}", std::process::id());
    let folder = target.join(&name);
    shell::fresh_folder(&folder)?;
    if !is_root() {
        return Ok(folder);
    }
    let reachable = |folder: &Path| {
        shell::output(Command::new("chown").arg("postgres").arg(folder), COMMAND_LIMIT)?;
        shell::output(as_owner(Path::new("test"), Path::new("/")).arg("-w").arg(folder), COMMAND_LIMIT)
    };
    if reachable(&folder).is_ok() {
        return Ok(folder);
    }
    // A checkout below root's own home cannot be entered by another user.
    std::fs::remove_dir_all(&folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))?;
    let folder = std::env::temp_dir().join(format!("switchward-{name}"));
    shell::fresh_folder(&folder)?;
    reachable(&folder)?;
    println!("the user `postgres` cannot enter the target folder; the cluster is in {}", folder.display());
    Ok(folder)
}

/// Stops clusters whose run is gone; dropping them does the work.
fn stop_leftovers(target: &Path, binaries: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(target).map_err(|e| format!("cannot list {}: {e}", target.display()))?;
    for folder in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(FOLDER).and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        let alive =
            Command::new("kill").arg("-0").arg(owner.to_string()).output().is_ok_and(|o| o.status.success());
        if !alive {
            println!("removing what an earlier run left: {}", folder.display());
            drop(Cluster { binaries: binaries.to_path_buf(), folder });
        }
    }
    Ok(())
}

pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("cannot find a free port: {e}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|e| format!("cannot find a free port: {e}"))
}

/// Runs one statement through PostgreSQL's own client.
pub(crate) fn query(server: &str, statement: &str) -> Result<(), String> {
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--dbname", server, "--command", statement]);
    shell::run(&mut psql, QUERY_LIMIT)
}

/// The URL of another database of the same server.
pub(crate) fn database_of(server: &str, name: &str) -> String {
    let (url, options) = server.split_once('?').map_or((server, ""), |(url, options)| (url, options));
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    match options {
        "" => format!("{}/{name}", &url[..end]),
        options => format!("{}/{name}?{options}", &url[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_another_database_of_the_same_server() {
        let cases = [
            ("postgres://u@127.0.0.1:5432/postgres", "postgres://u@127.0.0.1:5432/x"),
            ("postgres://u:p@h", "postgres://u:p@h/x"),
            ("postgres://u@h/db?sslmode=require", "postgres://u@h/x?sslmode=require"),
        ];
        for (server, expected) in cases {
            assert_eq!(database_of(server, "x"), expected);
        }
    }
}
