//! The rules that the carrier enforces, against our simulated SMSC.
#![expect(non_snake_case, reason = "tests are named after their rules")]

use smpp_net::smsc::SmscSettings;

use crate::site::{Site, to};
use crate::smsc::RunningSmsc;

const INTERCONNECT: &str =
    "interconnect = [\"127.0.0.0/8\"]\ninterconnect_attested_by = \"Jane Doe, 2026-11-22\"";
/// The code of a message that has no private way out.
const NOT_PRIVATE: u32 = 77_005;

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
