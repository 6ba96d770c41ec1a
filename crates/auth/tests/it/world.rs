//! An organization with accounts and keys, made by the one place that makes them.

use std::sync::Arc;

use auth::provision::{NewAccount, add_account, add_key, add_organization};
use auth::{
    Agreement, AgreementFacts, ApiKey, Designation, KeyType, OrganizationFacts, Permission, Secret, Settings,
};
use base::{AccountSid, AgreementSid, KeySid, OrganizationSid, Sid, Timestamp, VirtualClock};
use phi::{LocalKey, SystemRandom};
use store::{Database, NewDocument, Options, Scope, Store};
use tempfile::TempDir;

/// When the clock stands, in seconds.
pub const NOW: i64 = 1_760_000_000;

pub struct World {
    pub store: Store,
    pub clock: Arc<VirtualClock>,
    _folder: TempDir,
}

impl World {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(NOW)));
        let store = Store::open(Options {
            database: Database::Sqlite(folder.path().join("switchward.db")),
            wrapper: Arc::new(LocalKey::generate()),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        });
        Self { store: store.await.unwrap(), clock, _folder: folder }
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    pub fn account_sid(&self) -> AccountSid {
        AccountSid::generate(self.store.random().as_ref())
    }

    pub async fn organization(&self) -> OrganizationSid {
        let sid = OrganizationSid::generate(self.store.random().as_ref());
        let facts = OrganizationFacts {
            friendly_name: "Organization".into(),
            entitled_from: None,
            entitled_until: None,
            entitlement_reference: None,
        };
        let mut batch = self.store.batch(Scope::organization(sid));
        add_organization(&mut batch, sid, facts, self.now());
        self.store.commit(batch).await.unwrap();
        sid
    }

    /// A main account, or a subaccount of `owner`; its token is `token`.
    pub async fn account(
        &self,
        owner: Option<AccountSid>,
        organization: Option<OrganizationSid>,
        token: &str,
    ) -> AccountSid {
        let sid = self.account_sid();
        let mut batch = self.store.batch(Scope::account(sid));
        let new = NewAccount {
            sid,
            owner: owner.unwrap_or(sid),
            organization,
            friendly_name: "Account".into(),
            primary_token: Secret::new(token.to_owned()),
            designation: Designation::default(),
            settings: Settings::default(),
        };
        add_account(&mut batch, new, self.now());
        self.store.commit(batch).await.unwrap();
        sid
    }

    pub async fn key(
        &self,
        account: AccountSid,
        key_type: KeyType,
        permissions: &[Permission],
    ) -> (KeySid, Secret) {
        let mut batch = self.store.batch(Scope::account(account));
        let made =
            add_key(&self.store, &mut batch, account, "Key".into(), key_type, permissions).await.unwrap();
        self.store.commit(batch).await.unwrap();
        made
    }

    /// Changes the stored permission names of a key, as an older program would have written them.
    pub async fn list_permissions(&self, account: AccountSid, key: KeySid, names: &[&str]) {
        let scope = Scope::account(account);
        let mut document = self.store.scope(scope).get::<ApiKey>(key).await.unwrap().unwrap();
        document.facts.permissions = names.iter().map(|name| (*name).to_owned()).collect();
        let mut batch = self.store.batch(scope);
        batch.update(&document);
        self.store.commit(batch).await.unwrap();
    }

    /// An agreement in force from `effective` until `expires`, in seconds from now.
    pub async fn agreement(
        &self,
        organization: OrganizationSid,
        signed: i64,
        effective: i64,
        expires: Option<i64>,
    ) {
        let at = |seconds: i64| Timestamp::from_seconds(NOW + seconds).micros();
        let scope = Scope::organization(organization);
        let mut batch = self.store.batch(scope);
        batch.insert::<Agreement>(NewDocument {
            sid: AgreementSid::generate(self.store.random().as_ref()),
            parent: None,
            created_at: self.now(),
            event_at: None,
            facts: AgreementFacts {
                counterparty: "Organization".into(),
                signer: "Signer".into(),
                initiated_at: at(signed),
                signed_at: at(signed),
                effective_at: at(effective),
                expires_at: expires.map(at),
                services: vec!["messaging".into(), "lookup".into()],
                permitted_uses: Vec::new(),
                permitted_disclosures: Vec::new(),
                safeguards: String::new(),
                breach_contact: String::new(),
                breach_deadline_days: 60,
                subcontractors: Vec::new(),
                named_accounts: Vec::new(),
                migrated: false,
            },
            content: None,
            index: Vec::new(),
        });
        self.store.commit(batch).await.unwrap();
    }
}
