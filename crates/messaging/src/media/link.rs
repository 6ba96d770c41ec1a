//! What a signed link says and how it is told from a made-up one: a path segment of SIDs, a purpose and two times, under
//! an HMAC that only this server can make. It says nothing of a person.

use std::time::Duration;

use base::{AccountSid, MediaLinkSid, MediaSid, MessageSid, Timestamp};
use data_encoding::HEXLOWER;
use ledger::Purpose;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::limits::{MAX_LINK_LIFE, MAX_LINK_TOKEN};

/// Names the digests of links among those under the system's key.
const LABEL: &str = "media-link";

/// What a link is for. It is signed, and stands in the ledger at each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LinkPurpose {
    /// A program of the account, or a browser, shows the medium.
    Viewing,
    /// A carrier or a vendor fetches it to carry it.
    Carriage,
}

impl LinkPurpose {
    const ALL: [Self; 2] = [Self::Viewing, Self::Carriage];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Viewing => "viewing",
            Self::Carriage => "carriage",
        }
    }

    /// The purpose as the ledger has it.
    pub(super) const fn recorded(self) -> Purpose {
        match self {
            Self::Viewing => Purpose::ApiRequest,
            Self::Carriage => Purpose::Carriage,
        }
    }
}

/// Everything a link is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Which one: the ledger names it when it is issued and whenever it is used.
    pub(super) sid: MediaLinkSid,
    pub(super) account: AccountSid,
    pub(super) message: MessageSid,
    pub(super) media: MediaSid,
    pub(super) purpose: LinkPurpose,
    /// Whole seconds, like the end.
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Link {
    /// The token.
    pub(super) fn write(self, store: &Store) -> String {
        let text = self.text();
        let tag = tag(store, &text);
        format!("{text}.{tag}")
    }

    /// What a token says, if this server made it and it works at `now`.
    pub(super) fn read(store: &Store, token: &str, now: Timestamp) -> Option<Self> {
        if token.len() > MAX_LINK_TOKEN {
            return None;
        }
        let (text, given) = token.rsplit_once('.')?;
        if !phi::constant_time_eq(tag(store, text).as_bytes(), given.as_bytes()) {
            return None;
        }
        Self::parse(text).filter(|link| link.works_at(now))
    }

    /// Between its two times, and never longer than a link may live: a clock that was set back gives it no second life.
    fn works_at(self, now: Timestamp) -> bool {
        let life = self.expires_at.since(self.issued_at);
        let has_begun = self.issued_at <= now;
        has_begun && now < self.expires_at && life <= MAX_LINK_LIFE
    }

    fn text(self) -> String {
        let Self { sid, account, message, media, purpose, issued_at, expires_at } = self;
        let (purpose, issued_at, expires_at) = (purpose.as_str(), issued_at.seconds(), expires_at.seconds());
        format!("{sid}.{account}.{message}.{media}.{purpose}.{issued_at}.{expires_at}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let link = Self {
            sid: parts.next()?.parse().ok()?,
            account: parts.next()?.parse().ok()?,
            message: parts.next()?.parse().ok()?,
            media: parts.next()?.parse().ok()?,
            purpose: parts
                .next()
                .and_then(|word| LinkPurpose::ALL.into_iter().find(|known| known.as_str() == word))?,
            issued_at: Timestamp::from_seconds(parts.next()?.parse().ok()?),
            expires_at: Timestamp::from_seconds(parts.next()?.parse().ok()?),
        };
        // One link has one spelling.
        (link.text() == text).then_some(link)
    }
}

/// A link that begins now and works for `life`.
pub(super) fn times(now: Timestamp, life: Duration) -> (Timestamp, Timestamp) {
    let issued_at = Timestamp::from_seconds(now.seconds());
    (issued_at, issued_at.plus(life))
}

fn tag(store: &Store, text: &str) -> String {
    HEXLOWER.encode(&store.system_digest(LABEL, text.as_bytes()).0)
}
