//! Sockets: datagrams and connections in, messages out. What is read is handed on in the task that reads, so that
//! nothing is queued between a socket and the one who answers; what is written to a connection waits in a short queue.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::admission::{Gauge, Seat};
use crate::limits::{
    CONNECT_TIME, CONNECTIONS_PER_SOURCE, IDLE, MESSAGE_BYTES, READ_BYTES, STOP_GRACE, WRITE_QUEUE,
    WRITE_TIME,
};
use crate::message::{Frame, Message, Wire, frame};
use crate::policy::Transport;
use crate::uri::Uri;

/// What a listener is and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// How it is spoken to. TLS is usually at 5061, the others at 5060.
    pub transport: Transport,
    /// Where it listens; the address must be one of this machine, not `0.0.0.0`, unless an address is advertised.
    pub address: SocketAddr,
}

/// The certificate of the TLS listener.
pub struct Identity {
    /// The chain, the server's own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
    /// When given, clients must show a certificate that one of these has signed.
    pub clients: Option<RootCertStore>,
}

/// Whom calls out over TLS trust.
pub enum Trust {
    /// The public authorities.
    Public,
    /// These alone.
    Roots(RootCertStore),
}

/// Why the sockets could not be opened.
#[derive(Debug)]
pub enum StartProblem {
    /// A listener could not listen.
    Listen(SocketAddr, io::Error),
    /// A TLS listener has no identity, or it cannot be used.
    Identity,
    /// A listener at an unspecified address, and no address to tell others.
    NoAddress,
}

/// Why nothing could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// The transport may not be used.
    Forbidden,
    /// The host has no address, or refuses, or its certificate is not trusted.
    Connection,
}

/// Takes what the sockets read.
pub(crate) trait Receive: Send + Sync + 'static {
    /// Handles one message. It must not wait.
    fn receive(self: Arc<Self>, message: Message, flow: Flow);
}

/// A way to one peer.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    link: Link,
}

#[derive(Clone)]
enum Link {
    /// Past the runtime, which would have to see first that the socket can be written to.
    Datagrams(Arc<std::net::UdpSocket>),
    Connection(mpsc::Sender<Wire>),
    #[cfg(test)]
    Nowhere,
}

/// The message was not sent: the connection has ended, or its peer does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Flow {
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        Self { transport: Transport::Udp, local: address, remote: address, link: Link::Nowhere }
    }

    /// Sends. A datagram that the system does not take now is lost like any other, and repeated.
    pub(crate) fn send(&self, wire: &Wire) -> Result<(), Gone> {
        match &self.link {
            Link::Datagrams(socket) => {
                let _ = socket.send_to(wire, self.remote);
                Ok(())
            }
            Link::Connection(queue) => queue.try_send(Arc::clone(wire)).map_err(|_| Gone),
            #[cfg(test)]
            Link::Nowhere => Ok(()),
        }
    }

    /// The same socket towards another address.
    pub(crate) fn towards(&self, remote: SocketAddr) -> Self {
        Self { remote, ..self.clone() }
    }

    /// Whether messages arrive once and in order, so that they need not be repeated.
    pub(crate) fn is_reliable(&self) -> bool {
        self.transport != Transport::Udp
    }

    /// Whether something can still be sent.
    pub(crate) fn is_open(&self) -> bool {
        match &self.link {
            Link::Connection(queue) => !queue.is_closed(),
            _ => true,
        }
    }
}

/// What may be connected to, and how.
pub(crate) struct NetworkSettings {
    pub(crate) outbound: Vec<Transport>,
    pub(crate) trust: Trust,
    pub(crate) connections: usize,
}

/// The name of a connection that may be used again: its transport, its address, and the name its certificate bears.
type ConnectionName = (Transport, SocketAddr, String);

/// The sockets of an endpoint.
pub(crate) struct Network {
    settings: NetworkSettings,
    client: TlsConnector,
    datagrams: Vec<(Arc<std::net::UdpSocket>, SocketAddr)>,
    pub(crate) listening: Vec<Listener>,
    connections: Gauge,
    sources: Mutex<HashMap<IpAddr, usize>>,
    named: Mutex<HashMap<ConnectionName, Flow>>,
    stop: watch::Receiver<bool>,
}

/// Listeners that are bound but do not listen yet.
pub(crate) struct Bound {
    readers: Vec<(UdpSocket, SocketAddr)>,
    streams: Vec<(TcpListener, Option<TlsAcceptor>, Listener)>,
}

impl Network {
    /// Opens the sockets.
    pub(crate) async fn bind(
        settings: NetworkSettings,
        listeners: &[Listener],
        identity: Option<Identity>,
        stop: watch::Receiver<bool>,
    ) -> Result<(Self, Bound), StartProblem> {
        let acceptor = identity.map(acceptor).transpose()?;
        let (mut datagrams, mut readers, mut streams) = (Vec::new(), Vec::new(), Vec::new());
        let mut listening = Vec::new();
        for listener in listeners {
            let failed = |error| StartProblem::Listen(listener.address, error);
            let transport = listener.transport;
            if transport == Transport::Udp {
                let socket = std::net::UdpSocket::bind(listener.address).map_err(failed)?;
                socket.set_nonblocking(true).map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                listening.push(Listener { transport, address });
                let reading = UdpSocket::from_std(socket.try_clone().map_err(failed)?).map_err(failed)?;
                datagrams.push((Arc::new(socket), address));
                readers.push((reading, address));
                continue;
            }
            let tls = match transport {
                Transport::Tls => Some(acceptor.clone().ok_or(StartProblem::Identity)?),
                _ => None,
            };
            let socket = TcpListener::bind(listener.address).await.map_err(failed)?;
            let bound = Listener { transport, address: socket.local_addr().map_err(failed)? };
            listening.push(bound);
            streams.push((socket, tls, bound));
        }
        let client = connector(&settings.trust)?;
        let network = Self {
            settings,
            client,
            datagrams,
            listening,
            connections: Gauge::default(),
            sources: Mutex::default(),
            named: Mutex::default(),
            stop,
        };
        Ok((network, Bound { readers, streams }))
    }

    /// Begins to read.
    pub(crate) fn listen(self: &Arc<Self>, bound: Bound, receiver: &Arc<impl Receive>) {
        for ((socket, local), (sending, _)) in bound.readers.into_iter().zip(&self.datagrams) {
            let link = Link::Datagrams(Arc::clone(sending));
            tokio::spawn(read_datagrams(socket, local, link, Arc::clone(receiver), self.stop.clone()));
        }
        for (socket, tls, listener) in bound.streams {
            tokio::spawn(accept(Arc::clone(self), socket, tls, listener, Arc::clone(receiver)));
        }
    }

    /// Connections that are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.now()
    }

    /// Our address on a flow, for Via and Contact: that of the listener of its transport, else its own.
    pub(crate) fn own_address(&self, flow: &Flow) -> SocketAddr {
        let same = |listener: &&Listener| listener.transport == flow.transport;
        let on_it =
            self.listening.iter().filter(same).find(|listener| listener.address.ip() == flow.local.ip());
        let found = on_it.or_else(|| self.listening.iter().find(same));
        found.map_or(flow.local, |listener| {
            let ip =
                if listener.address.ip().is_unspecified() { flow.local.ip() } else { listener.address.ip() };
            SocketAddr::new(ip, listener.address.port())
        })
    }

    /// The way to where a URI leads: `sips:` and `transport=tls` by TLS, `transport=tcp` by TCP, else by UDP.
    /// Names are looked up as hosts (A and AAAA).
    pub(crate) async fn flow_to(
        self: &Arc<Self>,
        uri: &Uri,
        receiver: &Arc<impl Receive>,
    ) -> Result<Flow, Unreachable> {
        let transport = match uri.parameter("transport").map(str::to_ascii_lowercase).as_deref() {
            Some("tls") => Transport::Tls,
            _ if uri.secure => Transport::Tls,
            Some("tcp") => Transport::Tcp,
            None | Some("udp") => Transport::Udp,
            Some(_) => return Err(Unreachable::Forbidden),
        };
        if !self.settings.outbound.contains(&transport) {
            return Err(Unreachable::Forbidden);
        }
        let port = uri.port.unwrap_or(if transport == Transport::Tls { 5061 } else { 5060 });
        let host = uri.host.trim_start_matches('[').trim_end_matches(']');
        let address = match host.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port),
            Err(_) => {
                let found = timeout(CONNECT_TIME, tokio::net::lookup_host((host, port))).await;
                let mut found =
                    found.map_err(|_| Unreachable::Connection)?.map_err(|_| Unreachable::Connection)?;
                found.next().ok_or(Unreachable::Connection)?
            }
        };
        if transport == Transport::Udp {
            let socket = self.datagrams.iter().find(|(_, local)| local.is_ipv4() == address.is_ipv4());
            let (socket, local) = socket.ok_or(Unreachable::Forbidden)?;
            let link = Link::Datagrams(Arc::clone(socket));
            return Ok(Flow { transport, local: *local, remote: address, link });
        }
        let name = (transport, address, host.to_owned());
        if let Some(flow) = self.named().get(&name).filter(|flow| flow.is_open()) {
            return Ok(flow.clone());
        }
        let seat = self.connections.sit(self.settings.connections).ok_or(Unreachable::Connection)?;
        let stream = timeout(CONNECT_TIME, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| Unreachable::Connection)?.map_err(|_| Unreachable::Connection)?;
        let local = stream.local_addr().map_err(|_| Unreachable::Connection)?;
        stream.set_nodelay(true).map_err(|_| Unreachable::Connection)?;
        let flow = if transport == Transport::Tls {
            let server = ServerName::try_from(host.to_owned()).map_err(|_| Unreachable::Connection)?;
            let stream = timeout(CONNECT_TIME, self.client.connect(server, stream)).await;
            let stream = stream.map_err(|_| Unreachable::Connection)?.map_err(|_| Unreachable::Connection)?;
            self.run(stream, transport, local, address, seat, receiver)
        } else {
            self.run(stream, transport, local, address, seat, receiver)
        };
        let mut named = self.named();
        named.retain(|_, flow| flow.is_open());
        named.insert(name, flow.clone());
        Ok(flow)
    }

    fn named(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionName, Flow>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: &Arc<Self>,
        stream: S,
        transport: Transport,
        local: SocketAddr,
        remote: SocketAddr,
        seat: Seat,
        receiver: &Arc<impl Receive>,
    ) -> Flow {
        let (queue, waiting) = mpsc::channel(WRITE_QUEUE);
        let flow = Flow { transport, local, remote, link: Link::Connection(queue) };
        let (mine, receiver, stop) = (flow.clone(), Arc::clone(receiver), self.stop.clone());
        tokio::spawn(async move {
            let _seat = seat;
            serve(stream, mine, waiting, receiver, stop).await;
        });
        flow
    }

    /// Counts a connection of an address; `None` when it has too many.
    fn sit_down(self: &Arc<Self>, source: IpAddr) -> Option<SourceSeat> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sources.entry(source).or_default();
        if *count >= CONNECTIONS_PER_SOURCE {
            return None;
        }
        *count += 1;
        Some(SourceSeat { network: Arc::clone(self), source })
    }
}

/// A connection of an address, for as long as it is held.
struct SourceSeat {
    network: Arc<Network>,
    source: IpAddr,
}

impl Drop for SourceSeat {
    fn drop(&mut self) {
        let mut sources = self.network.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

/// Waits until the endpoint stops, or is gone.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// Waits until the endpoint has stopped for long enough that what was said last (BYE) has left, and was answered.
async fn gone(stop: &mut watch::Receiver<bool>) {
    stopped(stop).await;
    sleep(STOP_GRACE).await;
}

async fn read_datagrams(
    socket: UdpSocket,
    local: SocketAddr,
    link: Link,
    receiver: Arc<impl Receive>,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; READ_BYTES];
    let mut gone = pin!(gone(&mut stop));
    loop {
        let read = tokio::select! {
            read = socket.recv_from(&mut buffer) => read,
            () = &mut gone => return,
        };
        // An error is of one datagram: that somebody's port is closed is told here too.
        let Ok((length, remote)) = read else {
            tokio::task::yield_now().await;
            continue;
        };
        if length > MESSAGE_BYTES {
            continue;
        }
        if let Ok(message) = Message::read(&buffer[..length]) {
            let flow = Flow { transport: Transport::Udp, local, remote, link: link.clone() };
            Arc::clone(&receiver).receive(message, flow);
        }
    }
}

async fn accept(
    network: Arc<Network>,
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    listener: Listener,
    receiver: Arc<impl Receive>,
) {
    let mut stop = network.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        let Ok((stream, remote)) = accepted else {
            // Out of file descriptors, mostly: connections have to end first.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let Some(seat) = network.connections.sit(network.settings.connections) else { continue };
        let Some(source_seat) = network.sit_down(remote.ip()) else { continue };
        let Ok(local) = stream.local_addr() else { continue };
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let (tls, receiver, stop) = (tls.clone(), Arc::clone(&receiver), network.stop.clone());
        tokio::spawn(async move {
            let _seats = (seat, source_seat);
            let (queue, waiting) = mpsc::channel(WRITE_QUEUE);
            let flow = Flow { transport: listener.transport, local, remote, link: Link::Connection(queue) };
            match tls {
                None => serve(stream, flow, waiting, receiver, stop).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(CONNECT_TIME, tls.accept(stream)).await {
                        serve(stream, flow, waiting, receiver, stop).await;
                    }
                }
            }
        });
    }
}

/// Reads and writes one connection until it ends. With it the receiver of its queue goes, by which others know.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    flow: Flow,
    mut waiting: mpsc::Receiver<Wire>,
    receiver: Arc<impl Receive>,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = zeroize::Zeroizing::new(Vec::with_capacity(4_096));
    let mut chunk = zeroize::Zeroizing::new(vec![0; 4_096]);
    let mut gone = pin!(gone(&mut stop));
    loop {
        tokio::select! {
            read = timeout(IDLE, stream.read(&mut chunk)) => {
                let Ok(Ok(length @ 1..)) = read else { return };
                buffer.extend_from_slice(&chunk[..length]);
                loop {
                    match frame(&buffer) {
                        Ok(Frame::Incomplete) => break,
                        Ok(Frame::Blank(length)) => drop(buffer.drain(..length)),
                        Ok(Frame::Ping(length)) => {
                            drop(buffer.drain(..length));
                            if !write(&mut stream, b"\r\n").await {
                                return;
                            }
                        }
                        Ok(Frame::Message(length)) => {
                            let Ok(message) = Message::read(&buffer[..length]) else { return };
                            drop(buffer.drain(..length));
                            Arc::clone(&receiver).receive(message, flow.clone());
                        }
                        Err(_) => return,
                    }
                }
            }
            wire = waiting.recv() => {
                let Some(wire) = wire else { return };
                if !write(&mut stream, &wire).await {
                    return;
                }
            }
            () = &mut gone => return,
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> bool {
    let written = timeout(WRITE_TIME, async {
        stream.write_all(bytes).await?;
        stream.flush().await
    });
    matches!(written.await, Ok(Ok(())))
}

fn acceptor(identity: Identity) -> Result<TlsAcceptor, StartProblem> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| StartProblem::Identity)?;
    let builder = match identity.clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|_| StartProblem::Identity)?)
        }
    };
    let config =
        builder.with_single_cert(identity.chain, identity.key).map_err(|_| StartProblem::Identity)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn connector(trust: &Trust) -> Result<TlsConnector, StartProblem> {
    let roots = match trust {
        Trust::Public => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        Trust::Roots(roots) => roots.clone(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| StartProblem::Identity)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
