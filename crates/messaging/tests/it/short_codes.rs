//! Short codes: brought in by the operator, configured by their account, and senders like numbers.

use messaging::carrier::Arrival;
use serde_json::{Value, json};
use test_kit::{Reply, TestAccount, TestDatabase};

use crate::pool::{TORONTO, from, senders};
use crate::site::{API, CLINIC, MESSAGING, OWN, PATIENT, Site, sid};

/// A short code.
const CODE: &str = "12345";
/// Another one.
const OTHER_CODE: &str = "654321";
const LONDONER: &str = "+442071838751";

async fn bring(site: &Site, body: Value) -> Reply {
    let body = body.to_string().into_bytes();
    site.app
        .post_raw(&site.app.operator, "switchward", "/switchward/v1/Numbers", body, "application/json")
        .await
}

/// Gives an account a short code; its SID.
async fn give(site: &Site, account: &TestAccount, code: &str) -> String {
    let given = bring(site, json!({"number": code, "account_sid": account.sid.to_string()})).await;
    given.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
}

fn codes(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/SMS/ShortCodes", account.sid)
}

async fn arrive(site: &Site, body: &str) {
    let arrival =
        Arrival { from: PATIENT.to_owned(), to: CODE.to_owned(), body: body.to_owned(), media: Vec::new() };
    site.inbox.arrival(arrival).await.expect("the message is kept");
}

/// Puts a short code into a service.
async fn join(site: &Site, account: &TestAccount, service: &str, code: &str) -> Reply {
    let path = format!("/v1/Services/{service}/ShortCodes");
    site.app.post_form(account, MESSAGING, &path, &[("ShortCodeSid", code)]).await
}

async fn come_and_go(site: Site) {
    let owner = &site.app.owner;
    let code = give(&site, owner, CODE).await;
    assert!(code.starts_with("SC"));
    // One account has it, and nobody finds it in the inventory.
    for account in [owner, &site.app.other] {
        let again = json!({"number": CODE, "account_sid": account.sid.to_string()});
        bring(&site, again).await.assert_error(400, 21422);
    }
    bring(&site, json!({"number": OTHER_CODE})).await.assert_error(400, 20001);
    bring(&site, json!({"number": "1234"})).await.assert_error(400, 21421);
    bring(&site, json!({"number": OTHER_CODE, "account_sid": "AC00000000000000000000000000000000"}))
        .await
        .assert_error(404, 20404);

    let path = format!("{}/{code}.json", codes(owner));
    let shown = site.app.get(owner, API, &path).await.assert_status(200).json.clone();
    assert_eq!((&shown["short_code"], &shown["friendly_name"]), (&json!(CODE), &json!(CODE)));
    assert_eq!((&shown["sms_url"], &shown["uri"]), (&json!(null), &json!(path)));
    site.app.get(&site.app.other, API, &path).await.assert_error(404, 20404);
    let url = site.sink.url("/code");
    let fields = [("FriendlyName", "Reminders"), ("SmsUrl", url.as_str()), ("SmsMethod", "GET")];
    let set = site.app.post_form(owner, API, &path, &fields).await.assert_status(200).json.clone();
    assert_eq!((&set["friendly_name"], &set["sms_url"]), (&json!("Reminders"), &json!(url)));
    assert_eq!((&set["sms_method"], &set["sms_fallback_method"]), (&json!("GET"), &json!("POST")));
    let bad = [("SmsUrl", "nowhere")];
    site.app.post_form(owner, API, &path, &bad).await.assert_error(400, 21609);
    give(&site, owner, OTHER_CODE).await;
    for (query, count) in [
        ("", 2),
        ("?ShortCode=12345", 1),
        ("?ShortCode=1234", 0),
        ("?FriendlyName=Reminders", 1),
        ("?FriendlyName=Reminders&ShortCode=654321", 0),
    ] {
        let listed = site.app.get(owner, API, &format!("{}.json{query}", codes(owner))).await;
        assert_eq!(listed.json["short_codes"].as_array().map(Vec::len), Some(count), "{query}");
    }

    let service = site.service(owner, &[]).await;
    join(&site, owner, &service, &code).await.assert_status(201);
    let operators = format!("/switchward/v1/Accounts/{}/ShortCodes/{code}", owner.sid);
    site.app.delete(owner, "switchward", &operators).await.assert_error(403, 20003);
    site.app.delete(&site.app.operator, "switchward", &operators).await.assert_status(204);
    site.app.get(owner, API, &path).await.assert_error(404, 20404);
    site.send_with(owner, &service, PATIENT, &[]).await.assert_error(400, 21704);
    // It is free again.
    give(&site, &site.app.other, CODE).await;
}

#[tokio::test]
async fn short_codes_come_and_go_on_sqlite() {
    come_and_go(Site::idle().await).await;
}

#[tokio::test]
async fn short_codes_come_and_go_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    come_and_go(Site::idle_on(&database).await).await;
}

#[tokio::test]
async fn a_short_code_sends_to_the_united_states_alone() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.open_countries(&["GB", "CA"]).await;
    let send = async |to: &str| site.post(owner, &[("To", to), ("From", CODE), ("Body", "x")]).await;
    // Nobody has it, or somebody else.
    send(PATIENT).await.assert_error(400, 21606);
    give(&site, owner, CODE).await;
    let message = sid(send(PATIENT).await.assert_status(201));
    site.wait_status(owner, message, "sent").await;
    assert_eq!(site.handed(1).await[0].from, CODE);
    for to in [LONDONER, "+14165550177"] {
        send(to).await.assert_error(400, 21612);
    }
    let theirs = [("To", PATIENT), ("From", CODE), ("Body", "x")];
    site.post(&site.app.other, &theirs).await.assert_error(400, 21606);
    // Nobody receives at a short code of ours by way of the API.
    site.post(owner, &[("To", CODE), ("From", OWN), ("Body", "x")]).await.assert_error(400, 21211);
}

#[tokio::test]
async fn what_comes_to_a_short_code_is_told_and_stopped() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let code = give(&site, owner, CODE).await;
    let path = format!("{}/{code}.json", codes(owner));
    let url = site.sink.url("/code");
    site.app.post_form(owner, API, &path, &[("SmsUrl", &url)]).await.assert_status(200);
    arrive(&site, "Hello").await;
    let told = site.requests(1).await.remove(0);
    assert_eq!((told.path.as_str(), told.parameter("To").as_deref()), ("/code", Some(CODE)));
    assert_eq!(told.parameter("Body").as_deref(), Some("Hello"));
    arrive(&site, "stop").await;
    assert_eq!(site.handed(1).await[0].from, CODE);
    assert_eq!(site.requests(2).await[1].parameter("OptOutType").as_deref(), Some("STOP"));
    let send = async |from: &str| site.post(owner, &[("To", PATIENT), ("From", from), ("Body", "x")]).await;
    send(CODE).await.assert_error(400, 21610);
    // Another sender of the account is not stopped.
    send(OWN).await.assert_status(201);
    arrive(&site, "START").await;
    site.handed(3).await;
    send(CODE).await.assert_status(201);
}

#[tokio::test]
async fn an_answer_of_a_short_code_stays_in_the_country() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let code = give(&site, owner, CODE).await;
    let url = site.sink.url("/code");
    let path = format!("{}/{code}.json", codes(owner));
    site.app.post_form(owner, API, &path, &[("SmsUrl", &url)]).await.assert_status(200);
    let twiml =
        format!("<Response><Message>Here</Message><Message to=\"{LONDONER}\">There</Message></Response>");
    site.sink.answer("/code", test_kit::SinkReply::twiml(&twiml));
    site.open_countries(&["GB"]).await;
    arrive(&site, "Hello").await;
    assert_eq!(site.only_alert(owner).await, 21_612);
    let taken = site.handed(1).await;
    assert_eq!((taken.len(), taken[0].body.as_str(), taken[0].from.as_str()), (1, "Here", CODE));
}

#[tokio::test]
async fn a_service_prefers_its_short_code_and_stops_as_one() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let code = give(&site, owner, CODE).await;
    let url = site.sink.url("/in");
    let service = site.service_with(owner, &[OWN, TORONTO], &[("InboundRequestUrl", &url)]).await;
    let made = join(&site, owner, &service, &code).await.assert_status(201).json.clone();
    assert_eq!((&made["short_code"], &made["country_code"]), (&json!(CODE), &json!("US")));
    assert_eq!((&made["sid"], &made["service_sid"]), (&json!(code), &json!(service)));
    join(&site, owner, &service, &code).await.assert_error(409, 21710);
    let other = site.service(owner, &[]).await;
    join(&site, owner, &other, &code).await.assert_error(409, 21712);
    join(&site, owner, &other, "SC00000000000000000000000000000000").await.assert_error(404, 20404);
    join(&site, owner, &other, "SC1").await.assert_error(400, 20001);
    let path = format!("/v1/Services/{service}/ShortCodes");
    let one = format!("{path}/{code}");
    assert_eq!(site.app.get(owner, MESSAGING, &one).await.json, made);
    let listed = site.app.get(owner, MESSAGING, &path).await.json;
    assert_eq!((&listed["short_codes"][0], &listed["meta"]["key"]), (&made, &json!("short_codes")));

    // Sticky, too: the same recipient keeps it.
    assert_eq!(
        senders(&site, owner, &service, &[PATIENT, PATIENT, "+14165550177"]).await,
        [CODE, CODE, TORONTO]
    );
    assert_eq!(from(&site.send_with(owner, &service, PATIENT, &[("From", CODE)]).await), CODE);
    let abroad = site.send_with(owner, &service, "+14165550177", &[("From", CODE)]).await;
    abroad.assert_error(400, 21612);
    arrive(&site, "STOP").await;
    assert_eq!(site.requests(1).await[0].path, "/in");
    for from in [CODE, OWN] {
        site.send_with(owner, &service, PATIENT, &[("From", from)]).await.assert_error(400, 21610);
    }
    site.app.delete(owner, MESSAGING, &one).await.assert_status(204);
    site.app.get(owner, MESSAGING, &one).await.assert_error(404, 20404);
    join(&site, owner, &other, &code).await.assert_status(201);
    // A service that ends leaves its short codes to the account.
    site.app.delete(owner, MESSAGING, &format!("/v1/Services/{other}")).await.assert_status(204);
    site.app.get(owner, API, &format!("{}/{code}.json", codes(owner))).await.assert_status(200);
    join(&site, owner, &service, &code).await.assert_status(201);
}

#[tokio::test]
async fn sms_geo_1__allows_a_short_code_of_the_united_states() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let code = give(&site, hipaa, CODE).await;
    let service = site.service_with(hipaa, &[CLINIC], &[]).await;
    join(&site, hipaa, &service, &code).await.assert_status(201);
    let message = site.send_with(hipaa, &service, PATIENT, &[]).await;
    assert_eq!(from(&message), CODE);
    site.wait_status(hipaa, sid(&message), "sent").await;
}

#[tokio::test]
async fn gen_https_2__refuses_a_plain_webhook_of_a_short_code() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    let code = give(&site, hipaa, CODE).await;
    let path = format!("{}/{code}.json", codes(hipaa));
    let plain = [("SmsUrl", "http://clinic.example/sms")];
    site.app.post_form(hipaa, API, &path, &plain).await.assert_refused("GEN-HTTPS-2", 77117);
}

#[tokio::test]
async fn d_red_1__refuses_who_stopped_a_short_code_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    give(&site, hipaa, CODE).await;
    arrive(&site, "STOP").await;
    site.handed(1).await;
    site.settle().await;
    let send = [("To", PATIENT), ("From", CODE), ("Body", "x")];
    site.post(hipaa, &send).await.assert_error(400, 21610);
    crate::redaction::assert_no_trace(&site);
}
