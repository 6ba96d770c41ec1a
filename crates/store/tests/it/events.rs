//! The log of events: in order, sealed by subject, and unreadable once somebody's key is gone.

use std::time::Duration;

use base::SubjectSid;
use phi::{Digest, Phi};
use store::{
    Database, EventName, NewEvent, Rewritten, Scope, SealedEvent, Store, StoreError, Subject, SubjectKey,
};

use crate::harness::{Bench, account, now, proof, store_with};

const STREAM: &str = "SO0";

fn subject(number: u8) -> SubjectSid {
    Subject::sid(&Digest([number; 32]))
}

fn name(number: u8) -> EventName {
    [number; store::EVENT_NAME_BYTES]
}

/// Appends one event, to be opened with all of these keys.
async fn append(
    store: &Store,
    scope: Scope,
    stream: &str,
    number: u8,
    text: &str,
    keys: &[&SubjectKey],
) -> Result<(), StoreError> {
    let body = Phi::new(text.to_owned());
    let known: Vec<_> = keys.iter().map(|key| key.sid()).collect();
    let mut batch = store.batch(scope);
    let event = NewEvent { name: name(number), subjects: keys, body: &body };
    batch.append_events(stream, now(store), &known, &[event]);
    store.commit(batch).await.map(drop)
}

async fn add(store: &Store, scope: Scope, number: u8) -> SubjectKey {
    let mut batch = store.batch(scope);
    let key = batch.add_subject(subject(number), now(store));
    store.commit(batch).await.unwrap();
    key
}

async fn forget(store: &Store, scope: Scope, number: u8) {
    let mut batch = store.batch(scope);
    batch.forget_subject(subject(number));
    store.commit(batch).await.unwrap();
}

async fn opened(store: &Store, scope: Scope, stream: &str, event: &SealedEvent) -> Option<String> {
    let opened = store.scope(scope).open_event::<String>(stream, event).await.unwrap();
    opened.map(|text| text.into_open(&proof()))
}

/// Every event of the stream, opened where it opens.
async fn texts(store: &Store, scope: Scope) -> Vec<Option<String>> {
    let mut texts = Vec::new();
    for row in store.scope(scope).events(STREAM, 0, 100).await.unwrap() {
        for event in &row.events {
            texts.push(opened(store, scope, STREAM, event).await);
        }
    }
    texts
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(crate) async fn events_come_back_in_the_order_in_which_they_were_appended(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    let (a, b) = (batch.add_subject(subject(1), now(&store)), batch.add_subject(subject(2), now(&store)));
    let bodies: Vec<_> = ["one", "two", "three"].map(|text| Phi::new(text.to_owned())).into();
    let (of_a, of_both, of_b) = ([&a], [&a, &b], [&b]);
    let events = [
        NewEvent { name: name(1), subjects: &of_a, body: &bodies[0] },
        NewEvent { name: name(2), subjects: &of_both, body: &bodies[1] },
        NewEvent { name: name(3), subjects: &of_b, body: &bodies[2] },
    ];
    batch.append_events(STREAM, now(&store), &[], &events);
    store.commit(batch).await.unwrap();
    append(&store, scope, STREAM, 4, "four", &[&a]).await.unwrap();
    append(&store, scope, "SO1", 5, "elsewhere", &[&a]).await.unwrap();

    let rows = store.scope(scope).events(STREAM, 0, 100).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.events.len()).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(texts(&store, scope).await, [some("one"), some("two"), some("three"), some("four")]);
    let behind = store.scope(scope).events(STREAM, rows[0].sequence, 100).await.unwrap();
    assert_eq!(behind[0].events[0].name, name(4));
    // After a restart the keys are read again.
    store.close().await;
    let store = bench.open().await;
    assert_eq!(texts(&store, scope).await[1], some("two"));
    assert!(!bench.keeps(b"three").await);
}

pub(crate) async fn an_event_opens_in_its_place_and_scope_only(bench: &Bench) {
    let (scope, other) = (account(1), account(2));
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(other);
    batch.create_scope(other);
    store.commit(batch).await.unwrap();
    let key = add(&store, scope, 1).await;
    add(&store, other, 1).await;
    append(&store, scope, STREAM, 1, "text", &[&key]).await.unwrap();
    assert!(store.scope(other).events(STREAM, 0, 100).await.unwrap().is_empty());
    let row = store.scope(scope).events(STREAM, 0, 1).await.unwrap().remove(0);
    assert_eq!(opened(&store, scope, STREAM, &row.events[0]).await, some("text"));
    let moved = store.scope(scope).open_event::<String>("SO1", &row.events[0]).await;
    assert_eq!(moved.err(), Some(StoreError::Sealed), "in another stream");
    assert_eq!(
        opened(&store, other, STREAM, &row.events[0]).await,
        None,
        "the same id has another key there"
    );
}

pub(crate) async fn destroying_the_key_of_either_subject_destroys_what_is_about_both(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let (a, b) = (add(&store, scope, 1).await, add(&store, scope, 2).await);
    append(&store, scope, STREAM, 1, "of a", &[&a]).await.unwrap();
    append(&store, scope, STREAM, 2, "of both", &[&a, &b]).await.unwrap();
    append(&store, scope, STREAM, 3, "of b", &[&b]).await.unwrap();
    forget(&store, scope, 2).await;
    assert_eq!(texts(&store, scope).await, [some("of a"), None, None]);
    forget(&store, scope, 2).await;
    // Whoever remembers the key cannot write under it any more.
    assert_eq!(append(&store, scope, STREAM, 4, "late", &[&a, &b]).await, Err(StoreError::Conflict));
    assert_eq!(texts(&store, scope).await.len(), 3, "nothing of that batch was written");
    // The same person may come back; what was destroyed does not.
    let again = add(&store, scope, 2).await;
    append(&store, scope, STREAM, 5, "anew", &[&again]).await.unwrap();
    let rows = store.scope(scope).events(STREAM, 0, 100).await.unwrap();
    assert_eq!(opened(&store, scope, STREAM, &rows[3].events[0]).await, some("anew"));
    assert_eq!(
        opened(&store, scope, STREAM, &rows[2].events[0]).await,
        None,
        "another key of the same person"
    );
}

pub(crate) async fn of_two_that_add_a_subject_one_does(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    add(&store, scope, 1).await;
    let mut batch = store.batch(scope);
    batch.add_subject(subject(1), now(&store));
    assert_eq!(store.commit(batch).await, Err(StoreError::Exists));
    let key = store.scope(scope).subject_key(subject(1)).await.unwrap();
    assert_eq!(key.map(|key| key.sid()), Some(subject(1)));
    assert!(store.scope(scope).subject_key(subject(9)).await.unwrap().is_none());
}

pub(crate) async fn names_are_read_back_newest_first_and_the_oldest_rows_go(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let key = add(&store, scope, 1).await;
    for number in 1..=3 {
        append(&store, scope, STREAM, number, "text", &[&key]).await.unwrap();
        bench.clock.advance(Duration::from_secs(10));
    }
    let start = now(&store).minus(Duration::from_secs(30));
    let all = store.event_names(0, u64::MAX, start, 100).await.unwrap();
    assert_eq!(all.iter().map(|row| row.names.clone()).collect::<Vec<_>>(), [3, 2, 1].map(|n| vec![name(n)]));
    let recent = store.event_names(0, u64::MAX, start.plus(Duration::from_secs(10)), 100).await.unwrap();
    assert_eq!(recent, all[..2]);
    assert_eq!(store.event_names(all[1].sequence, u64::MAX, start, 9).await.unwrap(), all[..1]);
    assert_eq!(store.event_names(0, all[0].sequence, start, 1).await.unwrap(), all[1..2]);

    let scoped = store.scope(scope);
    assert_eq!(scoped.expire_events(start.plus(Duration::from_secs(20)), 1).await.unwrap(), 1);
    assert_eq!(scoped.events(STREAM, 0, 9).await.unwrap()[0].events[0].name, name(2));
    assert_eq!(scoped.expire_events(start.plus(Duration::from_secs(20)), 100).await.unwrap(), 1);
    assert_eq!(scoped.expire_events(start.plus(Duration::from_secs(20)), 100).await.unwrap(), 0);
}

pub(crate) async fn a_reader_misses_nothing_while_many_write(bench: &Bench) {
    const WRITERS: u8 = 8;
    const EACH: u8 = 12;
    let scope = account(1);
    let store = store_with(bench, scope).await;
    // On PostgreSQL half of them are another process.
    let other = match bench.database {
        Database::Sqlite(_) => store.clone(),
        Database::Postgres(_) => bench.open().await,
    };
    let key = add(&store, scope, 1).await;
    let key = std::sync::Arc::new(key);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
            let key = std::sync::Arc::clone(&key);
            tokio::spawn(async move {
                for number in 0..EACH {
                    append(&store, scope, STREAM, writer * EACH + number, "text", &[&key]).await.unwrap();
                }
            })
        })
        .collect();
    let (mut after, mut seen) = (0, Vec::new());
    while seen.len() < usize::from(WRITERS * EACH) {
        for row in store.scope(scope).events(STREAM, after, 7).await.unwrap() {
            assert!(row.sequence > after);
            after = row.sequence;
            seen.extend(row.events.iter().map(|event| event.name[0]));
        }
        if writers.iter().all(|writer| writer.is_finished()) {
            let rest = store.scope(scope).events(STREAM, after, 1_000).await.unwrap();
            seen.extend(rest.iter().flat_map(|row| &row.events).map(|event| event.name[0]));
            break;
        }
    }
    for writer in 0..WRITERS {
        let own: Vec<_> = seen.iter().filter(|name| **name / EACH == writer).copied().collect();
        let expected: Vec<_> = (0..EACH).map(|number| writer * EACH + number).collect();
        assert_eq!(own, expected, "everything of writer {writer}, in its order");
    }
}

pub(crate) async fn a_row_is_written_anew_in_its_place_while_its_keys_are_there(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    let (a, b) = (batch.add_subject(subject(1), now(&store)), batch.add_subject(subject(2), now(&store)));
    let bodies: Vec<_> = ["canary", "stays", "less"].map(|text| Phi::new(text.to_owned())).into();
    let (of_both, of_b) = ([&a, &b], [&b]);
    let events = [
        NewEvent { name: name(1), subjects: &of_both, body: &bodies[0] },
        NewEvent { name: name(2), subjects: &of_b, body: &bodies[1] },
    ];
    batch.append_events(STREAM, now(&store), &[], &events);
    store.commit(batch).await.unwrap();
    append(&store, scope, STREAM, 3, "behind", &[&a]).await.unwrap();
    let row = store.scope(scope).events(STREAM, 0, 1).await.unwrap().remove(0);
    let rewrite = async |known: &[SubjectSid], stream: &str| {
        let changed = NewEvent { name: name(1), subjects: &of_both, body: &bodies[2] };
        let mut batch = store.batch(scope);
        let events = [Rewritten::Changed(changed), Rewritten::Kept(&row.events[1])];
        batch.rewrite_events(stream, row.sequence, known, &events);
        store.commit(batch).await.map(drop)
    };
    rewrite(&[subject(1), subject(2)], STREAM).await.unwrap();
    assert_eq!(texts(&store, scope).await, [some("less"), some("stays"), some("behind")]);
    let again = store.scope(scope).events(STREAM, 0, 1).await.unwrap().remove(0);
    assert_eq!((again.sequence, again.at, again.events[0].name), (row.sequence, row.at, name(1)));
    assert!(matches!(rewrite(&[], "SO1").await, Err(StoreError::Conflict)), "there is no such row");
    forget(&store, scope, 1).await;
    assert!(matches!(rewrite(&[subject(1)], STREAM).await, Err(StoreError::Conflict)));
    assert_eq!(texts(&store, scope).await, [None, some("stays"), None]);
}
