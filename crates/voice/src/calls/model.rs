//! What a call is: its documents, its states, and the draft a request asks for. Pure.

use auth::SidText;
use base::{Address, ApplicationSid, CallSid, PhoneNumber, PhoneNumberSid, Region, Timestamp, VoiceHostSid};
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use phi::{Phi, PublicFact};
use rulebook::guard::{AddressKind, LegEnd};
use serde::{Deserialize, Serialize};
use store::{Kind, Range};
use webhooks::Method;

use crate::hook::{Hook, Target, read_method};
use crate::limits::{
    DEFAULT_TIME_LIMIT, DEFAULT_TIMEOUT, MAX_ADDRESS, MAX_SEND_DIGITS, MAX_TWIML, TIME_LIMIT, TIMEOUT,
};

/// The kind of call documents, one for each leg. The protected content is who calls whom.
#[derive(Debug)]
pub enum Call {}

impl Kind for Call {
    const NAME: &'static str = "call";
    type Sid = CallSid;
    type Facts = CallFacts;
    type Content = Ends;
}

/// The kind of what a call was given to do: same SID as its call, a key of its own, gone when the call is over.
#[derive(Debug)]
pub enum CallScript {}

impl Kind for CallScript {
    const NAME: &'static str = "call-script";
    type Sid = CallSid;
    type Facts = ();
    type Content = Script;
}

/// Who calls whom.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ends {
    /// Who calls: a number in E.164, a SIP address or `client:` and a name; empty when it is withheld.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Whom the call was forwarded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
}

/// What a call was given to do.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Script {
    /// TwiML that was given with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twiml: Option<String>,
    /// Keys to send once it is answered: often a PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_digits: Option<String>,
}

/// States of a call (`call_enum_status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It waits to be placed.
    Queued,
    /// The phone rings, or is about to.
    Ringing,
    /// Somebody, or a machine, answered.
    InProgress,
    /// It was answered and is over.
    Completed,
    /// The other end is busy.
    Busy,
    /// It could not be placed, or carried on.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// It was ended before somebody answered.
    Canceled,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::Failed,
        Self::NoAnswer,
        Self::Canceled,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing more will happen to it.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }

    /// Whether `next` may follow. Nothing leads back.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued | Self::Completed),
            Self::Ringing => !matches!(next, Self::Queued | Self::Ringing | Self::Completed),
            Self::InProgress => matches!(next, Self::Completed | Self::Failed),
            _ => false,
        }
    }
}

/// Where a call came from (the published document).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From outside.
    Inbound,
    /// From the API.
    OutboundApi,
    /// From `Dial`.
    OutboundDial,
}

impl Direction {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// What a status callback tells of (`call_enum_event`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// It is being placed.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody answered.
    Answered,
    /// It is over, however.
    Completed,
}

impl Progress {
    /// The words of the API.
    const WORDS: [(&'static str, Self); 4] = [
        ("initiated", Self::Initiated),
        ("ringing", Self::Ringing),
        ("answered", Self::Answered),
        ("completed", Self::Completed),
    ];
}

/// What is known of a call besides the protected parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallFacts {
    /// Its state.
    pub status: Status,
    /// Where it came from.
    pub direction: Direction,
    /// The number of ours at one of its ends.
    pub number: Option<SidText<PhoneNumberSid>>,
    /// What answers it, and where it is reported.
    pub hook: Hook,
    /// What is reported there.
    pub events: Vec<Progress>,
    /// Seconds that the phone may ring.
    pub timeout: u32,
    /// Seconds that it may last.
    pub time_limit: u32,
    /// When somebody answered, in microseconds.
    pub answered_at: Option<i64>,
    /// When it was over, in microseconds.
    pub ended_at: Option<i64>,
    /// The last status of SIP, when the line speaks it.
    pub sip_response: Option<u16>,
    /// Why it failed, by the public error dictionary.
    pub error_code: Option<u32>,
    /// Reports so far.
    pub reports: u32,
    /// The process that it lives in; none before it is placed.
    pub host: Option<SidText<VoiceHostSid>>,
}

impl CallFacts {
    /// Seconds from the answer to the end, once it is over.
    pub fn duration(&self) -> Option<u64> {
        let ended = Timestamp::from_micros(self.ended_at?);
        Some(self.answered_at.map_or(0, |at| ended.since(Timestamp::from_micros(at)).as_secs()))
    }
}

/// What is at one end of a leg. No `Display` and no `Debug`: it is protected.
#[derive(Clone, PartialEq, Eq)]
pub enum End {
    /// A phone.
    Phone(PhoneNumber),
    /// A SIP address: `sip:` or `sips:` and the rest, as given.
    Sip(String),
    /// A client of this platform.
    Client(String),
}

impl End {
    /// Reads an end as the API and TwiML write it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_ADDRESS || text.chars().any(char::is_control) {
            return None;
        }
        let scheme = text.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme {
            Some((scheme, rest)) if matches!(scheme.as_str(), "sip" | "sips") => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                (!host.is_empty()).then(|| Self::Sip(text.to_owned()))
            }
            Some((scheme, rest)) if scheme == "client" => {
                (!rest.is_empty()).then(|| Self::Client(rest.to_owned()))
            }
            _ => match Address::parse(text) {
                Ok(Address::Phone(number)) if number.fault().is_none() => Some(Self::Phone(number)),
                _ => None,
            },
        }
    }

    /// As it stands in `From` and `To`.
    pub fn into_string(self) -> String {
        match self {
            Self::Phone(number) => number.into_string(),
            Self::Sip(uri) => uri,
            Self::Client(name) => format!("client:{name}"),
        }
    }

    /// Its class, for the guard.
    pub fn class(&self, interconnect: bool) -> EndClass {
        EndClass(match self {
            Self::Phone(number) => LegEnd::Phone(kind_of(number)),
            Self::Sip(uri) => LegEnd::Sip { secure: is_secure(uri), interconnect },
            Self::Client(_) => LegEnd::Client,
        })
    }
}

/// Whether a SIP address says that it is reached over TLS: `sips:`, or `transport=tls` (RFC 3261 §19.1.1).
fn is_secure(uri: &str) -> bool {
    let uri = uri.to_ascii_lowercase();
    let parameters = uri.split('?').next().unwrap_or_default().split(';').skip(1);
    uri.starts_with("sips:") || parameters.into_iter().any(|parameter| parameter == "transport=tls")
}

/// What the digits of a number say.
pub fn kind_of(number: &PhoneNumber) -> AddressKind<'static> {
    match number.region() {
        Region::UnitedStates => AddressKind::Us,
        Region::UsTerritory => AddressKind::UsTerritory,
        Region::UsTollFree => AddressKind::UsTollFree,
        Region::Premium => AddressKind::Premium,
        Region::OtherNanp | Region::UnassignedNanp => AddressKind::ForeignNanp,
        Region::International => AddressKind::Foreign,
    }
}

/// The class of an end. Reveals nothing of a number but its class.
#[derive(Clone, Copy, Debug)]
pub struct EndClass(pub LegEnd<'static>);

impl PublicFact for EndClass {}

/// Whether the country of a number may be called by an account that is no HIPAA project: the United States, its
/// territories and Canada, as a new account at Twilio may. Premium numbers never.
pub fn may_call(end: &End) -> bool {
    match end {
        End::Phone(number) => match number.region() {
            Region::UnitedStates | Region::UsTerritory | Region::UsTollFree => true,
            Region::OtherNanp => number.country_iso() == Some("CA"),
            Region::Premium | Region::UnassignedNanp | Region::International => false,
        },
        End::Sip(_) | End::Client(_) => true,
    }
}

/// A yes or no about something protected.
#[derive(Clone, Copy)]
pub struct Yes(pub bool);

impl PublicFact for Yes {}

/// What a call does once it is answered.
pub enum Instructions {
    /// It asks an application of the account.
    Application(ApplicationSid),
    /// It asks a URL.
    Url(Target),
    /// It was given TwiML.
    Twiml(Phi<String>),
}

/// A call that is asked for: well-formed, not yet checked against the account.
pub struct Draft {
    /// Who is called.
    pub to: Phi<End>,
    /// Who calls.
    pub from: End,
    /// What it does.
    pub instructions: Instructions,
    /// What is asked when that fails.
    pub fallback: Target,
    /// Where it is reported.
    pub status_callback: Target,
    /// What is reported there.
    pub events: Vec<Progress>,
    /// Keys to send once it is answered.
    pub send_digits: Option<Phi<String>>,
    /// Seconds that the phone may ring.
    pub timeout: u32,
    /// Seconds that it may last.
    pub time_limit: u32,
    /// Whether answering machines are to be told from people (a feature with machine learning).
    pub machine_detection: bool,
}

/// Published parameters of `create` that need what is not here. `Record` has a word of its own.
const NOT_YET: &[&str] = &[
    "RecordingChannels",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent",
    "RecordingTrack",
    "Trim",
    "SipAuthUsername",
    "SipAuthPassword",
    "CallerId",
    "Byoc",
    "CallReason",
    "CallToken",
    "ClientNotificationUrl",
];

/// Published parameters that say how answering machines are told from people.
const OF_DETECTION: &[&str] = &[
    "MachineDetectionTimeout",
    "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
];

/// Numbers that a phone reaches help by, and codes of services: none is reached from here.
fn is_service(text: &str) -> bool {
    let digits: String = text.chars().filter(|letter| !" -().+".contains(*letter)).collect();
    (2..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `StatusCallbackEvent`, as often as there are events; some clients put several into one, with blanks between.
fn events(params: &mut Params) -> Result<Vec<Progress>> {
    let given = params.all("StatusCallbackEvent");
    let mut events = Vec::new();
    for word in given.iter().flat_map(|text| text.split([' ', ','])).filter(|word| !word.is_empty()) {
        let known = Progress::WORDS.iter().find(|(known, _)| *known == word);
        let (_, event) =
            known.ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("StatusCallbackEvent"))?;
        if !events.contains(event) {
            events.push(*event);
        }
    }
    Ok(if events.is_empty() { vec![Progress::Completed] } else { events })
}

fn seconds(
    params: &mut Params,
    name: &'static str,
    range: std::ops::RangeInclusive<i64>,
    default: u32,
) -> Result<u32> {
    let given = params.integer(name, range)?;
    Ok(given.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(default))
}

impl FromParams for Draft {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.not_supported(NOT_YET)?;
        if params.flag("Record")? == Some(true) {
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("Record"));
        }
        let machine_detection = params.text("MachineDetection")?.is_some_and(|word| !word.is_empty());
        params.not_supported(OF_DETECTION)?;
        let to = params.text("To")?.filter(|text| !text.is_empty());
        let to = to.ok_or(ApiError::new(codes::CALL_TO_REQUIRED))?;
        if is_service(&to) {
            return Err(codes::CALL_BLOCKED.into());
        }
        let to = End::parse(&to).ok_or(ApiError::new(codes::TO_INVALID))?;
        let from = params.text("From")?.filter(|text| !text.is_empty());
        let from = from.ok_or(ApiError::new(codes::CALLER_REQUIRED))?;
        let from = End::parse(&from).ok_or(ApiError::new(codes::FROM_INVALID))?;
        if matches!((&to, &from), (End::Phone(_), End::Sip(_) | End::Client(_))) {
            return Err(codes::FROM_INVALID.into());
        }
        let mut target = |url, method| -> Result<Target> {
            let mut target = Target::default();
            target.set(Target::read(params, url, method)?);
            Ok(target)
        };
        let voice = target("Url", "Method")?;
        let fallback = target("FallbackUrl", "FallbackMethod")?;
        let status_callback = target("StatusCallback", "StatusCallbackMethod")?;
        let events = events(params)?;
        let application = params.text("ApplicationSid")?.filter(|text| !text.is_empty());
        let twiml = params.text("Twiml")?.filter(|text| !text.is_empty());
        let instructions = match (application, voice.url.is_some(), twiml) {
            (Some(sid), ..) => {
                let sid = sid.parse().map_err(|_| ApiError::new(codes::APPLICATION_INVALID))?;
                Instructions::Application(sid)
            }
            // A URL goes before a document (the published document).
            (None, true, _) => Instructions::Url(voice),
            (None, false, Some(twiml)) => Instructions::Twiml(given_twiml(twiml)?),
            (None, false, None) => return Err(codes::CALL_URL_INVALID.into()),
        };
        Ok(Self {
            to: Phi::new(to),
            from,
            instructions,
            fallback,
            status_callback,
            events,
            send_digits: send_digits(params)?,
            timeout: seconds(params, "Timeout", TIMEOUT, DEFAULT_TIMEOUT)
                .map_err(|_| ApiError::new(codes::CALL_TIMEOUT_INVALID))?,
            time_limit: seconds(params, "TimeLimit", TIME_LIMIT, DEFAULT_TIME_LIMIT)?,
            machine_detection,
        })
    }
}

/// TwiML of a request. What it says is looked at when it is obeyed, as every document.
fn given_twiml(twiml: String) -> Result<Phi<String>> {
    match twiml.chars().count() > MAX_TWIML {
        true => Err(ApiError::new(codes::INVALID_PARAMETER).parameter("Twiml")),
        false => Ok(Phi::new(twiml)),
    }
}

fn send_digits(params: &mut Params) -> Result<Option<Phi<String>>> {
    let digits = params.text("SendDigits")?.filter(|digits| !digits.is_empty());
    let is_right = |digits: &String| {
        digits.len() <= MAX_SEND_DIGITS && digits.chars().all(|key| "0123456789ABCD#*wW".contains(key))
    };
    match digits {
        Some(digits) if !is_right(&digits) => Err(codes::SEND_DIGITS_INVALID.into()),
        digits => Ok(digits.map(Phi::new)),
    }
}

/// A change that a request asks of a call.
pub enum Change {
    /// `Status=completed`, or `canceled`, which ends only what nobody has answered.
    End {
        /// It is `canceled`.
        unanswered_only: bool,
    },
    /// Another document.
    Redirect {
        /// Its URL; without one it was given.
        voice: Target,
        /// The document itself.
        twiml: Option<Phi<String>>,
        /// What is asked when that fails, when it is given.
        fallback: Option<Target>,
    },
}

impl FromParams for Change {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.not_supported(&["StatusCallback", "StatusCallbackMethod", "TimeLimit"])?;
        let status = params.word("Status", &["canceled", "completed"])?;
        let mut voice = Target::default();
        voice.set(Target::read(params, "Url", "Method")?);
        let fallback_url = params.text("FallbackUrl")?.filter(|url| !url.is_empty());
        let method = read_method(params, "FallbackMethod")?.unwrap_or(Method::Post);
        let fallback = fallback_url.map(|url| Target { url: Some(url), method });
        let twiml = params.text("Twiml")?.filter(|text| !text.is_empty());
        match (status, voice.url.is_some(), twiml) {
            (Some(status), false, None) => Ok(Self::End { unanswered_only: status == "canceled" }),
            (None, true, None) => Ok(Self::Redirect { voice, twiml: None, fallback }),
            (None, false, Some(twiml)) => {
                Ok(Self::Redirect { voice, twiml: Some(given_twiml(twiml)?), fallback })
            }
            _ => Err(ApiError::new(codes::INVALID_PARAMETER).hint("give one of Status, Url and Twiml")),
        }
    }
}

/// Filters of a list: ends become digests before anything else happens to them.
pub struct Filter {
    /// `To`.
    pub to: Option<Phi<String>>,
    /// `From`.
    pub from: Option<Phi<String>>,
    /// `ParentCallSid`.
    pub parent: Option<CallSid>,
    /// `Status`.
    pub status: Option<Status>,
    /// `StartTime`, `StartTime>`, `StartTime<`.
    pub started: Range,
    /// `EndTime`, `EndTime>`, `EndTime<`.
    pub ended: Range,
}

impl Filter {
    /// Whether a call that the index found is one, for what the index does not know.
    pub fn keeps(&self, facts: &CallFacts) -> bool {
        let Range { from, until } = self.ended;
        if from.is_none() && until.is_none() {
            return true;
        }
        facts
            .ended_at
            .map(Timestamp::from_micros)
            .is_some_and(|at| from.is_none_or(|from| at >= from) && until.is_none_or(|until| at < until))
    }
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let started = params.period(["StartTime", "StartTime>", "StartTime<"])?;
        let ended = params.period(["EndTime", "EndTime>", "EndTime<"])?;
        let words: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        let status = params.word("Status", &words)?;
        let parent = params.text("ParentCallSid")?.filter(|text| !text.is_empty());
        let parent = parent.map(|text| {
            text.parse().map_err(|_| ApiError::new(codes::INVALID_PARAMETER).parameter("ParentCallSid"))
        });
        let normalised = |value: Option<String>| {
            let value = value.filter(|text| !text.is_empty());
            value.map(|text| Phi::new(End::parse(&text).map_or(text, End::into_string)))
        };
        Ok(Self {
            to: normalised(params.text("To")?),
            from: normalised(params.text("From")?),
            parent: parent.transpose()?,
            status: Status::ALL.into_iter().find(|known| Some(known.as_str()) == status),
            started,
            ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_a_terminal_state_and_every_other_can_end() {
        for from in Status::ALL {
            let follow = |terminal: bool| {
                Status::ALL.into_iter().any(|next| next.is_terminal() == terminal && from.may_become(next))
            };
            assert_eq!(follow(true), !from.is_terminal(), "{from:?}");
            assert!(!from.is_terminal() || !follow(false), "{from:?}");
        }
    }

    #[test]
    fn ends_are_read_as_the_api_writes_them() {
        let text = |text: &str| End::parse(text).map(End::into_string);
        for (given, read) in [
            ("+1 (415) 555-2671", Some("+14155552671")),
            ("client:alice", Some("client:alice")),
            ("sip:alice@example.com", Some("sip:alice@example.com")),
            ("SIPS:alice@example.com;user=phone", Some("SIPS:alice@example.com;user=phone")),
            ("sip:", None),
            ("client:", None),
            ("whatsapp:+14155552671", None),
            ("12345", None),
            ("Clinic", None),
        ] {
            assert_eq!(text(given).as_deref(), read, "{given}");
        }
    }

    #[test]
    fn a_sip_address_is_secure_when_it_says_so() {
        for (uri, secure) in [
            ("sips:a@example.com", true),
            ("sip:a@example.com;transport=TLS", true),
            ("sip:a@example.com", false),
            ("sip:a@example.com;transport=tcp", false),
            ("sip:a@example.com?x=;transport=tls", false),
        ] {
            assert_eq!(is_secure(uri), secure, "{uri}");
        }
    }

    fn draft(form: &str) -> Result<Draft> {
        let mut params = Params::decode(form.as_bytes())?;
        let draft = Draft::from_params(&mut params)?;
        params.finish()?;
        Ok(draft)
    }

    #[test]
    fn each_missing_or_bad_parameter_has_its_code() {
        let ends = "To=%2B14155552671&From=%2B14155550123";
        let url = "Url=https://example.com/";
        for (form, code) in [
            (format!("From=%2B14155550123&{url}"), codes::CALL_TO_REQUIRED),
            (format!("To=%2B14155552671&{url}"), codes::CALLER_REQUIRED),
            (format!("To=nobody!&From=%2B14155550123&{url}"), codes::TO_INVALID),
            (format!("To=%2B14155552671&From=!&{url}"), codes::FROM_INVALID),
            (format!("To=%2B14155552671&From=client:a&{url}"), codes::FROM_INVALID),
            (format!("To=911&From=%2B14155550123&{url}"), codes::CALL_BLOCKED),
            (format!("To=112&From=%2B14155550123&{url}"), codes::CALL_BLOCKED),
            (ends.to_owned(), codes::CALL_URL_INVALID),
            (format!("{ends}&ApplicationSid=AP1"), codes::APPLICATION_INVALID),
            (format!("{ends}&{url}&SendDigits=12x"), codes::SEND_DIGITS_INVALID),
            (format!("{ends}&{url}&Timeout=601"), codes::CALL_TIMEOUT_INVALID),
            (format!("{ends}&{url}&Record=true"), codes::NOT_SUPPORTED),
            (format!("{ends}&{url}&AsyncAmd=true"), codes::NOT_SUPPORTED),
            (format!("{ends}&{url}&StatusCallbackEvent=done"), codes::INVALID_PARAMETER),
            (format!("{ends}&{url}&Colour=red"), codes::INVALID_PARAMETER),
            (format!("{ends}&Twiml={}", "x".repeat(4_001)), codes::INVALID_PARAMETER),
        ] {
            assert_eq!(draft(&form).err().map(|error| error.code()), Some(code), "{form}");
        }
    }

    #[test]
    fn accepts_what_the_sdks_send() {
        let form = "To=%2B14155552671&From=%2B14155550123&Url=https%3A%2F%2Fexample.com%2F&Twiml=x&Method=GET\
                    &StatusCallbackEvent=initiated&StatusCallbackEvent=answered&StatusCallback=https%3A%2F%2Fa.example\
                    &SendDigits=ww12%23&Timeout=30&Record=false&TimeLimit=60";
        let draft = draft(form).expect("valid");
        assert!(matches!(draft.instructions, Instructions::Url(Target { method: Method::Get, .. })));
        assert_eq!(draft.events, [Progress::Initiated, Progress::Answered]);
        assert_eq!((draft.timeout, draft.time_limit), (30, 60));
    }
}
