//! Who exists in a test: one organization under an agreement, its accounts and keys, and a stranger.

use auth::provision::{NewAccount, add_account, add_key, add_organization};
use auth::{
    Agreement, AgreementFacts, Designation, DesignationMethod, KeyType, OrganizationFacts, Permission,
    Secret, Settings,
};
use base::{AccountSid, AgreementSid, OrganizationSid, Sid, Timestamp};
use store::{NewDocument, Scope, Store};

/// When the organization's package and agreement began: two weeks before the clock stands.
const BEGAN: &str = "2026-01-01T00:00:00Z";

/// Services the agreement covers, by the name that agreements use.
const COVERED: &[&str] = &[
    "accounts",
    "messaging",
    "lookup",
    "monitor",
    "voice",
    "video",
    "conversations",
    "verify",
    "taskrouter",
    "studio",
    "functions",
    "sync",
    "eventstreams",
    "segment",
];

/// A user name and a password, or neither.
#[derive(Clone, Debug)]
pub struct Credentials(Option<(String, Secret)>);

impl Credentials {
    /// These credentials.
    pub fn new(user: impl ToString, password: Secret) -> Self {
        Self(Some((user.to_string(), password)))
    }

    /// No credentials at all.
    pub const fn nobody() -> Self {
        Self(None)
    }

    /// The Authorization header's value.
    pub fn header(&self) -> Option<String> {
        let (user, password) = self.0.as_ref()?;
        let pair = format!("{user}:{}", password.reveal());
        Some(format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes())))
    }
}

impl AsRef<Credentials> for Credentials {
    fn as_ref(&self) -> &Credentials {
        self
    }
}

/// An account of the test's world.
#[derive(Clone, Debug)]
pub struct TestAccount {
    /// Its SID.
    pub sid: AccountSid,
    /// Its auth token.
    pub token: Secret,
    credentials: Credentials,
}

impl TestAccount {
    /// The scope of what it owns.
    pub fn scope(&self) -> Scope {
        Scope::account(self.sid)
    }

    /// Its SID and auth token.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn generate(store: &Store) -> Self {
        let sid = AccountSid::generate(store.random().as_ref());
        let token = Secret::generate(store.random().as_ref());
        Self { sid, credentials: Credentials::new(sid, token.clone()), token }
    }
}

impl AsRef<Credentials> for TestAccount {
    fn as_ref(&self) -> &Credentials {
        &self.credentials
    }
}

/// One API key of each type, all of the owner's account.
#[derive(Clone, Debug)]
pub struct Keys {
    /// May what the auth token may.
    pub main: Credentials,
    /// May everything but accounts and keys.
    pub standard: Credentials,
    /// May read messages and nothing else.
    pub restricted: Credentials,
}

/// Everyone.
pub(crate) struct World {
    pub(crate) organization: OrganizationSid,
    pub(crate) owner: TestAccount,
    pub(crate) hipaa: TestAccount,
    pub(crate) subaccount: TestAccount,
    pub(crate) other: TestAccount,
    pub(crate) keys: Keys,
}

impl World {
    pub(crate) async fn provision(store: &Store) -> Self {
        let now = store.clock().now();
        let organization = OrganizationSid::generate(store.random().as_ref());
        let [owner, hipaa, subaccount, other] = std::array::from_fn(|_| TestAccount::generate(store));

        let mut batch = store.batch(Scope::organization(organization));
        add_organization(&mut batch, organization, entitled(), now);
        batch.in_scope(Scope::organization(organization));
        batch.insert::<Agreement>(NewDocument::of(
            AgreementSid::generate(store.random().as_ref()),
            now,
            agreement(&hipaa),
        ));
        let main = |account: &TestAccount, name: &str, organization| NewAccount {
            sid: account.sid,
            owner: account.sid,
            organization,
            friendly_name: name.to_owned(),
            primary_token: account.token.clone(),
            designation: Designation::default(),
            settings: Settings::default(),
        };
        add_account(&mut batch, main(&owner, "Owner", Some(organization)), now);
        let mut project = main(&hipaa, "HIPAA project", Some(organization));
        project.designation = Designation {
            protected: true,
            phi_permitted: true,
            method: Some(DesignationMethod::SelfService),
            at: Some(now.micros()),
            by: Some(hipaa.sid.to_string()),
        };
        project.settings = Settings { body_redaction: true, number_redaction: true, ..Settings::default() };
        add_account(&mut batch, project, now);
        let below = NewAccount { owner: owner.sid, ..main(&subaccount, "Subaccount", Some(organization)) };
        add_account(&mut batch, below, now);
        add_account(&mut batch, main(&other, "Other", None), now);
        store.commit(batch).await.expect("the accounts are new");

        let keys = Keys {
            main: new_key(store, owner.sid, KeyType::Main, &[]).await,
            standard: new_key(store, owner.sid, KeyType::Standard, &[]).await,
            restricted: new_key(store, owner.sid, KeyType::Restricted, &[Permission::MessagesRead]).await,
        };
        Self { organization, owner, hipaa, subaccount, other, keys }
    }
}

pub(crate) async fn new_key(
    store: &Store,
    account: AccountSid,
    key_type: KeyType,
    permissions: &[Permission],
) -> Credentials {
    let mut batch = store.batch(Scope::account(account));
    let (sid, secret) = add_key(store, &mut batch, account, "Test key".into(), key_type, permissions)
        .await
        .expect("the account exists");
    store.commit(batch).await.expect("the key is new");
    Credentials::new(sid, secret)
}

fn began() -> i64 {
    Timestamp::parse_iso8601(BEGAN).expect("a constant").micros()
}

fn entitled() -> OrganizationFacts {
    OrganizationFacts {
        friendly_name: "Test organization".into(),
        entitled_from: Some(began()),
        entitled_until: None,
        entitlement_reference: Some("test".into()),
    }
}

fn agreement(named: &TestAccount) -> AgreementFacts {
    AgreementFacts {
        counterparty: "Test organization".into(),
        signer: "Test signer".into(),
        initiated_at: began(),
        signed_at: began(),
        effective_at: began(),
        expires_at: None,
        services: COVERED.iter().map(|service| (*service).to_owned()).collect(),
        permitted_uses: vec!["treatment".into()],
        permitted_disclosures: vec!["treatment".into()],
        safeguards: "45 CFR 164 subpart C".into(),
        breach_contact: "Test contact".into(),
        breach_deadline_days: 60,
        subcontractors: Vec::new(),
        named_accounts: vec![named.sid.to_string()],
        migrated: false,
    }
}
