//! Who received what of a person, when, and who asked about it.

use std::time::Duration;

use serde_json::json;

use crate::world::{World, order, text};

#[tokio::test]
async fn one_question_says_to_whom_what_of_a_person_was_given() {
    accounted(&World::start().await).await;
}

#[tokio::test]
async fn one_question_says_to_whom_what_of_a_person_was_given_on_postgresql() {
    if let Some(world) = World::start_on_postgres().await {
        accounted(&world).await;
    }
}

async fn accounted(world: &World) {
    let place = world.hipaa_place().await;
    world.send(&place, json!([order("u-canary", 1), order("u-canary", 2), order("other", 3)])).await;
    world.deliver().await;
    world.app.advance(Duration::from_secs(86_400));
    world.send(&place, json!([order("u-canary", 4)])).await;
    world.deliver().await;
    // What can leave changes: another line of the accounting.
    world.map(&place, "event = 'Ordered'", json!({"who": {"@path": "$.userId"}})).await;
    world.approve(&place).await.assert_status(201);
    world.send(&place, json!([order("u-canary", 5)])).await;
    world.deliver().await;
    let path = format!("Workspaces/{}/Disclosures", place.workspace);
    let ask = || world.post(&place.account, &path, json!({"user_id": "u-canary"}));
    let report = ask().await;
    report.assert_status(201);
    let rows = report.json["disclosures"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let first = &rows[0];
    assert_eq!((&first["recipient"], &first["host"]), (&json!("Example Cloud"), &json!("localhost")));
    assert_eq!((&first["destination_name"], &first["events"]), (&json!("Pharmacy"), &json!(3)));
    assert_eq!(first["first"], "2026-01-15T12:00:00Z");
    assert_eq!(first["last"], "2026-01-16T12:00:00Z");
    assert!(first["what"].as_array().unwrap().contains(&json!("+ properties.total")));
    assert!(!rows[1]["what"].as_array().unwrap().contains(&json!("+ properties.total")));
    assert!(!report.text.contains("canary"), "the person is not named again");
    // It outlives the person's data and the destination.
    let regulation = json!({"regulation_type": "DELETE_ONLY", "user_ids": ["u-canary"]});
    let regulations = format!("Workspaces/{}/Regulations", place.workspace);
    world.post(&place.account, &regulations, regulation).await.assert_status(201);
    let delete = format!("/switchward/v1/Accounts/{}/Destinations/{}", place.account.sid, place.destination);
    assert_eq!(world.app.delete(&place.account, "switchward", &delete).await.status, 204);
    assert_eq!(ask().await.json, report.json);
    let nobody = world.post(&place.account, &path, json!({"user_id": "nobody"})).await;
    assert_eq!(nobody.json["disclosures"], json!([]));
    assert_eq!(world.post(&place.account, &path, json!({})).await.status, 400);
}

#[tokio::test]
async fn the_ledger_says_what_was_opened_and_who_granted_and_approved() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.send(&place, json!([order("u-canary", 1)])).await;
    world.deliver().await;
    let entries = world.app.ledger_actions(place.account.scope()).await;
    let delivered = entries.iter().find(|entry| entry.act == "deliver_events").unwrap();
    assert_eq!((delivered.who.as_str(), delivered.fields.as_slice()), ("system", &["event".to_owned()][..]));
    assert!(delivered.what.contains(&place.destination.to_string()));
    for (action, is_owner) in [
        ("update_destination_grants", true),
        ("update_destination_mappings", true),
        ("create_destination_approval", false),
    ] {
        let entry = entries.iter().find(|entry| entry.act == action).unwrap();
        assert_eq!(entry.who == place.account.sid.to_string(), is_owner, "{action}");
    }
    let grant = &world.show(&place, "").await.json["grants"][0];
    assert_eq!(text(&grant["granted_by"]), place.account.sid.to_string());
    assert_eq!((&grant["signer"], &grant["reason"]), (&json!("P. Officer"), &json!("it fills the order")));
    assert!(!format!("{entries:?}").contains("canary"));
}
