-- What was counted, by scope, day (UTC, days since 1970-01-01) and a word of ours (src/counters.rs).
CREATE TABLE counters (
    scope {text} NOT NULL,
    day {i64} NOT NULL,
    name {text} NOT NULL,
    events {i64} NOT NULL,
    amount {i64} NOT NULL,
    PRIMARY KEY (scope, day, name)
){strict_clustered};

-- Room for the next version of a row on its own page.
{postgres} ALTER TABLE counters SET (fillfactor = 50);
