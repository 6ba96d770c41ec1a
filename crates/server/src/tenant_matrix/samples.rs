//! A request that would work, for every route that takes more than a path. A route that writes and is not
//! here fails the matrix: without a body that works, a refusal may be about the body.

/// What a request carries besides its path. `{Names}` are filled in like those of paths.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    /// Nothing.
    Bare,
    /// A query.
    Query(&'static str),
    /// A form.
    Form(&'static [(&'static str, &'static str)]),
    /// A JSON document; names stand as `<Names>`, because braces are JSON's.
    Json(&'static str),
}

use Sample::{Bare, Form, Json, Query};

const NAMED: Sample = Form(&[("FriendlyName", "Renamed")]);
/// A name that the register has not yet.
const PARTY: Sample =
    Json(r#"{"name": "<FreeName>", "hosts": ["*.clinic.example"], "own": true, "contact": "it"}"#);
const REQUEST: Sample = Json(r#"{"request_reference": "T-1", "requester": "R. Quester"}"#);
const DESTINATION: &str = r#"{"name": "<FreeName>", "source_sid": "<SourceSid>", "kind": "webhook",
    "settings": {"url": "https://clinic.example/events"}}"#;

/// The body that makes a destination.
pub(super) fn destination(values: &super::site::Values) -> String {
    DESTINATION.replace("<SourceSid>", &values["SourceSid"]).replace("<FreeName>", "Pharmacy")
}

/// By operation.
pub(super) const SAMPLES: &[(&str, Sample)] = &[
    ("create_account", NAMED),
    ("update_account", NAMED),
    ("create_key", NAMED),
    ("update_key", NAMED),
    ("create_signing_key", NAMED),
    ("update_signing_key", NAMED),
    ("create_secondary_auth_token", Bare),
    ("update_auth_token_promotion", Bare),
    ("create_credential_public_key", Form(&[("PublicKey", "{Pem}"), ("AccountSid", "{AccountSid}")])),
    ("update_credential_public_key", NAMED),
    ("list_iam_key", Query("AccountSid={AccountSid}")),
    ("create_iam_key", Form(&[("AccountSid", "{AccountSid}")])),
    ("update_iam_key", NAMED),
    ("create_message", Form(&[("To", "+14155550177"), ("From", "{Number}"), ("Body", "Hello")])),
    (
        "update_messaging_geopermissions",
        Form(&[("Permissions", r#"{"country_code": "GB", "type": "country", "enabled": true}"#)]),
    ),
    ("update_message", Form(&[("Body", "")])),
    ("create_media_link", Json(r#"{"purpose": "viewing"}"#)),
    ("create_message_feedback", Form(&[("Outcome", "unconfirmed")])),
    ("create_inventory_number", Json(r#"{"number": "<FreeNumber>"}"#)),
    ("create_incoming_phone_number", Form(&[("PhoneNumber", "{FreeNumber}")])),
    ("create_incoming_phone_number_local", Form(&[("PhoneNumber", "{FreeNumber}")])),
    ("create_incoming_phone_number_mobile", Form(&[("PhoneNumber", "{FreeNumber}")])),
    ("create_incoming_phone_number_toll_free", Form(&[("PhoneNumber", "{FreeTollFree}")])),
    ("update_incoming_phone_number", NAMED),
    (
        "create_brand_registrations",
        Form(&[
            ("CustomerProfileBundleSid", "BU00000000000000000000000000000000"),
            ("A2PProfileBundleSid", "BU00000000000000000000000000000000"),
        ]),
    ),
    ("update_brand_registrations", Bare),
    ("create_brand_registration_otp", Bare),
    ("create_brand_vetting", Form(&[("VettingProvider", "aegis")])),
    ("create_us_app_to_person", CAMPAIGN),
    ("update_us_app_to_person", CAMPAIGN_EDIT),
    ("create_external_campaign", Form(&[("CampaignId", "CABC123"), ("MessagingServiceSid", "{ServiceSid}")])),
    ("create_tollfree_verification", VERIFICATION),
    ("update_tollfree_verification", Form(&[("EditReason", "The picture can be reached now.")])),
    (
        "create_usage_trigger",
        Form(&[
            ("CallbackUrl", "https://clinic.example/usage"),
            ("TriggerValue", "+30"),
            ("UsageCategory", "sms"),
        ]),
    ),
    ("update_usage_trigger", NAMED),
    ("create_application", NAMED),
    ("update_application", NAMED),
    (
        "create_call",
        Form(&[("To", "+14155550177"), ("From", "{Number}"), ("Url", "https://clinic.example/voice")]),
    ),
    ("update_call", Form(&[("Status", "canceled")])),
    ("create_handset_call", Json(r#"{"to": "<Number>"}"#)),
    ("create_handset_keys", Json(r#"{"digits": "1"}"#)),
    ("create_sip_credential_list", Form(&[("FriendlyName", "{FreeName}")])),
    ("update_sip_credential_list", Form(&[("FriendlyName", "{FreeName}")])),
    ("create_sip_credential", Form(&[("Username", "alice"), ("Password", SIP_PASSWORD)])),
    ("update_sip_credential", Form(&[("Password", SIP_PASSWORD)])),
    ("create_sip_ip_access_control_list", NAMED),
    ("update_sip_ip_access_control_list", NAMED),
    ("create_sip_ip_address", Form(IP_ADDRESS)),
    ("update_sip_ip_address", NAMED),
    ("create_sip_domain", Form(&[("DomainName", "{FreeDomain}")])),
    ("update_sip_domain", NAMED),
    ("create_sip_credential_list_mapping", Form(&[("CredentialListSid", "{CredentialListSid}")])),
    ("create_sip_auth_calls_credential_list_mapping", Form(&[("CredentialListSid", "{CredentialListSid}")])),
    (
        "create_sip_auth_registrations_credential_list_mapping",
        Form(&[("CredentialListSid", "{CredentialListSid}")]),
    ),
    ("create_sip_ip_access_control_list_mapping", Form(&[("IpAccessControlListSid", "{IpListSid}")])),
    (
        "create_sip_auth_calls_ip_access_control_list_mapping",
        Form(&[("IpAccessControlListSid", "{IpListSid}")]),
    ),
    ("create_address", Form(ADDRESS)),
    ("update_address", NAMED),
    ("serve_twiml_bin", Bare),
    ("create_twiml_bin", Json(BIN)),
    ("update_twiml_bin", Json(r#"{"friendly_name": "Renamed"}"#)),
    ("create_messaging_service", NAMED),
    ("update_messaging_service", NAMED),
    ("create_service_phone_number", Form(&[("PhoneNumberSid", "{NumberSid}")])),
    ("create_service_short_code", Form(&[("ShortCodeSid", "{CodeSid}")])),
    ("update_short_code", NAMED),
    ("create_safelist", Form(&[("PhoneNumber", "+14155550177")])),
    ("fetch_safelist", Query("PhoneNumber=%2B14155550177")),
    ("delete_safelist", Query("PhoneNumber=%2B14155550177")),
    ("create_alpha_sender", Form(&[("AlphaSender", "Clinic")])),
    ("create_destination_alpha_sender", Form(&[("AlphaSender", "Clinic"), ("IsoCountryCode", "GB")])),
    ("update_registration_verdict", Json(r#"{"verdict": "rejected", "error_code": 30799}"#)),
    ("update_service_opt_out", Json(r#"{"help": {"keywords": ["HELP"], "reply": "Call the front desk."}}"#)),
    ("create_organization", Json(r#"{"friendly_name": "Clinic"}"#)),
    ("update_entitlement", Json(r#"{"entitled_from": "2024-01-01", "entitlement_reference": "PO 1"}"#)),
    ("create_migration", REQUEST),
    ("create_agreement", Json(AGREEMENT)),
    ("terminate_agreement", Json("{}")),
    ("create_main_account", Json(r#"{"organization_sid": "<OrganizationSid>", "friendly_name": "Main"}"#)),
    ("update_organization_link", Json(r#"{"organization_sid": "<OrganizationSid>"}"#)),
    ("create_designation", Json("{}")),
    ("create_account_key", Json(r#"{"key_type": "standard"}"#)),
    ("create_designation_by_support", REQUEST),
    ("update_settings", Json(r#"{"number_redaction": true}"#)),
    ("create_workspace", Json(r#"{"name": "Clinic"}"#)),
    ("create_workspace_designation", REQUEST),
    ("update_workspace_consent", Json(r#"{"required": true}"#)),
    ("create_source", Json(r#"{"name": "Website"}"#)),
    ("update_source", Json(r#"{"enabled": true}"#)),
    ("create_token", Json(TOKEN)),
    ("create_regulation", Json(r#"{"regulation_type": "SUPPRESS_WITH_DELETE", "user_ids": ["u-1"]}"#)),
    ("update_workspace_retention", Json(r#"{"days": 30}"#)),
    ("update_privacy_policy", Json(r#"{"red_at_ingest": "drop_field"}"#)),
    (
        "update_field",
        Json(r#"{"classify": [{"path": "properties.note", "colour": "red"}], "signer": "P. Officer"}"#),
    ),
    ("create_source_review", Json(r#"{"up_to": 0, "signer": "Q. Uality"}"#)),
    ("create_receipt", Json(r#"{"receipts": [<Receipt>]}"#)),
    ("create_scan", Json(r#"{"purge": false}"#)),
    ("create_destination", Json(DESTINATION)),
    ("update_destination", Json(r#"{"max_per_second": 5}"#)),
    ("update_destination_filters", Json(r#"{"filters": []}"#)),
    ("update_destination_mappings", Json(r#"{"mappings": []}"#)),
    (
        "update_destination_grants",
        Json(r#"{"grant": [{"path": "userId", "reason": "it is asked for"}], "signer": "P. Officer"}"#),
    ),
    ("update_destination_encryption", Json(r#"{"public_key": "", "fields": []}"#)),
    ("create_destination_approval", Json(r#"{"digest": "<Digest>", "signer": "P. Officer"}"#)),
    ("create_disclosure_report", Json(r#"{"user_id": "u-1"}"#)),
    ("create_party", PARTY),
    ("update_party", PARTY),
    (
        "import_register",
        Json(r#"{"parties": [{"name": "Own", "hosts": ["own.example"], "own": true, "contact": "it"}]}"#),
    ),
    ("create_signer", Json("<Signer>")),
    ("create_attestation", Json("<Attestation>")),
    (
        "create_exception",
        Json(
            r#"{"rule": "GEN-SUP-1", "subject": "*", "owner": "Jane Roe", "reason": "Until <FreeName>", "expires": "2099-01-01"}"#,
        ),
    ),
    ("create_reviewer", Json("<Reviewer>")),
    ("create_complaint", Json(r#"{"from": "carrier", "reference": "T-1"}"#)),
    ("create_review", Json("<ReviewRequest>")),
    ("approve_review", Json("<ReviewApproval>")),
    ("open_reviewed_message", Json("<ReviewOpening>")),
    ("close_review", Json("{}")),
    ("update_limits", Json(r#"{"requests_per_second": 1000}"#)),
    ("requeue_parked_job", Bare),
    (
        "create_smpp_bind",
        Json(
            r#"{"name": "<FreeBind>", "host": "smsc.example.org", "port": 3550, "system_id": "clinic", "password": "secret"}"#,
        ),
    ),
    ("update_smpp_bind", Json(r#"{"window": 20}"#)),
    ("receive_upstream_status", Form(&[("MessageSid", "SM00000000000000000000000000000000")])),
    (
        "receive_upstream_message",
        Form(&[("MessageSid", "SM00000000000000000000000000000000"), ("From", "+14155550177")]),
    ),
    ("receive_mm7", Bare),
    ("create_webhook_key", Json("{}")),
    ("update_webhook_key", Json(r#"{"friendly_name": "Renamed"}"#)),
    ("diagnose_webhook_signature", Json(r#"{"url": "https://clinic.example/", "signature": "AAAA"}"#)),
    ("create_handset_message", Json(r#"{"to": "<Number>", "body": "Hello"}"#)),
    ("create_simulator_fault", Json(r#"{"kind": "delay", "delay_ms": 1}"#)),
    ("update_simulator_clock", Json(r#"{"advance_seconds": 1}"#)),
];

/// A password that is long and mixed enough.
pub(super) const SIP_PASSWORD: &str = "Correct-Horse-1";

/// An address that SIP calls may come from.
pub(super) const IP_ADDRESS: &[(&str, &str)] = &[("FriendlyName", "Office"), ("IpAddress", "198.51.100.7")];

/// An address.
pub(super) const ADDRESS: &[(&str, &str)] = &[
    ("CustomerName", "Clinic"),
    ("Street", "1 Main St"),
    ("City", "Boston"),
    ("Region", "MA"),
    ("PostalCode", "02108"),
    ("IsoCountry", "US"),
];

/// A token of Segment's Public API.
pub(super) const TOKEN: &str = r#"{"name": "Terraform", "roles": ["source_admin"]}"#;

/// A TwiML Bin.
pub(super) const BIN: &str =
    r#"{"friendly_name": "Thanks", "twiml": "<Response><Message>Thank you</Message></Response>"}"#;

/// An organization that holds the package for HIPAA projects.
pub(super) const ENTITLED: &str =
    r#"{"friendly_name": "Clinic", "entitled_from": "2024-01-01", "entitlement_reference": "PO 1"}"#;

/// A complete agreement.
pub(super) const AGREEMENT: &str = r#"{
    "counterparty": "Operator", "signer": "A. Signer", "initiated_at": "2024-06-07", "signed_at": "2026-01-06T00:00:00Z",
    "services": ["messaging"], "permitted_uses": ["treatment"], "permitted_disclosures": ["carriers"],
    "safeguards": "45 CFR 164 subpart C", "breach_contact": "privacy officer", "breach_deadline_days": 30,
    "subcontractors": []
}"#;

/// An RSA key's public half, made for this test.
pub(super) const PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAje8p2BMGdDXyrOtSVoQ+
6eEHgTupP4Y/I5A90zwQTJsMKsWXC1hPEAqWpeDc4KGA+FJjKinNlft8Ugdv2BOE
ncrLv7ghtapyK6sgEkL41sMP4IvWlLUTlDjG9wT/fTAA7qQ7+gemFaSS/nvJpREM
cLFTBnvPKlCzy0HWb0eT6K2R6pILMCdjqypkaQfx52IfaepSu96t4MIRfZYBCEt2
Bf0ZddVS0mZG8+Wrdq2yqfMHR36YDTuAHwuwpuCFKm9TMAyLLqsJOaoWlL8/AV3a
Ogy1tVp7dXNgjGIq4wxMZGGCtcgS/1MxVmgyG1x9DEP0wjBHwb2PQ21I/OJN/Yus
owIDAQAB
-----END PUBLIC KEY-----
";

const CAMPAIGN: Sample = Form(&[
    ("BrandRegistrationSid", "{BrandSid}"),
    ("Description", "Reminders of appointments that were made before"),
    ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
    ("MessageSamples", "Your appointment is tomorrow at nine."),
    ("MessageSamples", "Your appointment is on Monday at ten."),
    ("UsAppToPersonUsecase", "ACCOUNT_NOTIFICATION"),
    ("HasEmbeddedLinks", "false"),
    ("HasEmbeddedPhone", "false"),
]);

const CAMPAIGN_EDIT: Sample = Form(&[
    ("Description", "Reminders of appointments that were made before"),
    ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
    ("MessageSamples", "Your appointment is tomorrow at nine."),
    ("MessageSamples", "Your appointment is on Monday at ten."),
    ("HasEmbeddedLinks", "false"),
    ("HasEmbeddedPhone", "false"),
    ("AgeGated", "false"),
    ("DirectLending", "false"),
]);

const VERIFICATION: Sample = Form(&[
    ("TollfreePhoneNumberSid", "{NumberSid}"),
    ("BusinessName", "Clinic"),
    ("BusinessWebsite", "https://clinic.example"),
    ("NotificationEmail", "desk@clinic.example"),
    ("UseCaseCategories", "ACCOUNT_NOTIFICATIONS"),
    ("UseCaseSummary", "Reminders"),
    ("ProductionMessageSample", "Your appointment is tomorrow."),
    ("OptInImageUrls", "https://clinic.example/desk.png"),
    ("OptInType", "PAPER_FORM"),
    ("MessageVolume", "1,000"),
]);
