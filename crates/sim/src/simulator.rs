//! The carrier itself: what happens at a submission, and what is on the handsets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base::{AccountSid, Clock, PhoneNumber, Timestamp, VirtualClock};
use data_encoding::HEXLOWER;
use messaging::carrier::{
    Attachment, Carrier, CarrierError, InForce, Receipt, Reference, Submission, Submitting,
};
use phi::Phi;
use tokio::sync::Notify;

use crate::faults::{Fault, FaultKind, Faults, TooManyFaults};
use crate::limits::{HANDSETS, MESSAGES_PER_HANDSET, RECEIPT_DELAY, REMEMBERED_MESSAGES};
use crate::outcome::{self, EXPIRED, Outcome, UNKNOWN_HANDSET};
use crate::phones::Phones;
use crate::receipts::Receipts;
use crate::recent::Recent;

/// The simulated carrier. Clones share everything.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) clock: Arc<VirtualClock>,
    /// Notified when a receipt was scheduled or the clock was moved.
    pub(crate) changed: Notify,
    state: Mutex<State>,
    phones: Mutex<Phones>,
}

pub(crate) struct State {
    handsets: Recent<PhoneNumber, VecDeque<HandsetMessage>>,
    /// Accepted messages, with the receipt each of them gets.
    accepted: Recent<Reference, Option<Receipt>>,
    attempts: Recent<Reference, u32>,
    faults: Faults,
    pub(crate) receipts: Receipts,
    duplicates: u64,
}

/// A message on a handset.
#[derive(Clone, Debug)]
pub struct HandsetMessage {
    /// Which message, and whose.
    pub reference: Reference,
    /// The sender.
    pub from: Phi<String>,
    /// The handset's number, as it was written.
    pub to: Phi<String>,
    /// The text.
    pub body: Phi<String>,
    /// What it brought.
    pub media: Vec<HandsetMedia>,
    /// When the handset gets it, by the virtual clock.
    pub received_at: Timestamp,
}

/// A medium on a handset: what is needed to tell that it is the one that was sent. The bytes are not kept.
#[derive(Clone, Debug)]
pub struct HandsetMedia {
    /// What it is.
    pub content_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// Their SHA-256: whoever has the medium knows it again, nobody else learns anything; protected all the same.
    pub sha256: Phi<String>,
}

impl Simulator {
    /// A carrier with no handsets yet. `clock` is the one that the store goes by.
    pub fn new(clock: Arc<VirtualClock>) -> Self {
        let state = State {
            handsets: Recent::new(HANDSETS),
            accepted: Recent::new(REMEMBERED_MESSAGES),
            attempts: Recent::new(REMEMBERED_MESSAGES),
            faults: Faults::default(),
            receipts: Receipts::default(),
            duplicates: 0,
        };
        Self {
            inner: Arc::new(Inner {
                clock,
                changed: Notify::new(),
                state: Mutex::new(state),
                phones: Mutex::default(),
            }),
        }
    }

    /// What a handset has received by now, newest last.
    pub fn messages(&self, handset: &PhoneNumber) -> Vec<HandsetMessage> {
        let now = self.now();
        let state = self.state();
        let all = state.handsets.get(handset).into_iter().flatten();
        let mut received: Vec<_> = all.filter(|message| message.received_at <= now).cloned().collect();
        received.sort_by_key(|message| message.received_at);
        received
    }

    /// How many submissions were of a message that had been accepted before.
    pub fn duplicates(&self) -> u64 {
        self.state().duplicates
    }

    /// Adds a fault script.
    ///
    /// # Errors
    /// [`TooManyFaults`] when its account has as many as it may have.
    pub fn add_fault(&self, fault: Fault) -> Result<(), TooManyFaults> {
        self.state().faults.add(fault)
    }

    /// The fault scripts of an account that are not used up; all of them for `None`, the operator.
    pub fn faults(&self, owner: Option<AccountSid>) -> Vec<Fault> {
        self.state().faults.list(owner)
    }

    /// Ends the fault scripts of an account; all of them for `None`, the operator.
    pub fn clear_faults(&self, owner: Option<AccountSid>) {
        self.state().faults.clear(owner);
    }

    /// The present instant, by the virtual clock.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Moves the virtual clock forward, and gives what has become due.
    pub fn advance(&self, by: Duration) {
        self.inner.clock.advance(by);
        self.inner.changed.notify_one();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // What is behind the lock is consistent after every statement, so a panic elsewhere spoils nothing.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn phones(&self) -> MutexGuard<'_, Phones> {
        // As above.
        self.inner.phones.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, mut submission: Submission) -> Result<(), CarrierError> {
        let mut media = Vec::new();
        for Attachment { content_type, reader, .. } in submission.media.drain(..) {
            let size = reader.size();
            let bytes = reader.whole().await.map_err(|_| CarrierError::Unavailable)?;
            let sha256 = Phi::new(HEXLOWER.encode(digest(&SHA256, &bytes).as_ref()));
            media.push(HandsetMedia { content_type, size, sha256 });
        }
        let now = self.now();
        let to = PhoneNumber::parse(&submission.to).map_err(|_| CarrierError::Rejected(UNKNOWN_HANDSET))?;
        let result = self.state().take(submission, media, &to, now);
        self.inner.changed.notify_one();
        result
    }
}

impl Carrier for Simulator {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        Box::pin(self.take(submission))
    }

    /// It reaches nobody.
    fn is_covered(&self, _: &InForce) -> bool {
        true
    }

    fn takes_mms(&self, _: &str) -> bool {
        true
    }
}

impl State {
    fn take(
        &mut self,
        submission: Submission,
        media: Vec<HandsetMedia>,
        to: &PhoneNumber,
        now: Timestamp,
    ) -> Result<(), CarrierError> {
        let reference = submission.reference;
        if self.receipts.is_full() {
            return Err(CarrierError::Unavailable);
        }
        if let Some(receipt) = self.accepted.get(&reference).copied() {
            // Whoever submits again does not know of the first time, and may have missed its receipt.
            self.duplicates += 1;
            self.schedule(now.plus(RECEIPT_DELAY), reference, receipt);
            return Ok(());
        }
        let (outcome, received_at) = self.decide(reference, to, now);
        let expired = received_at > submission.valid_until;
        let (is_shown, receipt) = match outcome {
            Outcome::Unavailable | Outcome::UnavailableAtFirst => return Err(CarrierError::Unavailable),
            Outcome::Rejected(code) => return Err(CarrierError::Rejected(code)),
            Outcome::Delivered if expired => (false, Some(Receipt::Undelivered(EXPIRED))),
            Outcome::Delivered => (true, Some(Receipt::Delivered)),
            Outcome::Undelivered(code) => (false, Some(Receipt::Undelivered(code))),
            Outcome::Silent => (!expired, None),
        };
        *self.accepted.entry(&reference) = receipt;
        let known_at = if expired { now.max(submission.valid_until) } else { received_at };
        self.schedule(known_at.plus(RECEIPT_DELAY), reference, receipt);
        if is_shown {
            self.show(submission, media, to, received_at);
        }
        Ok(())
    }

    /// What becomes of a submission, and when it reaches the handset: a script goes before the number.
    fn decide(&mut self, reference: Reference, to: &PhoneNumber, now: Timestamp) -> (Outcome, Timestamp) {
        let fault = self.faults.take(reference.account, to);
        let scripted = match fault {
            Some(FaultKind::Unavailable) => Some(Outcome::Unavailable),
            Some(FaultKind::Reject(code)) => Some(Outcome::Rejected(code)),
            Some(FaultKind::Undelivered(code)) => Some(Outcome::Undelivered(code)),
            Some(FaultKind::Silent) => Some(Outcome::Silent),
            Some(FaultKind::Delay(_)) | None => None,
        };
        let received_at = match fault {
            Some(FaultKind::Delay(delay)) => now.plus(delay),
            _ => now,
        };
        let outcome = scripted.unwrap_or_else(|| {
            let attempts = self.attempts.entry(&reference);
            let outcome = outcome::of_number(to, *attempts);
            *attempts = attempts.saturating_add(1);
            outcome
        });
        (outcome, received_at)
    }

    fn schedule(&mut self, due: Timestamp, reference: Reference, receipt: Option<Receipt>) {
        if let Some(receipt) = receipt {
            self.receipts.schedule(due, reference, receipt);
        }
    }

    fn show(
        &mut self,
        submission: Submission,
        media: Vec<HandsetMedia>,
        to: &PhoneNumber,
        received_at: Timestamp,
    ) {
        let handset = self.handsets.entry(to);
        if handset.len() == MESSAGES_PER_HANDSET {
            handset.pop_front();
        }
        handset.push_back(HandsetMessage {
            reference: submission.reference,
            from: Phi::new(submission.from),
            to: Phi::new(submission.to),
            body: Phi::new(submission.body),
            media,
            received_at,
        });
    }
}
