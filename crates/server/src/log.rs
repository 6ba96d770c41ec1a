//! Structured logs on standard error: what happened, never what it was about.

use tracing_subscriber::EnvFilter;

use crate::problem::{Problem, Result};
use crate::terminal;

/// What is logged unless the configuration says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Crates that are not ours and log through `tracing` or `log`; never below a warning, whatever is asked for.
const FOREIGN: &[&str] = &[
    "axum",
    "deadpool_postgres",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "rustls",
    "tokio",
    "tokio_postgres",
    "tower",
];

/// Starts JSON logs with the filter `given`, and makes panics one line without their message:
/// it may repeat what a request contained.
///
/// # Errors
/// When the filter is malformed.
pub(crate) fn start(given: Option<&str>) -> Result<()> {
    let filter = EnvFilter::try_new(given.unwrap_or(DEFAULT_FILTER)).map_err(|_| {
        Problem::new("SWITCHWARD_LOG is not a log filter such as `info` or `warn,webhooks=debug`")
    })?;
    // What other people's crates say below a warning may repeat statements, headers or text.
    let filter = FOREIGN.iter().fold(filter, |filter, target| {
        let quiet = format!("{target}=warn").parse().expect("a crate name and a level are a directive");
        filter.add_directive(quiet)
    });
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
