//! Messaging Services and their senders as JSON (`messaging.v1.service` and below).

use base::PhoneNumber;
use kit::Ctx;
use serde::Serialize;
use store::Document;

use super::model::{AlphaSender, MessagingService, PoolCode, PoolNumber};
use super::routes::SERVICES;

/// A service on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct ServiceView {
    account_sid: String,
    sid: String,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    inbound_request_url: Option<String>,
    inbound_method: &'static str,
    fallback_url: Option<String>,
    fallback_method: &'static str,
    status_callback: Option<String>,
    sticky_sender: bool,
    smart_encoding: bool,
    mms_converter: bool,
    fallback_to_long_code: bool,
    scan_message_content: String,
    area_code_geomatch: bool,
    validity_period: u32,
    synchronous_validation: bool,
    usecase: String,
    us_app_to_person_registered: bool,
    use_inbound_webhook_on_number: bool,
    links: Links,
    url: String,
}

#[derive(Serialize)]
struct Links {
    phone_numbers: String,
    short_codes: String,
    alpha_senders: String,
    messages: String,
    us_app_to_person: String,
    us_app_to_person_usecases: String,
    channel_senders: String,
    destination_alpha_senders: String,
}

impl ServiceView {
    /// The view of one service.
    pub fn new(ctx: &Ctx, service: &Document<MessagingService>) -> Self {
        let facts = service.facts.clone();
        let url = ctx.link(&format!("{SERVICES}/{}", service.sid));
        let below = |name: &str| format!("{url}/{name}");
        Self {
            account_sid: ctx.account().sid().to_string(),
            sid: service.sid.to_string(),
            date_created: service.created_at.iso8601(),
            date_updated: service.updated_at.iso8601(),
            friendly_name: facts.friendly_name,
            inbound_request_url: facts.inbound.url,
            inbound_method: facts.inbound.method.as_str(),
            fallback_url: facts.inbound.fallback_url,
            fallback_method: facts.inbound.fallback_method.as_str(),
            status_callback: facts.status_callback,
            sticky_sender: facts.sticky_sender,
            smart_encoding: facts.smart_encoding,
            mms_converter: facts.mms_converter,
            fallback_to_long_code: facts.fallback_to_long_code,
            scan_message_content: facts.scan_message_content,
            area_code_geomatch: facts.area_code_geomatch,
            validity_period: facts.validity_period,
            synchronous_validation: facts.synchronous_validation,
            usecase: facts.usecase,
            us_app_to_person_registered: false,
            use_inbound_webhook_on_number: facts.use_inbound_webhook_on_number,
            links: Links {
                phone_numbers: below("PhoneNumbers"),
                short_codes: below("ShortCodes"),
                alpha_senders: below("AlphaSenders"),
                messages: below("Messages"),
                us_app_to_person: below("Compliance/Usa2p"),
                us_app_to_person_usecases: below("Compliance/Usa2p/Usecases"),
                channel_senders: below("ChannelSenders"),
                destination_alpha_senders: below("DestinationAlphaSenders"),
            },
            url,
        }
    }
}

/// What a sender can do here.
const TEXTS: &[&str] = &["SMS"];
const MEDIA: &[&str] = &["MMS", "SMS"];

/// What the views of all senders share.
#[derive(Serialize)]
struct Common {
    sid: String,
    account_sid: String,
    service_sid: Option<String>,
    date_created: String,
    date_updated: String,
    capabilities: &'static [&'static str],
    url: String,
}

impl Common {
    fn new<K: store::Kind>(ctx: &Ctx, member: &Document<K>, collection: &str, can_mms: bool) -> Self {
        let service = member.parent.clone();
        let path =
            format!("{SERVICES}/{}/{collection}/{}", service.as_deref().unwrap_or_default(), member.sid);
        Self {
            sid: member.sid.to_string(),
            account_sid: ctx.account().sid().to_string(),
            service_sid: service,
            date_created: member.created_at.iso8601(),
            date_updated: member.updated_at.iso8601(),
            capabilities: if can_mms { MEDIA } else { TEXTS },
            url: ctx.link(&path),
        }
    }
}

/// A phone number in a service on the wire.
#[derive(Serialize)]
pub struct PoolNumberView {
    #[serde(flatten)]
    common: Common,
    phone_number: String,
    country_code: Option<&'static str>,
}

impl PoolNumberView {
    /// The view of one number.
    pub fn new(ctx: &Ctx, member: &Document<PoolNumber>, can_mms: bool) -> Self {
        let phone_number = member.facts.sender.clone();
        let country_code = PhoneNumber::parse(&phone_number).ok().and_then(|number| number.country_iso());
        Self { common: Common::new(ctx, member, "PhoneNumbers", can_mms), phone_number, country_code }
    }
}

/// A short code in a service on the wire.
#[derive(Serialize)]
pub struct PoolCodeView {
    #[serde(flatten)]
    common: Common,
    short_code: String,
    country_code: &'static str,
}

impl PoolCodeView {
    /// The view of one short code. Those of other countries are written alike, so all are taken to be of the United
    /// States.
    pub fn new(ctx: &Ctx, member: &Document<PoolCode>) -> Self {
        let short_code = member.facts.sender.clone();
        Self { common: Common::new(ctx, member, "ShortCodes", false), short_code, country_code: "US" }
    }
}

/// A sender name with the country it is for, on the wire.
#[derive(Serialize)]
pub struct DestinationView {
    #[serde(flatten)]
    common: Common,
    alpha_sender: String,
    iso_country_code: Option<String>,
}

impl DestinationView {
    /// The view of one name.
    pub fn new(ctx: &Ctx, member: &Document<AlphaSender>) -> Self {
        Self {
            common: Common::new(ctx, member, "DestinationAlphaSenders", false),
            alpha_sender: member.facts.sender.clone(),
            iso_country_code: member.facts.country.clone(),
        }
    }
}

/// A sender name on the wire.
#[derive(Serialize)]
pub struct AlphaSenderView {
    #[serde(flatten)]
    common: Common,
    alpha_sender: String,
}

impl AlphaSenderView {
    /// The view of one name.
    pub fn new(ctx: &Ctx, member: &Document<AlphaSender>) -> Self {
        Self {
            common: Common::new(ctx, member, "AlphaSenders", false),
            alpha_sender: member.facts.sender.clone(),
        }
    }
}
