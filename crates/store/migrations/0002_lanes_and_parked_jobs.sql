-- Jobs wait in lanes, and one that cannot be done is taken out of its queue.

-- A keyed digest of what the job needs (a destination); empty when it needs nothing in particular.
ALTER TABLE jobs ADD COLUMN lane {blob} NOT NULL DEFAULT {empty};
-- Attempts in a row that ended without an outcome.
ALTER TABLE jobs ADD COLUMN failures {i64} NOT NULL DEFAULT 0;

-- The due jobs of one lane are one range, and the lanes of a queue are found by skipping from one to the next.
DROP INDEX jobs_available;
CREATE INDEX jobs_lane ON jobs (queue, lane, available_at, sequence);

-- The same columns without what only a waiting job has; `id` stays, because the payload is sealed for it.
CREATE TABLE parked_jobs (
    id {text} NOT NULL PRIMARY KEY,
    queue {text} NOT NULL,
    lane {blob} NOT NULL,
    ordering_key {blob},
    attempts {i64} NOT NULL,
    failures {i64} NOT NULL,
    reason {text} NOT NULL,
    created_at {i64} NOT NULL,
    parked_at {i64} NOT NULL,
    scope {text} NOT NULL,
    epoch {i64} NOT NULL,
    payload {blob} NOT NULL
){strict};

CREATE INDEX parked_jobs_page ON parked_jobs (parked_at, id);
