//! A proof is earned by an entry that is on disk, or not at all.

use base::{AccountSid, Sid};
use phi::Phi;
use rusqlite::Connection;
use store::{Name, Scope, StoreError};

use crate::bench::{Bench, account, entry};

/// Makes the journal refuse rows, as a full or failing disk does.
fn block(connection: &Connection) {
    connection
        .execute_batch(
            "CREATE TRIGGER blocked BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'blocked'); END",
        )
        .unwrap();
}

#[tokio::test]
async fn proofs_increase_by_one_per_entry() {
    let bench = Bench::new();
    let store = bench.open().await;
    for number in 1..=5 {
        let proof = match number % 2 {
            0 => ledger::commit(&store, store.batch(Scope::SYSTEM), &entry(number)).await.unwrap(),
            _ => ledger::disclose(&store, Scope::account(account()), &entry(number)).await.unwrap(),
        };
        assert_eq!(proof.sequence(), number);
    }
    store.close().await;
    let store = bench.open().await;
    let proof = ledger::disclose(&store, Scope::SYSTEM, &entry(6)).await.unwrap();
    assert_eq!(proof.sequence(), 6, "the count goes on after a restart");
    store.close().await;
}

#[tokio::test]
async fn concurrent_disclosures_each_have_a_place_of_their_own() {
    let bench = Bench::new();
    let store = bench.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = store.clone();
        tasks.spawn(async move {
            ledger::disclose(&store, Scope::SYSTEM, &entry(number)).await.unwrap().sequence()
        });
    }
    let mut places = tasks.join_all().await;
    places.sort_unstable();
    assert_eq!(places, (1..=100).collect::<Vec<_>>());
    assert!(ledger::verify(&store).await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test]
async fn a_batch_that_fails_leaves_no_entry() {
    let bench = Bench::new();
    let store = bench.open().await;
    let scope = Scope::account(account());
    let mut batch = store.batch(scope);
    batch.create_scope(scope);
    ledger::commit(&store, batch, &entry(1)).await.unwrap();
    let mut again = store.batch(scope);
    again.create_scope(scope);
    assert_eq!(ledger::commit(&store, again, &entry(2)).await.map(drop), Err(StoreError::Exists));
    assert_eq!(store.journal().read(0, 10).await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn art_ctrl_audit__refuses_disclosure_when_the_ledger_cannot_be_written() {
    let bench = Bench::new();
    let store = bench.open().await;
    block(&bench.connect());
    let refused = ledger::disclose(&store, Scope::SYSTEM, &entry(1)).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");

    // A change does not happen either without its entry.
    let stranger = AccountSid::from_bytes([9; 16]);
    let mut batch = store.batch(Scope::account(stranger));
    batch.name(Name::account(stranger), stranger.to_string());
    let refused = ledger::commit(&store, batch, &entry(2)).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.locate(&Name::account(stranger)).await.unwrap(), None);

    bench.connect().execute_batch("DROP TRIGGER blocked").unwrap();
    let proof = ledger::disclose(&store, Scope::SYSTEM, &entry(3)).await.unwrap();
    assert_eq!(proof.sequence(), 1, "nothing of the refused entries is left");
    assert!(ledger::verify(&store).await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test]
async fn art_ctrl_audit__allows_disclosure_once_recorded() {
    let bench = Bench::new();
    let store = bench.open().await;
    let body = Phi::new("the text".to_owned());
    let proof = ledger::disclose(&store, Scope::SYSTEM, &entry(1)).await.unwrap();
    let rows = store.journal().read(proof.sequence() - 1, 1).await.unwrap();
    assert_eq!(rows[0].entry, entry(1).to_bytes());
    assert_eq!(body.open(&proof), "the text");
    store.close().await;
}

#[tokio::test]
async fn a_closed_store_gives_no_proof() {
    let bench = Bench::new();
    let store = bench.open().await;
    store.clone().close().await;
    let refused = ledger::disclose(&store, Scope::SYSTEM, &entry(1)).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}
