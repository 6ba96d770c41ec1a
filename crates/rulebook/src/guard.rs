//! The guard: whether a request may proceed, decided from facts alone.
//!
//! The same function is asked when a request is written and again when its work is dispatched, so queued
//! work obeys a rule that changed meanwhile. It sees no content and no number, only what kind of thing
//! each is; whoever asks establishes the facts. An account that is not a HIPAA project is refused nothing
//! but PHI.

pub mod address;
mod designate;
mod destinations;
mod message;
mod review;
mod services;
pub mod urls;
mod voice;

pub use address::AddressKind;
pub use designate::{DesignateFacts, DesignateWorkspaceFacts, Organization, SchemaControl};
pub use destinations::DestinationFacts;
pub use message::{MessageFacts, ReceiveFacts, Retention};
pub use review::ReviewStep;
pub use services::{CapabilityFacts, LookupFacts, SettingChange};
pub use urls::{PlainHttpFacts, UrlFact, UrlPurpose};
pub use voice::{CallFacts, LegEnd, SipDomainFacts, StreamFacts};

use crate::codes;
use crate::designation::Clearance;
use crate::load::{Edition, LoadError, Rulebook};
use serde::Serialize;

/// What is known about the account that asks, as of now.
#[derive(Clone, Copy, Debug)]
pub struct AccountFacts {
    /// All defaults of a HIPAA project are applied.
    pub protected: bool,
    /// Agreement, entitlement and designation cover PHI.
    pub phi_permitted: bool,
    /// An agreement is in force today.
    pub agreement_active: bool,
    /// Carrier and handsets are simulated, so nobody outside is reached.
    pub simulator: bool,
    /// The readings in force.
    pub policy: Policy,
}

/// The policy switches that decide requests. [`Policy::default`] is the latest edition's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// `us_territories`: numbers of the territories count as United States numbers.
    pub us_territories: bool,
    /// `ineligible_services` is `strict`: no use of ineligible services even for work attested free of PHI.
    pub strict: bool,
    /// `foreign_inbound` is `quarantine`: inbound messages from elsewhere are kept apart, not turned away.
    pub quarantine_foreign_inbound: bool,
    /// Callback hosts must be in the register: always when `webhook_hosts` is `registered`, and for an
    /// account that keeps one when it is `kept`.
    pub registered_hosts_only: bool,
    /// `verify_push`: the push channel may be used.
    pub verify_push: bool,
    /// `inherit_self_service`: later subaccounts of a self-designated account inherit, once confirmed.
    pub inherit_self_service: bool,
}

impl Policy {
    /// The switches of an edition.
    ///
    /// # Errors
    /// [`LoadError::Policy`] when the edition lacks one of them.
    pub fn of(edition: &Edition) -> Result<Policy, LoadError> {
        let is = |name: &str, option: &str| match edition.switch(name) {
            Some(chosen) => Ok(chosen == option),
            None => Err(LoadError::Policy(name.to_owned())),
        };
        Ok(Policy {
            us_territories: is("us_territories", "include")?,
            // Anything but the one loose option is strict.
            strict: !is("ineligible_services", "relaxed")?,
            quarantine_foreign_inbound: is("foreign_inbound", "quarantine")?,
            registered_hosts_only: is("webhook_hosts", "registered")?,
            verify_push: is("verify_push", "allow")?,
            inherit_self_service: is("inherit_self_service", "yes")?,
        })
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy::of(Rulebook::embedded().latest()).expect("loading checks that the switches exist")
    }
}

/// What is being asked.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// A message is accepted from the API.
    SendMessage(MessageFacts<'a>),
    /// A queued message is about to leave.
    DispatchMessage(MessageFacts<'a>),
    /// A message has arrived.
    ReceiveMessage(ReceiveFacts<'a>),
    /// A leg of a call is accepted from the API or from TwiML, or is about to be placed.
    PlaceCall(CallFacts<'a>),
    /// A call has come in.
    ReceiveCall(CallFacts<'a>),
    /// A SIP domain is to be configured so.
    ServeSipDomain(SipDomainFacts),
    /// Media of a call are to go to a URL.
    StreamMedia(StreamFacts),
    /// A call is to be handed to a Virtual Agent.
    UseVirtualAgent {
        /// Somebody attests the agreement with its vendor, and the one with the platform.
        attested: bool,
    },
    /// A sender is put into the pool that a Messaging Service chooses from.
    AddSender(AddressKind<'a>),
    /// A URL to call back is stored on any resource.
    ConfigureUrl(UrlFact),
    /// A product or feature is used.
    UseCapability(CapabilityFacts<'a>),
    /// A number is looked up.
    Lookup(LookupFacts<'a>),
    /// An account setting is changed.
    ChangeSetting(SettingChange),
    /// A TwiML Bin is kept or answers; whether its literal text holds what may identify a person.
    UseBin {
        /// The matcher found something in it.
        has_findings: bool,
    },
    /// An account is to become a HIPAA project.
    Designate(DesignateFacts),
    /// A Segment workspace is to become a HIPAA workspace.
    DesignateWorkspace(DesignateWorkspaceFacts),
    /// A source of a Segment workspace is to do this with what is not planned.
    ControlSchema(SchemaControl),
    /// Events of a Segment workspace are to go to a destination, from now on or now.
    UseDestination(DestinationFacts),
    /// A HIPAA project is to become an ordinary account.
    Undesignate(Clearance),
    /// A request came over plain HTTP.
    PlainHttp(PlainHttpFacts),
    /// The operator's token is used on messages of the account.
    OperateOnMessages,
    /// The operator's people go a step towards reading texts of the account.
    Review(ReviewStep),
}

impl Action<'_> {
    /// What is asked, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SendMessage(_) => "send-message",
            Self::DispatchMessage(_) => "dispatch-message",
            Self::ReceiveMessage(_) => "receive-message",
            Self::PlaceCall(_) => "place-call",
            Self::ReceiveCall(_) => "receive-call",
            Self::ServeSipDomain(_) => "serve-sip-domain",
            Self::StreamMedia(_) => "stream-media",
            Self::UseVirtualAgent { .. } => "use-virtual-agent",
            Self::AddSender(_) => "add-sender",
            Self::ConfigureUrl(_) => "configure-url",
            Self::UseCapability(_) => "use-capability",
            Self::Lookup(_) => "lookup",
            Self::ChangeSetting(_) => "change-setting",
            Self::UseBin { .. } => "use-bin",
            Self::Designate(_) => "designate",
            Self::DesignateWorkspace(_) => "designate-workspace",
            Self::ControlSchema(_) => "control-schema",
            Self::UseDestination(_) => "use-destination",
            Self::Undesignate(_) => "undesignate",
            Self::PlainHttp(_) => "plain-http",
            Self::OperateOnMessages => "operate-on-messages",
            Self::Review(_) => "review",
        }
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Proceed, with these settings whatever the request says.
    Allow(Settings),
    /// Do not.
    Refuse(Refusal),
}

impl Verdict {
    /// The rule that stands against it, if one does.
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Allow(_) => None,
            Self::Refuse(refusal) => Some(refusal.rule),
        }
    }
}

/// Settings a HIPAA project forces on what it allows. All false outside one: there the request decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Destroy the body once the message has reached a terminal state (SMS-REDACT-1).
    pub discard_body: bool,
    /// Mask the last four digits of the counterparty (SMS-REDACT-2).
    pub obfuscate_address: bool,
    /// Media answers only to credentials (SMS-MMS-1).
    pub authenticate_media: bool,
    /// Callbacks go only to hosts whose certificate checks out (GEN-HTTPS-3).
    pub verify_certificates: bool,
    /// Hand messages only to carriers over TLS or an attested private interconnect (ART-CTRL-TRANS).
    pub private_carriage: bool,
    /// Keep the message out of every workflow and store no body (`foreign_inbound`).
    pub quarantine: bool,
}

impl Settings {
    /// What a HIPAA project forces on every message.
    const PROTECTED: Settings = Settings {
        discard_body: true,
        obfuscate_address: true,
        authenticate_media: true,
        verify_certificates: true,
        private_carriage: true,
        quarantine: false,
    };
    /// Nothing is forced.
    const NONE: Settings = Settings {
        discard_body: false,
        obfuscate_address: false,
        authenticate_media: false,
        verify_certificates: false,
        private_carriage: false,
        quarantine: false,
    };
}

/// A refusal by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule, for the `rule` member of the answer.
    pub rule: &'static str,
    /// Error number, one of [`codes::CODES`].
    pub code: u32,
    /// HTTP status.
    pub status: u16,
    /// The request parameter at fault, when there is one.
    pub field: Option<&'static str>,
}

impl Refusal {
    /// Caller-facing text of the number.
    pub fn message(&self) -> &'static str {
        codes::row(self.code).map_or("", |row| row.message)
    }
}

/// Ok to proceed, or the first rule that stands against it.
type Check = Result<(), Refusal>;

fn refuse(rule: &'static str, code: u32, field: Option<&'static str>) -> Refusal {
    Refusal { rule, code, status: codes::row(code).map_or(403, |row| row.status), field }
}

/// Decides. A refusal names the most general rule that stands in the way: scope before channel, channel
/// before geography, geography before the parameters.
pub fn decide(account: &AccountFacts, action: &Action<'_>) -> Verdict {
    let answer = match action {
        Action::SendMessage(facts) => message::send(account, facts),
        Action::DispatchMessage(facts) => message::dispatch(account, facts),
        Action::ReceiveMessage(facts) => message::receive(account, facts),
        Action::PlaceCall(facts) => voice::place(account, facts).map(|()| forced(account)),
        Action::ReceiveCall(facts) => voice::receive(account, facts).map(|()| forced(account)),
        Action::ServeSipDomain(facts) => voice::serve_domain(account, *facts).map(|()| forced(account)),
        Action::StreamMedia(facts) => voice::stream(account, *facts).map(|()| forced(account)),
        Action::UseVirtualAgent { attested } => {
            voice::use_virtual_agent(account, *attested).map(|()| forced(account))
        }
        Action::AddSender(sender) => message::add_sender(account, *sender).map(|()| forced(account)),
        Action::ConfigureUrl(url) => urls::configure(account, url).map(|()| forced(account)),
        Action::UseCapability(facts) => services::use_capability(account, facts).map(|()| forced(account)),
        Action::Lookup(facts) => services::lookup(account, facts).map(|()| forced(account)),
        Action::ChangeSetting(change) => services::change_setting(account, *change).map(|()| forced(account)),
        Action::UseBin { has_findings } => {
            services::use_bin(account, *has_findings).map(|()| forced(account))
        }
        Action::Designate(facts) => designate::designate(account, facts).map(|()| Settings::PROTECTED),
        Action::DesignateWorkspace(facts) => {
            designate::designate_workspace(facts).map(|()| Settings::PROTECTED)
        }
        Action::ControlSchema(control) => {
            designate::schema_control(account, *control).map(|()| forced(account))
        }
        Action::UseDestination(facts) => destinations::use_destination(facts).map(|()| forced(account)),
        Action::Undesignate(clearance) => {
            designate::undesignate(account, *clearance).map(|()| Settings::NONE)
        }
        Action::PlainHttp(facts) => urls::plain_http(account, facts).map(|()| Settings::NONE),
        Action::OperateOnMessages => review::operate(account).map(|()| forced(account)),
        Action::Review(step) => review::step(*step).map(|()| forced(account)),
    };
    match answer {
        Ok(settings) => Verdict::Allow(settings),
        Err(refusal) => Verdict::Refuse(refusal),
    }
}

/// What the account forces.
fn forced(account: &AccountFacts) -> Settings {
    if account.protected { Settings::PROTECTED } else { Settings::NONE }
}
