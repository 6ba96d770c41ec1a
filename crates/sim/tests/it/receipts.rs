//! Receipts: given at their time by the virtual clock, and never lost while the process lives.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use messaging::Inbox;
use messaging::carrier::{CarrierError, Receipt};
use sim::{Round, limits};
use store::StoreError;
use tokio::sync::{mpsc, watch};

use crate::support::{PATIENT, Platform, account, due, fresh, simulator, submit};

#[tokio::test]
async fn a_receipt_waits_for_its_time_and_is_given_once() {
    let simulator = simulator();
    let reference = fresh(account(1));
    submit(&simulator, reference, PATIENT, "x").await.unwrap();
    assert_eq!(due(&simulator).await, []);
    simulator.advance(limits::RECEIPT_DELAY - Duration::from_micros(1));
    assert_eq!(due(&simulator).await, []);
    simulator.advance(Duration::from_micros(1));
    assert_eq!(due(&simulator).await, [(reference, Receipt::Delivered)]);
    assert_eq!(due(&simulator).await, []);
}

#[tokio::test]
async fn a_message_handed_over_again_gets_the_same_receipt_again() {
    let simulator = simulator();
    let reference = fresh(account(1));
    for _ in 0..2 {
        submit(&simulator, reference, "+14155559008", "x").await.unwrap();
        simulator.advance(limits::RECEIPT_DELAY);
        assert_eq!(due(&simulator).await, [(reference, Receipt::Undelivered(30_008))]);
    }
}

#[tokio::test]
async fn a_refused_receipt_waits_behind_the_others_unless_it_can_never_be_taken() {
    let refusals = [
        (StoreError::Conflict, true),
        (StoreError::Unavailable("full disk".into()), true),
        (StoreError::UnknownScope, false),
        (StoreError::Sealed, false),
    ];
    for (refusal, comes_again) in refusals {
        let simulator = simulator();
        let [first, second] = [fresh(account(1)), fresh(account(1))];
        for reference in [first, second] {
            submit(&simulator, reference, PATIENT, "x").await.unwrap();
        }
        simulator.advance(limits::RECEIPT_DELAY);
        let round = simulator
            .give_due(|reference, _| ready(if reference == first { Err(refusal.clone()) } else { Ok(()) }))
            .await;
        assert_eq!(round, Round { taken: 1, refused: usize::from(comes_again) });
        let again: Vec<_> = due(&simulator).await.into_iter().map(|(reference, _)| reference).collect();
        assert_eq!(again, if comes_again { vec![first] } else { vec![] }, "{refusal}");
    }
}

#[tokio::test]
async fn is_unavailable_when_too_many_receipts_wait() {
    let simulator = simulator();
    let reference = fresh(account(1));
    // A message handed over again schedules its receipt again, and needs no new handset.
    for _ in 0..limits::WAITING_RECEIPTS {
        submit(&simulator, reference, PATIENT, "x").await.unwrap();
    }
    let next = fresh(account(1));
    assert_eq!(submit(&simulator, next, PATIENT, "x").await, Err(CarrierError::Unavailable));
    simulator.advance(limits::RECEIPT_DELAY);
    assert_eq!(due(&simulator).await.len(), limits::RECEIPTS_AT_ONCE);
    assert_eq!(submit(&simulator, next, PATIENT, "x").await, Ok(()));
}

#[tokio::test]
async fn the_task_gives_again_what_was_refused_and_stops_when_told() {
    let simulator = simulator();
    let (stop, stopped) = watch::channel(false);
    let (told, mut receipts) = mpsc::unbounded_channel();
    let attempts = Arc::new(AtomicUsize::new(0));
    let task = tokio::spawn({
        let (simulator, attempts) = (simulator.clone(), Arc::clone(&attempts));
        async move {
            let give = |reference, receipt| {
                ready(match attempts.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Err(StoreError::Unavailable("full disk".into())),
                    _ => told.send((reference, receipt)).map_err(|_| StoreError::Conflict),
                })
            };
            simulator.run_with(give, stopped).await;
        }
    });
    for _ in 0..2 {
        let reference = fresh(account(1));
        submit(&simulator, reference, PATIENT, "x").await.unwrap();
        simulator.advance(limits::RECEIPT_DELAY);
        assert_eq!(receipts.recv().await, Some((reference, Receipt::Delivered)));
    }
    assert_eq!(attempts.load(Ordering::Relaxed), 4);
    stop.send(true).unwrap();
    task.await.unwrap();
}

#[tokio::test]
async fn the_task_can_be_spawned_and_ends_when_nobody_can_stop_it_any_more() {
    let platform = Platform::start().await;
    let (stop, stopped) = watch::channel(false);
    let inbox = Inbox::new(Arc::clone(&platform.app.services));
    let task = tokio::spawn(platform.simulator.clone().run(inbox, stopped));
    drop(stop);
    task.await.unwrap();
}
