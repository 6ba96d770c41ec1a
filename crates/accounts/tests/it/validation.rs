//! Public key client validation from outside: signed requests pass, altered ones do not, and an account
//! can insist on signatures.

use std::time::Duration;

use serde_json::{Value, json};
use test_kit::{Reply, TestAccount, TestApp};

use crate::signer::{Outgoing, PUBLIC_KEYS, Signer};
use crate::world::{get, post, start};

fn settings(account: &TestAccount) -> String {
    format!("Accounts/{}/Settings", account.sid)
}

async fn enforce(app: &TestApp, account: &TestAccount) -> Reply {
    post(app, account, &settings(account), json!({"enforce_client_validation": true})).await
}

#[tokio::test]
async fn gen_pkcv_1__refuses_unsigned_request_when_enforced() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    assert_eq!(enforce(&app, &app.owner).await.assert_status(200).json["enforce_client_validation"], true);
    for who in [app.owner.credentials(), &app.keys.standard, &signer.credentials()] {
        get(&app, who, &settings(&app.owner)).await.assert_refused("GEN-PKCV-1", 70_052);
    }
    // The account's credentials are no better on a subaccount that does not insist itself.
    get(&app, &app.owner, &settings(&app.subaccount)).await.assert_refused("GEN-PKCV-1", 70_052);
    app.get(&app.owner, "accounts", PUBLIC_KEYS).await.assert_refused("GEN-PKCV-1", 70_052);
}

#[tokio::test]
async fn gen_pkcv_1__allows_signed_request() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    enforce(&app, &app.owner).await.assert_status(200);
    for account in [&app.owner, &app.subaccount] {
        let request = Outgoing::get("switchward", format!("/switchward/v1/{}", settings(account)));
        signer.sign_and_send(&app, &request).await.assert_status(200);
    }
    let body = format!("AccountSid={}&FriendlyName=a+b%2Bc", app.owner.sid);
    let made = signer.sign_and_send(&app, &Outgoing::post("iam", "/v1/Keys", &body)).await;
    assert_eq!(made.assert_status(201).json["friendly_name"], "a b+c");
    // Whom the account does not concern, it does not bind; nor the operator, who has no key of an account.
    get(&app, &app.subaccount, &settings(&app.subaccount)).await.assert_status(200);
    let off = json!({"enforce_client_validation": false});
    post(&app, &app.operator, &settings(&app.owner), off).await.assert_status(200);
    get(&app, &app.owner, &settings(&app.owner)).await.assert_status(200);
}

#[tokio::test]
async fn both_dialects_and_algorithms_are_accepted() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    let list = Outgoing::get("iam", "/v1/Keys");
    let account = app.owner.sid;
    // What the client makes of the query that it sends.
    let query: &'static str = Box::leak(format!("PageSize=1&AccountSid={account}").into_boxed_str());
    let first = Outgoing { query, ..list.clone() };
    let canonical = format!("AccountSid={account}&PageSize=1");
    for alg in ["RS256", "PS256"] {
        let mut header = signer.header();
        header["alg"] = json!(alg);
        let token = signer.token(&header, &signer.claims(&app, &first, &canonical));
        signer.send(&app, &first, &token).await.assert_status(200);
    }
    let odd = Outgoing { query: "After=%30&PageSize=1", ..Outgoing::get("switchward", ledger(&app.owner)) };
    for canonical in ["After=%30&PageSize=1", "After=0&PageSize=1"] {
        let token = signer.token(&signer.header(), &signer.claims(&app, &odd, canonical));
        signer.send(&app, &odd, &token).await.assert_status(200);
    }
    let token = signer.token(&signer.header(), &signer.claims(&app, &odd, "After=1&PageSize=1"));
    signer.send(&app, &odd, &token).await.assert_error(403, 70_156);
}

#[tokio::test]
async fn a_next_page_may_be_signed_without_its_query() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    let first = app.get(&app.owner, "api", &format!("{}?PageSize=1", keys(&app.owner))).await;
    let next = first.assert_status(200).json["next_page_uri"].as_str().unwrap().to_owned();
    let (received, query) = next.split_once('?').unwrap();
    let query: &'static str = Box::leak(query.to_owned().into_boxed_str());
    let request = Outgoing {
        received: Some(received.to_owned()),
        query,
        ..Outgoing::get("api", received.trim_end_matches(".json"))
    };
    let token = signer.token(&signer.header(), &signer.claims(&app, &request, ""));
    signer.send(&app, &request, &token).await.assert_status(200);
    let other = Outgoing { query: "PageSize=2", ..request };
    signer.send(&app, &other, &token).await.assert_error(403, 70_156);
}

#[tokio::test]
async fn the_path_is_signed_as_it_was_received() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    let path = keys(&app.owner);
    let request =
        Outgoing { received: Some(format!("/.example.org{path}.json")), ..Outgoing::get("api", &path) };
    signer.sign_and_send(&app, &request).await.assert_status(200);
    let token = signer.token(&signer.header(), &signer.claims(&app, &Outgoing::get("api", &path), ""));
    signer.send(&app, &request, &token).await.assert_error(403, 70_156);
}

#[tokio::test]
async fn an_altered_request_is_refused() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    let body = format!("AccountSid={}", app.owner.sid);
    let good = Outgoing::post("iam", "/v1/Keys", &body);
    let token = signer.token(&signer.header(), &signer.claims(&app, &good, ""));
    for altered in [
        Outgoing { body: format!("{body}&FriendlyName=x").into_bytes(), ..good.clone() },
        Outgoing { body: Vec::new(), ..good.clone() },
        Outgoing { host: "iam.example.org", ..good.clone() },
        Outgoing { query: "a=1", ..good.clone() },
        Outgoing { method: "GET", ..good.clone() },
        Outgoing { received: Some("/v1/Other".to_owned()), ..good.clone() },
    ] {
        signer.send(&app, &altered, &token).await.assert_error(403, 70_156);
    }
    signer
        .send(&app, &Outgoing { body: vec![b'a'; 300_000], ..good.clone() }, &token)
        .await
        .assert_error(413, 20_413);
    let before = app.ledger_actions(app.owner.scope()).await.len();
    signer.send(&app, &good, &token).await.assert_status(201);
    assert_eq!(app.ledger_actions(app.owner.scope()).await.len(), before + 1);
}

#[tokio::test]
async fn a_token_of_somebody_or_some_time_else_is_refused() {
    let app = start().await;
    let signer = Signer::of(&app, &app.owner).await;
    let foreign = Signer::of(&app, &app.other).await;
    let request = Outgoing::get("switchward", format!("/switchward/v1/{}", settings(&app.owner)));
    let claims = signer.claims(&app, &request, "");
    let now = app.now().micros() / 1_000_000;
    let table: [(&str, Value, u64); 11] = [
        ("kid", json!(foreign.public_key), 20_151),
        ("kid", json!(format!("CR{}", "0".repeat(32))), 20_151),
        ("alg", json!("PS256"), 0),
        ("alg", json!("none"), 20_160),
        ("iss", json!(foreign.user), 20_153),
        ("sub", json!(app.other.sid.to_string()), 20_153),
        ("exp", json!(now - 6), 20_156),
        ("exp", json!(now + 306), 20_157),
        ("iat", json!(now + 6), 20_154),
        ("nbf", json!(now + 6), 20_154),
        ("hrh", json!("authorization;host;x-not-sent"), 70_155),
    ];
    for (member, value, code) in table {
        let (mut header, mut claims) = (signer.header(), claims.clone());
        let object = if header.get(member).is_some() { &mut header } else { &mut claims };
        object[member] = value.clone();
        let reply = signer.send(&app, &request, &signer.token(&header, &claims)).await;
        match code {
            0 => reply.assert_status(200),
            code => reply.assert_error(403, code),
        };
    }
    // The right members under somebody else's signature.
    let forged = foreign.token(&signer.header(), &claims);
    signer.send(&app, &request, &forged).await.assert_error(403, 20_151);
    for text in ["", "a.b.c", "x"] {
        signer.send(&app, &request, text).await.assert_error(403, 20_160);
    }
    let token = signer.token(&signer.header(), &claims);
    signer.send(&app, &request, &token).await.assert_status(200);
    app.advance(Duration::from_secs(306));
    signer.send(&app, &request, &token).await.assert_error(403, 20_156);
}

#[tokio::test]
async fn nobody_is_locked_out_for_want_of_a_key() {
    let app = start().await;
    enforce(&app, &app.owner).await.assert_error(409, 20_409);
    let signer = Signer::of(&app, &app.owner).await;
    enforce(&app, &app.owner).await.assert_status(200);
    let path = format!("{PUBLIC_KEYS}/{}", signer.public_key);
    let delete = Outgoing { method: "DELETE", ..Outgoing::get("accounts", &path) };
    signer.sign_and_send(&app, &delete).await.assert_error(409, 20_409);
    let off = json!({"enforce_client_validation": false});
    post(&app, &app.operator, &settings(&app.owner), off).await.assert_status(200);
    signer.sign_and_send(&app, &delete).await.assert_status(204);
    // A key that is gone opens nothing, also where nobody insists on one.
    signer.sign_and_send(&app, &Outgoing::get("accounts", PUBLIC_KEYS)).await.assert_error(403, 20_151);
}

fn keys(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/Keys", account.sid)
}

fn ledger(account: &TestAccount) -> String {
    format!("/switchward/v1/Accounts/{}/Ledger", account.sid)
}
