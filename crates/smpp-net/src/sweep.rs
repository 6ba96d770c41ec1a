//! What the carrier keeps in mind is removed when nothing can refer to it any more.

use std::time::Duration;

use store::{Kind, Query, Range, Scope, Store, StoreError};
use tokio::sync::watch;

use crate::limits::{RECEIPT_KEPT, REPEAT_WINDOW, SWEEP_EVERY, SWEEP_ROWS};
use crate::names::SubmittedPart;
use crate::repeats::TakenDelivery;

/// Sweeps now and then until `stop` becomes true or is dropped.
pub(crate) async fn run(store: Store, stop: watch::Receiver<bool>) {
    let mut rounds = jobs::Rounds::every(SWEEP_EVERY, stop);
    while rounds.next().await {
        let swept = async {
            remove::<SubmittedPart>(&store, RECEIPT_KEPT).await?;
            remove::<TakenDelivery>(&store, REPEAT_WINDOW).await
        };
        match swept.await {
            // Another server removes the same.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => tracing::warn!(%error, "old records of the SMPP carrier stay for now"),
        }
    }
}

/// Removes the documents of a kind that are older than `age`.
async fn remove<K: Kind>(store: &Store, age: Duration) -> Result<(), StoreError> {
    let until = Some(store.clock().now().minus(age));
    loop {
        let query = Query {
            created: Range { from: None, until },
            oldest_first: true,
            limit: SWEEP_ROWS,
            ..Query::default()
        };
        let listed = store.scope(Scope::SYSTEM).list::<K>(query).await?;
        if listed.documents.is_empty() {
            return Ok(());
        }
        let mut batch = store.batch(Scope::SYSTEM);
        listed.documents.iter().for_each(|document| batch.delete(document));
        store.commit(batch).await?;
        if listed.next.is_none() {
            return Ok(());
        }
    }
}
