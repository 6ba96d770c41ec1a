//! The section `[smpp]`: the SMSCs, here or in a file of their own.
//!
//! A bind is read as a whole by the carrier's own definition; a test compares its keys with the table's.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use smpp_net::limits::{LEAST_PER_SECOND, MOST_PER_SECOND};
use smpp_net::{BindConfig, SenderRate, SmppConfig};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::secret::SecretSource;
use super::sections::{EntryKey, Key, Section};
use super::value::{Read, Value, Wrong};
use super::{Config, read_part};
use crate::problem::{Problem, Result};

/// The carrier's settings.
#[derive(Debug)]
pub enum Smpp {
    /// In this file, which holds what else the section would.
    File(PathBuf),
    /// Here.
    Binds(SmppBinds),
}

/// SMSCs whose passwords may stand elsewhere.
pub struct SmppBinds {
    config: SmppConfig,
    /// One for each bind.
    passwords: Vec<SecretSource>,
}

impl fmt::Debug for SmppBinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.config.binds.iter().map(|bind| bind.name.as_str()).collect();
        f.debug_struct("SmppBinds").field("names", &names).finish_non_exhaustive()
    }
}

impl Smpp {
    /// The carrier's configuration with its passwords.
    ///
    /// # Errors
    /// When a file or variable cannot be read, or a password does not fit.
    pub(crate) fn load(self) -> Result<SmppConfig> {
        let binds = match self {
            Self::Binds(binds) => binds,
            Self::File(path) => match read_part(&path, SECTION.name)?.smpp {
                Some(Self::Binds(binds)) => binds,
                _ => return Err(Problem::new(format!("{}: no bind is configured", path.display()))),
            },
        };
        let SmppBinds { mut config, passwords } = binds;
        for (bind, password) in config.binds.iter_mut().zip(passwords) {
            let password = password.reveal().map_err(|problem| {
                Problem::new(format!("the password of bind `{}`: {problem}", bind.name))
            })?;
            bind.password = password.into();
        }
        config.check().map_err(|problem| Problem::new(format!("[smpp]: {problem}")))?;
        Ok(config)
    }
}

/// The binds that are being read.
fn binds_of(config: &mut Config) -> &mut SmppBinds {
    if !matches!(config.smpp, Some(Smpp::Binds(_))) {
        let empty = SmppBinds { config: SmppConfig::default(), passwords: Vec::new() };
        config.smpp = Some(Smpp::Binds(empty));
    }
    match &mut config.smpp {
        Some(Smpp::Binds(binds)) => binds,
        _ => unreachable!("it was just put there"),
    }
}

fn read_binds(config: &mut Config, value: &Value<'_>) -> Read {
    let entries = value.entries()?;
    let (mut binds, mut passwords) = (Vec::new(), Vec::new());
    for entry in entries {
        let (bind, password) = read_bind(&Value { value: entry, ..*value })?;
        binds.push(bind);
        passwords.push(password);
    }
    let all = binds_of(config);
    // Of the binds alone: passwords that stand elsewhere are checked when they are there.
    let read = SmppConfig { binds, ..SmppConfig::default() };
    read.check().map_err(|problem| {
        let entry = problem.bind().and_then(|index| entries.get(index));
        let bind = entry.map(|entry| Value { value: entry, ..*value });
        let at = bind.as_ref().and_then(|bind| child(bind, problem.key())).or(bind);
        at.unwrap_or(*value).wrong(problem.reason())
    })?;
    all.config.binds = read.binds;
    all.passwords = passwords;
    Ok(())
}

fn rate(value: &Value<'_>) -> Read<f64> {
    value.number(LEAST_PER_SECOND..=MOST_PER_SECOND)
}

fn read_senders(config: &mut Config, value: &Value<'_>) -> Read {
    let mut senders = Vec::new();
    for entry in value.entries()? {
        let entry = Value { value: entry, ..*value };
        if let Some(given) = child(&entry, "rate") {
            rate(&given)?;
        }
        let read = SenderRate::deserialize(entry.value.clone().into_deserializer());
        senders.push(read.map_err(|error| Wrong {
            span: error.span().unwrap_or(entry.value.span()),
            text: reason(&error),
        })?);
    }
    binds_of(config).config.senders = senders;
    Ok(())
}

/// The value of a key in a table.
pub(super) fn child<'a>(table: &Value<'a>, key: &str) -> Option<Value<'a>> {
    match table.value.get_ref() {
        DeValue::Table(entries) => entries.get(key).map(|value| Value { value, ..*table }),
        _ => None,
    }
}

fn read_bind(value: &Value<'_>) -> Read<(BindConfig, SecretSource)> {
    let DeValue::Table(table) = value.value.get_ref() else {
        return Err(value.wrong("must be a table: each bind begins with [[smpp.binds]]"));
    };
    let mut table = table.clone();
    let password = match (child(value, "password"), child(value, "password_file")) {
        (Some(_), Some(file)) => return Err(file.wrong("must not stand beside `password`: keep one of them")),
        (Some(password), None) => password.secret()?,
        (None, Some(file)) => file.secret_file()?,
        (None, None) => return Err(value.wrong("needs `password` or `password_file`")),
    };
    if !matches!(password, SecretSource::Here(_)) {
        stand_in(&mut table, value);
    }
    let whole = Spanned::new(value.value.span(), DeValue::Table(table));
    let mut bind = BindConfig::deserialize(whole.into_deserializer())
        .map_err(|error| Wrong { span: error.span().unwrap_or(value.value.span()), text: reason(&error) })?;
    bind.ca_file = bind.ca_file.map(|path| value.surroundings.folder.join(path));
    Ok((bind, password))
}

/// Puts an empty password where the real one will be.
fn stand_in<'a>(table: &mut DeTable<'a>, value: &Value<'a>) {
    table.remove("password_file");
    let span = value.value.span();
    let empty = Spanned::new(span.clone(), DeValue::String("".into()));
    table.insert(Spanned::new(span, "password".into()), empty);
}

/// The parser's reason without what it found.
pub(super) fn reason(error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    match message.split_once("expected ") {
        _ if message.starts_with("missing field") => message.replacen("missing field", "needs the key", 1),
        _ if message.starts_with("unknown field") => {
            // What was typed is the key that the mistake names already.
            let known = message.split_once("expected one of ").map_or("", |(_, known)| known);
            format!("is not known here; known are {known}")
        }
        Some((_, expected)) => format!("must be {expected}"),
        None => "cannot be read".to_owned(),
    }
}

/// The section.
pub(super) const SECTION: Section = Section {
    name: "smpp",
    about: "Delivery to mobile networks over SMPP: docs/smpp.md says more.",
    keys: &[
        Key::new(
            "file",
            "File with the other keys of this section (without the heading), instead of them.",
            "\"smpp.toml\"",
            |config, value| {
                config.smpp = Some(Smpp::File(value.path()?));
                Ok(())
            },
        )
        .flag("--smpp-config"),
        Key::new(
            "long_code_rate",
            "Parts a second from each of your long codes; what is faster waits in the queue.",
            "1.0",
            |config, value| {
                binds_of(config).config.long_code_rate = rate(value)?;
                Ok(())
            },
        )
        .default("1"),
        Key::new("toll_free_rate", "Parts a second from each toll-free number.", "3.0", |config, value| {
            binds_of(config).config.toll_free_rate = rate(value)?;
            Ok(())
        })
        .default("3"),
        Key::new("short_code_rate", "Parts a second from each short code.", "100.0", |config, value| {
            binds_of(config).config.short_code_rate = rate(value)?;
            Ok(())
        })
        .default("100"),
        Key::new(
            "alphanumeric_rate",
            "Parts a second from each alphanumeric sender.",
            "10.0",
            |config, value| {
                binds_of(config).config.alphanumeric_rate = rate(value)?;
                Ok(())
            },
        )
        .default("10"),
        Key::new("senders", "Senders with a rate of their own.", "", read_senders).entries(SENDER),
        Key::new(
            "binds",
            "The connections, the preferred ones first: a message goes to the first that is up and has room.",
            "",
            read_binds,
        )
        .entries(BIND),
    ],
};

/// The keys of a sender with a rate of its own.
const SENDER: &[EntryKey] = &[
    required("number", "The number, short code or name, as messages give it.", "\"+14155550100\""),
    required("rate", "Parts a second.", "10.0"),
];

/// The keys of a bind.
const BIND: &[EntryKey] = &[
    required("name", "Names the bind in logs.", "\"main\""),
    required("host", "Host name or address of the SMSC.", "\"smsc.carrier.example\""),
    required("port", "Its TCP port.", "3550"),
    required("system_id", "Our name there.", "\"clinic\""),
    required(
        "password",
        "The password: a secret. `password_file` may stand instead.",
        "\"env:SMPP_PASSWORD\"",
    ),
    optional(
        "password_file",
        "File that holds the password, instead of `password`.",
        "\"smpp.password\"",
        "none",
    ),
    optional(
        "network",
        "The SMSC that gives message ids: binds of one SMSC share it, so that a receipt on one finds what another submitted.",
        "\"carrier\"",
        "the bind's name",
    ),
    optional(
        "tls",
        "Whether the connection is TLS. Without it texts cross the network in the open: only inside a tunnel.",
        "true",
        "true",
    ),
    optional(
        "ca_file",
        "Certificate authorities (PEM) that are trusted instead of the public ones.",
        "\"carrier-ca.pem\"",
        "the public ones",
    ),
    optional("system_type", "What kind of system we are.", "\"\"", "empty"),
    optional(
        "mode",
        "What the bind is for: \"transceiver\", \"transmitter\" or \"receiver\".",
        "\"transceiver\"",
        "transceiver",
    ),
    optional("version", "Version of the protocol: \"3.4\" or \"5.0\".", "\"3.4\"", "3.4"),
    optional("window", "Submissions that may be unanswered at a time, 1 to 1000.", "10", "10"),
    optional("rate_per_second", "Parts a second on this bind.", "30.0", "30"),
    optional(
        "enquire_seconds",
        "Seconds of silence after which the SMSC is asked whether it is there, 1 to 3600.",
        "30",
        "30",
    ),
    optional("response_seconds", "Seconds an answer may take, 1 to 60.", "20", "20"),
    optional("concatenation", "How the parts of a text are joined: \"udh\" or \"sar\".", "\"udh\"", "udh"),
    optional(
        "message_id",
        "How receipts write message ids: \"auto\", \"same\", \"decimal\" (answers hexadecimal) or \"hex\" (answers decimal).",
        "\"auto\"",
        "auto",
    ),
    optional("country_code", "Country code of numbers that are delivered in national form.", "\"1\"", "none"),
    optional(
        "interconnect",
        "Ranges of addresses of the private interconnect to the SMSC: the other way for HIPAA projects besides TLS.",
        "[\"10.20.0.0/16\"]",
        "none",
    ),
    optional(
        "interconnect_attested_by",
        "Who attests the interconnect, and when.",
        "\"Jane Doe, 2026-11-22\"",
        "none",
    ),
    optional("gsm7_data_coding", "The data_coding of texts in the GSM alphabet.", "0", "0"),
];

pub(super) const fn required(name: &'static str, about: &'static str, example: &'static str) -> EntryKey {
    EntryKey { name, about, example, default: None }
}

pub(super) const fn optional(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    default: &'static str,
) -> EntryKey {
    EntryKey { name, about, example, default: Some(default) }
}
