//! The register of third parties: kept, changed, replaced; and what a HIPAA project locks.

use std::sync::Arc;

use auth::{Account, load_account};
use serde_json::{Value, json};
use store::{Document, Scope};
use test_kit::{Credentials, TestAccount, TestApp};

use crate::world::{SWITCHWARD, delete, get, members, post, start, subaccount};

fn path(account: impl ToString) -> String {
    format!("Accounts/{}/Register", account.to_string())
}

fn cloud() -> Value {
    json!({
        "name": "Example Cloud",
        "hosts": ["API.Cloud.Example.com", "*.cloud.example.com"],
        "agreement": {"signed": "2025-01-01", "expires": "2026-12-31"},
        "services": ["messaging"],
        "contact": "legal@cloud.example.com",
        "subcontractors": ["Example Disks"],
        "review_by": "2026-06-30",
    })
}

fn named(name: &str) -> Value {
    json!({"name": name, "hosts": ["own.example.org"], "own": true, "contact": "it"})
}

async fn add(app: &TestApp, account: &TestAccount, party: Value) -> String {
    let reply = post(app, account, &path(account.sid), party).await;
    reply.assert_status(201).json["sid"].as_str().unwrap().to_owned()
}

async fn names(app: &TestApp, who: impl AsRef<Credentials>, account: impl ToString) -> Vec<String> {
    let listed = get(app, who, &path(account)).await;
    let parties = listed.assert_status(200).json["parties"].as_array().unwrap().clone();
    parties.iter().map(|party| party["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_party_is_kept_with_the_keys_of_the_file() {
    let app = start().await;
    let made = post(&app, &app.owner, &path(app.owner.sid), cloud()).await;
    let keys = members(&made.assert_status(201).json).len();
    assert_eq!((keys, &made.json["covered"]), (10, &json!(true)));
    assert_eq!(made.json["hosts"], json!(["api.cloud.example.com", "*.cloud.example.com"]));
    for key in ["name", "agreement", "services", "contact", "subcontractors", "review_by"] {
        assert_eq!(made.json[key], cloud()[key], "{key}");
    }
    let one = format!("{}/{}", path(app.owner.sid), made.json["sid"].as_str().unwrap());
    assert_eq!(get(&app, &app.keys.standard, &one).await.assert_status(200).json, made.json);
    let listed = get(&app, &app.keys.standard, &path(app.owner.sid)).await;
    assert_eq!(listed.assert_status(200).json["parties"], json!([made.json]));
    assert_eq!(listed.json["account_sid"], app.owner.sid.to_string());
    // An agreement that has ended covers nothing.
    let mut ended = cloud();
    ended["agreement"]["expires"] = json!("2025-12-31");
    assert_eq!(post(&app, &app.owner, &one, ended).await.assert_status(200).json["covered"], false);
    delete(&app, &app.owner, &one).await.assert_status(204);
    get(&app, &app.owner, &one).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn a_party_that_says_too_little_or_too_much_is_refused_by_its_field() {
    let app = start().await;
    for (field, value) in [
        ("name", json!(" ")),
        ("hosts", json!(["https://a.example.org"])),
        ("hosts", json!(["*.org"])),
        ("agreement", json!({"signed": "2026-01-02", "expires": "2026-01-01"})),
        ("contact", json!("x".repeat(256))),
        ("services", json!([""])),
        ("subcontractors", json!(vec!["x"; 101])),
    ] {
        let mut party = cloud();
        party[field] = value;
        let reply = post(&app, &app.owner, &path(app.owner.sid), party).await;
        let text = &reply.assert_error(400, 20_001).json["message"];
        assert!(text.as_str().unwrap().ends_with(&format!("(parameter {field})")), "{text}");
    }
    for (key, value) in [("colour", json!("red")), ("agreement", json!({"signed": "2026-02-30"}))] {
        let mut party = cloud();
        party[key] = value;
        post(&app, &app.owner, &path(app.owner.sid), party).await.assert_error(400, 20_001);
    }
    add(&app, &app.owner, cloud()).await;
    post(&app, &app.owner, &path(app.owner.sid), cloud()).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn an_import_replaces_the_register_and_keeps_sids_by_name() {
    let app = start().await;
    let sid = add(&app, &app.owner, cloud()).await;
    add(&app, &app.owner, named("Leaves")).await;
    let import = format!("{}/Import", path(app.owner.sid));
    let body = json!({"parties": [named("Comes"), cloud()]});
    let reply = post(&app, &app.owner, &import, body).await;
    assert_eq!(reply.assert_status(200).json["parties"][1]["sid"], sid);
    assert_eq!(names(&app, &app.owner, app.owner.sid).await, ["Comes", "Example Cloud"]);
    // All of it or nothing.
    let half = json!({"parties": [named("Good"), named("Good")]});
    post(&app, &app.owner, &import, half).await.assert_error(400, 20_001);
    assert_eq!(names(&app, &app.owner, app.owner.sid).await, ["Comes", "Example Cloud"]);
}

#[tokio::test]
async fn only_full_credentials_change_it_and_each_change_is_in_the_ledger() {
    let app = start().await;
    let sid = add(&app, &app.owner, cloud()).await;
    let one = format!("{}/{sid}", path(app.owner.sid));
    let restricted = app.restricted_key(&app.owner, &[auth::Permission::ComplianceWrite]).await;
    for who in [&app.keys.standard, &restricted] {
        post(&app, who, &path(app.owner.sid), named("Own")).await.assert_error(403, 20_003);
        post(&app, who, &one, cloud()).await.assert_error(403, 20_003);
        post(&app, who, &format!("{}/Import", path(app.owner.sid)), json!({"parties": []}))
            .await
            .assert_error(403, 20_003);
        delete(&app, who, &one).await.assert_error(403, 20_003);
    }
    get(&app, &app.other, &path(app.owner.sid)).await.assert_error(404, 20_404);
    get(&app, &app.other, &format!("{}/{sid}", path(app.other.sid))).await.assert_error(404, 20_404);
    post(&app, &app.keys.main, &one, cloud()).await.assert_status(200);
    post(&app, &app.operator, &format!("{}/Import", path(app.owner.sid)), json!({"parties": [cloud()]}))
        .await
        .assert_status(200);
    delete(&app, &app.owner, &one).await.assert_status(204);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: Vec<&str> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["create_party", "update_party", "import_register", "delete_party"]);
    assert!(entries.iter().all(|entry| entry.what == [app.owner.sid.to_string(), sid.clone()]));
}

#[tokio::test]
async fn art_ctrl_integ__refuses_to_empty_the_register_of_a_hipaa_project() {
    let app = start().await;
    let sid = add(&app, &app.hipaa, cloud()).await;
    let one = format!("{}/{sid}", path(app.hipaa.sid));
    delete(&app, &app.hipaa, &one).await.assert_refused("ART-CTRL-INTEG", 77_302);
    let empty = json!({"parties": []});
    let import = format!("{}/Import", path(app.hipaa.sid));
    post(&app, &app.operator, &import, empty).await.assert_refused("ART-CTRL-INTEG", 77_302);
    assert_eq!(names(&app, &app.hipaa, app.hipaa.sid).await, ["Example Cloud"]);
}

#[tokio::test]
async fn art_ctrl_integ__allows_every_change_that_leaves_a_party() {
    let app = start().await;
    let empty = json!({"parties": []});
    let import = format!("{}/Import", path(app.hipaa.sid));
    post(&app, &app.hipaa, &import, empty).await.assert_status(200);
    let sid = add(&app, &app.hipaa, cloud()).await;
    add(&app, &app.hipaa, named("Own")).await;
    delete(&app, &app.hipaa, &format!("{}/{sid}", path(app.hipaa.sid))).await.assert_status(204);
    assert_eq!(names(&app, &app.hipaa, app.hipaa.sid).await, ["Own"]);
}

#[tokio::test]
async fn a_subaccount_without_a_register_stands_under_its_owners() {
    let app = start().await;
    let below = subaccount(&app, &app.hipaa).await;
    let sid = add(&app, &app.hipaa, cloud()).await;
    let seen = get(&app, &below, &path(&below.sid)).await;
    assert_eq!(seen.assert_status(200).json["account_sid"], app.hipaa.sid.to_string());
    assert_eq!(seen.json["parties"][0]["sid"], sid);
    // It is the owner's to change.
    let crossed = format!("{}/{sid}", path(&below.sid));
    delete(&app, &below, &crossed).await.assert_error(404, 20_404);
    let context = async || {
        load_account(&app.services.store, below.sid.parse().unwrap(), app.now()).await.unwrap().unwrap()
    };
    assert!(context().await.is_registered("api.cloud.example.com", "messaging"));
    post(&app, &below, &path(&below.sid), named("Own")).await.assert_status(201);
    assert!(!context().await.is_registered("api.cloud.example.com", "messaging"));
    assert_eq!(names(&app, &below, &below.sid).await, ["Own"]);
}

#[tokio::test]
async fn art_ctrl_integ__refuses_an_owner_to_empty_what_a_hipaa_project_below_stands_under() {
    let app = start().await;
    let sid = add(&app, &app.owner, cloud()).await;
    let one = format!("{}/{sid}", path(app.owner.sid));
    edit(&app, &app.subaccount, |account| account.facts.designation.protected = true).await;
    delete(&app, &app.owner, &one).await.assert_refused("ART-CTRL-INTEG", 77_302);
    edit(&app, &app.subaccount, |account| account.facts.designation.protected = false).await;
    delete(&app, &app.owner, &one).await.assert_status(204);
}

/// Goal: the hosts that settings held before there was a register are its first party, until it is written.
#[tokio::test]
async fn hosts_of_the_former_settings_are_the_first_party() {
    let app = start().await;
    let hosts = vec!["hooks.example.org".to_owned()];
    edit(&app, &app.hipaa, |account| account.facts.settings.former_hosts = hosts).await;
    let listed = get(&app, &app.hipaa, &path(app.hipaa.sid)).await;
    let party = listed.assert_status(200).json["parties"][0].clone();
    assert_eq!(party["hosts"], json!(["hooks.example.org"]));
    assert_eq!((&party["own"], &party["covered"]), (&json!(true), &json!(true)));
    let one = format!("{}/{}", path(app.hipaa.sid), party["sid"].as_str().unwrap());
    delete(&app, &app.hipaa, &one).await.assert_refused("ART-CTRL-INTEG", 77_302);
    add(&app, &app.hipaa, cloud()).await;
    assert_eq!(names(&app, &app.hipaa, app.hipaa.sid).await, ["Registered hosts", "Example Cloud"]);
    delete(&app, &app.hipaa, &one).await.assert_status(204);
    assert_eq!(names(&app, &app.hipaa, app.hipaa.sid).await, ["Example Cloud"]);
    let account = load_account(&app.services.store, app.hipaa.sid, app.now()).await.unwrap().unwrap();
    assert!(account.account.facts.settings.former_hosts.is_empty());
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let app = start().await;
    for name in ["A", "B"] {
        add(&app, &app.hipaa, named(name)).await;
    }
    let listed = get(&app, &app.hipaa, &path(app.hipaa.sid)).await;
    let one = |index: usize| {
        let sid = listed.json["parties"][index]["sid"].as_str().unwrap();
        format!("/switchward/v1/{}/{sid}", path(app.hipaa.sid))
    };
    let (first, second) = (one(0), one(1));
    let taken_away = |path| app.delete(&app.hipaa, SWITCHWARD, path);
    let (first, second) = tokio::join!(taken_away(&first), taken_away(&second));
    let statuses = [first.status, second.status];
    assert!(statuses.contains(&204) && (statuses.contains(&409) || statuses.contains(&403)), "{statuses:?}");
    assert_eq!(names(&app, &app.hipaa, app.hipaa.sid).await.len(), 1);
}

async fn edit(app: &TestApp, account: &TestAccount, change: impl FnOnce(&mut Document<Account>)) {
    let found = load_account(&app.services.store, account.sid, app.now()).await.unwrap().unwrap();
    let mut document = Arc::unwrap_or_clone(found.account);
    change(&mut document);
    let mut batch = app.services.store.batch(Scope::account(document.facts.owner.0));
    batch.update(&document);
    app.services.store.commit(batch).await.unwrap();
}
