//! Keys: rotation of the master key and of scope keys, and crypto-shredding of a scope.

use std::sync::Arc;
use std::time::Duration;

use phi::KeyWrapper;
use store::{Lane, NewJob, OpenError, Scope, Share, StoreError};

use crate::harness::{Bench, Message, TestWrapper, account, body, message, now, sid, store_with};

pub(crate) async fn rewrapping_changes_the_master_key(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "hello"));
    store.commit(batch).await.unwrap();
    let old = bench.bytes("SELECT wrapped FROM scope_keys WHERE scope = 'system'").await;

    let second: Arc<dyn KeyWrapper> = TestWrapper::new("second", 2);
    assert_eq!(store.rewrap_keys(Arc::clone(&second)).await.unwrap(), 2);
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!(body(&found).as_deref(), Some("hello"));
    let mut batch = store.batch(account(2));
    batch.create_scope(account(2));
    store.commit(batch).await.unwrap();
    store.close().await;

    let refused = bench.try_open(Arc::clone(&bench.wrapper)).await.err();
    assert_eq!(refused, Some(OpenError::MasterKey { wanted: "second".into(), given: "first".into() }));
    let store = bench.try_open(second).await.unwrap();
    assert!(
        store.scope(account(2)).digest_key().await.is_ok(),
        "keys made after the change are under the new one"
    );
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!(body(&found).as_deref(), Some("hello"));
    store.close().await;
    assert!(!bench.keeps(&old).await);
}

pub(crate) async fn a_rotated_scope_reads_old_and_new(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let digest = store.scope(scope).digest_key().await.unwrap().digest("to", b"x");
    for number in 1..=3_u32 {
        let mut batch = store.batch(scope);
        batch.insert::<Message>(message(number.into(), now(&store), "hello"));
        store.commit(batch).await.unwrap();
        assert_eq!(store.rotate_scope_key(scope).await.unwrap(), number + 1);
    }
    let mut first = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    first.facts.status = "sent".into();
    let mut batch = store.batch(scope);
    batch.update(&first);
    store.commit(batch).await.unwrap();
    assert_eq!(bench.number("SELECT max(epoch) FROM documents").await, 4);
    store.close().await;

    let store = bench.open().await;
    for number in 1..=3 {
        let found = store.scope(scope).get::<Message>(sid(number)).await.unwrap().unwrap();
        assert_eq!(body(&found).as_deref(), Some("hello"));
    }
    assert_eq!(store.scope(scope).digest_key().await.unwrap().digest("to", b"x"), digest);
    assert_eq!(store.rotate_scope_key(account(9)).await, Err(StoreError::UnknownScope));
    store.close().await;
}

pub(crate) async fn a_destroyed_scope_stays_closed(bench: &Bench) {
    let (gone, kept) = (account(1), account(2));
    let store = store_with(bench, gone).await;
    let mut batch = store.batch(kept);
    batch.create_scope(kept);
    batch.insert::<Message>(message(2, now(&store), "kept"));
    batch.in_scope(gone).insert::<Message>(message(1, now(&store), "gone"));
    batch.enqueue(NewJob {
        queue: "send",
        lane: None,
        ordering_key: None,
        due_at: now(&store),
        payload: b"x".to_vec(),
    });
    store.commit(batch).await.unwrap();
    let wrapped = bench.bytes(&format!("SELECT wrapped FROM scope_keys WHERE scope = '{gone}'")).await;

    // Another process destroys the scope: this one still has its key in memory.
    bench.execute(&format!("UPDATE scope_keys SET wrapped = NULL WHERE scope = '{gone}'")).await;
    assert_eq!(store.scope(gone).get::<Message>(sid(1)).await.unwrap_err(), StoreError::Sealed);
    let mut batch = store.batch(gone);
    batch.insert::<Message>(message(3, now(&store), "x"));
    assert_eq!(store.commit(batch).await, Err(StoreError::UnknownScope));
    let share = Share { lane: Lane::NONE, limit: 1, due_by: now(&store) };
    let taken = store.jobs().take("send", &[share], Duration::from_secs(1)).await.unwrap();
    assert!(taken.leases.is_empty() && taken.unreadable.is_empty());
    assert_eq!(store.jobs().depth("send").await.unwrap(), 0, "its jobs are removed when they come up");

    assert_eq!(store.destroy_scope(gone).await, Err(StoreError::UnknownScope));
    assert_eq!(store.destroy_scope(Scope::SYSTEM).await, Err(StoreError::Conflict));
    let mut batch = store.batch(gone);
    batch.create_scope(gone);
    assert_eq!(store.commit(batch).await, Err(StoreError::Exists), "it does not come back");
    let found = store.scope(kept).get::<Message>(sid(2)).await.unwrap().unwrap();
    assert_eq!(body(&found).as_deref(), Some("kept"));

    store.destroy_scope(kept).await.unwrap();
    assert_eq!(store.scope(kept).get::<Message>(sid(2)).await.unwrap_err(), StoreError::Sealed);
    assert_eq!(store.scope(kept).digest_key().await.err(), Some(StoreError::UnknownScope));
    store.close().await;
    assert!(!bench.keeps(&wrapped).await);
}

pub(crate) async fn unknown_scopes_cannot_be_written(bench: &Bench) {
    let store = bench.open().await;
    let mut batch = store.batch(account(1));
    batch.insert::<Message>(message(1, now(&store), "x"));
    assert_eq!(store.commit(batch).await, Err(StoreError::UnknownScope));
    assert_eq!(store.scope(account(1)).digest_key().await.err(), Some(StoreError::UnknownScope));
    assert!(store.scope(account(1)).get::<Message>(sid(1)).await.unwrap().is_none());
    store.close().await;
}
