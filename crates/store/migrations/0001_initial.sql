-- The first layout. Words in braces are replaced per dialect (src/schema.rs).
-- Times are microseconds since the Unix epoch; sealed columns carry the epoch of their scope key.

-- A destroyed key keeps its row with no key in it, so that its scope is never made anew.
CREATE TABLE scope_keys (
    scope {text} NOT NULL,
    epoch {i64} NOT NULL,
    wrapped {blob},
    master_key_id {text} NOT NULL,
    created_at {i64} NOT NULL,
    PRIMARY KEY (scope, epoch)
){strict};

CREATE TABLE documents (
    scope {text} NOT NULL,
    kind {text} NOT NULL,
    sid {text} NOT NULL,
    parent {text},
    created_at {i64} NOT NULL,
    updated_at {i64} NOT NULL,
    event_at {i64},
    revision {i64} NOT NULL,
    epoch {i64} NOT NULL,
    facts {blob} NOT NULL,
    content {blob},
    PRIMARY KEY (scope, kind, sid)
){strict};

CREATE INDEX documents_page ON documents (scope, kind, created_at, sid);
CREATE INDEX documents_parent ON documents (scope, kind, parent, created_at, sid) WHERE parent IS NOT NULL;

CREATE TABLE document_keys (
    scope {text} NOT NULL,
    kind {text} NOT NULL,
    sid {text} NOT NULL,
    epoch {i64} NOT NULL,
    wrapped {blob} NOT NULL,
    PRIMARY KEY (scope, kind, sid)
){strict_clustered};

-- The primary key is the access path: one filter and a page of it are one range.
CREATE TABLE document_index (
    scope {text} NOT NULL,
    kind {text} NOT NULL,
    key {text} NOT NULL,
    value {blob} NOT NULL,
    created_at {i64} NOT NULL,
    sid {text} NOT NULL,
    PRIMARY KEY (scope, kind, key, value, created_at, sid)
){strict_clustered};

CREATE INDEX document_index_owner ON document_index (scope, kind, sid, key);

CREATE TABLE directory (
    name {blob} NOT NULL,
    scope {text} NOT NULL,
    sid {text} NOT NULL,
    PRIMARY KEY (name)
){strict};

-- `sequence` may be used again once its job is gone; the token tells the leases apart.
-- `available_at` is the due time of a waiting job and the end of the lease of a claimed one.
CREATE TABLE jobs (
    sequence {serial},
    id {text} NOT NULL,
    queue {text} NOT NULL,
    ordering_key {blob},
    ordered_at {i64} NOT NULL,
    available_at {i64} NOT NULL,
    token {blob},
    attempts {i64} NOT NULL,
    created_at {i64} NOT NULL,
    scope {text} NOT NULL,
    epoch {i64} NOT NULL,
    payload {blob} NOT NULL
){strict};

CREATE INDEX jobs_available ON jobs (queue, available_at, sequence);
CREATE INDEX jobs_order ON jobs (queue, ordering_key, ordered_at, sequence) WHERE ordering_key IS NOT NULL;

CREATE TABLE journal (
    sequence {i64} NOT NULL PRIMARY KEY,
    at {i64} NOT NULL,
    scope {text} NOT NULL,
    entry {blob} NOT NULL,
    chain {blob} NOT NULL
){strict};

CREATE INDEX journal_scope ON journal (scope, sequence);

CREATE TABLE journal_head (
    id {i64} NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence {i64} NOT NULL,
    chain {blob} NOT NULL,
    mac {blob} NOT NULL
){strict};

CREATE TABLE checkpoints (
    size {i64} NOT NULL PRIMARY KEY,
    root {blob} NOT NULL,
    at {i64} NOT NULL,
    signature {blob} NOT NULL
){strict};
