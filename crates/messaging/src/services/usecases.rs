//! What a Messaging Service may be for: the words that `Usecase` takes.

use serde::Serialize;

/// When nothing is said.
pub(super) const UNDECLARED: &str = "undeclared";

/// One use case, as `GET /v1/Services/Usecases` shows it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usecase {
    usecase: &'static str,
    description: &'static str,
    purpose: &'static str,
}

const fn row(usecase: &'static str, description: &'static str, purpose: &'static str) -> Usecase {
    Usecase { usecase, description, purpose }
}

/// Every use case.
pub(super) const USECASES: &[Usecase] = &[
    row("notifications", "What somebody waits for: reminders, results, deliveries, alerts", "Notify people"),
    row("marketing", "News and offers, to people who asked for them", "Tell people about offers"),
    row("verification", "Codes that show that a number is somebody's", "Verify people"),
    row("discussion", "Conversations between people", "Talk with people"),
    row("poll", "Questions with a choice of answers", "Ask people"),
    row(UNDECLARED, "Anything else, or not known yet", "Not said"),
];

/// Whether `Usecase` takes this word.
pub(super) fn is_known(usecase: &str) -> bool {
    USECASES.iter().any(|row| row.usecase == usecase)
}
