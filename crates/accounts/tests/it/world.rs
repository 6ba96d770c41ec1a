//! Words the tests share: JSON requests, organizations under older and newer agreements.

use auth::Secret;
use serde_json::{Value, json};
use test_kit::{Credentials, Reply, TestApp};

pub(crate) const SWITCHWARD: &str = "switchward";

/// A platform with the four tables of this crate.
pub(crate) async fn start() -> TestApp {
    TestApp::start(|services| {
        vec![
            accounts::api_routes(services.clone()),
            accounts::accounts_routes(services.clone()),
            accounts::iam_routes(services.clone()),
            accounts::switchward_routes(services),
        ]
    })
    .await
}

/// `POST` of JSON to our own API.
pub(crate) async fn post(app: &TestApp, who: impl AsRef<Credentials>, path: &str, body: Value) -> Reply {
    let path = format!("/switchward/v1/{path}");
    app.post_raw(who, SWITCHWARD, &path, body.to_string().into_bytes(), "application/json").await
}

/// `GET` from our own API.
pub(crate) async fn get(app: &TestApp, who: impl AsRef<Credentials>, path: &str) -> Reply {
    app.get(who, SWITCHWARD, &format!("/switchward/v1/{path}")).await
}

/// `DELETE` on our own API.
pub(crate) async fn delete(app: &TestApp, who: impl AsRef<Credentials>, path: &str) -> Reply {
    app.delete(who, SWITCHWARD, &format!("/switchward/v1/{path}")).await
}

/// An account with its token, as the API gave them.
pub(crate) struct Made {
    pub(crate) sid: String,
    pub(crate) credentials: Credentials,
}

impl AsRef<Credentials> for Made {
    fn as_ref(&self) -> &Credentials {
        &self.credentials
    }
}

impl Made {
    pub(crate) fn from(reply: &Reply) -> Self {
        reply.assert_status(201);
        let sid = reply.json["sid"].as_str().unwrap().to_owned();
        let token = reply.json["auth_token"].as_str().unwrap().to_owned();
        Self { credentials: Credentials::new(&sid, Secret::new(token)), sid }
    }
}

/// An organization; it holds the package when `entitled`.
pub(crate) async fn organization(app: &TestApp, entitled: bool) -> String {
    let mut body = json!({"friendly_name": "Clinic"});
    if entitled {
        body["entitled_from"] = json!("2024-01-01");
        body["entitlement_reference"] = json!("PO 1");
    }
    let reply = post(app, &app.operator, "Organizations", body).await;
    reply.assert_status(201).json["sid"].as_str().unwrap().to_owned()
}

/// A main account in an organization.
pub(crate) async fn main_account(app: &TestApp, organization: &str) -> Made {
    let body = json!({"organization_sid": organization, "friendly_name": "Main"});
    Made::from(&post(app, &app.operator, "Accounts", body).await)
}

/// A subaccount of whoever asks.
pub(crate) async fn subaccount(app: &TestApp, owner: impl AsRef<Credentials>) -> Made {
    Made::from(&app.post_form(owner, "api", "/2010-04-01/Accounts.json", &[]).await)
}

/// A complete agreement, initiated on this day and signed now.
pub(crate) fn agreement(app: &TestApp, initiated: &str) -> Value {
    json!({
        "counterparty": "Operator",
        "signer": "A. Signer",
        "initiated_at": initiated,
        "signed_at": app.now().iso8601(),
        "services": ["messaging"],
        "permitted_uses": ["treatment"],
        "permitted_disclosures": ["carriers"],
        "safeguards": "45 CFR 164 subpart C",
        "breach_contact": "privacy officer",
        "breach_deadline_days": 30,
        "subcontractors": [],
    })
}

/// Records an agreement as the operator and returns its SID.
pub(crate) async fn agree(app: &TestApp, organization: &str, agreement: Value) -> String {
    let reply =
        post(app, &app.operator, &format!("Organizations/{organization}/Agreements"), agreement).await;
    reply.assert_status(201).json["sid"].as_str().unwrap().to_owned()
}

/// Designates by self-service.
pub(crate) async fn designate(app: &TestApp, who: impl AsRef<Credentials>, account: impl ToString) -> Reply {
    post(app, who, &format!("Accounts/{}/Designation", account.to_string()), json!({})).await
}

/// Designates by request.
pub(crate) async fn by_support(app: &TestApp, account: impl ToString) -> Reply {
    let body = json!({"request_reference": "T-1", "requester": "R. Quester"});
    post(app, &app.operator, &format!("Accounts/{}/Designation/Support", account.to_string()), body).await
}

/// The two bits of truth table T1.
pub(crate) async fn bits(app: &TestApp, account: impl ToString) -> (bool, bool) {
    let path = format!("Accounts/{}/Designation", account.to_string());
    let reply = get(app, &app.operator, &path).await;
    let bit = |name: &str| reply.json[name].as_bool().unwrap();
    reply.assert_status(200);
    (bit("protected"), bit("phi_permitted"))
}

pub(crate) const OFF: (bool, bool) = (false, false);
pub(crate) const GUARDED: (bool, bool) = (true, false);
pub(crate) const ON: (bool, bool) = (true, true);

/// The day before the boundary, and the one after it.
pub(crate) const OLDER: &str = "2024-06-05";
pub(crate) const NEWER: &str = "2024-06-07";

/// A day.
pub(crate) const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// The member names of a JSON object, sorted.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
