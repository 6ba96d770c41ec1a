//! JSON shapes that leave the simulator. Views of messages hold open text and have no `Debug`.

use base::Timestamp;
use phi::Proof;
use serde::Serialize;

use crate::faults::{Fault, FaultKind};
use crate::simulator::{HandsetMedia, HandsetMessage};

/// The protected fields of a handset's messages, as the ledger names them.
pub(crate) const DISCLOSED: &[&str] = &["body", "to"];
/// Those of messages with media.
pub(crate) const DISCLOSED_MMS: &[&str] = &["body", "media", "to"];

/// A message on a handset.
#[derive(Serialize)]
pub(crate) struct MessageView {
    sid: String,
    from: String,
    to: String,
    body: String,
    media: Vec<MediaView>,
    received_at: String,
}

impl MessageView {
    pub(crate) fn new(message: HandsetMessage, proof: &Proof) -> Self {
        Self {
            sid: message.reference.message.to_string(),
            from: message.from.into_open(proof),
            to: message.to.into_open(proof),
            body: message.body.into_open(proof),
            media: message.media.into_iter().map(|medium| MediaView::new(medium, proof)).collect(),
            received_at: message.received_at.iso8601(),
        }
    }
}

/// A medium on a handset.
#[derive(Serialize)]
pub(crate) struct MediaView {
    content_type: String,
    size_bytes: u64,
    sha256: String,
}

impl MediaView {
    fn new(medium: HandsetMedia, proof: &Proof) -> Self {
        let sha256 = medium.sha256.into_open(proof);
        Self { content_type: medium.content_type, size_bytes: medium.size, sha256 }
    }
}

/// What is on a handset, newest last.
#[derive(Serialize)]
pub(crate) struct MessagesView {
    pub(crate) messages: Vec<MessageView>,
}

/// A message was taken from a handset.
#[derive(Serialize)]
pub(crate) struct SentView {
    status: &'static str,
}

impl SentView {
    pub(crate) const SENT: Self = Self { status: "sent" };
}

/// The virtual clock.
#[derive(Serialize)]
pub(crate) struct ClockView {
    now: String,
}

impl ClockView {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now: now.iso8601() }
    }
}

/// A fault script. The recipient is masked: whoever set it knows it, and no entry is needed.
#[derive(Serialize)]
pub(crate) struct FaultView {
    kind: &'static str,
    code: Option<u32>,
    count: u32,
    delay_ms: Option<u64>,
    to: Option<String>,
}

impl FaultView {
    pub(crate) fn new(fault: &Fault) -> Self {
        let (kind, code, delay) = match fault.kind {
            FaultKind::Unavailable => ("unavailable", None, None),
            FaultKind::Reject(code) => ("reject", Some(code), None),
            FaultKind::Undelivered(code) => ("undelivered", Some(code), None),
            FaultKind::Silent => ("silent", None, None),
            FaultKind::Delay(delay) => ("delay", None, Some(delay)),
        };
        let delay_ms = delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        Self { kind, code, count: fault.count, delay_ms, to: fault.to.as_ref().map(|to| to.masked()) }
    }
}

/// The fault scripts that are not used up, oldest first.
#[derive(Serialize)]
pub(crate) struct FaultsView {
    pub(crate) faults: Vec<FaultView>,
}
