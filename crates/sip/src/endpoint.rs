//! The endpoint: listeners, and what becomes of each request that is outside of a call.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base::{Clock, Random};
use data_encoding::HEXLOWER;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::admission::{Admission, Capacity};
use crate::call;
use crate::digest::{Algorithm, Checked, Fields, Ha1, Nonces};
use crate::leg::{Dial, Incoming, Leg, Refused};
use crate::limits::{
    BINDINGS, BINDINGS_PER_ADDRESS, CALLS, CONNECTIONS, CUSTOM_HEADERS, INCOMING_QUEUE, INVITE_BURST,
    INVITES_PER_SECOND, MIN_EXPIRES_SECONDS, MIN_SE_SECONDS, MOST_SESSION_SECONDS, PENDING_INVITES, POLICY,
    REQUEST_BURST, REQUESTS_PER_SECOND, RETRY_AFTER_SECONDS, SESSION_SECONDS, TRANSACTIONS,
};
use crate::message::{ALLOW, Message, Method, Refusal, SUPPORTED, is_custom_header};
use crate::net::{
    Bound, Flow, Identity, Listener, Network, NetworkSettings, Receive, StartProblem, Trust, stopped,
};
use crate::policy::{Asking, Authenticated, Policy, Purpose, Transport, Verdict};
use crate::registrar::{self, Registrar};
use crate::sdp::Sdp;
use crate::session_timer::{Agreement, agree};
use crate::transaction::{ClientTransaction, Request, ServerTransaction, Transactions, server_key};
use crate::uri::{NameAddress, Uri};

/// How an endpoint is set up.
pub struct Settings {
    /// Where it listens. A transport without a listener is not spoken inwards.
    pub listeners: Vec<Listener>,
    /// Which transports calls out may take. UDP needs a listener, too: it is its socket.
    pub outbound: Vec<Transport>,
    /// The address that others are told, when it is not the listener's own (behind a NAT).
    pub advertised: Option<IpAddr>,
    /// The certificate of the TLS listener.
    pub identity: Option<Identity>,
    /// Whom calls out over TLS trust.
    pub trust: Trust,
    /// Hashes that passwords are asked for with, the best first. A telephone takes the first that it knows; some know MD5
    /// alone and give up when they are offered anything else besides, so that is what holds unless configured.
    pub algorithms: Vec<Algorithm>,
    /// What may be under way.
    pub capacity: Capacity,
    /// Connections at a time.
    pub connections: usize,
    /// Bindings of one address-of-record.
    pub bindings_per_address: usize,
    /// Bindings in all.
    pub bindings: usize,
    /// The session time that is asked for, in seconds (RFC 4028).
    pub session_seconds: u32,
}

impl Settings {
    /// Settings with the limits of this crate, and no listener.
    pub fn new() -> Self {
        let positive = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            listeners: Vec::new(),
            outbound: vec![Transport::Tls],
            advertised: None,
            identity: None,
            trust: Trust::Public,
            algorithms: vec![Algorithm::Md5],
            capacity: Capacity {
                transactions: TRANSACTIONS,
                calls: CALLS,
                pending_invites: PENDING_INVITES,
                invites_per_second: positive(INVITES_PER_SECOND),
                invite_burst: positive(INVITE_BURST),
                requests_per_second: positive(REQUESTS_PER_SECOND),
                request_burst: positive(REQUEST_BURST),
            },
            connections: CONNECTIONS,
            bindings_per_address: BINDINGS_PER_ADDRESS,
            bindings: BINDINGS,
            session_seconds: SESSION_SECONDS,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// What is under way: counts, for health and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Calls that ring or talk.
    pub calls: usize,
    /// Calls that ring here.
    pub pending_invites: usize,
    /// Requests that wait for an answer, or answers that wait for an ACK.
    pub transactions: usize,
    /// Requests that are remembered in case they come again.
    pub remembered: usize,
    /// Open connections.
    pub connections: usize,
    /// Bindings of the registrar, those whose time is up and that nobody looked at included.
    pub bindings: usize,
    /// Requests refused because there was too much to do.
    pub refused: u64,
}

/// Speaks SIP. Dropping the last one ends its calls and closes its sockets.
#[derive(Clone)]
pub struct Endpoint {
    core: Arc<Core>,
    _stop: Arc<StopOnDrop>,
}

struct StopOnDrop(watch::Sender<bool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(true);
    }
}

/// What all of an endpoint's tasks share.
pub(crate) struct Core {
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) network: Arc<Network>,
    pub(crate) admission: Admission,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) session_seconds: u32,
    pub(crate) stop: watch::Receiver<bool>,
    policy: Arc<dyn Policy>,
    registrar: Mutex<Registrar>,
    registrar_capacity: registrar::Capacity,
    nonces: Nonces,
    algorithms: Vec<Algorithm>,
    advertised: Option<IpAddr>,
    incoming: mpsc::Sender<Incoming>,
    refused: std::sync::atomic::AtomicU64,
}

impl Endpoint {
    /// Opens the sockets and begins to answer. Calls in come out of the receiver; a call that finds it full is
    /// answered 503.
    ///
    /// # Errors
    /// [`StartProblem`] when a socket cannot be opened or the settings contradict themselves.
    pub async fn start(
        settings: Settings,
        policy: Arc<dyn Policy>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, mpsc::Receiver<Incoming>), StartProblem> {
        let is_unspecified = |listener: &Listener| listener.address.ip().is_unspecified();
        if settings.advertised.is_none() && settings.listeners.iter().any(is_unspecified) {
            return Err(StartProblem::NoAddress);
        }
        let (stop_sender, stop) = watch::channel(false);
        let network_settings = NetworkSettings {
            outbound: settings.outbound,
            trust: settings.trust,
            connections: settings.connections,
        };
        let (network, bound): (Network, Bound) =
            Network::bind(network_settings, &settings.listeners, settings.identity, stop.clone()).await?;
        let (incoming, calls) = mpsc::channel(INCOMING_QUEUE);
        let network = Arc::new(network);
        let core = Arc::new(Core {
            transactions: Arc::default(),
            network: Arc::clone(&network),
            admission: Admission::new(settings.capacity),
            nonces: Nonces::new(&*random),
            clock,
            random,
            session_seconds: settings.session_seconds.clamp(MIN_SE_SECONDS, MOST_SESSION_SECONDS),
            stop: stop.clone(),
            policy,
            registrar: Mutex::default(),
            registrar_capacity: registrar::Capacity {
                per_address: settings.bindings_per_address,
                in_all: settings.bindings,
            },
            algorithms: settings.algorithms,
            advertised: settings.advertised,
            incoming,
            refused: std::sync::atomic::AtomicU64::new(0),
        });
        network.listen(bound, &core);
        tokio::spawn(sweep(Arc::downgrade(&core), stop));
        Ok((Self { core, _stop: Arc::new(StopOnDrop(stop_sender)) }, calls))
    }

    /// Where it listens, with the ports that were given to it.
    pub fn listeners(&self) -> &[Listener] {
        &self.core.network.listening
    }

    /// What is under way.
    pub fn stats(&self) -> Stats {
        let core = &self.core;
        Stats {
            calls: core.admission.calls.now(),
            pending_invites: core.admission.pending.now(),
            transactions: core.admission.transactions.now(),
            remembered: core.transactions.count(),
            connections: core.network.connections(),
            bindings: core.registrar().count(),
            refused: core.refused.load(std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// Calls somebody. What becomes of it are events of the leg; whoever drops the leg hangs up.
    ///
    /// # Errors
    /// [`Refused`] when what is asked for cannot be sent, or there are too many calls.
    pub fn dial(&self, dial: Dial) -> Result<Leg, Refused> {
        let custom_ok = dial.headers.len() <= CUSTOM_HEADERS
            && dial.headers.iter().all(|(name, value)| is_custom_header(name, value));
        if !custom_ok {
            return Err(Refused::Header);
        }
        if dial.secure_media && !dial.offer.audio.profile.is_secure() {
            return Err(Refused::Insecure);
        }
        let seat = self.core.admission.calls.sit(self.core.admission.capacity.calls).ok_or(Refused::Busy)?;
        Ok(call::dial(&self.core, dial, seat))
    }

    /// How many contacts an address-of-record (`user@host`) has at the moment.
    pub fn contacts(&self, address_of_record: &str) -> usize {
        self.core.bindings(address_of_record).len()
    }

    /// Asks a server whether it is there (OPTIONS): the status of its answer, `None` without one.
    pub async fn ping(&self, uri: &Uri) -> Option<u16> {
        let core = &self.core;
        let flow = core.network.flow_to(uri, core).await.ok()?;
        let mut request = Message::request(Method::Options, &uri.text());
        let own = core.own_uri(&flow, None);
        request.add("From", NameAddress::of(own.clone()).with_tag(&core.token(8)).text());
        request.add("To", NameAddress::of(uri.clone()).text());
        request.add("Call-ID", core.token(16));
        request.add("CSeq", "1 OPTIONS");
        request.add("Contact", NameAddress::of(own).text());
        request.add("Max-Forwards", "70");
        request.add("Accept", "application/sdp");
        let mut transaction = core.send(request, &flow).ok()?;
        transaction.last().await?.code()
    }
}

/// Forgets what is over, once a second.
async fn sweep(core: Weak<Core>, mut stop: watch::Receiver<bool>) {
    const EVERY: Duration = Duration::from_secs(1);
    const REGISTRAR_EVERY: u32 = 30;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(core) = core.upgrade() else { return };
        core.transactions.sweep(Instant::now());
        count = count.wrapping_add(1);
        if count.is_multiple_of(REGISTRAR_EVERY) {
            core.registrar().sweep(core.clock.now());
        }
    }
}

impl Core {
    fn registrar(&self) -> std::sync::MutexGuard<'_, Registrar> {
        self.registrar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the telephones of an address-of-record are, the newest first.
    pub(crate) fn bindings(&self, address: &str) -> Vec<registrar::Binding> {
        self.registrar().find(address, self.clock.now())
    }

    /// This many random octets in hexadecimal: tags, branches, names of calls.
    pub(crate) fn token(&self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        self.random.fill(&mut buffer);
        HEXLOWER.encode(&buffer)
    }

    /// Our URI on a flow: what Contact says.
    pub(crate) fn own_uri(&self, flow: &Flow, user: Option<String>) -> Uri {
        let address = self.network.own_address(flow);
        let ip = self.advertised.unwrap_or(address.ip());
        let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        let mut uri = Uri::of_host(&host, Some(address.port()));
        uri.user = user;
        if flow.transport != Transport::Udp {
            uri.parameters.push(("transport".to_owned(), Some(flow.transport.name().to_owned())));
        }
        uri
    }

    /// A Via of ours with a new branch.
    pub(crate) fn via(&self, flow: &Flow, branch: &str) -> String {
        let uri = self.own_uri(flow, None);
        let port = uri.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("SIP/2.0/{} {}{port};branch={branch};rport", flow.transport.via_name(), uri.host)
    }

    /// Sends a request under a new branch.
    pub(crate) fn send(
        &self,
        mut request: Message,
        flow: &Flow,
    ) -> Result<ClientTransaction, crate::net::Gone> {
        let branch = format!("z9hG4bK{}", self.token(12));
        request.push_via(self.via(flow, &branch));
        ClientTransaction::send(&self.transactions, request, &branch, flow)
    }

    /// Answers without remembering it: the same request gets the same answer. Its ACK meets nobody.
    fn refuse(&self, request: &Message, flow: &Flow, refusal: Refusal, more: impl FnOnce(&mut Message)) {
        if request.method() == Method::Ack || request.via().is_none() {
            return;
        }
        let mut response = Message::response(request, refusal.0, refusal.1, "refused");
        more(&mut response);
        let to = match request.via() {
            Some(via) if !flow.is_reliable() && via.parameter("rport").is_none() => {
                flow.towards(std::net::SocketAddr::new(flow.remote.ip(), via.port.unwrap_or(5060)))
            }
            _ => flow.clone(),
        };
        let _ = to.send(&response.wire());
    }

    fn refuse_busy(&self, request: &Message, flow: &Flow) {
        self.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.refuse(request, flow, Refusal(503, "Service Unavailable"), |response| {
            response.add("Retry-After", RETRY_AFTER_SECONDS.to_string());
        });
    }

    fn request(self: Arc<Self>, mut message: Message, flow: Flow) {
        let Some(via) = message.via() else { return };
        let method = message.method();
        if !flow.is_reliable() || via.parameter("rport").is_some() {
            message.replace_top_via(with_received(&message, &flow));
        }
        if let Err(refusal) = message.check() {
            return self.refuse(&message, &flow, refusal, |_| {});
        }
        let known = self.transactions.request(&message, |key| {
            ServerTransaction::new(
                &self.transactions,
                key,
                message.clone(),
                flow.clone(),
                self.token(8),
                None,
            )
        });
        match known {
            Request::Done => return,
            Request::Nowhere => {
                return self.refuse(&message, &flow, Refusal(481, "Call/Transaction Does Not Exist"), |_| {});
            }
            Request::Merged => return self.refuse(&message, &flow, Refusal(482, "Loop Detected"), |_| {}),
            Request::Busy => return self.refuse_busy(&message, &flow),
            Request::New => {}
        }
        let is_invite = method == Method::Invite;
        let source = flow.remote.ip();
        if !self.admission.is_within_rate(is_invite, source, self.clock.now()) {
            return self.refuse_busy(&message, &flow);
        }
        match method {
            Method::Options => {
                return self.refuse(&message, &flow, Refusal(200, "OK"), |response| {
                    response.add("Allow", ALLOW);
                    response.add("Supported", SUPPORTED);
                    response.add("Accept", "application/sdp");
                });
            }
            Method::Invite | Method::Register => {}
            Method::Other => {
                return self.refuse(&message, &flow, Refusal(501, "Not Implemented"), |response| {
                    response.add("Allow", ALLOW);
                });
            }
            // They belong to a call, and name none.
            _ => {
                return self.refuse(&message, &flow, Refusal(481, "Call/Transaction Does Not Exist"), |_| {});
            }
        }
        if self.admission.is_penalised(source, self.clock.now()) {
            return self.refuse_busy(&message, &flow);
        }
        let Some(seat) = self.admission.transactions.sit(self.admission.capacity.transactions) else {
            return self.refuse_busy(&message, &flow);
        };
        let key = server_key(&message, method);
        let transaction =
            ServerTransaction::new(&self.transactions, key, message, flow, self.token(8), Some(seat));
        if is_invite {
            tokio::spawn(self.invite(transaction));
        } else {
            tokio::spawn(self.register(transaction));
        }
    }

    /// Asks the policy, and for a password when it says so. `None` when the request is answered.
    async fn admit(&self, transaction: &mut ServerTransaction, purpose: Purpose) -> Option<Admitted> {
        let request = Arc::clone(&transaction.request);
        let (Some(Ok(uri)), Some(from), Some(to)) =
            (request.request_uri().map(Uri::parse), request.from(), request.to())
        else {
            transaction.respond(416, "Unsupported URI Scheme", |_| {});
            return None;
        };
        let mut asking = Asking {
            purpose,
            source: transaction.flow.remote,
            transport: transaction.flow.transport,
            domain: uri.host.clone(),
            callee: uri.user_unescaped().unwrap_or_default(),
            address_of_record: to.uri.address_of_record(),
            caller: from.uri.address_of_record(),
            authenticated: None,
        };
        for _ in 0..2 {
            let verdict = timeout(POLICY, self.policy.decide(&asking)).await.unwrap_or(Verdict::Refuse(500));
            match verdict {
                Verdict::Serve { secure_media } => {
                    return Some(Admitted { authenticated: asking.authenticated, secure_media });
                }
                Verdict::Ignore => {
                    transaction.forget();
                    return None;
                }
                Verdict::Refuse(code) => {
                    let code = if (400..700).contains(&code) { code } else { 500 };
                    transaction.respond(code, call::reason(code), |_| {});
                    return None;
                }
                Verdict::Authenticate { .. } if asking.authenticated.is_some() => break,
                Verdict::Authenticate { realm } => match self.authenticate(&request, &realm).await {
                    Checked::Right => {
                        let username = credentials(&request, &realm)
                            .and_then(|fields| fields.get("username").map(str::to_owned))
                            .unwrap_or_default();
                        asking.authenticated = Some(Authenticated { realm, username });
                    }
                    outcome => {
                        if outcome == Checked::Wrong && credentials(&request, &realm).is_some() {
                            self.admission.failed(transaction.flow.remote.ip(), self.clock.now());
                        }
                        self.challenge(transaction, &realm, outcome == Checked::Stale);
                        return None;
                    }
                },
            }
        }
        transaction.respond(403, "Forbidden", |_| {});
        None
    }

    async fn authenticate(&self, request: &Message, realm: &str) -> Checked {
        let Some(fields) = credentials(request, realm) else { return Checked::Wrong };
        let algorithm = fields.algorithm().filter(|algorithm| self.algorithms.contains(algorithm));
        let (Some(algorithm), Some(username)) = (algorithm, fields.get("username")) else {
            return Checked::Wrong;
        };
        let secret = timeout(POLICY, self.policy.secret(realm, username, algorithm)).await.ok().flatten();
        let is_known = secret.is_some();
        // Who does not exist takes as long as who gave a wrong password.
        let secret = secret.unwrap_or_else(|| Ha1::of_password(algorithm, username, realm, &self.token(16)));
        let uri = request.request_uri().unwrap_or_default();
        let method = request.method().name();
        match self.nonces.check(&fields, realm, &secret, method, uri, &*self.clock) {
            Checked::Right if !is_known => Checked::Wrong,
            checked => checked,
        }
    }

    fn challenge(&self, transaction: &mut ServerTransaction, realm: &str, is_stale: bool) {
        let realm: String = realm.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
        let nonce = self.nonces.issue(&realm, &*self.clock, &*self.random);
        transaction.respond(401, "Unauthorized", |response| {
            for algorithm in &self.algorithms {
                let stale = if is_stale { ", stale=true" } else { "" };
                let name = algorithm.name();
                response.add(
                    "WWW-Authenticate",
                    format!(
                        "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}"
                    ),
                );
            }
        });
    }

    async fn register(self: Arc<Self>, mut transaction: ServerTransaction) {
        if refuse_extensions(&mut transaction, &["path"])
            || self.admit(&mut transaction, Purpose::Registration).await.is_none()
        {
            return;
        }
        let (request, flow) = (Arc::clone(&transaction.request), transaction.reply().clone());
        let told = self.registrar().register(&request, &flow, self.registrar_capacity, self.clock.now());
        match told {
            Ok(contacts) => {
                transaction.respond(200, "OK", |response| {
                    for (contact, seconds) in contacts {
                        response.add("Contact", format!("<{contact}>;expires={seconds}"));
                    }
                    for path in request.all("Path") {
                        response.add("Path", path);
                    }
                });
            }
            Err(Refusal(code, reason)) => {
                transaction.respond(code, reason, |response| {
                    if code == 423 {
                        response.add("Min-Expires", MIN_EXPIRES_SECONDS.to_string());
                    }
                    if code == 503 || code == 500 {
                        response.add("Retry-After", RETRY_AFTER_SECONDS.to_string());
                    }
                });
            }
        }
    }

    async fn invite(self: Arc<Self>, mut transaction: ServerTransaction) {
        if refuse_extensions(&mut transaction, &["timer"]) {
            return;
        }
        let request = Arc::clone(&transaction.request);
        if request.contact().is_none() {
            transaction.respond(400, "Bad Contact", |_| {});
            return;
        }
        let Some(admitted) = self.admit(&mut transaction, Purpose::Call).await else { return };
        // Not before: a scanner that is ignored must not learn that somebody is here.
        transaction.respond(100, "Trying", |_| {});
        let offer = match call::read_sdp(&request) {
            Ok(offer) => offer,
            Err(Refusal(code, reason)) => {
                transaction.respond(code, reason, |response| response.add("Accept", "application/sdp"));
                return;
            }
        };
        if admitted.secure_media && offer.as_ref().is_some_and(is_insecure) {
            transaction.respond(488, "Not Acceptable Here", |_| {});
            return;
        }
        let session = match agree(&request, self.session_seconds) {
            Agreement::Agreed(session) => session,
            Agreement::Malformed => {
                transaction.respond(400, "Bad Session-Expires", |_| {});
                return;
            }
            Agreement::TooBrief => {
                transaction.respond(422, "Session Interval Too Small", |response| {
                    response.add("Min-SE", MIN_SE_SECONDS.to_string());
                });
                return;
            }
        };
        let capacity = &self.admission.capacity;
        let seats = (
            self.admission.calls.sit(capacity.calls),
            self.admission.pending.sit(capacity.pending_invites),
            self.incoming.try_reserve(),
        );
        let (Some(call), Some(pending), Ok(place)) = seats else {
            self.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            transaction.respond(503, "Service Unavailable", |response| {
                response.add("Retry-After", RETRY_AFTER_SECONDS.to_string());
            });
            return;
        };
        if let Some(incoming) = call::receive(&self, transaction, offer, session, admitted, (call, pending)) {
            place.send(incoming);
        }
    }
}

impl Receive for Core {
    fn receive(self: Arc<Self>, message: Message, flow: Flow) {
        if message.code().is_none() {
            return self.request(message, flow);
        }
        if message.check().is_err() {
            return;
        }
        let transactions = Arc::clone(&self.transactions);
        transactions
            .response(message, |invite, response, flow| call::end_fork(&self, invite, response, flow));
    }
}

/// A request that is served.
pub(crate) struct Admitted {
    pub(crate) authenticated: Option<Authenticated>,
    pub(crate) secure_media: bool,
}

/// The credentials of a request for a realm.
fn credentials(request: &Message, realm: &str) -> Option<Fields> {
    request.all("Authorization").filter_map(Fields::parse).find(|fields| fields.get("realm") == Some(realm))
}

/// Refuses a request that requires what is not spoken (RFC 3261 §8.2.2.3). Whether it was refused.
fn refuse_extensions(transaction: &mut ServerTransaction, spoken: &[&str]) -> bool {
    let request = Arc::clone(&transaction.request);
    let required =
        request.all("Require").chain(request.all("Proxy-Require")).flat_map(|value| value.split(','));
    let unknown: Vec<&str> = required
        .map(str::trim)
        .filter(|option| !option.is_empty() && !spoken.iter().any(|known| known.eq_ignore_ascii_case(option)))
        .collect();
    if unknown.is_empty() {
        return false;
    }
    transaction.respond(420, "Bad Extension", |response| response.add("Unsupported", unknown.join(", ")));
    true
}

/// The topmost Via with where the request came from (RFC 3261 §18.2.1, RFC 3581 §4).
fn with_received(message: &Message, flow: &Flow) -> String {
    let first =
        message.list("Via").and_then(|list| list.first().map(|via| (*via).to_owned())).unwrap_or_default();
    let kept: Vec<&str> = first
        .split(';')
        .filter(|part| {
            let name = part.split('=').next().unwrap_or_default().trim();
            !name.eq_ignore_ascii_case("rport") && !name.eq_ignore_ascii_case("received")
        })
        .map(str::trim)
        .collect();
    let asks = message.via().is_some_and(|via| via.parameter("rport").is_some());
    let rport = if asks { format!(";rport={}", flow.remote.port()) } else { String::new() };
    format!("{};received={}{rport}", kept.join(";"), flow.remote.ip())
}

/// Whether media would be in the clear.
pub(crate) fn is_insecure(sdp: &Sdp) -> bool {
    !sdp.audio.profile.is_secure()
}
