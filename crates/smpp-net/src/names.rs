//! The SMSC's names of messages, on disk: a receipt may come after a restart and names nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::{AccountSid, CarrierRecordSid, MessageSid, Sid};
use messaging::carrier::Reference;
use serde::{Deserialize, Serialize};
use store::{Document, Kind, NewDocument, Scope, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::config::ReceiptIds;
use crate::limits::{NAMES_POLL, RECEIPT_GRACE};

/// The kind of the documents: one for each part that the SMSC has taken. It stays until the last receipt
/// has come, or none is expected any more ([`crate::limits::RECEIPT_KEPT`]).
#[derive(Debug)]
pub(crate) enum SubmittedPart {}

impl Kind for SubmittedPart {
    const NAME: &'static str = "smpp-part";
    type Sid = CarrierRecordSid;
    type Facts = PartFacts;
    type Content = ();
}

/// What the SMSC's name of a part leads to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PartFacts {
    account: String,
    message: String,
    /// Whether delivery of this part is delivery of the message.
    is_last: bool,
    /// Between whom the message is: a keyed digest.
    pair: u64,
}

/// What the SMSC's name of a part leads to.
pub(crate) struct Named {
    /// The message.
    pub(crate) reference: Reference,
    /// Whether delivery of this part is delivery of the message.
    pub(crate) is_last: bool,
    document: Document<SubmittedPart>,
}

/// Both ends of a message, as SMPP writes their addresses.
#[derive(Clone, Copy)]
pub(crate) struct Ends<'a> {
    /// Our number.
    pub(crate) sender: &'a str,
    /// The handset.
    pub(crate) recipient: &'a str,
}

/// The names, and how many of them are about to be written.
pub(crate) struct Names {
    store: Store,
    under_way: AtomicUsize,
    changed: Notify,
}

/// As long as it lives, an unknown name may still become known.
pub(crate) struct UnderWay(Arc<Names>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Names {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self { store, under_way: AtomicUsize::new(0), changed: Notify::new() })
    }

    /// Announces that names are to come.
    pub(crate) fn announce(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(self))
    }

    /// Writes the names of a message's parts, in order. A name that is taken is taken over: an SMSC that
    /// gives an id again has forgotten the message that had it.
    pub(crate) async fn write(
        &self,
        network: &str,
        ids: &[String],
        reference: Reference,
        ends: Ends<'_>,
    ) -> Result<(), StoreError> {
        let (now, pair) = (self.store.clock().now(), self.pair(ends));
        // An SMSC may give all parts one id: then its receipt is that of the last one.
        let own: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(index, id)| (index, self.sid(network, &canonical(id))))
            .filter(|(index, sid)| {
                ids[index + 1..].iter().all(|later| self.sid(network, &canonical(later)) != *sid)
            })
            .collect();
        let mut former: Vec<Document<SubmittedPart>> = Vec::new();
        loop {
            let mut batch = self.store.batch(Scope::SYSTEM);
            former.iter().for_each(|document| batch.delete(document));
            for &(index, sid) in &own {
                batch.insert::<SubmittedPart>(NewDocument::of(
                    sid,
                    now,
                    PartFacts {
                        account: reference.account.to_string(),
                        message: reference.message.to_string(),
                        is_last: index + 1 == ids.len(),
                        pair,
                    },
                ));
            }
            match self.store.commit(batch).await {
                Err(StoreError::Exists) if former.is_empty() => {
                    for &(_, sid) in &own {
                        former.extend(self.store.scope(Scope::SYSTEM).get::<SubmittedPart>(sid).await?);
                    }
                }
                done => return done.map(drop),
            }
        }
    }

    /// The part that a receipt names. While submissions are under way an unknown name is waited for.
    pub(crate) async fn find(
        &self,
        network: &str,
        ids: ReceiptIds,
        id: &str,
        ends: Ends<'_>,
    ) -> Result<Option<Named>, StoreError> {
        let give_up = Instant::now() + RECEIPT_GRACE;
        loop {
            // Registered before looking, so that a name written while we look is not missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            // Another process of the database may have submitted it, and does not say so here.
            let (is_shared, now) = (self.store.is_shared(), Instant::now());
            let is_final = now >= give_up || !is_shared && self.under_way.load(Ordering::SeqCst) == 0;
            if let Some(named) = self.look_up(network, ids, id, ends).await? {
                return Ok(Some(named));
            }
            if is_final {
                return Ok(None);
            }
            let look_again = if is_shared { give_up.min(now + NAMES_POLL) } else { give_up };
            // Whether it was told or the time is over, it is looked once more.
            drop(timeout_at(look_again, changed).await);
        }
    }

    async fn look_up(
        &self,
        network: &str,
        ids: ReceiptIds,
        id: &str,
        ends: Ends<'_>,
    ) -> Result<Option<Named>, StoreError> {
        for reading in readings(ids, id) {
            let sid = self.sid(network, &reading.id);
            let Some(document) = self.store.scope(Scope::SYSTEM).get::<SubmittedPart>(sid).await? else {
                continue;
            };
            if reading.is_guess && document.facts.pair != self.pair(ends) {
                continue;
            }
            let facts = &document.facts;
            let account = facts.account.parse::<AccountSid>().map_err(|_| StoreError::Sealed)?;
            let message = facts.message.parse::<MessageSid>().map_err(|_| StoreError::Sealed)?;
            let is_last = facts.is_last;
            return Ok(Some(Named { reference: Reference { account, message }, is_last, document }));
        }
        Ok(None)
    }

    /// Forgets a name after its last receipt.
    pub(crate) async fn forget(&self, named: &Named) -> Result<(), StoreError> {
        let mut batch = self.store.batch(Scope::SYSTEM);
        batch.delete(&named.document);
        match self.store.commit(batch).await {
            // The same receipt came twice at once.
            Err(StoreError::Conflict) => Ok(()),
            done => done.map(drop),
        }
    }

    fn sid(&self, network: &str, id: &str) -> CarrierRecordSid {
        let digest = self.store.system_digest("smpp-part", format!("{network}:{id}").as_bytes());
        CarrierRecordSid::from_bytes(std::array::from_fn(|index| digest.0[index]))
    }

    fn pair(&self, ends: Ends<'_>) -> u64 {
        let [sender, recipient] = [ends.sender, ends.recipient].map(|end| end.trim_start_matches('+'));
        let digest = self.store.system_digest("smpp-pair", format!("{sender}|{recipient}").as_bytes());
        u64::from_be_bytes(std::array::from_fn(|index| digest.0[index]))
    }
}

/// One way to read the id of a receipt.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    /// The id as the answer to the submission gave it.
    id: String,
    /// Another message may have this id: both ends must agree as well.
    is_guess: bool,
}

/// How the id of a receipt may be read, the likeliest first.
fn readings(ids: ReceiptIds, id: &str) -> Vec<Reading> {
    let reading = |id: Option<String>, is_guess| id.map(|id| Reading { id, is_guess });
    let same = || reading(Some(canonical(id)), false);
    let from_decimal = || id.parse::<u64>().ok().map(|number| format!("{number:X}"));
    let from_hex = || u64::from_str_radix(id, 16).ok().map(|number| number.to_string());
    match ids {
        ReceiptIds::Decimal => vec![reading(from_decimal(), false)],
        ReceiptIds::Hex => vec![reading(from_hex(), false)],
        ReceiptIds::Same => vec![same()],
        ReceiptIds::Auto => vec![same(), reading(from_decimal(), true), reading(from_hex(), true)],
    }
    .into_iter()
    .flatten()
    .collect()
}

/// An id without what SMSCs write now so and now otherwise: leading zeros, and the case of letters.
fn canonical(id: &str) -> String {
    let trimmed = id.trim_start_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_ascii_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_the_carrier_writes_them() {
        let check = |ids, id: &str, expected: &[(&str, bool)]| {
            let read = readings(ids, id);
            let read: Vec<_> = read.iter().map(|reading| (reading.id.as_str(), reading.is_guess)).collect();
            assert_eq!(read, expected, "{ids:?} {id}");
        };
        check(ReceiptIds::Same, "00ab", &[("AB", false)]);
        check(ReceiptIds::Decimal, "0000000171", &[("AB", false)]);
        check(ReceiptIds::Decimal, "not a number", &[]);
        check(ReceiptIds::Hex, "ab", &[("171", false)]);
        check(ReceiptIds::Auto, "171", &[("171", false), ("AB", true), ("369", true)]);
        check(ReceiptIds::Auto, "m-1", &[("M-1", false)]);
        check(ReceiptIds::Auto, "000", &[("0", false), ("0", true), ("0", true)]);
    }
}
