//! How much is sent at once, and how long anything about it may take.

use std::time::Duration;

/// Spans of one request to the collector.
pub(super) const BATCH: usize = 512;
/// How long spans are gathered before a batch that is not full is sent.
pub(super) const GATHER: Duration = Duration::from_millis(500);
/// How long a connection may take to come about, TLS included.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long the collector may take to answer (the default of OTLP exporters).
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How often a batch is tried.
pub(super) const ATTEMPTS: u32 = 4;
/// The pause after the first failure; it doubles.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// How long the last spans may take when the program stops.
pub(super) const FINISH: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes.
pub(super) const ANSWER_BYTES: usize = 64 * 1024;
