//! Every bound of this crate, in one place.

use std::time::Duration;

/// Workspaces of one account.
pub const WORKSPACES: usize = 100;
/// Sources of one workspace.
pub const SOURCES: usize = 1_000;
/// Write keys of one source.
pub const WRITE_KEYS: usize = 10;
/// Rows of a source's log that one answer reads; a row is what one request brought.
pub const EVENT_ROWS: usize = 100;
/// Events after which an answer takes no further row.
pub const EVENTS: usize = 200;
/// Characters of a name.
pub const NAME: usize = 255;
/// Characters of a reference or of who asked.
pub const LINE: usize = 255;
/// People that one regulation is about (published: 5,000 per call). Each is a few rows of one batch.
pub const REGULATED: usize = 1_000;
/// Characters of the id of somebody whom a regulation is about.
pub const ID: usize = 1_000;

/// Characters of a write key in a request.
pub const WRITE_KEY: usize = 100;
/// Requests of the tracking API that are read and written at the same time: their memory is this times what a body
/// may become.
pub const REQUESTS: usize = 32;
/// How long one more waits for its turn before it is told to come back.
pub const TURN: Duration = Duration::from_secs(2);
/// How long the body of a request may take.
pub const BODY: Duration = Duration::from_secs(10);
/// Seconds after which who was sent away may come back (`Retry-After`).
pub const RETRY_AFTER_SECONDS: u32 = 1;
/// How often events are written anew whose subjects changed meanwhile.
pub const ATTEMPTS: usize = 5;

/// How long an event's `messageId` is remembered, so that the same event is taken once. Stated in docs/segment.md.
pub const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// How many are remembered by a process: beyond, the oldest are forgotten sooner. Some 60 bytes each.
pub const WINDOW_EVENTS: usize = 1_000_000;

/// Subjects whose keys are held in memory; a full memory starts anew. Some 2 KiB each.
pub const SUBJECTS: usize = 16_384;
