//! Every limit of this crate, in one place.

use std::time::Duration;

/// Reviewers that the operator may have.
pub const REVIEWERS: usize = 100;

/// How far the time of a signature may be from ours: signing and sending are one act.
pub const FRESH: Duration = Duration::from_secs(600);

/// How long a request waits for its approval; then it has lapsed.
pub const APPROVAL_WAITS: Duration = Duration::from_secs(24 * 3_600);

/// Openings that one review takes.
pub const OPENINGS: usize = 500;

/// Characters of a reference.
pub const LINE: usize = statements::limits::LINE;

/// Rows of a page, unless the request says otherwise, and at most.
pub const PAGE: usize = 50;

/// Rows of a page at most.
pub const MAX_PAGE: usize = 100;

/// How far back signs of risk are looked for.
pub const RISK_WINDOW: Duration = Duration::from_secs(24 * 3_600);

/// Messages that are looked at for signs of risk, newest first.
pub const RISK_MESSAGES: usize = 5_000;

/// Opt-outs that are counted.
pub const RISK_OPT_OUTS: usize = 5_000;

/// Senders that are told apart.
pub const RISK_SENDERS: usize = 1_000;

/// Messages that ended without which no rate of errors says anything.
pub const ENOUGH_ENDED: u64 = 20;

/// Failed of a hundred that ended, from which on it is a sign of risk.
pub const ERROR_PERCENT: u64 = 20;

/// Messages sent without which no rate of opt-outs says anything.
pub const ENOUGH_SENT: u64 = 100;

/// Opt-outs of a hundred messages sent, from which on it is a sign of risk.
pub const STOP_PERCENT: u64 = 3;

/// How old a complaint may be to be a cause.
pub const COMPLAINT_COUNTS: Duration = Duration::from_secs(90 * 24 * 3_600);
