//! The data files that are part of the program; a new edition is one more block here.

use crate::load::{EditionSource, SourceFile};

macro_rules! edition {
    ($id:literal: $($file:literal)*) => {
        EditionSource {
            id: $id,
            files: &[$(SourceFile {
                name: concat!($id, "/", $file),
                text: include_str!(concat!("../data/", $id, "/", $file)),
            }),*],
        }
    };
}

/// Every edition, oldest first.
pub(crate) const EDITIONS: &[EditionSource<'static>] = &[edition!("2024-12-11":
    "edition.toml"
    "systems.toml"
    "01-agreement.toml"
    "02-designation.toml"
    "03-all-products-security.toml"
    "04-runtime-tools.toml"
    "05-video.toml"
    "06-voice-and-sip.toml"
    "07-messaging.toml"
    "08-chat-and-conversations.toml"
    "09-frontline.toml"
    "10-verify-and-lookup.toml"
    "11-event-streams-and-salesforce.toml"
    "12-flex.toml"
    "13-segment-workspace.toml"
    "14-segment-connections.toml"
    "15-segment-unify.toml"
    "16-segment-protocols-and-privacy.toml"
    "17-segment-engage.toml"
    "18-sendgrid-and-change-log.toml"
    "derived.toml"
    "report.toml"
)];

/// Tests per rule, written by `cargo xtask` (see [`crate::proofs`]).
pub(crate) const PROOFS: &str = include_str!("../data/proofs.txt");
