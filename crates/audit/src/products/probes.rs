//! What active probes show, and the rules that need them.

use crate::check::{Check, Notes, each};
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
    /// The list of media below an instance `{1}` and its member, when the instance is not itself the medium.
    pub below: Option<(&'static str, &'static str)>,
    /// Where the medium is: `{1}` its SID, `{2}` that of what it lies under.
    pub path: &'static str,
}

/// The API's host over plain HTTP.
pub static PLAIN_HTTP: Resource =
    Resource::probe("Probe of plain HTTP", "api", "GET http:// on the API's host, without credentials")
        .keep(&[(ANSWER, Words(&["closed", "refuses", "redirects", "answers"]))]);

/// Certificates of callback hosts.
pub static CERTIFICATES: Resource = Resource::probe(
    "Probe of callback certificates",
    "api",
    "TLS handshake with the host of each callback URL of {account}'s numbers, no request",
)
.keep(&[(ANSWER, Words(&["trusted", "untrusted", "unreachable"]))]);

/// What callback URLs do with a wrong signature.
pub static SIGNATURES: Resource = Resource::probe(
    "Probe of callback signatures",
    "api",
    "POST SwitchwardAuditProbe=synthetic with a wrong X-Twilio-Signature to one callback URL per host of {account}'s numbers",
)
.keep(&[(ANSWER, Words(&["accepted", "refused", "unclear", "unreachable"]))]);

static RECORDING_MEDIA: Resource = Resource::probe(
    "Probe of recording media",
    "api",
    "GET the media of the newest and oldest recording among those {account} lists first, without credentials",
)
.keep(&[(ANSWER, Words(&["open", "refused", "gone"]))]);

static MESSAGE_MEDIA: Resource = Resource::probe(
    "Probe of message media",
    "api",
    "GET the newest and oldest media among the messages {account} lists first, without credentials",
)
.keep(&[(ANSWER, Words(&["open", "refused", "gone"]))]);

static VIDEO_MEDIA: Resource = Resource::probe(
    "Probe of video media",
    "video",
    "GET the media of the newest and oldest video recording among those listed first, without credentials",
)
.keep(&[(ANSWER, Words(&["open", "refused", "gone"]))]);

/// Every kind of media that is probed.
pub static MEDIA: &[Media] = &[
    Media {
        probe: &RECORDING_MEDIA,
        list: "/2010-04-01/Accounts/{account}/Recordings.json",
        key: "recordings",
        below: None,
        path: "/2010-04-01/Accounts/{account}/Recordings/{1}.mp3",
    },
    Media {
        probe: &MESSAGE_MEDIA,
        list: "/2010-04-01/Accounts/{account}/Messages.json",
        key: "messages",
        below: Some(("/2010-04-01/Accounts/{account}/Messages/{1}/Media.json", "media_list")),
        path: "/2010-04-01/Accounts/{account}/Messages/{2}/Media/{1}",
    },
    Media {
        probe: &VIDEO_MEDIA,
        list: "/v1/Recordings",
        key: "recordings",
        below: None,
        path: "/v1/Recordings/{1}/Media",
    },
];

/// What this file reads.
pub static RESOURCES: &[&Resource] =
    &[&PLAIN_HTTP, &CERTIFICATES, &SIGNATURES, &RECORDING_MEDIA, &MESSAGE_MEDIA, &VIDEO_MEDIA];

const WITH_FLEX: &[Provider] = &[Provider::Twilio, Provider::Switchward];

fn refuses_strangers(media: &Item, notes: &mut Notes<'_>) {
    match media.word(ANSWER) {
        Some("refused") => notes.holds(),
        Some("open") => notes.fails(ANSWER, "is given to anybody who has its address"),
        // What is gone says nothing.
        _ => {}
    }
}

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
    Check::new(
        "GEN-SIG-2",
        &[each(&SIGNATURES, |host, notes| match host.word(ANSWER) {
            Some("refused") => notes.holds(),
            Some("accepted") => notes.fails(ANSWER, "accepts a request with a wrong signature"),
            _ => notes.unsure(),
        })],
    ),
    Check::new("VOI-REC-1", &[each(&RECORDING_MEDIA, refuses_strangers)]),
    Check::new("FLEX-REC-1", &[each(&RECORDING_MEDIA, refuses_strangers)]).on(WITH_FLEX),
    Check::new("SMS-MMS-1", &[each(&MESSAGE_MEDIA, refuses_strangers)]),
    Check::new("VID-MEDIA-1", &[each(&VIDEO_MEDIA, refuses_strangers)]),
];
