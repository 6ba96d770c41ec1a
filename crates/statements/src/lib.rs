//! What people state in writing because no API shows it: third parties under agreement ([`Register`]), signed answers
//! ([`Attestation`]), failures that are known for a while
//! ([`Exception`]), and who wants to see whose texts, and why ([`ReviewRequest`]).
//!
//! Each is one type with one check. The TOML files of the checker and the JSON of `/switchward/v1` are read into it, key
//! by key; a file's mistake names file, line and field ([`Mistake`]), that of a request its field ([`Problem`]). Here is
//! no I/O: the checker reads these statements without a server, the guard of a running platform decides by them.

mod attestations;
mod check;
mod file;
pub mod limits;
mod register;
mod review;

use base::Timestamp;
use rulebook::Date;

pub use attestations::{Answer, Attestation, Attestations, Exception, Signer, sign, signing_key};
pub use check::Problem;
pub use file::{Mistake, Text};
pub use register::{Agreement, InForce, Party, Register};
pub use review::{Approval, Opening, Reason, ReviewRequest, Signable, Signed};

/// The day of an instant, in UTC. What has no four-digit year counts as the last day there is: every agreement with an
/// end has ended then.
pub fn day(at: Timestamp) -> Date {
    const LAST: Date = match Date::new(9999, 12, 31) {
        Ok(last) => last,
        Err(_) => panic!("it is in the calendar"),
    };
    at.iso8601().get(..10).and_then(|text| Date::parse(text).ok()).unwrap_or(LAST)
}
