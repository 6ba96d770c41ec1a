//! The configuration: which MMSCs, and as whom. Errors name the key, never a value.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use peer::limits::RATES;
use peer::{ConfigProblem, Password, Wrong, check_entries};
use serde::Deserialize;
use url::{Host, Url};

use crate::limits::{
    DEFAULT_MAX_BYTES, DEFAULT_RATE, ID_CHARACTERS, INBOUND_PASSWORD_CHARACTERS, MAX_BYTES, SENDERS,
};

/// The MM7 carrier's configuration.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Mm7Config {
    /// The MMSCs; a message goes to the first one that carries its sender.
    pub relays: Vec<RelayConfig>,
}

/// One MMSC. Holds secrets: no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// Names the MMSC in logs and in the path that it calls.
    pub name: String,
    /// Where it takes messages: https, or http on this machine.
    pub url: String,
    /// Our name there (VASP).
    pub vasp_id: String,
    /// The service's name there (VAS).
    #[serde(default)]
    pub vas_id: String,
    /// The user that it knows us by (HTTP Basic); none where it knows us by our address.
    #[serde(default)]
    pub username: Option<String>,
    /// That user's password.
    #[serde(default)]
    pub password: Option<Password>,
    /// The user that it calls us as (HTTP Basic).
    #[serde(default)]
    pub inbound_username: Option<String>,
    /// That user's password. Without it nothing is taken from the MMSC: neither reports nor messages.
    #[serde(default)]
    pub inbound_password: Option<Password>,
    /// The addresses that it calls from; any when it is empty.
    #[serde(default)]
    pub inbound_from: Vec<IpAddr>,
    /// Which of our numbers send by it; all when it is empty.
    #[serde(default)]
    pub senders: Vec<String>,
    /// Bytes of a message that it takes, text and media together.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
    /// Messages a second.
    #[serde(default = "default_rate")]
    pub rate_per_second: f64,
    /// Certificate authorities (PEM) to trust instead of the public ones.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

const fn default_rate() -> f64 {
    DEFAULT_RATE
}

const fn default_max_bytes() -> u64 {
    DEFAULT_MAX_BYTES
}

impl Mm7Config {
    /// Reads a configuration in TOML.
    ///
    /// # Errors
    /// [`ConfigProblem`].
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        let unreadable =
            |_| ConfigProblem { of: "relay", entry: None, key: "relays", reason: "cannot be read" };
        let config: Self = toml::from_str(text).map_err(unreadable)?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// [`ConfigProblem`] with the MMSC and the key.
    pub fn check(&self) -> Result<(), ConfigProblem> {
        check_entries(("relay", "relays"), &self.relays, |relay| &relay.name, RelayConfig::check)
    }
}

impl RelayConfig {
    fn check(&self) -> Result<(), Wrong> {
        if self.address().is_none() {
            return Err(("url", "must be https (or http on this machine), without user, query and fragment"));
        }
        if self.vasp_id.is_empty() || !is_id(&self.vasp_id) {
            return Err(("vasp_id", "has 1 to 128 printable characters"));
        }
        if !is_id(&self.vas_id) {
            return Err(("vas_id", "has at most 128 printable characters"));
        }
        self.check_logins()?;
        let numbers: BTreeSet<&String> = self.senders.iter().collect();
        if self.senders.len() > SENDERS
            || numbers.len() < self.senders.len()
            || !self.senders.iter().all(|it| is_sender(it))
        {
            return Err(("senders", "must be up to 1000 different numbers in E.164 form or short codes"));
        }
        if !MAX_BYTES.contains(&self.max_bytes) {
            return Err(("max_bytes", "must be 10000 to 6000000"));
        }
        if !RATES.contains(&self.rate_per_second) {
            return Err(("rate_per_second", "must be 0.01 to 1000"));
        }
        Ok(())
    }

    fn check_logins(&self) -> Result<(), Wrong> {
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let users = [("username", &self.username), ("inbound_username", &self.inbound_username)];
        for (key, user) in users {
            if user.as_ref().is_some_and(|user| !is_plain(user) || user.contains(':')) {
                return Err((key, "must be printable, without a colon, and not empty"));
            }
        }
        let passwords = [("password", &self.password), ("inbound_password", &self.inbound_password)];
        for (key, password) in passwords {
            if password.as_ref().is_some_and(|password| !is_plain(password.reveal())) {
                return Err((key, "must be printable and not empty"));
            }
        }
        if self.username.is_some() != self.password.is_some() {
            return Err(("username", "needs `password`, and the other way round"));
        }
        if self.inbound_username.is_some() != self.inbound_password.is_some() {
            return Err(("inbound_username", "needs `inbound_password`, and the other way round"));
        }
        let inbound = self.inbound_password.as_ref();
        if inbound.is_some_and(|password| password.reveal().len() < INBOUND_PASSWORD_CHARACTERS) {
            return Err(("inbound_password", "has 16 characters at least"));
        }
        Ok(())
    }

    /// Where it takes messages; none when that is no place that messages may go to.
    pub(crate) fn address(&self) -> Option<Url> {
        let url = Url::parse(&self.url).ok()?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let is_safe = match url.scheme() {
            "https" => url.host_str().is_some(),
            "http" => is_loopback(&url),
            _ => false,
        };
        (is_plain && is_safe).then_some(url)
    }

    /// The host that the register has to have.
    pub(crate) fn host(&self) -> String {
        self.address().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether messages of this sender leave by it.
    pub(crate) fn carries(&self, sender: &str) -> bool {
        self.senders.is_empty() || self.senders.iter().any(|known| known == sender)
    }
}

/// Whether a URL leads to this machine, whatever any name server says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

fn is_id(text: &str) -> bool {
    text.chars().count() <= ID_CHARACTERS && !text.chars().any(char::is_control)
}

fn is_sender(text: &str) -> bool {
    let (digits, lengths) = match text.strip_prefix('+') {
        Some(digits) => (digits, 7..=15),
        None => (text, 3..=8),
    };
    lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]
mod tests {
    use super::*;

    const GOOD: &str =
        "[[relays]]\nname = \"main\"\nurl = \"https://mmsc.example:8443/mm7\"\nvasp_id = \"clinic\"\n";

    fn problem(text: &str) -> Option<&'static str> {
        Mm7Config::parse(text).err().map(|problem| {
            assert!(!problem.to_string().contains("hidden"), "{problem}");
            problem.key
        })
    }

    #[test]
    fn reads_what_is_needed_and_the_rest_is_usual() {
        let config = Mm7Config::parse(GOOD).expect("good");
        let relay = &config.relays[0];
        assert_eq!((relay.host().as_str(), relay.max_bytes), ("mmsc.example", DEFAULT_MAX_BYTES));
        assert!(relay.carries("+14155550100") && relay.inbound_password.is_none());
        let config =
            Mm7Config::parse(&format!("{GOOD}senders = [\"+14155550100\", \"12345\"]")).expect("good");
        assert!(config.relays[0].carries("12345") && !config.relays[0].carries("+14155550101"));
    }

    #[test]
    fn gen_https_1__refuses_an_mmsc_over_plain_http() {
        for url in [
            "http://mmsc.example/mm7",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://localhost/",
            "ftp://127.0.0.1/",
            "https://u:hidden@mmsc.example/",
        ] {
            assert_eq!(problem(&GOOD.replace("https://mmsc.example:8443/mm7", url)), Some("url"), "{url}");
        }
    }

    #[test]
    fn gen_https_1__allows_an_mmsc_over_https_or_on_this_machine() {
        for url in [
            "https://mmsc.example/",
            "https://198.51.100.1/mm7",
            "http://127.0.0.1:8191/mm7",
            "http://[::1]/",
        ] {
            assert_eq!(problem(&GOOD.replace("https://mmsc.example:8443/mm7", url)), None, "{url}");
        }
    }

    #[test]
    fn each_mistake_names_its_key_and_no_value() {
        for (key, lines) in [
            ("vas_id", "vas_id = \"hid\\nden\""),
            ("username", "username = \"hidden\""),
            ("username", "username = \"hid:den\"\npassword = \"x\""),
            ("password", "username = \"x\"\npassword = \"\""),
            ("inbound_username", "inbound_password = \"hidden-hidden-hidden\""),
            ("inbound_password", "inbound_username = \"x\"\ninbound_password = \"hidden\""),
            ("senders", "senders = [\"hidden\"]"),
            ("senders", "senders = [\"+14155550100\", \"+14155550100\"]"),
            ("max_bytes", "max_bytes = 1"),
            ("rate_per_second", "rate_per_second = 0.0"),
            ("relays", "hidden = 1"),
            ("relays", "inbound_from = [\"hidden\"]"),
        ] {
            assert_eq!(problem(&format!("{GOOD}{lines}\n")), Some(key), "{lines}");
        }
        assert_eq!(problem(&GOOD.replace("\"main\"", "\"a b\"")), Some("name"));
        assert_eq!(problem(&GOOD.replace("\"clinic\"", "\"\"")), Some("vasp_id"));
        assert_eq!(problem(&format!("{GOOD}{GOOD}")), Some("name"));
        assert_eq!(problem("relays = []"), Some("relays"));
    }
}
