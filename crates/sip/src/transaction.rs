//! Transactions: what is repeated until it is answered, and what is answered again when it is repeated
//! (RFC 3261 §17, RFC 6026).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use crate::admission::Seat;
use crate::limits::{INSIDE_QUEUE, T1, T2, T64};
use crate::message::{Message, Method, Start, Wire};
use crate::net::{Flow, Gone};

/// What a call is told by the endpoint.
pub(crate) enum Inside {
    /// A request within the call.
    Request(ServerTransaction),
    /// The ACK of a 2xx.
    Ack(Message),
    /// The INVITE that rings was cancelled.
    Cancel,
}

/// A request of ours, for as long as answers to it may come.
struct Client {
    request: Arc<Message>,
    flow: Flow,
    answers: Option<mpsc::Sender<Message>>,
    /// The ACK of the final answer, to be sent again when that comes again.
    ack: Option<Wire>,
    /// The tag of the 2xx that was taken.
    taken: Option<String>,
}

/// A request of somebody else, for as long as it may come again.
struct Server {
    last: Option<Wire>,
    reply: Flow,
    is_final: bool,
    is_success: bool,
    is_acked: bool,
    call: Option<mpsc::Sender<Inside>>,
    merged: String,
}

/// All transactions of an endpoint, and the calls that requests belong to.
#[derive(Default)]
pub(crate) struct Transactions {
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    clients: HashMap<String, Client>,
    servers: HashMap<String, Server>,
    /// By Call-ID and our tag.
    calls: HashMap<(String, String), mpsc::Sender<Inside>>,
    /// Requests by what all their copies have in common (RFC 3261 §8.2.2.2).
    merged: HashMap<String, String>,
    /// What is over, in the order of its end: each lives on for the same time.
    over: VecDeque<(Instant, Over)>,
}

enum Over {
    Client(String),
    Server(String),
}

/// What is to be done about a request that came.
pub(crate) enum Request {
    /// It is handled.
    Done,
    /// It is outside of all calls, and new.
    New,
    /// It is for a call that is not there, or a transaction that is not there: 481.
    Nowhere,
    /// It came before by another way: 482.
    Merged,
    /// The call has too much to do: 503.
    Busy,
}

impl Transactions {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests of either side that are not forgotten yet.
    pub(crate) fn count(&self) -> usize {
        let tables = self.tables();
        tables.clients.len() + tables.servers.len()
    }

    /// Forgets what is over for long enough.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut tables = self.tables();
        while tables.over.front().is_some_and(|(at, _)| *at <= now) {
            match tables.over.pop_front() {
                Some((_, Over::Client(key))) => drop(tables.clients.remove(&key)),
                Some((_, Over::Server(key))) => {
                    if let Some(server) = tables.servers.remove(&key)
                        && tables.merged.get(&server.merged) == Some(&key)
                    {
                        tables.merged.remove(&server.merged);
                    }
                }
                None => {}
            }
        }
    }

    /// Notes a call, so that requests of its dialog find it.
    pub(crate) fn add_call(&self, call_id: &str, tag: &str, call: mpsc::Sender<Inside>) {
        self.tables().calls.insert((call_id.to_owned(), tag.to_owned()), call);
    }

    /// Forgets a call.
    pub(crate) fn remove_call(&self, call_id: &str, tag: &str) {
        // What still waits for the call is answered when it is dropped, for which the tables must be free.
        let removed = self.tables().calls.remove(&(call_id.to_owned(), tag.to_owned()));
        drop(removed);
    }

    /// Handles a response; `after_fork` makes the ACK and BYE for a second 2xx, which nobody waits for.
    pub(crate) fn response(&self, message: Message, after_fork: impl FnOnce(&Message, &Message, &Flow)) {
        let (Some(via), Some(code)) = (message.via(), message.code()) else { return };
        let method = message.method();
        let key = client_key(via.branch(), method);
        let mut tables = self.tables();
        let Some(client) = tables.clients.get_mut(&key) else { return };
        // It must answer what was asked (RFC 3261 §17.1.3), for whom it was asked.
        if client.request.call_id() != message.call_id() || client.request.cseq() != message.cseq() {
            return;
        }
        if code < 200 {
            if let Some(answers) = &client.answers {
                // A provisional answer that nobody reads is no loss.
                let _ = answers.try_send(message);
            }
            return;
        }
        if method == Method::Invite && code >= 300 {
            if client.ack.is_none() {
                client.ack = Some(ack_of_refusal(&client.request, &message).wire());
            }
            if let Some(ack) = &client.ack {
                let _ = client.flow.send(ack);
            }
        } else if method == Method::Invite {
            let tag = message.tag_of_to();
            match (&client.ack, &client.taken) {
                (Some(ack), taken) if *taken == tag => {
                    let _ = client.flow.send(ack);
                    return;
                }
                (_, Some(taken)) if Some(taken) == tag.as_ref() => return,
                (_, None) if client.answers.is_some() => client.taken = tag,
                _ => {
                    let (request, flow) = (Arc::clone(&client.request), client.flow.clone());
                    drop(tables);
                    after_fork(&request, &message, &flow);
                    return;
                }
            }
        }
        let is_given = client.answers.take().is_some_and(|answers| answers.try_send(message).is_ok());
        if is_given {
            if method == Method::Invite {
                tables.over.push_back((Instant::now() + T64, Over::Client(key)));
            } else {
                tables.clients.remove(&key);
            }
        }
    }

    /// Keeps the ACK of a 2xx, which is sent again when the 2xx comes again.
    pub(crate) fn keep_ack(&self, key: &str, ack: &Wire, flow: &Flow) {
        if let Some(client) = self.tables().clients.get_mut(key) {
            client.ack = Some(Arc::clone(ack));
            client.flow = flow.clone();
        }
    }

    /// Handles a request as far as it belongs to something that is known. `make` makes the transaction of a request
    /// within a call.
    pub(crate) fn request(
        &self,
        message: &Message,
        make: impl FnOnce(String) -> ServerTransaction,
    ) -> Request {
        let method = message.method();
        let key = server_key(message, method);
        let mut tables = self.tables();
        match method {
            Method::Ack => {
                let invite = server_key(message, Method::Invite);
                if let Some(server) = tables.servers.get_mut(&invite)
                    && server.is_final
                {
                    server.is_acked = true;
                    // The ACK of a refusal ends here; that of a 2xx, which should have a branch of its own, does not.
                    if !server.is_success {
                        return Request::Done;
                    }
                }
                if let Some(call) = tables.call_of(message) {
                    let _ = call.try_send(Inside::Ack(message.clone()));
                }
                return Request::Done;
            }
            Method::Cancel => {
                if let Some(server) = tables.servers.get(&key) {
                    server.repeat();
                    return Request::Done;
                }
                let invite = server_key(message, Method::Invite);
                let Some(server) = tables.servers.get(&invite) else { return Request::Nowhere };
                // A call that has too much to do is asked again.
                let is_ringing = server.call.as_ref().filter(|_| !server.is_final);
                if is_ringing.is_some_and(|call| call.try_send(Inside::Cancel).is_err()) {
                    return Request::Busy;
                }
                drop(tables);
                make(key).respond(200, "OK", |_| {});
                return Request::Done;
            }
            _ => {}
        }
        if let Some(server) = tables.servers.get(&key) {
            server.repeat();
            return Request::Done;
        }
        if message.tag_of_to().is_none() {
            let merged = merged_key(message);
            return if tables.merged.contains_key(&merged) { Request::Merged } else { Request::New };
        }
        let Some(call) = tables.call_of(message) else { return Request::Nowhere };
        let permit = match call.try_reserve_owned() {
            Ok(permit) => permit,
            Err(mpsc::error::TrySendError::Full(_)) => return Request::Busy,
            Err(mpsc::error::TrySendError::Closed(_)) => return Request::Nowhere,
        };
        drop(tables);
        permit.send(Inside::Request(make(key)));
        Request::Done
    }

    /// Begins to answer a request.
    pub(crate) fn open(&self, key: &str, message: &Message, reply: &Flow) {
        let merged = merged_key(message);
        let mut tables = self.tables();
        tables.merged.insert(merged.clone(), key.to_owned());
        let server = Server {
            last: None,
            reply: reply.clone(),
            is_final: false,
            is_success: false,
            is_acked: false,
            call: None,
            merged,
        };
        tables.servers.insert(key.to_owned(), server);
    }
}

impl Tables {
    fn call_of(&self, message: &Message) -> Option<mpsc::Sender<Inside>> {
        self.calls.get(&(message.call_id().to_owned(), message.tag_of_to()?)).cloned()
    }
}

impl Server {
    /// The request came again: so does the answer.
    fn repeat(&self) {
        if let Some(last) = &self.last {
            let _ = self.reply.send(last);
        }
    }
}

/// A request that waits for our answer. When it is dropped without one the answer is 500.
pub(crate) struct ServerTransaction {
    transactions: Arc<Transactions>,
    key: String,
    pub(crate) request: Arc<Message>,
    pub(crate) flow: Flow,
    reply: Flow,
    pub(crate) tag: String,
    seat: Option<Seat>,
    is_final: bool,
}

impl ServerTransaction {
    pub(crate) fn new(
        transactions: &Arc<Transactions>,
        key: String,
        request: Message,
        flow: Flow,
        tag: String,
        seat: Option<Seat>,
    ) -> Self {
        let reply = reply_flow(&request, &flow);
        transactions.open(&key, &request, &reply);
        Self {
            transactions: Arc::clone(transactions),
            key,
            request: Arc::new(request),
            flow,
            reply,
            tag,
            seat,
            is_final: false,
        }
    }

    /// From here on a CANCEL goes to this call.
    pub(crate) fn belongs_to(&self, call: &mpsc::Sender<Inside>) {
        if let Some(server) = self.transactions.tables().servers.get_mut(&self.key) {
            server.call = Some(call.clone());
        }
    }

    /// Answers. A final answer is kept for repetitions; a refused INVITE is repeated until its ACK; repeating a 2xx
    /// to an INVITE is the call's business, which gets its wire.
    pub(crate) fn respond(&mut self, code: u16, reason: &str, more: impl FnOnce(&mut Message)) -> Wire {
        let mut response = Message::response(&self.request, code, reason, &self.tag);
        more(&mut response);
        let wire = response.wire();
        let is_final = code >= 200;
        let mut tables = self.transactions.tables();
        let mut call = None;
        if let Some(server) = tables.servers.get_mut(&self.key) {
            server.last = Some(Arc::clone(&wire));
            server.is_final = is_final;
            server.is_success = (200..300).contains(&code);
            call = if is_final { server.call.take() } else { None };
        }
        if is_final {
            tables.over.push_back((Instant::now() + T64, Over::Server(self.key.clone())));
        }
        drop(tables);
        // Not while the tables are locked: with the last of its senders what waits for the call is answered.
        drop(call);
        // Not before the tables know of it: the ACK may come at once.
        let _ = self.reply.send(&wire);
        if is_final {
            self.is_final = true;
            let seat = self.seat.take();
            let is_refused_invite = self.request.method() == Method::Invite && code >= 300;
            if is_refused_invite
                && !self.reply.is_reliable()
                && let Ok(runtime) = Handle::try_current()
            {
                let (transactions, key) = (Arc::clone(&self.transactions), self.key.clone());
                let (reply, wire) = (self.reply.clone(), Arc::clone(&wire));
                runtime.spawn(async move {
                    let _seat = seat;
                    repeat_until_acked(&transactions, &key, &reply, &wire).await;
                });
            }
        }
        wire
    }

    /// Leaves the request without an answer, and repetitions of it, too.
    pub(crate) fn forget(&mut self) {
        self.is_final = true;
        self.transactions.tables().over.push_back((Instant::now() + T64, Over::Server(self.key.clone())));
    }

    /// The way that answers take.
    pub(crate) fn reply(&self) -> &Flow {
        &self.reply
    }
}

impl Drop for ServerTransaction {
    fn drop(&mut self) {
        if !self.is_final && self.request.method() != Method::Ack {
            self.respond(500, "Server Internal Error", |_| {});
        }
    }
}

/// Timers G and H (RFC 3261 §17.2.1).
async fn repeat_until_acked(transactions: &Transactions, key: &str, reply: &Flow, wire: &Wire) {
    let end = Instant::now() + T64;
    let mut pause = T1;
    while Instant::now() < end {
        sleep(pause).await;
        pause = (pause * 2).min(T2);
        if transactions.tables().servers.get(key).is_none_or(|server| server.is_acked) {
            return;
        }
        let _ = reply.send(wire);
    }
}

/// What became of a request of ours.
pub(crate) enum Answer {
    Provisional(Message),
    Final(Message),
    /// Nothing came in time, or the connection ended.
    None,
}

/// A request of ours that waits for its answers.
pub(crate) struct ClientTransaction {
    transactions: Weak<Transactions>,
    pub(crate) key: String,
    pub(crate) request: Arc<Message>,
    pub(crate) flow: Flow,
    wire: Wire,
    answers: mpsc::Receiver<Message>,
    is_invite: bool,
    pause: Duration,
    resend_at: Option<Instant>,
    deadline: Instant,
    is_over: bool,
}

impl ClientTransaction {
    /// Sends a request, whose topmost Via has this branch.
    pub(crate) fn send(
        transactions: &Arc<Transactions>,
        request: Message,
        branch: &str,
        flow: &Flow,
    ) -> Result<Self, Gone> {
        let (sender, answers) = mpsc::channel(INSIDE_QUEUE);
        let method = request.method();
        let key = client_key(branch, method);
        let (wire, request) = (request.wire(), Arc::new(request));
        let client = Client {
            request: Arc::clone(&request),
            flow: flow.clone(),
            answers: Some(sender),
            ack: None,
            taken: None,
        };
        transactions.tables().clients.insert(key.clone(), client);
        let now = Instant::now();
        let transaction = Self {
            transactions: Arc::downgrade(transactions),
            key,
            request,
            flow: flow.clone(),
            wire,
            answers,
            is_invite: method == Method::Invite,
            pause: T1,
            resend_at: (!flow.is_reliable()).then_some(now + T1),
            deadline: now + T64,
            is_over: false,
        };
        flow.send(&transaction.wire)?;
        Ok(transaction)
    }

    /// The next answer. It may be asked again after being dropped in the middle.
    pub(crate) async fn next(&mut self) -> Answer {
        loop {
            let resend_at = self.resend_at.unwrap_or(self.deadline).min(self.deadline);
            tokio::select! {
                answer = self.answers.recv() => {
                    let Some(answer) = answer else { return Answer::None };
                    if answer.code().is_some_and(|code| code >= 200) {
                        self.is_over = true;
                        return Answer::Final(answer);
                    }
                    if self.is_invite {
                        // From here on whoever called decides how long it may ring (timers A and B end).
                        self.resend_at = None;
                        self.deadline = Instant::now() + crate::limits::RING + T64;
                    } else if self.resend_at.is_some() {
                        self.pause = T2;
                    }
                    return Answer::Provisional(answer);
                }
                () = sleep_until(resend_at) => {
                    if Instant::now() >= self.deadline {
                        return Answer::None;
                    }
                    let _ = self.flow.send(&self.wire);
                    self.pause = if self.is_invite { self.pause * 2 } else { (self.pause * 2).min(T2) };
                    self.resend_at = Some(Instant::now() + self.pause);
                }
            }
        }
    }

    /// The final answer, whatever comes before it.
    pub(crate) async fn last(&mut self) -> Option<Message> {
        loop {
            match self.next().await {
                Answer::Provisional(_) => {}
                Answer::Final(message) => return Some(message),
                Answer::None => return None,
            }
        }
    }
}

impl Drop for ClientTransaction {
    fn drop(&mut self) {
        let Some(transactions) = self.transactions.upgrade().filter(|_| !self.is_over) else { return };
        let mut tables = transactions.tables();
        if !self.is_invite {
            tables.clients.remove(&self.key);
        } else if let Some(client) = tables.clients.get_mut(&self.key) {
            // A 2xx may still come; whoever sends it is told that nobody is there.
            (client.answers, client.taken) = (None, None);
            tables.over.push_back((Instant::now() + T64, Over::Client(self.key.clone())));
        }
    }
}

/// The ACK of a refused INVITE (RFC 3261 §17.1.1.3).
fn ack_of_refusal(invite: &Message, response: &Message) -> Message {
    let mut ack = Message::request(Method::Ack, invite.request_uri().unwrap_or_default());
    for name in ["Via", "From", "Call-ID"] {
        ack.add(name, invite.header(name).unwrap_or_default());
    }
    ack.add("To", response.header("To").unwrap_or_default());
    for route in invite.all("Route") {
        ack.add("Route", route);
    }
    ack.add("CSeq", format!("{} ACK", invite.cseq().map_or(0, |(number, _)| number)));
    ack.add("Max-Forwards", "70");
    ack
}

/// Where answers go (RFC 3261 §18.2.2, RFC 3581): the connection, else where the request came from if it asked for
/// that, else the port that its Via names.
fn reply_flow(request: &Message, flow: &Flow) -> Flow {
    if flow.is_reliable() {
        return flow.clone();
    }
    let port = match request.via() {
        Some(via) if via.parameter("rport").is_none() => via.port.unwrap_or(5060),
        _ => flow.remote.port(),
    };
    flow.towards(std::net::SocketAddr::new(flow.remote.ip(), port))
}

fn client_key(branch: &str, method: Method) -> String {
    format!("{branch} {}", method.name())
}

/// What makes a request the same request (RFC 3261 §17.2.3; what follows the dash is for RFC 2543).
pub(crate) fn server_key(message: &Message, method: Method) -> String {
    let (via, name) = (
        message.via(),
        match &message.start {
            Start::Request { name, method: found, .. }
                if *found == Method::Other && method == Method::Other =>
            {
                name.as_str()
            }
            _ => method.name(),
        },
    );
    match via {
        Some(via) if via.branch().starts_with("z9hG4bK") => {
            format!("{} {}:{} {name}", via.branch(), via.host, via.port.unwrap_or(0))
        }
        _ => format!(
            "- {} {} {} {} {name}",
            message.call_id(),
            message.cseq().map_or(0, |(number, _)| number),
            message.tag_of_from().unwrap_or_default(),
            message.header("Via").unwrap_or_default()
        ),
    }
}

fn merged_key(message: &Message) -> String {
    format!(
        "{} {} {}",
        message.tag_of_from().unwrap_or_default(),
        message.call_id(),
        message.header("CSeq").unwrap_or_default()
    )
}
