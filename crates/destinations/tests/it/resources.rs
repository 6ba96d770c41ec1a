//! The resources themselves: what is taken, what is not, and whose they are.

use auth::Permission;
use serde_json::json;

use crate::world::{World, text};

#[tokio::test]
async fn a_destination_is_made_off_with_nothing_granted() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let shown = world.show(&place, "").await.json;
    assert_eq!(
        (&shown["enabled"], &shown["grants"], &shown["kind"]),
        (&json!(false), &json!([]), &json!("webhook"))
    );
    assert_eq!(shown["settings"]["headers"], json!(["authorization"]));
    assert_eq!(
        (&shown["settings"]["has_secret"], &shown["settings"]["batch_size"]),
        (&json!(true), &json!(1))
    );
    let listed = world.get(&place.account, &format!("Workspaces/{}/Destinations", place.workspace)).await;
    assert_eq!(listed.json["destinations"].as_array().unwrap().len(), 1);
    let change = json!({"settings": {"url": "https://example.com/?token=q-canary"}});
    let changed = world.change(&place, "", change).await;
    assert!(!changed.text.contains("q-canary"), "{}", changed.text);
    assert_eq!(changed.json["settings"]["has_secret"], true, "what is absent stays");
}

#[tokio::test]
async fn what_cannot_be_read_is_not_saved() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let filter =
        |condition: &str, action| json!({"filters": [{"title": "t", "if": condition, "actions": [action]}]});
    let drop = || json!({"type": "DROP"});
    let mapping =
        |trigger: &str, mapping| json!({"mappings": [{"name": "n", "trigger": trigger, "mapping": mapping}]});
    let table = [
        ("/Filters", filter("event = ", drop())),
        ("/Filters", filter("all", json!({"type": "BURN"}))),
        ("/Filters", filter("all", json!({"type": "SAMPLE", "percent": 2}))),
        ("/Filters", filter("all", json!({"type": "ALLOW_PROPERTIES", "fields": ["x"]}))),
        ("/Filters", json!({"filters": [{"title": "t", "if": "all", "actions": []}]})),
        ("/Filters", json!({"filters": [{"id": "x", "title": "t", "if": "all", "actions": [drop()]}]})),
        ("/Filters", json!({"filters": vec![json!({"title": "t", "if": "all", "actions": [drop()]}); 11]})),
        ("/Mappings", mapping("event =", json!({}))),
        ("/Mappings", mapping("all", json!({"a": {"@liquid": "x"}}))),
        ("/Mappings", mapping("all", json!([]))),
        ("/Grants", json!({"grant": [{"path": "a..b", "reason": "r"}], "signer": "s"})),
        ("/Grants", json!({"revoke": ["never.granted"]})),
        ("", json!({"max_per_second": 1_000_000})),
        ("", json!({"settings": {"url": "ftp://example.com"}})),
        ("", json!({"settings": {"batch_size": 0}})),
        ("", json!({"settings": {"headers": {"Content-Length": "1"}}})),
        ("", json!({"settings": {"headers": {"X": "a\r\nb"}}})),
        ("", json!({"unknown": 1})),
    ];
    let before = world.show(&place, "").await.text;
    for (path, body) in table {
        let reply = world.change(&place, path, body.clone()).await;
        assert_eq!(reply.status, 400, "{path} {body}: {}", reply.text);
    }
    assert_eq!(world.show(&place, "").await.text, before);
}

#[tokio::test]
async fn names_are_unique_in_a_source_and_sources_are_of_the_workspace() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let elsewhere = world.place(&world.app.owner, false).await;
    let body = |name: &str, source: String| json!({"name": name, "source_sid": source, "kind": "webhook", "settings": {"url": "https://example.com/"}});
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    let own = place.source.to_string();
    assert_eq!(world.post(&place.account, &path, body("Pharmacy", own.clone())).await.status, 409);
    assert_eq!(
        world.post(&place.account, &path, body("Other", elsewhere.source.to_string())).await.status,
        400
    );
    let mut warehouse = body("Other", own);
    warehouse["kind"] = json!("warehouse");
    assert_eq!(world.post(&place.account, &path, warehouse).await.status, 400);
}

#[tokio::test]
async fn another_accounts_destination_is_not_found() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    for path in ["", "/Manifest", "/Deliveries", "/DeadLetters"] {
        let path = format!("Destinations/{}{path}", place.destination);
        assert_eq!(world.get(&world.app.other, &path).await.status, 404);
    }
    let paths = format!("Workspaces/{}/Disclosures", place.workspace);
    let asked = world.post(&world.app.other, &paths, json!({"user_id": "u"})).await;
    assert_eq!(asked.status, 404);
}

#[tokio::test]
async fn an_approval_needs_a_permission_of_its_own_and_says_whether_others_granted() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    world.grant(&place, &["userId"]).await;
    let manifest = world.show(&place, "/Manifest").await.json;
    let path =
        format!("/switchward/v1/Accounts/{}/Destinations/{}/Manifest", place.account.sid, place.destination);
    let body = json!({"digest": text(&manifest["digest"]), "signer": "S. Econd"}).to_string().into_bytes();
    let writer = [Permission::WorkspacesRead, Permission::WorkspacesWrite];
    let approver = [Permission::ManifestsApprove];
    let (writer, approver) = (
        world.app.restricted_key(&place.account, &writer).await,
        world.app.restricted_key(&place.account, &approver).await,
    );
    let reply = world.app.post_raw(&writer, "switchward", &path, body.clone(), "application/json").await;
    assert_ne!(reply.status, 201);
    let reply = world.app.post_raw(&approver, "switchward", &path, body, "application/json").await;
    reply.assert_status(201);
    assert_eq!(reply.json["last_approval"]["second_credentials"], true);
}
