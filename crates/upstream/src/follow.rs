//! What the upstream is asked when it does not tell: one job for each message, which ends its record too.

use std::sync::Arc;

use base::{CarrierRecordSid, Timestamp};
use jobs::{Outcome, Queue, backoff};
use messaging::Inbox;
use store::{Document, Lease, Scope, StoreError};

use crate::carrier::UpstreamCarrier;
use crate::limits::{CALLBACK_WAIT, FOLLOWED, FOLLOWING_CONCURRENCY, LONGEST_ASK_PAUSE};
use crate::record::{self, FOLLOWING, HandOver, TakenArrival};

impl UpstreamCarrier {
    /// The job queue of messages that the upstream has.
    #[must_use]
    pub fn queue(&self, inbox: Inbox) -> Queue {
        let carrier = self.clone();
        let inbox = Arc::new(inbox);
        Queue::new(FOLLOWING, FOLLOWING_CONCURRENCY, move |lease| {
            let (carrier, inbox) = (carrier.clone(), Arc::clone(&inbox));
            async move { carrier.follow(&inbox, &lease).await.unwrap_or_else(Outcome::Failed) }
        })
    }

    async fn follow(&self, inbox: &Inbox, lease: &Lease) -> Result<Outcome, StoreError> {
        let store = &self.inner.store;
        let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse().ok());
        let Some(sid): Option<CarrierRecordSid> = sid else { return self.end(lease, None, None).await };
        let scoped = store.scope(Scope::SYSTEM);
        if let Some(arrival) = scoped.get::<TakenArrival>(sid).await? {
            return self.end(lease, None, Some(&arrival)).await;
        }
        let Some(record) = scoped.get::<HandOver>(sid).await? else {
            return self.end(lease, None, None).await;
        };
        let (now, began) = (store.clock().now(), Timestamp::from_micros(record.facts.began));
        let age = now.since(began);
        if age < CALLBACK_WAIT && !record.facts.is_over {
            // It was tried again since.
            return Ok(Outcome::RetryAt(began.plus(CALLBACK_WAIT)));
        }
        if record.facts.is_over || age >= FOLLOWED {
            return self.end(lease, Some(&record), None).await;
        }
        let account = self.account(&record.facts.upstream);
        if let (Some(account), Some(sid)) = (account, &record.facts.taken_as)
            && let Ok(Some(receipt)) = account.ask(sid).await
        {
            inbox.receipt(record.facts.reference()?, receipt).await?;
            return self.end(lease, Some(&record), None).await;
        }
        let pause = CALLBACK_WAIT.max(backoff(lease.attempts)).saturating_mul(lease.attempts.max(1));
        Ok(Outcome::RetryAt(now.plus(pause.min(LONGEST_ASK_PAUSE))))
    }

    /// Ends the job, and what it was about.
    async fn end(
        &self,
        lease: &Lease,
        record: Option<&Document<HandOver>>,
        arrival: Option<&Document<TakenArrival>>,
    ) -> Result<Outcome, StoreError> {
        let mut batch = self.inner.store.batch(Scope::SYSTEM);
        batch.finish(lease);
        if let Some(record) = record {
            record::remove(&mut batch, record);
        }
        if let Some(arrival) = arrival {
            batch.delete(arrival);
        }
        self.inner.store.commit(batch).await?;
        Ok(Outcome::Done)
    }
}
