//! Long codes and toll-free numbers that are not registered, where the account wants that to matter and where not.

use base::MessageSid;
use test_kit::{TestAccount, TestDatabase};

use crate::site::{CLINIC, OWN, PATIENT, Site, edit_account, sid};

const TOLL_FREE: &str = "+18005550100";
const CANADIAN: &str = "+14165550177";
const LONDONER: &str = "+442071838751";

async fn enforce(site: &Site, account: &TestAccount) {
    edit_account(&site.app, account.sid, |facts| facts.settings.enforce_registration = true).await;
}

async fn send(site: &Site, account: &TestAccount, from: &str, to: &str) -> MessageSid {
    let reply = site.post(account, &[("To", to), ("From", from), ("Body", "Hello")]).await;
    sid(reply.assert_status(201))
}

async fn fails(site: &Site, account: &TestAccount, message: MessageSid, code: u32) {
    let failed = site.wait_status(account, message, "failed").await;
    assert_eq!(failed["error_code"], code);
    assert!(failed["error_message"].as_str().is_some_and(|text| !text.contains("refused")), "{failed}");
}

async fn unregistered(mut site: Site) {
    site.run();
    let owner = &site.app.owner;
    site.open_countries(&["GB"]).await;
    let service = site.service_with(owner, &[TOLL_FREE], &[]).await;
    // Nothing is registered, and nobody minds.
    for from in [OWN, TOLL_FREE] {
        let message = send(&site, owner, from, PATIENT).await;
        site.wait_status(owner, message, "sent").await;
    }
    enforce(&site, owner).await;
    let message = send(&site, owner, OWN, PATIENT).await;
    fails(&site, owner, message, 30_034).await;
    assert_eq!(site.only_alert(owner).await, 30_034);
    for to in [PATIENT, CANADIAN] {
        let message = send(&site, owner, TOLL_FREE, to).await;
        fails(&site, owner, message, 30_032).await;
    }
    // Carriers elsewhere do not ask.
    for (from, to) in [(OWN, CANADIAN), (OWN, LONDONER), (TOLL_FREE, LONDONER)] {
        let message = send(&site, owner, from, to).await;
        site.wait_status(owner, message, "sent").await;
    }

    let number = site.number_sid(owner, TOLL_FREE).await;
    site.registrations.add(&number);
    let message = send(&site, owner, TOLL_FREE, PATIENT).await;
    site.wait_status(owner, message, "sent").await;
    // A campaign is its service's: a number outside has none.
    site.registrations.add(&service);
    let message = send(&site, owner, OWN, PATIENT).await;
    fails(&site, owner, message, 30_034).await;
    site.join(owner, &service, OWN).await.assert_status(201);
    let message = send(&site, owner, OWN, PATIENT).await;
    site.wait_status(owner, message, "sent").await;
    site.stop().await;
}

#[tokio::test]
async fn senders_that_are_not_registered_are_stopped_where_the_account_says_so_on_sqlite() {
    unregistered(Site::idle().await).await;
}

#[tokio::test]
async fn senders_that_are_not_registered_are_stopped_where_the_account_says_so_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    unregistered(Site::idle_on(&database).await).await;
}

#[tokio::test]
async fn answers_are_held_to_registration_as_well() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    enforce(&site, owner).await;
    site.arrive(owner, "STOP").await;
    site.settle().await;
    // The confirmation went nowhere, but the order is heeded.
    assert!(site.carrier.taken().is_empty());
    assert_eq!(site.only_alert(owner).await, 30_034);
    site.send(owner, "x", &[]).await.assert_error(400, 21610);
}

#[tokio::test]
async fn a_hipaa_project_is_held_to_registration_only_when_it_says_so() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = send(&site, hipaa, CLINIC, PATIENT).await;
    site.wait_status(hipaa, message, "sent").await;
    enforce(&site, hipaa).await;
    let message = send(&site, hipaa, CLINIC, PATIENT).await;
    fails(&site, hipaa, message, 30_034).await;
    // It ends as everything does in one: redacted.
    assert_eq!(site.fetch(hipaa, message).await["body"], "");
}
