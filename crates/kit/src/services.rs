//! What every request shares: the store, the operator's token, where webhooks may go.

use auth::Secret;
use base::Timestamp;
use store::Store;

/// Made once by `server`, shared by every request and job.
#[derive(Clone)]
pub struct Services {
    /// The durable store.
    pub store: Store,
    /// The operator's token, from the data folder.
    pub operator: Option<Secret>,
}

impl Services {
    /// The present instant, by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }
}
