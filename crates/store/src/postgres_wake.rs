//! PostgreSQL: processes that share a database wake each other when there is work (LISTEN and NOTIFY).
//!
//! One connection of its own listens and tells. It is outside the commits, because a transaction that notifies takes a
//! lock that all others wait for: after a commit the others are told at most every [`limits::POSTGRES_TELL`]. Nothing
//! rests on it: whoever is not told finds the work when it looks the next time.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Socket};

use crate::limits;
use crate::postgres::explain;
use crate::postgres_tls::{Stream, Tls};

/// The channel; its name is part of the wire between versions that share a database.
const LISTEN: &str = "LISTEN switchward_jobs";
const TELL: &str = "NOTIFY switchward_jobs";

/// The task that listens and tells.
pub(crate) struct Wake {
    /// There is something to tell others.
    tell: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Wake {
    /// Starts it; `changed` is notified when another process has told.
    pub(crate) fn start(config: Config, tls: Tls, changed: Arc<Notify>) -> Self {
        let tell = Arc::<Notify>::default();
        let task = tokio::spawn(keep(config, tls, changed, Arc::clone(&tell)));
        Self { tell, task }
    }

    /// Tells the other processes, soon.
    pub(crate) fn tell(&self) {
        self.tell.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

/// Connects for ever.
async fn keep(config: Config, tls: Tls, changed: Arc<Notify>, tell: Arc<Notify>) {
    loop {
        let ended = match config.connect(tls.clone()).await {
            Ok((client, connection)) => {
                tokio::select! {
                    ended = listen(connection, &changed) => ended,
                    ended = speak(&client, &tell) => ended,
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::warn!(error = %explain(&error), "other processes cannot wake this one; it looks for work by itself");
        }
        tokio::time::sleep(limits::POSTGRES_CONNECT).await;
    }
}

/// Drives the connection until it ends. What this process told comes back to it as well, which does no harm: its queues
/// look once more than they had to.
async fn listen(
    mut connection: Connection<Socket, Stream>,
    changed: &Notify,
) -> Result<(), tokio_postgres::Error> {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(_) = message? {
            changed.notify_one();
        }
    }
    Ok(())
}

async fn speak(client: &Client, tell: &Notify) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(LISTEN).await?;
    loop {
        tell.notified().await;
        client.batch_execute(TELL).await?;
        tokio::time::sleep(limits::POSTGRES_TELL).await;
    }
}
