//! The legs of `Dial`: each a call of its own, whose parent is the call that dialed.

use std::time::Duration;

use auth::SidText;
use base::{CallSid, Sid, Timestamp};
use ledger::Purpose;
use phi::Phi;
use store::{Document, StoreError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use twiml::interpreter::{Input, LegEvent, LegId, LegResult};
use twiml::voice::{CallRecording, CallStatusReports, Callback, Dial, Party};
use webhooks::WebhookUrl;

use super::call::{begun, dial, end, reach, state_of};
use super::{Driver, Happened, listen, method};
use crate::calls::model::{Call, CallFacts, Direction, End, Ends, Progress, Status};
use crate::calls::store::{self as calls, NewCall};
use crate::hook::{Hook, Target, url_fact};
use crate::limits::HANG_UP_WAIT;
use crate::line::{Cause, Ended, Event, Leg, Order as LineOrder};
use crate::placing::may_place;
use crate::switchboard::entry;

/// What a `Dial` asks for is not here.
pub(super) const NOT_SERVED: u32 = 20_501;
/// The caller ID of a `Dial` is no number of the account (13214).
const BAD_CALLER_ID: u32 = 13_214;
/// Whom a `Dial` calls is nobody who can be called (13224).
const BAD_PARTY: u32 = 13_224;

/// A leg of a `Dial`.
pub(super) struct Child {
    pub(super) call: Document<Call>,
    orders: mpsc::Sender<LineOrder>,
    answered_at: Option<Timestamp>,
    canceled: bool,
}

/// Whom to call, and what is said about it.
struct Called<'a> {
    to: String,
    status: &'a CallStatusReports,
}

/// What of a party is served here.
fn called(party: &Party) -> Result<Called<'_>, u32> {
    match party {
        Party::Number(number)
            if number.screening.url.is_none()
                && number.send_digits.is_none()
                && number.byoc.is_none()
                && number.machine_detection.is_none() =>
        {
            Ok(Called { to: number.number.clone(), status: &number.status })
        }
        Party::Sip(sip)
            if sip.screening.url.is_none() && sip.headers.is_empty() && sip.machine_detection.is_none() =>
        {
            match sip.targets.as_slice() {
                [target] if target.username.is_none() && target.password.is_none() => {
                    Ok(Called { to: target.uri.clone(), status: &sip.status })
                }
                _ => Err(NOT_SERVED),
            }
        }
        Party::Number(_)
        | Party::Sip(_)
        | Party::Client(_)
        | Party::Application(_)
        | Party::Sim(_)
        | Party::WhatsApp(_) => Err(NOT_SERVED),
    }
}

/// What is reported of a leg, and where.
fn reports(status: &CallStatusReports) -> (Target, Vec<Progress>) {
    let Some(Callback { url, method: how }) = &status.callback else {
        return (Target::default(), Vec::new());
    };
    let events = &status.events;
    let wanted = [
        (events.initiated, Progress::Initiated),
        (events.ringing, Progress::Ringing),
        (events.answered, Progress::Answered),
        (events.completed, Progress::Completed),
    ];
    let wanted: Vec<_> = wanted.into_iter().filter(|(is, _)| *is).map(|(_, event)| event).collect();
    let wanted = if wanted.is_empty() { vec![Progress::Completed] } else { wanted };
    (Target { url: Some(url.clone()), method: method(*how) }, wanted)
}

impl Driver {
    /// Calls these, all at once.
    pub(super) async fn dial(
        &mut self,
        legs: Vec<(LegId, Party)>,
        settings: &Dial,
    ) -> Result<(), StoreError> {
        for (leg, party) in legs {
            match self.begin_leg(leg, &party, settings).await? {
                Ok(()) => {}
                Err(code) => {
                    let result = LegResult::Failed { code: Some(code) };
                    self.leg_over(leg, result, Duration::ZERO);
                }
            }
        }
        Ok(())
    }

    fn leg_over(&mut self, leg: LegId, result: LegResult, duration: Duration) {
        self.tell(Input::Leg { leg, event: LegEvent::Ended { result, duration, recorded: None } });
    }

    /// Begins a leg: checked like a call of the API, on disk, then on the line.
    async fn begin_leg(
        &mut self,
        leg: LegId,
        party: &Party,
        settings: &Dial,
    ) -> Result<Result<(), u32>, StoreError> {
        // Whoever wants a recording and gets none would not know it.
        if settings.record != CallRecording::DoNotRecord || settings.refer.url.is_some() {
            return Ok(Err(NOT_SERVED));
        }
        let called = match called(party) {
            Ok(called) => called,
            Err(code) => return Ok(Err(code)),
        };
        let Some(to) = End::parse(&called.to) else { return Ok(Err(BAD_PARTY)) };
        let Some(account) = self.switchboard.account(self.account.sid()).await? else {
            return Ok(Err(BAD_PARTY));
        };
        let (from, number) = match self.caller_id(settings.caller_id.as_deref()).await? {
            Ok(found) => found,
            Err(code) => return Ok(Err(code)),
        };
        let ends = from.map(|from| Ends { from, to: to.into_string(), forwarded_from: None });
        let (status_callback, events) = reports(called.status);
        let mut urls = Vec::new();
        if let Some(url) = &status_callback.url {
            match (WebhookUrl::parse(url), url_fact(&account, "statusCallback", url, status_callback.method))
            {
                (Ok(_), Ok(fact)) => urls.push(fact),
                _ => return Ok(Err(BAD_PARTY)),
            }
        }
        if let Err(code) = may_place(&self.switchboard, &account, &ends, &urls).await? {
            return Ok(Err(code));
        }
        let Some(line) = self.switchboard.inner.line.0.clone() else {
            return Ok(Err(crate::placing::UNREACHABLE));
        };

        let store = &self.switchboard.services().store;
        let (scope, now) = (account.scope(), self.now());
        let sid = CallSid::generate_at(store.random().as_ref(), now);
        let facts = CallFacts {
            status: Status::Queued,
            direction: Direction::OutboundDial,
            number: number.map(SidText),
            hook: Hook { status_callback, ..Hook::default() },
            events,
            timeout: u32::try_from(settings.timeout.as_secs()).unwrap_or(u32::MAX),
            time_limit: u32::try_from(settings.time_limit.as_secs()).unwrap_or(u32::MAX),
            answered_at: None,
            ended_at: None,
            sip_response: None,
            error_code: None,
            reports: 0,
            host: Some(self.switchboard.host()),
        };
        let key = store.scope(scope).digest_key().await?;
        let mut batch = store.batch(scope);
        let new = NewCall { sid, parent: Some(self.sid()), facts, ends, script: None, created_at: now };
        let call = calls::insert(&mut batch, &key, new);
        batch.record(
            entry("dial_leg", vec![sid.to_string(), self.sid().to_string()], Purpose::Carriage).to_bytes(),
        );
        store.commit(batch).await?;
        self.tell(Input::Leg { leg, event: LegEvent::Started { call_sid: sid.to_string() } });
        let ring = settings.timeout;
        match dial(&self.switchboard, &account, &call, line.as_ref(), ring).await? {
            Ok(Leg { orders, events }) => {
                let call = begun(&self.switchboard, &account, &call).await?.unwrap_or(call);
                listen(events, self.happened.clone(), move |event| Happened::Child(leg, event));
                let child = Child { call, orders, answered_at: None, canceled: false };
                self.children.insert(leg, child);
                Ok(Ok(()))
            }
            Err(code) => {
                end(&self.switchboard, &account, &call, Status::Failed, None, Some(code)).await?;
                Ok(Err(code))
            }
        }
    }

    /// Whom the called party sees: the number that the document names, if it is the account's or one of the call's own
    /// ends; else the caller of a call that came in, or the number of ours that called.
    async fn caller_id(
        &self,
        named: Option<&str>,
    ) -> Result<Result<(Phi<String>, Option<base::PhoneNumberSid>), u32>, StoreError> {
        let Some(ends) = self.call.content.clone() else { return Ok(Err(BAD_CALLER_ID)) };
        let own = self.call.facts.number.map(|sid| sid.0);
        let Some(named) = named else {
            let number = own.filter(|_| self.call.facts.direction != Direction::Inbound);
            return Ok(Ok((ends.map(|ends| ends.from), number)));
        };
        let Some(named) = End::parse(named).map(End::into_string) else { return Ok(Err(BAD_CALLER_ID)) };
        let (store, scope) = (&self.switchboard.services().store, self.account.scope());
        if let Some(found) = self.switchboard.inner.neighbours.number(store, scope, &named).await? {
            return Ok(Ok((Phi::new(named), Some(found.sid))));
        }
        let is_end = ends.learn(|ends| crate::calls::model::Yes(named == ends.from || named == ends.to)).0;
        Ok(if is_end { Ok((Phi::new(named), None)) } else { Err(BAD_CALLER_ID) })
    }

    pub(super) async fn child_event(&mut self, leg: LegId, event: Event) -> Result<(), StoreError> {
        let now = self.now();
        let Some(child) = self.children.get_mut(&leg) else { return Ok(()) };
        let told = match event {
            Event::Ringing => {
                let reached = reach(&self.switchboard, &self.account, &child.call, Status::Ringing).await?;
                child.call = reached.unwrap_or_else(|| child.call.clone());
                Some(LegEvent::Ringing)
            }
            Event::Answered => {
                let reached =
                    reach(&self.switchboard, &self.account, &child.call, Status::InProgress).await?;
                child.call = reached.unwrap_or_else(|| child.call.clone());
                child.answered_at = Some(now);
                Some(LegEvent::Answered)
            }
            Event::Ended(ended) => {
                self.child_over(leg, ended).await?;
                None
            }
            Event::Digit(_) | Event::Played(_) | Event::NotPlayed { .. } => None,
        };
        if let Some(event) = told {
            self.tell(Input::Leg { leg, event });
        }
        Ok(())
    }

    async fn child_over(&mut self, leg: LegId, ended: Ended) -> Result<(), StoreError> {
        let Some(child) = self.children.remove(&leg) else { return Ok(()) };
        let (status, code) = ended_as(&child, ended.cause);
        end(&self.switchboard, &self.account, &child.call, status, ended.sip_response, code).await?;
        let duration = child.answered_at.map_or(Duration::ZERO, |at| self.now().since(at));
        let result = match status {
            Status::Busy => LegResult::Busy,
            Status::NoAnswer => LegResult::NoAnswer,
            Status::Canceled => LegResult::Canceled,
            Status::Failed => LegResult::Failed { code },
            _ => LegResult::Completed,
        };
        self.leg_over(leg, result, duration);
        Ok(())
    }

    /// Connects the caller with a leg.
    pub(super) async fn bridge(&self, leg: LegId) {
        if let Some(child) = self.children.get(&leg) {
            self.order(LineOrder::Bridge(self.reference(child.call.sid))).await;
        }
    }

    /// Ends a leg; its end is told when it has come.
    pub(super) async fn hang_up_leg(&mut self, leg: LegId) -> Result<(), StoreError> {
        let Some(child) = self.children.get_mut(&leg) else { return Ok(()) };
        child.canceled = child.answered_at.is_none();
        if child.orders.send(LineOrder::HangUp).await.is_err() {
            let ended = Ended { cause: Cause::HungUp, sip_response: None };
            self.child_over(leg, ended).await?;
        }
        Ok(())
    }

    /// The call is over, and so are its legs.
    pub(super) async fn finish_children(&mut self) -> Result<(), StoreError> {
        for (_, mut child) in std::mem::take(&mut self.children) {
            child.canceled = child.answered_at.is_none();
            if timeout(HANG_UP_WAIT, child.orders.send(LineOrder::HangUp)).await.is_err() {
                tracing::warn!(call = %child.call.sid, "a leg took no order to hang up");
            }
            let (status, code) = ended_as(&child, Cause::HungUp);
            end(&self.switchboard, &self.account, &child.call, status, None, code).await?;
        }
        Ok(())
    }
}

/// The state that a leg ends in.
fn ended_as(child: &Child, cause: Cause) -> (Status, Option<u32>) {
    match state_of(cause, child.answered_at.is_some()) {
        (Status::NoAnswer, _) if child.canceled && cause == Cause::HungUp => (Status::Canceled, None),
        other => other,
    }
}
