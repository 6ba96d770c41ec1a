//! With which credentials an account is read, and a running Switchward that is read with them.

use std::path::Path;

use audit::stated::Place;
use audit::wire::Credential;
use audit::{Provider, limits};
use serde::Deserialize;
use url::Url;
use zeroize::ZeroizeOnDrop;

use super::network::Network;
use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::secret_file;

/// A running Switchward, with everything that requests to it take.
pub(in crate::cli) struct OfServer {
    network: Network,
    base: Option<Url>,
    account: String,
    credential: Credential,
}

impl OfServer {
    /// Reads the way to it and the credentials from the environment.
    pub(in crate::cli) fn new(account: Option<&str>, base: Option<&Url>, ca: Option<&Path>) -> Result<Self> {
        let network = Network::new(Provider::Switchward, base, ca, Vec::new())?;
        let account = account_named(account)?;
        let credential = credentials(Provider::Switchward, &account, None)?.swap_remove(0);
        Ok(Self { network, base: base.cloned(), account, credential })
    }

    /// The same for the operator, whose token the environment holds.
    pub(in crate::cli) fn operated(
        account: Option<&str>,
        base: Option<&Url>,
        ca: Option<&Path>,
    ) -> Result<Self> {
        let network = Network::new(Provider::Switchward, base, ca, Vec::new())?;
        let token = variable("SWITCHWARD_OPERATOR_TOKEN")?;
        let token = token.ok_or_else(|| Problem::new("SWITCHWARD_OPERATOR_TOKEN is not set"))?;
        let account = account.unwrap_or_default().to_owned();
        let credential = Credential::basic(&account, "operator", &token);
        Ok(Self { network, base: base.cloned(), account, credential })
    }

    /// What statements are read through.
    pub(in crate::cli) fn place(&self) -> Place<'_> {
        let Self { network, base, account, credential } = self;
        Place { wire: &network.wire, base: base.as_ref(), account, credential }
    }
}

/// The account that is meant: the one that was given, or else the environment's.
pub(super) fn account_named(given: Option<&str>) -> Result<String> {
    match given {
        Some(account) => Ok(account.to_owned()),
        None => Ok(variable("TWILIO_ACCOUNT_SID")?.unwrap_or_default()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialFile {
    credential: Vec<CredentialRow>,
}

#[derive(Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct CredentialRow {
    account: String,
    user: String,
    secret: String,
}

/// Who asks for which account: the environment's own first, then those of the file.
pub(super) fn credentials(provider: Provider, account: &str, file: Option<&Path>) -> Result<Vec<Credential>> {
    let mut credentials = Vec::new();
    if provider == Provider::Segment {
        let token = variable("SEGMENT_TOKEN")?.ok_or_else(|| Problem::new("SEGMENT_TOKEN is not set"))?;
        return Ok(vec![Credential::bearer(&token)]);
    }
    if account.is_empty() {
        return Err(Problem::new("the account is missing: --account SID, or TWILIO_ACCOUNT_SID"));
    }
    match (variable("TWILIO_API_KEY")?, variable("TWILIO_API_SECRET")?, variable("TWILIO_AUTH_TOKEN")?) {
        (Some(key), Some(secret), _) => credentials.push(Credential::basic(account, &key, &secret)),
        (_, _, Some(token)) => credentials.push(Credential::basic(account, account, &token)),
        _ => {}
    }
    if let Some(path) = file {
        let text = secret_file::read_given_up_to(limits::CREDENTIALS_BYTES, path)?
            .ok_or_else(|| Problem::new(format!("{} does not exist", path.display())))?;
        // The parser's own message would quote the line.
        let rows: CredentialFile = toml::from_str(&text).map_err(|_| {
            Problem::new(format!(
                "{}: must hold tables [[credential]] with account, user and secret, and nothing else",
                path.display()
            ))
        })?;
        credentials.extend(
            rows.credential.iter().map(|row| Credential::basic(&row.account, &row.user, &row.secret)),
        );
    }
    if credentials.is_empty() {
        return Err(Problem::new(
            "there are no credentials: set TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_AUTH_TOKEN), or give --credentials",
        ));
    }
    Ok(credentials)
}
