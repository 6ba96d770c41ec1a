//! Every bound of this crate, in one place.

use std::ops::RangeInclusive;
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
/// Regulations of one page.
pub const REGULATION_PAGE: usize = 50;
/// Receipts that one request gives.
pub const RECEIPTS: usize = 100;
/// Characters of the id of somebody whom a regulation is about.
pub const ID: usize = 1_000;

/// People of one workspace, invited ones included.
pub const PEOPLE: usize = 500;
/// Groups of one workspace.
pub const GROUPS: usize = 100;
/// People that one request names.
pub const NAMED: usize = 50;
/// Permissions that one request gives.
pub const PERMISSIONS: usize = 50;
/// Characters of an address (RFC 5321 §4.5.3.1.3 allows 256 with its brackets).
pub const EMAIL: usize = 254;
/// Tokens of one workspace.
pub const TOKENS: usize = 100;
/// Labels of one workspace, and of one source.
pub const LABELS: usize = 100;
/// Characters of a label's key or value, of a slug, and of the id of a kind of source.
pub const WORD: usize = 100;
/// Characters of a description.
pub const DESCRIPTION: usize = 2_000;
/// Bytes of what a source's kind is set to, as JSON.
pub const SETTINGS: usize = 16 * 1024;
/// Tracking plans of one workspace.
pub const PLANS: usize = 100;
/// Rules of one tracking plan (published: fewer than 2,000).
pub const RULES: usize = plans::limits::RULE_LIMIT;
/// Bytes of one rule's schema.
pub const RULE_BYTES: usize = 64 * 1024;
/// Bytes of all schemas of a plan: what it takes compiled is some ten times this.
pub const PLAN_BYTES: usize = 2 * 1024 * 1024;
/// Characters of the name of an event in a plan.
pub const EVENT_NAME: usize = 255;
/// Rules that one request takes out of a plan: they stand in its query.
pub const REMOVED_RULES: usize = 50;

/// Bytes of a body of the Public API: a whole plan, with its names.
pub const PUBLIC_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Requests of the Public API that are read and carried out at the same time.
pub const PUBLIC_REQUESTS: usize = 16;
/// The largest page of the Public API.
pub const PAGE: usize = 200;
/// The page that is answered when none is asked for.
pub const DEFAULT_PAGE: usize = 10;
/// Characters of a page's cursor.
pub const CURSOR: usize = 2_048;
/// Rows of the ledger that one page of audit events looks through.
pub const AUDIT_ROWS: usize = 1_000;

/// Tracking plans that are held compiled; a full memory starts anew.
pub const COMPILED_PLANS: usize = 64;
/// Events that are judged before others have their turn.
pub const JUDGED_AT_ONCE: usize = 32;
/// Events about violations that one request makes; the measures count those that it does not make.
pub const VIOLATIONS: usize = 1_000;

/// Workspaces whose fields are held as events are walked against them; a full memory starts anew.
pub const CLASSIFIED_WORKSPACES: usize = 64;
/// Fields that are read at once.
pub const FIELD_ROWS: usize = 1_000;
/// Fields of one page.
pub const FIELD_PAGE: usize = 100;
/// Fields that one request classifies.
pub const CLASSIFIED: usize = 200;
/// Rows of the log that one step of a look through what is kept goes on by.
pub const SCAN_ROWS: usize = 20;
/// Events after which a step takes no further row.
pub const SCAN_EVENTS: usize = 1_000;
/// Looks through one workspace that are kept on record; older ones are shown no more.
pub const SCANS: usize = 50;
/// Looks that go on at the same time in one process.
pub const SCANS_AT_ONCE: usize = 1;
/// How long somebody may take to speak about a field in the inbox (docs/privacy.md).
pub const INBOX_DAYS: u64 = 7;

/// How long an event may lie in a quarantine before somebody has reviewed it (docs/segment.md).
pub const QUARANTINE_REVIEW: Duration = Duration::from_secs(7 * 86_400);
/// How often what waits for people is looked for.
pub const WATCH_EVERY: Duration = Duration::from_secs(600);
/// How long an alert about the same is not raised again.
pub const ALERT_AGAIN: Duration = Duration::from_secs(86_400);

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

/// Days that events are kept where the workspace says nothing (docs/segment.md).
pub const KEPT_DAYS: u32 = 30;
/// Days that a workspace may say. At least the window in which repetitions are known, and longer than destinations are
/// tried for.
pub const KEPT_DAYS_ALLOWED: RangeInclusive<u32> = 2..=2_192;
/// How much longer events are kept that a destination has not been given yet.
pub const HELD: Duration = Duration::from_secs(7 * 86_400);
/// How often events that are too old are looked for.
pub const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Rows removed at once.
pub const SWEEP_ROWS: usize = 1_000;
/// Rows removed from one workspace in one sweep; the next one goes on.
pub const SWEEP_MOST: u64 = 1_000_000;
