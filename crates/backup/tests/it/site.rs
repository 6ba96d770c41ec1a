//! A database with documents, names, jobs and a ledger, and a folder for its backups.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backup::{BackupError, Created, Restored, SecretFile, Source, Target, create, restore};
use base::{AccountSid, MessageSid, SeededRandom, Sid, Timestamp, VirtualClock};
use blobs::Blobs;
use ledger::{Action, Actor, Entry, Purpose};
use phi::{KeyWrapper, LocalKey, Phi, SystemRandom};
use serde::{Deserialize, Serialize};
use store::{
    Database, Index, IndexValue, Kind, Lease, Name, NewDocument, NewJob, Options, Scope, Share, Store,
    Waiting,
};
use tempfile::TempDir;
use tokio_postgres::NoTls;
use zeroize::Zeroizing;

pub(crate) struct Message;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) status: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) body: String,
}

impl Kind for Message {
    const NAME: &'static str = "message";
    type Sid = MessageSid;
    type Facts = Facts;
    type Content = Content;
}

pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) wrapper: Arc<dyn KeyWrapper>,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) store: Store,
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Every kind of database there is here.
pub(crate) fn kinds() -> Vec<On> {
    match std::env::var("SWITCHWARD_TEST_POSTGRES") {
        Ok(_) => vec![On::Sqlite, On::Postgres],
        Err(_) => vec![On::Sqlite],
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A database that is there but empty: a file's path, or a new database of the test server.
pub(crate) async fn empty(on: On, folder: &Path) -> Database {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    match on {
        On::Sqlite => Database::Sqlite(folder.join(format!("{number}.db"))),
        On::Postgres => {
            let server = std::env::var("SWITCHWARD_TEST_POSTGRES").unwrap();
            let name = format!("switchward_backup_{}_{number}", std::process::id());
            let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
            client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
            let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
            Database::Postgres(format!("{base}/{name}"))
        }
    }
}

/// Removes a database of the test server.
pub(crate) async fn remove(database: &Database) {
    if let Database::Postgres(url) = database {
        let (base, name) = url.rsplit_once('/').unwrap();
        let (client, connection) = tokio_postgres::connect(&format!("{base}/postgres"), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    }
}

pub(crate) fn account(seed: u64) -> Scope {
    Scope::account(AccountSid::generate(&SeededRandom::new(seed)))
}

pub(crate) fn sid(number: u64) -> MessageSid {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    MessageSid::from_bytes(bytes)
}

pub(crate) fn entry(action: &'static str) -> Entry {
    Entry {
        actor: Actor::System,
        action: Action(action),
        sids: Vec::new(),
        fields: &[],
        purpose: Purpose::ApiRequest,
        source: None,
    }
}

pub(crate) async fn open(
    database: &Database,
    wrapper: &Arc<dyn KeyWrapper>,
    clock: &Arc<VirtualClock>,
) -> Store {
    let options = Options {
        database: database.clone(),
        wrapper: Arc::clone(wrapper),
        clock: Arc::<VirtualClock>::clone(clock),
        random: Arc::new(SystemRandom),
    };
    Store::open(options).await.unwrap()
}

impl Site {
    pub(crate) async fn start(on: On) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = empty(on, folder.path()).await;
        let wrapper: Arc<dyn KeyWrapper> = Arc::new(LocalKey::generate());
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(1_760_000_000)));
        let store = open(&database, &wrapper, &clock).await;
        let site = Self { folder, database, wrapper, clock, store };
        for seed in [1, 2] {
            let mut batch = site.store.batch(account(seed));
            batch.create_scope(account(seed));
            batch.name(Name::custom("account", &seed.to_string()), seed.to_string());
            site.store.commit(batch).await.unwrap();
        }
        site
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    /// A message with its name, its job and its ledger entry, as products write one.
    pub(crate) async fn write(&self, scope: Scope, number: u64) {
        write(&self.store, scope, number).await;
    }

    /// A backup, a second later.
    pub(crate) async fn back_up(&self) -> Created {
        self.clock.advance(Duration::from_secs(1));
        self.try_back_up().await.unwrap()
    }

    pub(crate) async fn try_back_up(&self) -> Result<Created, BackupError> {
        let files = vec![SecretFile { name: "ca.pem".into(), bytes: Zeroizing::new(b"authority".to_vec()) }];
        create(&self.store, Arc::clone(&self.wrapper), self.folder(), files, Some(self.blobs()), |_| ()).await
    }

    pub(crate) async fn restore(
        &self,
        content: Option<PathBuf>,
        database: Database,
    ) -> Result<Restored, BackupError> {
        let source = Source { folder: self.folder(), content, wrapper: Arc::clone(&self.wrapper) };
        let clock = Arc::<VirtualClock>::clone(&self.clock);
        restore(
            source,
            Target { database, clock, blobs: Some(self.restored_blobs()), expected_root: None },
            |_| (),
        )
        .await
    }

    /// The blobs that are backed up.
    pub(crate) fn blobs(&self) -> Blobs {
        Blobs::in_folder(&self.folder.path().join("blobs")).unwrap()
    }

    /// Where they are put back.
    pub(crate) fn restored_blobs(&self) -> Blobs {
        Blobs::in_folder(&self.folder.path().join("blobs-restored")).unwrap()
    }

    pub(crate) async fn open(&self, database: &Database) -> Store {
        open(database, &self.wrapper, &self.clock).await
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
        remove(&self.database).await;
    }
}

pub(crate) async fn write(store: &Store, scope: Scope, number: u64) {
    let mut batch = store.batch(scope);
    let now = store.clock().now();
    batch.insert::<Message>(NewDocument {
        sid: sid(number),
        parent: None,
        created_at: now,
        event_at: Some(now),
        facts: Facts { status: "queued".into() },
        content: Some(Phi::new(Content { body: text(number) })),
        index: vec![Index { key: "status", value: IndexValue::Plain("queued".into()) }],
    });
    batch.name(Name::custom("message", &number.to_string()), number.to_string());
    batch.enqueue(NewJob {
        queue: "send",
        lane: None,
        ordering_key: Some(scope.to_string()),
        due_at: now,
        payload: text(number).into_bytes(),
    });
    ledger::commit(store, batch, &entry("create_message")).await.unwrap();
}

pub(crate) fn text(number: u64) -> String {
    format!("text of message {number}")
}

/// The text of a message: `None` when there is no such message, an inner `None` when it has no text.
pub(crate) async fn body(store: &Store, scope: Scope, number: u64) -> Option<Option<String>> {
    let found = store.scope(scope).get::<Message>(sid(number)).await.unwrap()?;
    let proof = ledger::disclose(store, Scope::SYSTEM, &entry("fetch_message")).await.unwrap();
    Some(found.content.map(|content| content.open(&proof).body.clone()))
}

/// Takes every job that can be done now: the first of each key.
pub(crate) async fn take(store: &Store) -> Vec<Lease> {
    let now = store.clock().now();
    let waiting = store.jobs().look("send", None).await.unwrap();
    let share = |waiting: Waiting| Share { lane: waiting.lane, limit: 1_000, due_by: now };
    let shares: Vec<_> = waiting.into_iter().map(share).collect();
    store.jobs().take("send", &shares, Duration::from_secs(30)).await.unwrap().leases
}

/// Does every job, in order, and returns their payloads.
pub(crate) async fn do_jobs(store: &Store) -> Vec<String> {
    let mut done = Vec::new();
    loop {
        let leases = take(store).await;
        if leases.is_empty() {
            return done;
        }
        for lease in leases {
            done.push(String::from_utf8(lease.payload.clone()).unwrap());
            let mut batch = store.batch(lease.scope);
            batch.finish(&lease);
            store.commit(batch).await.unwrap();
        }
    }
}
