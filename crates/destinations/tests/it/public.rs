//! Destinations in Segment's Public API: its shapes, and the same rules as in ours.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Place, World, order, text};

async fn token(world: &World, place: &Place, roles: Value) -> String {
    let path = format!("Workspaces/{}/Tokens", place.workspace);
    let made = world.post(&place.account, &path, json!({"name": "Public", "roles": roles})).await;
    text(&made.json["token"])
}

struct Api<'a> {
    world: &'a World,
    token: String,
}

impl Api<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.world.ask_public(&self.token, method, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"].clone()
    }
}

async fn owner<'a>(world: &'a World, place: &Place) -> Api<'a> {
    Api { world, token: token(world, place, json!(["workspace_owner"])).await }
}

#[tokio::test]
async fn a_destination_is_made_mapped_filtered_and_measured() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let api = owner(&world, &place).await;
    let catalog = api.get("/catalog/destinations?pagination%5Bcount%5D=2").await;
    assert_eq!(catalog["destinationsCatalog"].as_array().unwrap().len(), 2);
    let next = text(&catalog["pagination"]["next"]).replace('=', "%3D");
    let rest = api.get(&format!("/catalog/destinations?pagination%5Bcursor%5D={next}")).await;
    assert_eq!(rest["destinationsCatalog"][0]["id"], "nats");
    let webhook = api.get("/catalog/destinations/webhook").await["destinationMetadata"].clone();
    let action = text(&webhook["actions"][0]["id"]);

    let body = json!({"sourceId": place.source.to_string(), "metadataId": "webhook", "enabled": true,
        "settings": {"url": world.sink.url("/public"), "secret": "s-canary"}});
    let (status, made) = api.ask(Method::POST, "/destinations", body).await;
    assert_eq!((status, &made["data"]["destination"]["enabled"]), (201, &json!(true)));
    assert!(!made.to_string().contains("canary"), "{made}");
    let id = text(&made["data"]["destination"]["id"]);
    let one = format!("/destinations/{id}");
    assert_eq!(api.get(&one).await["destination"]["metadata"]["slug"], "webhook");
    let connected = format!("/sources/{}/connected-destinations", place.source);
    for path in ["/destinations", connected.as_str()] {
        assert_eq!(api.get(path).await["destinations"].as_array().unwrap().len(), 2, "{path}");
    }
    let (status, named) = api.ask(Method::PATCH, &one, json!({"name": "Orders"})).await;
    assert_eq!((status, &named["data"]["destination"]["name"]), (200, &json!("Orders")));

    let subscriptions = format!("{one}/subscriptions");
    let body = json!({"name": "Orders", "actionId": action, "trigger": "event = 'Ordered'", "enabled": true,
        "settings": {"sum": {"@path": "$.properties.total"}}});
    let (status, made) = api.ask(Method::POST, &subscriptions, body).await;
    assert_eq!((status, &made["data"]["destinationSubscription"]["actionSlug"]), (201, &json!("send")));
    let subscription = format!("{subscriptions}/{}", text(&made["data"]["destinationSubscription"]["id"]));
    let change = json!({"input": {"settings": {"total": {"@path": "$.properties.total"}}}});
    let (status, changed) = api.ask(Method::PATCH, &subscription, change).await;
    assert_eq!((status, &changed["data"]["subscription"]["name"]), (200, &json!("Orders")));
    assert_eq!(api.get(&subscriptions).await["pagination"]["totalEntries"], 1);

    let filters = format!("/destination/{id}/filters");
    let body = json!({"sourceId": place.source.to_string(), "title": "No large ones", "enabled": true,
        "if": "properties.total > 100", "actions": [{"type": "DROP"}], "description": "d"});
    let (status, made) = api.ask(Method::POST, &filters, body).await;
    assert_eq!((status, &made["data"]["filter"]["if"]), (201, &json!("properties.total > 100")));
    let filter = format!("{filters}/{}", text(&made["data"]["filter"]["id"]));
    let (_, changed) = api.ask(Method::PATCH, &filter, json!({"description": null, "title": "Small"})).await;
    assert_eq!(
        (&changed["data"]["filter"]["description"], &changed["data"]["filter"]["title"]),
        (&json!(null), &json!("Small"))
    );
    assert_eq!(api.get(&filters).await["filters"][0]["destinationId"], json!(id));

    world.send(&place, json!([order("u", 7), order("u", 700)])).await;
    world.deliver().await;
    assert_eq!(world.received(), [json!({"total": 7})]);
    let metrics = api.get(&format!("{one}/delivery-metrics?sourceId={}&granularity=DAY", place.source)).await;
    let summary = &metrics["deliveryMetricsSummary"];
    assert_eq!(summary["metrics"][0], json!({"metricName": "successes", "total": 1}));
    assert_eq!(summary["metrics"][3]["breakdown"], json!([{"metricName": "discarded_filter", "value": 1}]));
    let overview = |kind: &str| {
        let (source, now) = (place.source, world.app.now().iso8601());
        format!(
            "/delivery-overview/{kind}?sourceId={source}&destinationConfigId={id}&startTime={now}&endTime={now}&granularity=day"
        )
    };
    assert_eq!(api.get(&overview("successful-delivery")).await["total"], 1);
    assert_eq!(api.get(&overview("failed-delivery")).await["dataset"], json!([]));
    let filtered = api.get(&overview("filtered-at-destination")).await;
    assert_eq!(filtered["dataset"][0]["discardReason"], "discarded_filter");

    for path in [&filter, &subscription, &one] {
        let (status, answer) = api.ask(Method::DELETE, path, Value::Null).await;
        assert_eq!((status, &answer["data"]["status"]), (200, &json!("SUCCESS")), "{path}");
        assert_eq!(api.ask(Method::GET, path, Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn a_preview_shows_what_a_filter_leaves() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let api = owner(&world, &place).await;
    let preview = async |filter: Value| {
        let payload = json!({"event": "Seen", "properties": {"a": 1, "b": 2}});
        let body = json!({"filter": filter, "payload": payload});
        api.ask(Method::POST, "/destination/filters/preview", body).await
    };
    let without =
        json!({"if": "all", "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["b"]}}]});
    let (status, kept) = preview(without).await;
    assert_eq!((status, &kept["data"]["result"]["properties"]), (200, &json!({"a": 1})));
    assert_eq!(kept["data"]["inputPayload"]["properties"]["b"], 2);
    let (_, dropped) = preview(json!({"if": "all", "actions": [{"type": "DROP"}]})).await;
    assert_eq!(dropped["data"]["result"], json!(null));
    for filter in
        [json!({"if": "event =", "actions": [{"type": "DROP"}]}), json!({"if": "all", "actions": []})]
    {
        assert_eq!(preview(filter).await.0, 400);
    }
}

#[tokio::test]
async fn seg_filter_1__refuses_to_switch_a_destination_on_by_the_public_api_without_an_approval() {
    let world = World::start().await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2030-01-01").await;
    let place = world.place(&world.app.hipaa, true).await;
    let api = owner(&world, &place).await;
    let one = format!("/destinations/{}", place.destination);
    let (status, refused) = api.ask(Method::PATCH, &one, json!({"enabled": true})).await;
    assert_eq!((status, &refused["errors"][0]["type"]), (403, &json!("forbidden")));
    assert_eq!(refused["errors"][0]["data"]["rule"], "SEG-SCHEMA-1");
    let plain = json!({"settings": {"url": "http://localhost/x"}});
    assert_eq!(api.ask(Method::PATCH, &one, plain).await.0, 403);
}

#[tokio::test]
async fn who_may_and_what_is_there_is_asked_as_everywhere() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let other = world.place(&world.app.other, false).await;
    let one = format!("/destinations/{}", place.destination);
    let reader = Api { world: &world, token: token(&world, &place, json!(["source_read_only"])).await };
    assert_eq!(reader.ask(Method::GET, &one, Value::Null).await.0, 200);
    assert_eq!(reader.ask(Method::PATCH, &one, json!({"name": "x"})).await.0, 403);
    let privacy =
        Api { world: &world, token: token(&world, &place, json!(["end_user_privacy_admin"])).await };
    assert_eq!(privacy.ask(Method::GET, &one, Value::Null).await.0, 403);
    let stranger = owner(&world, &other).await;
    for path in [
        one.clone(),
        format!("{one}/subscriptions"),
        format!("{one}/delivery-metrics"),
        format!("/destination/{}/filters", place.destination),
    ] {
        assert_eq!(stranger.ask(Method::GET, &path, Value::Null).await.0, 404, "{path}");
    }
    let api = owner(&world, &place).await;
    let source = place.source.to_string();
    for (body, status) in [
        (json!({"sourceId": source, "metadataId": "nothing", "settings": {}}), 400),
        (
            json!({"sourceId": other.source.to_string(), "metadataId": "webhook", "settings": {"url": "https://a.example"}}),
            400,
        ),
        (json!({"sourceId": source, "metadataId": "webhook", "settings": {"url": "no"}}), 400),
        (
            json!({"sourceId": source, "metadataId": "webhook", "settings": {"url": "https://a.example"}, "x": 1}),
            400,
        ),
        (
            json!({"sourceId": source, "metadataId": "webhook", "name": "Pharmacy", "settings": {"url": "https://a.example"}}),
            409,
        ),
    ] {
        assert_eq!(api.ask(Method::POST, "/destinations", body.clone()).await.0, status, "{body}");
    }
    assert_eq!(api.ask(Method::GET, "/delivery-overview/failed-on-ingest", Value::Null).await.0, 501);
    let finer = format!("{one}/delivery-metrics?granularity=HOUR");
    assert_eq!(api.ask(Method::GET, &finer, Value::Null).await.0, 400);
}

#[test]
fn every_row_of_the_page_that_is_about_destinations_is_served() {
    const PAGE: &str = include_str!("../../../../docs/segment-public-api.md");
    // `segment` counts this many as served by others.
    assert_eq!(destinations::SERVED.len(), 23);
    const ROWS: [&str; 3] = ["| destinations |", "| destinations: ", "| delivery |"];
    let rows = PAGE.lines().filter(|line| ROWS.iter().any(|row| line.starts_with(row)));
    let shown: usize = rows.map(|line| line.matches('`').count() / 2).sum();
    assert_eq!(shown, destinations::SERVED.len());
}
