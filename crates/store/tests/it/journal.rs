//! The journal: chained, without gaps, and tampering shows.

use store::{Checkpoint, Journal, JournalRow, Scope, StoreError};

use crate::harness::{Bench, Message, account, message, now, sid, store_with};

/// Checks every link and place; returns the last chain value.
fn check_chain(rows: &[JournalRow]) -> [u8; 32] {
    let mut previous = [0; 32];
    for (place, row) in (1..).zip(rows) {
        assert_eq!(row.sequence, place);
        previous = Journal::link(previous, row);
        assert_eq!(row.chain, previous, "entry {place}");
    }
    previous
}

pub(crate) async fn entries_are_chained_without_gaps(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut tasks = Vec::new();
    for number in 0..150_u64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut batch = store.batch(scope);
            batch.insert::<Message>(message(number, now(&store), "x"));
            batch.record(number.to_be_bytes().to_vec());
            batch.record(number.to_be_bytes().to_vec());
            (number, store.commit(batch).await.unwrap().sequences)
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let rows = store.journal().read(0, 1_000).await.unwrap();
    assert_eq!(rows.len(), 300);
    let last = check_chain(&rows);
    for (number, sequences) in answers {
        assert_eq!(sequences.len(), 2);
        for sequence in sequences {
            let row = &rows[usize::try_from(sequence).unwrap() - 1];
            assert_eq!(row.entry, number.to_be_bytes(), "the answer names the entry's own place");
            assert_eq!((row.scope, row.at), (scope, now(&store)));
        }
    }
    let head = store.journal().head().await.unwrap();
    assert_eq!((head.sequence, head.chain, head.mac_valid), (300, last, true));
    assert_eq!(store.journal().read(298, 1).await.unwrap(), rows[298..299]);

    let mut altered = rows[5].clone();
    altered.entry.push(0);
    assert_ne!(Journal::link(rows[4].chain, &altered), altered.chain);
    store.close().await;
}

pub(crate) async fn a_failed_batch_leaves_no_entry_and_no_gap(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    for expected in [Ok(vec![1]), Err(StoreError::Exists)] {
        let mut batch = store.batch(scope);
        batch.record(b"before the failure".to_vec());
        batch.insert::<Message>(message(1, now(&store), "x"));
        assert_eq!(store.commit(batch).await.map(|committed| committed.sequences), expected);
    }
    let mut batch = store.batch(scope);
    batch.record(b"after".to_vec());
    assert_eq!(store.commit(batch).await.unwrap().sequences, [2]);
    check_chain(&store.journal().read(0, 10).await.unwrap());
    assert!(store.scope(scope).get::<Message>(sid(1)).await.unwrap().is_some());
    store.close().await;
}

async fn with_entries(bench: &Bench, count: u64) -> store::Store {
    let store = bench.open().await;
    for number in 0..count {
        let mut batch = store.batch(Scope::SYSTEM);
        batch.record(number.to_be_bytes().to_vec());
        store.commit(batch).await.unwrap();
    }
    store
}

pub(crate) async fn a_removed_end_is_seen_by_the_head(bench: &Bench) {
    let store = with_entries(bench, 5).await;
    bench.execute("DELETE FROM journal WHERE sequence > 3").await;
    let head = store.journal().head().await.unwrap();
    assert!(head.mac_valid);
    assert_eq!(head.sequence, 5, "the head still tells of five entries");
    assert_eq!(store.journal().read(0, 10).await.unwrap().len(), 3);
    store.close().await;
}

pub(crate) async fn a_forged_head_is_not_extended(bench: &Bench) {
    let store = with_entries(bench, 5).await;
    let forge =
        "UPDATE journal_head SET sequence = 3, chain = (SELECT chain FROM journal WHERE sequence = 3)";
    bench.execute("DELETE FROM journal WHERE sequence > 3").await;
    bench.execute(forge).await;
    assert!(!store.journal().head().await.unwrap().mac_valid);
    let mut batch = store.batch(Scope::SYSTEM);
    batch.record(b"would make the forgery genuine".to_vec());
    assert_eq!(store.commit(batch).await, Err(StoreError::Sealed));

    bench.execute("DELETE FROM journal_head").await;
    store.close().await;
    let store = bench.open().await;
    assert!(!store.journal().head().await.unwrap().mac_valid, "a missing head is not made anew");
    store.close().await;
}

pub(crate) async fn a_scope_reads_its_own_entries_only(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    for number in 0..6_u8 {
        let mut batch = store.batch(if number % 2 == 0 { scope } else { Scope::SYSTEM });
        batch.record(vec![number]);
        store.commit(batch).await.unwrap();
    }
    let places = |rows: Vec<JournalRow>| rows.iter().map(|row| row.sequence).collect::<Vec<_>>();
    assert_eq!(places(store.scope(scope).journal(0, 10).await.unwrap()), [1, 3, 5]);
    assert_eq!(places(store.scope(scope).journal(1, 1).await.unwrap()), [3]);
    assert_eq!(places(store.scope(account(2)).journal(0, 10).await.unwrap()), Vec::<u64>::new());
    store.close().await;
}

pub(crate) async fn checkpoints_are_kept_in_order(bench: &Bench) {
    let store = bench.open().await;
    let checkpoint =
        |size| Checkpoint { size, root: [7; 32], at: now(&store), signature: size.to_be_bytes().to_vec() };
    for size in [20, 3] {
        store.journal().add_checkpoint(&checkpoint(size)).await.unwrap();
    }
    assert_eq!(store.journal().add_checkpoint(&checkpoint(3)).await, Err(StoreError::Exists));
    assert_eq!(store.journal().checkpoints().await.unwrap(), [checkpoint(3), checkpoint(20)]);

    let seed = store.journal().signing_seed().await.unwrap();
    bench.rotate(&store).await;
    store.close().await;
    let store = bench.open().await;
    assert_eq!(*store.journal().signing_seed().await.unwrap(), *seed);
    store.close().await;
}
