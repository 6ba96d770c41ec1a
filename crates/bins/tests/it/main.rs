//! TwiML Bins through their edges: the API, the webhooks they answer, and the address they answer at.
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

use std::sync::Arc;

use auth::{Account, AccountContext, AccountFacts, load_account};
use axum::body::Body;
use base::AccountSid;
use http::Request;
use ledger::{Actor, Entry, Purpose};
use phi::{Phi, Proof};
use serde_json::{Value, json};
use store::{Name, Query};
use test_kit::{Reply, TestAccount, TestApp, contains_bytes};
use webhooks::{Alert, Answer, Method, SendError, Webhook, Webhooks, WebhooksConfig, signature};

const OURS: &str = "switchward";
const CLEAN: &str = "<Response><Message>Thank you, {{From}}: {{Body}}</Message></Response>";
const TELLING: &str = "<Response><Message>Your MRN is 00123456</Message></Response>";

struct Site {
    app: TestApp,
    webhooks: Webhooks,
}

impl Site {
    async fn start() -> Self {
        let app = TestApp::start(|services| {
            vec![bins::routes(Arc::clone(&services)), bins::serving_routes(services)]
        })
        .await;
        let store = app.services.store.clone();
        let webhooks = Webhooks::new(store.clone(), WebhooksConfig::default()).expect("the public roots");
        webhooks.host(Arc::new(bins::Bins::new(store)));
        Self { app, webhooks }
    }

    async fn create(&self, account: &TestAccount, twiml: &str) -> Reply {
        let body = json!({"friendly_name": "Thanks", "twiml": twiml}).to_string();
        self.app.post_raw(account, OURS, &path(account), body.into(), "application/json").await
    }

    async fn made(&self, account: &TestAccount, twiml: &str) -> Value {
        self.create(account, twiml).await.assert_status(201).json.clone()
    }

    async fn context(&self, account: &TestAccount) -> AccountContext {
        let found = load_account(&self.app.services.store, account.sid, self.app.now()).await;
        found.expect("readable").expect("the account")
    }

    /// What a webhook of the account at this URL is answered.
    async fn call(&self, account: &TestAccount, url: &str, method: Method) -> Result<Answer, SendError> {
        let parameters = [("From", "+14155550177"), ("Body", "<Hi> & {{To}}")];
        let params = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let webhook = Webhook {
            resource_sid: "SM0123456789abcdef0123456789abcdef".to_owned(),
            url: url.to_owned(),
            method,
            params: Phi::new(params),
            event: "message-received",
        };
        self.webhooks.call(&self.context(account).await, &webhook, &self.proof(account).await).await
    }

    async fn proof(&self, account: &TestAccount) -> Proof {
        let entry = Entry {
            actor: Actor::System,
            action: ledger::Action("ask_webhook"),
            sids: Vec::new(),
            fields: &["body"],
            purpose: Purpose::Webhook,
            source: None,
        };
        ledger::disclose(&self.app.services.store, account.scope(), &entry).await.expect("an entry")
    }

    async fn alerts(&self, account: &TestAccount) -> Vec<(u32, &'static str)> {
        let query = Query { limit: 100, ..Query::default() };
        let listed = self.app.services.store.scope(account.scope()).list::<Alert>(query).await;
        let alerts = listed.expect("readable").documents.into_iter();
        alerts.map(|alert| (alert.facts.error_code, alert.facts.log_level.as_str())).collect()
    }

    async fn designate(&self, account: AccountSid) {
        let store = &self.app.services.store;
        let located = store.locate(&Name::account(account)).await.expect("readable").expect("a name");
        let found = store.scope(located.scope).get::<Account>(account).await.expect("readable");
        let mut document = found.expect("the account");
        let facts: &mut AccountFacts = &mut document.facts;
        facts.designation.protected = true;
        let mut batch = store.batch(located.scope);
        batch.update::<Account>(&document);
        store.commit(batch).await.expect("written");
    }
}

fn path(account: &TestAccount) -> String {
    format!("/switchward/v1/Accounts/{}/TwimlBins", account.sid)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("text")
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).expect("text")
}

#[tokio::test]
async fn a_bin_is_made_found_changed_and_deleted() {
    let site = Site::start().await;
    let (app, owner) = (&site.app, &site.app.owner);
    let bin = site.made(owner, CLEAN).await;
    let sid = word(&bin, "sid");
    assert_eq!(word(&bin, "url"), format!("https://handler.twilio.com/twiml/{sid}"));
    assert_eq!((word(&bin, "twiml"), &bin["findings"]), (CLEAN, &json!([])));
    let one = format!("{}/{sid}", path(owner));
    assert_eq!(app.get(owner, OURS, &one).await.json, bin);
    app.get(&app.other, OURS, &one).await.assert_error(404, 20404);
    let listed = async |query: &str| {
        let page = app.get(owner, OURS, &format!("{}{query}", path(owner))).await;
        page.assert_status(200).json["twiml_bins"].as_array().expect("rows").clone()
    };
    let rows = listed("?FriendlyName=Thanks").await;
    assert_eq!((rows.len(), rows[0].get("twiml")), (1, None));
    assert!(listed("?FriendlyName=Than").await.is_empty());

    let change = json!({"twiml": "<Response/>"}).to_string();
    let changed = app.post_raw(owner, OURS, &one, change.into(), "application/json").await;
    let changed = changed.assert_status(200).json.clone();
    assert_eq!((word(&changed, "twiml"), word(&changed, "friendly_name")), ("<Response/>", "Thanks"));
    let renamed = json!({"friendly_name": "Renamed"}).to_string();
    app.post_raw(owner, OURS, &one, renamed.into(), "application/json").await.assert_status(200);
    assert_eq!(word(&app.get(owner, OURS, &one).await.json, "twiml"), "<Response/>");
    assert_eq!(
        (listed("?FriendlyName=Renamed").await.len(), listed("?FriendlyName=Thanks").await.len()),
        (1, 0)
    );
    app.delete(owner, OURS, &one).await.assert_status(204);
    app.get(owner, OURS, &one).await.assert_error(404, 20404);
    let acts: Vec<String> =
        app.ledger_actions(owner.scope()).await.into_iter().map(|entry| entry.act).collect();
    for action in ["create_twiml_bin", "fetch_twiml_bin", "update_twiml_bin", "delete_twiml_bin"] {
        assert!(acts.iter().any(|act| act == action), "{action}");
    }
}

#[tokio::test]
async fn each_document_that_is_not_kept_has_its_code() {
    let site = Site::start().await;
    let long = format!("<Response><Message>{}</Message></Response>", "x".repeat(4_000));
    for (twiml, status, code) in [
        ("", 400, 20001),
        (long.as_str(), 400, 20001),
        ("<Response><Message>", 400, 12100),
        ("<Response><Say>Hi</Say></Response>", 400, 12200),
        ("<Response>{{#Dest}}{{/Dest}}</Response>", 501, 20501),
    ] {
        site.create(&site.app.owner, twiml).await.assert_error(status, code);
    }
}

#[tokio::test]
async fn a_webhook_is_answered_by_the_bin_of_its_own_account() {
    let site = Site::start().await;
    let bin = site.made(&site.app.owner, CLEAN).await;
    let url = word(&bin, "url");
    let expected = "<Response><Message>Thank you, +14155550177: &lt;Hi&gt; &amp; {{To}}</Message></Response>";
    for method in [Method::Post, Method::Get] {
        let answer = site.call(&site.app.owner, url, method).await.expect("an answer");
        assert_eq!((answer.status, text(&answer).as_str()), (200, expected));
    }
    // The webhook's own word goes before that of the URL, which may bring more.
    let more =
        site.made(&site.app.owner, "<Response><Message>{{Clinic}} {{From}}</Message></Response>").await;
    let url = format!("{}?Clinic=North+%26+South&From=nobody", word(&more, "url"));
    let answer = site.call(&site.app.owner, &url, Method::Post).await.expect("an answer");
    assert!(text(&answer).contains("<Message>North &amp; South +14155550177</Message>"));
    // Another account's bin, none, and anything else of that host: nothing leaves to look for it.
    for (account, url) in [
        (&site.app.other, word(&bin, "url")),
        (&site.app.owner, "https://handler.twilio.com/twiml/EH0123456789abcdef0123456789abcdef"),
        (&site.app.owner, "https://handler.twilio.com/"),
        (&site.app.owner, "https://HANDLER.twilio.com:8443/twiml/x"),
    ] {
        assert_eq!(site.call(account, url, Method::Post).await.map(|answer| answer.status), Ok(404), "{url}");
    }
}

#[tokio::test]
async fn other_addresses_of_the_machine_stay_closed() {
    let site = Site::start().await;
    for url in ["https://127.0.0.1/twiml/EH0123456789abcdef0123456789abcdef", "https://localhost/twiml/x"] {
        let answer = site.call(&site.app.owner, url, Method::Post).await;
        assert_eq!(answer.map(|answer| answer.status), Err(SendError::AddressRefused), "{url}");
    }
}

#[tokio::test]
async fn rt_bin_1__refuses_literal_identifiers_in_a_hipaa_project() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let refused = site.create(hipaa, TELLING).await;
    refused.assert_refused("RT-BIN-1", 77179);
    assert!(refused.text.contains("medical_record") && !refused.text.contains("00123456"));
    let bin = site.made(hipaa, CLEAN).await;
    let one = format!("{}/{}", path(hipaa), word(&bin, "sid"));
    let change = json!({"twiml": TELLING}).to_string();
    let changed = site.app.post_raw(hipaa, OURS, &one, change.into(), "application/json").await;
    changed.assert_refused("RT-BIN-1", 77179);
    assert_eq!(word(&site.app.get(hipaa, OURS, &one).await.json, "twiml"), CLEAN);
    assert!(!contains_bytes(site.app.data_dir(), b"00123456"));
}

#[tokio::test]
async fn rt_bin_1__allows_them_elsewhere_with_an_alert() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let bin = site.made(owner, TELLING).await;
    assert_eq!(bin["findings"], json!(["medical_record"]));
    assert_eq!(site.alerts(owner).await, [(77179, "warning")]);
    let answer = site.call(owner, word(&bin, "url"), Method::Post).await.expect("an answer");
    assert_eq!(text(&answer), TELLING);
    assert!(!contains_bytes(site.app.data_dir(), b"00123456"));
    site.made(owner, CLEAN).await;
    assert_eq!(site.alerts(owner).await.len(), 1);
}

#[tokio::test]
async fn rt_bin_1__refuses_what_was_kept_before_the_account_became_a_hipaa_project() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let telling = site.made(owner, TELLING).await;
    site.app.advance(std::time::Duration::from_secs(1));
    let clean = site.made(owner, CLEAN).await;
    site.designate(owner.sid).await;
    let refused = site.call(owner, word(&telling, "url"), Method::Post).await;
    assert_eq!(refused.map(|answer| answer.status), Err(SendError::Refused(77179)));
    let answer = site.call(owner, word(&clean, "url"), Method::Post).await.expect("an answer");
    assert_eq!(answer.status, 200);
    // Whoever looks finds which ones they are.
    let rows = site.app.get(owner, OURS, &path(owner)).await.assert_status(200).json.clone();
    assert_eq!(rows["twiml_bins"][1]["findings"], json!(["medical_record"]));
}

#[tokio::test]
async fn rt_bin_2__allows_a_clean_bin_in_a_hipaa_project() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let bin = site.made(hipaa, CLEAN).await;
    // No register names the platform itself: nothing leaves it.
    site.app.register(hipaa, &["clinic.example"], "messaging", "2027-01-01").await;
    let answer = site.call(hipaa, word(&bin, "url"), Method::Post).await.expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(site.alerts(hipaa).await.is_empty());
    assert!(!contains_bytes(site.app.data_dir(), b"<Hi>"));
}

/// Asks a bin over the network, with this signature.
async fn ask(site: &Site, method: &str, target: &str, form: &str, signed: Option<&str>) -> Reply {
    let mut request = Request::builder().method(method).uri(target);
    request = request.header("content-type", "application/x-www-form-urlencoded");
    if let Some(signed) = signed {
        request = request.header(signature::HEADER, signed);
    }
    site.app.send("handler", request.body(Body::from(form.to_owned())).expect("a request")).await
}

#[tokio::test]
async fn over_the_network_a_bin_answers_only_webhooks_of_its_account() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let bin = site.made(owner, CLEAN).await;
    let target = format!("/twiml/{}", word(&bin, "sid"));
    let url = format!("https://handler.twilio.com{target}");
    let parameters = |account: &TestAccount| {
        vec![
            ("AccountSid".to_owned(), account.sid.to_string()),
            ("From".to_owned(), "+14155550177".to_owned()),
            ("Body".to_owned(), "Hi".to_owned()),
        ]
    };
    let form = |account: &TestAccount| format!("AccountSid={}&From=%2B14155550177&Body=Hi", account.sid);
    let token = owner.token.reveal();
    let signed = signature::sign_form(token, &url, &parameters(owner));
    let reply = ask(&site, "POST", &target, &form(owner), Some(&signed)).await;
    assert_eq!(
        reply.assert_status(200).text,
        "<Response><Message>Thank you, +14155550177: Hi</Message></Response>"
    );
    let entries = site.app.ledger_actions(owner.scope()).await;
    assert!(entries.iter().any(|entry| entry.act == "serve_twiml_bin" && entry.what == [word(&bin, "sid")]));

    let query = format!("{target}?{}", form(owner));
    let signed_get = signature::sign_get(token, &format!("{url}?{}", form(owner)));
    ask(&site, "GET", &query, "", Some(&signed_get)).await.assert_status(200);

    for (form, signed) in [
        (form(owner), None),
        (form(owner), Some(signature::sign_form("0".repeat(32).as_str(), &url, &parameters(owner)))),
        (format!("{}x", form(owner)), Some(signed.clone())),
        ("From=x".to_owned(), Some(signed.clone())),
        (form(&site.app.other), Some(signed)),
    ] {
        ask(&site, "POST", &target, &form, signed.as_deref()).await.assert_error(403, 20003);
    }
    // Another account signs rightly, and has no such bin.
    let other = &site.app.other;
    let theirs = signature::sign_form(other.token.reveal(), &url, &parameters(other));
    ask(&site, "POST", &target, &form(other), Some(&theirs)).await.assert_error(404, 20404);
    // Credentials open nothing here.
    site.app.get(owner, "handler", &target).await.assert_error(403, 20003);
}
