//! What active probes show, and the rules that need them.

use serde_json::Value;

use super::runtime::ALERTS;
use super::{trunking, voice};
use crate::check::{Check, Notes, Test, each};
use crate::fact::Keep::Words;
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// The fact every probe makes.
pub const ANSWER: &str = "answer";

/// Media that somebody might fetch without credentials.
pub struct Media {
    /// The probe.
    pub probe: &'static Resource,
    /// The list whose newest and oldest instances are tried, with the account as `{account}`.
    pub list: &'static str,
    /// The member that holds it.
    pub key: &'static str,
    /// The parameter that asks for instances up to the end of `{day}`.
    pub until: &'static str,
    /// The list of media below an instance `{1}` and its member, when the instance is not itself the medium.
    pub below: Option<(&'static str, &'static str)>,
    /// Where the medium is.
    pub place: Place,
}

/// Where a medium is.
pub enum Place {
    /// With the vendor: `{1}` its SID, `{2}` that of what it lies under.
    Path(&'static str),
    /// Where the instance says: a member with its URL. What lies with the vendor is another probe's.
    Member(&'static str),
}

/// URLs that the platform calls back by POST.
pub struct Callbacks {
    /// The product.
    pub product: &'static str,
    /// Where they are listed, with the account as `{account}`.
    pub path: &'static str,
    /// The member that holds the list; empty for a single object.
    pub list: &'static str,
    /// Members with URLs, by dotted path.
    pub members: &'static [&'static str],
}

/// Callbacks of every product that calls back about PHI.
pub static CALLBACKS: &[Callbacks] = &[
    Callbacks {
        product: "api",
        path: "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json",
        list: "incoming_phone_numbers",
        members: &["voice_url", "sms_url", "status_callback", "voice_fallback_url"],
    },
    Callbacks {
        product: "api",
        path: "/2010-04-01/Accounts/{account}/Applications.json",
        list: "applications",
        members: &["voice_url", "sms_url", "status_callback", "message_status_callback"],
    },
    Callbacks {
        product: "messaging",
        path: "/v1/Services",
        list: "services",
        members: &["inbound_request_url", "fallback_url", "status_callback"],
    },
    CONVERSATIONS_WEBHOOKS,
    CONVERSATIONS_ADDRESSES,
];

/// Callbacks of Conversations, by which Frontline's conversations are reported too.
pub static CONVERSATIONS_CALLBACKS: &[Callbacks] = &[CONVERSATIONS_WEBHOOKS, CONVERSATIONS_ADDRESSES];

const CONVERSATIONS_WEBHOOKS: Callbacks = Callbacks {
    product: "conversations",
    path: "/v1/Configuration/Webhooks",
    list: "",
    members: &["pre_webhook_url", "post_webhook_url"],
};
const CONVERSATIONS_ADDRESSES: Callbacks = Callbacks {
    product: "conversations",
    path: "/v1/Configuration/Addresses",
    list: "address_configurations",
    members: &["auto_creation.webhook_url"],
};

/// The API's host over plain HTTP.
pub static PLAIN_HTTP: Resource =
    Resource::probe("Probe of plain HTTP", "api", "GET http:// on the API's host, without credentials")
        .keep(&[(ANSWER, Words(&["closed", "refuses", "redirects", "answers"]))]);

/// Certificates of callback hosts.
pub static CERTIFICATES: Resource = Resource::probe(
    "Probe of callback certificates",
    "api",
    "TLS handshake with the host of each callback URL of {account}, no request",
)
.keep(&[(ANSWER, Words(&["trusted", "untrusted", "unreachable", "inside"]))]);

/// Versions of TLS that callback hosts speak.
pub static CALLBACK_TLS: Resource = Resource::probe(
    "Probe of callback TLS versions",
    "api",
    "TLS handshakes of version 1.0 and 1.1, and without encryption, with the host of each callback URL of {account}",
)
.keep(&[(ANSWER, Words(VERSIONS))]);

/// Versions of TLS that the API's hosts speak.
pub static API_TLS: Resource = Resource::probe(
    "Probe of the API's TLS versions",
    "api",
    "TLS handshakes of version 1.0 and 1.1, and without encryption, with each of the API's hosts",
)
.keep(&[(ANSWER, Words(VERSIONS))]);

const VERSIONS: &[&str] = &["modern", "old", "weak", "unreachable", "inside"];

/// What callback URLs do with a wrong signature.
pub static SIGNATURES: Resource = Resource::probe(
    "Probe of callback signatures",
    "api",
    "POST SwitchwardAuditProbe=synthetic with a wrong X-Twilio-Signature to one callback URL per host of {account}",
)
.keep(&[(ANSWER, Words(SIGNED))]);

/// As [`SIGNATURES`], of Conversations.
pub static CONVERSATIONS_SIGNATURES: Resource = Resource::probe(
    "Probe of Conversations callback signatures",
    "conversations",
    "POST SwitchwardAuditProbe=synthetic with a wrong X-Twilio-Signature to one webhook of Conversations per host",
)
.keep(&[(ANSWER, Words(SIGNED))]);

const SIGNED: &[&str] = &["accepted", "refused", "unclear", "unreachable", "inside"];

static RECORDING_MEDIA: Resource = Resource::probe(
    "Probe of recording media",
    "api",
    "GET the media of the newest and oldest recording of {account}, without credentials",
)
.keep(&[(ANSWER, Words(FETCHED))]);

static MESSAGE_MEDIA: Resource = Resource::probe(
    "Probe of message media",
    "api",
    "GET the newest and oldest media of the messages of {account}, without credentials",
)
.keep(&[(ANSWER, Words(FETCHED))]);

static VIDEO_MEDIA: Resource = Resource::probe(
    "Probe of video media",
    "video",
    "GET the media of the newest and oldest video recording, without credentials",
)
.keep(&[(ANSWER, Words(FETCHED))]);

/// Recordings that lie in the customer's own storage.
pub static STORED_ELSEWHERE: Resource = Resource::probe(
    "Probe of recordings stored elsewhere",
    "api",
    "GET the newest and oldest recording of {account} that lies in the customer's storage, without credentials",
)
.keep(&[(ANSWER, Words(FETCHED))]);

/// Media that is attached to tasks.
pub static ATTACHED: Resource = Resource::probe(
    "Probe of media attached to tasks",
    "taskrouter",
    "GET media attached to tasks of each workspace, one URL per host, without credentials",
)
.keep(&[(ANSWER, Words(FETCHED))]);

const FETCHED: &[&str] = &["open", "refused", "gone", "inside"];

/// How long a URL of video media lives.
pub static MEDIA_LIFE: Resource = Resource::probe(
    "Probe of the life of video media URLs",
    "video",
    "GET the media of the newest video recording with Ttl=3601, which is a second too long; nothing is fetched from it",
)
.keep(&[(ANSWER, Words(&["refused", "bounded", "longer", "unclear"]))]);

/// Every kind of media that is probed.
pub static MEDIA: &[Media] = &[
    Media {
        probe: &RECORDING_MEDIA,
        list: "/2010-04-01/Accounts/{account}/Recordings.json",
        key: "recordings",
        until: "DateCreated%3C={day}",
        below: None,
        place: Place::Path("/2010-04-01/Accounts/{account}/Recordings/{1}.mp3"),
    },
    Media {
        probe: &STORED_ELSEWHERE,
        list: "/2010-04-01/Accounts/{account}/Recordings.json",
        key: "recordings",
        until: "DateCreated%3C={day}",
        below: None,
        place: Place::Member("media_url"),
    },
    Media {
        probe: &MESSAGE_MEDIA,
        list: "/2010-04-01/Accounts/{account}/Messages.json",
        key: "messages",
        until: "DateSent%3C={day}",
        below: Some(("/2010-04-01/Accounts/{account}/Messages/{1}/Media.json", "media_list")),
        place: Place::Path("/2010-04-01/Accounts/{account}/Messages/{2}/Media/{1}"),
    },
    Media {
        probe: &VIDEO_MEDIA,
        list: "/v1/Recordings",
        key: "recordings",
        until: "DateCreatedBefore={day}T23:59:59Z",
        below: None,
        place: Place::Path("/v1/Recordings/{1}/Media"),
    },
];

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &PLAIN_HTTP,
    &CERTIFICATES,
    &CALLBACK_TLS,
    &API_TLS,
    &SIGNATURES,
    &CONVERSATIONS_SIGNATURES,
    &RECORDING_MEDIA,
    &STORED_ELSEWHERE,
    &MESSAGE_MEDIA,
    &VIDEO_MEDIA,
    &MEDIA_LIFE,
    &ATTACHED,
];

const WITH_FLEX: &[Provider] = &[Provider::Twilio, Provider::Switchward];

/// A medium is refused to whoever has no credentials.
pub fn refuses_strangers(media: &Item, notes: &mut Notes<'_>) {
    match media.word(ANSWER) {
        Some("refused") => notes.holds(),
        Some("open") => notes.fails(ANSWER, "is given to anybody who has its address"),
        // What is gone says nothing.
        Some("gone") => {}
        _ => notes.unsure(),
    }
}

fn checks_signature(host: &Item, notes: &mut Notes<'_>) {
    match host.word(ANSWER) {
        Some("refused") => notes.holds(),
        Some("accepted") => notes.fails(ANSWER, "accepts a request with a wrong signature"),
        _ => notes.unsure(),
    }
}

fn speaks_modern_tls(host: &Item, notes: &mut Notes<'_>) {
    match host.word(ANSWER) {
        Some("modern") => notes.holds(),
        Some("old") => notes.fails(ANSWER, "agrees to TLS 1.0 or 1.1"),
        Some("weak") => notes.fails(ANSWER, "agrees to TLS without encryption, or with a key that is broken"),
        _ => notes.unsure(),
    }
}

/// Hosts that call or are called speak TLS 1.2 or later only.
pub const CALLBACKS_MODERN: Test = each(&CALLBACK_TLS, speaks_modern_tls);
/// As [`CALLBACKS_MODERN`], of the API's own hosts.
pub const API_MODERN: Test = each(&API_TLS, speaks_modern_tls);
/// SIP Domains demand TLS and SRTP.
pub const DOMAINS_SECURE: Test = each(&voice::DOMAINS, |domain, notes| {
    notes.wants_flag(domain, "secure", "does not demand TLS and SRTP");
});
/// SIP trunks demand TLS and SRTP.
pub const TRUNKS_SECURE: Test = each(&trunking::TRUNKS, |trunk, notes| {
    notes.wants_flag(trunk, "secure", "does not demand TLS and SRTP");
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "GEN-HTTPS-1",
        &[each(&PLAIN_HTTP, |host, notes| match host.word(ANSWER) {
            Some("closed" | "refuses") => notes.holds(),
            Some("redirects") => {
                notes.fails(ANSWER, "redirects plain HTTP, after the credentials have crossed the network")
            }
            _ => notes.fails(ANSWER, "answers over plain HTTP"),
        })],
    ),
    Check::new(
        "GEN-HTTPS-3",
        &[each(&CERTIFICATES, |host, notes| match host.word(ANSWER) {
            Some("trusted") => notes.holds(),
            Some("untrusted") => notes.fails(ANSWER, "has a certificate that does not verify"),
            _ => notes.unsure(),
        })],
    ),
    Check::new("GEN-SIG-2", &[each(&SIGNATURES, checks_signature)]),
    Check::new("FRON-CB-1", &[each(&CONVERSATIONS_SIGNATURES, checks_signature)])
        .leaves("Frontline's own callbacks, which no API shows: they are set in the console"),
    Check::new("VOI-REC-1", &[each(&RECORDING_MEDIA, refuses_strangers)]),
    Check::new("FLEX-REC-1", &[each(&RECORDING_MEDIA, refuses_strangers)]).on(WITH_FLEX),
    Check::new("SMS-MMS-1", &[each(&MESSAGE_MEDIA, refuses_strangers)]),
    Check::new("LOG-MMS-1", &[each(&MESSAGE_MEDIA, refuses_strangers).also(&[&ALERTS])])
        .leaves("that the Debugger tells of media that could not be fetched"),
    Check::new("VID-MEDIA-1", &[each(&VIDEO_MEDIA, refuses_strangers)]),
    Check::new(
        "VID-MEDIA-2",
        &[each(&MEDIA_LIFE, |media, notes| match media.word(ANSWER) {
            Some("refused" | "bounded") => notes.holds(),
            Some("longer") => notes.fails(ANSWER, "is given a URL that lives for more than an hour"),
            _ => notes.unsure(),
        })],
    ),
];

/// How long a URL that was handed out lives, in seconds, where its query tells (as S3 and its like write it).
pub fn life_of(url: &str) -> Option<u64> {
    let url = url::Url::parse(url).ok()?;
    let mut pairs = url.query_pairs();
    pairs
        .find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Expires"))
        .and_then(|(_, value)| value.parse().ok())
}

/// A member by its dotted path.
pub fn member<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, name| &value[name])
}
