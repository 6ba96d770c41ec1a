//! Retention: what is older than the limits that people wrote down.
//!
//! Lists begin with the newest, so they are asked for what is older than the limit. The answers hold content, so they
//! are asked only when sampling is allowed; days alone are kept. `{expired:KIND}` in a path is the
//! last day that is too old; without a limit for the kind the list is not asked for.

use super::runtime::SYNC_DOCUMENTS;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::Day;
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// Messages that are too old.
pub static OLD_MESSAGES: Resource = Resource::list(
    "Messages (too old)",
    "api",
    "/2010-04-01/Accounts/{account}/Messages.json?DateSent%3C={expired:messages}",
    "messages",
)
.sample()
.keep(&[(CREATED, Day)]);

/// Calls that are too old.
pub static OLD_CALLS: Resource = Resource::list(
    "Calls (too old)",
    "api",
    "/2010-04-01/Accounts/{account}/Calls.json?StartTime%3C={expired:calls}",
    "calls",
)
.sample()
.keep(&[(CREATED, Day)]);

/// Recordings that are too old.
pub static OLD_RECORDINGS: Resource = Resource::list(
    "Recordings (too old)",
    "api",
    "/2010-04-01/Accounts/{account}/Recordings.json?DateCreated%3C={expired:recordings}",
    "recordings",
)
.sample()
.keep(&[(CREATED, Day)]);

/// Recordings of video that are too old.
pub static OLD_VIDEO: Resource = Resource::list(
    "Video Recordings (too old)",
    "video",
    "/v1/Recordings?DateCreatedBefore={expired:video-recordings}T23:59:59Z",
    "recordings",
)
.sample()
.keep(&[(CREATED, Day)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&OLD_MESSAGES, &OLD_CALLS, &OLD_RECORDINGS, &OLD_VIDEO];

const CREATED: &str = "date_created";
const NONE_TOO_OLD: &[Test] = &[
    SYNC_ENDS,
    never(&OLD_MESSAGES, |message, notes| too_old(message, "messages", notes)),
    never(&OLD_CALLS, |call, notes| too_old(call, "calls", notes)),
    never(&OLD_RECORDINGS, |recording, notes| too_old(recording, "recordings", notes)),
    never(&OLD_VIDEO, |recording, notes| too_old(recording, "video-recordings", notes)),
];
const SYNC_ENDS: Test = each(&SYNC_DOCUMENTS, |document, notes| {
    let ends = document.day("date_expires").is_some();
    notes.wants(ends, "date_expires", "never expires, so nothing limits how long it is kept");
});

const OURS_AND_TWILIO: &[Provider] = &[Provider::Twilio, Provider::Switchward];
const SIGNALWIRE: &[Provider] = &[Provider::SignalWire];
const WRITTEN: &str =
    "the retention limit of each channel and flow, and that copies elsewhere are gone as well";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("ART-CTRL-RETAIN", NONE_TOO_OLD).on(OURS_AND_TWILIO).leaves(WRITTEN),
    Check::new(
        "ART-CTRL-RETAIN",
        &[
            never(&OLD_MESSAGES, |message, notes| too_old(message, "messages", notes)),
            never(&OLD_CALLS, |call, notes| too_old(call, "calls", notes)),
            never(&OLD_RECORDINGS, |recording, notes| too_old(recording, "recordings", notes)),
        ],
    )
    .on(SIGNALWIRE)
    .leaves(WRITTEN),
];

/// The service is asked for old ones only, and not believed: what counts is the day of the record itself.
fn too_old(record: &Item, kind: &str, notes: &mut Notes<'_>) {
    let (Some(limit), Some(day)) = (notes.retention(kind), record.day(CREATED)) else {
        return notes.unsure();
    };
    let old = notes.today().days_since(day) > i32::from(limit);
    notes.wants(!old, CREATED, "is older than the retention limit that is written down");
}
