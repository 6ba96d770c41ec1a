//! Who read what stands in the ledger; what a business said stands nowhere in clear text.

use test_kit::contains_bytes;

use crate::site::{Site, VERIFICATIONS, sid};

const CANARY: &str = "Canaryname";

#[tokio::test]
async fn contacts_are_nowhere_in_clear_text() {
    let site = Site::start().await;
    let contact = [
        ("BusinessContactLastName", CANARY),
        ("BusinessContactPhone", "+14155550177"),
        ("ExternalReferenceId", "Canaryreference"),
        ("AdditionalInformation", "30836"),
    ];
    let made = site.verification(&contact).await;
    let path = format!("{VERIFICATIONS}/{}", sid(made.assert_status(201)));
    assert_eq!(site.wait(&path, "TWILIO_REJECTED").await["business_contact_last_name"], CANARY);
    let brand = site.approved().await;
    let flow = format!("{CANARY} gives her number at the desk and wants reminders.");
    site.campaign(crate::site::SERVICE, &brand, &[("MessageFlow", &flow)]).await.assert_status(201);
    site.app
        .get(&site.app.owner, "messaging", &format!("{VERIFICATIONS}?ExternalReferenceId=Canaryreference"))
        .await;
    for canary in [CANARY, "4155550177", "Canaryreference", "gives her number"] {
        assert!(!contains_bytes(site.app.data_dir(), canary.as_bytes()), "{canary}");
    }
}

#[tokio::test]
async fn every_reading_is_recorded() {
    let site = Site::idle().await;
    let made = site.verification(&[]).await;
    let path = format!("{VERIFICATIONS}/{}", sid(made.assert_status(201)));
    site.get(&path).await;
    site.get(VERIFICATIONS).await;
    let entries = site.app.ledger_actions(site.app.owner.scope()).await;
    for action in ["fetch_tollfree_verification", "list_tollfree_verification"] {
        let entry = entries.iter().find(|entry| entry.act == action).expect("an entry");
        assert_eq!((&entry.what[..], &entry.fields[..]), (&[sid(&made)][..], &["business".to_owned()][..]));
    }
}
