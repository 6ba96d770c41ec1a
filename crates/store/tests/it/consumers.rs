//! Consumers of the log: how far they are, who may go on, and what is on record of what they did.

use std::time::Duration;

use base::{SubjectSid, Timestamp};
use phi::{Digest, Phi};
use store::{
    Consumer, EVENT_NAME_BYTES, EventPlace, NewEvent, Place, Scope, SetAside, Store, StoreError, Subject,
};

use crate::harness::{Bench, account, now, store_with};

const STREAM: &str = "SO0";
const NAME: &str = "DT0";
const LEASE: Duration = Duration::from_secs(60);

fn subject(number: u8) -> SubjectSid {
    Subject::sid(&Digest([number; 32]))
}

/// Appends a row of one event about a new subject.
async fn append(store: &Store, scope: Scope, number: u8) {
    let mut batch = store.batch(scope);
    let key = batch.add_subject(subject(number), now(store));
    let body = Phi::new("text".to_owned());
    let event = NewEvent { name: [number; EVENT_NAME_BYTES], subjects: &[&key], body: &body };
    batch.append_events(STREAM, now(store), &[], &[event]);
    store.commit(batch).await.unwrap();
}

async fn add(store: &Store, scope: Scope) {
    let mut batch = store.batch(scope);
    batch.add_consumer(NAME, STREAM, now(store));
    store.commit(batch).await.unwrap();
}

async fn due(store: &Store) -> Vec<Consumer> {
    store.due_consumers(now(store), 10).await.unwrap()
}

async fn last_row(store: &Store, scope: Scope) -> u64 {
    store.scope(scope).events(STREAM, 0, 100).await.unwrap().last().unwrap().sequence
}

pub(crate) async fn a_consumer_begins_at_the_end_and_goes_on_from_where_it_was(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    append(&store, scope, 1).await;
    add(&store, scope).await;
    assert_eq!(due(&store).await, [], "what came before is not its affair");
    let mut again = store.batch(scope);
    again.add_consumer(NAME, STREAM, now(&store));
    assert_eq!(store.commit(again).await.err(), Some(StoreError::Exists));

    append(&store, scope, 2).await;
    let found = due(&store).await;
    assert_eq!((found.len(), found[0].scope, found[0].stream.as_str()), (1, scope, STREAM));
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found[0], now(&store), LEASE);
    store.commit(batch).await.unwrap();
    assert_eq!(due(&store).await, [], "somebody has it");
    let place = Place { row: last_row(&store, scope).await, skip: 0 };
    let mut batch = store.batch(scope);
    batch.go_on(&claim, place, now(&store), None);
    store.commit(batch).await.unwrap();
    assert_eq!(due(&store).await, [], "nothing is behind it");
    append(&store, scope, 3).await;
    assert_eq!(due(&store).await[0].place, place);
    let received = store.scope(scope).first_event_behind(STREAM, place.row).await.unwrap();
    assert_eq!(received, Some(now(&store)));

    let mut batch = store.batch(scope);
    batch.remove_consumer(NAME);
    store.commit(batch).await.unwrap();
    assert_eq!(store.scope(scope).consumers().await.unwrap(), []);
}

pub(crate) async fn of_two_that_claim_one_does_and_a_lost_claim_writes_nothing(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    add(&store, scope).await;
    append(&store, scope, 1).await;
    let found = due(&store).await.remove(0);
    let (mut first, mut second) = (store.batch(scope), store.batch(scope));
    let lost = first.claim(&found, now(&store), Duration::from_secs(0));
    second.claim(&found, now(&store), LEASE);
    let (first, second) = tokio::join!(store.commit(first), store.commit(second));
    // The first lease is over at once, so that whoever comes second may take it over; never the other way round.
    assert!(second.is_ok(), "{first:?}");
    let mut batch = store.batch(scope);
    batch.begin(&lost, Place { row: 1, skip: 0 });
    batch.count_deliveries(&lost, 1, "delivered", 1);
    assert_eq!(store.commit(batch).await.err(), Some(StoreError::Conflict));
    assert_eq!(store.scope(scope).delivery_counts(NAME, 0..=9).await.unwrap(), []);
    let mut batch = store.batch(scope);
    batch.claim(&found, now(&store), LEASE);
    assert_eq!(store.commit(batch).await.err(), Some(StoreError::Conflict), "it is held");
}

pub(crate) async fn what_was_begun_and_what_failed_is_known_after_a_restart(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    add(&store, scope).await;
    append(&store, scope, 1).await;
    let found = due(&store).await.remove(0);
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found, now(&store), LEASE);
    let end = Place { row: last_row(&store, scope).await, skip: 0 };
    batch.begin(&claim, end);
    store.commit(batch).await.unwrap();
    let (since, later) = (now(&store), now(&store).plus(Duration::from_secs(5)));
    let mut batch = store.batch(scope);
    batch.put_off(&claim, later, 3, Some(since));
    store.commit(batch).await.unwrap();
    store.close().await;
    let store = bench.open().await;
    assert_eq!(due(&store).await, [], "it waits after a failure");
    let found = store.due_consumers(later, 10).await.unwrap().remove(0);
    assert_eq!((found.place, found.tried), (Place::default(), end));
    assert_eq!((found.failures, found.failing_since, found.due_at), (3, Some(since), later));
    let mut batch = store.batch(scope);
    batch.wake_consumer(NAME, since);
    store.commit(batch).await.unwrap();
    assert_eq!(due(&store).await, [], "which a change does not shorten");
    assert_eq!(store.scope(scope).consumers().await.unwrap()[0].tried, Place::default());
}

pub(crate) async fn what_is_set_aside_is_due_by_itself_and_survives_a_restart(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    add(&store, scope).await;
    append(&store, scope, 1).await;
    let found = due(&store).await.remove(0);
    let row = last_row(&store, scope).await;
    let later = now(&store).plus(Duration::from_secs(5));
    let aside = vec![SetAside {
        events: vec![EventPlace { row, index: 0, subjects: vec![subject(1)] }],
        due_at: later,
        failures: 1,
        failing_since: Some(now(&store)),
        is_disclosed: true,
    }];
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found, now(&store), LEASE);
    batch.set_aside(&claim, &aside);
    batch.go_on(&claim, Place { row, skip: 0 }, now(&store), None);
    store.commit(batch).await.unwrap();
    store.close().await;
    let store = bench.open().await;
    assert_eq!(due(&store).await, [], "there is nothing behind it, and what is set aside waits");
    let found = store.due_consumers(later, 10).await.unwrap().remove(0);
    assert_eq!((&found.aside, found.place.row, found.done_up_to()), (&aside, row, row - 1));
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found, later, LEASE);
    batch.set_aside(&claim, &[]);
    batch.put_off(&claim, later, 0, None);
    store.commit(batch).await.unwrap();
    assert_eq!(store.due_consumers(later, 10).await.unwrap(), []);
}

pub(crate) async fn deliveries_and_disclosures_add_up(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    add(&store, scope).await;
    append(&store, scope, 1).await;
    let found = due(&store).await.remove(0);
    let at = |seconds| Timestamp::from_seconds(seconds);
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found, now(&store), LEASE);
    store.commit(batch).await.unwrap();
    for second in [1, 2] {
        let mut batch = store.batch(scope);
        batch.count_deliveries(&claim, 7, "delivered", 2);
        batch.count_deliveries(&claim, 8, "filtered", 1);
        batch.note_disclosure(&claim, subject(1), "MF1", at(second), 3);
        batch.note_disclosure(&claim, subject(1), "MF2", at(second), 1);
        store.commit(batch).await.unwrap();
    }
    let scoped = store.scope(scope);
    let counts = scoped.delivery_counts(NAME, 7..=8).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|it| (it.day, it.outcome.as_str(), it.events)).collect();
    assert_eq!(counts, [(7, "delivered", 4), (8, "filtered", 2)]);
    let mut batch = store.batch(scope);
    batch.forget_subject(subject(1));
    store.commit(batch).await.unwrap();
    let disclosed = scoped.disclosures(subject(1)).await.unwrap();
    assert_eq!(disclosed.len(), 2, "the accounting outlives the person's key");
    assert_eq!((disclosed[0].what.as_str(), disclosed[0].times), ("MF1", 6));
    assert_eq!((disclosed[0].first_at, disclosed[0].last_at), (at(1), at(2)));
    assert_eq!(scoped.disclosures(subject(2)).await.unwrap(), []);
}

pub(crate) async fn after_a_step_back_no_consumer_waits_for_a_time_never_meant(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    bench.clock.advance(Duration::from_secs(86_400));
    add(&store, scope).await;
    append(&store, scope, 1).await;
    let found = due(&store).await.remove(0);
    let mut batch = store.batch(scope);
    batch.claim(&found, now(&store), LEASE);
    store.commit(batch).await.unwrap();
    assert_eq!(due(&store).await, [], "somebody has it");
    bench.clock.set_back(Duration::from_secs(3_600));
    let found = due(&store).await.remove(0);
    let mut batch = store.batch(scope);
    let claim = batch.claim(&found, now(&store), LEASE);
    batch.put_off(&claim, now(&store), 0, None);
    store.commit(batch).await.unwrap();
    assert_eq!(due(&store).await.len(), 1);
}
