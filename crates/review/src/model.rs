//! What a review is, and what state it is in. Pure.

use std::time::Duration;

use base::{AccountSid, MessageSid, PersonSid, ReviewSid, Timestamp};
use serde::{Deserialize, Serialize};
use statements::{Approval, Reason, ReviewRequest, Signed};
use store::{Document, Kind};

use crate::limits;
use crate::risk::Figures;

/// The kind of the documents; they live in the scope of the account whose texts are looked at.
#[derive(Debug)]
pub(crate) enum Review {}

impl Kind for Review {
    const NAME: &'static str = "review";
    type Sid = ReviewSid;
    type Facts = ReviewFacts;
    type Content = ();
}

/// In which account a review is, for the operator's list; it lives in the scope of the system.
#[derive(Debug)]
pub(crate) enum ReviewPlace {}

impl Kind for ReviewPlace {
    const NAME: &'static str = "review-place";
    type Sid = ReviewSid;
    type Facts = String;
    type Content = ();
}

/// All of a review. The signed statements are kept as they came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReviewFacts {
    /// What was asked for.
    pub(crate) request: Signed<ReviewRequest>,
    /// SID of who asked.
    pub(crate) requester: String,
    /// The messages that were found: these and no others may be read.
    pub(crate) messages: Vec<String>,
    /// What was counted, when a sign of risk is the reason.
    pub(crate) figures: Option<Figures>,
    /// The approval.
    pub(crate) approved: Option<Approved>,
    /// When it was closed before its time, in microseconds.
    pub(crate) closed_at: Option<i64>,
    /// Every opening.
    pub(crate) openings: Vec<Opened>,
}

/// An approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approved {
    /// As it was signed.
    pub(crate) approval: Signed<Approval>,
    /// SID of who approved.
    pub(crate) approver: String,
    /// When, in microseconds.
    pub(crate) at: i64,
    /// Until when it is open, in microseconds.
    pub(crate) until: i64,
}

/// One opening.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// SID of the message.
    pub(crate) message: String,
    /// SID of the reader.
    pub(crate) reader: String,
    /// When, in microseconds.
    pub(crate) at: i64,
}

/// Where a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It waits for its approval.
    Requested,
    /// Nobody approved it in time.
    Lapsed,
    /// Its two people may read.
    Open,
    /// Its time is over.
    Over,
    /// It was closed.
    Closed,
}

impl ReviewFacts {
    /// Its state now; `requested_at` is when it was made.
    pub(crate) fn state(&self, requested_at: Timestamp, now: Timestamp) -> State {
        match (&self.approved, self.closed_at) {
            (_, Some(_)) => State::Closed,
            (None, None) if requested_at.plus(limits::APPROVAL_WAITS) <= now => State::Lapsed,
            (None, None) => State::Requested,
            (Some(approved), None) if Timestamp::from_micros(approved.until) <= now => State::Over,
            (Some(_), None) => State::Open,
        }
    }

    /// What an approval is given for.
    pub(crate) fn digest(&self) -> String {
        self.request.digest_with(&self.messages)
    }

    /// Whether this person may read this message in it, while it is open.
    pub(crate) fn is_of(&self, reader: PersonSid, message: MessageSid) -> bool {
        let reader = reader.to_string();
        let is_approver = self.approved.as_ref().is_some_and(|approved| approved.approver == reader);
        (is_approver || self.requester == reader) && self.messages.contains(&message.to_string())
    }

    /// How long it is open once it is approved.
    pub(crate) fn time_box(&self) -> Duration {
        Duration::from_secs(self.request.stated.hours * 3_600)
    }
}

/// A review as operator and account see it.
#[derive(Serialize)]
pub(crate) struct ReviewView {
    sid: String,
    account_sid: String,
    state: State,
    reason: Reason,
    cause: String,
    reference: String,
    hours: u64,
    messages: Vec<String>,
    figures: Option<Figures>,
    digest: String,
    request: Signed<ReviewRequest>,
    requested_by: Person,
    requested_at: String,
    approved_by: Option<Person>,
    approved_at: Option<String>,
    open_until: Option<String>,
    closed_at: Option<String>,
    openings: Vec<OpenedView>,
}

#[derive(Serialize)]
struct Person {
    sid: String,
    name: String,
}

#[derive(Serialize)]
struct OpenedView {
    message_sid: String,
    reader_sid: String,
    opened_at: String,
}

impl ReviewView {
    pub(crate) fn new(document: Document<Review>, account: AccountSid, now: Timestamp) -> Self {
        let shown = |micros| Timestamp::from_micros(micros).iso8601();
        let facts = document.facts;
        let (digest, state) = (facts.digest(), facts.state(document.created_at, now));
        let person = |sid: &str, name: &str| Person { sid: sid.to_owned(), name: name.to_owned() };
        let approved = facts.approved.as_ref();
        Self {
            sid: document.sid.to_string(),
            account_sid: account.to_string(),
            state,
            digest,
            approved_by: approved.map(|it| person(&it.approver, &it.approval.by)),
            approved_at: approved.map(|it| shown(it.at)),
            open_until: approved.map(|it| shown(it.until)),
            closed_at: facts.closed_at.map(shown),
            requested_by: person(&facts.requester, &facts.request.by),
            requested_at: document.created_at.iso8601(),
            openings: facts
                .openings
                .into_iter()
                .map(|it| OpenedView {
                    message_sid: it.message,
                    reader_sid: it.reader,
                    opened_at: shown(it.at),
                })
                .collect(),
            reason: facts.request.stated.reason,
            cause: facts.request.stated.cause.clone(),
            reference: facts.request.stated.reference.clone(),
            hours: facts.request.stated.hours,
            request: facts.request,
            messages: facts.messages,
            figures: facts.figures,
        }
    }
}
