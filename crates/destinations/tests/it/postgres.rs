//! Events in a PostgreSQL database, a real one: tables as Segment has them, each event once, nothing in the clear.

use std::sync::Arc;

use serde_json::{Value, json};
use test_kit::TestDatabase;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::world::{Place, World, order, track};

fn settings(database: &TestDatabase) -> Value {
    let (host, port, name, user) = database.place();
    json!({"host": host, "port": port, "database": name, "user": user, "password": "p-canary",
        "schema": "website", "tls": false})
}

/// A place whose destination is a database, on.
async fn ordinary(world: &World, database: &TestDatabase) -> Place {
    let mut place = world.place(&world.app.owner, false).await;
    place.destination = world.destination_of(&place, "Warehouse", "postgres", settings(database)).await;
    world.switch(&place, true).await.assert_status(201);
    place
}

#[tokio::test]
async fn calls_become_rows_of_their_tables() {
    let Some(database) = TestDatabase::create() else { return };
    let world = World::start().await;
    let place = ordinary(&world, &database).await;
    let shown = world.show(&place, "").await;
    assert!(!shown.text.contains("p-canary"), "{}", shown.text);
    let events = json!([
        {"type": "identify", "userId": "u", "messageId": "m1", "traits": {"plan": "a", "age": 40}},
        {"type": "track", "userId": "u", "messageId": "m2", "event": "Order Completed",
            "properties": {"total": 12.5, "items": ["x"], "shipTo": {"zip": "1"}}, "context": {"ip": "192.0.2.1"}},
        {"type": "page", "anonymousId": "a", "messageId": "m3", "name": "Home", "properties": {"path": "/"}},
        {"type": "screen", "userId": "u", "messageId": "m4", "name": "Start"},
        {"type": "group", "userId": "u", "messageId": "m5", "groupId": "g", "traits": {"seats": 3}},
        {"type": "alias", "userId": "u", "messageId": "m6", "previousId": "a"},
        {"type": "identify", "userId": "u", "messageId": "m7", "traits": {"plan": "b"}},
    ]);
    world.send(&place, events).await;
    world.deliver().await;
    assert_eq!(world.count(&place, "delivered").await, 7);
    let count =
        |table: &str| database.json(&format!("SELECT count(*) AS n FROM website.{table}"))[0]["n"].clone();
    for (table, expected) in [
        ("tracks", 1),
        ("order_completed", 1),
        ("identifies", 2),
        ("users", 1),
        ("pages", 1),
        ("screens", 1),
        ("groups", 1),
        ("accounts", 1),
        ("aliases", 1),
    ] {
        assert_eq!(count(table), json!(expected), "{table}");
    }
    let order = database.json(
        "SELECT id, user_id, event, event_text, total, items, ship_to_zip, context_ip,
            received_at IS NOT NULL AS received, uuid_ts IS NOT NULL AS written FROM website.order_completed",
    );
    let expected = json!({"id": "m2", "user_id": "u", "event": "order_completed", "event_text": "Order Completed",
        "total": 12.5, "items": "[\"x\"]", "ship_to_zip": "1", "context_ip": "192.0.2.1",
        "received": true, "written": true});
    assert_eq!(order, [expected]);
    let users = database.json("SELECT id, plan, age FROM website.users");
    assert_eq!(users, [json!({"id": "u", "plan": "b", "age": 40})]);
}

#[tokio::test]
async fn what_comes_again_is_there_once_and_what_does_not_fit_is_kept() {
    let Some(database) = TestDatabase::create() else { return };
    let world = World::start().await;
    let place = ordinary(&world, &database).await;
    let event = |id: &str, properties: Value| {
        let mut event = track("u", "Seen", properties);
        event["messageId"] = json!(id);
        event
    };
    world.send(&place, json!([event("m1", json!({"n": 1, "select": true}))])).await;
    world.deliver().await;
    // Another destination of the source loads the same rows; later values are of other types, and a table is new.
    let mut second = place.clone();
    second.destination = world.destination_of(&place, "Again", "postgres", settings(&database)).await;
    world.switch(&second, true).await.assert_status(201);
    let later = event("m2", json!({"n": "many\u{0}", "select": 5, "fresh": 1.5}));
    world.send(&place, json!([later, event("m3", json!({"n": 2}))])).await;
    world.deliver().await;
    assert_eq!(world.count(&second, "delivered").await, 2);
    let rows = database.json("SELECT id, n, \"select\", fresh, other FROM website.seen ORDER BY id");
    let expected = [
        json!({"id": "m1", "n": 1, "select": true, "fresh": null, "other": null}),
        json!({"id": "m2", "n": null, "select": null, "fresh": 1.5,
            "other": {"n": "many\u{FFFD}", "select": 5}}),
        json!({"id": "m3", "n": 2, "select": null, "fresh": null, "other": null}),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_database_that_is_away_holds_events_up_and_loses_none() {
    let Some(database) = TestDatabase::create() else { return };
    let world = World::start().await;
    let mut place = world.place(&world.app.owner, false).await;
    let mut wrong = settings(&database);
    wrong["database"] = json!("nowhere");
    place.destination = world.destination_of(&place, "Warehouse", "postgres", wrong).await;
    world.switch(&place, true).await.assert_status(201);
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert_eq!(world.show(&place, "/Deliveries").await.json["failures"], 1);
    let right = json!({"settings": {"database": settings(&database)["database"]}});
    world.change(&place, "", right).await.assert_status(201);
    world.app.advance(destinations::limits::LONGEST_PAUSE);
    world.deliver().await;
    assert_eq!(world.count(&place, "delivered").await, 1);
    assert_eq!(database.json("SELECT total FROM website.ordered"), [json!({"total": 1})]);
}

#[tokio::test]
async fn gen_https_2__refuses_a_database_elsewhere_without_tls() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    let make = async |host: &str, schema: &str, tls: bool| {
        let settings = json!({"host": host, "database": "d", "user": "u", "schema": schema, "tls": tls});
        let body = json!({"name": host, "source_sid": place.source.to_string(), "kind": "postgres",
            "settings": settings});
        world.post(&place.account, &path, body).await.status
    };
    assert_eq!(make("db.example.org", "s", false).await, 400);
    assert_eq!(make("10.0.0.1", "s", false).await, 400);
    for schema in ["", "Upper", "pg_x", "a\"b", "information_schema"] {
        assert_eq!(make("db.example.org", schema, true).await, 400, "{schema}");
    }
    for host in ["", "a/b", "user@host", "host:1", "host?x"] {
        assert_eq!(make(host, "s", true).await, 400, "{host}");
    }
    assert_eq!(make("db.example.org", "s", true).await, 201);
    assert_eq!(make("127.0.0.1", "s", false).await, 201);
}

/// TLS in front of the database, as PostgreSQL speaks it: one word before the handshake.
async fn with_tls(database: &TestDatabase, mut config: rustls::ServerConfig) -> u16 {
    // As PostgreSQL 17 does: another protocol than its own is refused.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (host, target, ..) = database.place();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let (acceptor, host) = (acceptor.clone(), host.clone());
            tokio::spawn(async move {
                let mut request = [0; 8];
                tcp.read_exact(&mut request).await.unwrap();
                assert_eq!(request, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f], "SSLRequest");
                tcp.write_all(b"S").await.unwrap();
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let mut server = TcpStream::connect((host.as_str(), target)).await.unwrap();
                drop(copy_bidirectional(&mut tls, &mut server).await);
            });
        }
    });
    port
}

#[tokio::test]
async fn seg_dest_1__refuses_rows_once_the_agreement_is_over_and_allows_them_before() {
    let Some(database) = TestDatabase::create() else { return };
    let (authority, config) = test_kit::certificates();
    let world = World::start_trusting(&authority).await;
    world.app.register(&world.app.hipaa, &["localhost"], "segment", "2026-01-20").await;
    let mut place = world.place(&world.app.hipaa, true).await;
    let mut settings = settings(&database);
    settings["host"] = json!("localhost");
    settings["port"] = json!(with_tls(&database, config).await);
    settings["tls"] = json!(true);
    place.destination = world.destination_of(&place, "Warehouse", "postgres", settings).await;
    world.grant(&place, &["type", "event", "messageId", "userId", "receivedAt", "properties.total"]).await;
    let same = |path: &str| json!({"@path": format!("$.{path}")});
    let mapping = json!({"type": same("type"), "event": same("event"), "messageId": same("messageId"),
        "userId": same("userId"), "receivedAt": same("receivedAt"), "properties": {"total": same("properties.total")}});
    world.map(&place, "event = 'Ordered'", mapping).await;
    world.switch(&place, true).await.assert_status(403);
    world.approve(&place).await.assert_status(201);
    world.switch(&place, true).await.assert_status(201);
    let lines = world.show(&place, "/Manifest").await.json["lines"].to_string();
    assert!(lines.contains("> postgres localhost:") && lines.contains(" website"), "{lines}");
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    let row = || database.json("SELECT total, user_id, other FROM website.ordered");
    let expected = [json!({"total": 1, "user_id": "u", "other": null})];
    assert_eq!(row(), expected, "what was granted, over TLS");
    let whole = format!("{:?}", database.json("SELECT t.*, o.* FROM website.tracks t, website.ordered o"));
    assert!(!whole.contains("canary"), "{whole}");
    world.app.advance(std::time::Duration::from_secs(6 * 86_400));
    world.send(&place, json!([order("u", 2)])).await;
    world.deliver().await;
    assert_eq!(row(), expected);
    assert_eq!(world.count(&place, "discarded_refused").await, 1);
}

#[tokio::test]
async fn gen_https_3__refuses_a_database_whose_certificate_is_not_trusted() {
    let Some(database) = TestDatabase::create() else { return };
    let world = World::start().await;
    let mut place = world.place(&world.app.owner, false).await;
    let mut settings = settings(&database);
    // Another authority than the one that this world trusts.
    let (_, config) = test_kit::certificates();
    settings["host"] = json!("localhost");
    settings["port"] = json!(with_tls(&database, config).await);
    settings["tls"] = json!(true);
    place.destination = world.destination_of(&place, "Warehouse", "postgres", settings).await;
    world.switch(&place, true).await.assert_status(201);
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert_eq!(world.count(&place, "delivered").await, 0);
    assert_eq!(world.count(&place, "retried").await, 1);
}
