//! From a user name and password to a principal.
//!
//! Two dialects of HTTP Basic, as the SDKs send them: account SID and auth token (primary or
//! secondary), or API key SID and secret. The operator has a token of its own, in the data folder.

use base::{AccountSid, KeySid};
use ledger::Actor;
use phi::{DigestKey, constant_time_eq};
use store::{Name, Scope, Store, StoreError};

use crate::{ApiKey, KeyType, Permission, Secret, load_account};

/// What a principal may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Everything in its account and subaccounts: an auth token or a main key.
    Full,
    /// Everything in its account but accounts and keys: a standard key.
    Standard,
    /// What it lists: a restricted key, or a person's role.
    Only(Vec<Permission>),
    /// What the operator does at the machine, in any account.
    Operator,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who, for the ledger. Already able to hold a person.
    pub actor: Actor,
    /// The account the credentials belong to; the operator has none.
    pub account: Option<AccountSid>,
    /// What it may do.
    pub grant: Grant,
}

impl Principal {
    /// Whether it holds `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.grant {
            Grant::Full | Grant::Operator => true,
            Grant::Standard => !permission.is_administrative(),
            Grant::Only(list) => list.contains(&permission),
        }
    }

    /// Whether its credentials reach beyond its own account, to the account's subaccounts.
    pub fn reaches_subaccounts(&self) -> bool {
        matches!(self.grant, Grant::Full | Grant::Operator)
    }
}

/// Why authentication failed. The caller is told "401" in either of the first two cases.
#[derive(Debug)]
pub enum AuthFailure {
    /// Unknown user or wrong password.
    Refused,
    /// The store could not be asked.
    Store(StoreError),
}

impl From<StoreError> for AuthFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The user name of the operator.
const OPERATOR: &str = "operator";

/// The digest an API key's secret is kept as.
pub fn key_secret_digest(key: &DigestKey, secret: &str) -> [u8; 32] {
    key.digest("api-key-secret", secret.as_bytes()).0
}

/// Checks a user name and password.
///
/// # Errors
/// [`AuthFailure::Refused`] for any wrong pair, [`AuthFailure::Store`] when it cannot be checked.
pub async fn authenticate(
    store: &Store,
    operator: Option<&Secret>,
    user: &str,
    password: &str,
) -> Result<Principal, AuthFailure> {
    if user == OPERATOR {
        return match operator {
            Some(token) if token.matches(password) => {
                Ok(Principal { actor: Actor::Operator, account: None, grant: Grant::Operator })
            }
            _ => Err(AuthFailure::Refused),
        };
    }
    if let Ok(sid) = user.parse::<AccountSid>() {
        return by_token(store, sid, password).await;
    }
    if let Ok(sid) = user.parse::<KeySid>() {
        return by_key(store, sid, password).await;
    }
    Err(AuthFailure::Refused)
}

async fn by_token(store: &Store, sid: AccountSid, token: &str) -> Result<Principal, AuthFailure> {
    let account = load_account(store, sid, store.clock().now()).await?.ok_or(AuthFailure::Refused)?.account;
    let primary = account.facts.primary_token.matches(token);
    let secondary = account.facts.secondary_token.as_ref().is_some_and(|secret| secret.matches(token));
    if !(primary | secondary) {
        return Err(AuthFailure::Refused);
    }
    Ok(Principal { actor: Actor::AuthToken(sid), account: Some(sid), grant: Grant::Full })
}

async fn by_key(store: &Store, sid: KeySid, secret: &str) -> Result<Principal, AuthFailure> {
    let known = store.steady(sid.to_string(), |steady| async move {
        let Some(located) = steady.locate(&Name::key(sid)).await? else { return Ok(None) };
        Ok(steady.get::<ApiKey>(located.scope, sid).await?.map(|key| (located.scope, key)))
    });
    let known = known.await?;
    let Some((scope, key)) = known.as_ref() else { return Err(AuthFailure::Refused) };
    let Some(account) = account_of(*scope) else { return Err(AuthFailure::Refused) };
    let digest = key_secret_digest(&*store.scope(*scope).digest_key().await?, secret);
    if !constant_time_eq(&digest, &key.facts.secret_digest) {
        return Err(AuthFailure::Refused);
    }
    let grant = match key.facts.key_type {
        KeyType::Main => Grant::Full,
        KeyType::Standard => Grant::Standard,
        KeyType::Restricted => Grant::Only(key.facts.granted()),
    };
    Ok(Principal { actor: Actor::Key(sid), account: Some(account), grant })
}

/// The account whose scope this is.
fn account_of(scope: Scope) -> Option<AccountSid> {
    scope.to_string().parse().ok()
}
