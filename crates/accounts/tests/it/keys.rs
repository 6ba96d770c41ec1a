//! API keys.

use auth::{Permission, Secret};
use test_kit::Credentials;

use crate::world::{members, start};

#[tokio::test]
async fn a_key_lives_under_both_names() {
    let app = start().await;
    let base = format!("/2010-04-01/Accounts/{}", app.owner.sid);
    for (collection, envelope, other) in
        [("Keys", "keys", "SigningKeys"), ("SigningKeys", "signing_keys", "Keys")]
    {
        let made = app
            .post_form(&app.owner, "api", &format!("{base}/{collection}.json"), &[("FriendlyName", "CI")])
            .await;
        made.assert_status(201);
        assert_eq!(members(&made.json), ["date_created", "date_updated", "friendly_name", "secret", "sid"]);
        let sid = made.json["sid"].as_str().unwrap();
        let secret = made.json["secret"].as_str().unwrap();
        for name in [collection, other] {
            let path = format!("{base}/{name}/{sid}.json");
            let found = app.get(&app.owner, "api", &path).await;
            assert_eq!(
                members(&found.assert_status(200).json),
                ["date_created", "date_updated", "friendly_name", "sid"]
            );
            assert!(!found.text.contains(secret));
        }
        let listed = app.get(&app.owner, "api", &format!("{base}/{collection}.json")).await;
        assert!(listed.json[envelope].as_array().unwrap().iter().any(|key| key["sid"] == sid));
        assert!(!listed.text.contains(secret));

        let path = format!("{base}/{other}/{sid}.json");
        let renamed = app.post_form(&app.owner, "api", &path, &[("FriendlyName", "Deploy")]).await;
        assert_eq!(renamed.assert_status(200).json["friendly_name"], "Deploy");
        app.delete(&app.owner, "api", &path).await.assert_status(204);
        app.get(&app.owner, "api", &path).await.assert_error(404, 20_404);
    }
}

#[tokio::test]
async fn a_new_key_opens_the_account_until_it_is_deleted() {
    let app = start().await;
    let base = format!("/2010-04-01/Accounts/{}/Keys", app.owner.sid);
    let made = app.post_form(&app.owner, "api", &format!("{base}.json"), &[]).await;
    let sid = made.json["sid"].as_str().unwrap();
    let key = Credentials::new(sid, Secret::new(made.json["secret"].as_str().unwrap().to_owned()));
    let settings = format!("/switchward/v1/Accounts/{}/Settings", app.owner.sid);
    app.get(&key, "switchward", &settings).await.assert_status(200);
    // It is a standard key: it manages neither keys nor accounts.
    app.get(&key, "api", &format!("{base}.json")).await.assert_error(403, 20_003);
    app.delete(&app.owner, "api", &format!("{base}/{sid}.json")).await.assert_status(204);
    app.get(&key, "switchward", &settings).await.assert_error(401, 20_003);
}

#[tokio::test]
async fn a_key_cannot_make_one_that_may_do_more() {
    let app = start().await;
    let path = format!("/2010-04-01/Accounts/{}/Keys.json", app.owner.sid);
    let key = app.restricted_key(&app.owner, &[Permission::KeysWrite, Permission::KeysRead]).await;
    app.get(&key, "api", &path).await.assert_status(200);
    app.post_form(&key, "api", &path, &[]).await.assert_error(403, 20_003);
    app.post_form(&app.keys.main, "api", &path, &[]).await.assert_status(201);
}

#[tokio::test]
async fn every_change_of_a_key_is_in_the_ledger() {
    let app = start().await;
    let base = format!("/2010-04-01/Accounts/{}/Keys", app.owner.sid);
    let made = app.post_form(&app.owner, "api", &base, &[]).await;
    let sid = made.json["sid"].as_str().unwrap().to_owned();
    app.post_form(&app.owner, "api", &format!("{base}/{sid}"), &[("FriendlyName", "x")]).await;
    app.delete(&app.owner, "api", &format!("{base}/{sid}")).await;
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: Vec<&str> =
        entries.iter().filter(|entry| entry.what.contains(&sid)).map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["create_key", "update_key", "delete_key"]);
    assert_eq!(entries.iter().find(|entry| entry.act == "create_key").unwrap().fields, ["secret"]);
}
