//! The carrier port: how messages leave and arrive. The simulator is one implementation of it, a
//! network carrier another; neither knows accounts or rules.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::{AccountSid, MessageSid, Timestamp};
use kit::Extension;
pub use statements::InForce;

use crate::segments::Coding;

/// A message handed to the carrier. It is the outside world's from here on, so it holds open text;
/// it has no `Debug`.
pub struct Submission {
    /// Names the message in receipts, and lets a carrier notice that it was handed over twice.
    pub reference: Reference,
    /// The sender: one of our numbers.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// The text.
    pub body: String,
    /// How many segments it takes.
    pub segments: u32,
    /// What it brings; with media, or as `is_mms`, it leaves as an MMS.
    pub media: Vec<Attachment>,
    /// It is to leave as an MMS, with media or without.
    pub is_mms: bool,
    /// After this instant it must not be delivered any more.
    pub valid_until: Timestamp,
    /// It must not leave by a way that others could read (ART-CTRL-TRANS).
    pub private_path: bool,
    /// It must not leave by a carrier that this register does not have (ART-BAA-4); none for any carrier.
    pub register: Option<InForce>,
}

/// A medium of a message that is handed over: its bytes are opened as the carrier reads them.
pub struct Attachment {
    /// What it is, by the looks of its bytes.
    pub content_type: String,
    /// Reads it.
    pub reader: blobs::Reader,
    /// The path of a link that opens it for an hour without credentials, for a carrier that [fetches](Carrier::fetches_media)
    /// media. It is a secret.
    pub link: Option<String>,
}

/// A message, as carriers name it: `AC…:SM…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The account that sent it.
    pub account: AccountSid,
    /// The message.
    pub message: MessageSid,
}

/// Why a carrier did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierError {
    /// It will never take it; the code is Twilio's (30003–30008, 30034).
    Rejected(u32),
    /// It cannot now: not connected, throttled, or no answer. Nothing was delivered, as far as known.
    Unavailable,
}

/// What became of a message, told by the carrier later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It reached the handset.
    Delivered,
    /// It did not and will not; the code is Twilio's.
    Undelivered(u32),
}

/// A message from a handset. Open text: it just came from outside; it has no `Debug`.
pub struct Arrival {
    /// The handset's number.
    pub from: String,
    /// Our number.
    pub to: String,
    /// The text; may be empty when there are media.
    pub body: String,
    /// What it brings.
    pub media: Vec<ArrivedMedia>,
}

/// A medium that came with a message. Its type is told by its bytes, whatever the carrier calls it. No `Debug`.
pub struct ArrivedMedia {
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A part of a message from a handset whose parts come one by one. Open text: it has no `Debug`.
pub struct ArrivalPart {
    /// The handset's number.
    pub from: String,
    /// Our number.
    pub to: String,
    /// How the text is to be read.
    pub coding: Coding,
    /// The text of this part; a character may be cut in two at its ends.
    pub octets: Vec<u8>,
    /// Names the message among those of this handset.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// A submission under way.
pub type Submitting<'a> = Pin<Box<dyn Future<Output = Result<(), CarrierError>> + Send + 'a>>;

/// Why a carrier cannot be set up, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupProblem(pub String);

impl fmt::Display for SetupProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetupProblem {}

/// When a message may be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// After this short wait, or at once.
    After(Duration),
    /// Not yet: ask again after this time. Meanwhile the message waits in the queue.
    Later(Duration),
}

/// The carrier that messages will be handed to, as the API knows it when it takes one: shared with the routes
/// ([`kit::Routes::share`]).
#[derive(Clone, Default)]
pub struct AtHand(pub Option<Arc<dyn Carrier>>);

impl AtHand {
    /// [`Carrier::is_covered`]; where no carrier is at hand yet, it is asked when there is one.
    pub(crate) fn is_covered(&self, register: &InForce) -> bool {
        self.0.as_ref().is_none_or(|carrier| carrier.is_covered(register))
    }

    /// [`Carrier::takes_mms`], likewise.
    pub(crate) fn takes_mms(&self, from: &str) -> bool {
        self.0.as_ref().is_none_or(|carrier| carrier.takes_mms(from))
    }

    /// [`Carrier::fetches_media`]; where no carrier is at hand yet, it is asked when there is one.
    pub(crate) fn fetches_media(&self, from: &str) -> bool {
        self.0.as_ref().is_some_and(|carrier| carrier.fetches_media(from))
    }
}

/// The carrier at hand, as handlers take it.
pub(crate) type Shared = Option<Extension<AtHand>>;

/// Whether a number can send messages with media, as it is shown: not where no carrier is at hand.
pub(crate) fn can_mms(carrier: &Shared, number: &str) -> bool {
    let carrier = carrier.as_ref().and_then(|Extension(carrier)| carrier.0.as_ref());
    carrier.is_some_and(|carrier| carrier.takes_mms(number))
}

/// A carrier. What it tells later (receipts, arrivals) it tells a [`crate::Inbox`].
pub trait Carrier: Send + Sync + 'static {
    /// Hands a message over. `Ok` means that the carrier has taken responsibility for it.
    fn submit(&self, submission: Submission) -> Submitting<'_>;

    /// Whether it has a way out whose host is in this register, under an agreement in force. A carrier that reaches
    /// nobody has no party.
    fn is_covered(&self, register: &InForce) -> bool;

    /// Whether it takes messages with media from this sender.
    fn takes_mms(&self, from: &str) -> bool {
        let _ = from;
        false
    }

    /// Whether it fetches the media of this sender's messages by links rather than takes their bytes. Such a link opens
    /// without credentials, so a HIPAA project sends no media that way (SMS-MMS-1).
    fn fetches_media(&self, from: &str) -> bool {
        let _ = from;
        false
    }

    /// When a message of so many segments from this sender may be handed over. Asked right before, and
    /// counted when the answer is [`Pace::After`]; `again` says that it was asked before.
    fn pace(&self, from: &str, segments: u32, again: bool) -> Pace {
        let _ = (from, segments, again);
        Pace::After(Duration::ZERO)
    }

    /// [`Carrier::pace`] of a message with media, where it leaves by another way than texts do.
    fn pace_mms(&self, from: &str, again: bool) -> Pace {
        self.pace(from, 1, again)
    }
}
