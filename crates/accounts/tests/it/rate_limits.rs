//! An account's limits: the operator's to set, the account's to read.

use serde_json::{Value, json};

use crate::world::{get, post, start};

#[tokio::test]
async fn the_operator_limits_an_account_and_it_holds_at_once() {
    let app = start().await;
    let path = format!("Accounts/{}/Limits", app.owner.sid);
    let reply = get(&app, &app.owner, &path).await;
    assert_eq!(reply.assert_status(200).json["limits"]["requests_per_second"], Value::Null);
    assert_eq!(reply.json["effective"]["concurrent_requests"], 512);

    let body = json!({"requests_per_second": 2, "concurrent_requests": 8});
    let reply = post(&app, &app.operator, &path, body.clone()).await;
    assert_eq!(reply.assert_status(200).json["effective"]["concurrent_requests"], 8);
    for _ in 0..2 {
        let limits = get(&app, &app.owner, &path).await.assert_status(200).json["limits"].clone();
        assert_eq!(limits["requests_per_second"], 2);
        assert_eq!(limits["key_requests_per_second"], Value::Null);
    }
    let reply = get(&app, &app.owner, &path).await;
    reply.assert_error(429, 20_429);
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(app.ledger_actions(app.owner.scope()).await.last().unwrap().act, "update_limits");

    // What is not named is the default again.
    post(&app, &app.operator, &path, json!({})).await.assert_status(200);
    for _ in 0..5 {
        get(&app, &app.owner, &path).await.assert_status(200);
    }
}

#[tokio::test]
async fn an_account_cannot_set_its_own_limits() {
    let app = start().await;
    let path = format!("Accounts/{}/Limits", app.subaccount.sid);
    for who in [app.owner.credentials(), app.subaccount.credentials(), &app.keys.main] {
        post(&app, who, &path, json!({})).await.assert_error(403, 20_003);
    }
    for body in [
        json!({"requests_per_second": 0}),
        json!({"requests_per_second": -1}),
        json!({"requests_per_second": "2"}),
        json!({"requests_per_minute": 2}),
    ] {
        post(&app, &app.operator, &path, body).await.assert_error(400, 20_001);
    }
}
