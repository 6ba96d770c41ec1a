//! `switchward health`: whether the server on this machine answers, for container health checks in images
//! without other programs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::env::reachable;
use crate::config::DEFAULT_LISTEN;
use crate::problem::{Problem, Result};

/// How long connecting, asking and the answer may take, each.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is asked. It says nothing of what is served.
const QUESTION: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// How the right answer begins.
const ANSWER: &[u8] = b"HTTP/1.1 200 ";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Address and port the server listens on
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let address = reachable(arguments.listen);
    let failed = |error| Problem::new(format!("{address} does not answer: {error}"));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.write_all(QUESTION).map_err(failed)?;
    let mut beginning = [0; ANSWER.len()];
    stream.read_exact(&mut beginning).map_err(failed)?;
    match beginning == *ANSWER {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Problem::new(format!("{address} is not ready"))),
    }
}
