//! What a phone number of an account is, and what a request may change of it. Pure.

use auth::SidText;
use base::{AddressSid, ApplicationSid, PhoneNumberSid, Sid};
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use serde::{Deserialize, Serialize};
use store::Kind;
use webhooks::Method;

use super::kinds::{NumberKind, Pattern};
use crate::applications::{ApplicationText, Target};
use crate::limits::MAX_FRIENDLY_NAME;

/// The index entry by which the numbers of an application are found.
pub(crate) const BY_APPLICATION: &str = "sms_application";

/// The index entry by which the numbers are found whose calls an application answers.
pub(crate) const BY_VOICE_APPLICATION: &str = "voice_application";

/// The index entry by which the numbers of an address are found.
pub(crate) const BY_ADDRESS: &str = "address";

/// The kind of phone number documents; they live in the account's scope.
#[derive(Debug)]
pub enum PhoneNumber {}

impl Kind for PhoneNumber {
    const NAME: &'static str = "phone-number";
    type Sid = PhoneNumberSid;
    type Facts = NumberFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A phone number of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NumberFacts {
    /// The number in E.164.
    pub number: String,
    /// A name for people.
    pub friendly_name: String,
    /// The webhook for messages that come in.
    pub sms_url: Option<String>,
    /// How it is called.
    pub sms_method: Method,
    /// The webhook when the first one fails.
    pub sms_fallback_url: Option<String>,
    /// How it is called.
    pub sms_fallback_method: Method,
    /// Where the end of calls is reported.
    pub status_callback: Option<String>,
    /// How it is called.
    pub status_callback_method: Method,
    /// The application whose URLs count for messages, instead of the number's own.
    #[serde(default)]
    pub sms_application: Option<ApplicationText>,
    /// The address that it belongs to.
    #[serde(default)]
    pub address: Option<SidText<AddressSid>>,
    /// The webhook for calls that come in.
    #[serde(default)]
    pub voice: Target,
    /// The webhook when the first one fails.
    #[serde(default)]
    pub voice_fallback: Target,
    /// The application whose URLs count for calls, instead of the number's own.
    #[serde(default)]
    pub voice_application: Option<ApplicationText>,
}

impl NumberFacts {
    /// Whom to ask about messages that come in.
    pub(crate) fn hook(&self) -> Hook {
        Hook {
            url: self.sms_url.clone(),
            method: self.sms_method,
            fallback_url: self.sms_fallback_url.clone(),
            fallback_method: self.sms_fallback_method,
        }
    }

    /// A number with nothing configured.
    pub fn new(number: String) -> Self {
        Self {
            friendly_name: number.clone(),
            number,
            sms_url: None,
            sms_method: Method::Post,
            sms_fallback_url: None,
            sms_fallback_method: Method::Post,
            status_callback: None,
            status_callback_method: Method::Post,
            sms_application: None,
            address: None,
            voice: Target::default(),
            voice_fallback: Target::default(),
            voice_application: None,
        }
    }

    /// What the number names, with the index entry of each.
    pub(crate) fn named(&self) -> [(&'static str, Option<String>); 3] {
        [
            (BY_APPLICATION, self.sms_application.map(|sid| sid.0.to_string())),
            (BY_VOICE_APPLICATION, self.voice_application.map(|sid| sid.0.to_string())),
            (BY_ADDRESS, self.address.map(|sid| sid.0.to_string())),
        ]
    }
}

/// Whom to ask about messages that come in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hook {
    /// The webhook.
    pub(crate) url: Option<String>,
    /// How it is called.
    pub(crate) method: Method,
    /// The webhook when the first one fails.
    pub(crate) fallback_url: Option<String>,
    /// How it is called.
    pub(crate) fallback_method: Method,
}

impl Default for Hook {
    fn default() -> Self {
        Self { url: None, method: Method::Post, fallback_url: None, fallback_method: Method::Post }
    }
}

/// A URL that a resource is configured with.
#[derive(Clone, Copy)]
pub(crate) struct Configured<'a> {
    /// The parameter it came in.
    pub(crate) field: &'static str,
    /// The URL, when there is one.
    pub(crate) url: Option<&'a str>,
    /// How it is called.
    pub(crate) method: Method,
}

impl Hook {
    /// Both URLs, under the names of their parameters.
    pub(crate) fn urls(&self, url: &'static str, fallback_url: &'static str) -> [Configured<'_>; 2] {
        [
            Configured { field: url, url: self.url.as_deref(), method: self.method },
            Configured {
                field: fallback_url,
                url: self.fallback_url.as_deref(),
                method: self.fallback_method,
            },
        ]
    }
}

/// What a request sets. `None` leaves a field as it is; an empty URL clears it.
pub struct Settings {
    friendly_name: Option<String>,
    sms_url: Option<String>,
    sms_method: Option<Method>,
    sms_fallback_url: Option<String>,
    sms_fallback_method: Option<Method>,
    status_callback: Option<String>,
    status_callback_method: Option<Method>,
    /// The inner `None` takes it off.
    sms_application: Option<Option<ApplicationText>>,
    address: Option<Option<SidText<AddressSid>>>,
    voice: (Option<String>, Option<Method>),
    voice_fallback: (Option<String>, Option<Method>),
    voice_application: Option<Option<ApplicationText>>,
}

/// Parameters of products that are not built yet.
const NOT_YET: &[&str] =
    &["EmergencyStatus", "EmergencyAddressSid", "TrunkSid", "IdentitySid", "BundleSid", "AccountSid"];

impl FromParams for Settings {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.not_supported(NOT_YET)?;
        // There is one version of the API.
        params.without_effect(&["ApiVersion"]);
        // Nobody knows whose name belongs to a number, and no fax is received here.
        if params.flag("VoiceCallerIdLookup")? == Some(true) {
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("VoiceCallerIdLookup"));
        }
        if params.word("VoiceReceiveMode", &["voice", "fax"])? == Some("fax") {
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("VoiceReceiveMode"));
        }
        let friendly_name = params.text("FriendlyName")?;
        if friendly_name.as_ref().is_some_and(|name| name.chars().count() > MAX_FRIENDLY_NAME) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("FriendlyName"));
        }
        Ok(Self {
            friendly_name,
            voice: (params.text("VoiceUrl")?, method(params, "VoiceMethod")?),
            voice_fallback: (params.text("VoiceFallbackUrl")?, method(params, "VoiceFallbackMethod")?),
            voice_application: named::<ApplicationSid>(params, "VoiceApplicationSid")?,
            sms_url: params.text("SmsUrl")?,
            sms_method: method(params, "SmsMethod")?,
            sms_fallback_url: params.text("SmsFallbackUrl")?,
            sms_fallback_method: method(params, "SmsFallbackMethod")?,
            status_callback: params.text("StatusCallback")?,
            status_callback_method: method(params, "StatusCallbackMethod")?,
            sms_application: named::<ApplicationSid>(params, "SmsApplicationSid")?,
            address: named::<AddressSid>(params, "AddressSid")?,
        })
    }
}

/// The SID of something that a number is to name; empty takes it off.
fn named<S: Sid>(params: &mut Params, name: &'static str) -> Result<Option<Option<SidText<S>>>> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(None));
    }
    let sid = text.parse().map_err(|_| ApiError::new(codes::INVALID_PARAMETER).parameter(name))?;
    Ok(Some(Some(SidText(sid))))
}

pub(crate) fn method(params: &mut Params, name: &'static str) -> Result<Option<Method>> {
    let word = params.word(name, &["GET", "POST"])?;
    Ok(word.map(|word| if word == "GET" { Method::Get } else { Method::Post }))
}

impl Settings {
    /// Applies what was set.
    pub fn apply(self, facts: &mut NumberFacts) {
        let url = |field: &mut Option<String>, given: Option<String>| {
            if let Some(given) = given {
                *field = Some(given).filter(|url| !url.is_empty());
            }
        };
        url(&mut facts.sms_url, self.sms_url);
        url(&mut facts.sms_fallback_url, self.sms_fallback_url);
        url(&mut facts.status_callback, self.status_callback);
        facts.friendly_name = self.friendly_name.unwrap_or(std::mem::take(&mut facts.friendly_name));
        facts.sms_method = self.sms_method.unwrap_or(facts.sms_method);
        facts.sms_fallback_method = self.sms_fallback_method.unwrap_or(facts.sms_fallback_method);
        facts.status_callback_method = self.status_callback_method.unwrap_or(facts.status_callback_method);
        facts.sms_application = self.sms_application.unwrap_or(facts.sms_application);
        facts.address = self.address.unwrap_or(facts.address);
        facts.voice.set(self.voice.0, self.voice.1);
        facts.voice_fallback.set(self.voice_fallback.0, self.voice_fallback.1);
        facts.voice_application = self.voice_application.unwrap_or(facts.voice_application);
    }
}

/// Which number is wanted: one by its digits, or any with an area code.
pub struct Wanted {
    /// `PhoneNumber`.
    pub number: Option<String>,
    /// `AreaCode`.
    pub area_code: Option<String>,
    /// How it is configured at once.
    pub settings: Settings,
}

impl FromParams for Wanted {
    fn from_params(params: &mut Params) -> Result<Self> {
        let settings = Settings::from_params(params)?;
        let number = params.text("PhoneNumber")?;
        let area_code = params.text("AreaCode")?;
        if number.is_some() == area_code.is_some() {
            return Err(ApiError::new(codes::INVALID_PARAMETER).hint("give either PhoneNumber or AreaCode"));
        }
        Ok(Self { number, area_code, settings })
    }
}

/// The same where the path says which kind of number it is: then it is wanted by its digits.
pub struct WantedOfKind(pub Wanted);

impl FromParams for WantedOfKind {
    fn from_params(params: &mut Params) -> Result<Self> {
        let settings = Settings::from_params(params)?;
        let number = Some(params.required("PhoneNumber")?);
        Ok(Self(Wanted { number, area_code: None, settings }))
    }
}

/// Filters of a list.
#[derive(Default)]
pub struct Filter {
    /// `PhoneNumber`, when it is a whole number.
    pub number: Option<String>,
    /// `PhoneNumber`, when it is a part of one.
    pub part: Option<Pattern>,
    /// `FriendlyName`: the whole name.
    pub friendly_name: Option<String>,
    /// `Origin` asks for numbers that are hosted for another carrier, and there are none.
    pub hosted: bool,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        // None is new to the platform.
        params.flag("Beta")?;
        let origin = params.word("Origin", &["twilio", "hosted"])?;
        let asked = params.text("PhoneNumber")?.filter(|text| !text.is_empty());
        let whole = asked.as_deref().and_then(|text| match base::Address::parse(text) {
            Ok(base::Address::Phone(number)) if number.fault().is_none() => Some(number.into_string()),
            _ => None,
        });
        let part = asked.filter(|_| whole.is_none());
        Ok(Self {
            number: whole,
            part: part.map(|text| Pattern::parse("PhoneNumber", &text)).transpose()?,
            friendly_name: params.text("FriendlyName")?.filter(|text| !text.is_empty()),
            hosted: origin == Some("hosted"),
        })
    }
}

impl Filter {
    /// Whether a number that the index found is one, for what the index does not know.
    pub fn keeps(&self, facts: &NumberFacts, kind: Option<NumberKind>) -> bool {
        !self.hosted
            && self.part.as_ref().is_none_or(|part| part.is_in(&facts.number))
            && kind.is_none_or(|kind| NumberKind::of_text(&facts.number) == Some(kind))
    }
}
