-- Who reads the log of events, and how far: a row for each consumer of a stream (src/consumers.rs). `position` is the
-- last row of the log that is done, `skip` how many events of the next one are; `tried_*` is the end of what was begun.
CREATE TABLE consumers (
    scope {text} NOT NULL,
    name {text} NOT NULL,
    stream {text} NOT NULL,
    position {i64} NOT NULL,
    skip {i64} NOT NULL,
    tried_position {i64} NOT NULL,
    tried_skip {i64} NOT NULL,
    due_at {i64} NOT NULL,
    failures {i64} NOT NULL,
    failing_since {i64} NOT NULL,
    leased_until {i64} NOT NULL,
    token {blob} NOT NULL,
    PRIMARY KEY (scope, name)
){strict_clustered};

CREATE INDEX consumers_due ON consumers (due_at);

-- What became of events, by consumer and day (UTC, days since 1970-01-01).
CREATE TABLE delivery_counts (
    scope {text} NOT NULL,
    name {text} NOT NULL,
    day {i64} NOT NULL,
    outcome {text} NOT NULL,
    events {i64} NOT NULL,
    PRIMARY KEY (scope, name, day, outcome)
){strict_clustered};

-- The accounting of disclosures: to whom what of a person was given, first, last and how often
-- (45 CFR 164.528(b)(3)). It outlives the person's key and the events.
CREATE TABLE disclosures (
    scope {text} NOT NULL,
    subject {text} NOT NULL,
    name {text} NOT NULL,
    what {text} NOT NULL,
    first_at {i64} NOT NULL,
    last_at {i64} NOT NULL,
    times {i64} NOT NULL,
    PRIMARY KEY (scope, subject, name, what)
){strict_clustered};
