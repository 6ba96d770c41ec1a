//! Accounts of the 2010 API.

use auth::Permission;
use base::AccountSid;
use store::Scope;
use test_kit::{Credentials, TestApp};

use crate::world::{GUARDED, Made, bits, members, start, subaccount};

const ACCOUNTS: &str = "/2010-04-01/Accounts.json";

fn one(sid: impl ToString) -> String {
    format!("/2010-04-01/Accounts/{}.json", sid.to_string())
}

async fn set(
    app: &TestApp,
    who: impl AsRef<Credentials>,
    sid: impl ToString,
    field: (&str, &str),
) -> test_kit::Reply {
    app.post_form(who, "api", &one(sid), &[field]).await
}

#[tokio::test]
async fn an_account_has_the_published_members() {
    let app = start().await;
    let reply = app.get(&app.owner, "api", &one(app.owner.sid)).await;
    reply.assert_status(200);
    assert_eq!(
        members(&reply.json),
        [
            "auth_token",
            "date_created",
            "date_updated",
            "friendly_name",
            "owner_account_sid",
            "sid",
            "status",
            "subresource_uris",
            "type",
            "uri"
        ]
    );
    assert_eq!(reply.json["auth_token"], app.owner.token.reveal());
    assert_eq!(reply.json["type"], "Full");
    assert_eq!(reply.json["uri"], one(app.owner.sid));
}

#[tokio::test]
async fn showing_the_auth_token_is_in_the_ledger() {
    let app = start().await;
    app.get(&app.owner, "api", &one(app.owner.sid)).await.assert_status(200);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let last = entries.last().unwrap();
    assert_eq!(
        (last.act.as_str(), last.fields.as_slice()),
        ("fetch_account", ["auth_token".to_owned()].as_slice())
    );
    assert_eq!((last.who.clone(), last.why.as_str()), (app.owner.sid.to_string(), "administration"));
}

#[tokio::test]
async fn a_restricted_key_reads_accounts_without_their_token() {
    let app = start().await;
    let key = app.restricted_key(&app.owner, &[Permission::AccountsRead]).await;
    let reply = app.get(&key, "api", &one(app.owner.sid)).await;
    assert!(reply.assert_status(200).json["auth_token"].is_null());
    assert!(!app.get(&key, "api", ACCOUNTS).await.text.contains(app.owner.token.reveal()));
}

#[tokio::test]
async fn the_list_holds_the_main_account_and_its_subaccounts() {
    let app = start().await;
    let reply = app.get(&app.owner, "api", ACCOUNTS).await;
    let sids: Vec<&str> =
        reply.json["accounts"].as_array().unwrap().iter().map(|row| row["sid"].as_str().unwrap()).collect();
    assert_eq!(sids.len(), 2);
    assert!(sids.contains(&app.owner.sid.to_string().as_str()));
    assert!(sids.contains(&app.subaccount.sid.to_string().as_str()));
    let own = app.get(&app.subaccount, "api", ACCOUNTS).await;
    assert_eq!(own.json["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(own.json["accounts"][0]["sid"], app.subaccount.sid.to_string());
}

#[tokio::test]
async fn the_list_is_filtered_by_name_and_status() {
    let app = start().await;
    set(&app, &app.owner, app.subaccount.sid, ("Status", "suspended")).await.assert_status(200);
    for (query, expected) in [
        ("FriendlyName=Subaccount", 1),
        ("FriendlyName=nobody", 0),
        ("Status=active", 1),
        ("Status=suspended", 1),
        ("Status=closed", 0),
        ("FriendlyName=Owner&Status=active", 1),
    ] {
        let reply = app.get(&app.owner, "api", &format!("{ACCOUNTS}?{query}")).await;
        assert_eq!(reply.assert_status(200).json["accounts"].as_array().unwrap().len(), expected, "{query}");
    }
    app.get(&app.owner, "api", &format!("{ACCOUNTS}?Status=asleep")).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let app = start().await;
    let first = app.get(&app.owner, "api", &format!("{ACCOUNTS}?PageSize=1")).await;
    let next = first.json["next_page_uri"].as_str().unwrap();
    let second = app.get(&app.owner, "api", next).await;
    assert_ne!(first.json["accounts"][0]["sid"], second.assert_status(200).json["accounts"][0]["sid"]);
    assert!(second.json["next_page_uri"].is_null());
}

#[tokio::test]
async fn a_new_subaccount_works_with_its_own_token_and_its_owners() {
    let app = start().await;
    let reply = app.post_form(&app.owner, "api", ACCOUNTS, &[("FriendlyName", "Ward 3")]).await;
    assert_eq!(reply.assert_status(201).json["friendly_name"], "Ward 3");
    assert_eq!(reply.json["owner_account_sid"], app.owner.sid.to_string());
    let made = Made::from(&reply);
    app.get(&made, "api", &one(&made.sid)).await.assert_status(200);
    app.get(&app.owner, "api", &one(&made.sid)).await.assert_status(200);
    app.get(&app.other, "api", &one(&made.sid)).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn a_subaccount_without_a_name_gets_twilios() {
    let app = start().await;
    let reply = app.post_form(&app.owner, "api", ACCOUNTS, &[]).await;
    assert_eq!(reply.json["friendly_name"], "SubAccount Created at 2026-01-15 12:00 pm");
}

#[tokio::test]
async fn a_subaccount_has_no_subaccounts() {
    let app = start().await;
    app.post_form(&app.subaccount, "api", ACCOUNTS, &[]).await.assert_error(403, 20_003);
}

#[tokio::test]
async fn main_keys_manage_accounts_and_standard_keys_do_not() {
    let app = start().await;
    app.post_form(&app.keys.main, "api", ACCOUNTS, &[]).await.assert_status(201);
    for key in [&app.keys.standard, &app.keys.restricted] {
        app.post_form(key, "api", ACCOUNTS, &[]).await.assert_error(403, 20_003);
        app.get(key, "api", &one(app.owner.sid)).await.assert_error(403, 20_003);
        set(&app, key, app.owner.sid, ("FriendlyName", "x")).await.assert_error(403, 20_003);
    }
}

#[tokio::test]
async fn an_account_is_renamed_and_found_by_its_new_name() {
    let app = start().await;
    let reply = set(&app, &app.owner, app.owner.sid, ("FriendlyName", "New name")).await;
    assert_eq!(reply.assert_status(200).json["friendly_name"], "New name");
    for (name, expected) in [("New+name", 1), ("Owner", 0)] {
        let found = app.get(&app.owner, "api", &format!("{ACCOUNTS}?FriendlyName={name}")).await;
        assert_eq!(found.json["accounts"].as_array().unwrap().len(), expected);
    }
    set(&app, &app.owner, app.owner.sid, ("FriendlyName", "")).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn credentials_of_a_suspended_account_open_nothing_until_it_is_active_again() {
    let app = start().await;
    let sub = &app.subaccount;
    let keys = format!("/2010-04-01/Accounts/{}/Keys.json", sub.sid);
    set(&app, &app.owner, sub.sid, ("Status", "suspended")).await.assert_status(200);
    for path in [one(sub.sid), keys.clone(), ACCOUNTS.to_owned()] {
        app.get(sub, "api", &path).await.assert_error(403, 20_005);
    }
    set(&app, sub, sub.sid, ("Status", "active")).await.assert_error(403, 20_005);
    let ledger = format!("Accounts/{}/Ledger", sub.sid);
    crate::world::get(&app, sub, &ledger).await.assert_error(403, 20_005);
    crate::world::get(&app, &app.owner, &ledger).await.assert_status(200);
    app.get(&app.owner, "api", &one(sub.sid)).await.assert_status(200);
    set(&app, &app.owner, sub.sid, ("Status", "active")).await.assert_status(200);
    app.get(sub, "api", &keys).await.assert_status(200);
}

#[tokio::test]
async fn a_suspended_owner_reaches_none_of_its_subaccounts() {
    let app = start().await;
    set(&app, &app.operator, app.owner.sid, ("Status", "suspended")).await.assert_status(200);
    app.get(&app.owner, "api", &one(app.subaccount.sid)).await.assert_error(403, 20_005);
    // The subaccount's own credentials rest with it.
    let keys = format!("/2010-04-01/Accounts/{}/Keys.json", app.subaccount.sid);
    app.get(&app.subaccount, "api", &keys).await.assert_error(403, 20_005);
    set(&app, &app.operator, app.owner.sid, ("Status", "active")).await.assert_status(200);
    app.get(&app.owner, "api", &one(app.subaccount.sid)).await.assert_status(200);
}

#[tokio::test]
async fn closing_is_for_subaccounts_and_for_good() {
    let app = start().await;
    set(&app, &app.owner, app.owner.sid, ("Status", "closed")).await.assert_error(403, 20_003);
    set(&app, &app.operator, app.owner.sid, ("Status", "closed")).await.assert_error(409, 20_409);
    set(&app, &app.subaccount, app.subaccount.sid, ("Status", "closed")).await.assert_error(403, 20_003);
    set(&app, &app.owner, app.subaccount.sid, ("Status", "closed")).await.assert_status(200);
    set(&app, &app.owner, app.subaccount.sid, ("Status", "active")).await.assert_error(409, 20_409);
    assert_eq!(app.get(&app.owner, "api", &one(app.subaccount.sid)).await.json["status"], "closed");
}

#[tokio::test]
async fn a_closed_hipaa_project_stays_protected() {
    let app = start().await;
    let made = subaccount(&app, &app.hipaa).await;
    set(&app, &app.hipaa, &made.sid, ("Status", "closed")).await.assert_status(200);
    let account: AccountSid = made.sid.parse().unwrap();
    let scoped = app.services.store.scope(Scope::account(app.hipaa.sid));
    let stored = scoped.get::<auth::Account>(account).await.unwrap().unwrap();
    assert!(stored.facts.designation.protected);
    assert_eq!(bits(&app, app.hipaa.sid).await, (true, true));
    assert_ne!(GUARDED, (stored.facts.designation.phi_permitted, true));
}

#[tokio::test]
async fn unknown_parameters_are_refused() {
    let app = start().await;
    set(&app, &app.owner, app.owner.sid, ("Colour", "red")).await.assert_error(400, 20_001);
    app.post_form(&app.owner, "api", ACCOUNTS, &[("Status", "active")]).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn the_operator_names_no_account_and_owns_none() {
    let app = start().await;
    app.post_form(&app.operator, "api", ACCOUNTS, &[]).await.assert_error(403, 20_003);
    app.get(&app.operator, "api", &one(app.owner.sid)).await.assert_status(200);
}

#[tokio::test]
async fn the_table_shares_its_label_with_another_crate() {
    let messaging = kit::Product { label: "api", service: "messaging" };
    let app = TestApp::start(|services| {
        vec![kit::Routes::new(messaging, services.clone()).merge(accounts::api_routes(services))]
    })
    .await;
    app.get(&app.owner, "api", &one(app.owner.sid)).await.assert_status(200);
    assert_eq!(app.table().len(), 14);
}

#[tokio::test]
#[should_panic(expected = "merged routes have one label")]
async fn tables_of_different_labels_do_not_merge() {
    TestApp::start(|services| {
        vec![accounts::api_routes(services.clone()).merge(accounts::accounts_routes(services))]
    })
    .await;
}
