//! Every limit of registration, in one place.

use std::time::Duration;

/// How long the simulated registry takes for each step of a review.
pub const SIMULATED_PACE: Duration = Duration::from_secs(2);

/// Registrations of one kind and state that the operator is shown at once.
pub const MAX_UNDECIDED: usize = 100;

/// Characters of a name that a registry gives.
pub const MAX_REGISTRY_NAME: usize = 40;

/// Reviews moved on at a time.
pub const REVIEWING_CONCURRENCY: usize = 4;

/// How long a rejected verification of a toll-free number may be edited.
pub const EDIT_WINDOW: Duration = Duration::from_secs(7 * 86_400);

/// Characters of a text that the published documents give no limit for.
pub const MAX_TEXT: usize = 4_096;

/// Characters of a name, an address line or another short text.
pub const MAX_SHORT_TEXT: usize = 500;

/// Values of one list that the published documents give no limit for.
pub const MAX_LIST: usize = 50;
