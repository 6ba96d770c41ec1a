//! What a review by the operator's people may ask of messages: facts, and a text that is still protected.
//!
//! Nothing here opens a text. That takes a proof of disclosure, which whoever reviews has to earn.

use base::MessageSid;
use errors::Result;
use phi::Phi;
use store::{Kind, Query, Range, Scoped};

use crate::messages::model::{Direction, Message, Status};
use crate::messages::store::{self as stored, OptOut};

/// What a message that was sent, or is to be sent, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Our number, or whatever else it was sent from.
    pub sender: String,
    /// Whether it ended well; `None` while it has not.
    pub ended_well: Option<bool>,
}

/// Whether the account has this message.
///
/// # Errors
/// When the store cannot answer.
pub async fn exists(scoped: &Scoped, sid: MessageSid) -> Result<bool> {
    Ok(scoped.get::<Message>(sid).await?.is_some())
}

/// The newest messages, at most so many.
///
/// # Errors
/// When the store cannot answer.
pub async fn newest(scoped: &Scoped, limit: usize) -> Result<Vec<MessageSid>> {
    walk::<Message, _>(scoped, Range::default(), limit, |document| Some(document.sid)).await
}

/// What messages of this time came to, newest first; at most `limit` messages are looked at.
///
/// # Errors
/// When the store cannot answer.
pub async fn outcomes(scoped: &Scoped, made: Range, limit: usize) -> Result<Vec<Sent>> {
    walk::<Message, _>(scoped, made, limit, |document| {
        let facts = document.facts;
        let ended_well = match facts.status {
            Status::Sent | Status::Delivered => Some(true),
            Status::Failed | Status::Undelivered => Some(false),
            _ => None,
        };
        (facts.direction != Direction::Inbound).then_some(Sent { sender: facts.own_number, ended_well })
    })
    .await
}

/// How many opt-outs came in this time, counted up to `limit`.
///
/// # Errors
/// When the store cannot answer.
pub async fn opt_outs(scoped: &Scoped, made: Range, limit: usize) -> Result<u64> {
    Ok(walk::<OptOut, _>(scoped, made, limit, |_| Some(())).await?.len() as u64)
}

/// The text of a message, still protected; `None` when it is gone.
///
/// # Errors
/// When the store cannot answer.
pub async fn body(scoped: &Scoped, sid: MessageSid) -> Result<Option<Phi<String>>> {
    Ok(stored::body(scoped, sid).await?)
}

/// What `pick` takes of the newest documents of this time; at most `limit` are looked at.
async fn walk<K: Kind, T>(
    scoped: &Scoped,
    created: Range,
    limit: usize,
    pick: impl Fn(store::Document<K>) -> Option<T>,
) -> Result<Vec<T>> {
    let (mut picked, mut left, mut cursor) = (Vec::new(), limit, None);
    while left > 0 {
        let size = left.min(store::limits::PAGE_ROWS);
        let query = Query { created, limit: size, cursor, ..Query::default() };
        let listed = scoped.list::<K>(query).await?;
        left -= listed.documents.len().min(left);
        picked.extend(listed.documents.into_iter().filter_map(&pick));
        match listed.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(picked)
}
