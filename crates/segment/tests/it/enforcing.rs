//! Tracking plans at work: what is let through, let through in part, blocked, put into quarantine and told.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Place, World};

/// A rule for track calls named `Seen`: a ward, which is a number.
fn rules() -> Value {
    let properties = |fields: Value| json!({"type": "object", "properties": {"properties": fields}});
    json!([
        {"type": "TRACK", "key": "Seen", "version": 1, "jsonSchema": properties(json!({
            "type": "object", "properties": {"ward": {"type": "integer"}, "note": {"type": "string"}}, "required": ["ward"]
        }))},
        {"type": "TRACK", "key": "Seen", "version": 2, "jsonSchema": properties(json!({
            "type": "object", "properties": {"ward": {"type": "string"}}, "required": ["ward"]
        }))},
        {"type": "IDENTIFY", "version": 1, "jsonSchema": {"type": "object", "properties": {"traits": {
            "type": "object", "properties": {"plan": {"type": "string"}}
        }}}},
        {"type": "COMMON", "version": 1, "jsonSchema": {"properties": {"context": {"type": "object"}}}},
    ])
}

fn seen(id: &str, properties: Value) -> Value {
    json!({"type": "track", "event": "Seen", "userId": "u-canary", "messageId": id, "properties": properties})
}

async fn planned(world: &World) -> (Place, String) {
    let place = world.place(&world.app.owner).await;
    let token = world.token(&place, &["workspace_owner"]).await;
    world.plan(&place, &token, rules()).await;
    (place, token)
}

fn blocking() -> Value {
    json!({"track": {"allowUnplannedEvents": false, "allowEventOnViolations": false, "commonEventOnViolations": "BLOCK"}})
}

#[tokio::test]
async fn settings_decide_in_a_plain_workspace() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let unplanned = || json!({"type": "track", "event": "Other", "userId": "u"});
    world.batch(&place, json!([unplanned(), seen("1", json!({"ward": "x", "more": 1}))])).await;
    assert_eq!(world.events(&place).await.len(), 2, "a plan alone stops nothing");
    let omit = json!({
        "track": {"allowUnplannedEvents": false, "allowUnplannedEventProperties": false, "allowPropertiesOnViolations": false},
        "identify": {"allowUnplannedTraits": false},
    });
    let (status, body) = world.control(&place, &token, omit).await;
    assert_eq!((status, &body["data"]["settings"]["track"]["allowEventOnViolations"]), (200, &json!(true)));
    let batch = json!([
        unplanned(),
        seen("2", json!({"ward": 4, "note": 5, "more": {"name": "x"}})),
        seen("3", json!({"ward": 4})),
        {"type": "identify", "userId": "u", "traits": {"plan": "gold", "age": 8}},
    ]);
    world.batch(&place, batch).await;
    let kept = world.events(&place).await;
    assert_eq!(kept.len(), 5);
    assert_eq!(kept[2]["properties"], json!({"ward": 4}));
    let protocols = &kept[2]["context"]["protocols"];
    assert_eq!(protocols["omitted"], json!(["properties.more"]));
    assert_eq!(protocols["omitted_on_violation"], json!(["properties.note"]));
    assert_eq!(protocols["sourceId"], json!(place.source.to_string()));
    assert_eq!(protocols["violations"][1]["description"], "Invalid type. Expected: string, given: integer");
    assert!(kept[3]["context"].get("protocols").is_none(), "what is in order is kept as it came");
    assert_eq!(kept[4]["traits"], json!({"plan": "gold"}));
    assert_eq!((world.ingest.measures.blocked.value(), world.ingest.measures.omitted.value()), (1, 2));
}

#[tokio::test]
async fn an_event_names_the_version_of_its_rule() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    world.control(&place, &token, blocking()).await;
    let with = |version: Value, ward: Value| {
        let mut event = seen(&format!("{version}{ward}"), json!({"ward": ward}));
        event["context"] = json!({"protocols": {"event_version": version}});
        event
    };
    let batch = json!([
        with(json!(1), json!(4)),
        with(json!(1), json!("4")),
        with(json!(2), json!(4)),
        with(json!(2), json!("4")),
        with(json!(9), json!(4)),
        with(json!("2"), json!("4")),
    ]);
    world.batch(&place, batch).await;
    let kept: Vec<_> = world.each(&place, "properties").await;
    assert_eq!(kept, [json!({"ward": 4}), json!({"ward": "4"}), json!({"ward": 4})]);
}

#[tokio::test]
async fn a_changed_plan_judges_the_next_event() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    world.control(&place, &token, blocking()).await;
    world.batch(&place, json!([seen("1", json!({"ward": "x"}))])).await;
    assert!(world.events(&place).await.is_empty());
    let (_, body) = world.public(&token, Method::GET, &format!("/sources/{}", place.source), None).await;
    let path = format!("/tracking-plans/{}/rules", body["data"]["trackingPlanId"].as_str().unwrap());
    let loose = json!({"rules": [{"type": "TRACK", "key": "Seen", "version": 1, "jsonSchema": {}}]});
    assert_eq!(world.public(&token, Method::PATCH, &path, Some(loose)).await.0, 200);
    world.batch(&place, json!([seen("1", json!({"ward": "x"}))])).await;
    assert_eq!(world.events(&place).await.len(), 1, "nothing was kept of it before, not even its name");
}

#[tokio::test]
async fn blocked_events_go_to_the_quarantine_once_and_end_with_their_person() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let quarantine = world.beside(&place).await;
    world.plan(&quarantine, &token, json!([])).await;
    world.control(&quarantine, &token, blocking()).await;
    let mut settings = blocking();
    settings["forwardingBlockedEventsTo"] = quarantine.source.to_string().into();
    assert_eq!(world.control(&place, &token, settings).await.0, 200);
    let batch = json!([seen("1", json!({"ward": "p-canary"})), seen("2", json!({"ward": 4}))]);
    world.batch(&place, batch.clone()).await;
    world.batch(&place, batch).await;
    assert_eq!(world.events(&place).await.len(), 1);
    let held = world.events(&quarantine).await;
    assert_eq!(held.len(), 1, "it is not judged again, and a repetition is one there too");
    assert_eq!(held[0]["properties"], json!({"ward": "p-canary"}));
    assert_eq!(held[0]["context"]["protocols"]["sourceId"], json!(place.source.to_string()));
    assert!(!world.keeps("p-canary"));
    let remove = world.public(&token, Method::DELETE, &format!("/sources/{}", quarantine.source), None).await;
    assert_eq!(remove.0, 409, "a source is told of it");
    world.regulate(&place, "SUPPRESS_WITH_DELETE", &["u-canary"]).await;
    assert_eq!(world.events(&quarantine).await, [Value::Null]);
    world.batch(&place, json!([seen("3", json!({}))])).await;
    assert_eq!(
        world.events(&quarantine).await.len(),
        1,
        "who is suppressed is not put into quarantine either"
    );
    let off = json!({"forwardingBlockedEventsTo": null});
    let (_, body) = world.control(&place, &token, off).await;
    assert!(body["data"]["settings"].get("forwardingBlockedEventsTo").is_none());
    assert_eq!(body["data"]["settings"]["track"]["allowUnplannedEvents"], false, "the rest stays");
}

#[tokio::test]
async fn violations_are_told_in_segments_words() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let told = world.beside(&place).await;
    let settings = json!({"forwardingViolationsTo": told.source.to_string()});
    assert_eq!(world.control(&place, &token, settings).await.0, 200);
    let batch = json!([seen("m-1", json!({"note": "p-canary", "more": 1}))]);
    world.batch(&place, batch.clone()).await;
    world.batch(&place, batch).await;
    assert_eq!(world.events(&place).await.len(), 1);
    let events = world.events(&told).await;
    assert_eq!(events.len(), 2, "one for each violation, once");
    let event = &events[1];
    assert_eq!(
        (&event["event"], &event["userId"]),
        (&json!("Violation Generated"), &json!("schema-violations"))
    );
    let properties = &event["properties"];
    assert_eq!(properties["violationType"], "Required");
    assert_eq!(properties["violationDescription"], "ward is required");
    assert_eq!(properties["violationField"], "properties.ward");
    assert_eq!((&properties["eventName"], &properties["eventMessageID"]), (&json!("Seen"), &json!("m-1")));
    assert_eq!(
        (&properties["sourceName"], &properties["sourceSlug"]),
        (&json!("Website"), &json!("website"))
    );
    assert!(properties["trackingPlanID"].as_str().unwrap().starts_with("rs_"));
    assert!(!events.iter().any(|event| event.to_string().contains("p-canary")));
    for wrong in
        [place.source.to_string(), "SO".to_owned(), world.place(&world.app.owner).await.source.to_string()]
    {
        let wrong = json!({"forwardingViolationsTo": wrong});
        assert_eq!(world.control(&place, &token, wrong).await.0, 400);
    }
}

#[tokio::test]
async fn a_request_tells_of_so_many_violations_and_counts_the_others() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let told = world.beside(&place).await;
    world.control(&place, &token, json!({"forwardingViolationsTo": told.source.to_string()})).await;
    let fields: serde_json::Map<String, Value> = (0..30)
        .map(|number| (format!("more {number}"), json!(1)))
        .chain([("ward".to_owned(), json!(1))])
        .collect();
    let events: Vec<_> = (0..40).map(|number| seen(&format!("m-{number}"), json!(fields))).collect();
    world.batch(&place, json!(events)).await;
    assert_eq!(world.events(&place).await.len(), 40);
    assert_eq!(world.events(&told).await.len(), segment::limits::VIOLATIONS);
    assert_eq!(world.ingest.measures.untold.value(), 40 * 30 - segment::limits::VIOLATIONS as u64);
}

/// Whatever settings can say that loosens.
fn loose() -> Vec<Value> {
    let mut all = Vec::new();
    for name in [
        "allowUnplannedEvents",
        "allowUnplannedEventProperties",
        "allowEventOnViolations",
        "allowPropertiesOnViolations",
    ] {
        all.push(json!({"track": {name: true}}));
    }
    for call in ["identify", "group"] {
        all.push(json!({call: {"allowUnplannedTraits": true}}));
        all.push(json!({call: {"allowTraitsOnViolations": true}}));
        all.push(json!({call: {"commonEventOnViolations": "ALLOW"}}));
        all.push(json!({call: {"commonEventOnViolations": "OMIT_TRAITS"}}));
    }
    all.push(json!({"track": {"commonEventOnViolations": "ALLOW"}}));
    all.push(json!({"track": {"commonEventOnViolations": "OMIT_PROPERTIES"}}));
    all
}

#[tokio::test]
async fn pro_plan_1__refuses_unplanned_events_at_the_door_and_to_be_loosened() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let unplanned = world.beside(&place).await;
    // Loose when it was designated: that does not count.
    assert_eq!(world.designate(&place).await.status, 201);
    let batch = json!([
        seen("1", json!({"ward": "x"})),
        seen("2", json!({"ward": 1, "Jane Doe": true})),
        {"type": "track", "event": "Other", "userId": "u-canary", "messageId": "3"},
        {"type": "identify", "userId": "u-canary", "traits": {"plan": "gold", "more": 1}, "messageId": "4"},
        {"type": "group", "userId": "u-canary", "groupId": "g", "traits": {}, "messageId": "5"},
        {"type": "page", "userId": "u-canary", "messageId": "6"},
    ]);
    world.batch(&place, batch).await;
    assert!(world.events(&place).await.is_empty());
    world.batch(&unplanned, json!([seen("1", json!({"ward": 1}))])).await;
    assert!(world.events(&unplanned).await.is_empty(), "a source without a plan takes nothing");
    assert_eq!(world.ingest.measures.blocked.value(), 7);
    assert!(!world.keeps("u-canary"));
    let none = world.store().event_names(0, u64::MAX, base::Timestamp::from_seconds(0), 10).await.unwrap();
    assert_eq!(none, [], "not even its name");
    for settings in loose() {
        let (status, body) = world.control(&place, &token, settings.clone()).await;
        assert_eq!((status, &body["errors"][0]["data"]["rule"]), (403, &json!("PRO-PLAN-1")), "{settings}");
    }
    let path = format!("/sources/{}/settings", place.source);
    let (_, body) = world.public(&token, Method::GET, &path, None).await;
    assert_eq!(body["data"]["settings"]["track"]["allowUnplannedEvents"], false, "shown as it is in force");
}

#[tokio::test]
async fn pro_plan_1__allows_planned_events_at_the_door_and_to_be_kept_strict() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    assert_eq!(world.designate(&place).await.status, 201);
    assert_eq!(world.control(&place, &token, blocking()).await.0, 200);
    let batch = json!([
        seen("1", json!({"ward": 1, "note": "x"})),
        {"type": "identify", "userId": "u-canary", "traits": {"plan": "gold"}},
        {"type": "alias", "userId": "u-canary", "previousId": "a"},
    ]);
    world.batch(&place, batch).await;
    assert_eq!(world.each(&place, "type").await, ["track", "identify", "alias"]);
    // In a workspace that is no HIPAA workspace settings may be anything.
    let (plain, token) = planned(&world).await;
    for settings in loose() {
        assert_eq!(world.control(&plain, &token, settings).await.0, 200);
    }
}

#[tokio::test]
async fn pro_plan_1__refuses_to_name_patients_in_events_about_violations() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let told = world.beside(&place).await;
    world.control(&place, &token, json!({"forwardingViolationsTo": told.source.to_string()})).await;
    assert_eq!(world.designate(&place).await.status, 201);
    let batch = json!([
        {"type": "track", "event": "Jane Doe came", "userId": "jane@clinic.example", "messageId": "jane-1"},
        {"type": "track", "event": "Seen", "userId": "jane@clinic.example", "messageId": "jane-2",
         "properties": {"ward": "Jane Doe", "Jane Doe": true}, "context": {"app": {"version": "Jane"}}},
    ]);
    world.batch(&place, batch).await;
    let events = world.events(&told).await;
    assert_eq!(events.len(), 3);
    for event in &events {
        let text = event.to_string().to_lowercase();
        assert!(!text.contains("jane") && !text.contains("doe"), "{event}");
    }
    let fields: Vec<_> = events.iter().map(|event| &event["properties"]["violationField"]).collect();
    assert_eq!(fields, ["(root)", "properties.ward", "properties.[unplanned]"]);
    // They end with the person all the same.
    world.regulate(&place, "DELETE_ONLY", &["jane@clinic.example"]).await;
    assert!(world.events(&told).await.iter().all(Value::is_null));
}

#[tokio::test]
async fn pro_plan_2__refuses_a_quarantine_that_nobody_reviews() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let quarantine = world.beside(&place).await;
    assert_eq!(world.designate(&place).await.status, 201);
    let settings = json!({"forwardingBlockedEventsTo": quarantine.source.to_string()});
    let (status, body) = world.control(&place, &token, settings).await;
    assert_eq!((status, &body["errors"][0]["data"]["rule"]), (403, &json!("PRO-PLAN-2")));
    assert_eq!(world.change(&quarantine, json!({"owner": " "})).await.status, 400);
}

#[tokio::test]
async fn pro_plan_2__allows_a_quarantine_with_an_owner() {
    let world = World::start().await;
    let (place, token) = planned(&world).await;
    let quarantine = world.beside(&place).await;
    assert_eq!(world.designate(&place).await.status, 201);
    assert_eq!(
        world.change(&quarantine, json!({"owner": "Privacy office"})).await.json["owner"],
        "Privacy office"
    );
    let settings = json!({"forwardingBlockedEventsTo": quarantine.source.to_string()});
    assert_eq!(world.control(&place, &token, settings.clone()).await.0, 200);
    world.batch(&place, json!([seen("1", json!({"ward": "p-canary"}))])).await;
    assert_eq!(world.events(&quarantine).await[0]["properties"]["ward"], "p-canary");
    assert!(!world.keeps("p-canary"), "sealed as everything else");
    assert!(world.events(&place).await.is_empty());
    // A plain workspace needs none.
    let (plain, token) = planned(&world).await;
    let beside = world.beside(&plain).await;
    let settings = json!({"forwardingBlockedEventsTo": beside.source.to_string()});
    assert_eq!(world.control(&plain, &token, settings).await.0, 200);
}

/// A HIPAA workspace's source, with a quarantine that somebody owns.
async fn quarantined(world: &World) -> (Place, Place) {
    let place = world.place(&world.app.hipaa).await;
    let quarantine = world.beside(&place).await;
    let token = world.token(&place, &["workspace_owner"]).await;
    assert_eq!(world.designate(&place).await.status, 201);
    assert_eq!(world.change(&quarantine, json!({"owner": "Q. Uality"})).await.status, 201);
    let forward = json!({"forwardingBlockedEventsTo": quarantine.source.to_string()});
    let (status, body) = world.control(&place, &token, forward).await;
    assert_eq!(status, 200, "{body}");
    (place, quarantine)
}

async fn review(world: &World, place: &Place, body: Option<Value>) -> Value {
    let path = format!("/switchward/v1/Accounts/{}/Sources/{}/Review", place.account.sid, place.source);
    let reply = match body {
        None => world.app.get(&place.account, "switchward", &path).await,
        Some(body) => {
            let body = body.to_string().into_bytes();
            world.app.post_raw(&place.account, "switchward", &path, body, "application/json").await
        }
    };
    assert!(reply.status < 300, "{}", reply.text);
    reply.json
}

async fn alerts(world: &World, place: &Place) -> Vec<(u32, Option<String>)> {
    let scoped = world.store().scope(store::Scope::account(place.account.sid));
    let query = store::Query { limit: 100, ..store::Query::default() };
    let listed = scoped.list::<webhooks::Alert>(query).await.unwrap().documents;
    listed.into_iter().map(|alert| (alert.facts.error_code, alert.facts.resource_sid)).collect()
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

#[tokio::test]
async fn pro_plan_2__refuses_to_call_a_quarantine_reviewed_that_nobody_looks_at() {
    for world in World::on_both().await {
        let (place, quarantine) = quarantined(&world).await;
        let watch = segment::Watch::new(std::sync::Arc::clone(&world.app.services));
        watch.look().await.unwrap();
        assert_eq!(watch.measures().overdue_quarantines(), 0);
        world.batch(&place, json!([{"type": "track", "event": "Unplanned", "userId": "u"}])).await;
        assert_eq!(review(&world, &quarantine, None).await["posture"], "green");
        world.app.advance(8 * DAY);
        for _ in 0..2 {
            watch.look().await.unwrap();
        }
        let measures = watch.measures();
        assert_eq!((measures.overdue_quarantines(), measures.oldest_unreviewed_seconds()), (1, 8 * 86_400));
        assert_eq!(review(&world, &quarantine, None).await["posture"], "red");
        let alert = (webhooks::alert::QUARANTINE_UNREVIEWED, Some(quarantine.source.to_string()));
        let told = async || alerts(&world, &quarantine).await.into_iter().filter(|one| *one == alert).count();
        assert_eq!(told().await, 1, "once a day");
        world.app.advance(DAY * 2);
        watch.look().await.unwrap();
        assert_eq!(told().await, 2);
        // Fields of a HIPAA workspace that nobody classifies are an alert of their own.
        let inbox = (webhooks::alert::FIELDS_UNCLASSIFIED, Some(place.workspace.to_string()));
        assert!(alerts(&world, &place).await.contains(&inbox));
        assert_eq!(measures.overdue_inboxes(), 1);
        // What is blocked goes to no destination.
        let token = world.token(&place, &["workspace_owner"]).await;
        let other = world.beside(&place).await;
        world.change(&other, json!({"owner": "Q. Uality"})).await;
        let mut batch = world.store().batch(store::Scope::workspace(place.workspace));
        batch.add_consumer("DT0", &other.source.to_string(), world.app.now());
        world.store().commit(batch).await.unwrap();
        let forward = json!({"forwardingBlockedEventsTo": other.source.to_string()});
        let (status, body) = world.control(&place, &token, forward).await;
        assert_eq!((status, &body["errors"][0]["data"]["code"]), (403, &json!(77668)), "{body}");
    }
}

#[tokio::test]
async fn pro_plan_2__allows_a_quarantine_that_is_reviewed_in_time() {
    let world = World::start().await;
    let (place, quarantine) = quarantined(&world).await;
    let watch = segment::Watch::new(std::sync::Arc::clone(&world.app.services));
    world.batch(&place, json!([{"type": "track", "event": "Unplanned", "userId": "u"}])).await;
    let path =
        format!("/switchward/v1/Accounts/{}/Sources/{}/Events", quarantine.account.sid, quarantine.source);
    let shown = world.app.get(&quarantine.account, "switchward", &path).await.json;
    let review_path = path.replace("/Events", "/Review");
    for beyond in [shown["next_after"].as_u64().unwrap() + 1, u64::MAX] {
        let body = json!({"up_to": beyond, "signer": "Q. Uality"}).to_string().into_bytes();
        let reply = world
            .app
            .post_raw(&quarantine.account, "switchward", &review_path, body, "application/json")
            .await;
        assert_eq!(reply.status, 400, "what has not come in is not reviewed: {}", reply.text);
    }
    let said = json!({"up_to": shown["next_after"], "signer": "Q. Uality"});
    let reviewed = review(&world, &quarantine, Some(said)).await;
    assert_eq!(
        (&reviewed["reviewed_by"], &reviewed["unreviewed_since"]),
        (&json!("Q. Uality"), &json!(null))
    );
    world.app.advance(8 * DAY);
    watch.look().await.unwrap();
    assert_eq!(watch.measures().overdue_quarantines(), 0);
    assert_eq!(review(&world, &quarantine, None).await["posture"], "green");
    // Something newer waits again.
    world.batch(&place, json!([{"type": "track", "event": "Unplanned", "userId": "u"}])).await;
    assert!(review(&world, &quarantine, None).await["unreviewed_since"].is_string());
}
