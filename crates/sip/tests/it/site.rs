//! Endpoints on loopback, and the policies that they ask.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::VirtualClock;
use phi::SystemRandom;
use sip::sdp::{CodecKind, Direction, Local, Protection, Sdp, Suite};
use sip::{
    Algorithm, Asking, Deciding, Dial, Endpoint, Event, Ha1, Identity, Incoming, Leg, Listener, Policy,
    Purpose, Settings, Target, Transport, Trust, Uri, Verdict,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The user that every policy knows, and its password.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// What a policy of the tests decides.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// Calls and registrations need a password of this realm.
    pub(crate) realm: Option<&'static str>,
    /// Media must be protected.
    pub(crate) secure_media: bool,
    /// Signalling must be protected.
    pub(crate) secure_signalling: bool,
    /// Sources that are let in; all when empty.
    pub(crate) ignore_all: bool,
}

impl Policy for Rules {
    fn decide<'a>(&'a self, asking: &'a Asking) -> Deciding<'a, Verdict> {
        Box::pin(async move {
            if self.ignore_all {
                return Verdict::Ignore;
            }
            if self.secure_signalling && !asking.transport.is_secure() {
                return Verdict::Refuse(403);
            }
            match (self.realm, &asking.authenticated) {
                (Some(realm), None) => return Verdict::Authenticate { realm: realm.to_owned() },
                // A user binds the address of its own name.
                (Some(_), Some(user))
                    if asking.purpose == Purpose::Registration
                        && asking.address_of_record.split('@').next() != Some(user.username.as_str()) =>
                {
                    return Verdict::Refuse(403);
                }
                _ => {}
            }
            Verdict::Serve { secure_media: self.secure_media }
        })
    }

    fn secret<'a>(
        &'a self,
        realm: &'a str,
        username: &'a str,
        algorithm: Algorithm,
    ) -> Deciding<'a, Option<Ha1>> {
        Box::pin(
            async move { (username == USER).then(|| Ha1::of_password(algorithm, USER, realm, PASSWORD)) },
        )
    }
}

/// An endpoint, and the calls that come to it.
pub(crate) struct Site {
    pub(crate) endpoint: Endpoint,
    pub(crate) calls: mpsc::Receiver<Incoming>,
    /// The authority that its certificate is of, in PEM.
    pub(crate) authority: String,
    pub(crate) clock: Arc<VirtualClock>,
}

/// A certificate for `127.0.0.1`, and the authority that signed it.
pub(crate) fn identity() -> (Identity, rcgen::Certificate) {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority_key);
    let mut parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    // baresip looks for the address here.
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "127.0.0.1");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, &issuer).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (Identity { chain: vec![certificate.der().clone()], key, clients: None }, authority)
}

impl Site {
    pub(crate) async fn start(rules: Rules) -> Self {
        Self::start_with(rules, |_| {}).await
    }

    /// An endpoint that listens to UDP, TCP and TLS.
    pub(crate) async fn start_with(rules: Rules, change: impl FnOnce(&mut Settings)) -> Self {
        let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut settings = Settings::new();
        settings.listeners = [Transport::Udp, Transport::Tcp, Transport::Tls]
            .into_iter()
            .map(|transport| Listener { transport, address: loopback })
            .collect();
        settings.outbound = vec![Transport::Udp, Transport::Tcp, Transport::Tls];
        let (identity, authority) = identity();
        settings.identity = Some(identity);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        settings.trust = Trust::Roots(roots);
        change(&mut settings);
        let clock = Arc::new(VirtualClock::following_system());
        let started = Endpoint::start(settings, Arc::new(rules), clock.clone(), Arc::new(SystemRandom)).await;
        let (endpoint, calls) = started.unwrap();
        Self { endpoint, calls, authority: authority.pem(), clock }
    }

    pub(crate) fn address(&self, transport: Transport) -> SocketAddr {
        self.endpoint.listeners().iter().find(|listener| listener.transport == transport).unwrap().address
    }

    pub(crate) fn port(&self, transport: Transport) -> u16 {
        self.address(transport).port()
    }

    /// A URI of this endpoint.
    pub(crate) fn uri(&self, user: &str, transport: Transport) -> Uri {
        let text = format!("sip:{user}@127.0.0.1:{};transport={}", self.port(transport), transport.name());
        Uri::parse(&text).unwrap()
    }

    pub(crate) async fn incoming(&mut self) -> Incoming {
        timeout(PATIENCE, self.calls.recv()).await.unwrap().unwrap()
    }

    /// Waits until nothing is under way.
    pub(crate) async fn is_idle(&self) {
        let idle = async {
            while self.endpoint.stats().calls > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, idle).await.unwrap();
    }
}

/// What one side speaks.
pub(crate) fn local(protection: Protection, version: u64) -> Local {
    Local {
        address: "127.0.0.1".parse().unwrap(),
        port: 40_000,
        session: 77,
        version,
        codecs: vec![CodecKind::Pcmu, CodecKind::Pcma],
        telephone_event: true,
        direction: Direction::SendReceive,
        protection,
        suites: vec![Suite::AesCm128Sha1_80],
        fingerprint: None,
    }
}

pub(crate) fn offer(protection: Protection) -> Sdp {
    Sdp::offer(&local(protection, 1), &SystemRandom)
}

/// The answer to an offer.
pub(crate) fn answer(offer: &Sdp, version: u64) -> Sdp {
    offer.answer(&local(Protection::Optional, version), &SystemRandom).unwrap()
}

/// The answer to a call, or an offer of ours when it has none.
pub(crate) fn answer_to(incoming: &Incoming) -> Sdp {
    incoming.offer.as_ref().map_or_else(|| offer(Protection::Optional), |offer| answer(offer, 1))
}

pub(crate) fn dial(uri: Uri, protection: Protection) -> Dial {
    Dial {
        target: Target::Uri { uri, proxy: None },
        from_user: "+14155550100".to_owned(),
        from_host: None,
        from_display: None,
        headers: Vec::new(),
        offer: offer(protection),
        credentials: None,
        ring: Duration::from_secs(10),
        secure_media: protection == Protection::Required,
    }
}

pub(crate) async fn event(leg: &mut Leg) -> Event {
    timeout(PATIENCE, leg.event()).await.unwrap()
}

/// A peer that speaks datagrams and nothing else.
pub(crate) struct Datagrams {
    socket: UdpSocket,
    target: SocketAddr,
}

impl Datagrams {
    pub(crate) async fn to(site: &Site) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { socket, target: site.address(Transport::Udp) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    pub(crate) async fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.target).await.unwrap();
    }

    /// The next message; `None` when none comes soon.
    pub(crate) async fn next(&self) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        let read = timeout(Duration::from_millis(700), self.socket.recv_from(&mut buffer)).await;
        let (length, _) = read.ok()?.unwrap();
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// The status of the next response that is not 100.
    pub(crate) async fn status(&self) -> Option<u16> {
        loop {
            let message = self.next().await?;
            let code = message.strip_prefix("SIP/2.0 ").map(|rest| rest[..3].parse().unwrap());
            if code.is_some_and(|code: u16| code != 100) {
                return code;
            }
        }
    }
}

/// What the variable names; without it the test says that it was skipped.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test is given its peers and says what it skips"
)]
pub(crate) fn given(variable: &str, what: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("skipped: {variable} does not name {what}");
    }
    path.map(PathBuf::from)
}

/// A port that was free a moment ago: neither peer can be asked to choose one.
pub(crate) async fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}
