//! A ledger on a real database, and copies of it that somebody with the file has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{AccountSid, SeededRandom, Sid, Timestamp, VirtualClock};
use ledger::merkle::Tree;
use ledger::{Action, Actor, Entry, Purpose, Report};
use phi::{KeyWrapper, LocalKey};
use rusqlite::Connection;
use store::{Database, Options, Scope, Store};
use tempfile::TempDir;

const FILE: &str = "switchward.db";

/// The folder of a closed database and the key that opens it.
pub struct Bench {
    folder: TempDir,
    wrapper: Arc<LocalKey>,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), wrapper: Arc::new(LocalKey::generate()) }
    }

    /// A ledger of `total` entries with a checkpoint at each of these sizes.
    pub async fn with_entries(total: u64, checkpoints: &[u64]) -> Self {
        let bench = Self::new();
        let store = bench.open().await;
        let (mut written, mut tree) = (0, Tree::default());
        for &size in checkpoints.iter().filter(|size| **size != total).chain([&total]) {
            fill(&store, written, size).await;
            written = size;
            if checkpoints.contains(&size) {
                let made = ledger::checkpoint(&store, &mut tree).await.unwrap();
                assert_eq!(made.map(|made| made.size), Some(size));
            }
        }
        store.close().await;
        bench
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    pub async fn open(&self) -> Store {
        open(self.folder.path(), Arc::<LocalKey>::clone(&self.wrapper)).await
    }

    /// A connection beside the store, as somebody with the file has it.
    pub fn connect(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    /// Changes a copy of the file and verifies the copy.
    pub async fn verify_changed(&self, change: impl FnOnce(&mut Connection)) -> Report {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(self.file(), copy.path().join(FILE)).unwrap();
        let mut connection = Connection::open(copy.path().join(FILE)).unwrap();
        change(&mut connection);
        connection.close().unwrap();
        let store = open(copy.path(), Arc::<LocalKey>::clone(&self.wrapper)).await;
        let report = ledger::verify(&store).await.expect("a journal, however altered, can be judged");
        store.close().await;
        report
    }
}

async fn open(folder: &Path, wrapper: Arc<dyn KeyWrapper>) -> Store {
    let options = Options {
        database: Database::Sqlite(folder.join(FILE)),
        wrapper,
        clock: Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(1_700_000_000))),
        random: Arc::new(SeededRandom::new(7)),
    };
    Store::open(options).await.unwrap()
}

/// Adds the entries from `written` to `size`, in two scopes, many in one commit.
pub async fn fill(store: &Store, written: u64, size: u64) {
    let mut batch = store.batch(Scope::SYSTEM);
    for number in written..size - 1 {
        batch.in_scope(if number % 3 == 0 { Scope::SYSTEM } else { Scope::account(account()) });
        batch.record(entry(number).to_bytes());
    }
    let proof = ledger::commit(store, batch, &entry(size - 1)).await.unwrap();
    assert_eq!(proof.sequence(), size);
}

pub fn account() -> AccountSid {
    AccountSid::from_bytes([0x11; 16])
}

pub fn entry(number: u64) -> Entry {
    Entry {
        actor: Actor::AuthToken(account()),
        action: Action("fetch_message"),
        sids: vec![format!("SM{number:032x}")],
        fields: &["body"],
        purpose: Purpose::ApiRequest,
        source: Some([192, 0, 2, 7].into()),
    }
}
