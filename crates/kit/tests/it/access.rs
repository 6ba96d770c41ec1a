//! Who reaches what: every kind of caller against every kind of route.

use auth::{AccountStatus, Permission, Secret};
use test_kit::{Credentials, TestApp};

use crate::product::{account_path, basic, note, notes, products, set_status, with_header, written};

#[tokio::test]
async fn nobody_is_asked_to_authenticate_on_every_route() {
    let app = TestApp::start(products).await;
    for path in [&notes(app.owner.sid), &account_path(app.owner.sid), "/v1/Notes", "/v1/Everything"] {
        let reply = app.get(Credentials::nobody(), "api", path).await;
        reply.assert_error(401, 20003);
        assert_eq!(reply.headers["www-authenticate"], "Basic realm=\"Switchward\"", "{path}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_no_credentials() {
    let app = TestApp::start(products).await;
    let (sid, other) = (app.owner.sid, &app.other);
    for (user, password) in [
        (sid.to_string(), "0"),
        (sid.to_string(), ""),
        (sid.to_string(), other.token.reveal()),
        (other.sid.to_string(), app.owner.token.reveal()),
        ("operator".into(), app.owner.token.reveal()),
        ("SK00000000000000000000000000000000".into(), app.owner.token.reveal()),
        ("somebody".into(), "secret"),
    ] {
        let who = Credentials::new(user, Secret::new(password.to_owned()));
        app.get(&who, "api", &notes(sid)).await.assert_error(401, 20003);
    }
}

#[tokio::test]
async fn malformed_credentials_are_no_credentials() {
    let app = TestApp::start(products).await;
    let good = basic(&app.owner.sid.to_string(), app.owner.token.reveal());
    with_header(&app, "/v1/Notes", good.as_bytes()).await.assert_status(200);
    with_header(&app, "/v1/Notes", good.replace("Basic", "bAsIc").as_bytes()).await.assert_status(200);
    let long = format!("{good}{}", "A".repeat(2_000));
    for header in [
        good.replace("Basic", "Bearer").as_str(),
        "Basic",
        "Basic ",
        "Basic ****",
        "Basic bm9jb2xvbg==",
        "Basic /////w==",
        &good[..good.len() - 3],
        &long,
    ] {
        with_header(&app, "/v1/Notes", header.as_bytes()).await.assert_error(401, 20003);
    }
    with_header(&app, "/v1/Notes", b"Basic \xff").await.assert_error(401, 20003);
}

#[tokio::test]
async fn another_account_is_not_found_whether_it_exists_or_not() {
    let app = TestApp::start(products).await;
    let made_up = "AC00000000000000000000000000000000".parse().unwrap();
    let mut texts = Vec::new();
    for sid in [app.other.sid, app.hipaa.sid, made_up] {
        for who in [app.owner.credentials(), &app.keys.main, &app.keys.standard, &app.keys.restricted] {
            let reply = app.get(who, "api", &notes(sid)).await;
            reply.assert_error(404, 20404);
            texts.push(reply.text);
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "the answers tell nothing apart");
    app.get(&app.owner, "api", "/2010-04-01/Accounts/nonsense/Notes.json").await.assert_error(404, 20404);
    app.get(&app.operator, "api", &notes(made_up)).await.assert_error(404, 20404);
}

#[tokio::test]
async fn an_owner_reaches_its_subaccount_and_not_the_other_way_round() {
    let app = TestApp::start(products).await;
    let (parent, below) = (&app.owner, &app.subaccount);
    let sid = written(&app, below, "name", "text").await;
    app.get(parent, "api", &note(below.sid, &sid)).await.assert_status(200);
    app.get(&app.keys.main, "api", &note(below.sid, &sid)).await.assert_status(200);
    app.get(below, "api", &notes(parent.sid)).await.assert_error(404, 20404);
    app.get(&app.other, "api", &note(below.sid, &sid)).await.assert_error(404, 20404);
    // Twilio: keys other than main ones work in their own account only.
    app.get(&app.keys.standard, "api", &notes(below.sid)).await.assert_error(404, 20404);
    app.get(&app.keys.restricted, "api", &notes(below.sid)).await.assert_error(404, 20404);
    // The subaccount's note is not the owner's.
    app.get(parent, "api", &note(parent.sid, &sid)).await.assert_error(404, 20404);
}

#[tokio::test]
async fn keys_do_what_their_type_allows() {
    let app = TestApp::start(products).await;
    let sid = app.owner.sid;
    let writer = app.restricted_key(&app.owner, &[Permission::MessagesWrite]).await;
    let nothing = app.restricted_key(&app.owner, &[]).await;
    // Whether reading, writing and the administrative route are allowed.
    for (who, read, write, administer) in [
        (app.owner.credentials(), true, true, true),
        (&app.operator, true, true, true),
        (&app.keys.main, true, true, true),
        (&app.keys.standard, true, true, false),
        (&app.keys.restricted, true, false, false),
        (&writer, false, true, false),
        (&nothing, false, false, false),
    ] {
        let check = |reply: test_kit::Reply, allowed: bool, status: u16| {
            if allowed {
                reply.assert_status(status)
            } else {
                reply.assert_error(403, 20003)
            };
            assert_eq!(reply.rule(), None);
        };
        check(app.get(who, "api", &notes(sid)).await, read, 200);
        check(app.post_form(who, "api", &notes(sid), &[("Text", "text")]).await, write, 201);
        check(app.get(who, "api", &account_path(sid)).await, administer, 200);
        check(app.post_form(who, "api", &account_path(sid), &[]).await, administer, 200);
    }
}

#[tokio::test]
async fn the_operators_route_is_the_operators() {
    let app = TestApp::start(products).await;
    let reply = app.get(&app.operator, "api", "/v1/Everything").await;
    assert_eq!(reply.assert_status(200).json["operator"], true);
    for who in [app.owner.credentials(), app.hipaa.credentials(), &app.keys.main, &app.keys.standard] {
        app.get(who, "api", "/v1/Everything").await.assert_error(403, 20003);
    }
    // The operator has no account of its own to read notes from.
    app.get(&app.operator, "api", "/v1/Notes").await.assert_error(403, 20003);
}

#[tokio::test]
async fn credentials_of_an_account_that_is_not_active_open_nothing() {
    let app = TestApp::start(products).await;
    let (sid, store) = (app.owner.sid, &app.services.store);
    for status in [AccountStatus::Suspended, AccountStatus::Closed] {
        set_status(store, sid, sid, status).await;
        for who in [app.owner.credentials(), &app.keys.main] {
            app.get(who, "api", &notes(sid)).await.assert_error(403, 20005);
            app.post_form(who, "api", &notes(sid), &[("Text", "text")]).await.assert_error(403, 20005);
            app.get(who, "api", "/v1/Notes").await.assert_error(403, 20005);
            app.get(who, "api", &account_path(sid)).await.assert_error(403, 20005);
            app.post_form(who, "api", &account_path(sid), &[]).await.assert_error(403, 20005);
            // Its active subaccount is out of reach too, for as long.
            app.get(who, "api", &notes(app.subaccount.sid)).await.assert_error(403, 20005);
        }
        app.get(&app.keys.standard, "api", &notes(sid)).await.assert_error(403, 20005);
        app.get(&app.operator, "api", &notes(sid)).await.assert_error(403, 20005);
        app.get(&app.operator, "api", &account_path(sid)).await.assert_status(200);
        app.post_form(&app.operator, "api", &account_path(sid), &[]).await.assert_status(200);
    }
    set_status(store, sid, sid, AccountStatus::Active).await;
    app.get(&app.owner, "api", &notes(sid)).await.assert_status(200);
    app.get(&app.owner, "api", &notes(app.subaccount.sid)).await.assert_status(200);
}

#[tokio::test]
async fn an_owner_can_wake_a_suspended_subaccount_but_not_use_it() {
    let app = TestApp::start(products).await;
    let sid = app.subaccount.sid;
    set_status(&app.services.store, app.owner.sid, sid, AccountStatus::Suspended).await;
    app.post_form(&app.owner, "api", &account_path(sid), &[]).await.assert_status(200);
    app.get(&app.owner, "api", &notes(sid)).await.assert_error(403, 20005);
    app.post_form(&app.subaccount, "api", &account_path(sid), &[]).await.assert_error(403, 20005);
    app.get(&app.owner, "api", &notes(app.owner.sid)).await.assert_status(200);
}
