//! The rules that the carrier enforces, against our simulated SMSC.
#![expect(non_snake_case, reason = "tests are named after their rules")]

use smpp_net::smsc::SmscSettings;

use crate::site::{PATIENT, PROJECTS, Site, to};
use crate::smsc::RunningSmsc;

const INTERCONNECT: &str =
    "interconnect = [\"127.0.0.0/8\"]\ninterconnect_attested_by = \"Jane Doe, 2026-11-22\"";
/// The code of a message that has no private way out.
const NOT_PRIVATE: u32 = 77_005;
/// The code of a message whose carrier is not in the register.
const NOT_REGISTERED: u32 = 77_006;
/// A day that is far away.
const LATER: &str = "2099-12-31";

async fn site(more: &str) -> (RunningSmsc, Site) {
    let smsc = RunningSmsc::start(SmscSettings::default()).await;
    let mut site = Site::start(&to("main", smsc.port, more)).await;
    site.work();
    (smsc, site)
}

#[tokio::test(flavor = "multi_thread")]
async fn art_ctrl_trans__refuses_cleartext_bind() {
    let (_smsc, site) = site("").await;
    site.bound("main").await;
    let sid = site.send_from_project("hello").await;
    assert_eq!(site.wait_status_in_project(&sid, "failed").await["error_code"], NOT_PRIVATE);
    // Another account's message may leave.
    let sid = site.send("hello").await;
    site.wait_status(&sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn art_ctrl_trans__allows_attested_interconnect() {
    let (_smsc, site) = site(INTERCONNECT).await;
    site.bound("main").await;
    let sid = site.send_from_project("hello").await;
    site.wait_status_in_project(&sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn art_ctrl_trans__refuses_smsc_outside_the_interconnect() {
    let elsewhere = INTERCONNECT.replace("127.0.0.0/8", "10.0.0.0/8");
    let (mut smsc, site) = site(&elsewhere).await;
    // The second bind is there to see that time has passed.
    smsc.nobody_binds().await;
    assert!(site.submit("hello").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn art_ctrl_trans__passes_over_cleartext_for_private() {
    let mut open = RunningSmsc::start(SmscSettings::default()).await;
    let mut private = RunningSmsc::start(SmscSettings::default()).await;
    let config = to("open", open.port, "") + &to("private", private.port, INTERCONNECT);
    let mut site = Site::start(&config).await;
    site.work();
    site.bound("open").await;
    site.bound("private").await;
    let sid = site.send_from_project("hello").await;
    site.wait_status_in_project(&sid, "delivered").await;
    assert_eq!(private.text().await, "hello");
    site.submit("not protected").await.unwrap();
    assert_eq!(open.text().await, "not protected");
}

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__allows_a_carrier_of_the_register() {
    let (_smsc, site) = site(INTERCONNECT).await;
    site.bound("main").await;
    site.app.register(&site.app.hipaa, &["127.0.0.1"], "messaging", LATER).await;
    let sid = site.send_from_project("hello").await;
    site.wait_status_in_project(&sid, "delivered").await;
}

/// A register of the HIPAA project that does not cover the SMSC.
const UNCOVERED: [(&str, &str, &str); 3] = [
    ("smsc.elsewhere.example", "messaging", LATER),
    ("127.0.0.1", "lookup", LATER),
    ("127.0.0.1", "messaging", "2020-12-31"),
];

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__refuses_at_the_api_what_no_registered_carrier_takes() {
    for (host, service, expires) in UNCOVERED {
        let (_smsc, site) = site(INTERCONNECT).await;
        site.app.register(&site.app.hipaa, &[host], service, expires).await;
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", site.app.hipaa.sid);
        let fields = [("To", PATIENT), ("From", PROJECTS), ("Body", "hello")];
        let reply = site.app.post_form(&site.app.hipaa, "api", &path, &fields).await;
        reply.assert_refused("ART-BAA-4", u64::from(NOT_REGISTERED));
    }
}

/// Goal: what was accepted obeys the register as it is when it leaves. Method: a message is accepted before there is a
/// register, and handed over after.
#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__refuses_a_carrier_outside_the_register_or_its_agreement() {
    for (host, service, expires) in UNCOVERED {
        let smsc = RunningSmsc::start(SmscSettings::default()).await;
        let mut site = Site::start(&to("main", smsc.port, INTERCONNECT)).await;
        site.bound("main").await;
        let sid = site.send_from_project("hello").await;
        site.app.register(&site.app.hipaa, &[host], service, expires).await;
        site.work();
        let failed = site.wait_status_in_project(&sid, "failed").await;
        assert_eq!(failed["error_code"], NOT_REGISTERED, "{host} {service} {expires}");
        // Its owner is told, and another account's message may leave.
        let alerts = site.app.services.store.scope(site.app.hipaa.scope());
        let query = store::Query { limit: 10, ..store::Query::default() };
        let alerts = alerts.list::<webhooks::Alert>(query).await.unwrap().documents;
        assert_eq!(alerts.iter().map(|it| it.facts.error_code).collect::<Vec<_>>(), [NOT_REGISTERED]);
        assert_eq!(alerts[0].facts.resource_sid.as_deref(), Some(sid.as_str()));
        let sid = site.send("another").await;
        site.wait_status(&sid, "delivered").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__passes_over_a_carrier_outside_the_register() {
    let mut known = RunningSmsc::start(SmscSettings::default()).await;
    let other = RunningSmsc::start(SmscSettings::default()).await;
    let elsewhere = to("other", other.port, INTERCONNECT).replace("127.0.0.1", "localhost");
    let mut site = Site::start(&(elsewhere + &to("known", known.port, INTERCONNECT))).await;
    site.work();
    site.bound("known").await;
    site.bound("other").await;
    site.app.register(&site.app.hipaa, &["127.0.0.1"], "messaging", LATER).await;
    let sid = site.send_from_project("hello").await;
    site.wait_status_in_project(&sid, "delivered").await;
    assert_eq!(known.text().await, "hello");
}
