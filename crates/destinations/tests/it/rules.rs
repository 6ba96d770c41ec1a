//! The guide's rules about destinations, each both ways.

use std::time::Duration;

use serde_json::json;

use crate::world::{World, order, track};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn seg_dest_1__refuses_a_destination_without_an_agreement() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa, true).await;
    world.grant(&place, &["properties.total"]).await;
    world.map(&place, "event = 'Ordered'", json!({"sum": {"@path": "$.properties.total"}})).await;
    world.approve(&place).await.assert_status(201);
    world.switch(&place, true).await.assert_refused("SEG-DEST-1", 77596);
    // A register without it, and an agreement about something else, are none.
    world.app.register(&world.app.hipaa, &["localhost"], "messaging", "2030-01-01").await;
    world.switch(&place, true).await.assert_refused("SEG-DEST-1", 77596);
    assert_eq!(world.show(&place, "/Manifest").await.json["refused_by"], "SEG-DEST-1");
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert!(world.sink.requests().is_empty());
}

#[tokio::test]
async fn seg_dest_1__refuses_every_byte_once_the_agreement_is_over() {
    let world = World::start().await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2027-01-10").await;
    let place = world.place(&world.app.hipaa, true).await;
    world.set_up(&place).await;
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert_eq!(world.received().len(), 1);
    world.send(&place, json!([order("u", 2)])).await;
    world.app.advance(DAY * 365);
    world.send(&place, json!([order("u", 3)])).await;
    world.deliver().await;
    assert_eq!(world.received().len(), 1, "neither what waited nor what came");
    assert_eq!(world.count(&place, "discarded_refused").await, 2, "and nothing is queued for later");
    assert_eq!(world.show(&place, "/Manifest").await.json["refused_by"], "SEG-DEST-1");
}

#[tokio::test]
async fn seg_dest_1__allows_a_destination_of_the_register() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.send(&place, json!([order("u-1", 7)])).await;
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u-1", "sum": 7})]);
    // Outside HIPAA workspaces no agreement is asked for.
    let ordinary = world.ordinary_place().await;
    world.send(&ordinary, json!([track("u-2", "Seen", json!({"page": "home"}))])).await;
    world.deliver().await;
    assert_eq!(world.received()[1]["properties"]["page"], "home");
}

#[tokio::test]
async fn seg_dest_2__refuses_destinations_in_device_mode() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa, true).await;
    let body = |mode| {
        json!({"name": "Other", "source_sid": place.source.to_string(), "kind": "webhook", "mode": mode,
            "settings": {"url": "https://localhost/"}})
    };
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    world.post(&place.account, &path, body("device")).await.assert_refused("SEG-DEST-2", 77597);
    // Elsewhere it is not built, which is another answer.
    let ordinary = world.place(&world.app.owner, false).await;
    let path = format!("Workspaces/{}/Destinations", ordinary.workspace);
    let mut other = body("device");
    other["source_sid"] = json!(ordinary.source.to_string());
    world.post(&ordinary.account, &path, other).await.assert_error(400, 20001);
}

#[tokio::test]
async fn seg_dest_2__allows_destinations_in_cloud_mode() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa, true).await;
    let body = json!({"name": "Other", "source_sid": place.source.to_string(), "kind": "webhook",
        "mode": "cloud", "settings": {"url": "https://localhost/"}});
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    world.post(&place.account, &path, body).await.assert_status(201);
}

#[tokio::test]
async fn gen_https_2__refuses_a_destination_in_clear() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa, true).await;
    let change = |url: &str| json!({"settings": {"url": url}});
    world.change(&place, "", change("http://localhost/")).await.assert_refused("GEN-HTTPS-2", 77117);
    let phi = change("https://localhost/?patient=1");
    world.change(&place, "", phi).await.assert_refused("ART-RESTR-TRACK", 77004);
}

#[tokio::test]
async fn gen_https_2__allows_a_destination_over_tls() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa, true).await;
    let change = json!({"settings": {"url": "https://localhost/other"}});
    world.change(&place, "", change).await.assert_status(201);
}

#[tokio::test]
async fn seg_schema_1__refuses_a_destination_for_all_events() {
    let world = World::start().await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2030-01-01").await;
    let place = world.place(&world.app.hipaa, true).await;
    world.grant(&place, &["properties.total"]).await;
    world.approve(&place).await.assert_status(201);
    world.switch(&place, true).await.assert_refused("SEG-SCHEMA-1", 77586);
    for trigger in ["all", "type = 'track'", "properties.total > 3"] {
        world.map(&place, trigger, json!({"sum": {"@path": "$.properties.total"}})).await;
        world.approve(&place).await.assert_status(201);
        world.switch(&place, true).await.assert_refused("SEG-SCHEMA-1", 77586);
    }
}

#[tokio::test]
async fn seg_schema_1__allows_the_events_that_are_named_and_no_other() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world
        .send(&place, json!([track("u", "Cancelled", json!({"total": 1, "x": "e-canary"})), order("u", 2)]))
        .await;
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u", "sum": 2})]);
    assert_eq!(world.count(&place, "discarded_no_mapping").await, 1);
}

#[tokio::test]
async fn seg_filter_1__refuses_a_destination_without_single_fields() {
    let world = World::start().await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2030-01-01").await;
    let place = world.place(&world.app.hipaa, true).await;
    world.map(&place, "event = 'Ordered'", json!({"all": {"@path": "$.properties"}})).await;
    world.approve(&place).await.assert_status(201);
    world.switch(&place, true).await.assert_refused("SEG-FILTER-1", 77590);
    for whole in ["properties", "context.traits", "traits"] {
        world.grant(&place, &[whole, "userId"]).await;
        world.approve(&place).await.assert_status(201);
        world.switch(&place, true).await.assert_refused("SEG-FILTER-1", 77590);
        let revoked = world.change(&place, "/Grants", json!({"revoke": [whole]})).await;
        assert_eq!(revoked.status, 201);
    }
    // Nor may anybody grant without a reason and a name.
    let nameless = json!({"grant": [{"path": "userId", "reason": "r"}]});
    assert_eq!(world.change(&place, "/Grants", nameless).await.status, 400);
    let groundless = json!({"grant": [{"path": "userId", "reason": " "}], "signer": "P. Officer"});
    assert_eq!(world.change(&place, "/Grants", groundless).await.status, 400);
}

#[tokio::test]
async fn seg_filter_1__refuses_what_is_not_approved() {
    let world = World::start().await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2030-01-01").await;
    let place = world.place(&world.app.hipaa, true).await;
    world.grant(&place, &["properties.total"]).await;
    world.map(&place, "event = 'Ordered'", json!({"sum": {"@path": "$.properties.total"}})).await;
    world.switch(&place, true).await.assert_refused("SEG-FILTER-1", 77591);
    world.approve(&place).await.assert_status(201);
    world.switch(&place, true).await.assert_status(201);
    // A change makes events wait, whichever way it goes.
    let shown = world.show(&place, "/Manifest").await;
    world.grant(&place, &["userId"]).await;
    world.map(&place, "event = 'Ordered'", json!({"who": {"@path": "$.userId"}})).await;
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert!(world.sink.requests().is_empty());
    let changed = world.show(&place, "/Manifest").await.json;
    assert_eq!((&changed["approved"], &changed["refused_by"]), (&json!(false), &json!("SEG-FILTER-1")));
    assert_eq!(changed["last_approval"]["added"], json!(["+ userId"]));
    assert_eq!(changed["last_approval"]["removed"], json!(["+ properties.total"]));
    // What was looked at before is not what is approved now.
    let stale = json!({"digest": shown.json["digest"], "signer": "A. Pprover"});
    assert_eq!(world.change(&place, "/Manifest", stale).await.status, 409);
    world.deliver().await;
    assert!(world.sink.requests().is_empty());
    world.approve(&place).await.assert_status(201);
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u"})], "what waited goes, as it is approved now");
}

#[tokio::test]
async fn seg_filter_1__refuses_an_approval_by_whoever_changed_what_can_leave() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.grant(&place, &["properties.note"]).await;
    let mapping = json!({"who": {"@path": "$.userId"}, "note": {"@path": "$.properties.note"}});
    world.map(&place, "event = 'Ordered'", mapping).await;
    let shown = world.show(&place, "/Manifest").await.json;
    assert_eq!(shown["changed_by"], json!([place.account.sid.to_string()]));
    let body = json!({"digest": shown["digest"], "signer": "S. Elf"});
    assert_eq!(world.change(&place, "/Manifest", body).await.status, 409);
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert!(world.sink.requests().is_empty(), "the change is pending");
    world.approve(&place).await.assert_status(201);
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u"})]);
}

#[tokio::test]
async fn seg_filter_1__allows_what_is_granted_mapped_and_approved() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let manifest = world.show(&place, "/Manifest").await.json;
    let lines: Vec<_> = manifest["lines"].as_array().unwrap().iter().skip(2).cloned().collect();
    assert_eq!(lines, ["? event = 'Ordered'", "+ properties.total", "+ userId"]);
    assert_eq!((&manifest["approved"], &manifest["refused_by"]), (&json!(true), &json!(null)));
    assert_eq!(manifest["last_approval"]["signer"], "A. Pprover");
    assert_eq!(manifest["last_approval"]["second_credentials"], true);
    assert_eq!(manifest["changed_by"], json!([]));
    world.send(&place, json!([order("u", 5)])).await;
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u", "sum": 5})]);
    for request in world.sink.requests() {
        assert!(!String::from_utf8_lossy(&request.body).contains("canary"));
    }
}

#[tokio::test]
async fn priv_consent_1__refuses_categories_that_are_not_allowed() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let categories = json!({"consent_categories": ["Care", "Billing"]});
    world.change(&place, "", categories).await.assert_status(201);
    let with = |preferences| {
        let mut event = order("u", 1);
        event["context"] = json!({"consent": {"categoryPreferences": preferences}});
        event
    };
    let events =
        json!([order("u", 1), with(json!({"Care": true})), with(json!({"Care": true, "Billing": false}))]);
    world.send(&place, events).await;
    world.deliver().await;
    assert!(world.sink.requests().is_empty());
    assert_eq!(world.count(&place, "discarded_consent").await, 3);
}

#[tokio::test]
async fn priv_consent_1__allows_what_every_category_allows() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.change(&place, "", json!({"consent_categories": ["Care"]})).await.assert_status(201);
    let mut event = order("u", 1);
    event["context"] = json!({"consent": {"categoryPreferences": {"Care": true, "Ads": false}}});
    world.send(&place, json!([event])).await;
    world.deliver().await;
    assert_eq!(world.received().len(), 1);
}

#[tokio::test]
async fn priv_suppr_1__refuses_to_deliver_events_of_people_who_are_suppressed_or_deleted() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.send(&place, json!([order("u-1", 1), order("u-2", 2), order("u-3", 3)])).await;
    for (regulation, user) in [("SUPPRESS_ONLY", "u-1"), ("DELETE_ONLY", "u-2")] {
        let path = format!("Workspaces/{}/Regulations", place.workspace);
        let body = json!({"regulation_type": regulation, "user_ids": [user]});
        world.post(&place.account, &path, body).await.assert_status(201);
    }
    world.deliver().await;
    assert_eq!(world.received(), [json!({"who": "u-3", "sum": 3})]);
    let counts = world.counts(&place).await;
    let expected = [("delivered", 1), ("discarded_deleted", 1), ("discarded_suppressed", 1)];
    assert_eq!(counts, expected.map(|(outcome, events)| (outcome.to_owned(), events)));
}

#[tokio::test]
async fn priv_suppr_1__allows_events_of_everybody_else_to_be_delivered() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let path = format!("Workspaces/{}/Regulations", place.workspace);
    let body = json!({"regulation_type": "SUPPRESS_WITH_DELETE", "user_ids": ["u-1"]});
    world.post(&place.account, &path, body).await.assert_status(201);
    world.send(&place, json!([order("u-2", 2)])).await;
    world.deliver().await;
    assert_eq!(world.received().len(), 1);
}
