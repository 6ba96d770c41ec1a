//! Fields: detected, classified, kept out, masked, looked through and purged.

use std::sync::Arc;
use std::time::Duration;

use auth::Permission;
use phi::Phi;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use store::{NewEvent, Scope, Subject};
use test_kit::Credentials;
use tokio::sync::watch;

use crate::world::{Place, World};

async fn fields(world: &World, place: &Place, query: &str) -> Vec<Value> {
    let path =
        format!("/switchward/v1/Accounts/{}/Workspaces/{}/Fields{query}", place.account.sid, place.workspace);
    let reply = world.app.get(&place.account, "switchward", &path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json["fields"].as_array().unwrap().clone()
}

async fn paths(world: &World, place: &Place, query: &str) -> Vec<String> {
    let mut paths: Vec<_> = fields(world, place, query)
        .await
        .iter()
        .map(|field| field["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

async fn classify(world: &World, place: &Place, path: &str, colour: &str, more: Value) {
    let mut said = json!({"path": path, "colour": colour});
    said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({"classify": [said], "signer": "P. Officer"});
    let reply = world.post(&place.account, &format!("/{}/Fields", place.workspace), body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

/// Events as somebody sees them through the API.
async fn shown(world: &World, place: &Place, reader: impl AsRef<Credentials>) -> Vec<Value> {
    let path = format!("/switchward/v1/Accounts/{}/Sources/{}/Events", place.account.sid, place.source);
    let reply = world.app.get(reader, "switchward", &path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json["events"].as_array().unwrap().clone()
}

/// Somebody who may read events and has no access to PII.
async fn clerk(world: &World, place: &Place) -> Credentials {
    world.app.restricted_key(&place.account, &[Permission::EventsRead]).await
}

/// A HIPAA workspace whose plan has these properties of `Seen`.
async fn planned(world: &World, properties: &[&str]) -> Place {
    let place = world.place(&world.app.hipaa).await;
    let token = world.token(&place, &["workspace_owner"]).await;
    let properties: serde_json::Map<_, _> =
        properties.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    let schema = json!({"properties": {"properties": {"type": "object", "properties": properties}}});
    let rules = json!([{"type": "TRACK", "key": "Seen", "version": 1, "jsonSchema": schema}]);
    world.plan(&place, &token, rules).await;
    assert_eq!(world.designate(&place).await.status, 201);
    place
}

fn seen(properties: Value) -> Value {
    json!([{"type": "track", "event": "Seen", "userId": "u-1", "properties": properties}])
}

#[tokio::test]
async fn fields_are_listed_once_with_who_recognises_them_and_never_with_values() {
    for world in World::on_both().await {
        let place = world.place(&world.app.owner).await;
        for _ in 0..2 {
            world.batch(&place, seen(json!({"email": "canary@example.org", "note": "blue"}))).await;
        }
        let other = world.beside(&place).await;
        world.batch(&other, seen(json!({"note": "canary-2", "more": [{"ssn": 1}]}))).await;
        let inbox = fields(&world, &place, "?State=inbox").await;
        let of = |path: &str| inbox.iter().find(|field| field["path"] == path).unwrap();
        assert_eq!(
            (&of("properties.email")["matcher"], &of("properties.email")["recommended"]),
            (&json!("email"), &json!("yellow"))
        );
        assert_eq!(of("properties.more.ssn")["recommended"], "red");
        assert_eq!(of("properties.note")["matcher"], json!(null));
        let sources = of("properties.note")["sources"].as_array().unwrap();
        assert_eq!(sources, &[json!(place.source.to_string()), json!(other.source.to_string())]);
        assert!(!json!(inbox).to_string().contains("canary"));
        let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
        let entry = entries.last().unwrap();
        assert_eq!((entry.act.as_str(), entry.fields.as_slice()), ("list_field", &["path".to_owned()][..]));
        // Where a field stands is sealed as well: its name may be a patient's.
        world.batch(&place, seen(json!({"jane-canary-3": 1}))).await;
        assert!(paths(&world, &place, "").await.contains(&"properties.jane-canary-3".to_owned()));
        assert!(!world.keeps("jane-canary-3") && !world.keeps("canary"));
    }
}

#[tokio::test]
async fn names_that_no_path_can_be_written_with_are_fields_once_too() {
    let mut world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let long = "k".repeat(2_000);
    for _ in 0..2 {
        world.batch(&place, seen(json!({"": {"": 1}, "a.b\\": 2, long.clone(): 3}))).await;
        world = world.restarted();
    }
    let listed = paths(&world, &place, "").await;
    assert_eq!(listed.iter().filter(|path| path.starts_with("properties.")).count(), 3, "{listed:?}");
    // All of them have the source, and none was found twice.
    for field in fields(&world, &place, "").await {
        assert_eq!(field["sources"], json!([place.source.to_string()]), "{field}");
    }
}

#[tokio::test]
async fn of_who_is_suppressed_not_even_the_name_of_a_field_stays() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    world.regulate(&place, "SUPPRESS_ONLY", &["u-1"]).await;
    world.batch(&place, seen(json!({"secretive": 1}))).await;
    assert!(fields(&world, &place, "").await.is_empty());
}

#[tokio::test]
async fn priv_match_2__refuses_to_store_what_is_red_and_to_show_what_is_yellow() {
    for world in World::on_both().await {
        let place = planned(&world, &["ssn", "email", "plan"]).await;
        let clerk = clerk(&world, &place).await;
        // A matcher recognises the first one: nobody has spoken yet, and it is not kept.
        let event = json!({"ssn": "212-34-5678", "email": "canary-4@example.org", "plan": "gold"});
        world.batch(&place, seen(event.clone())).await;
        let kept = world.events(&place).await;
        assert_eq!(kept[0]["properties"], json!({"email": "canary-4@example.org", "plan": "gold"}));
        assert_eq!(world.ingest.measures.stripped.value(), 1);
        // A colour counts for what came before it.
        assert_eq!(shown(&world, &place, &clerk).await[0].get("properties"), None, "unknown counts as red");
        classify(&world, &place, "properties.plan", "green", json!({})).await;
        classify(&world, &place, "properties.email", "yellow", json!({})).await;
        let masked = json!({"email": "[masked]", "plan": "gold"});
        assert_eq!(shown(&world, &place, &clerk).await[0]["properties"], masked);
        classify(&world, &place, "properties.plan", "red", json!({})).await;
        let masked = json!({"email": "[masked]", "plan": "[masked]"});
        assert_eq!(shown(&world, &place, &clerk).await[0]["properties"], masked, "yesterday's data at once");
        let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
        assert_eq!(entries.last().unwrap().fields, ["event_masked"]);
        // From now on it is not kept either, and an event may have to go as a whole.
        world.batch(&place, seen(event.clone())).await;
        assert_eq!(world.events(&place).await[1]["properties"], json!({"email": "canary-4@example.org"}));
        classify(&world, &place, "properties.email", "red", json!({"at_ingest": "drop_event"})).await;
        world.batch(&place, seen(event)).await;
        assert_eq!(world.events(&place).await.len(), 2);
        assert_eq!(world.ingest.measures.kept_out.value(), 1);
        assert!(!world.keeps("212-34-5678"));
    }
}

/// Goal: what there was no room to list in one request is not kept either. Method: more new names than all rounds list.
#[tokio::test]
async fn priv_match_2__refuses_to_store_what_is_red_when_there_are_too_many_new_fields() {
    const NAMES: usize = 200;
    let world = World::start().await;
    let place = planned(&world, &["plan"]).await;
    let events: Vec<_> = (0..8)
        .map(|event| {
            let context: serde_json::Map<_, _> = (0..NAMES)
                .map(|name| (format!("k{}", event * NAMES + name), json!({"ssn": "212-34-5678"})))
                .collect();
            json!({"type": "track", "event": "Seen", "userId": "u-1", "messageId": format!("m{event}"),
                "properties": {"plan": "gold"}, "context": context})
        })
        .collect();
    world.batch(&place, Value::Array(events)).await;
    let kept = world.events(&place).await;
    assert!(kept.iter().all(|event| !event.to_string().contains("212-34-5678")), "{}", kept.len());
    assert!(!kept.is_empty() && kept.len() < 8, "{}", kept.len());
}

#[tokio::test]
async fn priv_match_2__allows_pii_access_to_see_and_people_to_say_otherwise() {
    let world = World::start().await;
    let place = planned(&world, &["ssn", "plan"]).await;
    classify(&world, &place, "properties.ssn", "yellow", json!({})).await;
    world.batch(&place, seen(json!({"ssn": "212-34-5678", "plan": "gold"}))).await;
    let all = json!({"ssn": "212-34-5678", "plan": "gold"});
    assert_eq!(world.events(&place).await[0]["properties"], all);
    let doctor =
        world.app.restricted_key(&place.account, &[Permission::EventsRead, Permission::PiiRead]).await;
    assert_eq!(shown(&world, &place, &doctor).await[0]["properties"], all);
    assert_eq!(shown(&world, &place, &place.account).await[0]["properties"], all);
    // Outside HIPAA workspaces nothing is hidden or kept out that nobody has spoken about.
    let plain = world.place(&world.app.owner).await;
    world.batch(&plain, seen(all.clone())).await;
    let clerk = clerk(&world, &plain).await;
    assert_eq!(shown(&world, &plain, &clerk).await[0]["properties"], all);
    let path = format!("/{}/Privacy", plain.workspace);
    let reply = world.post(&plain.account, &path, json!({"red_at_ingest": "drop_field"})).await;
    assert_eq!((reply.status, &reply.json["red_at_ingest"]), (201, &json!("drop_field")));
    classify(&world, &plain, "properties.ssn", "red", json!({})).await;
    world.batch(&plain, seen(all)).await;
    assert_eq!(world.events(&plain).await[1]["properties"], json!({"plan": "gold"}));
}

#[tokio::test]
async fn a_customers_matchers_are_used_and_those_that_cannot_be_are_refused() {
    let world = World::start().await;
    let place = planned(&world, &["ward", "plan"]).await;
    let path = format!("/{}/Privacy", place.workspace);
    let matcher = |how: &str, what: Value| json!({"name": "Ward", "colour": "red", "on": "key", how: what});
    for wrong in [
        json!([matcher("pattern", json!("(?=a)"))]),
        json!([matcher("exact", json!([]))]),
        json!([matcher("exact", json!(["a"])), matcher("exact", json!(["b"]))]),
    ] {
        assert_eq!(world.post(&place.account, &path, json!({"matchers": wrong})).await.status, 400);
    }
    let reply =
        world.post(&place.account, &path, json!({"matchers": [matcher("similar", json!(["wards"]))]})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json["matchers"][0]["similar"], json!(["wards"]));
    assert!(reply.json["matchers"].as_array().unwrap().len() > 40);
    assert_eq!(reply.text.matches("\"name\":\"Ward\"").count(), 1, "{}", reply.text);
    world.batch(&place, seen(json!({"ward": "canary-5", "plan": "gold"}))).await;
    assert_eq!(world.events(&place).await[0]["properties"], json!({"plan": "gold"}));
}

async fn inbox(world: &World, place: &Place) -> Value {
    let path =
        format!("/switchward/v1/Accounts/{}/Workspaces/{}/Privacy", place.account.sid, place.workspace);
    world.app.get(&place.account, "switchward", &path).await.json["inbox"].clone()
}

#[tokio::test]
async fn priv_inbox_1__refuses_to_call_an_inbox_reviewed_that_waits_too_long() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    assert_eq!(inbox(&world, &place).await["posture"], "green");
    world.batch(&place, seen(json!({"note": 1}))).await;
    world.app.advance(Duration::from_secs(8 * 86_400));
    let late = inbox(&world, &place).await;
    assert_eq!((&late["posture"], &late["days_allowed"]), (&json!("red"), &json!(7)));
    assert!(late["oldest_at"].is_string());
}

#[tokio::test]
async fn priv_inbox_1__allows_an_inbox_that_is_classified_in_time() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    world.batch(&place, seen(json!({"note": 1}))).await;
    for path in paths(&world, &place, "?State=inbox").await {
        classify(&world, &place, &path, "green", json!({})).await;
    }
    world.app.advance(Duration::from_secs(8 * 86_400));
    let now = inbox(&world, &place).await;
    assert_eq!((&now["posture"], &now["oldest_at"]), (&json!("green"), &json!(null)));
    assert!(paths(&world, &place, "?State=inbox").await.is_empty());
    assert!(!paths(&world, &place, "?State=inventory").await.is_empty());
}

async fn scanned(world: &World, place: &Place, purge: bool) -> Value {
    let path = format!("/{}/Scans", place.workspace);
    let started = world.post(&place.account, &path, json!({"purge": purge})).await;
    assert_eq!((started.status, &started.json["state"]), (201, &json!("running")), "{}", started.text);
    assert_eq!(world.post(&place.account, &path, json!({})).await.status, 409, "one at a time");
    let (stop, stopped) = watch::channel(false);
    let mut runner = jobs::Runner::new(world.store().clone(), stopped);
    runner.start(segment::queue(Arc::clone(&world.app.services)));
    let path = format!(
        "/switchward/v1/Accounts/{}/Workspaces{path}/{}",
        place.account.sid,
        started.json["sid"].as_str().unwrap()
    );
    for _ in 0..1_000 {
        let scan = world.app.get(&place.account, "switchward", &path).await.json;
        if scan["state"] == "finished" {
            stop.send_replace(true);
            runner.stopped().await;
            return scan;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never ends");
}

#[tokio::test]
async fn priv_inbox_2__refuses_to_hide_what_was_stored_before_it_was_classified() {
    for world in World::on_both().await {
        let place = world.place(&world.app.owner).await;
        for number in 0..45 {
            world.batch(&place, seen(json!({"note": format!("canary-{number}"), "plan": "gold"}))).await;
        }
        world.batch(&place, seen(json!({"plan": "gold"}))).await;
        classify(&world, &place, "properties.note", "red", json!({})).await;
        for _ in 0..2 {
            let report = scanned(&world, &place, false).await;
            assert_eq!(
                (&report["events"], &report["unresolved"]),
                (&json!(46), &json!(45)),
                "until it is purged"
            );
        }
    }
}

#[tokio::test]
async fn priv_inbox_2__allows_what_was_stored_to_be_purged() {
    for world in World::on_both().await {
        let place = world.place(&world.app.owner).await;
        let two = json!([
            {"type": "track", "event": "a", "userId": "u-1", "anonymousId": "d-1", "properties": {"note": "canary", "x": 1}},
            {"type": "track", "event": "b", "userId": "u-2", "properties": {"x": 2}},
            {"type": "track", "event": "c", "userId": "u-3", "properties": {"note": "canary"}},
        ]);
        world.batch(&place, two).await;
        world.regulate(&place, "DELETE_ONLY", &["u-3"]).await;
        classify(&world, &place, "properties.note", "red", json!({})).await;
        let report = scanned(&world, &place, true).await;
        assert_eq!(
            (&report["events_purged"], &report["values_purged"], &report["destroyed"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let kept = world.events(&place).await;
        assert_eq!((&kept[0]["properties"], &kept[1]["properties"]), (&json!({"x": 1}), &json!({"x": 2})));
        assert_eq!(kept[2], json!(null));
        let again = scanned(&world, &place, false).await;
        assert_eq!(again["unresolved"], 0);
        let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
        assert!(entries.iter().any(|entry| entry.act == "purge_events"));
    }
}

#[tokio::test]
async fn a_scan_finds_fields_that_came_before_there_was_a_list() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let scope = Scope::workspace(place.workspace);
    let key = world.store().scope(scope).digest_key().await.unwrap();
    let sid = Subject::sid(&key.digest("test", b"u-1"));
    let mut batch = world.store().batch(scope);
    let subject = batch.add_subject(sid, world.app.now());
    let event =
        json!({"type": "track", "event": "Seen", "userId": "u-1", "properties": {"email": "a@example.org"}});
    let body = Phi::new(to_raw_value(&event).unwrap());
    let new = NewEvent { name: [1; 16], subjects: &[&subject], body: &body };
    batch.append_events(&place.source.to_string(), world.app.now(), &[], &[new]);
    world.store().commit(batch).await.unwrap();
    assert!(fields(&world, &place, "").await.is_empty());
    let report = scanned(&world, &place, false).await;
    assert!(report["fields_detected"].as_u64().unwrap() >= 3, "{report}");
    assert!(paths(&world, &place, "").await.contains(&"properties.email".to_owned()));
}
