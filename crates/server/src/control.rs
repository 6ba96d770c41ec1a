//! Orders for a running server: a socket in its data folder, which only its own user can open.
//!
//! One line of JSON asks ([`Order`]); lines of JSON tell how far it has got, and the last one what came of
//! it. There is nothing to configure and no secret to send: who may enter the data folder may do with the
//! keys in it what they like anyway.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backup::Progress;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{interval, timeout};

use crate::maintenance::{Maintenance, Order};
use crate::problem::{Problem, Result};

/// The socket's name in the data folder.
const SOCKET: &str = "control.sock";
/// Bytes of one line at most.
const LINE_BYTES: u64 = 64 * 1024;
/// How long whoever connects may take to say what they want.
const ORDER_DEADLINE: Duration = Duration::from_secs(5);
/// How often it is told how far an order has got.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// A line that the server sends.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress { done: u64, total: u64 },
    Done(Value),
    Problem(String),
}

/// The socket in this data folder.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

/// Takes orders until the task is ended; the socket is there when this returns.
///
/// # Errors
/// When the socket cannot be made: another server uses this data folder, or its path is too long.
pub(crate) async fn listen(maintenance: Maintenance) -> Result<impl Future<Output = ()>> {
    let path = socket(maintenance.data.path());
    if UnixStream::connect(&path).await.is_ok() {
        return Err(Problem::new("another server takes orders for this data folder"));
    }
    let failed = |error: io::Error| Problem::file("cannot take orders at", &path, &error);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    // One order at a time: each reads or moves everything.
    let turn = Arc::new(Semaphore::new(1));
    Ok(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(TELL_EVERY).await;
                continue;
            };
            let (maintenance, turn) = (maintenance.clone(), Arc::clone(&turn));
            tokio::spawn(async move {
                if let Err(error) = answer(stream, &maintenance, &turn).await {
                    tracing::debug!(kind = ?error.kind(), "whoever gave an order did not wait for its end");
                }
            });
        }
    })
}

async fn answer(stream: UnixStream, maintenance: &Maintenance, turn: &Semaphore) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    let mut from = BufReader::new(from.take(LINE_BYTES));
    let read = timeout(ORDER_DEADLINE, from.read_line(&mut line)).await;
    read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let Ok(order) = serde_json::from_str::<Order>(&line) else {
        return say(&mut to, &Line::Problem("this server does not know that order".to_owned())).await;
    };
    let Ok(_turn) = turn.try_acquire() else {
        return say(&mut to, &Line::Problem("another order is being carried out".to_owned())).await;
    };
    let (sender, mut progress) = watch::channel(Progress { done: 0, total: 0 });
    // It goes on when whoever gave it has gone.
    let work = {
        let maintenance = maintenance.clone();
        tokio::spawn(async move { maintenance.carry_out(order, sender).await })
    };
    let mut ticks = interval(TELL_EVERY);
    while !work.is_finished() {
        ticks.tick().await;
        if progress.has_changed().unwrap_or(false) {
            let Progress { done, total } = *progress.borrow_and_update();
            say(&mut to, &Line::Progress { done, total }).await?;
        }
    }
    let line = match work.await {
        Ok(Ok(value)) => Line::Done(value),
        Ok(Err(problem)) => Line::Problem(problem.to_string()),
        Err(_) => Line::Problem("the server failed while it carried the order out".to_owned()),
    };
    say(&mut to, &line).await
}

async fn say(to: &mut (impl AsyncWriteExt + Unpin), line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
    text.push('\n');
    to.write_all(text.as_bytes()).await
}

/// Gives an order to the server of this data folder; `None` when there is none.
///
/// # Errors
/// When the server could not carry it out, or went away.
pub(crate) async fn ask(
    data: &Path,
    order: &Order,
    progress: &watch::Sender<Progress>,
) -> Result<Option<Value>> {
    let Ok(mut stream) = UnixStream::connect(socket(data)).await else { return Ok(None) };
    let gone = |_| Problem::new("the server went away: give the order again once it is back");
    let mut text = serde_json::to_string(order).map_err(|_| Problem::new("the order cannot be encoded"))?;
    text.push('\n');
    stream.write_all(text.as_bytes()).await.map_err(gone)?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await.map_err(gone)? {
        let line = serde_json::from_str(&line)
            .map_err(|_| Problem::new("the server is of another version than this program"))?;
        match line {
            Line::Progress { done, total } => {
                progress.send_replace(Progress { done, total });
            }
            Line::Done(value) => return Ok(Some(value)),
            Line::Problem(text) => return Err(Problem::new(text)),
        }
    }
    Err(gone(io::Error::from(io::ErrorKind::UnexpectedEof)))
}
