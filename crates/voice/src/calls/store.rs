//! What voice keeps of calls.

use base::{CallSid, Timestamp};
use phi::{DigestKey, Phi};
use store::{Batch, Document, Index, IndexValue, NewDocument, Query, Scoped, StoreError, Tally};

use super::model::{Call, CallFacts, CallScript, Ends, Filter, Script};

/// The label of the digests by which calls are found by their ends.
const END: &str = "number";
/// The index entry of a call's state.
const STATUS: &str = "status";

/// A call to be kept.
pub struct NewCall {
    /// Its SID.
    pub sid: CallSid,
    /// The call whose `Dial` it is a leg of.
    pub parent: Option<CallSid>,
    /// What is known of it.
    pub facts: CallFacts,
    /// Who calls whom.
    pub ends: Phi<Ends>,
    /// What it was given to do, if anything.
    pub script: Option<Phi<Script>>,
    /// When it was accepted or came in.
    pub created_at: Timestamp,
}

fn tally(batch: &mut Batch, facts: &CallFacts) {
    batch.tally(Tally { what: "calls", outcome: facts.status.as_str() });
}

/// Adds a call, and shows it as it is then.
pub fn insert(batch: &mut Batch, key: &DigestKey, new: NewCall) -> Document<Call> {
    let NewCall { sid, parent, facts, ends, script, created_at } = new;
    tally(batch, &facts);
    let by = |name: &'static str, end: fn(&Ends) -> &String| {
        let digest = ends.map_ref(|ends| end(ends).clone()).digest(key, END);
        Index { key: name, value: IndexValue::Digest(digest) }
    };
    let index = vec![
        by("from", |ends| &ends.from),
        by("to", |ends| &ends.to),
        Index { key: STATUS, value: IndexValue::Plain(facts.status.as_str().to_owned()) },
    ];
    let parent = parent.map(|sid| sid.to_string());
    batch.insert::<Call>(NewDocument {
        sid,
        parent: parent.clone(),
        created_at,
        event_at: None,
        facts: facts.clone(),
        content: Some(ends.clone()),
        index,
    });
    if let Some(script) = script {
        batch.insert::<CallScript>(NewDocument {
            content: Some(script),
            ..NewDocument::of(sid, created_at, ())
        });
    }
    let (updated_at, event_at) = (created_at, None);
    Document { sid, parent, created_at, updated_at, event_at, revision: 1, facts, content: Some(ends) }
}

/// Writes a call whose state has changed. At its end what it was given to do is destroyed.
pub fn advance(batch: &mut Batch, call: &Document<Call>) {
    tally(batch, &call.facts);
    batch.update::<Call>(call);
    let status = IndexValue::Plain(call.facts.status.as_str().to_owned());
    batch.reindex::<Call>(call.sid, STATUS, vec![status]);
    if call.facts.status.is_terminal() {
        batch.shred::<CallScript>(call.sid);
    }
}

/// What a call was given to do; empty when it is gone.
///
/// # Errors
/// When the store cannot answer.
pub async fn script(scoped: &Scoped, sid: CallSid) -> Result<Option<Phi<Script>>, StoreError> {
    Ok(scoped.get::<CallScript>(sid).await?.and_then(|script| script.content))
}

/// The query of a list.
pub fn query(key: &DigestKey, filter: &Filter) -> Query {
    let by = |name, end: &Option<Phi<String>>| {
        end.as_ref().map(|end| Index { key: name, value: IndexValue::Digest(end.digest(key, END)) })
    };
    let status = filter
        .status
        .map(|status| Index { key: STATUS, value: IndexValue::Plain(status.as_str().to_owned()) });
    Query {
        filters: by("from", &filter.from).into_iter().chain(by("to", &filter.to)).chain(status).collect(),
        parent: filter.parent.map(|sid| sid.to_string()),
        event: filter.started,
        ..Query::default()
    }
}
