//! A webhook's receiver that costs next to nothing: it counts, and answers 204.

use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::{Reader, request};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// How a sink answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// At once.
    Prompt,
    /// After this time.
    Late(Duration),
    /// Never: it reads, and is silent.
    Silent,
}

/// What a sink has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SinkCount {
    /// Requests that were read.
    pub(crate) requests: u64,
    /// Those with a signature.
    pub(crate) signed: u64,
}

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    signed: AtomicU64,
}

/// A server on loopback. It ends when it is dropped.
pub(crate) struct Sink {
    address: SocketAddr,
    counters: Arc<Counters>,
    behaviour: watch::Sender<Behaviour>,
    listener: JoinHandle<()>,
}

impl Sink {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// When no port can be had.
    pub(crate) async fn start(behaviour: Behaviour) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let counters = Arc::<Counters>::default();
        let (behaviour, told) = watch::channel(behaviour);
        let listener = tokio::spawn(accept(listener, Arc::clone(&counters), told));
        Ok(Self { address, counters, behaviour, listener })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has counted so far.
    pub(crate) fn count(&self) -> SinkCount {
        SinkCount {
            requests: self.counters.requests.load(Ordering::Relaxed),
            signed: self.counters.signed.load(Ordering::Relaxed),
        }
    }

    /// Answers like this from now on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn accept(listener: TcpListener, counters: Arc<Counters>, told: watch::Receiver<Behaviour>) {
    // An error here is one connection's (the peer left before it was accepted), not the listener's.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let (counters, told) = (Arc::clone(&counters), told.clone());
            // A connection that breaks is the client's business; what it sent before was counted.
            tokio::spawn(async move { serve(stream, &counters, told).await.unwrap_or_default() });
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    counters: &Counters,
    mut told: watch::Receiver<Behaviour>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::new();
    while let Some(head) = reader.next(&mut stream, request).await? {
        counters.requests.fetch_add(1, Ordering::Relaxed);
        counters.signed.fetch_add(u64::from(head.signed), Ordering::Relaxed);
        loop {
            let behaviour = *told.borrow_and_update();
            let wait = match behaviour {
                Behaviour::Prompt => break,
                Behaviour::Late(delay) => delay,
                Behaviour::Silent => Duration::MAX,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => break,
                changed = told.changed() => if changed.is_err() { return Ok(()) },
            }
        }
        stream.write_all(ANSWER).await?;
        if head.closes {
            return Ok(());
        }
    }
    Ok(())
}
