//! The operator's word on registrations, and what messaging is told of them.

use base::{MessagingServiceSid, PhoneNumberSid};
use serde_json::{Value, json};
use test_kit::TestDatabase;

use crate::site::{BRANDS, LOCAL, OTHER_SERVICE, SERVICE, Site, TOLL_FREE, VERIFICATIONS, campaigns, sid};

fn last(path: &str) -> &str {
    path.rsplit('/').next().expect("a SID")
}

fn rejected(code: u32) -> Value {
    json!({"verdict": "rejected", "error_code": code})
}

fn approved() -> Value {
    json!({"verdict": "approved"})
}

async fn undecided(site: &Site) -> Vec<(String, String)> {
    let listed = site.app.get(&site.app.operator, "switchward", &site.registrations()).await;
    let rows = listed.assert_status(200).json["registrations"].as_array().expect("rows").clone();
    let word = |row: &Value, key: &str| row[key].as_str().expect("a word").to_owned();
    rows.iter().map(|row| (word(row, "kind"), word(row, "status"))).collect()
}

async fn decided(site: Site) {
    let owner = &site.app.owner;
    let brand = site.brand("STANDARD", "1").await;
    assert_eq!(undecided(&site).await, [("brand".to_owned(), "PENDING".to_owned())]);
    // Nobody works, and the operator decides.
    let ruled = site.rule(last(&brand), json!({"verdict": "approved", "registry_id": "BAB12CD"})).await;
    let ruled = &ruled.assert_status(200).json;
    assert_eq!((&ruled["status"], &ruled["kind"]), (&json!("APPROVED"), &json!("brand")));
    let shown = site.get(&brand).await;
    assert_eq!((&shown["status"], &shown["tcr_id"]), (&json!("APPROVED"), &json!("BAB12CD")));

    let made = site.campaign(SERVICE, last(&brand), &[]).await;
    let campaign = sid(made.assert_status(201));
    let path = format!("{}/{campaign}", campaigns(SERVICE));
    site.rule(&campaign, rejected(30_893)).await.assert_status(200);
    let failed = site.get(&path).await;
    assert_eq!(failed["campaign_status"], "FAILED");
    assert_eq!(failed["errors"][0]["error_code"], 30893);
    assert_eq!(site.alerts(owner, &campaign).await, [30_893]);
    // It is edited as one that the registry has turned down.
    let edit = [
        ("Description", "Reminders of appointments, and of nothing else"),
        ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
        ("MessageSamples", "Your appointment is tomorrow at nine."),
        ("MessageSamples", "Your appointment is on Monday at ten."),
        ("HasEmbeddedLinks", "false"),
        ("HasEmbeddedPhone", "false"),
        ("AgeGated", "false"),
        ("DirectLending", "false"),
    ];
    assert_eq!(site.post(&path, &edit).await.assert_status(200).json["campaign_status"], "PENDING");
    site.rule(&campaign, approved()).await.assert_status(200);
    assert_eq!(site.get(&path).await["campaign_status"], "VERIFIED");

    let number = sid(site.verification(&[]).await.assert_status(201));
    let path = format!("{VERIFICATIONS}/{number}");
    site.rule(&number, rejected(30_836)).await.assert_status(200);
    let turned_down = site.get(&path).await;
    assert_eq!(
        (&turned_down["status"], &turned_down["error_code"]),
        (&json!("TWILIO_REJECTED"), &json!(30836))
    );
    // Looked at again.
    site.rule(&number, approved()).await.assert_status(200);
    let now = site.get(&path).await;
    assert_eq!((&now["status"], &now["error_code"]), (&json!("TWILIO_APPROVED"), &json!(null)));
    assert_eq!(undecided(&site).await, []);
    let entries = site.app.ledger_actions(owner.scope()).await;
    let verdicts = entries.iter().filter(|entry| entry.act == "update_registration_verdict");
    assert_eq!(verdicts.count(), 5);
}

#[tokio::test]
async fn the_operator_decides_where_nobody_else_does_on_sqlite() {
    decided(Site::idle().await).await;
}

#[tokio::test]
async fn the_operator_decides_where_nobody_else_does_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    decided(Site::idle_on(&database).await).await;
}

#[tokio::test]
async fn the_registry_does_not_decide_what_the_operator_has() {
    let mut site = Site::idle().await;
    let brand = site.brand("STANDARD", "1").await;
    site.rule(last(&brand), rejected(30_799)).await.assert_status(200);
    site.run();
    let other = site.brand("STANDARD", "2").await;
    site.wait(&other, "APPROVED").await;
    assert_eq!(site.get(&brand).await["status"], "FAILED");
    // The registry's word is not the last one either.
    site.rule(last(&other), rejected(30_799)).await.assert_status(200);
    assert_eq!(site.get(&other).await["failure_reason"], site.get(&brand).await["failure_reason"]);
    // What is submitted again is the registry's again.
    site.post(&brand, &[]).await.assert_status(202);
    site.wait(&brand, "APPROVED").await;
}

#[tokio::test]
async fn a_vetting_that_is_taken_back_leaves_its_brand_unvetted() {
    let site = Site::start().await;
    let brand = format!("{BRANDS}/{}", site.approved().await);
    let made = site.post(&format!("{brand}/Vettings"), &[("VettingProvider", "aegis")]).await;
    let vetting = made.assert_status(201).json["brand_vetting_sid"].as_str().expect("a SID").to_owned();
    site.wait(&format!("{brand}/Vettings/{vetting}"), "SUCCESS").await;
    assert_eq!(site.get(&brand).await["identity_status"], "VETTED_VERIFIED");
    site.rule(&vetting, rejected(30_792)).await.assert_status(200);
    assert_eq!(site.get(&brand).await["identity_status"], "VERIFIED");
}

#[tokio::test]
async fn a_verdict_has_a_reason_of_its_kind_and_is_said_once() {
    let site = Site::idle().await;
    let brand = site.brand("STANDARD", "1").await;
    let brand = last(&brand);
    for bad in [
        json!({"verdict": "rejected"}),
        rejected(30_886),
        rejected(1),
        json!({"verdict": "approved", "error_code": 30_799}),
        json!({"verdict": "rejected", "error_code": 30_799, "registry_id": "B1"}),
        json!({"verdict": "approved", "registry_id": ""}),
        json!({"verdict": "approved", "registry_id": "Jane Roe"}),
        json!({"verdict": "perhaps"}),
        json!({"verdict": "approved", "why": "x"}),
        json!([]),
    ] {
        site.rule(brand, bad.clone()).await.assert_error(400, 20001);
    }
    site.rule(brand, rejected(30_799)).await.assert_status(200);
    site.rule(brand, rejected(30_799)).await.assert_error(409, 20409);
    site.rule(brand, rejected(30_701)).await.assert_status(200);
    for nobody in ["BN00000000000000000000000000000000", "PN00000000000000000000000000000000", "x"] {
        site.rule(nobody, approved()).await.assert_error(404, 20404);
    }
}

#[tokio::test]
async fn only_the_operator_has_the_last_word() {
    let site = Site::idle().await;
    let brand = site.brand("STANDARD", "1").await;
    let path = format!("{}/{}/Verdict", site.registrations(), last(&brand));
    let body = approved().to_string().into_bytes();
    let tried = site.app.post_raw(&site.app.owner, "switchward", &path, body, "application/json").await;
    tried.assert_error(403, 20003);
    site.app.get(&site.app.owner, "switchward", &site.registrations()).await.assert_error(403, 20003);
    assert_eq!(site.get(&brand).await["status"], "PENDING");
}

#[tokio::test]
async fn messaging_is_told_what_is_registered() {
    let site = Site::idle().await;
    let scoped = site.app.services.store.scope(site.app.owner.scope());
    let service: MessagingServiceSid = SERVICE.parse().expect("a SID");
    let other: MessagingServiceSid = OTHER_SERVICE.parse().expect("a SID");
    let number: PhoneNumberSid = TOLL_FREE.parse().expect("a SID");
    let local: PhoneNumberSid = LOCAL.parse().expect("a SID");
    let campaign = async |sid| registration::has_campaign(&scoped, sid).await.expect("readable");
    let verified = async |sid| registration::is_verified(&scoped, sid).await.expect("readable");
    assert!(!campaign(service).await && !verified(number).await);

    let brand = site.brand("STANDARD", "1").await;
    site.rule(last(&brand), approved()).await.assert_status(200);
    let made = sid(site.campaign(SERVICE, last(&brand), &[]).await.assert_status(201));
    let verification = sid(site.verification(&[]).await.assert_status(201));
    assert!(!campaign(service).await && !verified(number).await, "submitted is not registered");
    site.rule(&made, approved()).await.assert_status(200);
    site.rule(&verification, approved()).await.assert_status(200);
    assert!(campaign(service).await && verified(number).await);
    assert!(!campaign(other).await && !verified(local).await);
    let theirs = site.app.services.store.scope(site.app.other.scope());
    assert!(!registration::has_campaign(&theirs, service).await.expect("readable"));
    site.rule(&made, rejected(30_885)).await.assert_status(200);
    site.rule(&verification, rejected(30_460)).await.assert_status(200);
    assert!(!campaign(service).await && !verified(number).await, "what was taken back is not registered");
}
