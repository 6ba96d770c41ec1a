//! What the tracking API takes: calls, write keys, encodings, repetitions, deletions, and its answers.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Method, Request, header};
use serde_json::{Value, json};
use store::Scope;

use crate::world::World;

const ABROAD: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn track(user: &str, event: &str, id: &str) -> Value {
    json!({"type": "track", "userId": user, "event": event, "messageId": id})
}

fn post(path: &str) -> http::request::Builder {
    Request::builder().method(Method::POST).uri(path)
}

#[tokio::test]
async fn every_call_is_kept_in_order_and_nothing_of_it_is_readable() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let calls = [
        ("track", json!({"userId": "u-canary", "event": "e-canary", "properties": {"ward": "p-canary"}})),
        ("i", json!({"userId": "u-canary", "traits": {"email": "t-canary"}})),
        ("p", json!({"anonymousId": "a-canary"})),
        ("screen", json!({"anonymousId": "a-canary", "userId": "u-canary"})),
        ("g", json!({"userId": "u-canary", "groupId": "g-canary"})),
        ("alias", json!({"userId": "u-canary", "previousId": "a-canary", "messageId": "m-canary"})),
    ];
    for (call, body) in calls {
        let answer = world.call(&place.key, call, body.to_string()).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &br#"{"success":true}"#[..]), "{call}");
    }
    let types = world.each(&place, "type").await;
    assert_eq!(types, ["track", "identify", "page", "screen", "group", "alias"]);
    assert_eq!(world.events(&place).await[0]["properties"]["ward"], "p-canary");
    for canary in ["u-canary", "e-canary", "p-canary", "t-canary", "a-canary", "g-canary", "m-canary"] {
        assert!(!world.keeps(canary), "{canary}");
    }
}

#[tokio::test]
async fn write_keys_are_found_wherever_sdks_put_them() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let basic = |text: String| format!("Basic {}", BASE64.encode(text.as_bytes()));
    let in_body = json!({"writeKey": place.key, "userId": "u", "event": "e"}).to_string();
    let bare = json!({"userId": "u", "event": "e"}).to_string();
    let table = [
        (Some(basic(format!("{}:", place.key))), &bare),
        (Some(basic(place.key.clone())), &bare),
        (None, &in_body),
        (Some("Bearer token".to_owned()), &in_body),
    ];
    for (count, (authorization, body)) in table.into_iter().enumerate() {
        let mut request = post("/v1/t").header(header::CONTENT_TYPE, "text/plain");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = world.send(request.body(body.clone().into_bytes()).unwrap(), true, ABROAD).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.events(&place).await.len(), count + 1);
    }
}

#[tokio::test]
async fn unknown_removed_and_disabled_write_keys_are_answered_alike() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let body = json!({"userId": "u", "event": "e"}).to_string();
    for key in ["nobody", "", &"x".repeat(500)] {
        assert_eq!(world.call(key, "t", body.clone()).await.status, 200);
        assert_eq!(world.call(key, "t", "{").await.status, 400, "but not what is no JSON");
    }
    let change = |body: Value| world.change(&place, body);
    change(json!({"enabled": false})).await.assert_status(201);
    assert_eq!(world.call(&place.key, "t", body.clone()).await.status, 200);
    assert!(world.events(&place).await.is_empty());
    let changed =
        change(json!({"enabled": true, "add_write_key": true, "remove_write_key": place.key})).await;
    let fresh = changed.json["write_keys"][0].as_str().unwrap().to_owned();
    assert_eq!((fresh.len(), changed.json["write_keys"].as_array().unwrap().len()), (32, 1));
    assert_eq!(world.call(&place.key, "t", body.clone()).await.status, 200);
    assert!(world.events(&place).await.is_empty(), "the removed key is nobody's");
    assert_eq!(world.call(&fresh, "t", body).await.status, 200);
    assert_eq!(world.events(&place).await.len(), 1);
}

#[tokio::test]
async fn an_event_is_taken_once_also_after_a_restart() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let other = world.place(&world.app.owner).await;
    let batch = json!([track("u", "a", "m-1"), track("u", "b", "m-2"), track("u", "again", "m-1")]);
    world.batch(&place, batch.clone()).await;
    world.batch(&place, batch.clone()).await;
    assert_eq!(world.each(&place, "event").await, ["a", "b"]);
    let world = world.restarted();
    world.batch(&place, batch.clone()).await;
    world.batch(&place, json!([track("u", "c", "m-3")])).await;
    assert_eq!(world.each(&place, "event").await, ["a", "b", "c"]);
    world.batch(&other, batch).await;
    assert_eq!(world.events(&other).await.len(), 2, "another source has its own names");
    // The window is a day.
    world.app.advance(segment::limits::WINDOW + Duration::from_secs(1));
    world.batch(&place, json!([track("u", "a day later", "m-1")])).await;
    assert_eq!(world.events(&place).await.len(), 4);
}

#[tokio::test]
async fn deletion_destroys_what_was_said_of_a_person_and_nothing_else() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let events = json!([
        track("u-1", "a", "m-1"),
        {"type": "track", "event": "both", "userId": "u-1", "anonymousId": "device"},
        {"type": "alias", "userId": "u-2", "previousId": "u-1"},
        track("u-2", "b", "m-2"),
        {"type": "page", "anonymousId": "device", "name": "c"},
    ]);
    world.batch(&place, events).await;
    let reply = world.regulate(&place, "DELETE_ONLY", &["u-1"]).await;
    assert_eq!((reply.status, &reply.json["status"]), (201, &json!("FINISHED")), "{}", reply.text);
    assert!(!reply.text.contains("u-1"), "the answer names nobody");
    let left: Vec<_> = world.events(&place).await.iter().map(Value::is_null).collect();
    assert_eq!(left, [true, true, true, false, false]);
    // Who comes back begins anew.
    world.batch(&place, json!([track("u-1", "anew", "m-9")])).await;
    assert_eq!(world.events(&place).await[5]["event"], "anew");
    world.regulate(&place, "SUPPRESS_WITH_DELETE", &["u-1"]).await;
    world.batch(&place, json!([track("u-1", "late", "m-10")])).await;
    let after = world.events(&place).await;
    assert!(after.len() == 6 && after[5].is_null());
}

#[tokio::test]
async fn bodies_are_taken_compressed_and_refused_with_the_published_status() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let gzip = |plain: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let body = json!({"writeKey": place.key, "batch": [track("u", "e", "m")]}).to_string();
    let send = async |encoding: &str, body: Vec<u8>| {
        let request = post("/v1/batch").header(header::CONTENT_ENCODING, encoding).body(body).unwrap();
        let answer = world.send(request, true, ABROAD).await;
        let json: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, json["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |code: &str| (400, code.to_owned());
    assert_eq!(send("gzip", gzip(body.as_bytes())).await, (200, String::new()));
    assert_eq!(world.events(&place).await.len(), 1);
    assert_eq!(send("gzip", body.clone().into_bytes()).await, refused("invalid_body"));
    assert_eq!(send("br", body.clone().into_bytes()).await, refused("invalid_body"));
    assert_eq!(send("gzip", gzip(&vec![b' '; 600_000])).await, refused("too_large"));
    assert_eq!(send("identity", vec![b' '; 600_000]).await, refused("too_large"));
    assert_eq!(send("identity", b"{\"batch\":".to_vec()).await, refused("invalid_json"));
    assert_eq!(world.call(&place.key, "nothing", "{}").await.status, 404);
    assert_eq!(world.events(&place).await.len(), 1);
}

#[tokio::test]
async fn too_many_events_are_answered_and_not_taken() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let page = json!({"type": "page", "userId": "u"});
    world.batch(&place, Value::from(vec![page.clone(); tracking::limits::BATCH_EVENTS + 1])).await;
    assert!(world.events(&place).await.is_empty());
    world.batch(&place, Value::from(vec![page; tracking::limits::BATCH_EVENTS])).await;
    assert_eq!(world.events(&place).await.len(), tracking::limits::BATCH_EVENTS);
}

#[tokio::test]
async fn a_hipaa_workspace_takes_no_event_over_plain_http_or_in_a_url() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let body = json!({"writeKey": place.key, "userId": "u", "event": "e"}).to_string();
    let data = BASE64.encode(body.as_bytes()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let plain = async |peer| {
        world.send(post("/v1/t").body(body.clone().into_bytes()).unwrap(), false, peer).await.status
    };
    let pixel = async || {
        let request =
            Request::builder().uri(format!("/v1/pixel/track?data={data}")).body(Vec::new()).unwrap();
        world.send(request, true, ABROAD).await
    };
    assert_eq!(plain(ABROAD).await, 200);
    let picture = pixel().await;
    assert_eq!(
        (picture.status, &picture.headers[header::CONTENT_TYPE]),
        (200, &"image/gif".parse().unwrap())
    );
    assert_eq!(world.events(&place).await.len(), 2);
    let token = world.token(&place, &["workspace_owner"]).await;
    world.plan(&place, &token, json!([{"type": "TRACK", "key": "e", "version": 1, "jsonSchema": {}}])).await;
    assert_eq!(world.designate(&place).await.status, 201);
    assert_eq!(plain(ABROAD).await, 403);
    assert_eq!(plain(Ipv4Addr::LOCALHOST.into()).await, 200, "nobody listens on this machine's own wire");
    assert_eq!(pixel().await.status, 403);
    assert_eq!(world.events(&place).await.len(), 3);
}

#[tokio::test]
async fn browsers_may_call_and_find_their_settings() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let request = |method, uri: String| Request::builder().method(method).uri(uri).body(Vec::new()).unwrap();
    let answer = world.send(request(Method::OPTIONS, "/v1/t".to_owned()), true, ABROAD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(answer.headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().contains("authorization"));
    let settings = format!("/v1/projects/{}/settings", place.key);
    let answer = world.send(request(Method::GET, settings), true, ABROAD).await;
    let json: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["integrations"]["Segment.io"]["apiKey"], place.key);
    assert_eq!(json["integrations"]["Segment.io"]["apiHost"], "api.segment.io/v1");
    let unknown = request(Method::GET, "/v1/projects/nobody/settings".to_owned());
    assert_eq!(world.send(unknown, true, ABROAD).await.status, 404);
}

#[tokio::test]
async fn many_at_once_lose_and_repeat_nothing() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let senders = (0..8).map(|sender| {
        let (world, place) = (&world, &place);
        async move {
            for number in 0..10 {
                // All senders are about the same new people, and half of each batch is a repetition.
                let person = format!("u-{number}");
                let own = track(&person, "own", &format!("{sender}-{number}"));
                let shared = track(&person, "shared", &format!("shared-{number}"));
                world.batch(place, json!([own, shared])).await;
            }
        }
    });
    futures_util::future::join_all(senders).await;
    let names = world.each(&place, "messageId").await;
    let distinct: std::collections::BTreeSet<_> = names.iter().map(Value::to_string).collect();
    assert_eq!((names.len(), distinct.len()), (90, 90));
}

#[tokio::test]
async fn reading_events_is_recorded_with_whom_they_are_about() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    world.batch(&place, json!([track("u-canary", "a", "m-1"), track("u-2", "b", "m-2")])).await;
    world.batch(&place, json!([track("u-2", "c", "m-3")])).await;
    let path = format!("/switchward/v1/Accounts/{}/Sources/{}/Events", place.account.sid, place.source);
    let read =
        async |query: &str| world.app.get(&place.account, "switchward", &format!("{path}{query}")).await;
    let reply = read("").await;
    let names: Vec<_> =
        reply.json["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["a", "b", "c"], "{}", reply.text);
    let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
    let entry = entries.last().unwrap();
    assert_eq!((entry.act.as_str(), entry.fields.as_slice()), ("list_event", &["event".to_owned()][..]));
    assert_eq!(entry.what.len(), 4, "workspace, source and two people: {:?}", entry.what);
    assert!(!world.keeps("u-canary"));
    let next = reply.json["next_after"].as_u64().unwrap();
    assert_eq!(read(&format!("?After={next}")).await.json, json!({"events": [], "next_after": null}));
    world.regulate(&place, "DELETE_ONLY", &["u-canary"]).await;
    assert_eq!(read("").await.json["events"][0], Value::Null);
    let crossed = path.replace(&place.account.sid.to_string(), &world.app.other.sid.to_string());
    world.app.get(&world.app.other, "switchward", &crossed).await.assert_status(404);
}
