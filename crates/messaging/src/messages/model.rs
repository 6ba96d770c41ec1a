//! What a message is: its documents, its states, and the draft a request asks for. Pure.

use std::time::Duration;

use auth::{AccountContext, SidText};
use base::{Address, ApplicationSid, MediaSid, MessageSid, MessagingServiceSid, Region, Timestamp};
use errors::{ApiError, Result, codes};
use kit::Params;
use phi::{Phi, PublicFact};
use rulebook::guard::{AddressKind, MessageFacts as GuardFacts, Retention, UrlFact};
use serde::{Deserialize, Serialize};
use store::Kind;
use webhooks::WebhookUrl;

use crate::limits::{MAX_MEDIA, MAX_SCHEDULE_AHEAD, MAX_VALIDITY_SECONDS, MIN_SCHEDULE_AHEAD};
use crate::segments;
use crate::services::ServiceText;

/// The kind of message documents. The protected content is the counterparty's number.
#[derive(Debug)]
pub enum Message {}

impl Kind for Message {
    const NAME: &'static str = "message";
    type Sid = MessageSid;
    type Facts = MessageFacts;
    type Content = Counterparty;
}

/// The kind of body documents; same SID as their message, a key of their own.
#[derive(Debug)]
pub enum MessageBody {}

impl Kind for MessageBody {
    const NAME: &'static str = "message-body";
    type Sid = MessageSid;
    type Facts = ();
    type Content = String;
}

/// The number at the other end.
#[derive(Serialize, Deserialize)]
pub struct Counterparty {
    /// As it was given or came in, normalised to E.164.
    pub number: String,
}

/// States of a message (`message_enum_status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waiting for its time.
    Scheduled,
    /// Waiting for the carrier.
    Queued,
    /// Being handed to the carrier.
    Sending,
    /// The carrier has it.
    Sent,
    /// The handset has it.
    Delivered,
    /// The carrier could not deliver it.
    Undelivered,
    /// It was never sent.
    Failed,
    /// It was called back in time.
    Canceled,
    /// It came in.
    Received,
}

impl Status {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Received => "received",
        }
    }

    /// Whether nothing more will happen to it: what redaction waits for.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Delivered | Self::Undelivered | Self::Failed | Self::Canceled | Self::Received)
    }

    /// Whether `next` may follow. Receipts come late and out of order; they never lead back.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Scheduled, Self::Queued | Self::Sending | Self::Canceled | Self::Failed)
                | (Self::Queued, Self::Sending | Self::Canceled | Self::Failed)
                | (Self::Sending, Self::Queued | Self::Sent | Self::Failed)
                | (Self::Sending | Self::Sent, Self::Delivered | Self::Undelivered)
        )
    }
}

/// Who a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A handset.
    Inbound,
    /// The API.
    OutboundApi,
    /// A TwiML answer.
    OutboundReply,
}

impl Direction {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundReply => "outbound-reply",
        }
    }
}

/// What is known of a message besides the protected parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessageFacts {
    /// Its state.
    pub status: Status,
    /// Who it came from.
    pub direction: Direction,
    /// Our number.
    pub own_number: String,
    /// The counterparty's number with its last four digits masked (SMS-REDACT-2).
    pub masked: String,
    /// Segments.
    pub segments: u32,
    /// Twilio's code, once it failed.
    pub error_code: Option<u32>,
    /// The body is destroyed at the end.
    pub discard_body: bool,
    /// The counterparty's number is masked at the end.
    pub obfuscate_address: bool,
    /// Where to report its states.
    pub status_callback: Option<String>,
    /// After this instant it is not sent any more, in microseconds.
    pub valid_until: i64,
    /// When it was handed over, in microseconds.
    pub sent_at: Option<i64>,
    /// It confirms a STOP: the one message that still goes to a pair that has opted out.
    pub confirms_stop: bool,
    /// The Messaging Service it was sent with, or that the number it came to is in.
    #[serde(default)]
    pub service: Option<ServiceText>,
    /// The service chose the sender, so another one of its senders may take over.
    #[serde(default)]
    pub is_sender_chosen: bool,
    /// Its media, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<SidText<MediaSid>>,
    /// It leaves as an MMS even without media (`SendAsMms`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_mms: bool,
}

impl MessageFacts {
    /// Whether it is an MMS.
    pub fn is_mms(&self) -> bool {
        self.as_mms || !self.media.is_empty()
    }
}

/// What the digits of an address say, which is what the guard decides from. Reveals the class of
/// a number, never the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressClass(pub AddressKind<'static>);

impl PublicFact for AddressClass {}

impl AddressClass {
    /// The class of an address as text; what is none counts as foreign: unknown means no.
    pub fn of_text(address: &str) -> Self {
        Address::parse(address).map_or(Self(AddressKind::Foreign), |address| Self::of(&address))
    }

    /// The class of an address.
    pub fn of(address: &Address) -> Self {
        Self(match address {
            Address::Phone(number) => match number.region() {
                Region::UnitedStates => AddressKind::Us,
                Region::UsTerritory => AddressKind::UsTerritory,
                Region::UsTollFree => AddressKind::UsTollFree,
                Region::Premium => AddressKind::Premium,
                Region::OtherNanp | Region::UnassignedNanp => AddressKind::ForeignNanp,
                Region::International => AddressKind::Foreign,
            },
            Address::ShortCode(_) => AddressKind::UsShortCode,
            Address::Alphanumeric(_) => AddressKind::Alphanumeric,
            Address::Channel(channel) => AddressKind::Channel(match channel.scheme() {
                "whatsapp" => "whatsapp",
                "messenger" => "messenger",
                "rcs" => "rcs",
                _ => "other",
            }),
        })
    }
}

/// What the guard is asked about a message that brings nothing but its two ends and its URLs: one
/// that waits in the queue, or a reply. In a HIPAA project every message is taken to hold PHI.
pub fn guard_facts<'a>(
    is_protected: bool,
    own_number: &str,
    counterparty: &Phi<String>,
    urls: &'a [UrlFact],
) -> GuardFacts<'a> {
    let to = counterparty.learn(|text| AddressClass::of_text(text));
    GuardFacts {
        to: to.0,
        from: Address::parse(own_number).ok().map(|address| AddressClass::of(&address).0),
        urls,
        has_tags: false,
        content_retention: None,
        address_retention: None,
        uses_ai: false,
        declared_phi: is_protected,
        attested_phi_free: false,
        // The carrier says so itself when it is handed over.
        carrier_registered: true,
    }
}

/// Whether the account lets messages go to this recipient's country. A channel is no country, and a number of none is
/// nowhere anybody lets messages go.
pub fn may_message(account: &AccountContext, to: &Phi<String>) -> bool {
    let settings = &account.account.facts.settings;
    to.learn(|text| match Address::parse(text) {
        Ok(Address::Phone(number)) => {
            number.country_iso().is_some_and(|country| settings.may_message(country))
        }
        _ => true,
    })
}

/// A message that is asked for: well-formed, not yet checked against the account.
pub struct Draft {
    /// The recipient.
    pub to: Phi<Address>,
    /// The sender; none when the service is to choose it.
    pub from: Option<Address>,
    /// The Messaging Service.
    pub service: Option<MessagingServiceSid>,
    /// The text; empty only with media.
    pub body: Phi<String>,
    /// Where its media are, checked to be URLs.
    pub media: Vec<String>,
    /// Whether it is to leave as an MMS.
    pub as_mms: bool,
    /// Where to report its states.
    pub status_callback: Option<String>,
    /// The application that says where to report its states, unless the message says so itself.
    pub application: Option<ApplicationSid>,
    /// How long it may wait, when given.
    pub validity: Option<Duration>,
    /// Whether characters that make the text long are replaced, when given.
    pub smart_encoded: Option<bool>,
    /// When to send it.
    pub send_at: Option<Timestamp>,
    /// `ContentRetention`, when given.
    pub content_retention: Option<Retention>,
    /// `AddressRetention`, when given.
    pub address_retention: Option<Retention>,
    /// Whether `Tags` were given.
    pub has_tags: bool,
    /// Whether a risk check (AI) was asked for.
    pub uses_ai: bool,
}

/// Published parameters of `create` that need features which come later.
const NOT_YET: &[&str] =
    &["ContentSid", "ContentVariables", "ShortenUrls", "PersistentAction", "FallbackFrom"];

/// Published parameters that change nothing in what Switchward does: there is no price to cap, and feedback
/// is taken whether it was announced or not.
const WITHOUT_EFFECT: &[&str] = &["MaxPrice", "ProvideFeedback", "Attempt", "ForceDelivery", "TrafficType"];

impl Draft {
    /// Reads a request. `Tags` are taken even though they are never served, because the guard has
    /// the word on them (SMS-TAG-1).
    ///
    /// # Errors
    /// Every 4xx that the parameters alone can cause.
    pub fn parse(params: &mut Params, now: Timestamp) -> Result<Self> {
        let has_tags = !params.all("Tags").is_empty();
        let uses_ai = params.word("RiskCheck", &["enable", "disable"])? == Some("enable");
        params.not_supported(NOT_YET)?;
        params.without_effect(WITHOUT_EFFECT);
        let to = params.phi("To")?.filter_present().ok_or(ApiError::new(codes::TO_REQUIRED))?;
        let (from, service) = sender(params)?;
        let media = media_urls(params)?;
        let body = params.phi("Body")?.filter_present();
        let body = match media.is_empty() {
            true => body.ok_or(ApiError::new(codes::BODY_REQUIRED))?,
            false => body.unwrap_or(Phi::new(String::new())),
        };
        if body.learn(|text| segments::is_too_long(text)) {
            return Err(codes::BODY_TOO_LONG.into());
        }
        let validity = params.integer("ValidityPeriod", 1..=MAX_VALIDITY_SECONDS)?;
        let draft = Self {
            to: to
                .try_map(|text| Address::parse(&text).map_err(|_| ()))
                .map_err(|()| ApiError::new(codes::TO_INVALID))?,
            from,
            service,
            body,
            media,
            as_mms: params.flag("SendAsMms")?.unwrap_or(false),
            status_callback: params.text("StatusCallback")?.filter(|url| !url.is_empty()),
            application: params.sid("ApplicationSid")?,
            validity: validity.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
            smart_encoded: params.flag("SmartEncoded")?,
            send_at: schedule(params, now, service.is_some())?,
            content_retention: retention(params.word("ContentRetention", &["retain", "discard"])?),
            address_retention: retention(params.word("AddressRetention", &["retain", "obfuscate"])?),
            has_tags,
            uses_ai,
        };
        let can_receive = draft.to.learn(|to| match to {
            Address::Phone(number) => number.fault().is_none(),
            // The guard has the word on channels.
            Address::Channel(_) => true,
            Address::ShortCode(_) | Address::Alphanumeric(_) => false,
        });
        if can_receive { Ok(draft) } else { Err(codes::TO_INVALID.into()) }
    }
}

/// `From` and `MessagingServiceSid`: one of them at least. The service may stand in `From`, as Twilio has it.
fn sender(params: &mut Params) -> Result<(Option<Address>, Option<MessagingServiceSid>)> {
    let from = params.text("From")?.filter(|from| !from.is_empty());
    let service = params.text("MessagingServiceSid")?.filter(|service| !service.is_empty());
    let (from, service) = match (from, service) {
        (None, None) => return Err(codes::FROM_REQUIRED.into()),
        (Some(from), None) if from.parse::<MessagingServiceSid>().is_ok() => (None, Some(from)),
        given => given,
    };
    let from = from.map(|from| Address::parse(&from).map_err(|_| ApiError::new(codes::FROM_INVALID)));
    let service = service.map(|service| service.parse().map_err(|_| ApiError::new(codes::SERVICE_INVALID)));
    Ok((from.transpose()?, service.transpose()?))
}

/// `MediaUrl`, as often as there are media.
fn media_urls(params: &mut Params) -> Result<Vec<String>> {
    let urls: Vec<_> = params.all("MediaUrl").into_iter().filter(|url| !url.is_empty()).collect();
    if urls.len() > MAX_MEDIA {
        return Err(codes::TOO_MANY_MEDIA.into());
    }
    match urls.iter().all(|url| WebhookUrl::parse(url).is_ok()) {
        true => Ok(urls),
        false => Err(codes::MEDIA_URL_INVALID.into()),
    }
}

/// `SendAt` with `ScheduleType=fixed`: both or neither, and only with a Messaging Service (Twilio, error 35118).
fn schedule(params: &mut Params, now: Timestamp, has_service: bool) -> Result<Option<Timestamp>> {
    let kind = params.word("ScheduleType", &["fixed"])?;
    let send_at = params.text("SendAt")?;
    match (kind, send_at) {
        (None, None) => Ok(None),
        (Some(_), Some(text)) => {
            let at = Timestamp::parse_iso8601(&text).ok_or(ApiError::new(codes::SEND_AT_INVALID))?;
            if at < now.plus(MIN_SCHEDULE_AHEAD) || at > now.plus(MAX_SCHEDULE_AHEAD) {
                return Err(codes::SEND_AT_INVALID.into());
            }
            if has_service { Ok(Some(at)) } else { Err(codes::SCHEDULE_WITHOUT_SERVICE.into()) }
        }
        _ => Err(codes::SCHEDULE_INVALID.into()),
    }
}

fn retention(word: Option<&str>) -> Option<Retention> {
    word.map(|word| if word == "retain" { Retention::Retain } else { Retention::Remove })
}

/// An empty parameter is a missing one.
trait FilterPresent: Sized {
    fn filter_present(self) -> Self;
}

impl FilterPresent for Option<Phi<String>> {
    fn filter_present(self) -> Self {
        self.filter(|value| value.learn(|text| !text.is_empty()))
    }
}

/// A change that a request asks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `Body=` empty: destroy the text.
    Redact,
    /// `Status=canceled`.
    Cancel,
}

impl kit::FromParams for Change {
    fn from_params(params: &mut Params) -> Result<Self> {
        let body = params.phi("Body")?;
        let status = params.word("Status", &["canceled"])?;
        match (body, status) {
            (Some(body), None) if body.learn(String::is_empty) => Ok(Self::Redact),
            (None, Some(_)) => Ok(Self::Cancel),
            _ => Err(ApiError::new(codes::INVALID_PARAMETER)
                .hint("give either an empty Body (to redact) or Status=canceled")),
        }
    }
}

/// Filters of a list: numbers become digests before anything else happens to them.
pub struct Filter {
    /// `To`.
    pub to: Option<Phi<String>>,
    /// `From`.
    pub from: Option<Phi<String>>,
    /// `DateSent`, `DateSent>`, `DateSent<` as a range of sending times.
    pub sent: store::Range,
}

impl kit::FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let sent = params.period(["DateSent", "DateSent>", "DateSent<"])?;
        let normalised = |value: Option<Phi<String>>| {
            value
                .filter_present()
                .map(|text| text.map(|text| Address::parse(&text).map_or(text, Address::into_string)))
        };
        Ok(Self { to: normalised(params.phi("To")?), from: normalised(params.phi("From")?), sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Status; 9] = [
        Status::Scheduled,
        Status::Queued,
        Status::Sending,
        Status::Sent,
        Status::Delivered,
        Status::Undelivered,
        Status::Failed,
        Status::Canceled,
        Status::Received,
    ];

    #[test]
    fn nothing_follows_a_terminal_state() {
        for from in ALL.into_iter().filter(|status| status.is_terminal()) {
            assert!(ALL.into_iter().all(|next| !from.may_become(next)), "{from:?}");
        }
    }

    #[test]
    fn every_state_but_received_and_terminal_ones_can_end() {
        for from in ALL.into_iter().filter(|status| !status.is_terminal()) {
            assert!(ALL.into_iter().any(|next| next.is_terminal() && from.may_become(next)), "{from:?}");
        }
    }

    fn draft(form: &str) -> Result<Draft> {
        Draft::parse(&mut Params::decode(form.as_bytes())?, Timestamp::from_seconds(1_768_478_400))
    }

    #[test]
    fn each_missing_or_bad_parameter_has_its_code() {
        let cases = [
            ("From=%2B14155550100&Body=x", codes::TO_REQUIRED),
            ("To=%2B14155550101&Body=x", codes::FROM_REQUIRED),
            ("To=%2B14155550101&From=%2B14155550100", codes::BODY_REQUIRED),
            ("To=%2B14155550101&From=%2B14155550100&Body=", codes::BODY_REQUIRED),
            ("To=nobody-at-all!&From=%2B14155550100&Body=x", codes::TO_INVALID),
            ("To=12345&From=%2B14155550100&Body=x", codes::TO_INVALID),
            ("To=%2B14155550101&From=!&Body=x", codes::FROM_INVALID),
            ("To=%2B14155550101&From=%2B14155550100&Body=x&MediaUrl=ftp://a/", codes::MEDIA_URL_INVALID),
            ("To=%2B14155550101&From=%2B14155550100&Body=x&ValidityPeriod=0", codes::INVALID_PARAMETER),
            (
                "To=%2B14155550101&From=%2B14155550100&Body=x&SendAt=2026-01-15T13:00:00Z",
                codes::SCHEDULE_INVALID,
            ),
            (
                "To=%2B14155550101&From=%2B14155550100&Body=x&ScheduleType=fixed&SendAt=2026-01-15T12:00:01Z",
                codes::SEND_AT_INVALID,
            ),
            (
                "To=%2B14155550101&From=%2B14155550100&Body=x&ScheduleType=fixed&SendAt=2026-01-15T13:00:00Z",
                codes::SCHEDULE_WITHOUT_SERVICE,
            ),
        ];
        for (form, code) in cases {
            assert_eq!(draft(form).err().map(|error| error.code()), Some(code), "{form}");
        }
        let long = format!("To=%2B14155550101&From=%2B14155550100&Body={}", "x".repeat(1_601));
        assert_eq!(draft(&long).err().map(|error| error.code()), Some(codes::BODY_TOO_LONG));
    }

    #[test]
    fn accepts_what_the_sdks_send() {
        let form = "To=%2B1+%28415%29+555-0101&From=%2B14155550100&Body=Hello&StatusCallback=https%3A%2F%2Fa.example%2Fcb\
                    &ValidityPeriod=60&ContentRetention=discard&AddressRetention=obfuscate&SmartEncoded=true\
                    &ScheduleType=fixed&SendAt=2026-01-16T12%3A00%3A00Z\
                    &MessagingServiceSid=MG0123456789abcdef0123456789abcdef";
        let draft = draft(form).expect("valid");
        assert_eq!(draft.validity, Some(Duration::from_secs(60)));
        assert_eq!(draft.smart_encoded, Some(true));
        assert_eq!(draft.send_at.map(Timestamp::iso8601).as_deref(), Some("2026-01-16T12:00:00Z"));
        assert!(draft.content_retention == Some(Retention::Remove) && !draft.has_tags);
        assert_eq!(draft.to.learn(AddressClass::of), AddressClass(AddressKind::Us));
    }

    #[test]
    fn the_sender_is_an_address_a_service_or_both() {
        let sid = "MG0123456789abcdef0123456789abcdef";
        for (fields, has_from, has_service) in [
            ("From=%2B14155550100".to_owned(), true, false),
            (format!("MessagingServiceSid={sid}"), false, true),
            (format!("From=%2B14155550100&MessagingServiceSid={sid}"), true, true),
            (format!("From={sid}"), false, true),
            (format!("From=&MessagingServiceSid={sid}"), false, true),
        ] {
            let draft = draft(&format!("To=%2B14155550101&Body=x&{fields}")).expect("valid");
            assert_eq!((draft.from.is_some(), draft.service.is_some()), (has_from, has_service), "{fields}");
        }
        let bad = draft("To=%2B14155550101&Body=x&MessagingServiceSid=MG1");
        assert_eq!(bad.err().map(|error| error.code()), Some(codes::SERVICE_INVALID));
    }

    /// Whether a HIPAA project may send to a number of this area code.
    fn permitted(area_code: u16) -> bool {
        let number = Address::parse(&format!("+1{area_code}5550123")).expect("ten digits after +1");
        let project = rulebook::AccountFacts {
            protected: true,
            phi_permitted: true,
            agreement_active: true,
            simulator: false,
            policy: rulebook::Policy::default(),
        };
        let number = Phi::new(number.into_string());
        let message = guard_facts(true, "+14155550100", &number, &[]);
        match rulebook::decide(&project, &rulebook::Action::SendMessage(message)) {
            rulebook::Verdict::Allow(_) => true,
            rulebook::Verdict::Refuse(refusal) => {
                assert_eq!(refusal.rule, "SMS-GEO-1", "{area_code}");
                false
            }
        }
    }

    #[test]
    #[expect(non_snake_case, reason = "named after its rule")]
    fn sms_geo_1__allows_every_state_and_toll_free_area_code_and_refuses_every_other() {
        for area_code in 200..=999 {
            let class = base::area_code(area_code);
            let expected = matches!(class, Some(base::AreaCode::State(_) | base::AreaCode::TollFree));
            assert_eq!(permitted(area_code), expected, "{area_code}: {class:?}");
        }
        assert!(permitted(415) && permitted(202) && permitted(800));
        assert!(!permitted(204) && !permitted(787) && !permitted(876) && !permitted(900));
    }
}
