//! Counters: every batch that is written counts once, no other does, and many at once are no more statements.

use store::{Batch, Count, Counter, Database, Scope, Store, StoreError};
use tokio::task::JoinSet;

use crate::harness::{Bench, Message, account, message, now, store_with};

fn count(batch: &mut Batch, name: &'static str, day: i64, events: i64, amount: i64) {
    batch.count(Count { name, day, events, amount });
}

fn counter(name: &str, day: i64, events: i64, amount: i64) -> Counter {
    Counter { name: name.to_owned(), day, events, amount }
}

pub(crate) async fn what_is_counted_adds_up_by_scope_and_day(bench: &Bench) {
    let (mine, other) = (account(1), account(2));
    let store = store_with(bench, mine).await;
    let mut batch = store.batch(mine);
    count(&mut batch, "out", 10, 1, 3);
    count(&mut batch, "out", 10, 1, 2);
    count(&mut batch, "in", 10, 1, 1);
    batch.in_scope(other);
    count(&mut batch, "out", 10, 1, 7);
    store.commit(batch).await.unwrap();
    let mut batch = store.batch(mine);
    count(&mut batch, "out", 11, 2, 2);
    count(&mut batch, "in", 10, -1, -1);
    store.commit(batch).await.unwrap();

    let mine = store.scope(mine);
    let days = mine.counted(0..=20).await.unwrap();
    assert_eq!(days, [counter("in", 10, 0, 0), counter("out", 10, 2, 5), counter("out", 11, 2, 2)]);
    assert_eq!(mine.counted(11..=11).await.unwrap(), [counter("out", 11, 2, 2)]);
    let all = mine.counted_in_all(i64::MIN..=i64::MAX).await.unwrap();
    assert_eq!(all, [counter("in", 10, 0, 0), counter("out", 10, 4, 7)]);
    assert_eq!(mine.counted_in_all(12..=20).await.unwrap(), []);
    assert_eq!(store.scope(other).counted(0..=20).await.unwrap(), [counter("out", 10, 1, 7)]);
    store.close().await;
}

/// Commits a message for each number at once, each with a count, and says how many were written.
async fn commit_all(stores: &[Store], scope: Scope, numbers: impl Iterator<Item = u64>) -> i64 {
    let mut commits = JoinSet::new();
    for (place, number) in numbers.enumerate() {
        let store = stores[place % stores.len()].clone();
        let mut batch = store.batch(scope);
        batch.insert::<Message>(message(number, now(&store), "hello"));
        count(&mut batch, "out", 10, 1, 2);
        commits.spawn(async move { store.commit(batch).await });
    }
    let results = commits.join_all().await;
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(StoreError::Exists))), "{results:?}");
    results.iter().filter(|result| result.is_ok()).count() as i64
}

pub(crate) async fn many_batches_at_once_are_all_counted(bench: &Bench) {
    let scope = account(1);
    let stores = [store_with(bench, scope).await];
    assert_eq!(commit_all(&stores, scope, 0..300).await, 300);
    let [store] = stores;
    assert_eq!(store.scope(scope).counted(10..=10).await.unwrap(), [counter("out", 10, 300, 600)]);
    store.close().await;
}

/// A file belongs to one process, so there the second is the first.
pub(crate) async fn two_processes_count_together(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let second = match bench.database {
        Database::Postgres(_) => bench.open().await,
        Database::Sqlite(_) => store.clone(),
    };
    let stores = [store, second];
    assert_eq!(commit_all(&stores, scope, 0..400).await, 400);
    for store in &stores {
        assert_eq!(store.scope(scope).counted(10..=10).await.unwrap(), [counter("out", 10, 400, 800)]);
    }
    for store in stores {
        store.close().await;
    }
}

/// Goal: in a group where some batches fail, those alone count nothing.
pub(crate) async fn a_batch_that_fails_counts_nothing(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    // Every second one takes a SID that is taken by then.
    let stores = [store];
    assert_eq!(commit_all(&stores, scope, (0..60).map(|number| number / 2)).await, 30);
    let [store] = stores;
    assert_eq!(store.scope(scope).counted(10..=10).await.unwrap(), [counter("out", 10, 30, 60)]);
    store.close().await;
}
