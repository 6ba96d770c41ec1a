//! What destinations of events are given: by destination, as a SID, because one that lags is to be found.

use destinations::EngineMeasures;
use store::{Store, StoreError};

use super::{Kind, Page};

/// What became of events in this process.
pub(super) fn show(page: &mut Page, measures: &EngineMeasures) {
    let name = "switchward_deliveries_total";
    page.family(
        name,
        Kind::Counter,
        "Events for a destination, by what became of them; counted once on disk.",
    );
    for (destination, outcome, events) in measures.by_destination() {
        page.sample(name, &[("destination", &destination.to_string()), ("outcome", outcome)], events);
    }
    let name = "switchward_delivery_runs_interrupted_total";
    page.family(name, Kind::Counter, "Runs that ended because the store failed or another process had them.");
    page.sample(name, &[], measures.interrupted.value());
}

/// How old the oldest event is that a destination still waits for.
pub(super) async fn show_lags(page: &mut Page, store: &Store) -> Result<(), StoreError> {
    let (now, name) = (store.clock().now(), "switchward_delivery_lag_seconds");
    page.family(name, Kind::Gauge, "Since when the oldest event waits that a destination was not given.");
    for (destination, since) in store.consumer_lags(destinations::limits::MEASURED).await? {
        let lag = since.map_or(0, |since| now.since(since).as_secs());
        page.sample(name, &[("destination", &destination)], lag);
    }
    Ok(())
}
