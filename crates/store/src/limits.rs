//! Every bound of the store, in one place.

use std::time::Duration;

/// Rows of a page at most.
pub const PAGE_ROWS: usize = 1_000;
/// Rows of one journal read at most.
pub const JOURNAL_ROWS: usize = 10_000;
/// Jobs leased from one lane at once at most.
pub const CLAIM_JOBS: usize = 1_000;
/// Lanes one look finds at most.
pub const LOOK_LANES: usize = 256;
/// How long a job waits whose scope's key cannot be had.
pub const KEY_PAUSE: Duration = Duration::from_secs(5);
/// Entries of a filter that are walked and sorted rather than looked up for each document by event time, and as far as
/// which entries are counted to find the rarest. At a million documents both ways cost about the same here.
pub const WALKED_ROWS: u64 = 5_000;
/// Counters of single days that one read returns at most.
pub const COUNTERS: usize = 100_000;
/// Rows of the log of events read or removed at once at most.
pub const EVENT_ROWS: usize = 1_000;
/// The longest pause and the longest lease of a consumer; what is further ahead is from before the clock went back.
pub const CONSUMER_AHEAD: Duration = Duration::from_secs(900);
/// Index entries a query may filter by.
pub const QUERY_FILTERS: usize = 8;
/// Rows one batch may write.
pub const BATCH_STEPS: usize = 10_000;
/// Bytes one batch may write: sealed values, entries and payloads together.
pub const BATCH_BYTES: usize = 64 * 1024 * 1024;
/// Batches that may wait for the writer; one more is answered `Unavailable`.
pub const WRITE_QUEUE: usize = 8_192;
/// How long a failed write is remembered although the journal has been probed with success.
pub const WRITE_FAILURE_KEPT: Duration = Duration::from_secs(2);
/// Reads that may wait for a reader; one more is answered `Unavailable`.
pub const READ_QUEUE: usize = 8_192;
/// Answers remembered of what is steady ([`crate::Store::steady`]); some kilobytes each.
pub const STEADY_ANSWERS: usize = 8_192;
/// Scope keys held in memory; the oldest is dropped first.
pub const CACHED_KEYS: usize = 4_096;
/// Scope keys that one step of a rotation moves.
pub const ROTATED_KEYS: usize = 100;
/// Rows that one step of a conversion writes anew.
pub const CONVERTED_ROWS: usize = 100;
/// Rows of one chunk of a copy.
pub const COPY_ROWS: usize = 256;
/// Bytes after which a chunk of a copy takes no further row.
pub const COPY_BYTES: usize = 1024 * 1024;
/// Chunks of a copy that wait for whoever takes them.
pub const COPY_CHUNKS: usize = 4;
/// How long a process trusts what it knows of a scope's newest epoch; another process may have
/// rotated the key meanwhile.
pub const CURRENT_KEY_TRUST: Duration = Duration::from_secs(60);
/// Characters of a sealed token at most.
pub const TOKEN_CHARACTERS: usize = 2_048;

/// SQLite: batches one group transaction holds at most.
pub const SQLITE_GROUP: usize = 512;
/// PostgreSQL: batches one group transaction holds at most.
pub const POSTGRES_GROUP: usize = 128;
/// Rows after which a group takes no further batch.
pub const GROUP_STEPS: usize = 4_096;

/// SQLite: threads that read pages and whatever else may take long.
pub const SQLITE_READERS: usize = 4;
/// SQLite: connections for reads by key, which are made where they are asked for.
pub const SQLITE_POINT_READERS: usize = 4;
/// SQLite: a read by key that took longer shows that the disk is slow, and that reading must not hold up
/// the tasks of the program.
pub const SQLITE_POINT_READ: Duration = Duration::from_millis(50);
/// SQLite: how long reads by key are left to the reading threads then.
pub const SQLITE_POINT_PAUSE: Duration = Duration::from_secs(1);
/// SQLite: memory the writer keeps pages in, in KiB.
pub const SQLITE_WRITER_CACHE_KIB: i64 = 32 * 1024;
/// SQLite: how long a connection waits for a lock inside this process.
pub const SQLITE_BUSY: Duration = Duration::from_secs(5);
/// SQLite: prepared statements kept per connection.
pub const SQLITE_STATEMENTS: usize = 128;
/// SQLite: rows written between two checkpoints of the log.
pub const SQLITE_CHECKPOINT_STEPS: usize = 4_000;
/// SQLite: pages of the log (4 KiB each) after which the writer itself waits for it to be emptied.
pub const SQLITE_LOG_PAGES: i64 = 32_768;

/// SQLite: how long the log may keep what the file has not any more: a destroyed key is in no file of
/// ours this long after it was destroyed (D-RED-5 asks for 60 seconds).
pub const SQLITE_LOG_KEPT: Duration = Duration::from_secs(30);

/// PostgreSQL: tasks that write groups.
pub const POSTGRES_BATCHERS: usize = 2;
/// PostgreSQL: connections of one process.
pub const POSTGRES_CONNECTIONS: usize = 16;
/// PostgreSQL: documents written by one process after which statistics are made. Later the server does that by itself.
pub const POSTGRES_ANALYZED: [u64; 6] = [256, 1_024, 4_096, 16_384, 65_536, 262_144];
/// PostgreSQL: how often at most other processes are told of work.
pub const POSTGRES_TELL: Duration = Duration::from_millis(20);
/// PostgreSQL: how long to wait for a connection.
pub const POSTGRES_CONNECT: Duration = Duration::from_secs(5);
/// PostgreSQL: how long a group or a read may take before its connection is given up.
pub const POSTGRES_ANSWER: Duration = Duration::from_secs(30);
/// PostgreSQL: how often a batch is tried that lost to a deadlock or a broken idle connection.
pub const POSTGRES_ATTEMPTS: usize = 3;
