//! Calls out, from the way that they take to their answer.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{Call, Step, put_sdp, read_sdp, run};
use crate::admission::Seat;
use crate::dialog::Dialog;
use crate::endpoint::{Core, is_insecure};
use crate::leg::{Command, Control, Dial, End, Ends, Event, Failed, Leg, Target};
use crate::limits::{DIAL_ATTEMPTS, INSIDE_QUEUE, MIN_SE_SECONDS, MOST_SESSION_SECONDS, RING, T64};
use crate::message::{Message, Method};
use crate::net::{Flow, Unreachable, stopped};
use crate::sdp::{Mismatch, Sdp};
use crate::session_timer::agreed;
use crate::transaction::{Answer, ClientTransaction, Inside};
use crate::uri::{NameAddress, Uri};

/// Begins a call out.
pub(crate) fn dial(core: &Arc<Core>, dial: Dial, seat: Seat) -> Leg {
    let ends = Ends::new(core.token(12));
    let control = ends.leg.control.clone();
    let (commands, events, end) = (ends.commands, ends.events, ends.end);
    tokio::spawn(begin(Arc::clone(core), dial, control, commands, events, end, seat));
    ends.leg
}

async fn begin(
    core: Arc<Core>,
    mut dial: Dial,
    control: Control,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    end: watch::Sender<Option<End>>,
    seat: Seat,
) {
    let Ok((target, routes, flow)) = find_way(&core, &dial.target).await else {
        drop(events);
        end.send_replace(Some(End::Unreachable));
        return;
    };
    let tag = core.token(8);
    let host = dial.from_host.take();
    let mut from = host.map_or_else(|| core.own_uri(&flow, None), |host| Uri::of_host(&host, None));
    from.parameters.clear();
    from.user = Some(escape_user(&dial.from_user));
    let mut local = NameAddress::of(from).with_tag(&tag);
    local.display = dial.from_display.take();
    let (inside_sender, inside) = mpsc::channel(INSIDE_QUEUE);
    let dialog = Dialog {
        call_id: core.token(16),
        local,
        remote: NameAddress::of(target.clone()).text(),
        remote_tag: None,
        local_cseq: Arc::new(AtomicU32::new(0)),
        remote_cseq: None,
        target: target.text(),
        routes,
        flow,
        credentials: dial.credentials.take().map(Arc::new),
        is_routed: matches!(dial.target, Target::Uri { .. }),
    };
    core.transactions.add_call(&dialog.call_id, &tag, inside_sender);
    let call = Call {
        core,
        dialog,
        inside,
        commands,
        control,
        events,
        secure_media: dial.secure_media,
        ringing: None,
        unacked: None,
        pending: None,
        deciding: None,
        referring: None,
        session: None,
        session_at: None,
        ours: Some(dial.offer.clone()),
        theirs: None,
        peer_updates: false,
        is_leaving: false,
    };
    run(call, Some(dial), end, seat).await;
}

/// Where a call leads: the Request-URI, the routes, and the way to the first hop.
async fn find_way(core: &Arc<Core>, target: &Target) -> Result<(Uri, Vec<String>, Flow), Unreachable> {
    match target {
        Target::Uri { uri, proxy } => {
            let flow = core.network.flow_to(proxy.as_ref().unwrap_or(uri), core).await?;
            let routes = proxy.iter().map(|proxy| {
                let mut proxy = proxy.clone();
                if proxy.parameter("lr").is_none() {
                    proxy.parameters.push(("lr".to_owned(), None));
                }
                NameAddress::of(proxy).text()
            });
            Ok((uri.clone(), routes.collect(), flow))
        }
        Target::Registered(address) => {
            let binding = core.bindings(address).into_iter().next().ok_or(Unreachable::Connection)?;
            Ok((binding.contact, binding.path, binding.flow))
        }
    }
}

/// A user as a URI may hold it (RFC 3261 §25.1).
pub(crate) fn escape_user(user: &str) -> String {
    let mut escaped = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Takes and ends a call that another branch of a forked INVITE answered, or that answered after it was given up.
pub(crate) fn end_fork(core: &Arc<Core>, invite: &Message, response: &Message, flow: &Flow) {
    let (Some(local), Some((number, _))) = (invite.from(), invite.cseq()) else { return };
    let mut dialog = Dialog {
        call_id: invite.call_id().to_owned(),
        local,
        remote: response.header("To").unwrap_or_default().to_owned(),
        remote_tag: response.tag_of_to(),
        local_cseq: Arc::new(AtomicU32::new(number)),
        remote_cseq: None,
        target: response
            .contact()
            .map_or_else(|| invite.request_uri().unwrap_or_default().to_owned(), |uri| uri.text()),
        routes: response
            .list("Record-Route")
            .unwrap_or_default()
            .into_iter()
            .rev()
            .map(str::to_owned)
            .collect(),
        flow: flow.clone(),
        credentials: None,
        is_routed: true,
    };
    dialog.follow();
    let _ = dialog.flow.send(&dialog.ack(core, number).wire());
    let bye = dialog.request(core, Method::Bye);
    tokio::spawn(dialog.transact(Arc::clone(core), bye));
}

impl Call {
    /// Calls, until there is an answer.
    pub(super) async fn connect(&mut self, dial: &Dial) -> Step {
        let deadline = Instant::now() + dial.ring.min(RING);
        let mut min_se = MIN_SE_SECONDS;
        let mut invite = self.invite(dial, min_se);
        for _ in 0..DIAL_ATTEMPTS {
            let sent = self.dialog.send(&self.core, invite).await;
            let transaction = sent.map_err(|_| End::Unreachable)?;
            let (transaction, answer) = self.ring_there(transaction, dial, deadline).await?;
            let code = answer.code().unwrap_or_default();
            match code {
                200..300 => return self.connected(&transaction, &answer, &dial.offer),
                401 | 407 => {
                    let again = self.dialog.answer_challenge(&self.core, &transaction.request, &answer);
                    invite = again.ok_or(End::Refused(code))?;
                }
                422 => {
                    let asked = answer.header("Min-SE").and_then(|text| text.parse::<u32>().ok());
                    let asked = asked.filter(|asked| *asked > min_se && *asked <= MOST_SESSION_SECONDS);
                    min_se = asked.ok_or(End::Refused(code))?;
                    invite = self.invite(dial, min_se);
                }
                _ => return Err(End::Refused(code)),
            }
        }
        Err(End::Unreachable)
    }

    fn invite(&self, dial: &Dial, min_se: u32) -> Message {
        let mut invite = self.dialog.request(&self.core, Method::Invite);
        invite.add("Session-Expires", self.core.session_seconds.max(min_se).to_string());
        invite.add("Min-SE", min_se.to_string());
        for (name, value) in &dial.headers {
            invite.add_custom(name.clone(), value.clone());
        }
        put_sdp(&mut invite, &dial.offer);
        invite
    }

    /// Waits for the final answer to the INVITE; when it is given up, or rings too long, it is cancelled first.
    async fn ring_there(
        &mut self,
        mut transaction: ClientTransaction,
        dial: &Dial,
        deadline: Instant,
    ) -> Result<(ClientTransaction, Message), End> {
        let mut stop = self.core.stop.clone();
        let mut leaving: Option<End> = None;
        let (mut has_rung, mut is_cancelled) = (false, false);
        let mut deadline = deadline;
        loop {
            if leaving.is_some() && has_rung && !is_cancelled {
                is_cancelled = true;
                self.cancel(&transaction);
            }
            tokio::select! {
                answer = transaction.next() => match answer {
                    Answer::Provisional(answer) => {
                        has_rung = true;
                        let code = answer.code().unwrap_or_default();
                        if leaving.is_some() || code == 100 {
                            continue;
                        }
                        // Early media that does not fit is not played; what counts is the answer.
                        let early = read_sdp(&answer).ok().flatten();
                        let early = early.filter(|early| dial.offer.accepts(early).is_ok());
                        let _ = self.events.try_send(Event::Ringing { code, early });
                    }
                    Answer::Final(answer) => match leaving {
                        // It was answered while it was cancelled.
                        Some(end) if answer.code().is_some_and(|code| code < 300) => {
                            end_fork(&self.core, &transaction.request, &answer, &transaction.flow);
                            return Err(end);
                        }
                        Some(end) => return Err(end),
                        None => return Ok((transaction, answer)),
                    },
                    Answer::None => return Err(leaving.unwrap_or(End::Unreachable)),
                },
                command = self.commands.recv(), if leaving.is_none() => match command {
                    None | Some(Command::HangUp) => leaving = Some(End::Cancelled),
                    Some(other) => decline(other),
                },
                () = self.events.closed(), if leaving.is_none() => leaving = Some(End::Cancelled),
                () = stopped(&mut stop), if leaving.is_none() => leaving = Some(End::Cancelled),
                inside = self.inside.recv() => if let Some(Inside::Request(mut request)) = inside {
                    request.respond(481, "Call/Transaction Does Not Exist", |_| {});
                },
                () = sleep_until(deadline) => {
                    if leaving.is_some() {
                        return Err(End::Cancelled);
                    }
                    leaving = Some(End::Unanswered);
                }
            }
            if leaving.is_some() && !is_cancelled {
                deadline = Instant::now() + T64;
            }
        }
    }

    /// Sends a CANCEL beside the INVITE, under its branch and number (RFC 3261 §9.1).
    fn cancel(&self, invite: &ClientTransaction) {
        let request = &invite.request;
        let mut cancel = Message::request(Method::Cancel, request.request_uri().unwrap_or_default());
        for name in ["Via", "From", "To", "Call-ID", "Max-Forwards"] {
            cancel.add(name, request.header(name).unwrap_or_default());
        }
        for route in request.all("Route") {
            cancel.add("Route", route);
        }
        cancel.add("CSeq", format!("{} CANCEL", request.cseq().map_or(0, |(number, _)| number)));
        let branch = request.via().map(|via| via.branch().to_owned()).unwrap_or_default();
        let sent = ClientTransaction::send(&self.core.transactions, cancel, &branch, &invite.flow);
        if let Ok(mut transaction) = sent {
            tokio::spawn(async move { transaction.last().await });
        }
    }

    /// A call out was answered.
    fn connected(&mut self, transaction: &ClientTransaction, answer: &Message, offer: &Sdp) -> Step {
        let number = transaction.request.cseq().map_or(0, |(number, _)| number);
        self.dialog.remote = answer.header("To").unwrap_or_default().to_owned();
        self.dialog.remote_tag = answer.tag_of_to();
        let routes = answer.list("Record-Route").unwrap_or_default();
        self.dialog.routes = routes.into_iter().rev().map(str::to_owned).collect();
        self.dialog.flow = transaction.flow.clone();
        self.dialog.set_target(answer.contact());
        self.peer_updates = answer.lists("Allow", "UPDATE");
        self.acknowledge(transaction, number);
        let description = read_sdp(answer).ok().flatten();
        let agreed_on =
            description.ok_or(Mismatch::NotOffered).and_then(|sdp| offer.accepts(&sdp).map(|()| sdp));
        let answer_sdp = match agreed_on {
            Ok(sdp) if !(self.secure_media && is_insecure(&sdp)) => sdp,
            Ok(_) => return Err(self.leave(End::Mismatch(Mismatch::Insecure))),
            Err(mismatch) => return Err(self.leave(End::Mismatch(mismatch))),
        };
        self.theirs = Some((answer_sdp.session, answer_sdp.version));
        self.set_session(agreed(answer));
        self.tell(Event::Answered { answer: answer_sdp })
    }

    pub(super) fn acknowledge(&self, transaction: &ClientTransaction, number: u32) {
        let ack = self.dialog.ack(&self.core, number).wire();
        let _ = self.dialog.flow.send(&ack);
        self.core.transactions.keep_ack(&transaction.key, &ack, &self.dialog.flow);
    }
}

/// A command that fits no call that is not there yet.
fn decline(command: Command) {
    match command {
        Command::Ring { reply, .. } | Command::Answer { reply, .. } => drop(reply.send(Err(Failed::State))),
        Command::Digit { reply, .. } | Command::Refer { reply, .. } => drop(reply.send(Err(Failed::State))),
        Command::Renegotiate { reply, .. } => drop(reply.send(Err(Failed::State))),
        Command::Reject { .. } | Command::HangUp | Command::Progress { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_user_may_not_hold() {
        assert_eq!(escape_user("+14155550100"), "+14155550100");
        assert_eq!(escape_user("a b@c\r\n"), "a%20b%40c%0D%0A");
    }
}
