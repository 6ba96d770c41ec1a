//! Voice Intelligence: not eligible, so nothing of it may be there.

use crate::check::{Check, never};
use crate::resource::Resource;

/// Services.
pub static SERVICES: Resource =
    Resource::list("Intelligence Services", "intelligence", "/v2/Services", "services");

/// Transcripts; nothing of them is kept but that they are there.
pub static TRANSCRIPTS: Resource =
    Resource::list("Intelligence Transcripts", "intelligence", "/v2/Transcripts", "transcripts");

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&SERVICES, &TRANSCRIPTS];

/// What this file settles.
pub static CHECKS: &[Check] = &[Check::new(
    "VOI-INTEL-1",
    &[
        never(&SERVICES, |_, notes| {
            notes.fails("", "is a service of Voice Intelligence, which is not eligible")
        }),
        never(&TRANSCRIPTS, |_, notes| {
            notes.fails("", "is a transcript of Voice Intelligence, which is not eligible")
        }),
    ],
)];
