//! Active probes: what only an attempt can show, made with nothing but synthetic data.

use std::sync::atomic::AtomicUsize;

use crate::observations::Observed;
use crate::observe::Order;
use crate::resource::Resource;

/// Most requests a probe makes for one subject.
pub(crate) fn most_requests(_resource: &Resource) -> usize {
    1
}

pub(crate) async fn probe(_order: &Order, _subject: &mut Observed, _made: &AtomicUsize) {}
