//! Every bound of this crate, in one place.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Destinations of one workspace.
pub const DESTINATIONS: usize = 100;
/// Filters of one destination (published).
pub const FILTERS: usize = 10;
/// Mappings of one destination (published).
pub const MAPPINGS: usize = 50;
/// Actions of one filter.
pub const ACTIONS: usize = 10;
/// Paths granted to one destination.
pub const GRANTS: usize = 500;
/// Characters of a filter's title (published) and of other names.
pub const TITLE: usize = 64;
/// Characters of a destination's name: what `integrations` calls it by.
pub const NAME: usize = 255;
/// Characters of a reason or a signer.
pub const LINE: usize = 255;
/// Bits of the RSA keys that fields are encrypted for.
pub const KEY_BITS: RangeInclusive<usize> = 2_048..=8_192;
/// Credentials that may have changed what can leave before somebody has to approve it.
pub const AUTHORS: usize = 50;
/// Characters of a granted path.
pub const PATH: usize = 1_000;
/// Bytes of all filters, or all mappings, of one destination as JSON.
pub const PARTS_BYTES: usize = 256 * 1024;
/// Headers of one destination.
pub const HEADERS: usize = 20;
/// Characters of a header's value and of a secret.
pub const HEADER: usize = 4_096;
/// Consent categories of one destination.
pub const CATEGORIES: usize = 50;
/// Payloads that one request may bring.
pub const BATCH: RangeInclusive<u32> = 1..=100;
/// Payloads that one transaction of a database, or one object of an archive, may bring.
pub const LOAD_BATCH: RangeInclusive<u32> = 1..=500;
/// Payloads of an object unless the settings say otherwise.
pub const OBJECT_BATCH: u32 = 500;
/// Connections to databases that one process keeps.
pub const SESSIONS: usize = 64;
/// How long a connection to a database is kept that nobody uses.
pub const SESSION_IDLE: Duration = Duration::from_secs(60);
/// Payloads a second that a destination may be limited to.
pub const PER_SECOND: RangeInclusive<u32> = 1..=10_000;

/// Destinations worked on at once by one process. Their memory is at most this times [`READ_ROWS`] requests of 500 KB;
/// with events of usual sizes this times [`RUN_BYTES`], a few times.
pub const RUNS: usize = 32;
/// Destinations with work that one look finds.
pub const LOOK: usize = 512;
/// Rows of the log that are read at once; a row is what one request brought, at most 500 KB.
pub const READ_ROWS: usize = 8;
/// Rows of the log that one run reads.
pub const RUN_ROWS: usize = 96;
/// Bytes after which a run reads no further row.
pub const READ_BYTES: usize = 1024 * 1024;
/// Events that one run looks at.
pub const RUN_EVENTS: usize = 1_000;
/// Requests of one run.
pub const RUN_REQUESTS: usize = 50;
/// Bytes of payloads after which a run, and a request, takes no further event.
pub const RUN_BYTES: usize = 1024 * 1024;
/// How long a run goes on to its next request.
pub const RUN_TIME: Duration = Duration::from_secs(20);
/// How long one request may take, whatever it is made of.
pub const REQUEST: Duration = Duration::from_secs(25);
/// How long a process has a destination for itself: a run's time, a request's, and what is written behind it.
pub const LEASE: Duration = Duration::from_secs(60);
/// How long to wait before looking for work again when there was none.
pub const IDLE_POLL: Duration = Duration::from_millis(250);
/// When a destination that may not be given anything yet is looked at again.
pub const WAIT: Duration = Duration::from_secs(30);

/// The longest pause of a destination that takes nothing; that of a single request is `jobs::backoff`'s.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// Requests that a run tries behind one that failed, to find whether the destination takes others.
pub const PROBES: usize = 2;
/// Requests that one destination may have set aside; with so many, one more that fails holds all others up.
pub const SET_ASIDE: usize = 64;
/// Events that one destination may have set aside, and what one run adds to them; with so many it takes no further
/// ones.
pub const SET_ASIDE_EVENTS: usize = 1_000;
/// Events that wait together behind one that was set aside.
pub const SET_ASIDE_TOGETHER: usize = 100;
/// What one run tries again at most of what was set aside.
pub const AGAIN: usize = 16;
/// How long events are tried (published: 4 hours).
pub const GIVE_UP: Duration = Duration::from_secs(4 * 3_600);

/// How long records of events that were given up are kept.
pub const DEAD_LETTERS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Records of events that were given up, of one workspace; the oldest go first.
pub const DEAD_LETTERS: u64 = 100_000;
/// Records removed at once.
pub const SWEEP_ROWS: usize = 1_000;
/// How often they are looked for.
pub const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Records that one answer shows.
pub const SHOWN_DEAD_LETTERS: usize = 100;
/// Days that one answer of counts shows.
pub const SHOWN_DAYS: i64 = 31;
/// Destinations that the metrics tell apart.
pub const MEASURED: usize = 1_000;
/// Days that one answer of Segment's delivery overview covers.
pub const OVERVIEW_DAYS: i64 = 400;
