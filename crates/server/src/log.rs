//! Structured logs on standard error: what happened, never what it was about.

use tracing_subscriber::EnvFilter;

use crate::problem::{Problem, Result};
use crate::terminal;

/// What is logged unless `SWITCHWARD_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Starts JSON logs with the filter `given`, and makes panics one line without their message:
/// it may repeat what a request contained.
///
/// # Errors
/// When the filter is malformed.
pub(crate) fn start(given: Option<&str>) -> Result<()> {
    let filter = EnvFilter::try_new(given.unwrap_or(DEFAULT_FILTER)).map_err(|_| {
        Problem::new("SWITCHWARD_LOG is not a log filter such as `info` or `warn,webhooks=debug`")
    })?;
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    hide_panics();
    Ok(())
}

/// Replaces the message of a panic by the place where it happened.
pub(crate) fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        match tracing::dispatcher::has_been_set() {
            true => tracing::error!(place, "a task stopped because an invariant was broken"),
            false => terminal::complain(&format!("an invariant was broken at {place}")),
        }
    }));
}
