//! The guide's rules about workspaces, consent and suppression.

use auth::Organization;
use serde_json::json;
use store::Scope;

use crate::world::World;

#[tokio::test]
async fn seg_des_1__refuses_designation_without_the_package() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let scope = Scope::organization(world.app.organization);
    let mut organization =
        world.store().scope(scope).get::<Organization>(world.app.organization).await.unwrap().unwrap();
    organization.facts.entitled_from = None;
    let mut batch = world.store().batch(scope);
    batch.update(&organization);
    world.store().commit(batch).await.unwrap();
    world.designate(&place).await.assert_refused("SEG-DES-1", 77562);
    // Nor without any agreement.
    let other = world.place(&world.app.other).await;
    world.designate(&other).await.assert_refused("CON-BAA-1", 77058);
}

#[tokio::test]
async fn seg_des_1__allows_designation_with_the_package() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let reply = world.designate(&place).await;
    assert_eq!((reply.status, &reply.json["hipaa"]), (201, &json!(true)), "{}", reply.text);
    assert_eq!(reply.json["designation_reference"], "T-1");
}

#[tokio::test]
async fn seg_des_3__refuses_to_hand_a_designation_down() {
    let world = World::start().await;
    // Not from an account that is a HIPAA project, and not from another workspace of it.
    let first = world.place(&world.app.hipaa).await;
    assert_eq!(world.designate(&first).await.status, 201);
    let later = world.post(&world.app.hipaa, "", json!({"name": "Later"})).await;
    assert_eq!(later.json["hipaa"], false);
    assert_eq!(later.json["designated_at"], json!(null));
    let asked = world.post(&world.app.hipaa, "", json!({"name": "Asked", "hipaa": true})).await;
    assert_eq!(asked.status, 400, "it cannot be asked for either");
}

#[tokio::test]
async fn seg_des_3__allows_each_workspace_a_designation_of_its_own() {
    let world = World::start().await;
    for _ in 0..2 {
        let place = world.place(&world.app.owner).await;
        assert_eq!(world.designate(&place).await.json["hipaa"], true);
        assert_eq!(world.designate(&place).await.status, 409, "once");
    }
}

#[tokio::test]
async fn seg_des_4__refuses_designation_without_a_request_on_record() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let path = format!("/{}/Designation", place.workspace);
    for reference in [json!(null), json!(""), json!("  ")] {
        let body = json!({"request_reference": reference, "requester": "R. Quester"});
        world.as_operator(&place.account, &path, body).await.assert_refused("SEG-DES-4", 77563);
    }
    let anonymous = json!({"request_reference": "T-1"});
    assert_eq!(world.as_operator(&place.account, &path, anonymous).await.status, 400);
    let itself =
        world.post(&place.account, &path, json!({"request_reference": "T-1", "requester": "R"})).await;
    assert_eq!(itself.status, 403, "the customer asks, and the operator acts");
}

#[tokio::test]
async fn seg_des_4__allows_designation_on_a_request() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    assert_eq!(world.designate(&place).await.status, 201);
}

#[tokio::test]
async fn priv_consent_1__refuses_events_without_consent() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let path = format!("/{}/Consent", place.workspace);
    assert_eq!(
        world.post(&place.account, &path, json!({"required": true})).await.json["consent_required"],
        true
    );
    let consent = |categories| json!({"consent": {"categoryPreferences": categories}});
    world
        .batch(
            &place,
            json!([
                {"type": "track", "event": "none", "userId": "u-canary-1"},
                {"type": "track", "event": "no", "userId": "u-canary-1", "context": consent(json!({"A": false}))},
                {"type": "track", "event": "broken", "userId": "u-canary-1", "context": {"consent": "yes"}},
            ]),
        )
        .await;
    assert!(world.events(&place).await.is_empty());
    assert_eq!(world.ingest.measures.withheld.value(), 3);
    assert_eq!(
        world.store().event_names(0, u64::MAX, base::Timestamp::from_seconds(0), 10).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn priv_consent_1__allows_events_with_consent() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    world.batch(&place, json!([{"type": "track", "event": "before", "userId": "u"}])).await;
    world.post(&place.account, &format!("/{}/Consent", place.workspace), json!({"required": true})).await;
    let context = json!({"consent": {"categoryPreferences": {"A": false, "B": true}}});
    world.batch(&place, json!([{"type": "track", "event": "yes", "userId": "u", "context": context}])).await;
    assert_eq!(world.each(&place, "event").await, ["before", "yes"]);
}

#[tokio::test]
async fn priv_suppr_1__refuses_events_of_people_who_are_suppressed() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    assert_eq!(world.regulate(&place, "SUPPRESS_ONLY", &["u-canary-2"]).await.status, 201);
    world
        .batch(
            &place,
            json!([
                {"type": "track", "event": "a", "userId": "u-canary-2", "messageId": "m-1"},
                {"type": "track", "event": "b", "userId": "u-canary-2", "anonymousId": "x", "messageId": "m-2"},
                {"type": "alias", "previousId": "u-canary-2", "userId": "new", "messageId": "m-3"},
            ]),
        )
        .await;
    assert!(world.events(&place).await.is_empty());
    // No trace: neither a row, nor a digest of the message's name, nor a subject.
    assert_eq!(
        world.store().event_names(0, u64::MAX, base::Timestamp::from_seconds(0), 10).await.unwrap(),
        []
    );
    assert!(!world.keeps("u-canary-2"));
    // Since nothing was kept of them, the same messages are taken once the person is not suppressed any more.
    assert_eq!(world.regulate(&place, "UNSUPPRESS", &["u-canary-2"]).await.status, 201);
    world
        .batch(&place, json!([{"type": "track", "event": "a", "userId": "u-canary-2", "messageId": "m-1"}]))
        .await;
    assert_eq!(world.each(&place, "event").await, ["a"]);
}

#[tokio::test]
async fn priv_suppr_1__allows_events_of_everybody_else() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let elsewhere = world.place(&world.app.hipaa).await;
    let event = |user: &str| json!({"type": "track", "event": user, "userId": user});
    // Also when the person was known before, and in memory.
    world.batch(&place, json!([event("u-1"), event("u-2")])).await;
    world.regulate(&place, "SUPPRESS_ONLY", &["u-1", "u-1"]).await;
    world.batch(&place, json!([event("u-1"), event("u-2"), {"type": "page", "anonymousId": "u-1"}])).await;
    assert_eq!(world.each(&place, "type").await, ["track", "track", "track", "page"]);
    world.batch(&elsewhere, json!([event("u-1")])).await;
    assert_eq!(world.events(&elsewhere).await.len(), 1, "another workspace has its own list");
}
