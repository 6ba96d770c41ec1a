//! API keys of all three types: iam v1, and our own API for main keys.

use auth::{Permission, Secret};
use serde_json::{Value, json};
use test_kit::{Credentials, Reply, TestApp};

use crate::world::{members, post, start};

const KEYS: &str = "/v1/Keys";
const MESSAGES: &str = "/switchward/messages/read";
const COMPLIANCE: &str = "/switchward/compliance/read";

fn policy(names: &[&str]) -> String {
    json!({"allow": names}).to_string()
}

/// Makes a key in the owner's account; `fields` come after `AccountSid`.
async fn create(app: &TestApp, who: impl AsRef<Credentials>, fields: &[(&str, &str)]) -> Reply {
    let account = app.owner.sid.to_string();
    let fields: Vec<_> = [("AccountSid", account.as_str())].iter().chain(fields).copied().collect();
    app.post_form(who, "iam", KEYS, &fields).await
}

async fn restricted(app: &TestApp, names: &[&str]) -> Reply {
    create(app, &app.owner, &[("KeyType", "restricted"), ("Policy", &policy(names))]).await
}

fn credentials(made: &Reply) -> Credentials {
    made.assert_status(201);
    let secret = made.json["secret"].as_str().unwrap().to_owned();
    Credentials::new(made.json["sid"].as_str().unwrap(), Secret::new(secret))
}

fn one(made: &Reply) -> String {
    format!("{KEYS}/{}", made.json["sid"].as_str().unwrap())
}

#[tokio::test]
async fn answers_have_the_published_members() {
    let app = start().await;
    let made = restricted(&app, &[MESSAGES]).await;
    assert_eq!(
        members(&made.assert_status(201).json),
        ["date_created", "date_updated", "friendly_name", "policy", "secret", "sid"]
    );
    let found = app.get(&app.owner, "iam", &one(&made)).await;
    assert_eq!(
        members(&found.assert_status(200).json),
        ["date_created", "date_updated", "friendly_name", "policy", "sid"]
    );
    assert_eq!(found.json["policy"], json!({"allow": [MESSAGES]}));
    let listed = app.get(&app.owner, "iam", &format!("{KEYS}?AccountSid={}", app.owner.sid)).await;
    assert_eq!(members(&listed.assert_status(200).json), ["keys", "meta"]);
    let row = &listed.json["keys"][0];
    assert_eq!(members(row), ["date_created", "date_updated", "flags", "friendly_name", "sid"]);
    assert_eq!(row["flags"], json!(["rest_api", "signing"]));
    let secret = made.json["secret"].as_str().unwrap();
    assert!(!found.text.contains(secret) && !listed.text.contains(secret));
}

#[tokio::test]
async fn a_restricted_key_may_exactly_what_its_policy_lists() {
    let app = start().await;
    let settings = format!("/switchward/v1/Accounts/{}/Settings", app.owner.sid);
    let ledger = format!("/switchward/v1/Accounts/{}/Ledger", app.owner.sid);
    let made = restricted(&app, &[COMPLIANCE, COMPLIANCE]).await;
    assert_eq!(made.json["policy"], json!({"allow": [COMPLIANCE]}));
    let key = credentials(&made);
    app.get(&key, "switchward", &settings).await.assert_status(200);
    app.get(&key, "switchward", &ledger).await.assert_error(403, 20_003);

    let policy = policy(&["/switchward/ledger/read"]);
    let changed = app.post_form(&app.owner, "iam", &one(&made), &[("Policy", &policy)]).await;
    assert_eq!(changed.assert_status(200).json["policy"]["allow"], json!(["/switchward/ledger/read"]));
    app.get(&key, "switchward", &settings).await.assert_error(403, 20_003);
    app.get(&key, "switchward", &ledger).await.assert_status(200);

    app.delete(&app.owner, "iam", &one(&made)).await.assert_status(204);
    app.get(&key, "switchward", &ledger).await.assert_error(401, 20_003);
    app.get(&app.owner, "iam", &one(&made)).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn a_key_is_standard_unless_it_is_restricted() {
    let app = start().await;
    for fields in [&[][..], &[("KeyType", "standard"), ("FriendlyName", "CI")]] {
        let made = create(&app, &app.owner, fields).await;
        assert_eq!(made.assert_status(201).json["policy"], Value::Null);
        let settings = format!("/switchward/v1/Accounts/{}/Settings", app.owner.sid);
        app.get(credentials(&made), "switchward", &settings).await.assert_status(200);
        app.get(credentials(&made), "iam", &one(&made)).await.assert_error(403, 20_003);
        let policy = policy(&[MESSAGES]);
        let path = one(&made);
        app.post_form(&app.owner, "iam", &path, &[("Policy", &policy)]).await.assert_error(400, 20_001);
        let named = app.post_form(&app.owner, "iam", &path, &[("FriendlyName", "Deploy")]).await;
        assert_eq!(named.assert_status(200).json["friendly_name"], "Deploy");
    }
}

#[tokio::test]
async fn rejects_policies_that_say_nothing_we_know() {
    let app = start().await;
    let many = policy(&vec![MESSAGES; 101]);
    let long = policy(&["x".repeat(20_000).as_str()]);
    for text in [
        "",
        "secret-name",
        "{}",
        r#"{"allow":[]}"#,
        r#"{"allow":["/switchward/canary-name/read"]}"#,
        r#"{"allow":["/switchward/messages/read"],"deny":[]}"#,
        r#"["/switchward/messages/read"]"#,
        &many,
        &long,
    ] {
        let made = create(&app, &app.owner, &[("KeyType", "restricted"), ("Policy", text)]).await;
        made.assert_error(400, 20_001);
        assert!(!made.text.contains("canary") && !made.text.contains("secret-name"), "{}", made.text);
    }
    let good = policy(&[MESSAGES]);
    for fields in [
        &[("KeyType", "restricted")][..],
        &[("Policy", &good)],
        &[("KeyType", "standard"), ("Policy", &good)],
        &[("KeyType", "main")],
        &[("FriendlyName", &"x".repeat(65))],
    ] {
        create(&app, &app.owner, fields).await.assert_error(400, 20_001);
    }
    app.post_form(&app.owner, "iam", KEYS, &[]).await.assert_error(400, 20_001);
    app.get(&app.owner, "iam", KEYS).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn a_key_cannot_hand_out_more_than_it_has() {
    let app = start().await;
    let maker = app
        .restricted_key(
            &app.owner,
            &[Permission::KeysRead, Permission::KeysWrite, Permission::ComplianceRead],
        )
        .await;
    let less = policy(&[COMPLIANCE]);
    let more = policy(&[COMPLIANCE, MESSAGES]);
    create(&app, &maker, &[("KeyType", "restricted"), ("Policy", &more)]).await.assert_error(403, 20_003);
    create(&app, &maker, &[]).await.assert_error(403, 20_003);
    let made = create(&app, &maker, &[("KeyType", "restricted"), ("Policy", &less)]).await;
    made.assert_status(201);
    app.post_form(&maker, "iam", &one(&made), &[("Policy", &more)]).await.assert_error(403, 20_003);
    app.post_form(&app.keys.main, "iam", &one(&made), &[("Policy", &more)]).await.assert_status(200);

    let ours = format!("Accounts/{}/Keys", app.owner.sid);
    post(&app, &maker, &ours, json!({"key_type": "main"})).await.assert_error(403, 20_003);
    for list in [Permission::ALL, &[Permission::KeysWrite]] {
        let key = app.restricted_key(&app.owner, list).await;
        post(&app, &key, &ours, json!({"key_type": "main"})).await.assert_error(403, 20_003);
    }
}

#[tokio::test]
async fn keys_of_another_account_are_not_found() {
    let app = start().await;
    let made = restricted(&app, &[MESSAGES]).await;
    let path = one(&made);
    let listing = format!("{KEYS}?AccountSid={}", app.owner.sid);
    for who in [&app.other, &app.hipaa, &app.subaccount] {
        app.get(who, "iam", &path).await.assert_error(404, 20_404);
        app.post_form(who, "iam", &path, &[("FriendlyName", "x")]).await.assert_error(404, 20_404);
        app.delete(who, "iam", &path).await.assert_error(404, 20_404);
        app.get(who, "iam", &listing).await.assert_error(404, 20_404);
        create(&app, who, &[]).await.assert_error(404, 20_404);
    }
    app.get(&app.owner, "iam", &format!("{KEYS}/SK{}", "0".repeat(32))).await.assert_error(404, 20_404);
    app.get(&app.owner, "iam", &path).await.assert_status(200);
}

#[tokio::test]
async fn an_owner_keeps_the_keys_of_its_subaccounts_page_by_page() {
    let app = start().await;
    let account = app.subaccount.sid.to_string();
    let mut made = Vec::new();
    for _ in 0..3 {
        let reply = app.post_form(&app.owner, "iam", KEYS, &[("AccountSid", &account)]).await;
        made.push(reply.assert_status(201).json["sid"].as_str().unwrap().to_owned());
    }
    let mut next = Some(format!("{KEYS}?AccountSid={account}&PageSize=2"));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let page = app.get(&app.owner, "iam", &path).await;
        seen.extend(page.assert_status(200).json["keys"].as_array().unwrap().clone());
        let link = page.json["meta"]["next_page_url"].as_str();
        next = link.map(|link| link.strip_prefix("https://iam.twilio.com").unwrap().to_owned());
    }
    let mut seen: Vec<_> = seen.iter().map(|key| key["sid"].as_str().unwrap().to_owned()).collect();
    seen.sort_unstable();
    made.sort_unstable();
    assert_eq!(seen, made);
    let path = format!("{KEYS}/{}", made[0]);
    app.get(&app.owner, "iam", &path).await.assert_status(200);
    app.delete(&app.owner, "iam", &path).await.assert_status(204);
}

#[tokio::test]
async fn our_own_api_makes_keys_of_all_three_types() {
    let app = start().await;
    let path = format!("Accounts/{}/Keys", app.owner.sid);
    let main = post(&app, &app.owner, &path, json!({"key_type": "main", "friendly_name": "Root"})).await;
    assert_eq!(
        members(&main.assert_status(201).json),
        ["account_sid", "created_at", "friendly_name", "key_type", "permissions", "secret", "sid"]
    );
    // A main key does what the auth token does, subaccounts included.
    let key = credentials(&main);
    let below = format!("/2010-04-01/Accounts/{}/Keys", app.subaccount.sid);
    app.get(&key, "api", &below).await.assert_status(200);
    post(&app, &key, &path, json!({"key_type": "main"})).await.assert_status(201);

    let listed = json!({"key_type": "restricted", "permissions": [MESSAGES]});
    let restricted = post(&app, &app.operator, &path, listed).await;
    assert_eq!(restricted.assert_status(201).json["permissions"], json!([MESSAGES]));
    post(&app, &app.owner, &path, json!({"key_type": "standard"})).await.assert_status(201);
    for body in [
        json!({}),
        json!({"key_type": "super"}),
        json!({"key_type": "main", "permissions": [MESSAGES]}),
        json!({"key_type": "restricted"}),
        json!({"key_type": "restricted", "permissions": []}),
        json!({"key_type": "restricted", "permissions": ["/switchward/canary"]}),
        json!({"key_type": "standard", "colour": "red"}),
    ] {
        let refused = post(&app, &app.owner, &path, body).await;
        refused.assert_error(400, 20_001);
        assert!(!refused.text.contains("canary"));
    }
}

#[tokio::test]
async fn every_change_of_a_key_is_recorded_without_its_secret() {
    let app = start().await;
    let made = restricted(&app, &[MESSAGES]).await;
    let sid = made.json["sid"].as_str().unwrap().to_owned();
    app.post_form(&app.owner, "iam", &one(&made), &[("FriendlyName", "x")]).await.assert_status(200);
    app.delete(&app.owner, "iam", &one(&made)).await.assert_status(204);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: Vec<&str> =
        entries.iter().filter(|entry| entry.what.contains(&sid)).map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["create_iam_key", "update_iam_key", "delete_iam_key"]);
}
