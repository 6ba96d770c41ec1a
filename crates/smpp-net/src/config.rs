//! The configuration: which SMSCs, as whom, and how fast. Errors name the line and the key, never a value.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use base::IpRange;
use serde::Deserialize;
use smpp_proto::{BindRequest, Concatenation, Mode, Session, Timing, Version};
use zeroize::Zeroizing;

use crate::limits::{
    ALPHANUMERIC_RATE, BINDS, DEFAULT_ENQUIRE_SECONDS, DEFAULT_RATE, DEFAULT_RESPONSE_SECONDS,
    DEFAULT_WINDOW, HOST_CHARACTERS, LEAST_PER_SECOND, LONG_CODE_RATE, MOST_ENQUIRE_SECONDS, MOST_PER_SECOND,
    MOST_RESPONSE_SECONDS, NAME_CHARACTERS, SHORT_CODE_RATE, TOLL_FREE_RATE,
};

/// The SMPP carrier's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// The binds, the preferred ones first: a message goes to the first that is up and has room.
    pub binds: Vec<BindConfig>,
    /// Parts a second from a long code.
    #[serde(default = "long_code_rate")]
    pub long_code_rate: f64,
    /// Parts a second from a toll-free number.
    #[serde(default = "toll_free_rate")]
    pub toll_free_rate: f64,
    /// Parts a second from a short code.
    #[serde(default = "short_code_rate")]
    pub short_code_rate: f64,
    /// Parts a second from an alphanumeric sender.
    #[serde(default = "alphanumeric_rate")]
    pub alphanumeric_rate: f64,
    /// Senders with a rate of their own.
    #[serde(default)]
    pub senders: Vec<SenderRate>,
}

impl Default for SmppConfig {
    /// No bind, and the rates that Twilio gives.
    fn default() -> Self {
        Self {
            binds: Vec::new(),
            long_code_rate: LONG_CODE_RATE,
            toll_free_rate: TOLL_FREE_RATE,
            short_code_rate: SHORT_CODE_RATE,
            alphanumeric_rate: ALPHANUMERIC_RATE,
            senders: Vec::new(),
        }
    }
}

/// A sender with a rate of its own.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderRate {
    /// The number, short code or name, as messages give it.
    pub number: String,
    /// Parts a second.
    pub rate: f64,
}

/// One connection to an SMSC. Holds the password: no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindConfig {
    /// Names the bind in logs and in the API.
    pub name: String,
    /// The SMSC that gives message ids: binds of one SMSC share it, so that a receipt on one of them
    /// finds what was submitted on another. The bind's own name when absent. Changing it makes outstanding
    /// receipts unknown.
    #[serde(default)]
    pub network: Option<String>,
    /// The SMSC's host name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Whether the connection is TLS. Without it texts cross the network in the open: switch it off only
    /// inside a tunnel.
    #[serde(default = "yes")]
    pub tls: bool,
    /// The private interconnect to the SMSC, as ranges of addresses (`10.20.0.0/16`): the SMSC must be in one
    /// of them. With it messages of HIPAA projects may leave by this bind without TLS.
    #[serde(default)]
    pub interconnect: Vec<String>,
    /// Who attests the interconnect, and when.
    #[serde(default)]
    pub interconnect_attested_by: Option<String>,
    /// Certificate authorities (PEM) to trust instead of the public ones.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Our name there.
    pub system_id: String,
    /// The password.
    pub password: Password,
    /// What kind of system we are; usually empty.
    #[serde(default)]
    pub system_type: String,
    /// What the bind is for.
    #[serde(default)]
    pub mode: BindMode,
    /// The protocol's version.
    #[serde(default)]
    pub version: ProtocolVersion,
    /// Submissions that may be unanswered at a time.
    #[serde(default = "default_window")]
    pub window: usize,
    /// Parts a second.
    #[serde(default = "default_rate")]
    pub rate_per_second: f64,
    /// Seconds of silence after which the SMSC is asked whether it is there.
    #[serde(default = "default_enquire")]
    pub enquire_seconds: u64,
    /// Seconds an answer may take.
    #[serde(default = "default_response")]
    pub response_seconds: u64,
    /// How the parts of a text are joined.
    #[serde(default)]
    pub concatenation: Concatenate,
    /// How receipts write the message ids that answers to submissions gave.
    #[serde(default)]
    pub message_id: ReceiptIds,
    /// The country code of numbers that the SMSC delivers in national form; without it they are refused.
    #[serde(default)]
    pub country_code: Option<String>,
    /// The `data_coding` of texts in the GSM alphabet, for SMSCs whose default is another one.
    #[serde(default)]
    pub gsm7_data_coding: u8,
}

/// A password: wiped when dropped, never printed.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

/// Every key of a bind: what errors of the API may name.
pub(crate) const KEYS: &[&str] = &[
    "name",
    "network",
    "host",
    "port",
    "tls",
    "interconnect",
    "interconnect_attested_by",
    "ca_file",
    "system_id",
    "password",
    "system_type",
    "mode",
    "version",
    "window",
    "rate_per_second",
    "enquire_seconds",
    "response_seconds",
    "concatenation",
    "message_id",
    "country_code",
    "gsm7_data_coding",
];

impl From<Zeroizing<String>> for Password {
    fn from(password: Zeroizing<String>) -> Self {
        Self(password)
    }
}

/// What a bind is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindMode {
    /// Both ways.
    #[default]
    Transceiver,
    /// Submitting only.
    Transmitter,
    /// Receipts and messages of handsets only.
    Receiver,
}

/// The protocol's version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ProtocolVersion {
    /// 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// 5.0.
    #[serde(rename = "5.0")]
    V50,
}

/// How the parts of a text are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Concatenate {
    /// By a user data header.
    #[default]
    Udh,
    /// By the `sar_*` TLVs.
    Sar,
}

/// How receipts write a message id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptIds {
    /// As the answer gave it, or else as the same number in the other base when both ends fit as well.
    #[default]
    Auto,
    /// As the answer gave it, but for leading zeros and the case of letters.
    Same,
    /// In decimal; the answer gave it in hexadecimal.
    Decimal,
    /// In hexadecimal; the answer gave it in decimal.
    Hex,
}

impl BindMode {
    /// As it is configured.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Transceiver => "transceiver",
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
        }
    }
}

impl ProtocolVersion {
    /// As it is configured.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V34 => "3.4",
            Self::V50 => "5.0",
        }
    }
}

impl Concatenate {
    /// As it is configured.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Udh => "udh",
            Self::Sar => "sar",
        }
    }
}

impl ReceiptIds {
    /// As it is configured.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Same => "same",
            Self::Decimal => "decimal",
            Self::Hex => "hex",
        }
    }
}

/// What is wrong with one bind: the key, and what would be right.
#[derive(Debug)]
pub(crate) struct BindProblem {
    pub(crate) key: &'static str,
    pub(crate) reason: String,
}

/// What is wrong with a configuration, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where it is, as it is shown.
    place: String,
    bind: Option<usize>,
    key: &'static str,
    reason: String,
}

impl ConfigProblem {
    /// The bind that is concerned, from 0, if it is one.
    #[must_use]
    pub fn bind(&self) -> Option<usize> {
        self.bind
    }

    /// The key that is concerned.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// What would be right.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn of(key: &'static str, reason: impl Into<String>) -> Self {
        Self { place: format!("key `{key}`"), bind: None, key, reason: reason.into() }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for ConfigProblem {}

impl SmppConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ConfigProblem`] with the line and the key.
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        let config: Self = toml::from_str(text).map_err(|error| problem(text, &error))?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// [`ConfigProblem`] with the bind and the key.
    pub fn check(&self) -> Result<(), ConfigProblem> {
        if self.binds.is_empty() || self.binds.len() > BINDS {
            return Err(ConfigProblem::of("binds", format!("there must be 1 to {BINDS}")));
        }
        for (key, rate) in [
            ("long_code_rate", self.long_code_rate),
            ("toll_free_rate", self.toll_free_rate),
            ("short_code_rate", self.short_code_rate),
            ("alphanumeric_rate", self.alphanumeric_rate),
        ]
        .into_iter()
        .chain(self.senders.iter().map(|sender| ("senders", sender.rate)))
        {
            if !is_rate(rate) {
                let reason = format!("must be {LEAST_PER_SECOND} to {MOST_PER_SECOND}");
                return Err(ConfigProblem::of(key, reason));
            }
        }
        for (index, bind) in self.binds.iter().enumerate() {
            let wrong = |key: &'static str, text: &str| {
                Err(ConfigProblem {
                    place: format!("bind `{}` (number {}), key `{key}`", bind.name, index + 1),
                    bind: Some(index),
                    key,
                    reason: text.to_owned(),
                })
            };
            if self.binds[..index].iter().any(|other| other.name == bind.name) {
                return wrong("name", "must differ from the others");
            }
            if let Err(BindProblem { key, reason }) = bind.check() {
                return wrong(key, &reason);
            }
        }
        if self.binds.iter().all(|bind| bind.mode == BindMode::Receiver) {
            return Err(ConfigProblem::of("mode", "no bind can submit"));
        }
        Ok(())
    }
}

impl BindConfig {
    /// Checks one bind by itself, wherever it was configured.
    ///
    /// # Errors
    /// [`BindProblem`] with the key.
    pub(crate) fn check(&self) -> Result<(), BindProblem> {
        let wrong = |key: &'static str, text: &str| Err(BindProblem { key, reason: text.to_owned() });
        if self.name.is_empty() || self.name.len() > NAME_CHARACTERS {
            return wrong("name", &format!("must have 1 to {NAME_CHARACTERS} characters"));
        }
        for (key, name) in [("name", self.name.as_str()), ("network", self.network())] {
            if !is_name(name) {
                return wrong(key, "has letters, digits, `-` and `_` only");
            }
        }
        if self.host.is_empty() || self.host.len() > HOST_CHARACTERS {
            return wrong("host", &format!("must have 1 to {HOST_CHARACTERS} characters"));
        }
        if self.window == 0 || self.window > smpp_proto::limits::WINDOW {
            return wrong("window", &format!("must be 1 to {}", smpp_proto::limits::WINDOW));
        }
        if !is_rate(self.rate_per_second) {
            return wrong("rate_per_second", &format!("must be {LEAST_PER_SECOND} to {MOST_PER_SECOND}"));
        }
        for (key, seconds, most) in [
            ("enquire_seconds", self.enquire_seconds, MOST_ENQUIRE_SECONDS),
            ("response_seconds", self.response_seconds, MOST_RESPONSE_SECONDS),
        ] {
            if seconds == 0 || seconds > most {
                return wrong(key, &format!("must be 1 to {most}"));
            }
        }
        if !self.country_code.as_deref().is_none_or(is_country_code) {
            return wrong("country_code", "must be one to three digits, without a plus sign");
        }
        if self.interconnect.iter().any(|range| range.ends_with("/0") || range.parse::<IpRange>().is_err()) {
            return wrong("interconnect", "must be ranges such as \"10.20.0.0/16\", none of them everything");
        }
        if self.interconnect.is_empty() != self.interconnect_attested_by.as_deref().is_none_or(str::is_empty)
        {
            return wrong(
                "interconnect_attested_by",
                "stands beside `interconnect`: who attests it, and when",
            );
        }
        if self.ca_file.is_some() && !self.tls {
            return wrong("ca_file", "is of no use without `tls`");
        }
        if let Err(error) = self.session() {
            // The limits of the fields (SMPP 3.4 §4.1.1) find the one that does not fit.
            let fields = [("password", self.password.0.as_str(), 8), ("system_type", &self.system_type, 12)];
            let unfit = fields.iter().find(|(_, text, most)| !text.is_ascii() || text.len() > *most);
            return wrong(unfit.map_or("system_id", |(key, ..)| key), &error.to_string());
        }
        Ok(())
    }

    /// Whose message ids this bind's are.
    pub(crate) fn network(&self) -> &str {
        self.network.as_deref().unwrap_or(&self.name)
    }

    /// Whether others cannot read what crosses it: TLS, or an interconnect that somebody attests.
    pub(crate) fn is_private(&self) -> bool {
        self.tls || !self.interconnect.is_empty()
    }

    /// How long an answer may take.
    pub(crate) fn response(&self) -> Duration {
        Duration::from_secs(self.response_seconds)
    }

    pub(crate) fn concatenation(&self) -> Concatenation {
        match self.concatenation {
            Concatenate::Udh => Concatenation::Header,
            Concatenate::Sar => Concatenation::Sar,
        }
    }

    /// A new session of this bind.
    pub(crate) fn session(&self) -> Result<Session, smpp_proto::InvalidBind> {
        let bind = BindRequest {
            mode: match self.mode {
                BindMode::Transceiver => Mode::Transceiver,
                BindMode::Transmitter => Mode::Transmitter,
                BindMode::Receiver => Mode::Receiver,
            },
            version: match self.version {
                ProtocolVersion::V34 => Version::V34,
                ProtocolVersion::V50 => Version::V50,
            },
            system_id: &self.system_id,
            password: &self.password.0,
            system_type: &self.system_type,
        };
        let timing = Timing {
            window: self.window,
            rate_per_second: self.rate_per_second,
            response: self.response(),
            enquire: Duration::from_secs(self.enquire_seconds),
        };
        Session::new(&bind, timing)
    }
}

/// The parser's error without what it quotes: a quoted line could hold a password.
fn problem(text: &str, error: &toml::de::Error) -> ConfigProblem {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // "invalid type: integer `1`, expected a string": what was found stays out.
    let message = error.message().lines().next().unwrap_or_default();
    let reason = match message.split_once("expected ") {
        _ if message.starts_with("missing field") || message.starts_with("unknown field") => {
            message.to_owned()
        }
        Some((_, expected)) => format!("expected {expected}"),
        None => "cannot be read".to_owned(),
    };
    let place = match is_key {
        true => format!("line {number}, key `{key}`"),
        false => format!("line {number}"),
    };
    ConfigProblem { place, bind: None, key: "", reason }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_country_code(text: &str) -> bool {
    (1..=3).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_rate(rate: f64) -> bool {
    (LEAST_PER_SECOND..=MOST_PER_SECOND).contains(&rate)
}

fn yes() -> bool {
    true
}

fn long_code_rate() -> f64 {
    LONG_CODE_RATE
}

fn toll_free_rate() -> f64 {
    TOLL_FREE_RATE
}

fn short_code_rate() -> f64 {
    SHORT_CODE_RATE
}

fn alphanumeric_rate() -> f64 {
    ALPHANUMERIC_RATE
}

fn default_window() -> usize {
    DEFAULT_WINDOW
}

fn default_rate() -> f64 {
    DEFAULT_RATE
}

fn default_enquire() -> u64 {
    DEFAULT_ENQUIRE_SECONDS
}

fn default_response() -> u64 {
    DEFAULT_RESPONSE_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
long_code_rate = 1.5
[[binds]]
name = "main"
host = "smsc.example.org"
port = 3550
system_id = "clinic"
password = "secret"
mode = "transmitter"
version = "5.0"
concatenation = "sar"
"#;

    fn check(change: (&str, &str), expected: &str) {
        let text = GOOD.replace(change.0, change.1);
        assert_ne!(text, GOOD);
        let problem = SmppConfig::parse(&text).err().unwrap().to_string();
        assert_eq!(problem, expected);
    }

    #[test]
    fn reads_a_configuration_and_fills_in_what_is_usual() {
        let config = SmppConfig::parse(GOOD).unwrap();
        let bind = &config.binds[0];
        assert_eq!((bind.network(), bind.window, bind.tls), ("main", DEFAULT_WINDOW, true));
        assert_eq!((bind.mode, bind.version), (BindMode::Transmitter, ProtocolVersion::V50));
        assert_eq!(bind.concatenation, Concatenate::Sar);
    }

    #[test]
    fn errors_name_line_and_key_and_never_a_value() {
        check(("3550", "\"x\""), "line 6, key `port`: expected u16");
        check(("\"secret\"", "12345678"), "line 8, key `password`: expected a string");
        check(("\"secret\"", "secret"), "line 8, key `password`: expected literal string");
        check(
            ("\"transmitter\"", "\"both\""),
            "line 9, key `mode`: expected one of `transceiver`, `transmitter`, `receiver`",
        );
        check(("host = \"smsc.example.org\"\n", ""), "line 3: missing field `host`");
        check(
            ("port = 3550", "port = 3550\nwindow = 0"),
            "bind `main` (number 1), key `window`: must be 1 to 1000",
        );
        check(
            ("port = 3550", "port = 3550\nresponse_seconds = 61"),
            "bind `main` (number 1), key `response_seconds`: must be 1 to 60",
        );
        check(("\"transmitter\"", "\"receiver\""), "key `mode`: no bind can submit");
        check(
            ("long_code_rate = 1.5", "long_code_rate = 0.0"),
            "key `long_code_rate`: must be 0.001 to 100000",
        );
    }

    #[test]
    fn an_interconnect_is_a_range_and_somebodys_word() {
        for (more, key) in [
            ("interconnect = [\"10.0.0.1/8\"]\ninterconnect_attested_by = \"J\"", "interconnect"),
            ("interconnect = [\"0.0.0.0/0\"]\ninterconnect_attested_by = \"J\"", "interconnect"),
            ("interconnect = [\"10.0.0.0/8\"]", "interconnect_attested_by"),
            ("interconnect_attested_by = \"J\"", "interconnect_attested_by"),
        ] {
            let problem = SmppConfig::parse(&format!("{GOOD}tls = false\n{more}")).err().unwrap();
            assert_eq!(problem.key(), key, "{more}");
        }
        let good =
            "tls = false\ninterconnect = [\"10.0.0.0/8\"]\ninterconnect_attested_by = \"J. Doe, 2026-11-22\"";
        assert!(SmppConfig::parse(&format!("{GOOD}{good}")).unwrap().binds[0].is_private());
    }

    #[test]
    fn the_list_of_keys_is_that_of_the_definition() {
        let unknown = BindConfig::deserialize(serde_json::json!({ "x": 1 })).err().unwrap().to_string();
        let known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, KEYS);
    }

    #[test]
    fn a_password_that_does_not_fit_is_refused_at_the_start() {
        let text = GOOD.replace("\"secret\"", "\"longer than eight\"");
        let problem = SmppConfig::parse(&text).err().unwrap().to_string();
        assert!(problem.contains("password 8"), "{problem}");
        assert!(!problem.contains("longer than eight"));
    }
}
