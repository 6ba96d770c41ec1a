//! How much is kept of traces while they wait.

/// Spans that wait to be sent; what comes when there are more is dropped and counted.
pub const WAITING_SPANS: usize = 8_192;

/// Jobs whose trace is remembered; the oldest are forgotten first.
pub const REMEMBERED_JOBS: usize = 8_192;
