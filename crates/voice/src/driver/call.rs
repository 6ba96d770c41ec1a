//! The call's own leg: placing it, its states and its end.

use std::time::Duration;

use auth::AccountContext;
use ledger::Purpose;
use phi::Phi;
use store::{Batch, Document, StoreError};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::{Driver, Happened};
use crate::Switchboard;
use crate::calls::events;
use crate::calls::model::{Call, Direction, Ends, Progress, Script, Status};
use crate::calls::store as calls;
use crate::limits::{HANG_UP_WAIT, PLACE_DEADLINE, TIMER_POLL};
use crate::line::{Cause, Event, Leg, Line, LineError, Order as LineOrder, Outgoing, Reference};
use crate::orders::Order;
use crate::placing::{UNREACHABLE, alert};
use crate::switchboard::{Seat, conclude, entry};

/// Hands a leg to the line. The ledger has it first. `None` when the line does not take it: then the call has failed.
pub(super) async fn place(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
    line: &dyn Line,
) -> Result<Option<Leg>, StoreError> {
    match dial(switchboard, account, call, line, Duration::from_secs(u64::from(call.facts.timeout))).await? {
        Ok(leg) => Ok(Some(leg)),
        Err(code) => {
            end(switchboard, account, call, Status::Failed, None, Some(code)).await?;
            Ok(None)
        }
    }
}

/// The same without an end.
pub(super) async fn dial(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
    line: &dyn Line,
    ring: Duration,
) -> Result<Result<Leg, u32>, StoreError> {
    let Some(ends) = call.content.clone() else { return Ok(Err(UNREACHABLE)) };
    let store = &switchboard.services().store;
    let opened = ledger::Entry {
        fields: &["from", "to"],
        ..entry("hand_to_line", vec![call.sid.to_string()], Purpose::Carriage)
    };
    let proof = ledger::disclose(store, account.scope(), &opened).await?;
    let Ends { from, to, .. } = ends.into_open(&proof);
    let is_protected = account.account.facts.designation.protected;
    let outgoing = Outgoing {
        reference: Reference { account: account.sid(), call: call.sid },
        from,
        to,
        timeout: ring,
        private_path: is_protected,
        register: account.register.clone().filter(|_| is_protected),
    };
    let placed = timeout(PLACE_DEADLINE, line.place(outgoing)).await;
    Ok(match placed.unwrap_or(Err(LineError::Unavailable)) {
        Ok(leg) => Ok(leg),
        Err(LineError::Refused(code)) => Err(code),
        Err(LineError::Unavailable) => Err(UNREACHABLE),
    })
}

/// Ends a call in this state, unless it is over already.
pub(super) async fn end(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
    status: Status,
    sip_response: Option<u16>,
    code: Option<u32>,
) -> Result<(), StoreError> {
    let now = switchboard.services().now();
    let change = |batch: &mut Batch, call: &mut Document<Call>| {
        if !call.facts.status.may_become(status) {
            return false;
        }
        call.facts.status = status;
        call.facts.ended_at = Some(now.micros());
        call.facts.sip_response = sip_response.or(call.facts.sip_response);
        call.facts.error_code = code;
        conclude(batch, account.sid(), call, now);
        if let Some(code) = code {
            alert(batch, switchboard, call.sid, code);
        }
        batch.record(entry("end_call", vec![call.sid.to_string()], Purpose::Carriage).to_bytes());
        true
    };
    switchboard.change(account.scope(), call.sid, change).await.map(drop)
}

/// The state that a leg ends in, which was never answered or was.
pub(super) fn state_of(cause: Cause, answered: bool) -> (Status, Option<u32>) {
    match (cause, answered) {
        (Cause::Failed(code), _) => (Status::Failed, Some(code)),
        (_, true) => (Status::Completed, None),
        (Cause::Busy, false) => (Status::Busy, None),
        (Cause::NoAnswer | Cause::HungUp, false) => (Status::NoAnswer, None),
    }
}

/// Writes that a leg has come to a state, with its report; says what it is then.
pub(super) async fn reach(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
    status: Status,
) -> Result<Option<Document<Call>>, StoreError> {
    let now = switchboard.services().now();
    let progress = if status == Status::InProgress { Progress::Answered } else { Progress::Ringing };
    let change = |batch: &mut Batch, call: &mut Document<Call>| {
        if !call.facts.status.may_become(status) {
            return false;
        }
        call.facts.status = status;
        call.event_at = call.event_at.or(Some(now));
        if status == Status::InProgress {
            call.facts.answered_at = Some(now.micros());
        }
        events::report(batch, account.sid(), call, progress, now);
        calls::advance(batch, call);
        true
    };
    switchboard.change(account.scope(), call.sid, change).await
}

/// Reports that a leg is being placed.
pub(super) async fn begun(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
) -> Result<Option<Document<Call>>, StoreError> {
    let now = switchboard.services().now();
    let change = |batch: &mut Batch, call: &mut Document<Call>| {
        call.event_at = Some(now);
        events::report(batch, account.sid(), call, Progress::Initiated, now);
        batch.update::<Call>(call);
        true
    };
    switchboard.change(account.scope(), call.sid, change).await
}

impl Driver {
    pub(super) async fn initiated(&mut self) -> Result<(), StoreError> {
        if let Some(call) = begun(&self.switchboard, &self.account, &self.call).await? {
            self.call = call;
        }
        Ok(())
    }

    /// Notes that the call has come to a state.
    pub(super) async fn reached(&mut self, status: Status) -> Result<(), StoreError> {
        if let Some(call) = reach(&self.switchboard, &self.account, &self.call, status).await? {
            self.call = call;
        }
        Ok(())
    }

    /// Waits until somebody answers; what the call was given to do, or `None` when nobody did.
    pub(super) async fn ring(
        &mut self,
        happenings: &mut mpsc::Receiver<Happened>,
        seat: &mut Seat,
    ) -> Result<Option<Script>, StoreError> {
        let until = self.now().plus(Duration::from_secs(u64::from(self.call.facts.timeout)));
        loop {
            let wait = until.since(self.now()).min(TIMER_POLL);
            tokio::select! {
                Some(happened) = happenings.recv() => match happened {
                    Happened::Own(Event::Ringing) => self.reached(Status::Ringing).await?,
                    Happened::Own(Event::Answered) => {
                        self.reached(Status::InProgress).await?;
                        return self.script().await.map(Some);
                    }
                    Happened::Own(Event::Ended(ended)) => {
                        self.ended = Some(ended);
                        return Ok(None);
                    }
                    _ => {}
                },
                Some(order) = seat.orders.recv() => if matches!(order, Order::End) {
                    self.unanswered = Some(Status::Canceled);
                    return Ok(None);
                },
                () = sleep(wait) => if self.now() >= until {
                    self.unanswered = Some(Status::NoAnswer);
                    return Ok(None);
                },
            }
        }
    }

    /// What the call was given to do; the ledger has it first.
    async fn script(&self) -> Result<Script, StoreError> {
        let store = &self.switchboard.services().store;
        let scope = self.account.scope();
        let Some(script): Option<Phi<Script>> = calls::script(&store.scope(scope), self.sid()).await? else {
            return Ok(Script::default());
        };
        let opened = ledger::Entry {
            fields: &["send_digits", "twiml"],
            ..entry("run_call_script", vec![self.sid().to_string()], Purpose::Carriage)
        };
        Ok(script.into_open(&ledger::disclose(store, scope, &opened).await?))
    }

    /// The call is over: its legs, its state, its last report.
    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        if self.ended.is_none() && timeout(HANG_UP_WAIT, self.orders.send(LineOrder::HangUp)).await.is_err() {
            tracing::warn!(call = %self.sid(), "a leg took no order to hang up");
        }
        self.finish_children().await?;
        let answered = self.call.facts.answered_at.is_some();
        let sip_response = self.ended.and_then(|ended| ended.sip_response);
        let (status, code) = match (self.ended, self.unanswered) {
            (_, Some(status)) if !answered => (status, None),
            (Some(ended), _) => state_of(ended.cause, answered),
            (None, _) if answered => (Status::Completed, None),
            // What came in and was not taken is as if nobody had answered.
            (None, _) if self.call.facts.direction == Direction::Inbound => (Status::NoAnswer, None),
            (None, _) => (Status::Canceled, None),
        };
        end(&self.switchboard, &self.account, &self.call, status, sip_response, code).await
    }
}
