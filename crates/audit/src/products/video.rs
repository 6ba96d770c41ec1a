//! Video: the types of rooms.

use crate::check::{Check, each};
use crate::fact::Keep::Words;
use crate::resource::Resource;

/// Rooms. The list holds those in progress.
pub static ROOMS: Resource = Resource::list("Rooms", "video", "/v1/Rooms", "rooms")
    .keep(&[("type", Words(&["go", "peer-to-peer", "group", "group-small"]))]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&ROOMS];

/// What this file settles.
pub static CHECKS: &[Check] = &[Check::new(
    "VID-ROOM-1",
    &[each(&ROOMS, |room, notes| {
        let is_group = matches!(room.word("type"), Some("group" | "group-small"));
        notes.wants(is_group, "type", "is not a group room");
    })],
)
.leaves("rooms that had ended when the audit ran")];
