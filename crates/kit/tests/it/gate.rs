//! The gate: who is told to wait, for how long, and who is not.

use std::num::NonZeroU32;
use std::time::Duration;

use auth::{Account, AccountLimits};
use axum::body::Body;
use http::Request;
use kit::limits::{FREE_ADDRESS_FAILURES, FREE_LOGIN_FAILURES, UNAUTHENTICATED_BURST};
use kit::{GateConfig, Origin};
use store::Scope;
use test_kit::{Credentials, Reply, TestApp};

use crate::product::{arriving, arriving_as, basic, notes, products, with_header};

fn per_second(count: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(count)
}

fn limited(account: AccountLimits) -> GateConfig {
    GateConfig { account, ..GateConfig::default() }
}

fn assert_told_to_wait(reply: &Reply, seconds: u32) {
    reply.assert_error(429, 20_429);
    assert_eq!(reply.headers["retry-after"], seconds.to_string());
}

/// Sets the limits of `app.owner` as the operator's route does.
async fn set_limits(app: &TestApp, limits: AccountLimits) {
    let (store, scope) = (&app.services.store, Scope::account(app.owner.sid));
    let mut account = store.scope(scope).get::<Account>(app.owner.sid).await.unwrap().unwrap();
    account.facts.limits = limits;
    let mut batch = store.batch(scope);
    batch.update(&account);
    store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn an_account_over_its_rate_is_told_when_to_come_back() {
    let limits = AccountLimits { requests_per_second: per_second(2), ..AccountLimits::default() };
    let app = TestApp::start_limited(limited(limits), products).await;
    let path = notes(app.owner.sid);
    for who in [app.owner.credentials(), &app.keys.main] {
        app.get(who, "api", &path).await.assert_status(200);
    }
    // The rate is the account's, with whichever of its credentials; other accounts have their own.
    for who in [app.owner.credentials(), &app.keys.main] {
        assert_told_to_wait(&app.get(who, "api", &path).await, 1);
    }
    app.get(&app.other, "api", &notes(app.other.sid)).await.assert_status(200);
    app.get(&app.operator, "api", &path).await.assert_status(200);
    app.advance(Duration::from_millis(500));
    app.get(&app.owner, "api", &path).await.assert_status(200);
    assert_told_to_wait(&app.get(&app.owner, "api", &path).await, 1);
    assert_eq!(app.services.gate.measures.over_rate.value(), 3);
}

#[tokio::test]
async fn refusals_count_as_requests() {
    let limits = AccountLimits { requests_per_second: per_second(1), ..AccountLimits::default() };
    let app = TestApp::start_limited(limited(limits), products).await;
    app.get(&app.owner, "api", &notes(app.other.sid)).await.assert_error(404, 20_404);
    assert_told_to_wait(&app.get(&app.owner, "api", &notes(app.other.sid)).await, 1);
}

#[tokio::test]
async fn an_owner_in_its_subaccount_uses_its_own_rate() {
    let limits = AccountLimits { requests_per_second: per_second(1), ..AccountLimits::default() };
    let app = TestApp::start_limited(limited(limits), products).await;
    let path = notes(app.subaccount.sid);
    app.get(&app.owner, "api", &path).await.assert_status(200);
    assert_told_to_wait(&app.get(&app.owner, "api", &path).await, 1);
    app.get(&app.subaccount, "api", &path).await.assert_status(200);
}

#[tokio::test]
async fn a_key_over_its_rate_leaves_the_accounts_alone() {
    let limits = AccountLimits {
        requests_per_second: per_second(3),
        key_requests_per_second: per_second(1),
        ..AccountLimits::default()
    };
    let app = TestApp::start_limited(limited(limits), products).await;
    let path = notes(app.owner.sid);
    app.get(&app.keys.main, "api", &path).await.assert_status(200);
    for _ in 0..5 {
        assert_told_to_wait(&app.get(&app.keys.main, "api", &path).await, 1);
    }
    app.get(&app.keys.standard, "api", &path).await.assert_status(200);
    app.get(&app.owner, "api", &path).await.assert_status(200);
}

#[tokio::test]
async fn what_the_operator_sets_for_an_account_goes_before_the_default() {
    let limits = AccountLimits { requests_per_second: per_second(1), ..AccountLimits::default() };
    let app = TestApp::start_limited(limited(limits), products).await;
    let path = notes(app.owner.sid);
    app.get(&app.owner, "api", &path).await.assert_status(200);
    assert_told_to_wait(&app.get(&app.owner, "api", &path).await, 1);
    set_limits(&app, AccountLimits { requests_per_second: per_second(100), ..limits }).await;
    app.advance(Duration::from_secs(1));
    for _ in 0..50 {
        app.get(&app.owner, "api", &path).await.assert_status(200);
    }
}

#[tokio::test]
async fn answers_say_how_many_requests_of_the_account_run() {
    let app = TestApp::start(products).await;
    for path in [notes(app.owner.sid), notes(app.other.sid), "/v1/Everything".to_owned()] {
        let reply = app.get(&app.owner, "api", &path).await;
        assert_eq!(reply.headers["twilio-concurrent-requests"], "1", "{path}");
    }
    let nobody = app.get(Credentials::nobody(), "api", &notes(app.owner.sid)).await;
    assert!(!nobody.headers.contains_key("twilio-concurrent-requests"));
    let operator = app.get(&app.operator, "api", &notes(app.owner.sid)).await;
    assert!(!operator.headers.contains_key("twilio-concurrent-requests"));
    assert_eq!(app.services.gate.busy_accounts(), 0);
}

/// A request whose body comes when the sender is used.
fn slow(app: &TestApp) -> (tokio::sync::oneshot::Sender<()>, Request<Body>) {
    let (send, receive) = tokio::sync::oneshot::channel::<()>();
    let body = Body::from_stream(futures_util::stream::once(async move {
        let _ended = receive.await;
        Ok::<_, std::convert::Infallible>("Text=slow")
    }));
    let path = notes(app.owner.sid).replace(".json", "");
    let request = Request::post(path)
        .header("authorization", basic(&app.owner.sid.to_string(), app.owner.token.reveal()))
        .header("content-type", "application/x-www-form-urlencoded");
    (send, request.body(body).unwrap())
}

#[tokio::test]
async fn an_account_runs_no_more_requests_at_once_than_it_may() {
    let limits = AccountLimits { concurrent_requests: per_second(1), ..AccountLimits::default() };
    let app = TestApp::start_limited(limited(limits), products).await;
    let (finish, request) = slow(&app);
    let meanwhile = async {
        while app.services.gate.busy_accounts() == 0 {
            tokio::task::yield_now().await;
        }
        let refused = app.get(&app.owner, "api", &notes(app.owner.sid)).await;
        assert_told_to_wait(&refused, 1);
        assert_eq!(refused.headers["twilio-concurrent-requests"], "2");
        app.get(&app.other, "api", &notes(app.other.sid)).await.assert_status(200);
        finish.send(()).unwrap();
    };
    let (reply, ()) = tokio::join!(app.send("api", request), meanwhile);
    reply.assert_status(201);
    assert_eq!(reply.headers["twilio-concurrent-requests"], "1");
    app.get(&app.owner, "api", &notes(app.owner.sid)).await.assert_status(200);
    assert_eq!(app.services.gate.measures.over_concurrency.value(), 1);
}

#[tokio::test]
async fn wrong_passwords_make_their_sender_wait_longer_and_longer_and_nobody_else() {
    let app = TestApp::start(products).await;
    let path = notes(app.owner.sid);
    let wrong = || basic(&app.owner.sid.to_string(), "0123456789abcdef0123456789abcdef");
    for _ in 0..FREE_LOGIN_FAILURES + 1 {
        arriving_as(&app, wrong(), &path, "192.0.2.7", true).await.assert_error(401, 20_003);
    }
    for seconds in [1, 2, 4, 8] {
        assert_told_to_wait(&arriving_as(&app, wrong(), &path, "192.0.2.7", true).await, seconds);
        // Unread: not even the right password tells anything now.
        assert_told_to_wait(&arriving(&app, &app.owner, &path, "192.0.2.7", true).await, seconds);
        // The customer is elsewhere, and others are behind the same address.
        arriving(&app, &app.owner, &path, "192.0.2.8", true).await.assert_status(200);
        arriving(&app, &app.other, &notes(app.other.sid), "192.0.2.7", true).await.assert_status(200);
        app.advance(Duration::from_secs(seconds.into()));
        arriving_as(&app, wrong(), &path, "192.0.2.7", true).await.assert_error(401, 20_003);
    }
    app.advance(Duration::from_secs(16));
    arriving(&app, &app.owner, &path, "192.0.2.7", true).await.assert_status(200);
    arriving_as(&app, wrong(), &path, "192.0.2.7", true).await.assert_error(401, 20_003);
    arriving_as(&app, wrong(), &path, "192.0.2.7", true).await.assert_error(401, 20_003);
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_has_to_wait_too() {
    let app = TestApp::start(products).await;
    let path = notes(app.owner.sid);
    for user in 0..FREE_ADDRESS_FAILURES + 1 {
        // One IPv6 network is one customer of somebody's.
        let peer = format!("2001:db8:7:7::{user:x}");
        let guess = basic(&format!("AC{user:032x}"), "0123456789abcdef0123456789abcdef");
        arriving_as(&app, guess, &path, &peer, true).await.assert_error(401, 20_003);
    }
    assert_told_to_wait(&arriving(&app, &app.owner, &path, "2001:db8:7:7::1", true).await, 1);
    arriving(&app, &app.owner, &path, "2001:db8:7:8::1", true).await.assert_status(200);
    let measures = &app.services.gate.measures;
    assert_eq!(measures.failed_logins.value(), u64::from(FREE_ADDRESS_FAILURES) + 1);
    assert_eq!(measures.delayed_logins.value(), 1);
}

#[tokio::test]
async fn without_credentials_an_address_is_held_to_a_rate() {
    let app = TestApp::start(products).await;
    for _ in 0..UNAUTHENTICATED_BURST {
        app.get(Credentials::nobody(), "api", "/v1/Notes").await.assert_error(401, 20_003);
    }
    assert_told_to_wait(&app.get(Credentials::nobody(), "api", "/v1/Notes").await, 1);
    assert_told_to_wait(&with_header(&app, "/v1/Notes", b"Basic ****").await, 1);
    // Who has credentials is not concerned, from the same address too.
    app.get(&app.owner, "api", "/v1/Notes").await.assert_status(200);
}

#[tokio::test]
async fn origins_are_the_connections_not_what_a_header_says() {
    let app = TestApp::start(products).await;
    let wrong = basic(&app.owner.sid.to_string(), "0123456789abcdef0123456789abcdef");
    let guess = |number: u32| {
        Request::get(notes(app.owner.sid).replace(".json", ""))
            .header("authorization", &wrong)
            .header("x-forwarded-for", format!("192.0.2.{number}"))
            .header("forwarded", format!("for=192.0.2.{number}"))
            .extension(Origin {
                base_url: "https://api.twilio.com".into(),
                peer: "198.51.100.1".parse().unwrap(),
                secure: true,
            })
            .body(Body::empty())
            .unwrap()
    };
    for number in 0..=FREE_LOGIN_FAILURES {
        app.send("api", guess(number)).await.assert_error(401, 20_003);
    }
    assert_told_to_wait(&app.send("api", guess(200)).await, 1);
}
