//! Counting: what is on disk counts, what is not does not.

use std::time::Duration;

use store::{NewJob, Store, StoreError, Tally};

use crate::harness::{Bench, Message, account, message, now, store_with};

const DELIVERED: Tally = Tally { what: "messages", outcome: "delivered" };

pub(crate) async fn what_is_committed_is_counted(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    let before = store.measures().commits.value();
    for expected in [Ok(()), Err(StoreError::Exists)] {
        let mut batch = store.batch(account(1));
        batch.insert::<Message>(message(1, now(&store), "text"));
        batch.tally(DELIVERED);
        assert_eq!(store.commit(batch).await.map(drop), expected);
    }
    let measures = store.measures();
    assert_eq!(measures.tallies().into_iter().collect::<Vec<_>>(), [(DELIVERED, 1)]);
    assert_eq!(measures.commits.value(), before + 1);
    assert_eq!(measures.unavailable.value(), 0);
    let (_, groups, batches) = measures.group_sizes.read();
    assert!(groups.iter().sum::<u64>() >= 2 && batches >= 2);
    assert!(measures.sync_time.read().1.iter().sum::<u64>() >= 2, "each group was made durable");
    store.close().await;
}

pub(crate) async fn a_probe_is_written_and_leaves_nothing(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    let (before, groups) = (bench.number("SELECT count(*) FROM directory").await, groups(&store));
    store.probe().await.unwrap();
    store.probe().await.unwrap();
    assert_eq!(bench.number("SELECT count(*) FROM directory").await, before);
    store.journal().probe().await.unwrap();
    assert_eq!(groups + 3, self::groups(&store));
    assert_eq!(bench.number("SELECT count(*) FROM journal").await, 0);
    store.clone().close().await;
    assert!(matches!(store.probe().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.journal().probe().await, Err(StoreError::Unavailable(_))));
}

/// Goal: the store never says that it can be written while only the ledger cannot. Method: the database refuses rows of
/// the journal and of no other table.
pub(crate) async fn a_ledger_that_cannot_be_written_is_known_until_it_can_be(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    let record = async || {
        let mut batch = store.batch(account(1));
        batch.record(b"entry".to_vec());
        store.commit(batch).await
    };
    record().await.unwrap();
    bench.refuse_journal().await;
    assert!(
        matches!(store.journal().probe().await, Err(StoreError::Unavailable(_))),
        "seen without a request"
    );
    store.probe().await.expect("everything else can be written, and nothing has failed yet");

    assert!(matches!(record().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.probe().await, Err(StoreError::Unavailable(_))), "a request failed");
    let mut batch = store.batch(account(1));
    batch.insert::<Message>(message(1, now(&store), "without an entry"));
    store.commit(batch).await.expect("no entry, no refusal");
    assert!(
        matches!(store.probe().await, Err(StoreError::Unavailable(_))),
        "that proved nothing of the ledger"
    );

    bench.accept_journal().await;
    record().await.unwrap();
    store.probe().await.expect("an entry was written");
    store.journal().probe().await.unwrap();
    assert_eq!(store.journal().head().await.unwrap().sequence, 2);
    store.close().await;
}

fn groups(store: &Store) -> u64 {
    store.measures().sync_time.read().1.iter().sum()
}

pub(crate) async fn queues_say_how_much_waits_and_since_when(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    for (queue, delay) in [("a", 0), ("a", 60), ("b", 3_600)] {
        let mut batch = store.batch(account(1));
        batch.enqueue(NewJob {
            queue,
            lane: None,
            ordering_key: None,
            due_at: now(&store).plus(Duration::from_secs(delay)),
            payload: Vec::new(),
        });
        store.commit(batch).await.unwrap();
    }
    bench.clock.advance(Duration::from_secs(5));
    let survey = store.jobs().survey().await.unwrap();
    let rows: Vec<_> =
        survey.iter().map(|row| (row.queue.as_str(), row.jobs, row.due, row.oldest_due.as_secs())).collect();
    assert_eq!(rows, [("a", 2, 1, 5), ("b", 1, 0, 0)]);
    store.close().await;
}
