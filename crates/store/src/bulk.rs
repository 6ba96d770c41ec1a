//! Statements that PostgreSQL runs for many rows at once: one statement for all batches of a group, not one for each row.
//!
//! Running them out of the order of their batches changes nothing: each touches rows by their whole key, and what must not
//! meet there (two updates of one revision, two leases of one job) is counted. A count that is not right undoes the group,
//! which is then written statement by statement (`postgres_group.rs`). What runs under the lock of the journal's head
//! counts by itself, and fails by a division by zero: so the commit can be sent right behind it.

/// What many rows are written with in one statement, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bulk {
    /// New documents.
    Documents,
    /// Their keys.
    Keys,
    /// What they are found by.
    Index,
    /// New jobs.
    Jobs,
    /// Scopes that must not have been destroyed.
    Scopes,
    /// New facts of documents.
    Updates,
    /// Document keys that are destroyed.
    Shreds,
    /// Documents whose content is.
    Emptied,
    /// Jobs that are done.
    Finished,
    /// Ordering keys whose first job need not wait any more; after the jobs that are done.
    LetGo,
    /// Counters that are added to.
    Counts,
    /// Entries of the journal.
    Entries,
}

impl Bulk {
    /// Whether it only adds rows that no other transaction can see. Everything else waits for the journal's head
    /// (`chain.rs`), so that no group holds a row that the group with the head waits for.
    pub(crate) const fn only_adds(self) -> bool {
        matches!(self, Self::Documents | Self::Keys | Self::Index | Self::Jobs)
    }

    /// Whether its statement fails by itself when it touches another number of rows than its last parameter says.
    pub(crate) const fn counts(self) -> bool {
        matches!(self, Self::Scopes | Self::Updates | Self::Finished)
    }

    /// The statement: `$n` is the array of what `$n` is in the statement for one row.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Documents => {
                "INSERT INTO documents
                (scope, kind, sid, parent, created_at, updated_at, event_at, revision, epoch, facts, content)
                SELECT r.scope, r.kind, r.sid, r.parent, r.at, r.at, r.event_at, 1, r.epoch, r.facts, r.content
                FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                    $7::bigint[], $8::bytea[], $9::bytea[])
                AS r (scope, kind, sid, parent, at, event_at, epoch, facts, content) ON CONFLICT DO NOTHING"
            }
            Self::Keys => {
                "INSERT INTO document_keys (scope, kind, sid, epoch, wrapped)
                SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
                ON CONFLICT DO NOTHING"
            }
            Self::Index => {
                "INSERT INTO document_index (scope, kind, key, value, created_at, sid)
                SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[])
                ON CONFLICT DO NOTHING"
            }
            Self::Jobs => {
                "INSERT INTO jobs (id, queue, lane, ordering_key, ordered_at, available_at, attempts, failures,
                    created_at, scope, epoch, payload)
                SELECT r.id, r.queue, r.lane, r.ordering_key, r.due_at, r.due_at, 0, 0,
                    r.created_at, r.scope, r.epoch, r.payload
                FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[],
                    $7::text[], $8::bigint[], $9::bytea[])
                AS r (id, queue, lane, ordering_key, due_at, created_at, scope, epoch, payload)"
            }
            Self::Scopes => {
                "SELECT 1 / (count(*) = $3::bigint)::int FROM unnest($1::text[], $2::bigint[]) AS r (scope, epoch)
                JOIN scope_keys k ON k.scope = r.scope AND k.epoch = r.epoch WHERE k.wrapped IS NOT NULL"
            }
            Self::Updates => {
                "WITH done AS (UPDATE documents d SET facts = r.facts, epoch = r.epoch, event_at = r.event_at,
                    updated_at = r.updated_at, revision = d.revision + 1
                FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[],
                    $7::bigint[], $8::bigint[])
                AS r (scope, kind, sid, revision, facts, epoch, event_at, updated_at)
                WHERE d.scope = r.scope AND d.kind = r.kind AND d.sid = r.sid AND d.revision = r.revision
                RETURNING 1) SELECT 1 / (count(*) = $9::bigint)::int FROM done"
            }
            Self::Shreds => {
                "DELETE FROM document_keys k USING unnest($1::text[], $2::text[], $3::text[]) AS r (scope, kind, sid)
                WHERE k.scope = r.scope AND k.kind = r.kind AND k.sid = r.sid"
            }
            Self::Emptied => {
                "UPDATE documents d SET content = NULL
                FROM unnest($1::text[], $2::text[], $3::text[]) AS r (scope, kind, sid)
                WHERE d.scope = r.scope AND d.kind = r.kind AND d.sid = r.sid"
            }
            Self::Finished => {
                "WITH done AS (DELETE FROM jobs j USING unnest($1::bigint[], $2::bytea[]) AS r (sequence, token)
                WHERE j.sequence = r.sequence AND j.token = r.token
                RETURNING 1) SELECT 1 / (count(*) = $3::bigint)::int FROM done"
            }
            Self::LetGo => {
                "UPDATE jobs SET available_at = CASE WHEN length(token) = 0 THEN ordered_at ELSE available_at END,
                    token = CASE WHEN length(token) = 0 THEN NULL ELSE token END
                WHERE sequence = ANY (ARRAY(SELECT (SELECT e.sequence FROM jobs e
                    WHERE e.queue = r.queue AND e.ordering_key = r.ordering_key
                    ORDER BY e.ordered_at, e.sequence LIMIT 1)
                FROM unnest($1::text[], $2::bytea[]) AS r (queue, ordering_key)))"
            }
            Self::Counts => {
                "INSERT INTO counters (scope, day, name, events, amount)
                SELECT r.scope, r.day, r.name, sum(r.events)::bigint, sum(r.amount)::bigint
                FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
                AS r (scope, day, name, events, amount) GROUP BY r.scope, r.day, r.name
                ON CONFLICT (scope, day, name) DO UPDATE
                SET events = counters.events + excluded.events, amount = counters.amount + excluded.amount"
            }
            Self::Entries => {
                "INSERT INTO journal (sequence, at, scope, entry, chain)
                SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[])"
            }
        }
    }
}
