//! Making organizations, accounts and keys: the one place that knows which documents, names and
//! scope keys belong to each. Callers add their ledger entry and commit.

use base::{AccountSid, KeySid, OrganizationSid, Sid, Timestamp};
use store::{Batch, Index, IndexValue, Name, NewDocument, Scope, Store, StoreError};

use crate::{
    Account, AccountFacts, AccountLimits, AccountStatus, ApiKey, ApiKeyFacts, Designation, KeyType,
    Organization, OrganizationFacts, Permission, Secret, Settings, SidText, key_secret_digest,
};

/// Adds an organization with a scope of its own.
pub fn add_organization(batch: &mut Batch, sid: OrganizationSid, facts: OrganizationFacts, now: Timestamp) {
    let scope = Scope::organization(sid);
    batch.in_scope(scope);
    batch.create_scope(scope);
    batch.insert::<Organization>(NewDocument::of(sid, now, facts));
    batch.name(Name::organization(sid), sid.to_string());
}

/// What a new account starts with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its SID.
    pub sid: AccountSid,
    /// Its owner; itself for a main account.
    pub owner: AccountSid,
    /// Its organization, if it is linked to one.
    pub organization: Option<OrganizationSid>,
    /// A name for people.
    pub friendly_name: String,
    /// Its auth token.
    pub primary_token: Secret,
    /// What it inherits, by truth table T1.
    pub designation: Designation,
    /// Its settings.
    pub settings: Settings,
}

/// Adds an account: a scope of its own for what it will own, and its document in its owner's scope.
pub fn add_account(batch: &mut Batch, new: NewAccount, now: Timestamp) {
    batch.create_scope(Scope::account(new.sid));
    let owner_scope = Scope::account(new.owner);
    batch.in_scope(owner_scope);
    let name = Index { key: "friendly_name", value: batch.free_text(&new.friendly_name) };
    let mut index = vec![plain("status", AccountStatus::Active.as_str()), name];
    if let Some(organization) = new.organization {
        index.push(plain("organization", &organization.to_string()));
    }
    batch.name(Name::account(new.sid), new.sid.to_string());
    batch.insert::<Account>(NewDocument {
        sid: new.sid,
        parent: None,
        created_at: now,
        event_at: None,
        facts: AccountFacts {
            friendly_name: new.friendly_name,
            status: AccountStatus::Active,
            owner: SidText(new.owner),
            organization: new.organization.map(SidText),
            primary_token: new.primary_token,
            secondary_token: None,
            designation: new.designation,
            settings: new.settings,
            limits: AccountLimits::default(),
            webhook_keys: Vec::new(),
        },
        content: None,
        index,
    });
}

/// Adds an API key to an account that exists already, and returns its SID and its secret, which is
/// not kept and cannot be shown again.
///
/// # Errors
/// [`StoreError`] when the account's key cannot be had.
pub async fn add_key(
    store: &Store,
    batch: &mut Batch,
    account: AccountSid,
    friendly_name: String,
    key_type: KeyType,
    permissions: &[Permission],
) -> Result<(KeySid, Secret), StoreError> {
    let scope = Scope::account(account);
    let sid = KeySid::generate(store.random().as_ref());
    let secret = Secret::generate(store.random().as_ref());
    let digest = key_secret_digest(&*store.scope(scope).digest_key().await?, secret.reveal());
    batch.in_scope(scope);
    batch.name(Name::key(sid), sid.to_string());
    batch.insert::<ApiKey>(NewDocument::of(
        sid,
        store.clock().now(),
        ApiKeyFacts {
            friendly_name,
            key_type,
            secret_digest: digest,
            permissions: permissions.iter().map(|permission| permission.to_string()).collect(),
        },
    ));
    Ok((sid, secret))
}

fn plain(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}
