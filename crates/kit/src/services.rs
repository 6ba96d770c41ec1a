//! What every request shares: the store, the operator's token, the gate.

use std::sync::Arc;

use auth::Secret;
use base::Timestamp;
use blobs::Blobs;
use store::Store;

use crate::gate::Gate;

/// Made once by `server`, shared by every request and job.
#[derive(Clone)]
pub struct Services {
    /// The durable store.
    pub store: Store,
    /// The operator's token, from the data folder.
    pub operator: Option<Secret>,
    /// How much anybody may ask for.
    pub gate: Arc<Gate>,
    /// Where media are kept.
    pub blobs: Blobs,
    /// Where the 2010 API is reached from outside, without a path: for the links that webhooks carry.
    pub api_base: String,
}

impl Services {
    /// The present instant, by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }
}
