//! Video: the types of rooms, what is done in them, and with which tracks.

use super::usage;
use crate::check::{Check, Test, each, never};
use crate::fact::Keep::Words;
use crate::resource::Resource;

/// Rooms in progress.
pub static ROOMS: Resource =
    Resource::list("Rooms", "video", "/v1/Rooms", "rooms").keep(&[("type", Words(TYPES))]);

/// Rooms that have ended, newest first.
pub static ENDED_ROOMS: Resource =
    Resource::list("Rooms (completed)", "video", "/v1/Rooms?Status=completed", "rooms")
        .keep(&[("type", Words(TYPES))]);

/// Who is in a room; nothing of them is kept.
pub static PARTICIPANTS: Resource =
    Resource::list("Room Participants", "video", "/v1/Rooms/{1}/Participants", "participants").under(&ROOMS);

/// What they publish.
pub static TRACKS: Resource = Resource::list(
    "Published Tracks",
    "video",
    "/v1/Rooms/{2}/Participants/{1}/PublishedTracks",
    "published_tracks",
)
.under(&PARTICIPANTS)
.keep(&[("kind", Words(KINDS))]);

/// Live transcripts of a room; nothing of them is kept but that they are there.
pub static TRANSCRIPTIONS: Resource =
    Resource::list("Room Transcriptions", "video", "/v1/Rooms/{1}/Transcriptions", "transcriptions")
        .under(&ROOMS)
        .id("ttid");

/// Recordings of tracks.
pub static RECORDINGS: Resource = Resource::list("Video Recordings", "video", "/v1/Recordings", "recordings")
    .sample()
    .keep(&[("type", Words(KINDS))]);

/// What this file reads.
pub static RESOURCES: &[&Resource] =
    &[&ROOMS, &ENDED_ROOMS, &PARTICIPANTS, &TRACKS, &TRANSCRIPTIONS, &RECORDINGS];

const TYPES: &[&str] = &["go", "peer-to-peer", "group", "group-small"];
const KINDS: &[&str] = &["audio", "video", "data"];

const GROUP: Test = each(&ROOMS, |room, notes| {
    notes.wants(matches!(room.word("type"), Some("group" | "group-small")), "type", "is not a group room");
});
const WAS_GROUP: Test = each(&ENDED_ROOMS, |room, notes| {
    notes.wants(matches!(room.word("type"), Some("group" | "group-small")), "type", "was not a group room");
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("VID-ROOM-1", &[GROUP, WAS_GROUP]),
    Check::new(
        "VID-ROOM-2",
        &[
            usage::VIDEO_LISTED,
            never(&TRANSCRIPTIONS, |_, notes| {
                notes.fails(
                    "",
                    "is a live transcript of a room, which is not on the list of eligible features",
                );
            }),
        ],
    )
    .leaves("features of rooms that neither usage nor the rooms in progress show"),
    // No API tells which application is behind a data track, so whether it needs an agreement is for a person to say.
    Check::new(
        "VID-DATA-1",
        &[
            each(&TRACKS, |track, notes| match track.word("kind") {
                Some("audio" | "video") => notes.holds(),
                _ => notes.unsure(),
            }),
            each(&RECORDINGS, |recording, notes| match recording.word("type") {
                Some("audio" | "video") => notes.holds(),
                _ => notes.unsure(),
            }),
        ],
    )
    .leaves("data tracks of rooms that have ended and were not recorded"),
];
