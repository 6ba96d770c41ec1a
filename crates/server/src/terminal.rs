//! Writing to the terminal, or to whatever stands in its place.

use std::io::{self, BufWriter, Write, stderr, stdout};
use std::time::Duration;

use backup::Progress;
use serde::Serialize;
use tokio::sync::watch;

use crate::problem::{Problem, Result};

/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Shows text on standard output, at once.
///
/// # Errors
/// When it cannot be written. A reader that has seen enough (`| head`) is no error.
pub(crate) fn show(text: &str) -> Result<()> {
    show_written(|out| out.write_all(text.as_bytes()))
}

/// Shows what `write` writes, without holding it all.
///
/// # Errors
/// As [`show`].
pub(crate) fn show_written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut stdout = BufWriter::new(stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Shows a value as JSON; `pretty` for people, else one line.
///
/// # Errors
/// When it cannot be encoded or written.
pub(crate) fn show_json(value: &impl Serialize, pretty: bool) -> Result<()> {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    show(&format!("{}\n", text.map_err(|_| Problem::new("the output cannot be encoded"))?))
}

/// Shows on standard error how far something has got, until the task is ended.
pub(crate) async fn show_progress(mut seen: watch::Receiver<Progress>) {
    while seen.changed().await.is_ok() {
        let Progress { done, total } = *seen.borrow_and_update();
        // There is nobody left to tell when that fails.
        let _unheard = write!(stderr(), "\r{done} of {total}   ");
        tokio::time::sleep(SHOW_EVERY).await;
    }
}

/// Says on standard error why the program could not do what it was told.
pub(crate) fn complain(text: &str) {
    // There is nobody left to tell when that fails.
    let _unheard = writeln!(stderr(), "switchward: {text}");
}
