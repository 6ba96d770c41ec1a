//! What older versions wrote in a form that is not written any more, put right when the database is opened.
//!
//! A migration is SQL, and SQL does not know the keys. A conversion reads some rows, computes what they should be and
//! writes them in one transaction, again and again; then it is noted, so that it is never looked for again. When it is
//! interrupted it goes on at the next start, and two processes at once do no harm.

use crate::document::IndexValue;
use crate::sql::{Prepared, Row, Statement, Step, Value};
use crate::{Scope, Store, StoreError, limits};

/// Until the index had digests of free text alone, it had names in clear text.
const NAMES: &str = "names in the index";
/// The kinds that had them, and what they stand under.
const NAMED_KINDS: [&str; 2] = ["account", "phone-number"];
const NAME_KEY: &str = "friendly_name";

const IS_DONE: &str = "SELECT done_at FROM conversions WHERE name = $1";
const NOTE_DONE: &str = "INSERT INTO conversions (name, done_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const ALL_SCOPES: &str = "SELECT DISTINCT scope FROM scope_keys ORDER BY scope";
/// A walk along the key: clear text has a tag of its own in front (`IndexValue`).
const IN_CLEAR: &str = "SELECT value, created_at, sid FROM document_index
    WHERE scope = $1 AND kind = $2 AND key = $3 AND value >= $4 AND value < $5 ORDER BY value LIMIT $6";
const CONVERT: &str = "UPDATE document_index SET value = $7
    WHERE scope = $1 AND kind = $2 AND key = $3 AND value = $4 AND created_at = $5 AND sid = $6";

/// Does what is not done yet.
pub(crate) async fn convert(store: &Store) -> Result<(), StoreError> {
    let done = store.engine().query(Statement::new(IS_DONE, vec![NAMES.into()])).await?;
    if !done.is_empty() {
        return Ok(());
    }
    let mut converted = 0;
    for mut row in store.engine().query(Statement::new(ALL_SCOPES, Vec::new())).await? {
        let scope = Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?;
        for kind in NAMED_KINDS {
            loop {
                let step = names_of(store, scope, kind).await?;
                if step == 0 {
                    break;
                }
                converted += step;
                tracing::info!(entries = converted, "names in the index become digests");
            }
        }
    }
    let note = Statement::new(NOTE_DONE, vec![NAMES.into(), store.clock().now().micros().into()]);
    store.engine().submit(Prepared::one(note)).await.map(drop)
}

/// Up to [`limits::CONVERTED_ROWS`] names of one kind in one scope; how many there were.
async fn names_of(store: &Store, scope: Scope, kind: &'static str) -> Result<usize, StoreError> {
    let place = || -> Vec<Value> { vec![scope.to_string().into(), kind.into(), NAME_KEY.into()] };
    let (from, until) = IndexValue::plain_range();
    let limit = i64::try_from(limits::CONVERTED_ROWS).expect("the limit is small");
    let asked = [place(), vec![from.clone().into(), until.into(), limit.into()]].concat();
    let rows = store.engine().query(Statement::new(IN_CLEAR, asked)).await?;
    let step = |mut row: Row| {
        let old = row.blob()?;
        let text = old.strip_prefix(&*from).and_then(|text| std::str::from_utf8(text).ok());
        let new = store.free_text(scope, text.ok_or(StoreError::Sealed)?).to_bytes();
        let (created_at, sid) = (row.integer()?, row.text()?);
        let more = vec![old.into(), created_at.into(), sid.into(), new.into()];
        Ok(Step::Run(Statement::new(CONVERT, [place(), more].concat())))
    };
    let steps = rows.into_iter().map(step).collect::<Result<Vec<_>, StoreError>>()?;
    let count = steps.len();
    if count > 0 {
        store.engine().submit(Prepared::new(steps).moving_generation()).await?;
    }
    Ok(count)
}
