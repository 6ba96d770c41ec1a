//! A simulated SMSC on a port: systems bind to it, submit, and get receipts and each other's messages.
//!
//! For trying things out, for tests and for measurements; it keeps nothing on disk. A number belongs to the
//! system that last submitted from it: what another system submits to that number is delivered there, octet
//! by octet. Every other number is a handset that gets everything at once.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Clock, SystemClock};
use smpp_proto::smsc::{Deliver, SmscEvent, SmscSession, Submitted};
use smpp_proto::{Mode, State, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::limits::{READ_BYTES, SMSC_CONNECTIONS, SMSC_NUMBERS, SMSC_WAITING};

/// How a submission is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is taken, and a receipt says that it was delivered.
    Take,
    /// It is refused with this command status.
    Refuse(u32),
    /// It is not answered.
    Silence,
}

/// What happened, for whoever watches. It holds open text: no `Debug`.
pub enum Seen {
    /// A system was bound.
    Bound(String),
    /// A system submitted something, which got this message id.
    Submitted(String, Submitted),
    /// A delivery was answered with this command status.
    Answered(u32),
    /// A bound system is gone.
    Gone(String),
}

/// How the SMSC behaves. Holds a password: no `Debug`.
pub struct SmscSettings {
    /// The name and password that systems must give; any when absent.
    pub credentials: Option<(String, String)>,
    /// Whether receipts are sent to systems that ask for them.
    pub receipts: bool,
    /// How each submission is answered.
    pub reply: Box<dyn Fn(&Submitted) -> Reply + Send + Sync>,
    /// Who is told what happens.
    pub watcher: Option<mpsc::UnboundedSender<Seen>>,
}

impl Default for SmscSettings {
    fn default() -> Self {
        Self { credentials: None, receipts: true, reply: Box::new(|_| Reply::Take), watcher: None }
    }
}

/// A simulated SMSC. Clones share it.
#[derive(Clone)]
pub struct Smsc {
    inner: Arc<Inner>,
}

struct Inner {
    settings: SmscSettings,
    last_id: AtomicU64,
    network: Mutex<Network>,
}

/// Who is bound, and whose numbers are whose.
#[derive(Default)]
struct Network {
    systems: Vec<System>,
    owners: HashMap<String, String>,
    last_connection: u64,
}

struct System {
    connection: u64,
    system_id: String,
    mode: Mode,
    deliveries: mpsc::Sender<Deliver>,
}

impl Smsc {
    /// An SMSC that behaves like this.
    pub fn new(settings: SmscSettings) -> Self {
        Self { inner: Arc::new(Inner { settings, last_id: AtomicU64::new(0), network: Mutex::default() }) }
    }

    /// Serves a port until this future is dropped.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            tokio::select! {
                accepted = listener.accept(), if connections.len() < SMSC_CONNECTIONS => {
                    let (stream, peer) = accepted?;
                    let inner = Arc::clone(&self.inner);
                    connections.spawn(async move { serve(&inner, stream, peer).await });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Delivers something to a system that is bound for it. Whether there is one that has room.
    pub fn deliver(&self, system_id: &str, deliver: Deliver) -> bool {
        self.inner.network().deliver(system_id, deliver)
    }
}

impl Network {
    fn deliver(&self, system_id: &str, deliver: Deliver) -> bool {
        let system = self
            .systems
            .iter()
            .find(|system| system.system_id == system_id && system.mode != Mode::Transmitter);
        system.is_some_and(|system| system.deliveries.try_send(deliver).is_ok())
    }
}

impl Inner {
    fn network(&self) -> MutexGuard<'_, Network> {
        // What is behind the lock is consistent after every statement, so a panic elsewhere spoils nothing.
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, seen: Seen) {
        if let Some(watcher) = &self.settings.watcher {
            // Whoever does not watch any more need not be told.
            drop(watcher.send(seen));
        }
    }
}

/// One connection, from its start to its end.
async fn serve(inner: &Inner, stream: TcpStream, peer: SocketAddr) {
    let (sender, receiver) = mpsc::channel(SMSC_WAITING);
    let number = {
        let mut network = inner.network();
        network.last_connection += 1;
        network.last_connection
    };
    let mut connection =
        Connection { inner, number, sender, system_id: None, session: SmscSession::default() };
    if let Err(error) = connection.run(stream, receiver).await {
        tracing::debug!(%peer, kind = %error.kind(), "a connection to the simulated SMSC broke");
    }
    inner.network().systems.retain(|system| system.connection != number);
    if let Some(system_id) = connection.system_id {
        tracing::info!(system_id, "gone");
        inner.tell(Seen::Gone(system_id));
    }
}

struct Connection<'a> {
    inner: &'a Inner,
    number: u64,
    sender: mpsc::Sender<Deliver>,
    system_id: Option<String>,
    session: SmscSession,
}

impl Connection<'_> {
    async fn run(&mut self, stream: TcpStream, mut deliveries: mpsc::Receiver<Deliver>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = stream.into_split();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let is_over = self.take_events();
            writer.write_all(&self.session.take_output()).await?;
            if is_over {
                return writer.shutdown().await;
            }
            tokio::select! {
                read = reader.read(&mut buffer) => match read? {
                    0 => return Ok(()),
                    length => self.session.receive(&buffer[..length]),
                },
                Some(deliver) = deliveries.recv() => self.deliver(&deliver),
            }
        }
    }

    /// Does what was asked for. Whether the connection is to be closed.
    fn take_events(&mut self) -> bool {
        while let Some(event) = self.session.next_event() {
            match event {
                SmscEvent::Bind(asked) => {
                    let is_known =
                        self.inner.settings.credentials.as_ref().is_none_or(|(system_id, password)| {
                            *system_id == asked.system_id && *password == asked.password
                        });
                    if !is_known || self.system_id.is_some() {
                        self.session.refuse_bind(asked.sequence, status::BIND_FAILED);
                        continue;
                    }
                    self.session.accept(asked.sequence, "switchward");
                    self.inner.network().systems.push(System {
                        connection: self.number,
                        system_id: asked.system_id.clone(),
                        mode: asked.mode,
                        deliveries: self.sender.clone(),
                    });
                    tracing::info!(system_id = asked.system_id, mode = ?asked.mode, "bound");
                    self.system_id = Some(asked.system_id.clone());
                    self.inner.tell(Seen::Bound(asked.system_id));
                }
                SmscEvent::Submit(submitted) => self.submitted(submitted),
                SmscEvent::Answered { status, .. } => self.inner.tell(Seen::Answered(status)),
                SmscEvent::Malformed { command } => {
                    tracing::info!(command, "a PDU that is not understood was refused");
                }
                SmscEvent::Nack { status } => tracing::info!(status, "a PDU was not understood"),
                SmscEvent::Alive => {}
                SmscEvent::Closed => return true,
            }
        }
        false
    }

    fn submitted(&mut self, submitted: Submitted) {
        let reply = (self.inner.settings.reply)(&submitted);
        let id = format!("{:08x}", self.inner.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        match reply {
            Reply::Take => self.session.take(submitted.sequence, &id),
            Reply::Refuse(status) => self.session.refuse(submitted.sequence, status),
            Reply::Silence => {}
        }
        if reply == Reply::Take {
            self.pass_on(&submitted);
            if self.inner.settings.receipts && submitted.wants_receipt {
                self.send_receipt(receipt(&id, &submitted));
            }
        }
        self.inner.tell(Seen::Submitted(id, submitted));
    }

    /// Delivers to the system whose number it is sent to, if it is one's.
    fn pass_on(&self, submitted: &Submitted) {
        let Some(own) = &self.system_id else { return };
        let mut network = self.inner.network();
        let source = &submitted.source.address;
        if network.owners.get(source) != Some(own)
            && (network.owners.len() < SMSC_NUMBERS || network.owners.contains_key(source))
        {
            network.owners.insert(source.clone(), own.clone());
        }
        let Some(owner) = network.owners.get(&submitted.destination.address).filter(|owner| *owner != own)
        else {
            return;
        };
        let has_header = submitted.octets.len() != submitted.text.len();
        let deliver = Deliver {
            source: submitted.source.clone(),
            destination: submitted.destination.clone(),
            data_coding: submitted.data_coding,
            esm_class: submitted.esm_class,
            octets: submitted.octets.clone(),
            sar: submitted.joined.filter(|_| !has_header),
            receipt: None,
        };
        if !network.deliver(owner, deliver) {
            tracing::warn!("a message was lost: its receiver is not bound or has no room");
        }
    }

    fn send_receipt(&mut self, receipt: Deliver) {
        if self.session.mode() == Some(Mode::Transceiver) {
            return self.deliver(&receipt);
        }
        let system_id = self.system_id.as_deref().unwrap_or_default();
        if !self.inner.network().deliver(system_id, receipt) {
            tracing::info!("a receipt was lost: no receiver is bound or it has no room");
        }
    }

    fn deliver(&mut self, deliver: &Deliver) {
        if let Err(error) = self.session.deliver(deliver, 0) {
            tracing::warn!(%error, "nothing was delivered");
        }
    }
}

/// The receipt that says that a message was delivered (SMPP 3.4, appendix B).
fn receipt(id: &str, submitted: &Submitted) -> Deliver {
    let now: String = SystemClock.now().iso8601().chars().filter(char::is_ascii_digit).collect();
    let at = now.get(2..12).unwrap_or_default();
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:{at} done date:{at} stat:{} err:000 text:",
        State::Delivered.word()
    );
    Deliver {
        source: submitted.destination.clone(),
        destination: submitted.source.clone(),
        data_coding: 0,
        esm_class: 0,
        octets: text.into_bytes(),
        sar: None,
        receipt: Some((id.to_owned(), State::Delivered)),
    }
}
