//! Every limit of this crate, in one place.

/// Characters of a name, a role, a contact, an id or a link.
pub const LINE: usize = 255;

/// Characters of a question or a reason.
pub const TEXT: usize = 4_000;

/// Characters of a host name (RFC 1035 §2.3.4).
pub const HOST: usize = 253;

/// Entries of one list of a statement: hosts, services, subcontractors, subjects.
pub const LIST: usize = 100;

/// Parties of one register.
pub const PARTIES: usize = 500;

/// Bytes of a signature and of a public key (Ed25519, RFC 8032 §5.1).
pub const SIGNATURE: usize = 64;

/// Bytes of a public key.
pub const PUBLIC_KEY: usize = 32;

/// Messages that one review may name.
pub const REVIEWED: usize = 100;

/// Hours that a review is open unless it says otherwise, and at most.
pub const REVIEW_HOURS: u64 = 4;

/// Hours that a review may be open.
pub const REVIEW_HOURS_MOST: u64 = 24;
