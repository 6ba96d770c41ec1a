//! What the SMSC delivers, and how it is answered: as taken only once it is on disk.

use std::sync::Arc;

use base::CarrierRecordSid;
use messaging::carrier::{Arrival, ArrivalPart, Receipt};
use messaging::segments::decode;
use messaging::{ArrivalError, Inbox};
use smpp_proto::status::{OK, PERMANENT_FAILURE, TEMPORARY_FAILURE};
use smpp_proto::{Delivered, Part};
use store::{Batch, StoreError};

use crate::codes;
use crate::config::BindConfig;
use crate::names::{Ends, Names};
use crate::repeats::{Mark, Repeats};
use crate::text::{coding_of, from_party};

/// Where deliveries of every bind go.
pub(crate) struct Inbound {
    inbox: Inbox,
    names: Arc<Names>,
    repeats: Arc<Repeats>,
}

/// How a delivery is answered.
pub(crate) struct Answer {
    /// The command status.
    pub(crate) status: u32,
    /// What is to be forgotten when the SMSC has seen it.
    pub(crate) mark: Option<CarrierRecordSid>,
}

impl From<u32> for Answer {
    fn from(status: u32) -> Self {
        Self { status, mark: None }
    }
}

impl Inbound {
    pub(crate) fn new(inbox: Inbox, names: Arc<Names>, repeats: Arc<Repeats>) -> Arc<Self> {
        Arc::new(Self { inbox, names, repeats })
    }

    /// The memory of what was taken.
    pub(crate) fn repeats(&self) -> &Arc<Repeats> {
        &self.repeats
    }

    /// Deals with a delivery.
    pub(crate) async fn take(&self, bind: &BindConfig, mark: Mark, delivered: Delivered) -> Answer {
        match delivered {
            Delivered::Receipt(receipt) => self.receipt(bind, &receipt).await.into(),
            Delivered::Message(part) => self.message(bind, mark, part).await,
            Delivered::Other => OK.into(),
        }
    }

    async fn receipt(&self, bind: &BindConfig, receipt: &smpp_proto::Receipt) -> u32 {
        let network = bind.network();
        match self.apply(bind, receipt).await {
            Ok(()) => OK,
            Err(error) if may_pass(&error) => {
                tracing::warn!(network, %error, "a receipt was not taken and will be given again");
                TEMPORARY_FAILURE
            }
            Err(error) => {
                tracing::error!(network, %error, "a receipt cannot be taken and is dropped");
                OK
            }
        }
    }

    async fn apply(&self, bind: &BindConfig, receipt: &smpp_proto::Receipt) -> Result<(), StoreError> {
        let (network, notice) = (bind.network(), &receipt.notice);
        let Some(outcome) = codes::receipt(notice.state) else { return Ok(()) };
        let ends = Ends { sender: &receipt.sender.address, recipient: &receipt.recipient.address };
        let Some(named) = self.names.find(network, bind.message_id, &notice.message_id, ends).await? else {
            tracing::info!(network, "a receipt names no message of ours that waits for one");
            return Ok(());
        };
        tracing::debug!(network, message = %named.reference.message, state = ?notice.state, error = notice.error, "receipt");
        if named.is_last || outcome != Receipt::Delivered {
            self.inbox.receipt(named.reference, outcome).await?;
        }
        self.names.forget(&named).await
    }

    async fn message(&self, bind: &BindConfig, mark: Mark, part: Part) -> Answer {
        let Some(coding) = coding_of(part.data_coding, bind.gsm7_data_coding) else {
            tracing::warn!(data_coding = part.data_coding, "a message that is no text was refused");
            return PERMANENT_FAILURE.into();
        };
        match self.repeats.is_given_again(&mark).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!(bind = bind.name, "a delivery was given again and is taken already");
                return Answer { status: OK, mark: Some(mark.sid) };
            }
            Err(error) => return not_taken(ArrivalError::Store(error)).into(),
        }
        let country_code = bind.country_code.as_deref();
        let (from, to) =
            (from_party(&part.source, country_code), from_party(&part.destination, country_code));
        let rider = |batch: &mut Batch| self.repeats.insert(batch, &mark);
        let taken = match part.joined {
            None => {
                let arrival = Arrival { from, to, body: decode(coding, &part.octets), media: Vec::new() };
                self.inbox.arrival_with(arrival, &rider).await.map(drop)
            }
            Some(joined) => {
                let part = ArrivalPart {
                    from,
                    to,
                    coding,
                    octets: part.octets,
                    reference: joined.reference,
                    total: joined.total,
                    number: joined.number,
                };
                self.inbox.part_with(part, &rider).await
            }
        };
        match taken {
            Ok(()) => Answer { status: OK, mark: Some(mark.sid) },
            Err(error) => not_taken(error).into(),
        }
    }
}

/// The answer to what was not taken.
fn not_taken(error: ArrivalError) -> u32 {
    match error {
        ArrivalError::Store(error) => {
            tracing::warn!(%error, "a message was not taken and will be given again");
            TEMPORARY_FAILURE
        }
        ArrivalError::UnknownNumber | ArrivalError::InvalidNumber | ArrivalError::TooLarge => {
            tracing::warn!(%error, "a message was refused");
            PERMANENT_FAILURE
        }
    }
}

/// Whether trying again can help: the account of a message may be gone, or its key destroyed.
fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Conflict | StoreError::Exists | StoreError::Unavailable(_) => true,
        StoreError::Sealed | StoreError::UnknownScope | StoreError::TooLarge => false,
    }
}
