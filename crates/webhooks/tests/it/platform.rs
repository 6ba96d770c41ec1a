//! A real store in a temporary folder, with an account in it whose webhooks are delivered.

use std::path::PathBuf;
use std::sync::Arc;

use auth::provision::{NewAccount, add_account};
use auth::{
    AccountStatus, Designation, RegisterFacts, Registered, Secret, Settings, SidText, StoredRegister,
    load_account,
};
use base::{AccountSid, Clock, PartySid, Sid, SystemClock, VirtualClock};
use jobs::Outcome;
use jobs::limits::LEASE;
use ledger::RecordedEntry;
use phi::{DataKey, KEY_BYTES, LocalKey, Phi, SystemRandom};
use rulebook::Date;
use statements::{Agreement, Party};
use store::{Database, Document, NewDocument, Options, Query, Scope, Share, Store, Waiting};
use tempfile::TempDir;
use webhooks::{
    Alert, DeliveryFacts, Method, QUEUE, Webhook, WebhookDelivery, Webhooks, WebhooksConfig, enqueue,
};

use crate::server::{TOKEN, parameters};

pub(crate) const RESOURCE: &str = "SM0123456789abcdef0123456789abcdef";
pub(crate) const PATIENT: &str = "+14155550123";

pub(crate) struct Platform {
    pub(crate) store: Store,
    pub(crate) webhooks: Webhooks,
    pub(crate) account: AccountSid,
    /// Stands until it is moved.
    pub(crate) clock: Arc<VirtualClock>,
    path: PathBuf,
    _folder: TempDir,
}

pub(crate) fn hipaa() -> Designation {
    Designation { protected: true, phi_permitted: true, ..Designation::default() }
}

impl Platform {
    pub(crate) async fn start(designation: Designation, settings: Settings) -> Platform {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let clock = Arc::new(VirtualClock::standing_at(SystemClock.now()));
        let store = open(&path, clock.clone()).await;
        let account = add(&store, designation, settings).await;
        Platform { webhooks: webhooks(&store), store, account, clock, path, _folder: folder }
    }

    /// Ends the process, so to speak, and starts it again on the same file.
    pub(crate) async fn restart(self) -> Platform {
        let Platform { store, webhooks, account, clock, path, _folder } = self;
        drop(webhooks);
        store.close().await;
        let store = open(&path, clock.clone()).await;
        Platform { webhooks: self::webhooks(&store), store, account, clock, path, _folder }
    }

    /// The same platform, with another account to act for.
    pub(crate) async fn with_another_account(self, designation: Designation) -> Platform {
        let account = add(&self.store, designation, Settings::default()).await;
        Platform { account, ..self }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::account(self.account)
    }

    /// Queues a webhook about a message, in a batch of its own.
    pub(crate) async fn queue(&self, method: Method, url: &str) {
        let mut batch = self.store.batch(self.scope());
        enqueue(&mut batch, webhook(method, url), self.store.clock().now(), None);
        self.store.commit(batch).await.unwrap();
    }

    /// Runs every job that is due, once.
    pub(crate) async fn work(&self) {
        let (jobs, now) = (self.store.jobs(), self.store.clock().now());
        let waiting = jobs.look(QUEUE, None).await.unwrap();
        let share = |waiting: Waiting| Share { lane: waiting.lane, limit: 10, due_by: now };
        let shares: Vec<_> = waiting.into_iter().map(share).collect();
        for lease in jobs.take(QUEUE, &shares, LEASE).await.unwrap().leases {
            assert!(!matches!(self.webhooks.run(&lease).await, Outcome::Failed(_)));
        }
    }

    pub(crate) async fn depth(&self) -> u64 {
        self.store.jobs().depth(QUEUE).await.unwrap()
    }

    pub(crate) async fn alerts(&self) -> Vec<Document<Alert>> {
        let query = Query { limit: 100, ..Query::default() };
        self.store.scope(self.scope()).list::<Alert>(query).await.unwrap().documents
    }

    /// The delivery log, oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryFacts> {
        let query = Query { limit: 1_000, oldest_first: true, ..Query::default() };
        let listed = self.store.scope(self.scope()).list::<WebhookDelivery>(query).await.unwrap();
        listed.documents.into_iter().map(|document| document.facts).collect()
    }

    /// What the ledger says was disclosed.
    pub(crate) async fn entries(&self) -> Vec<RecordedEntry> {
        entries(&self.store).await
    }

    /// Gives the account a register with these hosts, under an agreement that ends with the day `expires`.
    pub(crate) async fn register(&self, hosts: &[&str], expires: Date) {
        let party = Party {
            name: "Example Cloud".to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            agreement: Some(Agreement { signed: Date::parse("2020-01-01").unwrap(), expires: Some(expires) }),
            services: vec!["messaging".to_owned()],
            contact: "legal@cloud.example".to_owned(),
            ..Party::default()
        };
        let sid = SidText(PartySid::generate(&SystemRandom));
        let mut batch = self.store.batch(self.scope());
        batch.insert::<StoredRegister>(NewDocument {
            sid: self.account,
            parent: None,
            created_at: self.store.clock().now(),
            event_at: None,
            facts: RegisterFacts { parties: vec![Registered { sid, party }] },
            content: None,
            index: Vec::new(),
        });
        self.store.commit(batch).await.unwrap();
    }

    /// The present day.
    pub(crate) fn today(&self) -> Date {
        statements::day(self.store.clock().now())
    }

    pub(crate) async fn close_account(&self) {
        let now = self.store.clock().now();
        let account = load_account(&self.store, self.account, now).await.unwrap().unwrap().account;
        let mut account = Arc::unwrap_or_clone(account);
        account.facts.status = AccountStatus::Closed;
        let mut batch = self.store.batch(self.scope());
        batch.update(&account);
        self.store.commit(batch).await.unwrap();
    }
}

pub(crate) async fn entries(store: &Store) -> Vec<RecordedEntry> {
    let rows = store.journal().read(0, 100).await.unwrap();
    rows.iter().map(|row| serde_json::from_slice(&row.entry).unwrap()).collect()
}

pub(crate) fn webhook(method: Method, url: &str) -> Webhook {
    Webhook {
        resource_sid: RESOURCE.to_owned(),
        url: url.to_owned(),
        method,
        params: Phi::new(parameters(&[("MessageSid", RESOURCE), ("To", PATIENT), ("Body", "naïve & + é")])),
        event: "message-status",
    }
}

/// Another account in the same store.
pub(crate) async fn add(store: &Store, designation: Designation, settings: Settings) -> AccountSid {
    let sid = AccountSid::generate(&SystemRandom);
    let mut batch = store.batch(Scope::account(sid));
    let new = NewAccount {
        sid,
        owner: sid,
        organization: None,
        friendly_name: "clinic".to_owned(),
        primary_token: Secret::new(TOKEN.to_owned()),
        designation,
        settings,
    };
    add_account(&mut batch, new, store.clock().now());
    store.commit(batch).await.unwrap();
    sid
}

fn webhooks(store: &Store) -> Webhooks {
    let config = WebhooksConfig {
        allowed_private: vec!["127.0.0.1/32".parse().unwrap()],
        ..WebhooksConfig::default()
    };
    Webhooks::new(store.clone(), config).unwrap()
}

async fn open(path: &std::path::Path, clock: Arc<VirtualClock>) -> Store {
    let options = Options {
        database: Database::Sqlite(path.to_owned()),
        // The same master key in every opening.
        wrapper: Arc::new(LocalKey::new(DataKey::from_bytes([7; KEY_BYTES]))),
        clock,
        random: Arc::new(SystemRandom),
    };
    Store::open(options).await.unwrap()
}
