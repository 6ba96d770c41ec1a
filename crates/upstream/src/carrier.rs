//! The carrier port: which account a message goes to, and what happens when nobody knows whether it got there.

use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use messaging::carrier::{Carrier, CarrierError, Pace, Reference, SetupProblem, Submission, Submitting};
use rulebook::codes::CARRIER_NOT_REGISTERED;
use statements::InForce;
use store::{Document, Store, StoreError};

use crate::account::{Account, Listed, Posted};
use crate::callbacks::STATUS;
use crate::config::{UpstreamConfig, origin};
use crate::limits::{ATTEMPTS, NO_ACCOUNT_WAIT, SETTLING};
use crate::record::{self, HandOver, Taken};
use crate::token::{self, Named};

/// Twilio's code for a sender that cannot send.
const NO_SENDER: u32 = 21_606;

/// The upstream carrier. Clones share everything.
#[derive(Clone)]
pub struct UpstreamCarrier {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    accounts: Vec<Account>,
    pub(crate) store: Store,
    /// Carries the senders that no account carries.
    otherwise: Option<Arc<dyn Carrier>>,
}

impl UpstreamCarrier {
    /// A carrier with these accounts; what none of them carries goes to `otherwise`.
    ///
    /// # Errors
    /// [`SetupProblem`] when an account cannot be used: its certificates cannot be read.
    pub fn new(
        config: UpstreamConfig,
        store: Store,
        otherwise: Option<Arc<dyn Carrier>>,
    ) -> Result<Self, SetupProblem> {
        let mut accounts = Vec::with_capacity(config.accounts.len());
        for account in config.accounts {
            let name = account.name.clone();
            let account = Account::new(account)
                .map_err(|problem| SetupProblem(format!("upstream account `{name}`: {problem}")))?;
            accounts.push(account);
        }
        Ok(Self { inner: Arc::new(Inner { accounts, store, otherwise }) })
    }

    /// A carrier without accounts: everything goes to `otherwise`.
    #[must_use]
    pub fn without_accounts(store: Store, otherwise: Option<Arc<dyn Carrier>>) -> Self {
        Self { inner: Arc::new(Inner { accounts: Vec::new(), store, otherwise }) }
    }

    /// Whether it has accounts of its own: without any it is what comes after it.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        !self.inner.accounts.is_empty()
    }

    /// The account of this name.
    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.inner.accounts.iter().find(|account| account.config.name == name)
    }

    /// The first account that carries this sender.
    fn carrying(&self, sender: &str) -> Option<&Account> {
        self.inner.accounts.iter().find(|account| account.config.carries(sender))
    }

    /// The account that a message has not been handed to yet leaves by.
    fn way(&self, submission: &Submission) -> Result<&Account, CarrierError> {
        let carrying =
            || self.inner.accounts.iter().filter(|account| account.config.carries(&submission.from));
        let obstacle = if carrying().next().is_some() { CARRIER_NOT_REGISTERED } else { NO_SENDER };
        let mut registered = carrying().filter(|account| is_registered(submission, account));
        registered.next().ok_or(CarrierError::Rejected(obstacle))
    }

    /// When a message from this sender may go; where no account carries it, the carrier behind says so.
    fn pace_of(&self, from: &str, behind: impl FnOnce(&dyn Carrier) -> Pace) -> Pace {
        match (self.carrying(from), self.inner.otherwise.as_deref()) {
            (Some(account), _) => account.pace(),
            (None, Some(otherwise)) => behind(otherwise),
            // It is refused with a code.
            (None, None) if !self.inner.accounts.is_empty() => Pace::After(Duration::ZERO),
            (None, None) => Pace::Later(NO_ACCOUNT_WAIT),
        }
    }

    async fn hand_over(&self, submission: Submission) -> Result<(), CarrierError> {
        let (store, reference) = (&self.inner.store, submission.reference);
        let record = record::find(store, reference).await.map_err(unavailable)?;
        let Some(record) = record else {
            let account = match &self.inner.otherwise {
                Some(otherwise) if self.carrying(&submission.from).is_none() => {
                    return otherwise.submit(submission).await;
                }
                _ => self.way(&submission)?,
            };
            let name = account.config.name.as_str();
            let record = record::begin(store, reference, name).await.map_err(unavailable)?;
            return self.attempt(account, submission, record).await;
        };
        if record.facts.taken_as.is_some() {
            return Ok(());
        }
        // What may be at one account is never handed to another.
        let account = self.account(&record.facts.upstream).ok_or(CarrierError::Unavailable)?;
        if !is_registered(&submission, account) {
            return Err(CarrierError::Rejected(CARRIER_NOT_REGISTERED));
        }
        self.settle(account, submission, record).await
    }

    /// An earlier attempt ended without an answer: finds out what became of it, and sends again only what was not taken.
    async fn settle(
        &self,
        account: &Account,
        submission: Submission,
        mut record: Document<HandOver>,
    ) -> Result<(), CarrierError> {
        let (store, reference) = (&self.inner.store, submission.reference);
        let began = Timestamp::from_micros(record.facts.began);
        if store.clock().now().since(began) < SETTLING {
            return Err(CarrierError::Unavailable);
        }
        match account.look_for(&submission, began).await {
            Listed::Found(candidates) => {
                for sid in candidates {
                    if record::taken(store, reference, &sid).await.map_err(unavailable)? == Taken::Known {
                        tracing::info!(message = %reference.message, "the upstream has a message whose answer was lost");
                        return Ok(());
                    }
                }
                // Equal messages of ours, each with a record of its own: this one is none of them.
            }
            Listed::Absent => {}
            Listed::Unclear => {
                tracing::warn!(message = %reference.message, "whether the upstream has a message is still not known");
                return Err(CarrierError::Unavailable);
            }
        }
        if record.facts.attempt == ATTEMPTS {
            return Err(CarrierError::Unavailable);
        }
        record::begin_again(store, &mut record).await.map_err(unavailable)?;
        self.attempt(account, submission, record).await
    }

    async fn attempt(
        &self,
        account: &Account,
        submission: Submission,
        record: Document<HandOver>,
    ) -> Result<(), CarrierError> {
        let (store, reference) = (&self.inner.store, submission.reference);
        let callback = self.callback(account, reference, record.facts.attempt);
        match account.post(&submission, &callback, store.clock().now()).await {
            Posted::Taken(sid) => {
                let written = record::taken(store, reference, &sid).await.map_err(unavailable)?;
                if written == Taken::Twice {
                    told_twice(reference);
                }
                Ok(())
            }
            Posted::Refused(code) => {
                record::forget(store, &record).await.map_err(unavailable)?;
                Err(CarrierError::Rejected(code))
            }
            Posted::NotTaken => {
                record::forget(store, &record).await.map_err(unavailable)?;
                Err(CarrierError::Unavailable)
            }
            // The record stays, and with it the question.
            Posted::Unknown => Err(CarrierError::Unavailable),
        }
    }

    fn callback(&self, account: &Account, reference: Reference, attempt: u8) -> String {
        let token = token::write(&self.inner.store, Named { reference, attempt });
        address(&account.config.callback_base, &STATUS.replace("{Token}", &token))
    }
}

/// The URL of one of our paths, as the upstream was given it and signs it.
pub(crate) fn address(base: &str, path: &str) -> String {
    let base = origin(base).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    format!("{base}{path}")
}

/// Says that a message has reached the upstream twice. Nothing can be done about it any more.
pub(crate) fn told_twice(reference: Reference) {
    tracing::error!(account = %reference.account, message = %reference.message,
        "the upstream has a message twice: an attempt that seemed lost was taken after all");
}

fn unavailable(error: StoreError) -> CarrierError {
    tracing::warn!(%error, "a hand-over to the upstream cannot be written down");
    CarrierError::Unavailable
}

/// Whether the register that a submission obeys has the account's host (ART-BAA-4).
fn is_registered(submission: &Submission, account: &Account) -> bool {
    submission.register.as_ref().is_none_or(|register| account.is_covered(register))
}

impl Carrier for UpstreamCarrier {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        Box::pin(self.hand_over(submission))
    }

    fn is_covered(&self, register: &InForce) -> bool {
        let otherwise = self.inner.otherwise.as_ref();
        self.inner.accounts.iter().any(|account| account.is_covered(register))
            || otherwise.is_some_and(|carrier| carrier.is_covered(register))
    }

    fn takes_mms(&self, from: &str) -> bool {
        match self.carrying(from) {
            Some(account) => account.config.mms,
            None => self.inner.otherwise.as_ref().is_some_and(|carrier| carrier.takes_mms(from)),
        }
    }

    fn fetches_media(&self, from: &str) -> bool {
        let otherwise = self.inner.otherwise.as_ref();
        self.carrying(from).is_some() || otherwise.is_some_and(|carrier| carrier.fetches_media(from))
    }

    fn pace(&self, from: &str, segments: u32, again: bool) -> Pace {
        self.pace_of(from, |otherwise| otherwise.pace(from, segments, again))
    }

    fn pace_mms(&self, from: &str, again: bool) -> Pace {
        self.pace_of(from, |otherwise| otherwise.pace_mms(from, again))
    }
}
