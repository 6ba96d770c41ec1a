-- Segment's events: a row for what one request brought to one source, in the order in which rows were committed.
-- Each event is sealed under the keys of whom it is about, so that destroying such a key destroys it here, in the
-- log and in every backup (src/events.rs). `names` are digests of the events' names, 16 bytes each.
CREATE TABLE events (
    sequence {serial},
    scope {text} NOT NULL,
    stream {text} NOT NULL,
    at {i64} NOT NULL,
    names {blob} NOT NULL,
    records {blob} NOT NULL
){strict};

CREATE INDEX events_stream ON events (scope, stream, sequence);
CREATE INDEX events_at ON events (at);
