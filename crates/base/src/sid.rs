//! Typed SIDs: two letters and 32 lowercase hex digits, one Rust type per resource.
//!
//! Source: the `pattern` of every SID in Twilio's published OpenAPI documents, `^XX[0-9a-f]{32}$`.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;

use crate::{Random, Timestamp};

/// Length of every SID in characters.
pub const SID_LENGTH: usize = 34;

/// Bytes of the time in a SID that sorts by it: milliseconds for nine thousand years.
const TIME_BYTES: usize = 6;

/// Text that is not a SID of the wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSid;

impl fmt::Display for InvalidSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SID of this type")
    }
}

impl std::error::Error for InvalidSid {}

/// What all SID types share.
pub trait Sid:
    Copy + Eq + Ord + fmt::Display + fmt::Debug + FromStr<Err = InvalidSid> + Send + Sync + 'static
{
    /// The two letters in front.
    const PREFIX: &'static str;

    /// A SID with these 16 bytes.
    fn from_bytes(bytes: [u8; 16]) -> Self;

    /// A fresh SID.
    fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// A fresh SID that sorts by its time, to the millisecond (as RFC 9562 §5.7 has it): for what is made
    /// often, so that neighbours in time are neighbours in every index and share its pages. 80 bits are
    /// random.
    fn generate_at(random: &dyn Random, now: Timestamp) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let millis = now.micros().div_euclid(1_000).to_be_bytes();
        bytes[..TIME_BYTES].copy_from_slice(&millis[8 - TIME_BYTES..]);
        Self::from_bytes(bytes)
    }
}

fn parse_sid(prefix: &str, text: &str) -> Result<[u8; 16], InvalidSid> {
    let hex = text.strip_prefix(prefix).ok_or(InvalidSid)?;
    if hex.len() != SID_LENGTH - 2 {
        return Err(InvalidSid);
    }
    let mut bytes = [0; 16];
    HEXLOWER.decode_mut(hex.as_bytes(), &mut bytes).map_err(|_| InvalidSid)?;
    Ok(bytes)
}

macro_rules! sids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl Sid for $name {
            const PREFIX: &'static str = $prefix;

            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl $name {
            /// Its 16 bytes.
            pub const fn bytes(&self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidSid;

            fn from_str(text: &str) -> Result<Self, InvalidSid> {
                parse_sid($prefix, text).map(Self)
            }
        }
    )*};
}

/// A message: `SM…` for a text, `MM…` for one with media.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageSid {
    /// Its two letters sort as they do in text.
    is_sms: bool,
    bytes: [u8; 16],
}

impl MessageSid {
    /// The two letters in front of one with media.
    const MMS: &'static str = "MM";

    /// The same SID, as that of a message with media or of one without.
    #[must_use]
    pub const fn of_mms(self, is_mms: bool) -> Self {
        Self { is_sms: !is_mms, ..self }
    }
}

impl Sid for MessageSid {
    const PREFIX: &'static str = "SM";

    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self { is_sms: true, bytes }
    }
}

impl fmt::Display for MessageSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_sms { Self::PREFIX } else { Self::MMS })?;
        f.write_str(&HEXLOWER.encode(&self.bytes))
    }
}

impl fmt::Debug for MessageSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageSid {
    type Err = InvalidSid;

    fn from_str(text: &str) -> Result<Self, InvalidSid> {
        let is_sms = !text.starts_with(Self::MMS);
        let bytes = parse_sid(if is_sms { Self::PREFIX } else { Self::MMS }, text)?;
        Ok(Self { is_sms, bytes })
    }
}

sids! {
    /// An account, project or subaccount.
    AccountSid = "AC";
    /// An address of the account or of its customer (`Addresses` of the 2010 API).
    AddressSid = "AD";
    /// A TwiML application (`Applications` of the 2010 API).
    ApplicationSid = "AP";
    /// A TwiML Bin.
    BinSid = "EH";
    /// A sender name in a Messaging Service (`messaging/v1/Services/{Sid}/AlphaSenders`).
    AlphaSenderSid = "AI";
    /// A business associate agreement (ours; Twilio has no resource for it).
    AgreementSid = "BA";
    /// An attestation: a named person's dated statement (ours).
    AttestationSid = "AT";
    /// A Debugger alert (`monitor/v1/Alerts`).
    AlertSid = "NO";
    /// A brand (`messaging/v1/a2p/BrandRegistrations`).
    BrandSid = "BN";
    /// A vetting of a brand (`.../Vettings`).
    BrandVettingSid = "VT";
    /// A bundle of Trust Hub that describes a business; named, never looked into.
    BundleSid = "BU";
    /// A leg of a call (`Calls` of the 2010 API).
    CallSid = "CA";
    /// A list of SIP user names and passwords (`SIP/CredentialLists`).
    CredentialListSid = "CL";
    /// A user name and password of such a list.
    SipCredentialSid = "CR";
    /// A SIP domain (`SIP/Domains`).
    SipDomainSid = "SD";
    /// A list of addresses that SIP calls come from (`SIP/IpAccessControlLists`).
    IpAccessControlListSid = "AL";
    /// An address or range of such a list.
    IpAddressSid = "IP";
    /// A campaign of a Messaging Service (`.../Compliance/Usa2p`).
    CampaignSid = "QE";
    /// A complaint about an account's messages, as the operator recorded it (ours).
    ComplaintSid = "CN";
    /// What a carrier keeps in mind of one handing-over (ours; never shown).
    CarrierRecordSid = "CX";
    /// Events that a destination did not take, given up (ours).
    DeadLetterSid = "DL";
    /// Where events of a source go (Segment calls them otherwise; ours).
    DestinationSid = "DT";
    /// What was approved to leave to a destination (ours).
    ManifestSid = "MF";
    /// An API key.
    KeySid = "SK";
    /// A picture, film, sound or document of a message.
    MediaSid = "ME";
    /// A signed link to a medium, as the ledger names it (ours; kept nowhere else).
    MediaLinkSid = "LK";
    /// A Messaging Service (`messaging/v1/Services`).
    MessagingServiceSid = "MG";
    /// An organization: the owner of accounts, agreements and people.
    OrganizationSid = "OR";
    /// A party of an account's register of third parties (ours).
    PartySid = "TP";
    /// An exception: a failure that is known for a while (ours).
    ExceptionSid = "EX";
    /// A person: a console user or signer (ours).
    PersonSid = "US";
    /// A public key that signs requests (`accounts/v1/Credentials/PublicKeys`).
    PublicKeySid = "CR";
    /// A phone number of the platform's inventory.
    PhoneNumberSid = "PN";
    /// A break-glass review of an account's texts (ours).
    ReviewSid = "RV";
    /// A number on an account's safe list (`accounts/v1/SafeList/Numbers`).
    SafeNumberSid = "GN";
    /// A short code.
    ShortCodeSid = "SC";
    /// A source of events in a workspace (Segment calls them otherwise; ours).
    SourceSid = "SO";
    /// A tracking plan of a workspace (Segment calls them `tp_` and `rs_`; ours).
    TrackingPlanSid = "PL";
    /// A rule of a tracking plan (ours; never shown).
    PlanRuleSid = "RU";
    /// People of a workspace that were suppressed or deleted at once (ours).
    RegulationSid = "RG";
    /// A group of people of a workspace (Segment calls them otherwise; ours).
    GroupSid = "UG";
    /// A field of a workspace's events (ours).
    FieldSid = "FD";
    /// A look through the events that a workspace keeps (ours).
    ScanSid = "SF";
    /// Somebody whom events are about (ours; never shown).
    SubjectSid = "SJ";
    /// Which sender a recipient has from a Messaging Service (ours; never shown).
    StickySenderSid = "SX";
    /// A verification of a toll-free number (`messaging/v1/Tollfree/Verifications`).
    TollfreeVerificationSid = "HH";
    /// A usage trigger.
    UsageTriggerSid = "UT";
    /// A process that calls live in (ours; never shown).
    VoiceHostSid = "VH";
    /// A Segment workspace (ours).
    WorkspaceSid = "WK";
    /// One run of a webhook's delivery, as the delivery log has it (ours).
    WebhookDeliverySid = "WD";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn round_trips() {
        let sid = AccountSid::generate(&SeededRandom::new(1));
        let text = sid.to_string();
        assert_eq!(text.len(), SID_LENGTH);
        assert_eq!(text.parse(), Ok(sid));
    }

    #[test]
    fn a_message_with_media_has_letters_of_its_own() {
        let text = MessageSid::generate(&SeededRandom::new(1));
        let mms = text.of_mms(true);
        assert!(text.to_string().starts_with("SM") && mms.to_string().starts_with("MM"));
        assert_eq!((text.to_string().parse(), mms.to_string().parse()), (Ok(text), Ok(mms)));
        assert_ne!(text, mms);
        assert_eq!(text.cmp(&mms), text.to_string().cmp(&mms.to_string()));
        assert_eq!(mms.of_mms(false), text);
    }

    #[test]
    fn sorts_by_its_time() {
        let random = SeededRandom::new(1);
        let at = |millis: i64| MessageSid::generate_at(&random, Timestamp::from_micros(millis * 1_000));
        let made: Vec<_> = [0, 1, 255, 256, 1_700_000_000_000, 1_700_000_000_001].map(at).into();
        assert!(made.is_sorted());
        assert_ne!(at(5), at(5), "the rest is random");
    }

    #[test]
    fn refuses_what_the_published_pattern_refuses() {
        let hex = "0123456789abcdef0123456789abcdef";
        assert!(format!("AC{hex}").parse::<AccountSid>().is_ok());
        for text in [
            String::new(),
            "AC".into(),
            format!("SK{hex}"),
            format!("AC{}", hex.to_uppercase()),
            format!("AC{hex}0"),
            format!("AC{}é", &hex[..30]),
        ] {
            assert_eq!(text.parse::<AccountSid>(), Err(InvalidSid), "{text}");
        }
    }
}
