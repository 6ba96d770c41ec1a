//! Keys: rotation of the master key and of scope keys, and crypto-shredding of a scope.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use phi::{KeyWrapper, Keyring, WrapError};
use store::{Lane, NewJob, OpenError, Rewrap, Scope, Share, Store, StoreError, limits};

use crate::harness::{Bench, Holder, Message, account, body, master_key, message, now, sid, store_with};

/// Moves all keys to the present master key, a step at a time.
async fn rewrap(store: &Store, which: Rewrap) -> u64 {
    let (mut keys, mut after) = (0, None);
    loop {
        let moved = store.rotation().rewrap(which, after.as_ref(), |_| b"moved".to_vec()).await.unwrap();
        keys += moved.keys;
        if moved.next.is_none() {
            return keys;
        }
        after = moved.next;
    }
}

async fn write(store: &Store, scope: Scope, number: u64) {
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(number, now(store), "hello"));
    store.commit(batch).await.unwrap();
}

async fn read(store: &Store, scope: Scope, number: u64) -> Option<String> {
    body(&store.scope(scope).get::<Message>(sid(number)).await.unwrap().unwrap())
}

pub(crate) async fn keys_move_to_another_master_key_while_everything_stays_readable(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    write(&store, scope, 1).await;
    let old = bench.bytes("SELECT wrapped FROM scope_keys WHERE scope = 'system'").await;

    let second = master_key(2);
    let refused = store.rotation().use_holder(Arc::clone(&second)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "it would not open what is there");
    let both = Keyring::new(Arc::clone(&second), vec![Arc::clone(&bench.wrapper)]);
    store.rotation().use_holder(Arc::new(both)).await.unwrap();
    assert_eq!(read(&store, scope, 1).await.as_deref(), Some("hello"), "nothing has moved yet");
    assert_eq!(rewrap(&store, Rewrap::OtherMasterKeys).await, 2);
    assert_eq!(rewrap(&store, Rewrap::OtherMasterKeys).await, 0);
    assert_eq!(rewrap(&store, Rewrap::All).await, 2);
    assert_eq!(read(&store, scope, 1).await.as_deref(), Some("hello"));
    let mut batch = store.batch(account(2));
    batch.create_scope(account(2));
    store.commit(batch).await.unwrap();
    let status = store.rotation().status().await.unwrap();
    assert_eq!(status.wrapped_by, [(second.key_id().to_owned(), 3)]);
    assert_eq!((status.master_key_id.as_str(), status.scopes), (second.key_id(), 3));
    let entries = store.journal().read(0, 10).await.unwrap();
    assert_eq!(entries.iter().filter(|row| row.entry == b"moved").count(), 2, "one per step");
    store.close().await;

    let refused = bench.try_open(Arc::clone(&bench.wrapper)).await.err();
    let (wanted, given) = (second.key_id().to_owned(), bench.wrapper.key_id().to_owned());
    assert_eq!(refused, Some(OpenError::MasterKey { wanted, given }));
    let store = bench.try_open(second).await.unwrap();
    assert!(
        store.scope(account(2)).digest_key().await.is_ok(),
        "keys made after the change are under the new one"
    );
    assert_eq!(read(&store, scope, 1).await.as_deref(), Some("hello"));
    store.close().await;
    assert!(!bench.keeps(&old).await);
}

pub(crate) async fn an_interrupted_move_goes_on(bench: &Bench) {
    const SCOPES: u64 = limits::ROTATED_KEYS as u64 + 20;
    let store = bench.open().await;
    for number in 0..SCOPES {
        let mut batch = store.batch(account(number));
        batch.create_scope(account(number));
        batch.insert::<Message>(message(number, now(&store), "hello"));
        store.commit(batch).await.unwrap();
    }
    let second = Holder::new(2);
    let both = Keyring::new(Arc::<Holder>::clone(&second), vec![Arc::clone(&bench.wrapper)]);
    let both: Arc<dyn KeyWrapper> = Arc::new(both);
    store.rotation().use_holder(Arc::clone(&both)).await.unwrap();
    let step = store.rotation().rewrap(Rewrap::OtherMasterKeys, None, |_| b"moved".to_vec()).await.unwrap();
    assert_eq!(step.keys, limits::ROTATED_KEYS as u64);
    second.fail_with(Some(WrapError::Unavailable("it does not answer")));
    let step = store.rotation().rewrap(Rewrap::OtherMasterKeys, None, |_| b"moved".to_vec()).await;
    assert!(matches!(step, Err(StoreError::Unavailable(_))));
    store.close().await;

    // The process ends half way; another one has both holders and finds everything readable.
    second.fail_with(None);
    let store = bench.try_open(Arc::clone(&both)).await.unwrap();
    for number in 0..SCOPES {
        assert_eq!(read(&store, account(number), number).await.as_deref(), Some("hello"));
    }
    assert_eq!(rewrap(&store, Rewrap::OtherMasterKeys).await, SCOPES + 1 - limits::ROTATED_KEYS as u64);
    store.close().await;
    bench.try_open(second).await.unwrap().close().await;
}

pub(crate) async fn reads_and_writes_go_on_while_keys_move(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    write(&store, scope, 0).await;
    let stop = Arc::new(AtomicBool::new(false));
    let load = {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                write(&store, scope, number).await;
                for earlier in [number, number / 2, 0] {
                    assert_eq!(read(&store, scope, earlier).await.as_deref(), Some("hello"));
                }
            }
            number
        })
    };
    let (first, second) = (Arc::clone(&bench.wrapper), master_key(2));
    for _ in 0..5 {
        for (to, from) in [(&second, &first), (&first, &second)] {
            let both = Keyring::new(Arc::clone(to), vec![Arc::clone(from)]);
            store.rotation().use_holder(Arc::new(both)).await.unwrap();
            assert!(rewrap(&store, Rewrap::OtherMasterKeys).await >= 2);
            bench.rotate(&store).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let written = load.await.expect("every read and write succeeded");
    store.close().await;
    let store = bench.open().await;
    for number in 0..=written {
        assert_eq!(read(&store, scope, number).await.as_deref(), Some("hello"));
    }
    store.close().await;
}

pub(crate) async fn an_outage_of_the_holder_is_not_destroyed_data(bench: &Bench) {
    let holder = Holder::new(3);
    let store = bench.try_open(Arc::<Holder>::clone(&holder)).await.unwrap();
    let mut batch = store.batch(account(1));
    batch.create_scope(account(1));
    batch.insert::<Message>(message(1, now(&store), "hello"));
    store.commit(batch).await.unwrap();
    let opened = holder.opened.load(Ordering::Relaxed);
    assert_eq!(read(&store, account(1), 1).await.as_deref(), Some("hello"));
    assert_eq!(holder.opened.load(Ordering::Relaxed), opened, "a key in use is not asked for");
    store.close().await;

    let store = bench.try_open(Arc::<Holder>::clone(&holder)).await.unwrap();
    for failure in [WrapError::Unavailable("it does not answer"), WrapError::OtherMasterKey] {
        holder.fail_with(Some(failure));
        let refused = store.scope(account(1)).get::<Message>(sid(1)).await.err();
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
        let mut batch = store.batch(account(2));
        batch.create_scope(account(2));
        assert!(matches!(store.commit(batch).await, Err(StoreError::Unavailable(_))));
    }
    holder.fail_with(None);
    assert_eq!(read(&store, account(1), 1).await.as_deref(), Some("hello"), "it is back without a restart");
    store.close().await;
}

pub(crate) async fn a_rotated_scope_reads_old_and_new(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let digest = store.scope(scope).digest_key().await.unwrap().digest("to", b"x");
    for number in 1..=3_u64 {
        let mut batch = store.batch(scope);
        batch.insert::<Message>(message(number, now(&store), "hello"));
        store.commit(batch).await.unwrap();
        assert_eq!(bench.rotate(&store).await, 2, "the scope's and the system's");
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
