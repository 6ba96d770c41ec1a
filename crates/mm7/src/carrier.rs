//! The carrier port: which MMSC a message goes to, and that none goes twice.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use jobs::Queue;
use messaging::carrier::{Attachment, Carrier, CarrierError, Pace, SetupProblem, Submission, Submitting};
use rulebook::codes::CARRIER_NOT_REGISTERED;
use statements::InForce;
use store::{Store, StoreError};
use tokio::sync::Semaphore;

use crate::config::Mm7Config;
use crate::limits::INBOUND_CONCURRENCY;
use crate::record;
use crate::relay::{Parcel, Posted, Relay, TOO_LARGE};

/// Twilio's code for a message with media where none are taken.
const NO_MMS: u32 = 30_011;
/// Twilio's code for a sender that cannot send.
const NO_SENDER: u32 = 21_606;
/// Bytes of the token in boundaries and transactions.
const TOKEN_BYTES: usize = 16;
/// Characters of it in a transaction's name.
const TRANSACTION: usize = 8;

/// The MM7 carrier. It takes messages with media; texts go to the carrier behind it. Clones share everything.
#[derive(Clone)]
pub struct Mm7Carrier {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    relays: Vec<Relay>,
    pub(crate) store: Store,
    /// Carries texts, and messages of senders that no MMSC carries.
    otherwise: Option<Arc<dyn Carrier>>,
    /// Requests of MMSCs that may be read at a time.
    pub(crate) reading: Semaphore,
}

impl Mm7Carrier {
    /// A carrier with these MMSCs; what none of them carries goes to `otherwise`.
    ///
    /// # Errors
    /// [`SetupProblem`] when an MMSC cannot be used: its certificates cannot be read.
    pub fn new(
        config: Mm7Config,
        store: Store,
        otherwise: Option<Arc<dyn Carrier>>,
    ) -> Result<Self, SetupProblem> {
        let mut relays = Vec::with_capacity(config.relays.len());
        for relay in config.relays {
            let name = relay.name.clone();
            let relay =
                Relay::new(relay).map_err(|problem| SetupProblem(format!("MMSC `{name}`: {problem}")))?;
            relays.push(relay);
        }
        Ok(Self::with(relays, store, otherwise))
    }

    /// A carrier without MMSCs: everything goes to `otherwise`.
    #[must_use]
    pub fn without_relays(store: Store, otherwise: Option<Arc<dyn Carrier>>) -> Self {
        Self::with(Vec::new(), store, otherwise)
    }

    fn with(relays: Vec<Relay>, store: Store, otherwise: Option<Arc<dyn Carrier>>) -> Self {
        let reading = Semaphore::new(INBOUND_CONCURRENCY);
        Self { inner: Arc::new(Inner { relays, store, otherwise, reading }) }
    }

    /// Whether it has MMSCs of its own: without any it is what comes after it.
    #[must_use]
    pub fn has_relays(&self) -> bool {
        !self.inner.relays.is_empty()
    }

    /// The job queue that removes what is remembered of messages, when its time is over.
    #[must_use]
    pub fn queue(&self) -> Queue {
        record::queue(self.inner.store.clone())
    }

    /// The MMSC of this name.
    pub(crate) fn relay(&self, name: &str) -> Option<&Relay> {
        self.inner.relays.iter().find(|relay| relay.config.name == name)
    }

    fn carrying(&self, sender: &str) -> impl Iterator<Item = &Relay> {
        self.inner.relays.iter().filter(move |relay| relay.config.carries(sender))
    }

    /// The MMSC that a message leaves by.
    fn way(&self, submission: &Submission) -> Result<&Relay, CarrierError> {
        let is_registered =
            |relay: &&Relay| submission.register.as_ref().is_none_or(|register| relay.is_covered(register));
        let registered = self.carrying(&submission.from).find(is_registered);
        registered.ok_or(CarrierError::Rejected(CARRIER_NOT_REGISTERED))
    }

    async fn hand_over(&self, submission: Submission) -> Result<(), CarrierError> {
        if !submission.is_mms || self.carrying(&submission.from).next().is_none() {
            return match &self.inner.otherwise {
                Some(otherwise) => otherwise.submit(submission).await,
                None if submission.is_mms => Err(CarrierError::Rejected(NO_MMS)),
                None => Err(CarrierError::Rejected(NO_SENDER)),
            };
        }
        let (store, reference) = (&self.inner.store, submission.reference);
        if let Some(record) = record::find(store, reference).await.map_err(unavailable)? {
            if record.facts.is_taken {
                return Ok(());
            }
            // Nobody can be asked: a report shows that the MMSC has it, or its validity ends.
            tracing::warn!(message = %reference.message, "whether the MMSC has a message is still not known");
            return Err(CarrierError::Unavailable);
        }
        let relay = self.way(&submission)?;
        let media: u64 = submission.media.iter().map(|medium| medium.reader.size()).sum();
        if media.saturating_add(submission.body.len() as u64) > relay.config.max_bytes {
            return Err(CarrierError::Rejected(TOO_LARGE));
        }
        let parcel = self.parcel(submission).await?;
        let name = relay.config.name.as_str();
        let pair = record::pair(store, name, &parcel.from, &parcel.to);
        let record = record::begin(store, reference, name, pair).await.map_err(unavailable)?;
        match relay.post(&parcel, store.clock().now()).await {
            Posted::Taken(id) => record::taken(store, reference, id.as_deref()).await.map_err(unavailable),
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

    /// What leaves: the media are opened before anything is written down, so that one that does not open leaves no
    /// question.
    async fn parcel(&self, submission: Submission) -> Result<Parcel, CarrierError> {
        let mut media = Vec::with_capacity(submission.media.len());
        for Attachment { content_type, reader, .. } in submission.media {
            let bytes = reader.whole().await.map_err(|error| {
                tracing::warn!(%error, "a medium does not open");
                CarrierError::Unavailable
            })?;
            media.push((content_type, bytes));
        }
        let mut token = [0; TOKEN_BYTES];
        self.inner.store.random().fill(&mut token);
        let token = HEXLOWER.encode(&token);
        Ok(Parcel {
            from: submission.from,
            to: submission.to,
            text: submission.body,
            media,
            valid_until: submission.valid_until,
            transaction: format!("{}-{}", submission.reference.message, &token[..TRANSACTION]),
            token,
        })
    }
}

fn unavailable(error: StoreError) -> CarrierError {
    tracing::warn!(%error, "a hand-over to an MMSC cannot be written down");
    CarrierError::Unavailable
}

impl Carrier for Mm7Carrier {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        Box::pin(self.hand_over(submission))
    }

    fn is_covered(&self, register: &InForce) -> bool {
        let otherwise = self.inner.otherwise.as_ref();
        self.inner.relays.iter().any(|relay| relay.is_covered(register))
            || otherwise.is_some_and(|carrier| carrier.is_covered(register))
    }

    fn takes_mms(&self, from: &str) -> bool {
        let otherwise = self.inner.otherwise.as_ref();
        self.carrying(from).next().is_some() || otherwise.is_some_and(|carrier| carrier.takes_mms(from))
    }

    fn fetches_media(&self, from: &str) -> bool {
        let otherwise = self.inner.otherwise.as_ref();
        self.carrying(from).next().is_none() && otherwise.is_some_and(|carrier| carrier.fetches_media(from))
    }

    fn pace(&self, from: &str, segments: u32, again: bool) -> Pace {
        match &self.inner.otherwise {
            Some(otherwise) => otherwise.pace(from, segments, again),
            None => Pace::After(std::time::Duration::ZERO),
        }
    }

    fn pace_mms(&self, from: &str, again: bool) -> Pace {
        match (self.carrying(from).next(), &self.inner.otherwise) {
            (Some(relay), _) => relay.pace(),
            (None, Some(otherwise)) => otherwise.pace_mms(from, again),
            (None, None) => Pace::After(std::time::Duration::ZERO),
        }
    }
}
