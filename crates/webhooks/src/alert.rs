//! Alerts: what the Debugger shows when a webhook, or something else outside the customer's sight, went wrong.
//!
//! An alert says what happened by number and static text, to which resource, and at which URL (scheme, host and path
//! only). Parameters and the answer's body may hold PHI (rule `RT-DEBUG-1`): they are never part of the facts, they are
//! not kept at all for a HIPAA project, and elsewhere they are content under a key of its own.

use base::{AlertSid, Sid, Timestamp};
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Index, IndexValue, Kind, NewDocument, Store};

use crate::delivery::Method;

/// The index entry by which the alerts of a resource are found.
pub const BY_RESOURCE: &str = "resource_sid";

/// The index entry by which the alerts of a level are found.
pub const BY_LEVEL: &str = "log_level";

/// The kind of alert documents; they live in the account's scope.
#[derive(Debug)]
pub enum Alert {}

impl Kind for Alert {
    const NAME: &'static str = "alert";
    type Sid = AlertSid;
    type Facts = AlertFacts;
    type Content = AlertContent;
}

/// How bad it is (`LogLevel` of monitor v1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something did not work.
    Error,
    /// Something may not have worked as meant.
    Warning,
    /// Something worth knowing.
    Notice,
    /// Something for developers.
    Debug,
}

impl LogLevel {
    /// The words on the wire.
    pub const WORDS: &[&'static str] = &["error", "warning", "notice", "debug"];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Debug => "debug",
        }
    }
}

/// What is known of an alert without opening anything protected.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertFacts {
    /// What went wrong, by its number in the public error dictionary; [`text`] has the words.
    pub error_code: u32,
    /// How bad it is.
    pub log_level: LogLevel,
    /// The resource it happened to.
    pub resource_sid: Option<String>,
    /// How the URL was called.
    pub request_method: Option<Method>,
    /// Scheme, host and path of the URL that was called.
    pub request_url: Option<String>,
    /// Identical alerts just before this one that were counted instead of raised.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeats: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What may be PHI; kept only for accounts that are no HIPAA project.
#[derive(Clone, Serialize, Deserialize)]
pub struct AlertContent {
    /// The parameters of the request, form-encoded.
    pub request_variables: String,
    /// The body of the answer, if there was one; bytes that are not UTF-8 are replaced.
    pub response_body: Option<String>,
}

/// An alert to be raised.
#[derive(Debug)]
pub struct NewAlert {
    /// Its SID.
    pub sid: AlertSid,
    /// When it happened.
    pub generated_at: Timestamp,
    /// What went wrong.
    pub error_code: u32,
    /// How bad it is.
    pub log_level: LogLevel,
    /// The resource it happened to.
    pub resource_sid: Option<String>,
    /// How the URL was called.
    pub request_method: Option<Method>,
    /// Scheme, host and path of the URL that was called ([`crate::WebhookUrl::without_secrets`]).
    pub request_url: Option<String>,
    /// Identical alerts just before this one that were counted instead of raised.
    pub repeats: u64,
    /// What may be PHI. `None` for a HIPAA project.
    pub content: Option<Phi<AlertContent>>,
}

impl NewAlert {
    /// An alert of now that says nothing but its number.
    pub fn now(store: &Store, error_code: u32, log_level: LogLevel) -> NewAlert {
        NewAlert {
            sid: AlertSid::generate(store.random().as_ref()),
            generated_at: store.clock().now(),
            error_code,
            log_level,
            resource_sid: None,
            request_method: None,
            request_url: None,
            repeats: 0,
            content: None,
        }
    }
}

/// Adds an alert to a batch, whose scope is the account's.
pub fn raise(batch: &mut Batch, alert: NewAlert) {
    let mut index = vec![plain(BY_LEVEL, alert.log_level.as_str())];
    index.extend(alert.resource_sid.as_deref().map(|sid| plain(BY_RESOURCE, sid)));
    batch.insert::<Alert>(NewDocument {
        sid: alert.sid,
        parent: None,
        created_at: alert.generated_at,
        event_at: Some(alert.generated_at),
        facts: AlertFacts {
            error_code: alert.error_code,
            log_level: alert.log_level,
            resource_sid: alert.resource_sid,
            request_method: alert.request_method,
            request_url: alert.request_url,
            repeats: alert.repeats,
        },
        content: alert.content,
        index,
    });
}

fn plain(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}

/// When the alert happened.
pub fn generated_at(alert: &Document<Alert>) -> Timestamp {
    alert.event_at.unwrap_or(alert.created_at)
}

/// A destination's circuit opened.
pub const DESTINATION_WAITS: u32 = 77_901;

/// A destination's circuit closed.
pub const DESTINATION_BACK: u32 = 77_902;

/// A job of the account was parked.
pub const JOB_PARKED: u32 = 77_903;

/// The operator may look at texts of the account for a while.
pub const REVIEW_OPENED: u32 = 77_904;

/// The operator has looked at a text of the account.
pub const REVIEW_READ: u32 = 77_905;

/// A quarantine holds events that nobody has reviewed for too long (PRO-PLAN-2).
pub const QUARANTINE_UNREVIEWED: u32 = 77_906;

/// A workspace has fields that nobody has classified for too long (PRIV-INBOX-1).
pub const FIELDS_UNCLASSIFIED: u32 = 77_907;

/// Texts of the webhook alerts (the numbers are the public error dictionary's, the words are ours).
const TEXTS: &[(u32, &str)] = &[
    (11100, "The configured URL is not one that can be called here"),
    (11200, "The server at the configured URL answered with an error"),
    (11205, "No connection to the server at the configured URL, or no complete answer in time"),
    (11206, "The server at the configured URL did not answer with valid HTTP"),
    (11210, "The host name of the configured URL does not resolve"),
    (11215, "The configured URL redirects too often"),
    (11220, "The TLS handshake with the server at the configured URL failed"),
    (11235, "The certificate at the configured URL is for another host"),
    (11236, "The certificate at the configured URL is expired or not valid yet"),
    (11237, "The certificate at the configured URL does not chain to a trusted or registered authority"),
    (11240, "The edge location in the configured URL's fragment is not valid"),
    (11241, "A connection setting in the configured URL's fragment is not valid"),
    (11243, "The retry policy in the configured URL's fragment is not valid"),
    (11750, "The answer of the server at the configured URL is too large"),
    (11751, "The media of a message are larger than 5 MB together"),
    (12300, "A medium of a message is of no type that can be sent"),
    (13214, "The callerId of Dial is no number of this account"),
    (13224, "Dial calls somebody who cannot be called"),
    (13750, "The document holds a verb that is not served here"),
    (30019, "A message with its media is larger than the carrier takes"),
    (31005, "The process that a call lived in died before somebody answered"),
    (21214, "The call could not be placed: the number cannot be reached, or there is no line"),
    (63019, "A medium of a message was deleted before the message was handed over"),
    // Ours: the dictionary has no number for these.
    (DESTINATION_WAITS, "The server at the configured URL does not answer; its webhooks wait until it does"),
    (DESTINATION_BACK, "The server at the configured URL answers again; the webhooks that waited are sent"),
    (JOB_PARKED, "Work for this account could not be done; the operator has to decide about it"),
    (
        REVIEW_OPENED,
        "Two people of the operator may read messages of this account for a while; the review says why",
    ),
    (REVIEW_READ, "A person of the operator has read this message in a review"),
    (
        QUARANTINE_UNREVIEWED,
        "Blocked events lie in this quarantine for longer than a week and nobody has reviewed them",
    ),
    (FIELDS_UNCLASSIFIED, "Fields of this workspace's events wait for longer than a week to be classified"),
];

/// The static text of an alert's number: from this page, the rulebook's refusals or the catalogue of errors.
pub fn text(error_code: u32) -> &'static str {
    let ours = TEXTS.iter().find(|(code, _)| *code == error_code).map(|(_, text)| *text);
    ours.or_else(|| rulebook::codes::row(error_code).map(|row| row.message))
        .or_else(|| errors::find(error_code).map(|row| row.message))
        .unwrap_or("See the error dictionary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SendError, UrlProblem};

    #[test]
    fn every_delivery_failure_has_a_text_of_its_own() {
        let failures = [
            SendError::PlainHttpRefused,
            SendError::AddressRefused,
            SendError::Dns,
            SendError::TlsHandshake,
            SendError::CertificateName,
            SendError::CertificateExpired,
            SendError::CertificateUntrusted,
            SendError::BadResponse,
            SendError::TooManyRedirects,
            SendError::BadRedirect,
            SendError::TooLarge,
            SendError::BadUrl(UrlProblem::BadEdge),
            SendError::BadUrl(UrlProblem::BadSetting),
            SendError::BadUrl(UrlProblem::BadRetryPolicy),
            SendError::Refused(rulebook::codes::CALLBACK_NOT_HTTPS),
        ];
        for failure in failures {
            assert_ne!(text(failure.alert_code()), text(0), "{failure:?}");
        }
    }
}
