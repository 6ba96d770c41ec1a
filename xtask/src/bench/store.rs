//! `bench store`: durable commits per second, beside fsync, bare SQLite and PostgreSQL.

use std::process::Command;

use crate::bench::Setup;
use crate::bench::baselines::{fsync_loop, pgbench};
use crate::bench::process::finished;
use crate::bench::table::{Row, Table};
use crate::shell;

/// Each of its cases runs this long; there are eight.
const SECONDS: u64 = 2;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("commits");
    table.rows.push(fsync_loop(setup)?);
    let folder = setup.folder.join("store");
    shell::fresh_folder(&folder)?;
    let mut command = Command::new(setup.programs.join("examples").join("commit_bench"));
    command.arg(&folder).arg(SECONDS.min(setup.seconds).to_string()).args(&setup.postgres);
    let (answer, _) = finished("commit_bench", &mut command)?;
    for row in answer.as_array().ok_or("commit_bench did not print a list")? {
        let case = row["case"].as_str().unwrap_or_default().to_owned();
        table.rows.push(Row { case, rate: row["rate"].as_f64(), ..Row::default() });
    }
    match &setup.postgres {
        Some(server) => table.rows.push(pgbench(setup, server)?),
        None => table.notes.push("PostgreSQL was not measured: there is no server.".to_owned()),
    }
    Ok(table)
}
