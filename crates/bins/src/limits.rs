//! Every limit of bins, in one place.

/// Characters of a bin's document (Twilio's limit).
pub const MAX_CHARACTERS: usize = 4_000;

/// Characters of a friendly name (Twilio's limit).
pub const MAX_FRIENDLY_NAME: usize = 64;

/// Characters of a placeholder's name.
pub const MAX_PARAMETER_NAME: usize = 100;

/// Bins of one account.
pub const MAX_BINS: usize = 1_000;
