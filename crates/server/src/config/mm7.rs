//! The section `[mm7]`: MMSCs that take messages with media.
//!
//! An MMSC is read as a whole by the carrier's own definition; a test compares its keys with the table's.

use std::fmt;

use mm7::{Mm7Config, RelayConfig};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::DeValue;

use super::Config;
use super::secret::SecretSource;
use super::sections::{EntryKey, Key, Section};
use super::smpp::{child, optional, reason, required};
use super::upstream::one_of;
use super::value::{Read, Value, Wrong};
use crate::problem::{Problem, Result};

/// MMSCs whose passwords may stand elsewhere.
pub struct Mm7 {
    config: Mm7Config,
    /// One for each MMSC.
    secrets: Vec<Secrets>,
}

struct Secrets {
    password: Option<SecretSource>,
    inbound_password: Option<SecretSource>,
}

impl fmt::Debug for Mm7 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.config.relays.iter().map(|relay| relay.name.as_str()).collect();
        f.debug_struct("Mm7").field("names", &names).finish_non_exhaustive()
    }
}

impl Mm7 {
    /// The carrier's configuration with its secrets.
    ///
    /// # Errors
    /// When a file or variable cannot be read, or a secret does not fit.
    pub(crate) fn load(self) -> Result<Mm7Config> {
        let Self { mut config, secrets } = self;
        for (relay, secrets) in config.relays.iter_mut().zip(secrets) {
            let reveal = |source: SecretSource| {
                source.reveal().map_err(|problem| {
                    Problem::new(format!("a password of the MMSC `{}`: {problem}", relay.name))
                })
            };
            relay.password = secrets.password.map(reveal).transpose()?.map(Into::into);
            relay.inbound_password = secrets.inbound_password.map(reveal).transpose()?.map(Into::into);
        }
        config.check().map_err(|problem| Problem::new(format!("[mm7]: {problem}")))?;
        Ok(config)
    }
}

fn read_relays(config: &mut Config, value: &Value<'_>) -> Read {
    let entries = value.entries()?;
    let (mut relays, mut secrets) = (Vec::new(), Vec::new());
    for entry in entries {
        let (relay, of_relay) = read_relay(&Value { value: entry, ..*value })?;
        relays.push(relay);
        secrets.push(of_relay);
    }
    let read = Mm7Config { relays };
    read.check().map_err(|problem| {
        let entry = problem.entry.and_then(|index| entries.get(index));
        let relay = entry.map(|entry| Value { value: entry, ..*value });
        let at = relay.as_ref().and_then(|relay| child(relay, problem.key)).or(relay);
        at.unwrap_or(*value).wrong(problem.reason)
    })?;
    config.mm7 = Some(Mm7 { config: read, secrets });
    Ok(())
}

fn read_relay(value: &Value<'_>) -> Read<(RelayConfig, Secrets)> {
    let DeValue::Table(table) = value.value.get_ref() else {
        return Err(value.wrong("must be a table: each MMSC begins with [[mm7.relays]]"));
    };
    let mut table = table.clone();
    let password = one_of(value, &mut table, "password", "password_file")?;
    let inbound_password = one_of(value, &mut table, "inbound_password", "inbound_password_file")?;
    let whole = Spanned::new(value.value.span(), DeValue::Table(table));
    let mut relay = RelayConfig::deserialize(whole.into_deserializer())
        .map_err(|error| Wrong { span: error.span().unwrap_or(value.value.span()), text: reason(&error) })?;
    relay.ca_file = relay.ca_file.map(|path| value.surroundings.folder.join(path));
    Ok((relay, Secrets { password, inbound_password }))
}

/// The section.
pub(super) const SECTION: Section = Section {
    name: "mm7",
    about: "Messages with media by MMSCs that speak MM7: docs/media.md says more.",
    keys: &[Key::new(
        "relays",
        "The MMSCs: a message with media goes to the first that carries its sender.",
        "",
        read_relays,
    )
    .entries(RELAY)],
};

/// The keys of an MMSC.
const RELAY: &[EntryKey] = &[
    required("name", "Names the MMSC in logs and in the path that it calls.", "\"carrier\""),
    required(
        "url",
        "Where it takes messages: https, or http on this machine.",
        "\"https://mmsc.carrier.example/mm7\"",
    ),
    required("vasp_id", "Our name there (VASP).", "\"clinic\""),
    optional("vas_id", "The service's name there (VAS).", "\"reminders\"", "none"),
    optional(
        "username",
        "The user that it knows us by (HTTP Basic).",
        "\"clinic\"",
        "none: it knows us by our address",
    ),
    optional("password", "That user's password: a secret.", "\"env:MM7_PASSWORD\"", "none"),
    optional(
        "password_file",
        "File that holds the password, instead of `password`.",
        "\"mm7.password\"",
        "none",
    ),
    optional("inbound_username", "The user that it calls us as (HTTP Basic).", "\"mmsc\"", "none"),
    optional(
        "inbound_password",
        "That user's password, a secret of 16 characters at least: without it nothing comes in.",
        "\"env:MM7_INBOUND_PASSWORD\"",
        "none",
    ),
    optional(
        "inbound_password_file",
        "File that holds it, instead of `inbound_password`.",
        "\"mm7.inbound\"",
        "none",
    ),
    optional("inbound_from", "The addresses that it calls from.", "[\"198.51.100.7\"]", "any"),
    optional("senders", "Which of our numbers send by it.", "[\"+14155550100\"]", "all"),
    optional(
        "max_bytes",
        "Bytes of a message that it takes, text and media together: what is larger fails with 30019.",
        "600000",
        "600000",
    ),
    optional("rate_per_second", "Messages a second.", "5.0", "5"),
    optional(
        "ca_file",
        "Certificate authorities (PEM) that are trusted instead of the public ones.",
        "\"carrier-ca.pem\"",
        "the public ones",
    ),
];
