//! One account of the upstream: what is asked of it, what its answers mean, and how fast it may be asked.

use base::{MessagingServiceSid, Timestamp};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, Method, StatusCode};
use messaging::carrier::{Pace, Receipt, Submission};
use peer::{Answer, Pacing, Wire, WireError};
use serde::Deserialize;
use statements::InForce;
use url::form_urlencoded::Serializer;

use crate::carrier::address;
use crate::config::{AccountConfig, origin};
use crate::limits::{ANSWER_BYTES, CREDENTIALS_REST, LIST_PAGE, LIST_PAGES, READ, REST, SKEW};

/// What an answer is to be.
const JSON: (HeaderName, &str) = (ACCEPT, "application/json");

/// Twilio's codes: unknown error, not authenticated, suspended.
const UNKNOWN_ERROR: u32 = 30_008;
const NOT_AUTHENTICATED: u32 = 20_003;
const SUSPENDED: u32 = 20_005;

/// An account and how it does.
pub(crate) struct Account {
    pub(crate) config: AccountConfig,
    /// Its host, as the register names it.
    host: String,
    wire: Wire,
    pacing: Pacing,
}

/// What became of a `POST Messages`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The upstream has it, under this SID.
    Taken(String),
    /// It does not have it, and never will; its code.
    Refused(u32),
    /// It does not have it, and may take it later.
    NotTaken,
    /// It may have it or not.
    Unknown,
}

/// What the upstream's list says of an attempt with an unknown outcome.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// These may be it, the most likely first.
    Found(Vec<String>),
    /// It is not there.
    Absent,
    /// The list cannot be had, is too long, or no longer shows enough.
    Unclear,
}

/// A message as the upstream shows it. No `Debug`.
#[derive(Deserialize)]
struct Shown {
    sid: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    error_code: Option<u32>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    date_created: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Shown>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<u32>,
}

impl Account {
    pub(crate) fn new(config: AccountConfig) -> Result<Self, String> {
        let url = origin(&config.base_url).ok_or("`base_url` is not https://host")?;
        let login = Some((config.key_sid.as_str(), &config.secret));
        let wire = Wire::new(&url, config.ca_file.as_deref(), login, (READ, ANSWER_BYTES))?;
        let host = config.host();
        Ok(Self { config, host, wire, pacing: Pacing::default() })
    }

    /// Whether the register has its host, under an agreement in force about messaging (ART-BAA-4).
    pub(crate) fn is_covered(&self, register: &InForce) -> bool {
        register.covers(&self.host, messaging::PRODUCT.service)
    }

    /// When the next message may go; counted when it is now or soon.
    pub(crate) fn pace(&self) -> Pace {
        self.pacing.pace(self.config.rate_per_second)
    }

    /// `GET`. The path holds nothing of a person.
    async fn get(&self, path: &str) -> Result<Answer, WireError> {
        self.wire.send(Method::GET, path, &[JSON], Bytes::new()).await
    }

    /// Hands a message over; `callback` is where the upstream is to tell what becomes of it.
    pub(crate) async fn post(&self, submission: &Submission, callback: &str, now: Timestamp) -> Posted {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", self.config.account_sid);
        let headers = [JSON, (CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let form = self.form(submission, callback, now);
        match self.wire.send(Method::POST, &path, &headers, form.into()).await {
            Ok(answer) => self.judge(&answer),
            Err(WireError::NotSent(problem)) => {
                tracing::warn!(upstream = self.config.name, problem, "a message could not be handed over");
                Posted::NotTaken
            }
            Err(WireError::Unknown(problem)) => {
                tracing::warn!(
                    upstream = self.config.name,
                    problem,
                    "whether a message was taken is not known"
                );
                Posted::Unknown
            }
        }
    }

    /// The body of `POST Messages`.
    fn form(&self, submission: &Submission, callback: &str, now: Timestamp) -> String {
        let sender = self.config.as_sender(&submission.from).unwrap_or(&submission.from);
        let is_service = sender.parse::<MessagingServiceSid>().is_ok();
        let validity = submission.valid_until.since(now).as_secs();
        let mut form = Serializer::new(String::new());
        form.append_pair("To", &submission.to)
            .append_pair(if is_service { "MessagingServiceSid" } else { "From" }, sender)
            .append_pair("StatusCallback", callback)
            .append_pair("ValidityPeriod", &validity.clamp(1, MOST_VALIDITY).to_string());
        if !submission.body.is_empty() {
            form.append_pair("Body", &submission.body);
        }
        if submission.is_mms && submission.media.is_empty() {
            form.append_pair("SendAsMms", "true");
        }
        for link in submission.media.iter().filter_map(|medium| medium.link.as_deref()) {
            form.append_pair("MediaUrl", &address(&self.config.callback_base, link));
        }
        form.finish()
    }

    /// What an answer to `POST Messages` means.
    fn judge(&self, answer: &Answer) -> Posted {
        let name = self.config.name.as_str();
        let status = answer.status.as_u16();
        match answer.status {
            status if status.is_success() => match serde_json::from_slice::<Shown>(&answer.body) {
                Ok(shown) if is_message_sid(&shown.sid) => Posted::Taken(shown.sid),
                _ => Posted::Unknown,
            },
            StatusCode::TOO_MANY_REQUESTS => {
                self.pacing.rest(answer.retry_after.unwrap_or(REST));
                Posted::NotTaken
            }
            StatusCode::REQUEST_TIMEOUT => Posted::Unknown,
            code if code.is_client_error() => {
                let code =
                    serde_json::from_slice::<Problem>(&answer.body).ok().and_then(|problem| problem.code);
                if status == 401 || matches!(code, Some(NOT_AUTHENTICATED | SUSPENDED)) {
                    // Nothing is wrong with the message: the operator can put it right while it waits.
                    tracing::error!(
                        upstream = name,
                        status,
                        code,
                        "the upstream does not accept our account or key"
                    );
                    self.pacing.rest(CREDENTIALS_REST);
                    return Posted::NotTaken;
                }
                Posted::Refused(code.unwrap_or(UNKNOWN_ERROR))
            }
            code if code.is_server_error() => {
                if let Some(time) = answer.retry_after {
                    self.pacing.rest(time);
                }
                tracing::warn!(upstream = name, status, "whether a message was taken is not known");
                Posted::Unknown
            }
            _ => {
                tracing::error!(upstream = name, status, "the upstream redirects, which is never followed");
                self.pacing.rest(CREDENTIALS_REST);
                Posted::NotTaken
            }
        }
    }

    /// Looks through the upstream's newest messages for one that was perhaps handed over at `began`. Neither recipient
    /// nor text stands in the request: they are compared here.
    pub(crate) async fn look_for(&self, submission: &Submission, began: Timestamp) -> Listed {
        let first =
            format!("/2010-04-01/Accounts/{}/Messages.json?PageSize={LIST_PAGE}", self.config.account_sid);
        let (mut path, mut found) = (first, Vec::new());
        let earliest = began.minus(SKEW);
        for _ in 0..LIST_PAGES {
            let answer = match self.get(&path).await {
                Ok(answer) if answer.status.is_success() => answer,
                Ok(answer) => {
                    if answer.status == StatusCode::TOO_MANY_REQUESTS {
                        self.pacing.rest(answer.retry_after.unwrap_or(REST));
                    }
                    return Listed::Unclear;
                }
                Err(_) => return Listed::Unclear,
            };
            let Ok(page) = serde_json::from_slice::<Page>(&answer.body) else { return Listed::Unclear };
            let mut is_over = page.messages.is_empty();
            for shown in &page.messages {
                let Some(created) = shown.date_created.as_deref().and_then(time) else {
                    return Listed::Unclear;
                };
                if created < earliest {
                    is_over = true;
                    break;
                }
                match shown.likeness(submission) {
                    Likeness::Same if is_message_sid(&shown.sid) => found.push(shown.sid.clone()),
                    Likeness::Same | Likeness::Perhaps => return Listed::Unclear,
                    Likeness::Other => {}
                }
            }
            let next = page.next_page_uri.filter(|next| next.starts_with("/2010-04-01/"));
            match next {
                Some(next) if !is_over => path = next,
                _ if found.is_empty() => return Listed::Absent,
                _ => return Listed::Found(found),
            }
        }
        // There is more than is looked at.
        if found.is_empty() { Listed::Unclear } else { Listed::Found(found) }
    }

    /// Asks what became of a message: a receipt, `None` while it is under way.
    pub(crate) async fn ask(&self, sid: &str) -> Result<Option<Receipt>, ()> {
        let path = format!("/2010-04-01/Accounts/{}/Messages/{sid}.json", self.config.account_sid);
        let answer = self.get(&path).await.map_err(drop)?;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            self.pacing.rest(answer.retry_after.unwrap_or(REST));
        }
        if !answer.status.is_success() {
            return Err(());
        }
        let shown = serde_json::from_slice::<Shown>(&answer.body).map_err(drop)?;
        Ok(receipt(&shown.status, shown.error_code))
    }
}

/// Twilio's longest `ValidityPeriod`, in seconds.
const MOST_VALIDITY: u64 = 36_000;

/// How much a listed message is like the one that is looked for.
enum Likeness {
    Same,
    /// It is redacted, so it could be.
    Perhaps,
    Other,
}

impl Shown {
    fn likeness(&self, submission: &Submission) -> Likeness {
        let (to, body) = (self.to.as_deref().unwrap_or_default(), self.body.as_deref().unwrap_or_default());
        let is_masked = to.contains('X');
        let visible = to.trim_end_matches('X');
        let is_to = if is_masked { submission.to.starts_with(visible) } else { submission.to == to };
        match is_to {
            false => Likeness::Other,
            true if body.is_empty() || is_masked => Likeness::Perhaps,
            true if body.trim() == submission.body.trim() => Likeness::Same,
            true => Likeness::Other,
        }
    }
}

/// What a status says, as callbacks and messages have it: nothing while the message is under way.
pub(crate) fn receipt(status: &str, code: Option<u32>) -> Option<Receipt> {
    match status {
        "delivered" | "read" => Some(Receipt::Delivered),
        "undelivered" | "failed" | "canceled" => {
            Some(Receipt::Undelivered(code.filter(|code| *code != 0).unwrap_or(UNKNOWN_ERROR)))
        }
        _ => None,
    }
}

/// Whether a text may stand in a path as the name of a message.
pub(crate) fn is_message_sid(text: &str) -> bool {
    let digits = text.strip_prefix("SM").or_else(|| text.strip_prefix("MM"));
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An RFC 2822 or ISO 8601 time, as Twilio's APIs write it.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc2822(text).or_else(|| Timestamp::parse_iso8601(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_become_receipts_with_their_codes() {
        for (status, code, expected) in [
            ("queued", None, None),
            ("accepted", None, None),
            ("sending", None, None),
            ("sent", None, None),
            ("delivered", None, Some(Receipt::Delivered)),
            ("read", None, Some(Receipt::Delivered)),
            ("undelivered", Some(30_003), Some(Receipt::Undelivered(30_003))),
            ("failed", Some(30_007), Some(Receipt::Undelivered(30_007))),
            ("failed", Some(0), Some(Receipt::Undelivered(UNKNOWN_ERROR))),
            ("failed", None, Some(Receipt::Undelivered(UNKNOWN_ERROR))),
            ("canceled", None, Some(Receipt::Undelivered(UNKNOWN_ERROR))),
            ("something new", Some(1), None),
        ] {
            assert_eq!(receipt(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn a_name_that_could_change_the_path_is_none() {
        assert!(is_message_sid("SM0123456789abcdef0123456789abcdef"));
        assert!(is_message_sid("MM0123456789abcdef0123456789abcdef"));
        for text in ["", "SM", "SM0123456789abcdef0123456789abcd/.", "AC0123456789abcdef0123456789abcdef"] {
            assert!(!is_message_sid(text), "{text}");
        }
    }
}
