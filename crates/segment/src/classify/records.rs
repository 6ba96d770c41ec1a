//! What is kept of a workspace's fields, in its scope.

use base::{FieldSid, ScanSid, Sid, SourceSid, WorkspaceSid};
use paths::Path;
use phi::{DigestKey, Phi};
use privacy::{Colour, CustomMatcher, Door};
use serde::{Deserialize, Serialize};
use store::{Index, IndexValue, Kind};

/// The kind of the one document that says how a workspace classifies; its SID is the workspace's. Every change of a
/// colour writes it too: what was read under an older revision is not asked any more.
#[derive(Debug)]
pub(crate) enum Policy {}

impl Kind for Policy {
    const NAME: &'static str = "segment-privacy";
    type Sid = WorkspaceSid;
    type Facts = PolicyFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// How a workspace classifies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PolicyFacts {
    /// What happens to red fields at ingest where a field says nothing; `None` for what the workspace's kind has.
    pub(crate) red_at_ingest: Option<Door>,
    /// Matchers besides the pack's.
    pub(crate) matchers: Vec<CustomMatcher>,
}

impl PolicyFacts {
    /// What happens to red fields: in a HIPAA workspace they are not kept, unless somebody says otherwise.
    pub(crate) fn red_door(&self, is_hipaa: bool) -> Door {
        self.red_at_ingest.unwrap_or(if is_hipaa { Door::DropField } else { Door::Keep })
    }
}

/// The kind of field documents: their SID is a keyed digest of the path, so that there is one of each.
#[derive(Debug)]
pub(crate) enum Field {}

impl Kind for Field {
    const NAME: &'static str = "segment-field";
    type Sid = FieldSid;
    type Facts = FieldFacts;
    type Content = FieldName;
}

/// What is known of a field.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FieldFacts {
    /// What somebody said it is; without it the field is in the inbox.
    pub(crate) colour: Option<Colour>,
    /// What somebody said happens to it at ingest.
    pub(crate) door: Option<Door>,
    /// The matcher that recognises it, and what that recommends.
    pub(crate) recommended: Option<(String, Colour)>,
    /// Where it was seen.
    pub(crate) sources: Vec<String>,
    /// When somebody spoke last, in microseconds since the epoch.
    pub(crate) classified_at: Option<i64>,
    /// Whose word it is.
    pub(crate) signer: Option<String>,
}

impl FieldFacts {
    /// What happens to it at ingest. What a matcher alone has red is kept out of HIPAA workspaces only.
    pub(crate) fn at_ingest(&self, policy: &PolicyFacts, is_hipaa: bool) -> Door {
        let recommended = self.recommended.as_ref().map(|(_, colour)| *colour).filter(|_| is_hipaa);
        match (self.door, self.colour.or(recommended)) {
            (Some(door), _) => door,
            (None, Some(Colour::Red)) => policy.red_door(is_hipaa),
            (None, _) => Door::Keep,
        }
    }

    pub(crate) fn sources(&self) -> Vec<SourceSid> {
        self.sources.iter().filter_map(|sid| sid.parse().ok()).collect()
    }

    /// What it is found by.
    pub(crate) fn index(&self) -> Vec<Index> {
        vec![Index { key: BY_STATE, value: state_value(self.colour.is_some()) }]
    }
}

/// The index entry that says whether somebody has spoken about a field.
pub(crate) const BY_STATE: &str = "state";

pub(crate) fn state_value(is_classified: bool) -> IndexValue {
    IndexValue::Plain(if is_classified { "inventory" } else { "inbox" }.to_owned())
}

/// Where a field stands. A name in an event may be a patient's, so it is content.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FieldName {
    /// The names on the way to it: not every one can be written as a path and read again.
    names: Vec<String>,
}

impl FieldName {
    pub(crate) fn of(path: &Path) -> Self {
        Self { names: path.names().to_vec() }
    }

    pub(crate) fn path(&self) -> Path {
        Path::of(self.names.iter().cloned())
    }
}

/// The SID of a field.
pub(crate) fn field_sid(key: &DigestKey, path: &Phi<Path>) -> FieldSid {
    let digest = path.map_ref(ToString::to_string).digest(key, "segment field");
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.0[..16]);
    FieldSid::from_bytes(bytes)
}

/// The kind of documents about looks through what is kept.
#[derive(Debug)]
pub(crate) enum Scan {}

impl Kind for Scan {
    const NAME: &'static str = "segment-scan";
    type Sid = ScanSid;
    type Facts = ScanFacts;
    type Content = ();
}

/// A look through what a workspace keeps: how far it is, and what it found. It counts, and quotes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScanFacts {
    pub(crate) account: String,
    pub(crate) workspace: String,
    /// Whether what is red is taken out of the events.
    pub(crate) purges: bool,
    /// Sources that are still to be looked through, the present one last.
    pub(crate) sources: Vec<String>,
    /// The place in the present one.
    pub(crate) after: u64,
    /// Rows of the log behind it.
    pub(crate) rows: u64,
    /// Events that were opened.
    pub(crate) events: u64,
    /// Events that do not open any more.
    pub(crate) destroyed: u64,
    /// Events that could not be read.
    pub(crate) unreadable: u64,
    /// Fields that were not known before.
    pub(crate) detected: u64,
    /// Events that hold something red and still do.
    pub(crate) unresolved: u64,
    /// Events out of which something red was taken, and how many values that were.
    pub(crate) purged: u64,
    pub(crate) purged_values: u64,
    /// When it ended, in microseconds since the epoch.
    pub(crate) finished_at: Option<i64>,
}
