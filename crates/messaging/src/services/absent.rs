//! Published operations of `messaging` that are not served: link shortening, channels beside SMS, and senders that
//! nobody can have here yet.

/// Method, path and operation.
pub(super) const ABSENT: &[(&str, &str, &str)] = &[
    ("GET", "/v1/Deactivations", "fetch_deactivation"),
    ("DELETE", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "delete_domain_cert"),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "fetch_domain_cert"),
    ("POST", "/v1/LinkShortening/Domains/{DomainSid}/Certificate", "update_domain_cert"),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/Config", "fetch_domain_config"),
    ("POST", "/v1/LinkShortening/Domains/{DomainSid}/Config", "update_domain_config"),
    (
        "DELETE",
        "/v1/LinkShortening/Domains/{DomainSid}/MessagingServices/{MessagingServiceSid}",
        "delete_linkshortening_messaging_service",
    ),
    (
        "POST",
        "/v1/LinkShortening/Domains/{DomainSid}/MessagingServices/{MessagingServiceSid}",
        "create_linkshortening_messaging_service",
    ),
    ("POST", "/v1/LinkShortening/Domains/{DomainSid}/RequestManagedCert", "update_request_managed_cert"),
    ("GET", "/v1/LinkShortening/Domains/{DomainSid}/ValidateDns", "fetch_domain_dns_validation"),
    (
        "GET",
        "/v1/LinkShortening/MessagingService/{MessagingServiceSid}/DomainConfig",
        "fetch_domain_config_messaging_service",
    ),
    (
        "GET",
        "/v1/LinkShortening/MessagingServices/{MessagingServiceSid}/Domain",
        "fetch_linkshortening_messaging_service_domain_association",
    ),
    ("DELETE", "/v1/Services/{ServiceSid}/ChannelSenders/{Sid}", "delete_channel_sender"),
    ("GET", "/v1/Services/{ServiceSid}/ChannelSenders/{Sid}", "fetch_channel_sender"),
    ("DELETE", "/v1/Services/{ServiceSid}/DestinationAlphaSenders/{Sid}", "delete_destination_alpha_sender"),
    ("GET", "/v1/Services/{ServiceSid}/DestinationAlphaSenders/{Sid}", "fetch_destination_alpha_sender"),
    ("POST", "/v1/Services/{ServiceSid}/ShortCodes", "create_short_code"),
    ("DELETE", "/v1/Services/{ServiceSid}/ShortCodes/{Sid}", "delete_short_code"),
    ("GET", "/v1/Services/{ServiceSid}/ShortCodes/{Sid}", "fetch_short_code"),
    ("GET", "/v2/Channels/Senders", "list_channels_sender"),
    ("POST", "/v2/Channels/Senders", "create_channels_sender"),
    ("DELETE", "/v2/Channels/Senders/{Sid}", "delete_channels_sender"),
    ("GET", "/v2/Channels/Senders/{Sid}", "fetch_channels_sender"),
    ("POST", "/v2/Channels/Senders/{Sid}", "update_channels_sender"),
    ("POST", "/v2/Indicators/Typing.json", "create_typing_indicator"),
    ("GET", "/v2/LinkShortening/Domains/{DomainSid}/Certificate", "fetch_domain_cert_v2"),
    ("POST", "/v3/Indicators/Typing.json", "create_v3_typing_indicator"),
];
