//! Orders to calls that go on: kept as jobs, because the call may live in another process than the one that was asked.

use base::{CallSid, Timestamp};
use jobs::{Outcome, Queue};
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::{Lease, NewJob, StoreError};

use crate::Switchboard;
use crate::calls::model::Call;
use crate::hook::Target;
use crate::limits::{ORDER_RETRY, ORDER_WAIT, ORDERING_CONCURRENCY};

/// The queue of orders.
pub(crate) const ORDERING: &str = "calls.order";

/// What is ordered. No `Debug`: a document may hold anything.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    /// It ends.
    End,
    /// It gets another document.
    Redirect {
        /// Its URL; without one it was given.
        voice: Target,
        /// The document itself.
        twiml: Option<String>,
        /// What is asked when that fails, when it is given.
        fallback: Option<Target>,
    },
}

/// An order as it waits.
#[derive(Serialize, Deserialize)]
struct Queued {
    call: String,
    order: Order,
}

/// A job of an order: its payload is sealed under the account's key, as every job's.
pub(crate) struct Pending(Phi<Order>);

impl Order {
    /// An order for another document.
    pub(crate) fn redirect(
        voice: &Target,
        twiml: Option<&Phi<String>>,
        fallback: Option<&Target>,
    ) -> Pending {
        let (voice, fallback) = (voice.clone(), fallback.cloned());
        Pending(match twiml {
            None => Phi::new(Self::Redirect { voice, twiml: None, fallback }),
            Some(twiml) => twiml.clone().map(|twiml| Self::Redirect { voice, twiml: Some(twiml), fallback }),
        })
    }

    /// An order for the end.
    pub(crate) fn end() -> Pending {
        Pending(Phi::new(Self::End))
    }
}

impl Pending {
    /// The job that carries it out.
    pub(crate) fn job(self, call: CallSid, now: Timestamp) -> NewJob {
        let call = call.to_string();
        let queued = self.0.map(|order| Queued { call: call.clone(), order });
        NewJob {
            queue: ORDERING,
            lane: None,
            ordering_key: Some(call),
            due_at: now,
            payload: queued.to_job_payload().expect("strings always encode"),
        }
    }
}

/// The queue's worker.
pub(crate) fn queue(switchboard: &Switchboard) -> Queue {
    let switchboard = switchboard.clone();
    Queue::new(ORDERING, ORDERING_CONCURRENCY, move |lease| {
        let switchboard = switchboard.clone();
        async move { carry_out(&switchboard, &lease).await.unwrap_or_else(Outcome::Failed) }
    })
}

/// Gives an order to its call if it lives here. Elsewhere another process finds the job soon; an order that finds its call
/// nowhere is void, because the call is over or will be ended by whoever looks after it.
async fn carry_out(switchboard: &Switchboard, lease: &Lease) -> Result<Outcome, StoreError> {
    let services = switchboard.services();
    let finish = async || {
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        services.store.commit(batch).await.map(|_| Outcome::Done)
    };
    let queued: Option<Queued> = serde_json::from_slice(&lease.payload).ok();
    let named = queued.and_then(|queued| Some((queued.call.parse::<CallSid>().ok()?, queued.order)));
    let (Some((sid, order)), Some(account)) = (named, lease.scope.account_sid()) else {
        return finish().await;
    };
    if switchboard.order(account, sid, order) {
        return finish().await;
    }
    let call = services.store.scope(lease.scope).get::<Call>(sid).await?;
    let now = services.now();
    let is_over = call.is_none_or(|call| call.facts.status.is_terminal());
    match is_over || now.since(lease.created_at) > ORDER_WAIT {
        true => finish().await,
        false => Ok(Outcome::RetryAt(now.plus(ORDER_RETRY))),
    }
}
