//! What the application says, and what becomes of it.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::requests::is_digit;
use super::{Call, Pending, Step, Unacked, put_sdp, read_sdp, reason};
use crate::endpoint::is_insecure;
use crate::leg::{Command, End, Failed};
use crate::limits::{T1, T2, T64};
use crate::message::{ALLOW, Message, Method, SUPPORTED};
use crate::sdp::{Mismatch, Sdp};
use crate::session_timer::{Refresher, Session, agreed};
use crate::transaction::{Answer, ServerTransaction};
use crate::uri::{NameAddress, Uri};

impl Call {
    pub(super) async fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Ring { early, reply } => {
                // Whoever asked may be gone; what was done is done.
                let _ = reply.send(self.ring(early));
                Ok(())
            }
            Command::Answer { answer, reply } => {
                let _ = reply.send(self.answer(answer));
                Ok(())
            }
            Command::Reject { code } => match self.ringing.take() {
                Some((mut transaction, _, _)) => {
                    let code = if (300..700).contains(&code) { code } else { 480 };
                    transaction.respond(code, reason(code), |_| {});
                    Err(End::Refused(code))
                }
                None => Ok(()),
            },
            Command::HangUp => self.hang_up(),
            Command::Renegotiate { offer, reply } => {
                self.renegotiate(offer, reply).await;
                Ok(())
            }
            Command::Digit { digit, duration_ms, reply } => {
                self.send_digit(digit, duration_ms, reply);
                Ok(())
            }
            Command::Refer { to, reply } => {
                self.send_refer(&to, reply);
                Ok(())
            }
            Command::Progress { code } => {
                self.notify(code);
                Ok(())
            }
        }
    }

    fn ring(&mut self, early: Option<Sdp>) -> Result<(), Failed> {
        let Some((transaction, _, _)) = &mut self.ringing else { return Err(Failed::State) };
        if self.secure_media && early.as_ref().is_some_and(is_insecure) {
            return Err(Failed::Mismatch(Mismatch::Insecure));
        }
        let contact = self.dialog.contact(&self.core);
        let (code, phrase) = if early.is_some() { (183, "Session Progress") } else { (180, "Ringing") };
        transaction.respond(code, phrase, |response| {
            response.add("Contact", contact);
            if let Some(early) = &early {
                put_sdp(response, early);
            }
        });
        Ok(())
    }

    fn answer(&mut self, answer: Sdp) -> Result<(), Failed> {
        if self.secure_media && is_insecure(&answer) {
            return Err(Failed::Mismatch(Mismatch::Insecure));
        }
        let (transaction, _, _) = self.ringing.take().ok_or(Failed::State)?;
        // Without an offer in the INVITE this is one.
        let offered = self.theirs.is_none().then(|| answer.clone());
        let session = self.session;
        self.accept(transaction, &answer, session, offered);
        self.ours = Some(answer);
        Ok(())
    }

    /// Sends a 200 with a description, and repeats it until its ACK when it answers an INVITE.
    pub(super) fn accept(
        &mut self,
        mut transaction: ServerTransaction,
        answer: &Sdp,
        session: Option<Session>,
        offered: Option<Sdp>,
    ) {
        let contact = self.dialog.contact(&self.core);
        let wire = transaction.respond(200, "OK", |response| {
            response.add("Contact", contact);
            say_session(response, session);
            put_sdp(response, answer);
        });
        self.set_session(session);
        if transaction.request.method() == Method::Invite {
            let now = Instant::now();
            self.unacked = Some(Unacked {
                wire,
                flow: transaction.reply().clone(),
                number: transaction.request.cseq().map_or(0, |(number, _)| number),
                pause: T1,
                resend_at: now + T1,
                deadline: now + T64,
                offered,
            });
        }
    }

    /// Ends the call as far as it has got.
    pub(super) fn hang_up(&mut self) -> Step {
        if let Some((mut transaction, _, _)) = self.ringing.take() {
            transaction.respond(480, reason(480), |_| {});
            return Err(End::Refused(480));
        }
        if self.unacked.is_some() {
            self.is_leaving = true;
            return Ok(());
        }
        Err(self.leave(End::ByUs))
    }

    /// Says BYE, and does not wait for what becomes of it.
    pub(super) fn leave(&mut self, end: End) -> End {
        let bye = self.dialog.request(&self.core, Method::Bye);
        tokio::spawn(self.dialog.clone().transact(Arc::clone(&self.core), bye));
        end
    }

    async fn renegotiate(&mut self, offer: Sdp, reply: oneshot::Sender<Result<Sdp, Failed>>) {
        let failed = if self.secure_media && is_insecure(&offer) {
            Some(Failed::Mismatch(Mismatch::Insecure))
        } else if self.ringing.is_some() {
            Some(Failed::State)
        } else if self.pending.is_some() || self.deciding.is_some() || self.unacked.is_some() {
            Some(Failed::Busy)
        } else {
            None
        };
        if let Some(failed) = failed {
            let _ = reply.send(Err(failed));
            return;
        }
        let mut request = self.dialog.request(&self.core, Method::Invite);
        self.add_session(&mut request);
        put_sdp(&mut request, &offer);
        match self.dialog.send(&self.core, request).await {
            Ok(transaction) => self.pending = Some(Pending { transaction, offer, reply: Some(reply) }),
            Err(_) => drop(reply.send(Err(Failed::NoAnswer))),
        }
    }

    fn send_digit(&mut self, digit: char, duration_ms: u16, reply: oneshot::Sender<Result<(), Failed>>) {
        let digit = digit.to_ascii_uppercase();
        if !is_digit(digit) || self.ringing.is_some() {
            let _ = reply.send(Err(if self.ringing.is_some() { Failed::State } else { Failed::Invalid }));
            return;
        }
        let mut request = self.dialog.request(&self.core, Method::Info);
        let body = format!("Signal={digit}\r\nDuration={duration_ms}\r\n");
        request.set_body("application/dtmf-relay", body.into_bytes());
        self.ask(request, reply);
    }

    fn send_refer(&mut self, to: &Uri, reply: oneshot::Sender<Result<(), Failed>>) {
        if self.ringing.is_some() {
            let _ = reply.send(Err(Failed::State));
            return;
        }
        let mut request = self.dialog.request(&self.core, Method::Refer);
        request.add("Refer-To", NameAddress::of(to.clone()).text());
        let mut referrer = self.dialog.local.clone();
        referrer.parameters.clear();
        request.add("Referred-By", referrer.text());
        self.ask(request, reply);
    }

    /// Sends a request beside the call, and tells whether it was taken.
    fn ask(&self, request: Message, reply: oneshot::Sender<Result<(), Failed>>) {
        let transaction = self.dialog.clone().transact(Arc::clone(&self.core), request);
        tokio::spawn(async move {
            let result = match transaction.await.and_then(|answer| answer.code()) {
                None => Err(Failed::NoAnswer),
                Some(200..300) => Ok(()),
                Some(code) => Err(Failed::Status(code)),
            };
            let _ = reply.send(result);
        });
    }

    /// Tells how far a transfer got (RFC 3515 §2.4.5).
    pub(super) fn notify(&self, code: u16) {
        let code = if (100..700).contains(&code) { code } else { 500 };
        let mut notify = self.dialog.request(&self.core, Method::Notify);
        notify.add("Event", "refer");
        let state = if code < 200 { "active;expires=180" } else { "terminated;reason=noresource" };
        notify.add("Subscription-State", state);
        let phrase = match code {
            100 => "Trying",
            180 => "Ringing",
            200 => "OK",
            _ => reason(code),
        };
        notify.set_body("message/sipfrag;version=2.0", format!("SIP/2.0 {code} {phrase}\r\n").into_bytes());
        tokio::spawn(self.dialog.clone().transact(Arc::clone(&self.core), notify));
    }

    /// Our re-INVITE or UPDATE was answered.
    pub(super) async fn pending_answered(&mut self, answer: Answer) -> Step {
        let answer = match answer {
            Answer::Provisional(_) => return Ok(()),
            Answer::Final(answer) => Some(answer),
            Answer::None => None,
        };
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let Some(answer) = answer else {
            return self.pending_failed(pending, Failed::NoAnswer, 408);
        };
        let code = answer.code().unwrap_or_default();
        let is_invite = pending.transaction.request.method() == Method::Invite;
        if (300..).contains(&code) {
            let again = self.dialog.answer_challenge(&self.core, &pending.transaction.request, &answer);
            if let Some(again) = again
                && let Ok(transaction) = self.dialog.send(&self.core, again).await
            {
                self.pending = Some(Pending { transaction, ..pending });
                return Ok(());
            }
            return self.pending_failed(pending, Failed::Status(code), code);
        }
        if is_invite {
            let number = pending.transaction.request.cseq().map_or(0, |(number, _)| number);
            self.acknowledge(&pending.transaction, number);
        }
        self.dialog.set_target(answer.contact());
        let refreshed = agreed(&answer).or(self.session.filter(|_| pending.reply.is_none()));
        self.set_session(refreshed);
        let description = read_sdp(&answer).ok().flatten();
        let Some(reply) = pending.reply else { return Ok(()) };
        let agreed_on =
            description.ok_or(Mismatch::NotOffered).and_then(|sdp| pending.offer.accepts(&sdp).map(|()| sdp));
        match agreed_on {
            Ok(sdp) => {
                self.theirs = Some((sdp.session, sdp.version));
                self.ours = Some(pending.offer);
                let _ = reply.send(Ok(sdp));
                Ok(())
            }
            // Both sides think differently of the media now.
            Err(mismatch) => {
                let _ = reply.send(Err(Failed::Mismatch(mismatch)));
                Err(self.leave(End::Mismatch(mismatch)))
            }
        }
    }

    fn pending_failed(&mut self, pending: Pending, failed: Failed, code: u16) -> Step {
        let is_refresh = pending.reply.is_none();
        if let Some(reply) = pending.reply {
            let _ = reply.send(Err(failed));
        }
        match code {
            // The other side knows nothing of the call, or is gone (RFC 3261 §12.2.1.2).
            408 | 481 => Err(self.leave(End::Expired)),
            // Both wanted something at once: again, after a while (§14.1).
            491 if is_refresh => {
                self.session_at = Some(Instant::now() + T2);
                Ok(())
            }
            _ if is_refresh => Err(self.leave(End::Expired)),
            _ => Ok(()),
        }
    }
}

pub(super) fn say_session(response: &mut Message, session: Option<Session>) {
    response.add("Allow", ALLOW);
    response.add("Supported", SUPPORTED);
    if let Some(session) = session {
        response.add("Session-Expires", session.header(false));
        if session.refresher == Refresher::Peer {
            response.add("Require", "timer");
        }
    }
}
