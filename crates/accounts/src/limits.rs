//! Every limit of this crate, in one place.

/// Characters of a friendly name (Twilio's limit for accounts and keys).
pub const FRIENDLY_NAME: usize = 64;

/// Characters of one line of an agreement or statement: a name, a reference, a purpose.
pub const LINE: usize = 255;

/// Characters of a longer text: safeguards, a signed statement.
pub const TEXT: usize = 4_000;

/// Entries of one list in a request: purposes, subcontractors, services, named accounts.
pub const LIST: usize = 100;

/// Agreements of one organization; as many as an account's context looks at.
pub const AGREEMENTS: usize = 100;

/// Days within which a breach must be reported at the latest (ART-BAA-3; 45 CFR 164.410(b)).
pub const BREACH_DAYS: u32 = 60;

/// Private authorities of one account.
pub const AUTHORITIES: usize = 10;

/// Characters of one certificate in PEM.
pub const PEM: usize = 16_384;

/// Rows of a page of the ledger or of organizations when no size is asked for.
pub const PAGE: usize = 50;

/// The largest such page.
pub const MAX_PAGE: usize = 1_000;

/// Statements shown at once, newest first.
pub const STATEMENTS: usize = 1_000;

/// Bytes of an account's register as it is kept.
pub const REGISTER_BYTES: usize = 256 * 1024;

/// People whose attestations an account takes.
pub const SIGNERS: usize = 100;

/// Bytes of a restricted key's policy as JSON.
pub const POLICY: usize = 16_384;

/// Bytes of a URL and a body whose signature is to be explained: the search hashes them some thousand times.
pub const DIAGNOSIS: usize = 16_384;

/// Countries in one change of geographic permissions: more than there are.
pub const MAX_COUNTRIES: usize = 300;

/// Digits of a number on the safe list, or of the beginning of a thousand of them.
pub const SAFE_DIGITS: std::ops::RangeInclusive<usize> = 4..=15;
