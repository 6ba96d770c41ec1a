//! The section `[upstream]`: accounts of vendors who speak Twilio's API.
//!
//! An account is read as a whole by the carrier's own definition; a test compares its keys with the table's.

use std::fmt;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use upstream::{AccountConfig, UpstreamConfig};

use super::Config;
use super::secret::SecretSource;
use super::sections::{EntryKey, Key, Section};
use super::smpp::{child, optional, reason, required};
use super::value::{Read, Value, Wrong};
use crate::problem::{Problem, Result};

/// Accounts whose secrets may stand elsewhere.
pub struct Upstream {
    config: UpstreamConfig,
    /// One for each account.
    secrets: Vec<Secrets>,
}

struct Secrets {
    secret: SecretSource,
    auth_token: Option<SecretSource>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.config.accounts.iter().map(|account| account.name.as_str()).collect();
        f.debug_struct("Upstream").field("names", &names).finish_non_exhaustive()
    }
}

impl Upstream {
    /// The carrier's configuration with its secrets.
    ///
    /// # Errors
    /// When a file or variable cannot be read, or a secret does not fit.
    pub(crate) fn load(self) -> Result<UpstreamConfig> {
        let Self { mut config, secrets } = self;
        for (account, secrets) in config.accounts.iter_mut().zip(secrets) {
            let reveal = |source: SecretSource| {
                source.reveal().map_err(|problem| {
                    Problem::new(format!("a secret of upstream account `{}`: {problem}", account.name))
                })
            };
            account.secret = reveal(secrets.secret)?.into();
            account.auth_token = secrets.auth_token.map(reveal).transpose()?.map(Into::into);
        }
        config.check().map_err(|problem| Problem::new(format!("[upstream]: {problem}")))?;
        Ok(config)
    }
}

fn read_accounts(config: &mut Config, value: &Value<'_>) -> Read {
    let entries = value.entries()?;
    let (mut accounts, mut secrets) = (Vec::new(), Vec::new());
    for entry in entries {
        let (account, of_account) = read_account(&Value { value: entry, ..*value })?;
        accounts.push(account);
        secrets.push(of_account);
    }
    let read = UpstreamConfig { accounts };
    read.check().map_err(|problem| {
        let entry = problem.entry.and_then(|index| entries.get(index));
        let account = entry.map(|entry| Value { value: entry, ..*value });
        let at = account.as_ref().and_then(|account| child(account, problem.key)).or(account);
        at.unwrap_or(*value).wrong(problem.reason)
    })?;
    config.upstream = Some(Upstream { config: read, secrets });
    Ok(())
}

fn read_account(value: &Value<'_>) -> Read<(AccountConfig, Secrets)> {
    let DeValue::Table(table) = value.value.get_ref() else {
        return Err(value.wrong("must be a table: each account begins with [[upstream.accounts]]"));
    };
    let mut table = table.clone();
    let secret = one_of(value, &mut table, "secret", "secret_file")?;
    let secret = secret.ok_or_else(|| value.wrong("needs `secret` or `secret_file`"))?;
    let auth_token = one_of(value, &mut table, "auth_token", "auth_token_file")?;
    let whole = Spanned::new(value.value.span(), DeValue::Table(table));
    let mut account = AccountConfig::deserialize(whole.into_deserializer())
        .map_err(|error| Wrong { span: error.span().unwrap_or(value.value.span()), text: reason(&error) })?;
    account.ca_file = account.ca_file.map(|path| value.surroundings.folder.join(path));
    Ok((account, Secrets { secret, auth_token }))
}

/// A secret that stands here or in a file; what is elsewhere is stood in for, until it is fetched.
pub(super) fn one_of<'a>(
    value: &Value<'a>,
    table: &mut DeTable<'a>,
    here: &'static str,
    elsewhere: &'static str,
) -> Read<Option<SecretSource>> {
    let source = match (child(value, here), child(value, elsewhere)) {
        (Some(_), Some(file)) => {
            return Err(file.wrong(format!("must not stand beside `{here}`: keep one of them")));
        }
        (Some(secret), None) => secret.secret()?,
        (None, Some(file)) => file.secret_file()?,
        (None, None) => return Ok(None),
    };
    if !matches!(source, SecretSource::Here(_)) {
        table.remove(elsewhere);
        let span = value.value.span();
        let stand_in = Spanned::new(span.clone(), DeValue::String("a-secret-that-is-kept-elsewhere".into()));
        table.insert(Spanned::new(span, here.into()), stand_in);
    }
    Ok(Some(source))
}

/// The section.
pub(super) const SECTION: Section = Section {
    name: "upstream",
    about: "Delivery through accounts of vendors who speak Twilio's API: docs/upstream.md says more.",
    keys: &[Key::new(
        "accounts",
        "The accounts: a message goes to the first that carries its sender, and else to the SMSCs.",
        "",
        read_accounts,
    )
    .entries(ACCOUNT)],
};

/// The keys of an account.
const ACCOUNT: &[EntryKey] = &[
    required("name", "Names the account in logs and in the path of its inbound webhook.", "\"vendor\""),
    required("account_sid", "The account there.", "\"AC00000000000000000000000000000000\""),
    required(
        "key_sid",
        "The API key there, or the account's SID with its auth token as secret.",
        "\"SK00000000000000000000000000000000\"",
    ),
    required(
        "secret",
        "The key's secret: a secret. `secret_file` may stand instead.",
        "\"env:UPSTREAM_SECRET\"",
    ),
    optional(
        "secret_file",
        "File that holds the secret, instead of `secret`.",
        "\"upstream.secret\"",
        "none",
    ),
    required(
        "callback_base",
        "Where the vendor reaches this server: https, a host and perhaps a port.",
        "\"https://switchward.example\"",
    ),
    optional(
        "base_url",
        "Where the vendor's API is: https, a host and perhaps a port.",
        "\"https://api.twilio.com\"",
        "https://api.twilio.com",
    ),
    optional(
        "auth_token",
        "The auth token there, a secret: its webhooks are verified with it, and without it nothing comes in.",
        "\"env:UPSTREAM_AUTH_TOKEN\"",
        "none",
    ),
    optional(
        "auth_token_file",
        "File that holds the auth token, instead of `auth_token`.",
        "\"upstream.token\"",
        "none",
    ),
    optional(
        "senders",
        "Which of our senders leave by it, and as which number or Messaging Service there.",
        "{ \"+14155550100\" = \"+14155550900\" }",
        "all, as themselves",
    ),
    optional("mms", "Whether messages with media may leave by it.", "false", "true"),
    optional("rate_per_second", "Messages a second.", "10.0", "10"),
    optional(
        "ca_file",
        "Certificate authorities (PEM) that are trusted instead of the public ones.",
        "\"vendor-ca.pem\"",
        "the public ones",
    ),
];
