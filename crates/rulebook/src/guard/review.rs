//! When the operator may see texts of an account (CHG-MOD-1, CHG-MOD-2).

use super::{Check, refuse};
use crate::{AccountFacts, codes};

const RULE: &str = "CHG-MOD-2";

/// A step of a review. It is the same for every account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewStep {
    /// It is asked for.
    Request {
        /// Whether there is a recorded complaint, or a sign of risk now.
        has_cause: bool,
    },
    /// It is approved.
    Approve {
        /// Whether it is another person than the one who asked.
        is_second_person: bool,
    },
    /// A text is opened.
    Open {
        /// Whether the review is approved and not over, names the message, and is this person's.
        is_open: bool,
    },
}

/// The operator's token opens no message of a HIPAA project.
pub(super) fn operate(account: &AccountFacts) -> Check {
    if account.protected { Err(refuse(RULE, codes::CONTENT_NEEDS_REVIEW, None)) } else { Ok(()) }
}

pub(super) fn step(step: ReviewStep) -> Check {
    let (holds, code) = match step {
        ReviewStep::Request { has_cause } => (has_cause, codes::REVIEW_WITHOUT_CAUSE),
        ReviewStep::Approve { is_second_person } => (is_second_person, codes::REVIEW_NEEDS_TWO_PEOPLE),
        ReviewStep::Open { is_open } => (is_open, codes::REVIEW_NOT_OPEN),
    };
    if holds { Ok(()) } else { Err(refuse(RULE, code, None)) }
}
