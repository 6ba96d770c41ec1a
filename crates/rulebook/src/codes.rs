//! Error numbers of refusals that come from the guide.
//!
//! A number of ours is 77000 plus the line of the guide the rule stands on (plus the paragraph, for the
//! article), moved up by one or more where two rules share a line. Numbers the vendor already has keep
//! their meaning. The `rule` member of the answer says which rule it was.

use errors::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $message:literal;)*) => {
        $($(#[$doc])* pub const $name: u32 = $code;)*
        /// Every number this crate gives, in ascending order.
        pub const CODES: &[Code] =
            &[$(Code { number: $code, status: $status, name: stringify!($name), message: $message }),*];
    };
}

codes! {
    /// VOI-GEO-1: a leg of a call to or from a number outside the United States. The vendor's own number for a closed
    /// region.
    CALL_REGION_NOT_PERMITTED = 21215, 403, "The account may not call this region; in a HIPAA project only United States numbers are permitted";
    /// SMS-GEO-1: a number outside the United States. The vendor's own number for a closed region.
    REGION_NOT_PERMITTED = 21408, 403, "The account may not send to this region; in a HIPAA project only United States numbers are permitted";
    /// GEN-PKCV-1: the vendor's own number for a request that is not signed.
    CLIENT_VALIDATION_REQUIRED = 70052, 403, "This account accepts only requests that are signed for public key client validation";
    /// ART-BAA-1 to ART-BAA-4, which share a paragraph and the number.
    AGREEMENT_INCOMPLETE = 77002, 400, "The agreement lacks what a business associate agreement must say";
    /// SG-ELIG-1.
    EMAIL_NOT_ELIGIBLE = 77003, 403, "Email is not eligible in a HIPAA project";
    /// ART-RESTR-TRACK: a query parameter whose name promises PHI.
    PHI_IN_URL = 77004, 403, "A URL carries a query parameter that looks like protected health information; use an opaque token";
    /// ART-CTRL-TRANS: no way to the carrier is private.
    CARRIAGE_NOT_PRIVATE = 77005, 403, "Messages of a HIPAA project leave only over TLS or an attested private interconnect, and no carrier connection is either";
    /// ART-BAA-4: no way to the carrier is by a party of the register.
    CARRIER_NOT_REGISTERED = 77006, 403, "The account keeps a register of third parties, and no carrier in it is under an agreement in force";
    /// CON-BAA-1.
    AGREEMENT_NOT_ACTIVE = 77058, 403, "No business associate agreement is active for this account";
    /// DES-SCOPE-1: un-designation before all PHI is gone.
    UNDESIGNATION_NOT_READY = 77063, 409, "Designation stays until all protected health information is purged and a named person signs the purge report";
    /// DES-SCOPE-1.
    ACCOUNT_NOT_DESIGNATED = 77064, 403, "This account is not designated for protected health information";
    /// DES-EDITION-1.
    ENTITLEMENT_MISSING = 77065, 403, "The entitlement to HIPAA accounts is missing";
    /// DES-SELF-1.
    ORGANIZATION_MISSING = 77068, 403, "Agreements of this date designate by self-service from within an Organization";
    /// DES-SELF-2.
    ACCOUNT_NOT_LINKED = 77069, 403, "This account is not linked to the Organization";
    /// DES-SUP-1.
    SELF_SERVICE_NOT_OPEN = 77074, 403, "Agreements of this date designate by request until the customer has moved to self-service";
    /// DES-SUP-2.
    REQUEST_REFERENCE_MISSING = 77075, 403, "Designation by request needs the reference of the request";
    /// CHG-MOD-2: the operator reads no text of a HIPAA project but in a review.
    CONTENT_NEEDS_REVIEW = 77084, 403, "The operator reads messages of a HIPAA project only in a review that two people have signed";
    /// CHG-MOD-2: neither a recorded complaint nor a sign of risk.
    REVIEW_WITHOUT_CAUSE = 77085, 403, "A review takes a recorded complaint or a sign of risk that the account shows now";
    /// CHG-MOD-2: the person who asked approves.
    REVIEW_NEEDS_TWO_PEOPLE = 77086, 403, "A review is approved by another person than the one who asked for it";
    /// CHG-MOD-2: not approved, over or closed, or another's.
    REVIEW_NOT_OPEN = 77087, 403, "Only the two people of a review read, only messages that it names, and only while it is open";
    /// AI-GEN-1.
    AI_NOT_ELIGIBLE = 77093, 403, "Features that use AI or machine learning are not eligible in a HIPAA project";
    /// GEN-HTTPS-2.
    CALLBACK_NOT_HTTPS = 77117, 403, "URLs in a HIPAA project must use https";
    /// GEN-HTTPS-1.
    REQUEST_NOT_HTTPS = 77118, 403, "Credentials were sent over plain HTTP; use https and replace them";
    /// GEN-HTTPS-3.
    CERTIFICATE_CHECK_LOCKED = 77119, 403, "Certificate checks cannot be switched off in a HIPAA project";
    /// GEN-SUP-1.
    SUPPORT_NOT_ELIGIBLE = 77125, 403, "Support channels may not hold protected health information";
    /// RT-ASSET-1.
    PUBLIC_ASSET_NOT_ELIGIBLE = 77175, 403, "Public assets are not eligible in a HIPAA project";
    /// RT-BIN-1.
    PHI_IN_BIN = 77179, 403, "The text of a TwiML Bin holds what may identify a person; put a {{Parameter}} in its place";
    /// VOI-SIP-1.
    SIP_DOMAIN_OPEN = 77219, 403, "A SIP domain takes calls in a HIPAA project only from an IP access control list or with credentials; map one to it first";
    /// VOI-SIPIF-1.
    SIP_NOT_SECURE = 77223, 403, "SIP in a HIPAA project runs over TLS and SRTP, or over an interconnect that somebody attests";
    /// VOI-TRANS-2.
    MARKETPLACE_TRANSCRIPTION_NOT_ELIGIBLE = 77241, 403, "Transcription add-ons are not eligible in a HIPAA project";
    /// VOI-STREAM-1.
    STREAM_RECEIVER_NOT_REGISTERED = 77245, 403, "Media go in a HIPAA project only over wss to a host in this account's register";
    /// VOI-STREAM-2, which shares the line.
    STREAM_AGREEMENT_NOT_ACTIVE = 77246, 403, "The agreement with whom media would go to is not in force";
    /// VOI-DIALOG-1.
    VIRTUAL_AGENT_NOT_ATTESTED = 77249, 403, "A Virtual Agent takes an attestation of the agreement with its vendor on top of the one with the platform";
    /// CON-NELIST-1: what is not on the list of eligible systems.
    NOT_ON_ELIGIBLE_LIST = 77253, 403, "This is not on the list of eligible services";
    /// VOI-MKT-1.
    MARKETPLACE_NOT_ELIGIBLE = 77257, 403, "Marketplace add-ons are not eligible in a HIPAA project";
    /// VOI-AUTOP-1.
    AUTOPILOT_NOT_ELIGIBLE = 77261, 403, "Autopilot is not eligible in a HIPAA project";
    /// VOI-INTEL-1.
    VOICE_INTELLIGENCE_NOT_ELIGIBLE = 77265, 403, "Voice Intelligence is not eligible in a HIPAA project";
    /// SMS-MMS-1.
    MEDIA_AUTHENTICATION_LOCKED = 77277, 403, "Media must require authentication in a HIPAA project";
    /// SMS-GEO-2.
    COUNTRY_LOCKED = 77283, 403, "Only the United States may be enabled in a HIPAA project";
    /// SMS-REDACT-3.
    REDACTION_LOCKED = 77287, 403, "Redaction cannot be switched off in a HIPAA project";
    /// D-RED-3.
    GET_WEBHOOK_REFUSED = 77288, 403, "Webhooks about messages and calls must use POST in a HIPAA project";
    /// SMS-BOT-1, ART-CTRL-INTEG.
    HOST_NOT_REGISTERED = 77301, 403, "The host of a callback URL is not in this account's register under an agreement in force";
    /// ART-CTRL-INTEG: the register is kept once it was begun.
    REGISTER_LOCKED = 77302, 403, "The register of callback hosts cannot be emptied in a HIPAA project";
    /// SMS-CHAN-1.
    CHANNEL_NOT_ELIGIBLE = 77305, 403, "This channel is not eligible in a HIPAA project";
    /// SMS-TAG-1.
    TAGS_NOT_ELIGIBLE = 77309, 403, "Message tags are not eligible in a HIPAA project";
    /// VER-PUSH-1.
    VERIFY_PUSH_OFF = 77401, 403, "Verify Push is switched off by policy";
    /// VER-EMAIL-1.
    VERIFY_EMAIL_NOT_ELIGIBLE = 77413, 403, "Verification by email is not eligible in a HIPAA project";
    /// VER-FRAUD-1.
    FRAUD_GUARD_NOT_ELIGIBLE = 77417, 403, "Fraud Guard is not eligible in a HIPAA project";
    /// LOOK-MKT-1.
    LOOKUP_ADD_ONS_NOT_ELIGIBLE = 77435, 403, "Lookup add-ons are not eligible in a HIPAA project";
    /// FLEX-INS-4.
    WAVEFORM_OFF = 77482, 403, "The player waveform is off in a HIPAA project";
    /// FLEX-INS-5.
    SPEECH_METRICS_OFF = 77484, 403, "Speech metrics are off in a HIPAA project";
    /// FLEX-EMAIL-1.
    FLEX_EMAIL_NOT_ELIGIBLE = 77538, 403, "Email in Flex is not eligible in a HIPAA project";
    /// FLEX-WEBCHAT-1.
    FLEX_WEBCHAT_NOT_ELIGIBLE = 77542, 403, "Flex Webchat is not eligible in a HIPAA project";
    /// FLEX-UP-1.
    UNIFIED_PROFILES_NOT_ELIGIBLE = 77546, 403, "Unified Profiles is not eligible in a HIPAA project";
    /// FLEX-COPILOT-1.
    AGENT_COPILOT_NOT_ELIGIBLE = 77550, 403, "Agent Copilot is not eligible in a HIPAA project";
    /// SEG-DES-1.
    WORKSPACE_ENTITLEMENT_MISSING = 77562, 403, "The package that includes HIPAA workspaces is missing";
    /// SEG-DES-4, which shares the line.
    WORKSPACE_REQUEST_MISSING = 77563, 403, "Designation of a workspace needs the reference of the request";
    /// SEG-SCHEMA-1.
    EVENTS_NOT_NAMED = 77586, 403, "Each mapping of a destination in a HIPAA workspace needs a trigger that names the events it lets through";
    /// SEG-FILTER-1: nothing is granted, or a whole part of events.
    FIELDS_NOT_GRANTED = 77590, 403, "A destination in a HIPAA workspace gets single fields that were granted to it, and none or more than single fields are granted";
    /// SEG-FILTER-1, which shares the line: what can leave is not what was approved.
    MANIFEST_NOT_APPROVED = 77591, 403, "What can leave to this destination has changed and is not approved";
    /// SEG-DEST-1.
    DESTINATION_NOT_COVERED = 77596, 403, "The destination's host is not in this account's register under an agreement in force";
    /// SEG-DEST-2, which shares the line.
    DEVICE_MODE_REFUSED = 77597, 403, "Destinations in device mode are not permitted in a HIPAA workspace";
    /// PRO-PLAN-1.
    SCHEMA_CONTROLS_LOCKED = 77666, 403, "In a HIPAA workspace whatever is not planned is blocked";
    /// PRO-PLAN-2, which shares the line.
    QUARANTINE_WITHOUT_OWNER = 77667, 403, "A quarantine of a HIPAA workspace needs an owner who reviews it";
    /// PRO-PLAN-2, which shares the line.
    QUARANTINE_WITH_DESTINATION = 77668, 403, "A quarantine of a HIPAA workspace goes to no destination";
    /// ENG-PREM-1.
    ENGAGE_PREMIER_NOT_ELIGIBLE = 77718, 403, "Engage Premier is not eligible in a HIPAA project";
    /// ENG-CAMP-1.
    CAMPAIGNS_NOT_ELIGIBLE = 77724, 403, "Engage campaigns are not eligible in a HIPAA project";
    /// ENG-GEN-1.
    GENERATIVE_AUDIENCES_NOT_ELIGIBLE = 77728, 403, "Generative Audiences is not eligible in a HIPAA project";
    /// LOG-RECO-1.
    RECOMMENDATIONS_NOT_ELIGIBLE = 77738, 403, "Recommendations are not eligible in a HIPAA project";
}

/// The number given when a system is refused, by the rule behind its verdict.
const SYSTEM_CODES: &[(&str, u32)] = &[
    ("AI-GEN-1", AI_NOT_ELIGIBLE),
    ("ENG-CAMP-1", CAMPAIGNS_NOT_ELIGIBLE),
    ("ENG-GEN-1", GENERATIVE_AUDIENCES_NOT_ELIGIBLE),
    ("ENG-PREM-1", ENGAGE_PREMIER_NOT_ELIGIBLE),
    ("FLEX-COPILOT-1", AGENT_COPILOT_NOT_ELIGIBLE),
    ("FLEX-EMAIL-1", FLEX_EMAIL_NOT_ELIGIBLE),
    ("FLEX-INS-4", WAVEFORM_OFF),
    ("FLEX-INS-5", SPEECH_METRICS_OFF),
    ("FLEX-UP-1", UNIFIED_PROFILES_NOT_ELIGIBLE),
    ("FLEX-WEBCHAT-1", FLEX_WEBCHAT_NOT_ELIGIBLE),
    ("GEN-SUP-1", SUPPORT_NOT_ELIGIBLE),
    ("LOG-RECO-1", RECOMMENDATIONS_NOT_ELIGIBLE),
    ("RT-ASSET-1", PUBLIC_ASSET_NOT_ELIGIBLE),
    ("SG-ELIG-1", EMAIL_NOT_ELIGIBLE),
    ("SMS-CHAN-1", CHANNEL_NOT_ELIGIBLE),
    ("SMS-TAG-1", TAGS_NOT_ELIGIBLE),
    ("VER-EMAIL-1", VERIFY_EMAIL_NOT_ELIGIBLE),
    ("VER-FRAUD-1", FRAUD_GUARD_NOT_ELIGIBLE),
    ("VOI-AUTOP-1", AUTOPILOT_NOT_ELIGIBLE),
    ("VOI-INTEL-1", VOICE_INTELLIGENCE_NOT_ELIGIBLE),
    ("VOI-MKT-1", MARKETPLACE_NOT_ELIGIBLE),
    ("VOI-TRANS-2", MARKETPLACE_TRANSCRIPTION_NOT_ELIGIBLE),
];

/// The row of a number, when it is one of ours.
pub fn row(code: u32) -> Option<&'static Code> {
    CODES.binary_search_by_key(&code, |row| row.number).ok().and_then(|index| CODES.get(index))
}

/// The rule and number with which a system is refused, from the first rule behind its verdict.
pub(crate) fn of_system_rule(rule: &str) -> Option<(&'static str, u32)> {
    SYSTEM_CODES.iter().copied().find(|(known, _)| *known == rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_ascending() {
        assert!(CODES.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(
            CODES.iter().all(|row| [21_215, 21_408, 70_052].contains(&row.number)
                || (77_000..78_000).contains(&row.number))
        );
        assert_eq!(row(REDACTION_LOCKED).map(|row| row.status), Some(403));
        assert_eq!(row(20404), None);
    }
}
