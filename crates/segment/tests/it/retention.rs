//! When events go.

use std::sync::Arc;
use std::time::Duration;

use segment::{Retention, limits};
use serde_json::json;
use store::Scope;

use crate::world::World;

const DAY: Duration = Duration::from_secs(86_400);

fn event(name: &str) -> serde_json::Value {
    json!([{"type": "track", "userId": "u", "event": name}])
}

#[tokio::test]
async fn art_ctrl_retain__refuses_to_keep_events_longer_than_the_workspace_says() {
    let world = World::start().await;
    let (place, other) = (world.place(&world.app.hipaa).await, world.place(&world.app.hipaa).await);
    let retention = Retention::new(Arc::clone(&world.app.services));
    let path = format!("/{}/Retention", place.workspace);
    for days in [0, 1, 2_193] {
        assert_eq!(world.post(&place.account, &path, json!({"days": days})).await.status, 400);
    }
    let set = world.post(&place.account, &path, json!({"days": 3})).await;
    assert_eq!((set.status, &set.json["events_kept_days"]), (201, &json!(3)));
    world.batch(&place, event("old")).await;
    world.batch(&other, event("elsewhere")).await;
    world.app.advance(DAY * 2);
    world.batch(&place, event("new")).await;
    assert_eq!(retention.sweep().await.unwrap(), 0);
    world.app.advance(DAY + Duration::from_secs(1));
    assert_eq!(retention.sweep().await.unwrap(), 1);
    assert_eq!(world.each(&place, "event").await, ["new"]);
    // Where nothing is said it is 30 days.
    assert_eq!(world.each(&other, "event").await, ["elsewhere"]);
    world.app.advance(DAY * limits::KEPT_DAYS);
    assert_eq!(retention.sweep().await.unwrap(), 2);
    assert!(world.events(&other).await.is_empty());
}

#[tokio::test]
async fn art_ctrl_retain__allows_what_a_destination_waits_for_a_week_and_no_longer() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let retention = Retention::new(Arc::clone(&world.app.services));
    let scope = Scope::workspace(place.workspace);
    let mut batch = world.store().batch(scope);
    batch.add_consumer("DT0", &place.source.to_string(), world.app.now());
    world.store().commit(batch).await.unwrap();
    world.batch(&place, event("waited for")).await;
    world.app.advance(DAY * (limits::KEPT_DAYS + 1));
    assert_eq!(retention.sweep().await.unwrap(), 0);
    world.app.advance(limits::HELD);
    assert_eq!(retention.sweep().await.unwrap(), 1);
    assert!(world.events(&place).await.is_empty());
}
