//! What is remembered between requests: never out of date, whoever writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store::{Database, Kind, NewDocument, Scope, Store, StoreError};

use crate::harness::{Bench, Facts, Message, account, message, now, sid, store_with};

/// A kind that every request reads.
struct Setting;

impl Kind for Setting {
    const NAME: &'static str = "setting";
    type Sid = base::MessageSid;
    type Facts = Facts;
    type Content = ();
    const STEADY: bool = true;
}

/// The setting's value, and how often it was looked up in the database.
struct Reader {
    scope: Scope,
    lookups: Arc<AtomicUsize>,
}

impl Reader {
    async fn value(&self, store: &Store) -> Result<Option<String>, StoreError> {
        let (scope, lookups) = (self.scope, Arc::clone(&self.lookups));
        let known = store.steady("setting".into(), |steady| async move {
            lookups.fetch_add(1, Ordering::SeqCst);
            Ok(steady.get::<Setting>(scope, sid(1)).await?.map(|setting| setting.facts.status))
        });
        Ok(known.await?.as_ref().clone())
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

async fn insert(store: &Store, scope: Scope) {
    let mut batch = store.batch(scope);
    batch.insert::<Setting>(NewDocument {
        sid: sid(1),
        parent: None,
        created_at: now(store),
        event_at: None,
        facts: Facts { status: "first".into() },
        content: None,
        index: Vec::new(),
    });
    store.commit(batch).await.unwrap();
}

async fn change(store: &Store, scope: Scope, status: &str) {
    let mut setting = store.scope(scope).get::<Setting>(sid(1)).await.unwrap().unwrap();
    setting.facts.status = status.into();
    let mut batch = store.batch(scope);
    batch.update(&setting);
    store.commit(batch).await.unwrap();
}

pub(crate) async fn what_is_steady_is_read_once_until_something_steady_is_written(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let reader = Reader { scope, lookups: Arc::default() };
    for _ in 0..3 {
        assert_eq!(reader.value(&store).await.unwrap(), None);
    }
    assert_eq!(reader.lookups(), 1, "that there is none is remembered too");
    insert(&store, scope).await;
    assert_eq!(reader.value(&store).await.unwrap().as_deref(), Some("first"));
    change(&store, scope, "second").await;
    assert_eq!(reader.value(&store).await.unwrap().as_deref(), Some("second"));
    assert_eq!(reader.lookups(), 3);

    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(2, now(&store), "hello"));
    store.commit(batch).await.unwrap();
    assert_eq!(reader.value(&store).await.unwrap().as_deref(), Some("second"));
    assert_eq!(reader.lookups(), 3, "messages are not steady and make nothing be read anew");
}

pub(crate) async fn what_another_process_writes_is_seen_at_once(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    insert(&store, scope).await;
    // An SQLite file has one process, so there it is the same one.
    let other = match bench.database {
        Database::Sqlite(_) => store.clone(),
        Database::Postgres(_) => bench.open().await,
    };
    let reader = Reader { scope, lookups: Arc::default() };
    for round in 0..20 {
        let status = format!("round {round}");
        change(&other, scope, &status).await;
        assert_eq!(reader.value(&store).await.unwrap(), Some(status));
    }
}

pub(crate) async fn nothing_is_remembered_of_a_destroyed_scope(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    insert(&store, scope).await;
    let reader = Reader { scope, lookups: Arc::default() };
    assert!(reader.value(&store).await.unwrap().is_some());
    store.destroy_scope(scope).await.unwrap();
    assert_eq!(reader.value(&store).await, Err(StoreError::Sealed));
}

pub(crate) async fn readers_beside_a_writer_never_go_back(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    insert(&store, scope).await;
    change(&store, scope, "0000").await;
    let reading = (0..8).map(|_| {
        let (store, reader) = (store.clone(), Reader { scope, lookups: Arc::default() });
        tokio::spawn(async move {
            let mut last = String::new();
            while last != "0030" {
                let value = reader.value(&store).await.unwrap().unwrap();
                assert!(value >= last, "{value} after {last}");
                last = value;
                tokio::task::yield_now().await;
            }
        })
    });
    let reading: Vec<_> = reading.collect();
    for number in 1..=30 {
        change(&store, scope, &format!("{number:04}")).await;
    }
    for reader in reading {
        reader.await.unwrap();
    }
}
