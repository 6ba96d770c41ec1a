//! The sender that a message of a service is sent from: the pool as it is on disk, what the recipient had before, and
//! whose turn it is.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use base::{MessagingServiceSid, Random, Sid, StickySenderSid, Timestamp};
use errors::{Code, codes};
use phi::{Digest, Phi};
use store::{Batch, Document, Index, IndexValue, NewDocument, Query, Scope, Store, StoreError};

use super::model::{AlphaSender, MessagingService, PoolCode, PoolNumber, SenderFacts, StickySender};
use super::pool::{Place, Sender, nearest, suitable};
use crate::limits::{MAX_ROTATIONS, MAX_SENDERS};

/// The label of the digest of a service and a recipient, and the name of the index entry that holds it.
const RECIPIENT: &str = "recipient";

/// Whose turn it is in each service. Of this process alone: that a restart begins anew is no loss.
#[derive(Default)]
pub struct Rotation(Mutex<HashMap<MessagingServiceSid, usize>>);

impl Rotation {
    /// The next turn of a service.
    fn next(&self, service: MessagingServiceSid) -> usize {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MAX_ROTATIONS && !turns.contains_key(&service) {
            turns.clear();
        }
        let turn = turns.entry(service).or_default();
        *turn = turn.wrapping_add(1);
        *turn
    }
}

/// The sender of a message.
pub struct Choice {
    /// As it stands in `From`.
    pub sender: String,
    /// The recipient is to keep it.
    sticky: Option<Digest>,
}

impl Choice {
    /// A sender that the caller has chosen.
    pub fn given(sender: &str) -> Self {
        Self { sender: sender.to_owned(), sticky: None }
    }

    /// Remembers what the recipient is to keep, in the caller's batch. Two first messages at once choose alike, so it
    /// does no harm that both remember it.
    pub fn remember(&self, batch: &mut Batch, random: &dyn Random, now: Timestamp) {
        let Some(recipient) = self.sticky else { return };
        let facts = SenderFacts::of(self.sender.clone());
        batch.insert::<StickySender>(NewDocument {
            index: vec![Index { key: RECIPIENT, value: IndexValue::Digest(recipient) }],
            ..NewDocument::of(StickySenderSid::generate(random), now, facts)
        });
    }
}

/// A service of a scope. It is read with every message, so from memory where that is up to date.
///
/// # Errors
/// When the store cannot answer.
pub async fn find(
    store: &Store,
    scope: Scope,
    sid: MessagingServiceSid,
) -> Result<Option<Arc<Configured>>, StoreError> {
    let found = store.steady(format!("{scope} {sid}"), |steady| async move {
        let Some(service) = steady.get::<MessagingService>(scope, sid).await? else {
            return Ok(Found(None));
        };
        let numbers = steady.list::<PoolNumber>(scope, members(sid)).await?.documents;
        let names = steady.list::<AlphaSender>(scope, members(sid)).await?.documents;
        let codes = steady.list::<PoolCode>(scope, members(sid)).await?.documents;
        let numbers = numbers.into_iter().map(|member| member.facts);
        let codes = codes.into_iter().map(|member| member.facts);
        let senders = numbers.chain(codes).chain(names.into_iter().map(|member| member.facts));
        let pool = senders.map(Sender::new).collect();
        Ok(Found(Some(Arc::new(Configured { service, pool }))))
    });
    Ok(found.await?.0.clone())
}

/// A service with its senders.
pub struct Configured {
    /// The service.
    pub service: Document<MessagingService>,
    /// Its senders, those of each kind oldest first.
    pool: Vec<Sender>,
}

/// The answer that is remembered.
struct Found(Option<Arc<Configured>>);

/// Every sender of one kind in a service, oldest first.
pub fn members(service: MessagingServiceSid) -> Query {
    Query { parent: Some(service.to_string()), limit: MAX_SENDERS, oldest_first: true, ..Query::default() }
}

impl Configured {
    /// Whether this is one of its senders, for whatever country.
    pub fn has(&self, sender: &str) -> bool {
        self.pool.iter().any(|member| member.as_str() == sender)
    }

    /// Whether this sender of it is for this recipient.
    pub fn arrives(&self, sender: &str, to: &Phi<String>) -> bool {
        let place = to.learn(|number| Place::of_text(number));
        self.pool.iter().any(|member| member.as_str() == sender && member.reaches(&place))
    }

    /// Whether it has no sender at all.
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// The service with those of its senders that are `able`.
    pub fn only(&self, able: impl Fn(&str) -> bool) -> Self {
        let pool = self.pool.iter().filter(|sender| able(sender.as_str())).cloned().collect();
        Self { service: self.service.clone(), pool }
    }

    /// Chooses a sender for a recipient; why there is none, as the API says it. Without `rotation` every turn is the
    /// recipient's own.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn choose(
        &self,
        store: &Store,
        scope: Scope,
        rotation: Option<&Rotation>,
        to: &Phi<String>,
    ) -> Result<Result<Choice, &'static Code>, StoreError> {
        if self.pool.is_empty() {
            return Ok(Err(codes::SERVICE_EMPTY));
        }
        let place = to.learn(|number| Place::of_text(number));
        let suitable = suitable(&self.pool, &place);
        if suitable.is_empty() {
            return Ok(Err(codes::SERVICE_NO_SENDER));
        }
        let (facts, sid) = (&self.service.facts, self.service.sid);
        let scoped = store.scope(scope);
        let key = scoped.digest_key().await?;
        let recipient = to.map_ref(|number| format!("{sid}|{number}")).digest(&key, RECIPIENT);
        if facts.sticky_sender {
            let had = scoped.find::<StickySender>(RECIPIENT, IndexValue::Digest(recipient)).await?;
            if let Some(had) =
                had.filter(|had| suitable.iter().any(|sender| sender.as_str() == had.facts.sender))
            {
                return Ok(Ok(Choice { sender: had.facts.sender, sticky: None }));
            }
        }
        let near = if facts.area_code_geomatch { nearest(suitable, &place) } else { suitable };
        let sender = match rotation.filter(|_| !facts.sticky_sender) {
            Some(rotation) => near.get(rotation.next(sid) % near.len()).copied(),
            None => own_turn(recipient, &near),
        };
        let sticky = facts.sticky_sender.then_some(recipient);
        let choice = sender.map(|sender| Choice { sender: sender.as_str().to_owned(), sticky });
        Ok(choice.ok_or(codes::SERVICE_NO_SENDER))
    }
}

/// The sender that a recipient gets without asking anybody: the same one each time, and as many recipients for each
/// sender (rendezvous hashing). The recipient's digest is keyed, so the hash of it and a sender need not be.
fn own_turn<'a>(recipient: Digest, senders: &[&'a Sender]) -> Option<&'a Sender> {
    let weight = |sender: &&&Sender| {
        let mut hasher = DefaultHasher::new();
        (recipient, sender.as_str()).hash(&mut hasher);
        hasher.finish()
    };
    senders.iter().max_by_key(weight).copied()
}

#[cfg(test)]
mod tests {
    use base::SeededRandom;

    use super::*;

    #[test]
    fn each_service_has_turns_of_its_own() {
        let random = SeededRandom::new(1);
        let [one, other] = [0, 1].map(|_| MessagingServiceSid::generate(&random));
        let rotation = Rotation::default();
        let turns: Vec<_> = [one, other, one, other, one].map(|service| rotation.next(service)).into();
        assert_eq!(turns, [1, 1, 2, 2, 3]);
    }

    #[test]
    fn turns_are_remembered_up_to_a_limit() {
        let random = SeededRandom::new(1);
        let rotation = Rotation::default();
        let first = MessagingServiceSid::generate(&random);
        rotation.next(first);
        for _ in 0..MAX_ROTATIONS {
            rotation.next(MessagingServiceSid::generate(&random));
        }
        assert_eq!(rotation.next(first), 1);
    }
}
