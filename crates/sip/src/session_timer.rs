//! Session timers: a call whose other end is gone is ended (RFC 4028).

use std::time::Duration;

use crate::limits::{MIN_SE_SECONDS, MOST_SESSION_SECONDS};
use crate::message::Message;

/// Who refreshes, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Peer,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) seconds: u32,
    pub(crate) refresher: Refresher,
}

/// What an offer of a session comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// The interval is shorter than [`MIN_SE_SECONDS`]: 422.
    TooBrief,
    /// The header field cannot be read: 400.
    Malformed,
    Agreed(Session),
}

impl Session {
    /// When the refresher must have refreshed, or when its peer ends the call (§10).
    pub(crate) fn next(self) -> Duration {
        let whole = Duration::from_secs(self.seconds.into());
        match self.refresher {
            Refresher::Us => whole / 2,
            Refresher::Peer => whole.saturating_sub((whole / 3).min(Duration::from_secs(32))),
        }
    }

    /// What a response says; `peer_asked` is whether the peer sent the request.
    pub(crate) fn header(self, we_are_uac: bool) -> String {
        let is_uac = we_are_uac == (self.refresher == Refresher::Us);
        format!("{};refresher={}", self.seconds, if is_uac { "uac" } else { "uas" })
    }
}

/// Reads `Session-Expires`: seconds, and whether the UAC or the UAS refreshes.
fn read(value: &str) -> Option<(u32, Option<bool>)> {
    let (seconds, parameters) = value.split_once(';').map_or((value, ""), |(a, b)| (a, b));
    let parameters = crate::uri::parse_parameters(parameters)?;
    let refresher =
        parameters.iter().find(|(name, _)| name == "refresher").and_then(|(_, value)| value.as_deref());
    let is_uac = match refresher.map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("uac") => Some(true),
        Some("uas") => Some(false),
        Some(_) => return None,
    };
    Some((seconds.trim().parse().ok()?, is_uac))
}

/// What to answer to a request that makes or refreshes a session (§9); we want sessions of `wanted` seconds.
pub(crate) fn agree(request: &Message, wanted: u32) -> Agreement {
    let peer_supports = request.lists("Supported", "timer");
    let floor =
        request.header("Min-SE").and_then(|text| text.parse::<u32>().ok()).unwrap_or(0).max(MIN_SE_SECONDS);
    let Some(value) = request.header("Session-Expires") else {
        // The peer asks for none: we refresh alone, and it needs to know nothing of it.
        return Agreement::Agreed(Session { seconds: wanted.max(floor), refresher: Refresher::Us });
    };
    let Some((asked, is_uac)) = read(value) else { return Agreement::Malformed };
    if asked < MIN_SE_SECONDS {
        return Agreement::TooBrief;
    }
    let refresher = match is_uac {
        Some(true) => Refresher::Peer,
        Some(false) => Refresher::Us,
        // Who asked refreshes, if it can.
        None if peer_supports => Refresher::Peer,
        None => Refresher::Us,
    };
    let seconds = asked.min(wanted).max(floor.min(asked)).min(MOST_SESSION_SECONDS);
    Agreement::Agreed(Session { seconds, refresher })
}

/// What a 2xx to a request of ours says (§7.2): none when the peer says nothing of a session.
pub(crate) fn agreed(response: &Message) -> Option<Session> {
    let (seconds, is_uac) = read(response.header("Session-Expires")?)?;
    let refresher = if is_uac == Some(false) { Refresher::Peer } else { Refresher::Us };
    Some(Session { seconds: seconds.max(MIN_SE_SECONDS), refresher })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(more: &str) -> Message {
        Message::read(format!("INVITE sip:a SIP/2.0\r\n{more}\r\n").as_bytes()).unwrap()
    }

    fn agreed_on(more: &str) -> Agreement {
        agree(&request(more), 1_800)
    }

    #[test]
    fn agrees_as_rfc_4028_says() {
        let session = |seconds, refresher| Agreement::Agreed(Session { seconds, refresher });
        for (asked, answer) in [
            ("", session(1_800, Refresher::Us)),
            ("Session-Expires: 600\r\n", session(600, Refresher::Us)),
            ("Session-Expires: 600\r\nSupported: timer\r\n", session(600, Refresher::Peer)),
            ("x: 600;refresher=uas\r\nk: timer\r\n", session(600, Refresher::Us)),
            ("Session-Expires: 3600;refresher=uac\r\n", session(1_800, Refresher::Peer)),
            ("Session-Expires: 3600\r\nMin-SE: 2400\r\n", session(2_400, Refresher::Us)),
            ("Session-Expires: 89\r\n", Agreement::TooBrief),
            ("Session-Expires: soon\r\n", Agreement::Malformed),
        ] {
            assert_eq!(agreed_on(asked), answer, "{asked}");
        }
    }

    #[test]
    fn the_refresher_is_early_and_the_other_is_late() {
        let session = |refresher| Session { seconds: 90, refresher };
        assert_eq!(session(Refresher::Us).next(), Duration::from_secs(45));
        assert_eq!(session(Refresher::Peer).next(), Duration::from_secs(60));
        assert_eq!(session(Refresher::Us).header(true), "90;refresher=uac");
        assert_eq!(session(Refresher::Us).header(false), "90;refresher=uas");
        assert_eq!(session(Refresher::Peer).header(false), "90;refresher=uac");
    }

    #[test]
    fn reads_what_the_peer_agreed_to() {
        let response =
            |more: &str| Message::read(format!("SIP/2.0 200 OK\r\n{more}\r\n").as_bytes()).unwrap();
        assert_eq!(agreed(&response("")), None);
        let session = agreed(&response("Session-Expires: 120;refresher=uas\r\n")).unwrap();
        assert_eq!(session, Session { seconds: 120, refresher: Refresher::Peer });
    }
}
