//! People and devices that are suppressed or deleted, and evidence of it.

use http::Method;
use serde_json::{Value, json};
use store::Scope;

use crate::world::{Place, World};

fn event(name: &str, who: Value) -> Value {
    let mut event = json!({"type": "track", "event": name});
    event.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    event
}

async fn regulate(world: &World, place: &Place, kind: &str, by: &str, ids: &[&str]) -> Value {
    let body = json!({"regulation_type": kind, by: ids});
    let reply = world.post(&place.account, &format!("/{}/Regulations", place.workspace), body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json
}

async fn reapply(world: &World, place: &Place, receipts: Value) -> test_kit::Reply {
    let path = format!("/{}/Receipts", place.workspace);
    world.post(&place.account, &path, json!({ "receipts": receipts })).await
}

#[tokio::test]
async fn priv_suppr_2__refuses_to_open_or_take_again_what_was_deleted() {
    for world in World::on_both().await {
        let place = world.place(&world.app.hipaa).await;
        let before = world.app.now();
        let both = json!({"userId": "u-canary-7", "anonymousId": "d-1", "messageId": "m-1"});
        let device = json!({"anonymousId": "d-canary-8", "messageId": "m-2"});
        let other = json!({"userId": "u-2", "messageId": "m-3"});
        let sent = json!([event("a", both.clone()), event("b", device.clone()), event("c", other)]);
        world.batch(&place, sent).await;
        world.app.advance(std::time::Duration::from_secs(60));
        // A person by the user id, and a device whose owner was never known by its own.
        let person = regulate(&world, &place, "DELETE_ONLY", "user_ids", &["u-canary-7"]).await;
        let deleted =
            regulate(&world, &place, "SUPPRESS_WITH_DELETE", "anonymous_ids", &["d-canary-8"]).await;
        assert_eq!(
            (&person["status"], &deleted["subject_type"]),
            (&json!("FINISHED"), &json!("ANONYMOUS_ID"))
        );
        assert_eq!(world.each(&place, "event").await, [json!(null), json!(null), json!("c")]);
        // A replay of what happened before, with new ids of messages and without.
        let at = |mut who: Value| {
            who["timestamp"] = before.iso8601().into();
            who["messageId"] = format!("{}-again", who["messageId"].as_str().unwrap()).into();
            who
        };
        let again = json!([event("a", at(both.clone())), event("b", at(device)), event("a", both)]);
        let answer = world.call(&place.key, "import", json!({ "batch": again }).to_string()).await;
        assert_eq!(answer.status, 200);
        let events = world.events(&place).await;
        assert_eq!(events.len(), 3, "{events:?}");
        // In no file, and no answer.
        for canary in ["u-canary-7", "d-canary-8"] {
            assert!(!world.keeps(canary));
            assert!(!format!("{person}{deleted}").contains(canary));
        }
        let path = format!("/switchward/v1/Accounts/{}/Sources/{}/Events", place.account.sid, place.source);
        let shown = world.app.get(&place.account, "switchward", &path).await.text;
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn priv_suppr_2__allows_who_comes_back_after_a_deletion() {
    for world in World::on_both().await {
        let place = world.place(&world.app.owner).await;
        let who = |id: &str| json!({"userId": "u-1", "messageId": id});
        world.batch(&place, json!([event("before", who("m-1"))])).await;
        regulate(&world, &place, "DELETE_ONLY", "user_ids", &["u-1"]).await;
        world.app.advance(std::time::Duration::from_secs(1));
        world.batch(&place, json!([event("after", who("m-2"))])).await;
        assert_eq!(world.each(&place, "event").await, [json!(null), json!("after")]);
        // And twice is fine.
        regulate(&world, &place, "DELETE_ONLY", "user_ids", &["u-1"]).await;
        assert_eq!(world.each(&place, "event").await, [json!(null), json!(null)]);
    }
}

#[tokio::test]
async fn priv_suppr_1__refuses_events_of_devices_that_are_suppressed() {
    for world in World::on_both().await {
        let place = world.place(&world.app.hipaa).await;
        regulate(&world, &place, "SUPPRESS_ONLY", "anonymous_ids", &["d-1"]).await;
        let device = json!({"anonymousId": "d-1"});
        let known = json!({"userId": "u-1", "anonymousId": "d-1"});
        world
            .batch(
                &place,
                json!([event("a", device.clone()), event("b", known), event("c", json!({"userId": "d-1"}))]),
            )
            .await;
        assert_eq!(world.each(&place, "event").await, ["c"], "a person of the same name is another");
        regulate(&world, &place, "UNSUPPRESS", "anonymous_ids", &["d-1"]).await;
        world.batch(&place, json!([event("a", device)])).await;
        assert_eq!(world.each(&place, "event").await, ["c", "a"]);
    }
}

#[tokio::test]
async fn a_receipt_has_a_deletion_done_again_that_a_backup_does_not_know() {
    for world in World::on_both().await {
        let place = world.place(&world.app.owner).await;
        let who = |id: &str| json!({"userId": id, "messageId": id});
        world.batch(&place, json!([event("a", who("u-1")), event("b", who("u-2"))])).await;
        // The first deletion is taken back, as a restore from an older backup does: the key is there again.
        let scope = Scope::workspace(place.workspace);
        let other = world.place(&world.app.owner).await;
        let made = regulate(&world, &place, "DELETE_ONLY", "user_ids", &["u-3"]).await;
        world.app.advance(std::time::Duration::from_secs(1));
        let statement: Value = serde_json::from_str(made["receipt"]["statement"].as_str().unwrap()).unwrap();
        let sid = statement["subjects"][0].as_str().unwrap().parse().unwrap();
        let mut batch = world.store().batch(scope);
        let long_ago = base::Timestamp::from_seconds(1);
        batch.add_subject(sid, long_ago);
        world.store().commit(batch).await.unwrap();
        let applied = reapply(&world, &place, json!([made["receipt"]])).await;
        assert_eq!((applied.status, &applied.json["destroyed"]), (201, &json!(1)), "{}", applied.text);
        assert!(world.store().scope(scope).subject_key(sid).await.unwrap().is_none());
        // Who comes after the deletion stays.
        world.batch(&place, json!([event("c", who("u-3"))])).await;
        let applied = reapply(&world, &place, json!([made["receipt"]])).await;
        assert_eq!(applied.json, json!({"deletions": 1, "destroyed": 0}));
        assert_eq!(world.each(&place, "event").await, ["a", "b", "c"]);
        // Only what this instance said of this workspace counts.
        let mut forged = made["receipt"].clone();
        forged["statement"] =
            forged["statement"].as_str().unwrap().replace("DELETE_ONLY", "SUPPRESS_WITH_DELETE").into();
        assert_eq!(reapply(&world, &place, json!([forged])).await.status, 400);
        assert_eq!(reapply(&world, &other, json!([made["receipt"]])).await.status, 400);
        assert_eq!(reapply(&world, &place, json!([])).await.status, 400);
        // Receipts are shown again, the same.
        let path = format!(
            "/switchward/v1/Accounts/{}/Workspaces/{}/Regulations",
            place.account.sid, place.workspace
        );
        let listed = world.app.get(&place.account, "switchward", &path).await.json;
        assert_eq!(listed["regulations"][0]["receipt"], made["receipt"]);
        let one = format!("{path}/{}", made["sid"].as_str().unwrap());
        assert_eq!(world.app.get(&place.account, "switchward", &one).await.json, listed["regulations"][0]);
    }
}

#[tokio::test]
async fn as_many_people_as_allowed_are_regulated_at_once() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let ids: Vec<_> = (0..segment::limits::REGULATED).map(|number| format!("u-{number}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for _ in 0..2 {
        let made = regulate(&world, &place, "SUPPRESS_WITH_DELETE", "user_ids", &ids).await;
        assert_eq!(made["people"], segment::limits::REGULATED);
        assert_eq!(reapply(&world, &place, json!([made["receipt"]])).await.status, 201);
    }
    regulate(&world, &place, "UNSUPPRESS", "user_ids", &ids).await;
}

#[tokio::test]
async fn a_destination_that_is_not_told_is_said_so() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let scope = Scope::workspace(place.workspace);
    let mut batch = world.store().batch(scope);
    batch.add_consumer("DT0", &place.source.to_string(), world.app.now());
    world.store().commit(batch).await.unwrap();
    let made = regulate(&world, &place, "DELETE_ONLY", "user_ids", &["u-1"]).await;
    assert_eq!(made["status"], "PARTIAL_SUCCESS");
    assert_eq!(made["streams"][0]["destinations"], json!({"DT0": "NOT_SUPPORTED"}));
    let suppressed = regulate(&world, &place, "SUPPRESS_ONLY", "user_ids", &["u-1"]).await;
    assert_eq!(suppressed["status"], "FINISHED");
    let token = world.token(&place, &["end_user_privacy_admin", "pii_access"]).await;
    let asked = json!({"regulationType": "SUPPRESS_WITH_DELETE", "subjectType": "ANONYMOUS_ID", "subjectIds": ["d-1"]});
    let (_, body) = world.public(&token, Method::POST, "/regulations", Some(asked)).await;
    let path = format!("/regulations/{}", body["data"]["regulateId"].as_str().unwrap());
    let (_, body) = world.public(&token, Method::GET, &path, None).await;
    let regulation = &body["data"]["regulation"];
    assert_eq!(
        (&regulation["overallStatus"], &regulation["streamStatus"][0]["destinationStatus"][0]["status"]),
        (&json!("PARTIAL_SUCCESS"), &json!("NOT_SUPPORTED"))
    );
    let (_, body) = world.public(&token, Method::GET, "/suppressions", None).await;
    let shown = body["data"]["suppressed"].as_array().unwrap();
    assert!(shown.contains(&json!({"subjectType": "ANONYMOUS_ID", "subjectIds": ["d-1"]})), "{shown:?}");
    assert!(shown.contains(&json!({"subjectType": "USER_ID", "subjectIds": ["u-1"]})));
}
