//! Public keys: what is accepted as one, and whose they are.

use crate::signer::{PUBLIC_KEYS, key_pair};
use crate::world::{members, start};

#[tokio::test]
async fn a_public_key_is_made_named_listed_and_deleted() {
    let app = start().await;
    let (_, pem) = key_pair();
    let fields = [("PublicKey", pem.as_str()), ("FriendlyName", "Billing")];
    let made = app.post_form(&app.owner, "accounts", PUBLIC_KEYS, &fields).await;
    assert_eq!(
        members(&made.assert_status(201).json),
        ["account_sid", "date_created", "date_updated", "friendly_name", "sid", "url"]
    );
    let sid = made.json["sid"].as_str().unwrap();
    assert!(sid.starts_with("CR"));
    let path = format!("{PUBLIC_KEYS}/{sid}");
    assert_eq!(made.json["url"], format!("https://accounts.twilio.com{path}"));
    assert_eq!(app.get(&app.owner, "accounts", &path).await.assert_status(200).json, made.json);
    let listed = app.get(&app.owner, "accounts", PUBLIC_KEYS).await;
    assert_eq!(listed.assert_status(200).json["credentials"][0], made.json);
    let named = app.post_form(&app.owner, "accounts", &path, &[("FriendlyName", "Clinic")]).await;
    assert_eq!(named.assert_status(200).json["friendly_name"], "Clinic");
    app.delete(&app.owner, "accounts", &path).await.assert_status(204);
    app.get(&app.owner, "accounts", &path).await.assert_error(404, 20_404);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.what.iter().any(|what| what == sid))
        .map(|e| e.act.as_str())
        .collect();
    assert_eq!(
        acts,
        ["create_credential_public_key", "update_credential_public_key", "delete_credential_public_key"]
    );
}

#[tokio::test]
async fn rejects_what_is_no_public_key() {
    let app = start().await;
    let (_, pem) = key_pair();
    app.post_form(&app.owner, "accounts", PUBLIC_KEYS, &[]).await.assert_error(400, 20_001);
    for bad in ["key", &pem.replace("PUBLIC", "PRIVATE"), &pem.replace("MII", "AAA"), &format!("{pem}{pem}")]
    {
        let made = app.post_form(&app.owner, "accounts", PUBLIC_KEYS, &[("PublicKey", bad)]).await;
        made.assert_error(400, 70_154);
    }
}

#[tokio::test]
async fn public_keys_of_another_account_are_not_found() {
    let app = start().await;
    let (_, pem) = key_pair();
    let subaccount = app.subaccount.sid.to_string();
    let fields = [("PublicKey", pem.as_str()), ("AccountSid", &subaccount)];
    app.post_form(&app.other, "accounts", PUBLIC_KEYS, &fields).await.assert_error(404, 20_404);
    let made = app.post_form(&app.owner, "accounts", PUBLIC_KEYS, &fields).await;
    assert_eq!(made.assert_status(201).json["account_sid"], subaccount);
    let path = format!("{PUBLIC_KEYS}/{}", made.json["sid"].as_str().unwrap());
    for who in [&app.owner, &app.subaccount] {
        app.get(who, "accounts", &path).await.assert_status(200);
    }
    for who in [&app.other, &app.hipaa] {
        app.get(who, "accounts", &path).await.assert_error(404, 20_404);
        app.post_form(who, "accounts", &path, &[("FriendlyName", "x")]).await.assert_error(404, 20_404);
        app.delete(who, "accounts", &path).await.assert_error(404, 20_404);
    }
    app.get(&app.keys.standard, "accounts", PUBLIC_KEYS).await.assert_error(403, 20_003);
}
