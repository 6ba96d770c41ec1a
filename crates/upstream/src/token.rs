//! How a status callback names its message: a path segment that nobody can guess and that says nothing of a person.

use base::{AccountSid, MessageSid};
use data_encoding::HEXLOWER;
use messaging::carrier::Reference;
use store::Store;

/// Names the digests of tokens.
const LABEL: &str = "upstream-callback";
/// Bytes of the digest that a token carries: 128 bits.
const TAG_BYTES: usize = 16;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) reference: Reference,
    /// Which attempt of the message, from 1.
    pub(crate) attempt: u8,
}

/// The token of an attempt.
pub(crate) fn write(store: &Store, named: Named) -> String {
    let text = text(named);
    let tag = tag(store, &text);
    format!("{text}.{tag}")
}

/// What a token stands for, if it is one of ours.
pub(crate) fn read(store: &Store, token: &str) -> Option<Named> {
    let (text, given) = token.rsplit_once('.')?;
    if !phi::constant_time_eq(tag(store, text).as_bytes(), given.as_bytes()) {
        return None;
    }
    let mut parts = text.split('.');
    let account = parts.next()?.parse::<AccountSid>().ok()?;
    let message = parts.next()?.parse::<MessageSid>().ok()?;
    let attempt = parts.next()?.parse().ok()?;
    Some(Named { reference: Reference { account, message }, attempt })
}

fn text(named: Named) -> String {
    let Named { reference: Reference { account, message }, attempt } = named;
    format!("{account}.{message}.{attempt}")
}

fn tag(store: &Store, text: &str) -> String {
    let digest = store.system_digest(LABEL, text.as_bytes());
    HEXLOWER.encode(&digest.0[..TAG_BYTES])
}
