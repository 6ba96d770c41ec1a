//! What the SMSC delivers, and how it is answered: as taken only once the inbox has it on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messaging::carrier::{Arrival, Receipt};
use messaging::{ArrivalError, Inbox};
use smpp_proto::status::{OK, PERMANENT_FAILURE, TEMPORARY_FAILURE};
use smpp_proto::{Added, Delivered, GroupKey, Joined, Notice, Part, Reassembly};
use store::StoreError;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::codes;
use crate::limits::{PART_HOLD, REASSEMBLY_SWEEP};
use crate::names::Names;
use crate::text::{from_party, text_of};

/// Where deliveries of every bind go.
pub(crate) struct Inbound {
    inbox: Inbox,
    names: Arc<Names>,
    started: Instant,
    collecting: Mutex<Collecting>,
}

#[derive(Default)]
struct Collecting {
    parts: Reassembly,
    /// Parts that are held unanswered until their text is complete.
    held: HashMap<GroupKey, Vec<oneshot::Sender<u32>>>,
}

/// What became of a part.
enum Collected {
    /// It was the last one: all of them, and who waits for their answer.
    Complete(Vec<Part>, Vec<oneshot::Sender<u32>>),
    /// Others are missing; the answer comes with the last one.
    Held(oneshot::Receiver<u32>),
    /// There is no room for it.
    Full,
}

impl Inbound {
    pub(crate) fn new(inbox: Inbox, names: Arc<Names>) -> Arc<Self> {
        Arc::new(Self { inbox, names, started: Instant::now(), collecting: Mutex::default() })
    }

    /// Deals with a delivery; the command status of the answer.
    pub(crate) async fn take(&self, network: &str, gsm7_data_coding: u8, delivered: Delivered) -> u32 {
        match delivered {
            Delivered::Receipt(notice) => match self.receipt(network, &notice).await {
                Ok(()) => OK,
                Err(error) if may_pass(&error) => {
                    tracing::warn!(network, %error, "a receipt was not taken and will be given again");
                    TEMPORARY_FAILURE
                }
                Err(error) => {
                    tracing::error!(network, %error, "a receipt cannot be taken and is dropped");
                    OK
                }
            },
            Delivered::Message(part) => match part.joined {
                None => self.arrival(&[part], gsm7_data_coding).await,
                Some(joined) => self.part(part, joined, gsm7_data_coding).await,
            },
            Delivered::Other => OK,
        }
    }

    /// Hands on texts whose parts did not all come, until `stop` becomes true or is dropped.
    pub(crate) async fn sweep(&self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(REASSEMBLY_SWEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let expired = {
                let mut collecting = self.collecting();
                collecting.held.retain(|_, held| held.iter().any(|sender| !sender.is_closed()));
                collecting.parts.expired(self.started.elapsed())
            };
            for parts in expired {
                // Its parts were answered long ago, so the coding of the default alphabet is all that is known.
                if self.arrival(&parts, 0).await == TEMPORARY_FAILURE {
                    let mut collecting = self.collecting();
                    for part in parts {
                        collecting.put_back(part, self.started.elapsed());
                    }
                }
            }
        }
    }

    async fn receipt(&self, network: &str, notice: &Notice) -> Result<(), StoreError> {
        let Some(receipt) = codes::receipt(notice.state) else { return Ok(()) };
        let Some(named) = self.names.find(network, &notice.message_id).await? else {
            tracing::info!(network, "a receipt names no message of ours that waits for one");
            return Ok(());
        };
        tracing::debug!(network, message = %named.reference.message, state = ?notice.state, error = notice.error, "receipt");
        if named.is_last || receipt != Receipt::Delivered {
            self.inbox.receipt(named.reference, receipt).await?;
        }
        self.names.forget(network, &notice.message_id, named.reference).await
    }

    async fn arrival(&self, parts: &[Part], gsm7_data_coding: u8) -> u32 {
        let Some(part) = parts.first() else { return OK };
        let Some(body) = text_of(parts, gsm7_data_coding) else {
            tracing::warn!(data_coding = part.data_coding, "a message that is no text was refused");
            return PERMANENT_FAILURE;
        };
        let arrival = Arrival { from: from_party(&part.source), to: from_party(&part.destination), body };
        match self.inbox.arrival(arrival).await {
            Ok(message) => {
                tracing::debug!(%message, "a message came in");
                OK
            }
            Err(ArrivalError::Store(error)) => {
                tracing::warn!(%error, "a message was not taken and will be given again");
                TEMPORARY_FAILURE
            }
            Err(error) => {
                tracing::warn!(%error, "a message was refused");
                PERMANENT_FAILURE
            }
        }
    }

    /// A part of a text: held until the text is complete and on disk, or for as long as may be.
    async fn part(&self, part: Part, joined: Joined, gsm7_data_coding: u8) -> u32 {
        let (parts, held) = match self.collect(part, joined) {
            Collected::Complete(parts, held) => (parts, held),
            Collected::Full => {
                tracing::warn!("a part of a text was refused: too many wait for their other parts");
                return TEMPORARY_FAILURE;
            }
            Collected::Held(answer) => {
                return match timeout(PART_HOLD, answer).await {
                    Ok(Ok(status)) => status,
                    Ok(Err(_)) => TEMPORARY_FAILURE,
                    // The others may come only after this one is answered.
                    Err(_) => OK,
                };
            }
        };
        let status = self.arrival(&parts, gsm7_data_coding).await;
        if status == TEMPORARY_FAILURE {
            // Parts that were answered do not come again; this one does, and completes the text.
            let mut collecting = self.collecting();
            for part in parts.into_iter().filter(|part| part.joined != Some(joined)) {
                collecting.put_back(part, self.started.elapsed());
            }
        }
        for sender in held {
            // Whoever waited too long has answered already.
            let _ = sender.send(status);
        }
        status
    }

    fn collect(&self, part: Part, joined: Joined) -> Collected {
        let key = GroupKey::of(&part, joined);
        let mut collecting = self.collecting();
        match collecting.parts.add(part, joined, self.started.elapsed()) {
            Added::Full => Collected::Full,
            Added::Complete(parts) => {
                Collected::Complete(parts, collecting.held.remove(&key).unwrap_or_default())
            }
            Added::Waiting => {
                let (sender, receiver) = oneshot::channel();
                let held = collecting.held.entry(key).or_default();
                held.retain(|sender| !sender.is_closed());
                held.push(sender);
                Collected::Held(receiver)
            }
        }
    }

    fn collecting(&self) -> MutexGuard<'_, Collecting> {
        // What is behind the lock is consistent after every statement, so a panic elsewhere spoils nothing.
        self.collecting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collecting {
    fn put_back(&mut self, part: Part, now: std::time::Duration) {
        if let Some(joined) = part.joined
            && matches!(self.parts.add(part, joined, now), Added::Full)
        {
            tracing::error!("a part of a text was lost: too many wait for their other parts");
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
