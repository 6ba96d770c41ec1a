//! One MMSC: what it is sent, what its answers mean, and how fast it may be asked.

use base::Timestamp;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, StatusCode};
use messaging::carrier::Pace;
use messaging::media::kind;
use peer::{Answer, Pacing, Wire, WireError};
use statements::InForce;

use crate::config::RelayConfig;
use crate::limits::{ANSWER_BYTES, CREDENTIALS_REST, READ, REST};
use crate::mime;
use crate::soap::{self, Submit};
use crate::status::{self, UNKNOWN_ERROR, Verdict};

/// Twilio's code for content that is larger than a carrier takes.
pub(crate) const TOO_LARGE: u32 = 30_019;

/// Names of the parts of a request.
const ENVELOPE: &str = "envelope";
const MESSAGE: &str = "message";

/// An MMSC and how it does.
pub(crate) struct Relay {
    pub(crate) config: RelayConfig,
    /// Its host, as the register names it.
    host: String,
    /// Where it takes messages, behind its host.
    path: String,
    wire: Wire,
    pacing: Pacing,
}

/// A message as it leaves. No `Debug`.
pub(crate) struct Parcel {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    /// Type and bytes of each medium.
    pub(crate) media: Vec<(String, Vec<u8>)>,
    pub(crate) valid_until: Timestamp,
    /// Names the exchange, and nobody.
    pub(crate) transaction: String,
    /// Bytes that nobody can foresee, for the boundaries.
    pub(crate) token: String,
}

/// What became of a submission.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The MMSC has it, and calls it so if it calls it anything.
    Taken(Option<String>),
    /// It does not have it, and never will; the code is Twilio's.
    Refused(u32),
    /// It does not have it, and may take it later.
    NotTaken,
    /// It may have it or not.
    Unknown,
}

impl Relay {
    pub(crate) fn new(config: RelayConfig) -> Result<Self, String> {
        let url = config.address().ok_or("`url` is no place that messages may go to")?;
        let login = config.username.as_deref().zip(config.password.as_ref());
        let wire = Wire::new(&url, config.ca_file.as_deref(), login, (READ, ANSWER_BYTES))?;
        let (host, path) = (config.host(), url.path().to_owned());
        Ok(Self { config, host, path, wire, pacing: Pacing::default() })
    }

    /// Whether the register has its host, under an agreement in force about messaging (ART-BAA-4).
    pub(crate) fn is_covered(&self, register: &InForce) -> bool {
        register.covers(&self.host, messaging::PRODUCT.service)
    }

    /// When the next message may go; counted when it is now or soon.
    pub(crate) fn pace(&self) -> Pace {
        self.pacing.pace(self.config.rate_per_second)
    }

    /// Hands a message over.
    pub(crate) async fn post(&self, parcel: &Parcel, now: Timestamp) -> Posted {
        let (content_type, body) = self.body(parcel, now);
        let name = self.config.name.as_str();
        // SOAP 1.1 §6.1.1: there must be a SOAPAction; MM7 gives it no meaning.
        let headers =
            [(CONTENT_TYPE, content_type.as_str()), (HeaderName::from_static("soapaction"), "\"\"")];
        match self.wire.send(Method::POST, &self.path, &headers, body.into()).await {
            Ok(answer) => self.judge(&answer),
            Err(WireError::NotSent(problem)) => {
                tracing::warn!(mmsc = name, problem, "a message could not be handed over");
                Posted::NotTaken
            }
            Err(WireError::Unknown(problem)) => {
                tracing::warn!(mmsc = name, problem, "whether a message was taken is not known");
                Posted::Unknown
            }
        }
    }

    /// The body of a submission, and its type: the envelope, then the message in parts of its own.
    fn body(&self, parcel: &Parcel, now: Timestamp) -> (String, Vec<u8>) {
        let envelope = Submit {
            transaction: &parcel.transaction,
            vasp_id: &self.config.vasp_id,
            vas_id: &self.config.vas_id,
            from: &parcel.from,
            to: &parcel.to,
            now,
            valid_until: parcel.valid_until,
            content_id: MESSAGE,
        }
        .to_xml();
        let (outer, inner) = (format!("mm7-{}", parcel.token), format!("mms-{}", parcel.token));
        let mut message = Vec::new();
        if !parcel.text.is_empty() {
            let text = parcel.text.as_bytes();
            mime::write_encoded(&mut message, &inner, "text/plain; charset=utf-8", "text", text);
        }
        for (index, (content_type, bytes)) in parcel.media.iter().enumerate() {
            let id = format!("medium{}.{}", index + 1, kind::extension(content_type));
            mime::write_encoded(&mut message, &inner, content_type, &id, bytes);
        }
        mime::close(&mut message, &inner);
        let mut body = Vec::with_capacity(message.len() + envelope.len() + 1_024);
        mime::write_plain(&mut body, &outer, "text/xml; charset=utf-8", ENVELOPE, envelope.as_bytes());
        let mixed = format!("multipart/mixed; boundary=\"{inner}\"");
        mime::write_plain(&mut body, &outer, &mixed, MESSAGE, &message);
        mime::close(&mut body, &outer);
        let related =
            format!("multipart/related; boundary=\"{outer}\"; type=\"text/xml\"; start=\"<{ENVELOPE}>\"");
        (related, body)
    }

    /// What an answer means: what MM7 says goes before what HTTP says.
    fn judge(&self, answer: &Answer) -> Posted {
        match soap::read_answer(&answer.body) {
            Ok(answered) => match answered.code {
                Some(code) => self.obey(status::verdict(code), Some(code), answered.message_id),
                None if answered.is_client_fault => Posted::Refused(UNKNOWN_ERROR),
                // SOAP 1.1 §4.4.1: it was not processed, and may be later.
                None => self.obey(Verdict::Later(REST), None, None),
            },
            Err(soap::NotMm7) => self.judge_status(answer),
        }
    }

    fn obey(&self, verdict: Verdict, code: Option<u32>, message_id: Option<String>) -> Posted {
        if let Some(time) = status::rest(verdict) {
            self.pacing.rest(time);
        }
        let name = self.config.name.as_str();
        match verdict {
            Verdict::Taken => Posted::Taken(message_id),
            Verdict::Refused(ours) => {
                tracing::info!(mmsc = name, code, ours, "the MMSC refused a message");
                Posted::Refused(ours)
            }
            Verdict::Later(_) => Posted::NotTaken,
            Verdict::Misconfigured => {
                // Nothing is wrong with the message: the operator can put it right while it waits.
                tracing::error!(mmsc = name, code, "the MMSC does not accept who we are, or what we speak");
                Posted::NotTaken
            }
        }
    }

    /// An answer without MM7 in it.
    fn judge_status(&self, answer: &Answer) -> Posted {
        let (name, status) = (self.config.name.as_str(), answer.status.as_u16());
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => {
                self.pacing.rest(answer.retry_after.unwrap_or(REST));
                Posted::NotTaken
            }
            StatusCode::PAYLOAD_TOO_LARGE => Posted::Refused(TOO_LARGE),
            StatusCode::BAD_REQUEST
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Posted::Refused(UNKNOWN_ERROR),
            StatusCode::REQUEST_TIMEOUT => Posted::Unknown,
            code if code.is_client_error() || code.is_redirection() => {
                tracing::error!(mmsc = name, status, "the MMSC does not take messages there, or not from us");
                self.pacing.rest(CREDENTIALS_REST);
                Posted::NotTaken
            }
            _ => {
                if let Some(time) = answer.retry_after {
                    self.pacing.rest(time);
                }
                tracing::warn!(mmsc = name, status, "whether a message was taken is not known");
                Posted::Unknown
            }
        }
    }
}
