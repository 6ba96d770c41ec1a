//! An account's own part of the ledger, by API (ART-CTRL-AUDIT, D-SEG-4): who did what, when, why, from where.

use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Found, FromParams, Params, Query};
use ledger::RecordedEntry;
use serde::Serialize;

use crate::limits;

/// Where to read on, and how far.
pub(crate) struct LedgerQuery {
    after: u64,
    limit: usize,
}

impl FromParams for LedgerQuery {
    fn from_params(params: &mut Params) -> Result<Self> {
        let after = params.integer("After", 0..=i64::MAX)?.unwrap_or(0);
        let size = params.integer("PageSize", 1..=limits::MAX_PAGE as i64)?;
        Ok(Self { after: after.unsigned_abs(), limit: size.map_or(limits::PAGE, |size| size as usize) })
    }
}

#[derive(Serialize)]
struct EntryView {
    sequence: u64,
    at: String,
    actor: String,
    action: String,
    sids: Vec<String>,
    /// The protected fields that were opened.
    fields: Vec<String>,
    purpose: String,
    source: Option<String>,
}

/// A page of the ledger, oldest first.
#[derive(Serialize)]
pub(crate) struct LedgerView {
    entries: Vec<EntryView>,
    /// The `After` of the next page, when there may be one.
    next_after: Option<u64>,
}

/// `GET …/Ledger`.
pub(crate) async fn list(ctx: Ctx, Query(query): Query<LedgerQuery>) -> Answer<Found<LedgerView>> {
    let rows = ctx.store().journal(query.after, query.limit).await?;
    let next_after = rows.last().filter(|_| rows.len() == query.limit).map(|row| row.sequence);
    let entry = |row: store::JournalRow| -> Result<EntryView> {
        // An entry that does not read was altered: that is for `switchward ledger verify`, not to be skipped.
        let entry: RecordedEntry =
            serde_json::from_slice(&row.entry).map_err(|_| ApiError::new(codes::INTERNAL))?;
        Ok(EntryView {
            sequence: row.sequence,
            at: row.at.iso8601(),
            actor: entry.who,
            action: entry.act,
            sids: entry.what,
            fields: entry.fields,
            purpose: entry.why,
            source: entry.from.map(|address| address.to_string()),
        })
    };
    let entries = rows.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(Found(LedgerView { entries, next_after }))
}
