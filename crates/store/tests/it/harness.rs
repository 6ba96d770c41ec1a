//! What every test needs: a database of its own, a standing clock, a document kind, and a way to
//! look at the database from outside.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use base::{AccountSid, Clock, MessageSid, SeededRandom, Sid, Timestamp, VirtualClock};
use phi::{DataKey, KeyWrapper, LocalKey, Phi, Proof, SystemRandom, WrapError, WrappedKey};
use serde::{Deserialize, Serialize};
use store::{Database, Document, Kind, NewDocument, OpenError, Options, Scope, Store};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const POSTGRES: &str = "SWITCHWARD_TEST_POSTGRES";

/// A message, as a document kind.
pub(crate) struct Message;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) body: String,
}

impl Kind for Message {
    const NAME: &'static str = "message";
    type Sid = MessageSid;
    type Facts = Facts;
    type Content = Content;
}

/// Another kind with the same SIDs.
pub(crate) struct Draft;

impl Kind for Draft {
    const NAME: &'static str = "draft";
    type Sid = MessageSid;
    type Facts = Facts;
    type Content = Content;
}

/// A master key that is the same for the same seed.
pub(crate) fn master_key(seed: u64) -> Arc<dyn KeyWrapper> {
    Arc::new(LocalKey::new(DataKey::generate(&SeededRandom::new(seed))))
}

/// A holder of a master key that can be made to fail.
pub(crate) struct Holder {
    id: String,
    key: LocalKey,
    failure: Mutex<Option<WrapError>>,
    /// How many keys it opened.
    pub(crate) opened: AtomicU32,
}

impl Holder {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let key = LocalKey::new(DataKey::generate(&SeededRandom::new(seed)));
        let (failure, opened) = (Mutex::default(), AtomicU32::default());
        Arc::new(Self { id: key.key_id().to_owned(), key, failure, opened })
    }

    /// A holder that claims this id and always fails.
    pub(crate) fn failing(id: &str, failure: WrapError) -> Arc<Self> {
        let (failure, opened) = (Mutex::new(Some(failure)), AtomicU32::default());
        Arc::new(Self { id: id.to_owned(), key: LocalKey::generate(), failure, opened })
    }

    pub(crate) fn fail_with(&self, failure: Option<WrapError>) {
        *self.failure.lock().unwrap() = failure;
    }

    fn check(&self) -> Result<(), WrapError> {
        self.failure.lock().unwrap().map_or(Ok(()), Err)
    }
}

impl KeyWrapper for Holder {
    fn key_id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError> {
        self.check()?;
        self.key.wrap(identity, key)
    }

    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError> {
        self.check()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.key.unwrap(key_id, identity, wrapped)
    }
}

/// A database of one test.
pub(crate) struct Bench {
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) wrapper: Arc<dyn KeyWrapper>,
}

impl Bench {
    /// A bench on a database that is there already.
    pub(crate) fn on(database: Database) -> Self {
        Self::new(database, TempDir::new().unwrap())
    }

    fn new(database: Database, folder: TempDir) -> Self {
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(1_700_000_000)));
        Self { database, folder, clock, wrapper: master_key(1) }
    }

    pub(crate) async fn try_open(&self, wrapper: Arc<dyn KeyWrapper>) -> Result<Store, OpenError> {
        Store::open(Options {
            database: self.database.clone(),
            wrapper,
            clock: self.clock.clone(),
            random: Arc::new(SystemRandom),
        })
        .await
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open(Arc::clone(&self.wrapper)).await.expect("the database opens")
    }

    /// Gives every scope a new key.
    pub(crate) async fn rotate(&self, store: &Store) -> u64 {
        self.clock.advance(std::time::Duration::from_secs(1));
        let moved = store.rotation().rotate(self.clock.now(), |_| b"rotated".to_vec()).await;
        moved.expect("nothing else rotates").keys
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        match &self.database {
            Database::Sqlite(path) => {
                rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
            }
            Database::Postgres(url) => connect(url).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Breaks every connection to the server; a file has none.
    pub(crate) async fn break_connections(&self) {
        if let Database::Postgres(_) = self.database {
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        }
    }

    /// Makes the database refuse rows of the journal.
    pub(crate) async fn refuse_journal(&self) {
        let sql = match self.database {
            Database::Sqlite(_) => {
                "CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END"
            }
            Database::Postgres(_) => {
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
                CREATE TRIGGER refuse BEFORE INSERT ON journal EXECUTE FUNCTION refuse()"
            }
        };
        self.execute(sql).await;
    }

    /// Makes it accept them again.
    pub(crate) async fn accept_journal(&self) {
        let on_table = if matches!(self.database, Database::Postgres(_)) { " ON journal" } else { "" };
        self.execute(&format!("DROP TRIGGER refuse{on_table}")).await;
    }

    /// Runs a query in a transaction that lasts until the answer is dropped; a file has none.
    pub(crate) async fn hold(&self, sql: &str) -> Option<Client> {
        let Database::Postgres(url) = &self.database else { return None };
        let client = connect(url).await;
        client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
        Some(client)
    }

    /// How many connections to the server's database wait for a lock.
    pub(crate) async fn waiting(&self) -> i64 {
        self.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .await
    }

    /// Reads one number behind the store's back.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match &self.database {
            Database::Sqlite(path) => {
                rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Database::Postgres(url) => connect(url).await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }

    /// Reads bytes behind the store's back.
    pub(crate) async fn bytes(&self, sql: &str) -> Vec<u8> {
        match &self.database {
            Database::Sqlite(path) => {
                rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Database::Postgres(url) => connect(url).await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }

    /// Whether the bytes are anywhere in what the database keeps: in any file of SQLite's folder,
    /// or in any row of PostgreSQL (as text and as hex).
    pub(crate) async fn keeps(&self, needle: &[u8]) -> bool {
        match &self.database {
            Database::Sqlite(_) => std::fs::read_dir(self.folder.path()).unwrap().any(|entry| {
                let content = std::fs::read(entry.unwrap().path()).unwrap();
                content.windows(needle.len()).any(|window| window == needle)
            }),
            Database::Postgres(url) => {
                let client = connect(url).await;
                let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
                let hex = data_encoding::HEXLOWER.encode(needle);
                let text = String::from_utf8_lossy(needle).into_owned();
                for table in client.query(tables, &[]).await.unwrap() {
                    let table: String = table.get(0);
                    let dump = format!("SELECT t::text FROM {table} t");
                    for row in client.query(&dump, &[]).await.unwrap() {
                        let row: String = row.get(0);
                        if row.contains(&hex) || row.contains(&text) {
                            return true;
                        }
                    }
                }
                false
            }
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    client
}

type Test<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(crate) fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}

pub(crate) fn on_sqlite(test: impl AsyncFnOnce(&Bench)) {
    let folder = TempDir::new().unwrap();
    let bench = Bench::new(Database::Sqlite(folder.path().join("store.db")), folder);
    block_on(test(&bench));
}

pub(crate) fn on_postgres(test: impl AsyncFnOnce(&Bench)) {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var(POSTGRES) else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"skipped: SWITCHWARD_TEST_POSTGRES is not set\n",
        );
        return;
    };
    block_on(async {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("switchward_test_{}_{number}", std::process::id());
        let admin = connect(&server).await;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let bench = Bench::new(Database::Postgres(of_database(&server, &name)), TempDir::new().unwrap());
        let drop_it = DropDatabase { server: server.clone(), name };
        let test: Test<'_> = Box::pin(test(&bench));
        test.await;
        drop(drop_it);
    });
}

/// The server's URL with another database: as key-value string or as URL.
fn of_database(server: &str, name: &str) -> String {
    if !server.contains("://") {
        return format!("{server} dbname={name}");
    }
    let (base, query) = server.split_once('?').map_or((server, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let base = base[authority..].find('/').map_or(base, |at| &base[..authority + at]);
    query.map_or(format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}

/// Drops the database at the end of the test, failed or not.
struct DropDatabase {
    server: String,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        let dropping = std::thread::spawn(move || {
            block_on(async move {
                let _ = connect(&server).await.batch_execute(&sql).await;
            });
        });
        let _ = dropping.join();
    }
}

/// The proof that tests open content with.
pub(crate) fn proof() -> Proof {
    Proof::issue(0)
}

pub(crate) fn account(seed: u64) -> Scope {
    Scope::account(AccountSid::generate(&SeededRandom::new(seed)))
}

pub(crate) fn sid(number: u64) -> MessageSid {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    MessageSid::from_bytes(bytes)
}

pub(crate) fn message<K: Kind<Sid = MessageSid, Facts = Facts, Content = Content>>(
    number: u64,
    at: Timestamp,
    body: &str,
) -> NewDocument<K> {
    NewDocument {
        sid: sid(number),
        parent: None,
        created_at: at,
        event_at: None,
        facts: Facts { status: "queued".into() },
        content: Some(Phi::new(Content { body: body.into() })),
        index: Vec::new(),
    }
}

pub(crate) fn body(document: &Document<Message>) -> Option<String> {
    document.content.as_ref().map(|content| content.open(&proof()).body.clone())
}

/// A store with one account that can be written.
pub(crate) async fn store_with(bench: &Bench, scope: Scope) -> Store {
    let store = bench.open().await;
    let mut batch = store.batch(scope);
    batch.create_scope(scope);
    store.commit(batch).await.expect("a new scope");
    store
}

/// The present of the bench's clock.
pub(crate) fn now(store: &Store) -> Timestamp {
    store.clock().now()
}
