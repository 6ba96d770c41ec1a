//! What a campaign may be for: the published words, described in ours.

use serde::Serialize;

/// One use case, as the API shows it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Usecase {
    code: &'static str,
    name: &'static str,
    description: &'static str,
    post_approval_required: bool,
}

const fn row(code: &'static str, name: &'static str, approval: bool, description: &'static str) -> Usecase {
    Usecase { code, name, description, post_approval_required: approval }
}

/// What a sole proprietor's campaign is for, and no other.
pub(crate) const SOLE_PROPRIETOR: &str = "SOLE_PROPRIETOR";

/// What a company's campaign may be for.
pub(crate) const STANDARD: &[Usecase] = &[
    row("2FA", "Two-factor authentication", false, "Codes for signing in and for new passwords"),
    row("ACCOUNT_NOTIFICATION", "Account notification", false, "Reminders and news about an account"),
    row("AGENTS_FRANCHISES", "Agents and franchises", true, "Branches that write from numbers of their own"),
    row("CHARITY", "Charity", false, "Messages of a charity that is exempt from tax"),
    row("PROXY", "Proxy", true, "People who write to each other without seeing their numbers"),
    row("CUSTOMER_CARE", "Customer care", false, "Help for customers"),
    row("DELIVERY_NOTIFICATION", "Delivery notification", false, "Where a delivery is"),
    row("EMERGENCY", "Emergency", true, "Warnings that keep the public safe"),
    row("FRAUD_ALERT", "Fraud alert", false, "Warnings of fraud"),
    row("HIGHER_EDUCATION", "Higher education", false, "Messages of colleges and universities"),
    row("K12_EDUCATION", "K-12 education", true, "Messages of schools"),
    row("LOW_VOLUME", "Low volume", false, "Few messages for several of these purposes"),
    row("MARKETING", "Marketing", false, "News and offers, to people who asked for them"),
    row("MIXED", "Mixed", false, "Several of these purposes"),
    row("POLITICAL", "Political", false, "Messages of candidates and parties"),
    row("POLLING_VOTING", "Polling and voting", false, "Questions with a choice of answers, not political"),
    row("PUBLIC_SERVICE_ANNOUNCEMENT", "Public service announcement", false, "Matters of public interest"),
    row("SECURITY_ALERT", "Security alert", false, "A system was broken into, and something has to be done"),
    row("SOCIAL", "Social", true, "Messages of communities and of people many follow"),
    row("SWEEPSTAKE", "Sweepstake", true, "Games with prizes"),
];

/// The one use case of a sole proprietor.
pub(crate) const SOLE: &[Usecase] =
    &[row(SOLE_PROPRIETOR, "Sole proprietor", false, "Messages of one person's business")];

/// Whether a campaign may be for this.
pub(crate) fn is_known(usecases: &[Usecase], code: &str) -> bool {
    usecases.iter().any(|usecase| usecase.code == code)
}
