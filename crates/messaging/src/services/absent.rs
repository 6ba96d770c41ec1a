//! Published operations of `messaging` that are not served, and why: link shortening, channels beside SMS, and what
//! carriers tell nobody here.

use errors::{Code, codes};

/// Method, path, operation, and what is said instead.
pub(super) type Row = (&'static str, &'static str, &'static str, Said);
type Said = (&'static Code, &'static str);

/// Nothing can be found, because nobody can have one.
const NO_DOMAIN: Said =
    (codes::NOT_FOUND, "no account has a domain for short links; links go out as they are written");
const NO_LINKS: Said = (
    codes::NOT_SUPPORTED,
    "links are not shortened, since the detour would know who opened which message; write them out",
);
const NO_CHANNEL: Said = (codes::NOT_FOUND, "no account has senders of channels beside SMS");
const NO_TYPING: Said =
    (codes::NOT_SUPPORTED, "SMS has no typing indicator, and other channels are not offered");
const NO_REPORT: Said = (
    codes::DEACTIVATIONS_NOT_AVAILABLE,
    "no carrier reports here which numbers were given up, and an empty report would say that none was",
);

/// What is said of channels beside SMS.
pub(super) const CHANNELS: &str = "messages go out by SMS only: no WhatsApp, Messenger or RCS";

/// Those that no rule has a word about.
pub(super) const ABSENT: &[Row] = &[
    ("GET", "/v1/Deactivations", "fetch_deactivation", NO_REPORT),
    ("DELETE", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "delete_domain_cert", NO_DOMAIN),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "fetch_domain_cert", NO_DOMAIN),
    ("POST", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "update_domain_cert", NO_LINKS),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/Config", "fetch_domain_config", NO_DOMAIN),
    ("POST", "/v1/LinkShortening/Domains/{DomainSid}/Config", "update_domain_config", NO_LINKS),
    (
        "DELETE",
        "/v1/LinkShortening/Domains/{DomainSid}/MessagingServices/{MessagingServiceSid}",
        "delete_linkshortening_messaging_service",
        NO_DOMAIN,
    ),
    (
        "POST",
        "/v1/LinkShortening/Domains/{DomainSid}/MessagingServices/{MessagingServiceSid}",
        "create_linkshortening_messaging_service",
        NO_LINKS,
    ),
    (
        "POST",
        "/v1/LinkShortening/Domains/{DomainSid}/RequestManagedCert",
        "update_request_managed_cert",
        NO_LINKS,
    ),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/ValidateDns", "fetch_domain_dns_validation", NO_DOMAIN),
    (
        "GET",
        "/v1/LinkShortening/MessagingService/{MessagingServiceSid}/DomainConfig",
        "fetch_domain_config_messaging_service",
        NO_DOMAIN,
    ),
    (
        "GET",
        "/v1/LinkShortening/MessagingServices/{MessagingServiceSid}/Domain",
        "fetch_linkshortening_messaging_service_domain_association",
        NO_DOMAIN,
    ),
    ("DELETE", "/v1/Services/{ServiceSid}/ChannelSenders/{Sid}", "delete_channel_sender", NO_CHANNEL),
    ("GET", "/v1/Services/{ServiceSid}/ChannelSenders/{Sid}", "fetch_channel_sender", NO_CHANNEL),
    ("DELETE", "/v2/Channels/Senders/{Sid}", "delete_channels_sender", NO_CHANNEL),
    ("GET", "/v2/Channels/Senders/{Sid}", "fetch_channels_sender", NO_CHANNEL),
    ("POST", "/v2/Indicators/Typing.json", "create_typing_indicator", NO_TYPING),
    ("GET", "/v2/LinkShortening/Domains/{DomainSid}/Certificate", "fetch_domain_cert_v2", NO_DOMAIN),
    ("POST", "/v3/Indicators/Typing.json", "create_v3_typing_indicator", NO_TYPING),
];
