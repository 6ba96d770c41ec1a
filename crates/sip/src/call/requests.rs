//! What the other side asks for in a call.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::commands::say_session;
use super::{Call, Deciding, Referring, Step, read_sdp, reason};
use crate::endpoint::is_insecure;
use crate::leg::{End, Event, Referral, Renegotiation};
use crate::limits::{DECISION, MIN_SE_SECONDS};
use crate::message::{ALLOW, Message, Method, Refusal};
use crate::sdp::{Mismatch, Sdp};
use crate::session_timer::{Agreement, agree};
use crate::transaction::ServerTransaction;
use crate::uri::NameAddress;

impl Call {
    pub(super) fn request(&mut self, mut transaction: ServerTransaction) -> Step {
        let request = Arc::clone(&transaction.request);
        // Whoever knows the tags may not be the one who made them: the other side's must fit, too.
        if request.tag_of_from() != self.dialog.remote_tag {
            transaction.respond(481, "Call/Transaction Does Not Exist", |_| {});
            return Ok(());
        }
        if self.dialog.flow.transport.is_secure() && !transaction.flow.transport.is_secure() {
            transaction.respond(403, reason(403), |_| {});
            return Ok(());
        }
        let number = request.cseq().map_or(0, |(number, _)| number);
        if self.dialog.remote_cseq.is_some_and(|last| number <= last) {
            transaction.respond(500, reason(500), |_| {});
            return Ok(());
        }
        self.dialog.remote_cseq = Some(number);
        match request.method() {
            Method::Bye => {
                transaction.respond(200, "OK", |_| {});
                if let Some((mut invite, _, _)) = self.ringing.take() {
                    invite.respond(487, reason(487), |_| {});
                }
                Err(End::ByPeer)
            }
            Method::Invite | Method::Update => self.offered(transaction, &request),
            Method::Info => {
                self.info(&mut transaction, &request);
                Ok(())
            }
            Method::Refer => {
                self.refer(transaction, &request);
                Ok(())
            }
            Method::Notify => {
                self.notified(&mut transaction, &request);
                Ok(())
            }
            Method::Options => {
                transaction.respond(200, "OK", |response| response.add("Allow", ALLOW));
                Ok(())
            }
            _ => {
                let respond = |response: &mut Message| response.add("Allow", ALLOW);
                transaction.respond(405, "Method Not Allowed", respond);
                Ok(())
            }
        }
    }

    /// A re-INVITE or an UPDATE.
    fn offered(&mut self, mut transaction: ServerTransaction, request: &Message) -> Step {
        let is_invite = request.method() == Method::Invite;
        if self.ringing.is_some() || self.deciding.is_some() || self.unacked.is_some() {
            transaction.respond(500, reason(500), |response| response.add("Retry-After", "1"));
            return Ok(());
        }
        if self.pending.is_some() {
            transaction.respond(491, reason(491), |_| {});
            return Ok(());
        }
        let session = match agree(request, self.core.session_seconds) {
            Agreement::Agreed(session) => session,
            Agreement::Malformed => {
                transaction.respond(400, reason(400), |_| {});
                return Ok(());
            }
            Agreement::TooBrief => {
                transaction.respond(422, "Session Interval Too Small", |response| {
                    response.add("Min-SE", MIN_SE_SECONDS.to_string());
                });
                return Ok(());
            }
        };
        let offer = match read_sdp(request) {
            Ok(offer) => offer,
            Err(Refusal(code, phrase)) => {
                transaction.respond(code, phrase, |_| {});
                return Ok(());
            }
        };
        if self.secure_media && offer.as_ref().is_some_and(is_insecure) {
            transaction.respond(488, reason(488), |_| {});
            return Ok(());
        }
        // The way that the other side uses now is the one that it can be reached by.
        if transaction.flow.is_reliable() || !self.dialog.is_routed {
            self.dialog.flow = transaction.reply().clone();
        }
        self.dialog.set_target(request.contact());
        let Some(ours) = self.ours.clone() else {
            transaction.respond(500, reason(500), |_| {});
            return Ok(());
        };
        match offer {
            None if is_invite => self.accept(transaction, &ours, Some(session), Some(ours.clone())),
            None => {
                let contact = self.dialog.contact(&self.core);
                transaction.respond(200, "OK", |response| {
                    response.add("Contact", contact);
                    say_session(response, Some(session));
                });
                self.set_session(Some(session));
            }
            // The same description again: nothing but a refresh (RFC 3264 §8).
            Some(offer) if self.theirs == Some((offer.session, offer.version)) => {
                self.accept(transaction, &ours, Some(session), None);
            }
            Some(offer) => {
                let (reply, answer) = oneshot::channel();
                let version = (offer.session, offer.version);
                if self.events.try_send(Event::Offer(Renegotiation { offer, reply })).is_err() {
                    transaction.respond(500, reason(500), |_| {});
                    return Ok(());
                }
                self.theirs = Some(version);
                let deadline = Instant::now() + DECISION;
                self.deciding = Some(Deciding { transaction, answer, session, deadline });
            }
        }
        Ok(())
    }

    pub(super) fn decided(&mut self, answer: Option<Result<Sdp, u16>>) -> Step {
        let Some(mut deciding) = self.deciding.take() else { return Ok(()) };
        let refused = match answer {
            Some(Ok(answer)) if self.secure_media && is_insecure(&answer) => 488,
            Some(Ok(answer)) => {
                self.accept(deciding.transaction, &answer, Some(deciding.session), None);
                self.ours = Some(answer);
                return Ok(());
            }
            Some(Err(code)) if (400..700).contains(&code) => code,
            Some(Err(_)) | None => 488,
        };
        // What was refused did not happen: the same offer may come again.
        self.theirs = None;
        deciding.transaction.respond(refused, reason(refused), |_| {});
        Ok(())
    }

    pub(super) fn acked(&mut self, ack: &Message) -> Step {
        let number = ack.cseq().map(|(number, _)| number);
        let Some(unacked) = self.unacked.take_if(|unacked| Some(unacked.number) == number) else {
            return Ok(());
        };
        if self.is_leaving {
            return Err(self.leave(End::ByUs));
        }
        let Some(offered) = unacked.offered else { return Ok(()) };
        match read_sdp(ack).ok().flatten().map(|answer| offered.accepts(&answer).map(|()| answer)) {
            Some(Ok(answer)) => {
                self.theirs = Some((answer.session, answer.version));
                self.tell(Event::Answered { answer })
            }
            Some(Err(mismatch)) => Err(self.leave(End::Mismatch(mismatch))),
            None => Err(self.leave(End::Mismatch(Mismatch::NotOffered))),
        }
    }

    pub(super) fn cancelled(&mut self) -> Step {
        let Some((mut transaction, _, _)) = self.ringing.take() else { return Ok(()) };
        transaction.respond(487, reason(487), |_| {});
        Err(End::Cancelled)
    }

    fn info(&mut self, transaction: &mut ServerTransaction, request: &Message) {
        if request.body.is_empty() {
            transaction.respond(200, "OK", |_| {});
            return;
        }
        let read = if request.is_type("application/dtmf-relay") {
            read_dtmf_relay(&request.body)
        } else if request.is_type("application/dtmf") {
            read_dtmf(&request.body)
        } else {
            transaction.respond(415, reason(415), |response| {
                response.add("Accept", "application/dtmf-relay, application/dtmf");
            });
            return;
        };
        let told = read
            .map(|(digit, duration_ms)| self.events.try_send(Event::Digit { digit, duration_ms }).is_ok());
        match told {
            Some(true) => transaction.respond(200, "OK", |_| {}),
            Some(false) => transaction.respond(503, reason(503), |response| response.add("Retry-After", "1")),
            None => transaction.respond(400, reason(400), |_| {}),
        };
    }

    fn refer(&mut self, mut transaction: ServerTransaction, request: &Message) {
        if self.ringing.is_some() || self.referring.is_some() {
            transaction.respond(491, reason(491), |_| {});
            return;
        }
        let target = match request.list("Refer-To").as_deref() {
            // Methods and header fields inside of the URI are refused with it.
            Some([one]) => NameAddress::parse(one).ok(),
            _ => None,
        };
        let Some(target) = target else {
            transaction.respond(400, "Bad Refer-To", |_| {});
            return;
        };
        let (reply, answer) = oneshot::channel();
        let referral = Referral { target: target.uri.text(), reply, control: self.control.clone() };
        if self.events.try_send(Event::Transfer(referral)).is_err() {
            transaction.respond(503, reason(503), |_| {});
            return;
        }
        self.referring = Some(Referring { transaction, answer, deadline: Instant::now() + DECISION });
    }

    pub(super) fn referred(&mut self, answer: Option<Result<(), u16>>) {
        let Some(mut referring) = self.referring.take() else { return };
        match answer {
            Some(Ok(())) => {
                let contact = self.dialog.contact(&self.core);
                referring.transaction.respond(202, "Accepted", |response| response.add("Contact", contact));
                self.notify(100);
            }
            Some(Err(code)) if (400..700).contains(&code) => {
                referring.transaction.respond(code, reason(code), |_| {});
            }
            Some(Err(_)) | None => {
                referring.transaction.respond(603, reason(603), |_| {});
            }
        }
    }

    fn notified(&mut self, transaction: &mut ServerTransaction, request: &Message) {
        let event = request.header("Event").and_then(|event| event.split(';').next()).unwrap_or_default();
        if !event.trim().eq_ignore_ascii_case("refer") || !request.is_type("message/sipfrag") {
            transaction.respond(489, "Bad Event", |_| {});
            return;
        }
        let line = std::str::from_utf8(&request.body).ok().and_then(|text| text.lines().next());
        let code = line.and_then(|line| line.strip_prefix("SIP/2.0 ")?.get(..3)?.parse::<u16>().ok());
        match code {
            Some(code @ 100..700) => {
                // Progress that nobody reads is lost; the call is not.
                let _ = self.events.try_send(Event::TransferProgress { code });
                transaction.respond(200, "OK", |_| {});
            }
            _ => {
                transaction.respond(400, reason(400), |_| {});
            }
        }
    }
}

pub(super) fn is_digit(digit: char) -> bool {
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D')
}

fn read_dtmf_relay(body: &[u8]) -> Option<(char, Option<u16>)> {
    let (mut digit, mut duration_ms) = (None, None);
    for line in std::str::from_utf8(body).ok()?.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "signal" => digit = one_digit(value),
            "duration" => duration_ms = value.trim().parse().ok(),
            _ => {}
        }
    }
    Some((digit?, duration_ms))
}

fn read_dtmf(body: &[u8]) -> Option<(char, Option<u16>)> {
    Some((one_digit(std::str::from_utf8(body).ok()?)?, None))
}

fn one_digit(text: &str) -> Option<char> {
    let mut characters = text.trim().chars();
    let digit = match (characters.next()?, characters.as_str()) {
        ('1', "0") => '*',
        ('1', "1") => '#',
        (digit, "") => digit.to_ascii_uppercase(),
        _ => return None,
    };
    is_digit(digit).then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_digits_of_both_kinds() {
        assert_eq!(read_dtmf_relay(b"Signal=5\r\nDuration=160\r\n"), Some(('5', Some(160))));
        assert_eq!(read_dtmf_relay(b"signal= * \n"), Some(('*', None)));
        assert_eq!(read_dtmf_relay(b"Signal=10"), Some(('*', None)));
        assert_eq!(read_dtmf(b"#"), Some(('#', None)));
        for body in [&b"Signal=55"[..], b"Duration=1", b"Signal=x", b"\xff"] {
            assert_eq!(read_dtmf_relay(body), None);
        }
    }
}
