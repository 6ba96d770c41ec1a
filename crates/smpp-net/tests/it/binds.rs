//! Binds that the operator adds, changes and deletes by the API, while messages flow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use messaging::Inbox;
use serde_json::{Value, json};
use smpp_net::SmppCarrier;
use smpp_net::smsc::SmscSettings;
use store::Scope;
use test_kit::{Reply, contains_bytes};
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use crate::peer::{PATIENCE, Peer};
use crate::site::{Site, to};
use crate::smsc::RunningSmsc;

const BINDS: &str = "/switchward/v1/SmppBinds";
const PASSWORD: &str = "hush4711";

/// A platform whose file has one bind, which leads nowhere.
async fn site() -> Site {
    let gone = RunningSmsc::start(SmscSettings::default()).await.port;
    Site::start(&to("file", gone, "")).await
}

fn bind(name: &str, port: u16) -> Value {
    json!({
        "name": name, "host": "127.0.0.1", "port": port, "tls": false, "system_id": "clinic", "password": PASSWORD,
    })
}

async fn post(site: &Site, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    site.app.post_raw(&site.app.operator, "switchward", path, body.into(), "application/json").await
}

async fn add(site: &Site, bind: &Value) -> Reply {
    post(site, BINDS, bind).await
}

async fn change(site: &Site, name: &str, keys: Value) -> Reply {
    post(site, &format!("{BINDS}/{name}"), &keys).await
}

async fn delete(site: &Site, name: &str) -> Reply {
    site.app.delete(&site.app.operator, "switchward", &format!("{BINDS}/{name}")).await
}

/// Lets time pass for the queue until so many messages were submitted; how often each text was.
async fn texts(site: &Site, peer: &mut Peer, count: usize) -> BTreeMap<String, usize> {
    let mut texts = BTreeMap::new();
    let all = timeout(PATIENCE, async {
        while texts.len() < count {
            match timeout(Duration::from_millis(100), peer.any()).await {
                Ok(event) if event["event"] == "submit" => {
                    *texts.entry(event["text"].as_str().unwrap().to_owned()).or_default() += 1;
                }
                Ok(_) => {}
                Err(_) => site.app.advance(Duration::from_secs(5)),
            }
        }
    });
    assert!(all.await.is_ok(), "only {} of {count} came", texts.len());
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn binds_are_added_changed_and_deleted_under_load() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false, "submit": vec!["slow"; 120] })).await;
    let mut site = site().await;
    site.work();
    let mut sids = Vec::new();
    for number in 0..15 {
        sids.push(site.send(&format!("before {number}")).await);
    }
    let made = add(&site, &bind("api", peer.port)).await;
    let made = &made.assert_status(201).json;
    assert_eq!((&made["name"], &made["source"], &made["window"]), (&json!("api"), &json!("api"), &json!(10)));
    assert_eq!(peer.next("bind").await["password"], PASSWORD);
    let mut counted = texts(&site, &mut peer, 15).await;

    // Changed while its window is full and more waits behind it.
    for number in 0..30 {
        sids.push(site.send(&format!("during {number}")).await);
    }
    peer.next("submit").await;
    change(&site, "api", json!({ "password": "second", "window": 5 })).await.assert_status(200);
    let (mut seen, mut is_again) = (1, false);
    while !is_again {
        let event = timeout(Duration::from_millis(100), peer.any()).await;
        match event.as_ref().map(|event| event["event"].as_str().unwrap_or_default()) {
            Ok("submit") => seen += 1,
            Ok("bind") => {
                let event = event.unwrap();
                assert_eq!(event["password"], "second");
                is_again = true;
            }
            Ok(_) => {}
            Err(_) => site.app.advance(Duration::from_secs(5)),
        }
    }
    counted.extend(texts(&site, &mut peer, 30 - seen).await);
    assert!(counted.values().all(|times| *times == 1), "{counted:?}");

    for sid in &sids {
        site.wait_status(sid, "sent").await;
    }
    delete(&site, "api").await.assert_status(204);
    peer.next("unbind").await;
    // Nothing was submitted a second time meanwhile, and what is sent now waits.
    site.send("after").await;
    assert!(timeout(Duration::from_millis(500), peer.next("submit")).await.is_err());
    site.app.get(&site.app.operator, "switchward", &format!("{BINDS}/api")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_in_parts_is_ended_before_its_bind_is_changed() {
    let Some(mut peer) = Peer::start().await else { return };
    peer.plan(json!({ "receipts": false, "submit": vec!["slow"; 10] })).await;
    let mut site = site().await;
    site.work();
    let mut narrow = bind("api", peer.port);
    narrow["window"] = json!(1);
    add(&site, &narrow).await.assert_status(201);
    let sid = site.send(&"x".repeat(600)).await;
    while timeout(Duration::from_millis(100), peer.next("submit")).await.is_err() {
        site.app.advance(Duration::from_secs(5));
    }
    // One of four parts is there, the others wait.
    change(&site, "api", json!({ "window": 2 })).await.assert_status(200);
    for _ in 1..4 {
        peer.next("submit").await;
    }
    peer.next("unbind").await;
    site.wait_status(&sid, "sent").await;
    assert!(timeout(Duration::from_millis(300), peer.next("submit")).await.is_err(), "a part came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_parameter_and_never_a_value() {
    let site = site().await;
    for (key, value) in [
        ("name", json!("")),
        ("name", json!("a b")),
        ("name", json!(7)),
        ("host", json!("")),
        ("host", Value::Null),
        ("port", json!("hidden")),
        ("port", json!(70_000)),
        ("system_id", json!("longer than fifteen")),
        ("password", json!("longer than eight")),
        ("password", json!(12_345)),
        ("system_type", json!("longer than twelve")),
        ("mode", json!("both")),
        ("version", json!("3.3")),
        ("window", json!(0)),
        ("window", json!(-1)),
        ("rate_per_second", json!(0)),
        ("response_seconds", json!(61)),
        ("concatenation", json!("none")),
        ("message_id", json!("octal")),
        ("country_code", json!("+1")),
        ("interconnect", json!(["0.0.0.0/0"])),
        ("interconnect_attested_by", json!("Jane Doe")),
        ("gsm7_data_coding", json!(256)),
        ("network", json!("a b")),
    ] {
        let mut wrong = bind("api", 3550);
        wrong[key] = value;
        let reply = add(&site, &wrong).await;
        reply.assert_error(400, 20_001);
        assert!(reply.text.contains(&format!("(parameter {key})")), "{key}: {}", reply.text);
        assert!(!reply.text.contains("hidden") && !reply.text.contains("longer than"), "{}", reply.text);
    }
    for ca_file in ["relative.pem", "/nowhere/ca.pem"] {
        let wrong = json!({
            "name": "api", "host": "a", "port": 1, "system_id": "a", "password": "a", "ca_file": ca_file,
        });
        assert!(add(&site, &wrong).await.assert_error(400, 20_001).text.contains("(parameter ca_file)"));
    }
    let mut wrong = bind("api", 3550);
    wrong["passwort"] = json!("hidden");
    assert!(!add(&site, &wrong).await.assert_error(400, 20_001).text.contains("hidden"));
    let mut without = bind("api", 3550);
    without.as_object_mut().unwrap().remove("password");
    assert!(add(&site, &without).await.assert_error(400, 20_001).text.contains("(parameter password)"));
    assert_eq!(site.carrier.binds().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_given_once_and_binds_of_the_file_are_read_only() {
    let site = site().await;
    add(&site, &bind("file", 1)).await.assert_error(409, 20_409);
    change(&site, "file", json!({ "window": 5 })).await.assert_error(409, 20_409);
    delete(&site, "file").await.assert_error(409, 20_409);
    add(&site, &bind("api", 1)).await.assert_status(201);
    add(&site, &bind("api", 2)).await.assert_error(409, 20_409);
    change(&site, "api", json!({ "name": "other" })).await.assert_error(400, 20_001);
    change(&site, "other", json!({ "window": 5 })).await.assert_error(404, 20_404);
    delete(&site, "other").await.assert_error(404, 20_404);
    let all = site.app.get(&site.app.operator, "switchward", BINDS).await;
    let shown: Vec<_> = all.json["binds"].as_array().unwrap().iter().map(|bind| &bind["source"]).collect();
    assert_eq!(shown, ["file", "api"]);
    for path in [BINDS.to_owned(), format!("{BINDS}/api")] {
        let body = bind("mine", 1).to_string();
        let reply = site.app.post_raw(&site.app.owner, "switchward", &path, body.into(), "application/json");
        reply.await.assert_status(403);
    }
    // A name that was given back is free, and what is absent again is what is usual.
    change(&site, "api", json!({ "window": 5 })).await.assert_status(200);
    let reply = change(&site, "api", json!({ "window": null, "mode": "receiver" })).await;
    assert_eq!((&reply.json["window"], &reply.json["mode"]), (&json!(10), &json!("receiver")));
    delete(&site, "api").await.assert_status(204);
    add(&site, &bind("api", 1)).await.assert_status(201);
    for number in 2..32 {
        add(&site, &bind(&format!("api{number}"), 1)).await.assert_status(201);
    }
    add(&site, &bind("more", 1)).await.assert_error(409, 20_409);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_on_the_ledger_and_the_password_is_nowhere() {
    let site = site().await;
    let made = add(&site, &bind("api", 1)).await;
    let changed = change(&site, "api", json!({ "password": "hush4712" })).await;
    let shown = site.app.get(&site.app.operator, "switchward", BINDS).await;
    for reply in [made, changed, shown] {
        assert!(reply.status < 300 && !reply.text.contains("hush"), "{}", reply.text);
    }
    delete(&site, "api").await.assert_status(204);
    let entries = site.app.ledger_actions(Scope::SYSTEM).await;
    let of_binds: Vec<_> = entries.iter().filter(|entry| entry.act.ends_with("_smpp_bind")).collect();
    let actions: Vec<_> = of_binds.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(actions, ["create_smpp_bind", "update_smpp_bind", "delete_smpp_bind"]);
    assert!(of_binds.iter().all(|entry| entry.what == ["api"] && entry.who == "operator"));
    assert!(!contains_bytes(site.app.data_dir(), b"hush471"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_of_the_database_sees_every_change() {
    let mut smsc = RunningSmsc::start(SmscSettings::default()).await;
    let site = site().await;
    let other = SmppCarrier::without_binds(site.app.services.store.clone());
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(other.clone().run(Inbox::new(Arc::clone(&site.app.services)), stopped));
    add(&site, &bind("api", smsc.port)).await.assert_status(201);
    // Both bind.
    smsc.bound().await;
    smsc.bound().await;
    delete(&site, "api").await.assert_status(204);
    let gone = timeout(PATIENCE, async {
        let mut ticks = interval(Duration::from_millis(20));
        while !other.binds().is_empty() {
            ticks.tick().await;
        }
    });
    gone.await.expect("the other process drops it");
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_of_the_api_carries_hipaa_projects_only_when_it_is_private() {
    let smsc = RunningSmsc::start(SmscSettings::default()).await;
    let mut site = site().await;
    site.work();
    add(&site, &bind("api", smsc.port)).await.assert_status(201);
    site.bound("api").await;
    let sid = site.send_from_project("hello").await;
    assert_eq!(site.wait_status_in_project(&sid, "failed").await["error_code"], 77_005);
    let private =
        json!({ "interconnect": ["127.0.0.0/8"], "interconnect_attested_by": "Jane Doe, 2026-11-22" });
    let changed = change(&site, "api", private).await;
    assert_eq!(changed.assert_status(200).json["private"], true);
    site.bound("api").await;
    let sid = site.send_from_project("hello").await;
    site.wait_status_in_project(&sid, "delivered").await;
}
