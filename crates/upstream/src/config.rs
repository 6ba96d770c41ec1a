//! The configuration: which accounts, and as whom. Errors name the key, never a value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base::{AccountSid, MessagingServiceSid};
use peer::limits::RATES;
use peer::{ConfigProblem, Password, Wrong, check_entries};
use serde::Deserialize;
use url::Url;

use crate::limits::{DEFAULT_RATE, SENDERS};

const TWILIO: &str = "https://api.twilio.com";

/// The upstream carrier's configuration.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// The accounts; a message goes to the first one that carries its sender.
    pub accounts: Vec<AccountConfig>,
}

/// One account of somebody who speaks Twilio's API. Holds secrets: no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// Names the account in logs and in the path of its inbound webhook.
    pub name: String,
    /// Scheme, host and port of the API: always https.
    #[serde(default = "twilio")]
    pub base_url: String,
    /// The account there.
    pub account_sid: String,
    /// The API key there (`SK…`), or the account's own SID with its auth token as `secret`.
    pub key_sid: String,
    /// The key's secret.
    pub secret: Password,
    /// The auth token of the account there, which its webhooks are signed with. Without it callbacks are believed for
    /// their token alone, and nothing comes in.
    #[serde(default)]
    pub auth_token: Option<Password>,
    /// Where the upstream reaches us: scheme, host and port, always https.
    pub callback_base: String,
    /// Which of our senders leave by it, and as what: a number or a Messaging Service there. All, as themselves, when
    /// it is empty.
    #[serde(default)]
    pub senders: BTreeMap<String, String>,
    /// Whether messages with media may leave by it: it fetches them here, by links that work for an hour. A HIPAA project
    /// sends it none (SMS-MMS-1).
    #[serde(default = "yes")]
    pub mms: bool,
    /// Messages a second.
    #[serde(default = "default_rate")]
    pub rate_per_second: f64,
    /// Certificate authorities (PEM) to trust instead of the public ones.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

fn twilio() -> String {
    TWILIO.to_owned()
}

const fn yes() -> bool {
    true
}

const fn default_rate() -> f64 {
    DEFAULT_RATE
}

impl UpstreamConfig {
    /// Reads a configuration in TOML.
    ///
    /// # Errors
    /// [`ConfigProblem`].
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        let unreadable =
            |_| ConfigProblem { of: "account", entry: None, key: "accounts", reason: "cannot be read" };
        let config: Self = toml::from_str(text).map_err(unreadable)?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// [`ConfigProblem`] with the account and the key.
    pub fn check(&self) -> Result<(), ConfigProblem> {
        check_entries(("account", "accounts"), &self.accounts, |account| &account.name, AccountConfig::check)
    }
}

impl AccountConfig {
    fn check(&self) -> Result<(), Wrong> {
        if origin(&self.base_url).is_none() {
            return Err(("base_url", "must be https://host, with a port at most"));
        }
        if origin(&self.callback_base).is_none() {
            return Err(("callback_base", "must be https://host, with a port at most"));
        }
        if self.account_sid.parse::<AccountSid>().is_err() {
            return Err(("account_sid", "must be AC and 32 hexadecimal digits"));
        }
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain(&self.key_sid) || self.key_sid.contains(':') {
            return Err(("key_sid", "must be the SID of a key or of the account"));
        }
        let secrets = [("secret", Some(&self.secret)), ("auth_token", self.auth_token.as_ref())];
        for (key, secret) in secrets {
            if secret.is_some_and(|secret| !is_plain(secret.reveal())) {
                return Err((key, "must be printable and not empty"));
            }
        }
        if self.senders.len() > SENDERS || !self.senders.values().all(|sender| is_sender(sender)) {
            return Err(("senders", "must lead to numbers in E.164 form or MG and 32 hexadecimal digits"));
        }
        let mut numbers = BTreeSet::new();
        let mut there = self.senders.values().filter(|sender| sender.parse::<MessagingServiceSid>().is_err());
        // What comes in would be anybody's.
        if !there.all(|number| numbers.insert(number)) {
            return Err(("senders", "must lead to numbers that differ"));
        }
        if !RATES.contains(&self.rate_per_second) {
            return Err(("rate_per_second", "must be 0.01 to 1000"));
        }
        Ok(())
    }

    /// The host that the register has to have.
    pub(crate) fn host(&self) -> String {
        let host = origin(&self.base_url).and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_default()
    }

    /// What `sender` is there; `None` when it does not leave by this account.
    pub(crate) fn as_sender(&self, sender: &str) -> Option<&str> {
        self.senders.get(sender).map(String::as_str)
    }

    /// Whether messages of this sender leave by this account.
    pub(crate) fn carries(&self, sender: &str) -> bool {
        self.senders.is_empty() || self.senders.contains_key(sender)
    }

    /// Our number, as the upstream's `number` came in.
    pub(crate) fn own_number<'a>(&'a self, number: &'a str) -> &'a str {
        let mapped = self.senders.iter().find(|(_, there)| *there == number);
        mapped.map_or(number, |(own, _)| own)
    }
}

fn is_sender(text: &str) -> bool {
    let is_number = text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_short = (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number || is_short || text.parse::<MessagingServiceSid>().is_ok()
}

/// An https URL that is nothing but its origin.
pub(crate) fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (url.scheme() == "https" && url.host_str().is_some() && is_bare).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[accounts]]\nname = \"main\"\naccount_sid = \"AC0123456789abcdef0123456789abcdef\"\n\
                        key_sid = \"SK0123456789abcdef0123456789abcdef\"\nsecret = \"hidden\"\n\
                        callback_base = \"https://switchward.example\"\n";

    fn problem(text: &str) -> Option<&'static str> {
        UpstreamConfig::parse(text).err().map(|problem| {
            assert!(!problem.to_string().contains("hidden"), "{problem}");
            problem.key
        })
    }

    #[test]
    fn reads_what_is_needed_and_the_rest_is_usual() {
        let config = UpstreamConfig::parse(GOOD).expect("good");
        let account = &config.accounts[0];
        assert_eq!((account.base_url.as_str(), account.host().as_str()), (TWILIO, "api.twilio.com"));
        assert!(account.carries("+14155550100") && account.auth_token.is_none());
        assert_eq!(account.own_number("+14155550100"), "+14155550100");
    }

    #[test]
    fn maps_senders_both_ways() {
        let text = format!("{GOOD}senders = {{ \"+14155550100\" = \"+14155550900\" }}");
        let config = UpstreamConfig::parse(&text).expect("good");
        let account = &config.accounts[0];
        assert_eq!(account.as_sender("+14155550100"), Some("+14155550900"));
        assert!(!account.carries("+14155550101"));
        assert_eq!(account.own_number("+14155550900"), "+14155550100");
    }

    #[test]
    fn each_mistake_names_its_key_and_no_value() {
        for (key, line) in [
            ("base_url", "base_url = \"http://hidden.example\""),
            ("base_url", "base_url = \"https://hidden.example/path\""),
            ("base_url", "base_url = \"https://hidden@hidden.example\""),
            ("rate_per_second", "rate_per_second = 0.0"),
            ("senders", "senders = { \"+14155550100\" = \"hidden\" }"),
            (
                "senders",
                "senders = { \"+14155550100\" = \"+14155550900\", \"+14155550101\" = \"+14155550900\" }",
            ),
            ("auth_token", "auth_token = \"\""),
            ("accounts", "hidden = 1"),
        ] {
            assert_eq!(problem(&format!("{GOOD}{line}\n")), Some(key), "{line}");
        }
        assert_eq!(problem(&GOOD.replace("\"main\"", "\"a b\"")), Some("name"));
        assert_eq!(problem(&GOOD.replace("https://switch", "http://switch")), Some("callback_base"));
        assert_eq!(problem(&GOOD.replace("AC01", "XX01")), Some("account_sid"));
        assert_eq!(problem(&format!("{GOOD}{GOOD}")), Some("name"));
    }
}
