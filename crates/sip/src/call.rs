//! A call: the task that holds its dialog, answers what comes in it, and does what the application says.

mod commands;
mod connect;
mod requests;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Duration, Instant, sleep_until};

use crate::admission::Seat;
use crate::dialog::Dialog;
use crate::endpoint::{Admitted, Core};
use crate::leg::{Command, Control, Dial, End, Ends, Event, Failed, Incoming};
use crate::limits::{INSIDE_QUEUE, MIN_SE_SECONDS, RING, T2};
use crate::message::{Message, Method, Refusal, Wire};
use crate::net::{Flow, stopped};
use crate::sdp::{Sdp, SdpProblem};
use crate::session_timer::{Refresher, Session};
use crate::transaction::{Answer, ClientTransaction, Inside, ServerTransaction};
use crate::uri::{NameAddress, Uri};

pub(crate) use connect::{dial, end_fork};

/// The phrases of statuses that are sent.
const REASONS: &[(u16, &str)] = &[
    (300, "Multiple Choices"),
    (302, "Moved Temporarily"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (406, "Not Acceptable"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (415, "Unsupported Media Type"),
    (480, "Temporarily Unavailable"),
    (484, "Address Incomplete"),
    (486, "Busy Here"),
    (487, "Request Terminated"),
    (488, "Not Acceptable Here"),
    (491, "Request Pending"),
    (500, "Server Internal Error"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
    (600, "Busy Everywhere"),
    (603, "Decline"),
    (604, "Does Not Exist Anywhere"),
    (606, "Not Acceptable"),
];

/// The phrase of a status.
pub(crate) fn reason(code: u16) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == code).map_or("Refused", |(_, reason)| reason)
}

/// The description that a message carries.
pub(crate) fn read_sdp(message: &Message) -> Result<Option<Sdp>, Refusal> {
    if message.body.is_empty() {
        return Ok(None);
    }
    if !message.is_type("application/sdp") || message.header("Content-Encoding").is_some() {
        return Err(Refusal(415, "Unsupported Media Type"));
    }
    match Sdp::parse(&message.body) {
        Ok(sdp) => Ok(Some(sdp)),
        Err(SdpProblem::NoAudio | SdpProblem::Address) => Err(Refusal(488, "Not Acceptable Here")),
        Err(SdpProblem::Malformed | SdpProblem::TooLong) => Err(Refusal(400, "Bad Session Description")),
    }
}

fn put_sdp(message: &mut Message, sdp: &Sdp) {
    message.set_body("application/sdp", sdp.wire().as_bytes().to_vec());
}

/// A 2xx that has not been acknowledged.
struct Unacked {
    wire: Wire,
    flow: Flow,
    number: u32,
    pause: Duration,
    resend_at: Instant,
    deadline: Instant,
    /// It carried an offer of ours: the ACK carries the answer.
    offered: Option<Sdp>,
}

/// An INVITE or UPDATE of ours within the call.
struct Pending {
    transaction: ClientTransaction,
    offer: Sdp,
    /// `None` for a refresh, which nobody waits for.
    reply: Option<oneshot::Sender<Result<Sdp, Failed>>>,
}

/// An offer of the other side that the application decides about.
struct Deciding {
    transaction: ServerTransaction,
    answer: oneshot::Receiver<Result<Sdp, u16>>,
    session: Session,
    deadline: Instant,
}

/// A REFER that the application decides about.
struct Referring {
    transaction: ServerTransaction,
    answer: oneshot::Receiver<Result<(), u16>>,
    deadline: Instant,
}

struct Call {
    core: Arc<Core>,
    dialog: Dialog,
    inside: mpsc::Receiver<Inside>,
    commands: mpsc::Receiver<Command>,
    control: Control,
    events: mpsc::Sender<Event>,
    secure_media: bool,
    /// The INVITE that rings here, and until when; with the seat among those that ring.
    ringing: Option<(ServerTransaction, Instant, Seat)>,
    unacked: Option<Unacked>,
    pending: Option<Pending>,
    deciding: Option<Deciding>,
    referring: Option<Referring>,
    session: Option<Session>,
    session_at: Option<Instant>,
    /// What was said of media last, by us and by the other side.
    ours: Option<Sdp>,
    theirs: Option<(u64, u64)>,
    peer_updates: bool,
    /// It ends as soon as the ACK is there (RFC 3261 §15).
    is_leaving: bool,
}

/// Makes the call of an INVITE that is served; `None` when it cannot be one.
pub(crate) fn receive(
    core: &Arc<Core>,
    transaction: ServerTransaction,
    offer: Option<Sdp>,
    session: Session,
    admitted: Admitted,
    (call_seat, pending_seat): (Seat, Seat),
) -> Option<Incoming> {
    let request = Arc::clone(&transaction.request);
    let (from, to, contact) = (request.from()?, request.to()?, request.contact()?);
    let uri = Uri::parse(request.request_uri()?).ok()?;
    let ends = Ends::new(core.token(12));
    let (inside_sender, inside) = mpsc::channel(INSIDE_QUEUE);
    let tag = transaction.tag.clone();
    let dialog = Dialog {
        call_id: request.call_id().to_owned(),
        local: to.clone().with_tag(&tag),
        remote: request.header("From")?.to_owned(),
        remote_tag: request.tag_of_from(),
        local_cseq: Arc::new(AtomicU32::new(0)),
        remote_cseq: request.cseq().map(|(number, _)| number),
        target: contact.text(),
        routes: request.list("Record-Route")?.into_iter().map(str::to_owned).collect(),
        flow: transaction.reply().clone(),
        credentials: None,
        is_routed: false,
    };
    let incoming = Incoming {
        id: ends.leg.id.clone(),
        from_user: from.uri.user_unescaped().unwrap_or_default(),
        from_host: from.uri.host.clone(),
        from_display: from.display,
        to_user: to.uri.user_unescaped().unwrap_or_default(),
        callee: uri.user_unescaped().unwrap_or_default(),
        domain: uri.host,
        forwarded_from: forwarded_from(&request),
        call_id: request.call_id().to_owned(),
        source: transaction.flow.remote,
        transport: transaction.flow.transport,
        authenticated: admitted.authenticated,
        headers: request.custom(),
        offer: offer.clone(),
        leg: ends.leg,
    };
    transaction.belongs_to(&inside_sender);
    core.transactions.add_call(&dialog.call_id, &tag, inside_sender);
    let call = Call {
        core: Arc::clone(core),
        inside,
        commands: ends.commands,
        control: incoming.leg.control.clone(),
        events: ends.events,
        secure_media: admitted.secure_media,
        unacked: None,
        pending: None,
        deciding: None,
        referring: None,
        session: Some(session),
        session_at: None,
        ours: None,
        theirs: offer.as_ref().map(|offer| (offer.session, offer.version)),
        peer_updates: request.lists("Allow", "UPDATE"),
        is_leaving: false,
        ringing: Some((transaction, Instant::now() + RING, pending_seat)),
        dialog,
    };
    tokio::spawn(run(call, None, ends.end, call_seat));
    Some(incoming)
}

fn forwarded_from(request: &Message) -> Option<String> {
    let diversions = request.list("Diversion")?;
    NameAddress::parse(diversions.first()?).ok()?.uri.user_unescaped()
}

/// Runs a call to its end, and tells it.
async fn run(mut call: Call, dial: Option<Dial>, end: watch::Sender<Option<End>>, seat: Seat) {
    let outcome = match dial {
        Some(dial) => match call.connect(&dial).await {
            Ok(()) => call.talk().await,
            Err(outcome) => outcome,
        },
        None => call.talk().await,
    };
    let tag = call.dialog.local.tag().unwrap_or_default().to_owned();
    call.core.transactions.remove_call(&call.dialog.call_id, &tag);
    // First the end, then the end of the events: whoever sees the latter can read the former.
    end.send_replace(Some(outcome));
    drop(call);
    drop(seat);
}

/// Whether an end ends the call already, or it goes on.
type Step = Result<(), End>;

impl Call {
    /// Goes on until the call is over.
    async fn talk(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    async fn step(&mut self) -> Step {
        let mut stop = self.core.stop.clone();
        let wake = self.wake();
        tokio::select! {
            inside = self.inside.recv() => match inside {
                Some(Inside::Request(transaction)) => self.request(transaction),
                Some(Inside::Ack(ack)) => self.acked(&ack),
                Some(Inside::Cancel) => self.cancelled(),
                None => Err(End::ByUs),
            },
            command = self.commands.recv(), if !self.is_leaving => match command {
                Some(command) => self.command(command).await,
                None => self.hang_up(),
            },
            answer = next(&mut self.pending) => self.pending_answered(answer).await,
            answer = decided(&mut self.deciding) => self.decided(answer),
            answer = referred(&mut self.referring) => { self.referred(answer); Ok(()) }
            () = self.events.closed(), if !self.is_leaving => self.hang_up(),
            () = stopped(&mut stop), if !self.is_leaving => self.hang_up(),
            () = sleep_until(wake) => self.woken().await,
        }
    }

    /// When something is due.
    fn wake(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3_600);
        let times = [
            self.ringing.as_ref().map(|(_, at, _)| *at),
            self.unacked.as_ref().map(|unacked| unacked.resend_at.min(unacked.deadline)),
            self.deciding.as_ref().map(|deciding| deciding.deadline),
            self.referring.as_ref().map(|referring| referring.deadline),
            self.session_at.filter(|_| self.unacked.is_none()),
        ];
        times.into_iter().flatten().min().unwrap_or(far)
    }

    async fn woken(&mut self) -> Step {
        let now = Instant::now();
        if let Some((mut transaction, _, _)) = self.ringing.take_if(|(_, at, _)| *at <= now) {
            transaction.respond(480, reason(480), |_| {});
            return Err(End::Unanswered);
        }
        if let Some(unacked) = &mut self.unacked {
            if unacked.deadline <= now {
                return Err(self.leave(End::NoAck));
            }
            if unacked.resend_at <= now {
                let _ = unacked.flow.send(&unacked.wire);
                unacked.pause = (unacked.pause * 2).min(T2);
                unacked.resend_at = now + unacked.pause;
            }
        }
        if let Some(mut deciding) = self.deciding.take_if(|deciding| deciding.deadline <= now) {
            self.theirs = None;
            deciding.transaction.respond(500, reason(500), |_| {});
        }
        if let Some(mut referring) = self.referring.take_if(|referring| referring.deadline <= now) {
            referring.transaction.respond(603, reason(603), |_| {});
        }
        if self.session_at.is_some_and(|at| at <= now) && self.unacked.is_none() {
            return self.session_due().await;
        }
        Ok(())
    }

    /// Tells the application. One that does not read its events has no call.
    fn tell(&mut self, event: Event) -> Step {
        match self.events.try_send(event) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.leave(End::ByUs)),
        }
    }

    fn set_session(&mut self, session: Option<Session>) {
        self.session = session;
        self.session_at = session.map(|session| Instant::now() + session.next());
    }

    /// The session is to be refreshed, or was not.
    async fn session_due(&mut self) -> Step {
        let Some(session) = self.session else { return Ok(()) };
        if session.refresher == Refresher::Peer {
            return Err(self.leave(End::Expired));
        }
        // If this does not come through the call ends: nothing is due before the transaction does.
        self.session_at = None;
        let Some(ours) = self.ours.clone() else { return Ok(()) };
        if self.pending.is_some() || self.deciding.is_some() {
            self.session_at = Some(Instant::now() + T2);
            return Ok(());
        }
        let method = if self.peer_updates { Method::Update } else { Method::Invite };
        let mut request = self.dialog.request(&self.core, method);
        self.add_session(&mut request);
        if method == Method::Invite {
            put_sdp(&mut request, &ours);
        }
        match self.dialog.send(&self.core, request).await {
            Ok(transaction) => self.pending = Some(Pending { transaction, offer: ours, reply: None }),
            Err(_) => return Err(self.leave(End::Expired)),
        }
        Ok(())
    }

    fn add_session(&self, request: &mut Message) {
        if let Some(session) = self.session {
            request.add("Session-Expires", session.header(true));
            request.add("Min-SE", MIN_SE_SECONDS.to_string());
        }
    }
}

async fn next(pending: &mut Option<Pending>) -> Answer {
    match pending {
        Some(pending) => pending.transaction.next().await,
        None => std::future::pending().await,
    }
}

async fn decided(deciding: &mut Option<Deciding>) -> Option<Result<Sdp, u16>> {
    match deciding {
        Some(deciding) => (&mut deciding.answer).await.ok(),
        None => std::future::pending().await,
    }
}

async fn referred(referring: &mut Option<Referring>) -> Option<Result<(), u16>> {
    match referring {
        Some(referring) => (&mut referring.answer).await.ok(),
        None => std::future::pending().await,
    }
}
