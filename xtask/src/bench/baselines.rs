//! What the machine can do: one fsync after the other, and PostgreSQL doing three inserts per transaction.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::Setup;
use crate::bench::table::Row;
use crate::{postgres, shell};

const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// How long the fsync loop runs; it is the steadiest of all figures.
const FSYNC_TIME: Duration = Duration::from_secs(2);
/// What one fsync writes: a page of SQLite.
const PAGE: [u8; 4096] = [7; 4096];
/// Clients of pgbench: as many as the load has connections.
const CLIENTS: &str = "64";

const TABLES: &str = "CREATE TABLE document (sid text PRIMARY KEY, facts bytea, content bytea);
    CREATE TABLE job (id bigserial PRIMARY KEY, due_at bigint, payload bytea);
    CREATE TABLE journal (sequence bigserial PRIMARY KEY, entry bytea, chain bytea);";
/// Rows as wide as those of a message. Every statement is a round trip, as pgbench does it.
const TRANSACTION: &str = "BEGIN;
INSERT INTO document VALUES (gen_random_uuid()::text, decode(repeat('07', 150), 'hex'), decode(repeat('07', 90), 'hex'));
INSERT INTO job (due_at, payload) VALUES (1700000000, decode(repeat('07', 90), 'hex'));
INSERT INTO journal (entry, chain) VALUES (decode(repeat('07', 150), 'hex'), decode(repeat('07', 32), 'hex'));
COMMIT;
";

/// Appends pages to a file, each followed by `fdatasync`.
pub(crate) fn fsync_loop(setup: &Setup) -> Result<Row, String> {
    let path = setup.folder.join("fsync");
    let failed = |e: std::io::Error| format!("cannot write {}: {e}", path.display());
    let mut file = File::create(&path).map_err(failed)?;
    let (started, mut count) = (Instant::now(), 0.0);
    while started.elapsed() < FSYNC_TIME {
        file.write_all(&PAGE).and_then(|()| file.sync_data()).map_err(failed)?;
        count += 1.0;
    }
    let rate = Some(count / started.elapsed().as_secs_f64());
    std::fs::remove_file(&path).map_err(failed)?;
    Ok(Row {
        case: "disk: append 4 KiB and `fdatasync`, one after the other".to_owned(),
        rate,
        ..Row::default()
    })
}

/// PostgreSQL's own benchmark, with a transaction of three inserts.
pub(crate) fn pgbench(setup: &Setup, server: &str) -> Result<Row, String> {
    let programs = postgres::binaries().ok_or("PostgreSQL's programs are not here")?;
    let database = Database::create(server, "switchward_pgbench")?;
    database.run(TABLES)?;
    let script = setup.folder.join("three-inserts.sql");
    std::fs::write(&script, TRANSACTION).map_err(|e| format!("cannot write {}: {e}", script.display()))?;
    let mut command = Command::new(programs.join("pgbench"));
    command.args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--client", CLIENTS]);
    command.arg("--time").arg(setup.seconds.to_string()).arg("--file").arg(&script).arg(database.url());
    let report = shell::output(&mut command, Duration::from_secs(setup.seconds) + COMMAND_LIMIT)?;
    let rate = report.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    let case = format!("PostgreSQL: pgbench, three inserts per transaction, {CLIENTS} clients");
    Ok(Row { case, rate: Some(rate.ok_or("pgbench did not say its rate")?), ..Row::default() })
}

/// A database of its own, dropped at the end.
pub(crate) struct Database {
    psql: PathBuf,
    server: String,
    name: String,
}

impl Database {
    /// Makes a database on the server that `url` names.
    pub(crate) fn create(url: &str, name: &str) -> Result<Self, String> {
        let psql = postgres::binaries().ok_or("PostgreSQL's programs are not here")?.join("psql");
        let database = Self { psql, server: url.to_owned(), name: format!("{name}_{}", std::process::id()) };
        database.at(&database.server, &format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        let base = self.server.rsplit_once('/').map_or(self.server.as_str(), |(base, _)| base);
        format!("{base}/{}", self.name)
    }

    fn run(&self, sql: &str) -> Result<(), String> {
        self.at(&self.url(), sql)
    }

    fn at(&self, url: &str, sql: &str) -> Result<(), String> {
        let mut command = Command::new(&self.psql);
        command.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", sql]).arg(url);
        shell::output(command.current_dir(Path::new("/")), COMMAND_LIMIT).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(problem) = self.at(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("the database {} was not dropped: {problem}", self.name);
        }
    }
}
