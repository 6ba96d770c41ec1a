//! Which products this binary serves, and what connects them. Products never import each other:
//! here is where they meet.

use std::sync::Arc;

use kit::{Routes, Services};

/// Every product's routes.
pub(crate) fn routes(services: &Arc<Services>) -> Vec<Routes> {
    let _ = services;
    Vec::new()
}

/// Every queue of jobs.
pub(crate) fn queues(services: &Arc<Services>) -> Vec<jobs::Queue> {
    let _ = services;
    Vec::new()
}

/// The table of every product's routes.
pub(crate) fn table(services: &Arc<Services>) -> Vec<kit::RouteRow> {
    routes(services).iter().flat_map(|routes| routes.table().to_vec()).collect()
}
