//! Every bound of the audit in one place.

use std::time::Duration;

/// Pieces of evidence kept per answer; the rest is counted.
pub const EVIDENCE: usize = 20;
/// Longest answer of an API that is read.
pub const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Items asked for per page.
pub const PAGE_ITEMS: usize = 100;
/// Pages of one list that are read.
pub const PAGES: usize = 20;
/// Statements asked of a Switchward at a time.
pub const PAGE_STATEMENTS: usize = 200;
/// Pages of statements that are read.
pub const STATEMENT_PAGES: usize = 100;
/// Items of a list below which nested lists are read.
pub const PARENTS: usize = 50;
/// Subjects of one audit.
pub const SUBJECTS: usize = 1_000;
/// Requests at once.
pub const AT_ONCE: usize = 4;
/// Time to connect.
pub const CONNECT: Duration = Duration::from_secs(5);
/// Addresses of a callback host that are tried.
pub const ADDRESSES_TRIED: usize = 4;
/// Time for one request.
pub const REQUEST: Duration = Duration::from_secs(30);
/// Times one request is made when the service asks to come back later, or fails.
pub const ATTEMPTS: u32 = 4;
/// First pause before it is made again; doubled each time.
pub const PAUSE: Duration = Duration::from_millis(500);
/// Longest `Retry-After` that is waited for.
pub const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Requests of one audit, unless told otherwise.
pub const BUDGET: usize = 5_000;
/// Largest file of ours (designation, attestations, register, observations) that is read.
pub const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Largest file with credentials of subaccounts: enough for as many as one audit has.
pub const CREDENTIALS_BYTES: u64 = 256 * 1024;
/// Messages, calls and the like that are looked at when sampling is allowed.
pub const SAMPLE_ITEMS: usize = 200;
/// Hosts or media that one probe tries.
pub const PROBES: usize = 20;
/// Hosts of the API whose TLS is probed.
pub const API_HOSTS: usize = 32;
/// How far back the oldest medium is looked for, in days.
pub const OLDEST_DAYS: u16 = 4_096;
/// Requests to find it: one per halving of that time, and one for the newest.
pub const OLDEST_REQUESTS: usize = 14;
/// Seconds for which a URL of media may live (VID-MEDIA-2).
pub const MEDIA_LIFE: u64 = 3_600;
/// Oldest API key that passes, in days (derived rule D-KEY-2).
pub const KEY_DAYS: i32 = 90;
/// After how many days a message must have lost what redaction takes away (the vendor says 24 hours, D-RED-5).
pub const REDACTED_DAYS: i32 = 2;
/// Messages below which nothing is said of how many of them failed.
pub const ERRORS_OF: usize = 20;
/// Failed messages of a hundred above which the vendor may look at content (CHG-MOD-2).
pub const ERRORS_PERCENT: usize = 10;
