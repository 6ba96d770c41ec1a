//! The SQL of retention: the oldest documents of a kind, removed with their index entries and keys.

use base::Timestamp;

use crate::Scope;
use crate::sql::{Statement, Step};

/// The oldest rows, as every statement of one removal chooses them: the documents go last.
const OLDEST: &str =
    "(SELECT d.sid FROM documents d WHERE d.scope = $1 AND d.kind = $2 AND d.sid <> '' AND d.created_at < $3
    ORDER BY d.created_at, d.sid LIMIT $4)";

const SURPLUS: &str = "SELECT created_at FROM documents WHERE scope = $1 AND kind = $2 AND sid <> ''
    ORDER BY created_at DESC, sid DESC LIMIT 1 OFFSET $3";

/// Which documents of one scope and kind are removed at once.
pub(crate) struct Expiry {
    pub(crate) scope: Scope,
    pub(crate) kind: &'static str,
    pub(crate) limit: usize,
}

impl Expiry {
    /// When the first document was made that is one too many.
    pub(crate) fn surplus(&self, keep: u64) -> Statement {
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        Statement::new(SURPLUS, vec![self.scope.to_string().into(), self.kind.into(), keep.into()])
    }

    /// Removes those made before `before`; each document returns a row.
    pub(crate) fn steps(&self, before: Timestamp) -> Vec<Step> {
        let from =
            |table: &str| format!("DELETE FROM {table} WHERE scope = $1 AND kind = $2 AND sid IN {OLDEST}");
        let limit = i64::try_from(self.limit).expect("the limit is small");
        let statement = |sql: String| {
            let arguments =
                vec![self.scope.to_string().into(), self.kind.into(), before.micros().into(), limit.into()];
            Statement::new(sql, arguments)
        };
        vec![
            Step::Run(statement(from("document_index"))),
            Step::Run(statement(from("document_keys"))),
            Step::Run(statement(from("documents") + " RETURNING sid").returning()),
        ]
    }
}
