//! What a Messaging Service and its senders are, and what a request may change of them. Pure.

use auth::SidText;
use base::{Address, AlphaSenderSid, MessagingServiceSid, PhoneNumberSid, ShortCodeSid, StickySenderSid};
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use serde::{Deserialize, Serialize};
use store::Kind;
use webhooks::Method;

use super::usecases;
use crate::limits::{DEFAULT_SERVICE_VALIDITY, DEFAULT_VALIDITY, MAX_FRIENDLY_NAME, MAX_VALIDITY_SECONDS};
use crate::numbers::{Hook, method};
use crate::optout::Words;

/// The kind of Messaging Service documents; they live in the account's scope.
#[derive(Debug)]
pub enum MessagingService {}

impl Kind for MessagingService {
    const NAME: &'static str = "messaging-service";
    type Sid = MessagingServiceSid;
    type Facts = ServiceFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// The kind that says in which service a phone number is. It has the number's SID, so that a number is in one
/// service at most, and the service as its parent.
#[derive(Debug)]
pub enum PoolNumber {}

impl Kind for PoolNumber {
    const NAME: &'static str = "service-phone-number";
    type Sid = PhoneNumberSid;
    type Facts = SenderFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// The kind that says in which service a short code is, as [`PoolNumber`] does of a number.
#[derive(Debug)]
pub enum PoolCode {}

impl Kind for PoolCode {
    const NAME: &'static str = "service-short-code";
    type Sid = ShortCodeSid;
    type Facts = SenderFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// The index entry by which the names for one country are found.
pub(super) const BY_COUNTRY: &str = "country";

/// The kind of sender names, for every country or for one; their parent is the service.
#[derive(Debug)]
pub enum AlphaSender {}

impl Kind for AlphaSender {
    const NAME: &'static str = "alpha-sender";
    type Sid = AlphaSenderSid;
    type Facts = SenderFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// The kind that remembers which sender a recipient has from a service. It is found by a keyed digest of the
/// recipient and holds no number of theirs, so it outlives redaction (D-RED-2).
#[derive(Debug)]
pub enum StickySender {}

impl Kind for StickySender {
    const NAME: &'static str = "sticky-sender";
    type Sid = StickySenderSid;
    type Facts = SenderFacts;
    type Content = ();
}

/// A sender: our number or name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SenderFacts {
    /// As it stands in `From`.
    pub sender: String,
    /// The one country that a name is for, as ISO 3166-1 alpha-2; `None` for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl SenderFacts {
    /// A sender for every country.
    pub fn of(sender: String) -> Self {
        Self { sender, country: None }
    }
}

/// What a service is configured with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// A name for people.
    pub friendly_name: String,
    /// Whom to ask about messages that come in.
    pub inbound: Hook,
    /// Where to report the states of messages that name no place of their own.
    pub status_callback: Option<String>,
    /// A recipient keeps the sender it has had.
    pub sticky_sender: bool,
    /// A sender of the recipient's area code goes first.
    pub area_code_geomatch: bool,
    /// Characters that make a text long are replaced.
    pub smart_encoding: bool,
    /// How long messages may wait that do not say so themselves, in seconds.
    pub validity_period: u32,
    /// Messages that come in go to the number's own webhook.
    pub use_inbound_webhook_on_number: bool,
    /// What it is for.
    pub usecase: String,
    /// Kept and shown; media are never turned into links.
    pub mms_converter: bool,
    /// Kept; the published documents call it obsolete.
    pub fallback_to_long_code: bool,
    /// Kept; the published documents call it reserved.
    pub synchronous_validation: bool,
    /// Kept: `inherit` or `disable`. Nothing looks into texts here.
    pub scan_message_content: String,
    /// The words with which people stop, restart or ask about its messages.
    #[serde(default)]
    pub words: Words,
}

impl ServiceFacts {
    /// A service as it is when nothing is said, in a HIPAA project or not.
    pub fn new(is_protected: bool) -> Self {
        let validity = if is_protected { DEFAULT_VALIDITY } else { DEFAULT_SERVICE_VALIDITY };
        Self {
            friendly_name: String::new(),
            inbound: Hook::default(),
            status_callback: None,
            sticky_sender: true,
            area_code_geomatch: true,
            smart_encoding: true,
            validity_period: u32::try_from(validity.as_secs()).unwrap_or(u32::MAX),
            use_inbound_webhook_on_number: false,
            usecase: usecases::UNDECLARED.to_owned(),
            mms_converter: true,
            fallback_to_long_code: true,
            synchronous_validation: false,
            scan_message_content: "inherit".to_owned(),
            words: Words::default(),
        }
    }
}

/// What a request sets. `None` leaves a field as it is; an empty URL clears it.
pub struct Settings {
    friendly_name: Option<String>,
    inbound_request_url: Option<String>,
    inbound_method: Option<Method>,
    fallback_url: Option<String>,
    fallback_method: Option<Method>,
    status_callback: Option<String>,
    sticky_sender: Option<bool>,
    area_code_geomatch: Option<bool>,
    smart_encoding: Option<bool>,
    /// In seconds; what it may be depends on the account.
    pub validity_period: Option<u32>,
    use_inbound_webhook_on_number: Option<bool>,
    usecase: Option<String>,
    mms_converter: Option<bool>,
    fallback_to_long_code: Option<bool>,
    synchronous_validation: Option<bool>,
    scan_message_content: Option<&'static str>,
}

impl FromParams for Settings {
    fn from_params(params: &mut Params) -> Result<Self> {
        let friendly_name = params.text("FriendlyName")?;
        let fits = |name: &String| !name.is_empty() && name.chars().count() <= MAX_FRIENDLY_NAME;
        if friendly_name.as_ref().is_some_and(|name| !fits(name)) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("FriendlyName"));
        }
        let usecase = params.text("Usecase")?;
        if usecase.as_ref().is_some_and(|usecase| !usecases::is_known(usecase)) {
            return Err(ApiError::new(codes::USECASE_INVALID).parameter("Usecase"));
        }
        let validity = params.integer("ValidityPeriod", 1..=MAX_VALIDITY_SECONDS)?;
        let scan = params.word("ScanMessageContent", &["inherit", "enable", "disable"])?;
        if scan == Some("enable") {
            // Nothing looks into texts here, and saying yes would promise that.
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("ScanMessageContent"));
        }
        Ok(Self {
            friendly_name,
            inbound_request_url: params.text("InboundRequestUrl")?,
            inbound_method: method(params, "InboundMethod")?,
            fallback_url: params.text("FallbackUrl")?,
            fallback_method: method(params, "FallbackMethod")?,
            status_callback: params.text("StatusCallback")?,
            sticky_sender: params.flag("StickySender")?,
            area_code_geomatch: params.flag("AreaCodeGeomatch")?,
            smart_encoding: params.flag("SmartEncoding")?,
            validity_period: validity.and_then(|seconds| u32::try_from(seconds).ok()),
            use_inbound_webhook_on_number: params.flag("UseInboundWebhookOnNumber")?,
            usecase,
            mms_converter: params.flag("MmsConverter")?,
            fallback_to_long_code: params.flag("FallbackToLongCode")?,
            synchronous_validation: params.flag("SynchronousValidation")?,
            scan_message_content: scan,
        })
    }
}

impl Settings {
    /// Applies what was set.
    pub fn apply(self, facts: &mut ServiceFacts) {
        fn set<T>(field: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *field = given;
            }
        }
        let url = |field: &mut Option<String>, given: Option<String>| {
            set(field, given.map(|url| Some(url).filter(|url| !url.is_empty())));
        };
        url(&mut facts.inbound.url, self.inbound_request_url);
        url(&mut facts.inbound.fallback_url, self.fallback_url);
        url(&mut facts.status_callback, self.status_callback);
        set(&mut facts.inbound.method, self.inbound_method);
        set(&mut facts.inbound.fallback_method, self.fallback_method);
        set(&mut facts.friendly_name, self.friendly_name);
        set(&mut facts.sticky_sender, self.sticky_sender);
        set(&mut facts.area_code_geomatch, self.area_code_geomatch);
        set(&mut facts.smart_encoding, self.smart_encoding);
        set(&mut facts.validity_period, self.validity_period);
        set(&mut facts.use_inbound_webhook_on_number, self.use_inbound_webhook_on_number);
        set(&mut facts.usecase, self.usecase);
        set(&mut facts.mms_converter, self.mms_converter);
        set(&mut facts.fallback_to_long_code, self.fallback_to_long_code);
        set(&mut facts.synchronous_validation, self.synchronous_validation);
        set(&mut facts.scan_message_content, self.scan_message_content.map(str::to_owned));
    }
}

/// A service that is asked for.
pub struct NewService(pub Settings);

impl FromParams for NewService {
    fn from_params(params: &mut Params) -> Result<Self> {
        let settings = Settings::from_params(params)?;
        match settings.friendly_name {
            Some(_) => Ok(Self(settings)),
            None => Err(ApiError::new(codes::INVALID_PARAMETER).parameter("FriendlyName")),
        }
    }
}

/// `PhoneNumberSid`: the number that joins a service.
pub struct JoiningNumber(pub PhoneNumberSid);

impl FromParams for JoiningNumber {
    fn from_params(params: &mut Params) -> Result<Self> {
        let sid = params.sid("PhoneNumberSid")?;
        sid.map(Self).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("PhoneNumberSid"))
    }
}

/// `ShortCodeSid`: the short code that joins a service.
pub struct JoiningCode(pub ShortCodeSid);

impl FromParams for JoiningCode {
    fn from_params(params: &mut Params) -> Result<Self> {
        let sid = params.sid("ShortCodeSid")?;
        sid.map(Self).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("ShortCodeSid"))
    }
}

/// `AlphaSender`: the name that joins a service.
pub struct JoiningName(pub Address);

impl FromParams for JoiningName {
    fn from_params(params: &mut Params) -> Result<Self> {
        let name = params.text("AlphaSender")?.filter(|name| !name.is_empty());
        let name = name.ok_or(ApiError::new(codes::SENDER_NAME_REQUIRED))?;
        match Address::parse(&name) {
            Ok(name @ Address::Alphanumeric(_)) => Ok(Self(name)),
            _ => Err(codes::SENDER_NAME_INVALID.into()),
        }
    }
}

/// The same with `IsoCountryCode`, the one country that the name is for.
pub struct JoiningDestination {
    /// The name.
    pub name: JoiningName,
    /// The country; `None` for every one.
    pub country: Option<String>,
}

/// The calling code of the North American plan, in which no name is shown.
const NORTH_AMERICA: u16 = 1;

impl FromParams for JoiningDestination {
    fn from_params(params: &mut Params) -> Result<Self> {
        let country = country(params)?;
        let is_shown =
            |country: &String| base::calling_code_of(country).is_some_and(|code| code.code != NORTH_AMERICA);
        if country.as_ref().is_some_and(|country| !is_shown(country)) {
            let error = ApiError::new(codes::INVALID_PARAMETER).parameter("IsoCountryCode");
            return Err(error.hint("IsoCountryCode is no country where sender names are shown"));
        }
        Ok(Self { name: JoiningName::from_params(params)?, country })
    }
}

fn country(params: &mut Params) -> Result<Option<String>> {
    let country = params.text("IsoCountryCode")?.filter(|text| !text.is_empty());
    Ok(country.map(|country| country.to_ascii_uppercase()))
}

/// `IsoCountryCode` of a list: names for this country alone.
pub struct DestinationFilter(pub Option<String>);

impl FromParams for DestinationFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        country(params).map(Self)
    }
}

/// The service a message belongs to, as its facts hold it.
pub type ServiceText = SidText<MessagingServiceSid>;
