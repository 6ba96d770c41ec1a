//! Messages whose callback never comes are asked about, and not for ever.

use messaging::carrier::Receipt;
use upstream::limits::{CALLBACK_WAIT, FOLLOWED};

use crate::door::Fault;
use crate::site::{Site, eventually};

async fn unheard() -> Site {
    let site = Site::start().await;
    let lost = Fault::Answer(503, Vec::new(), String::new());
    site.near_door.script("/switchward/v1/UpstreamStatuses/", &vec![lost; 1_000]);
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_callbacks_is_asked_about() {
    let site = unheard().await;
    let sid = site.send("Hello").await;
    site.wait(sid, "sent").await;
    site.wait_delivered(1).await;
    site.receipt(0, Receipt::Undelivered(30_005)).await;
    site.pass(CALLBACK_WAIT).await;
    assert_eq!(site.wait(sid, "undelivered").await["error_code"], 30_005);
    let jobs = site.near.services.store.jobs();
    eventually("its record has ended", async || jobs.depth("upstream.follow").await.unwrap() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_ever() {
    let site = unheard().await;
    let sid = site.send("Hello").await;
    site.wait(sid, "sent").await;
    let jobs = site.near.services.store.jobs();
    assert_eq!(jobs.depth("upstream.follow").await.unwrap(), 1);
    site.pass(CALLBACK_WAIT).await;
    eventually("it is asked about", async || site.far_door.count("GET", "/2010") == 1).await;
    site.pass(FOLLOWED).await;
    eventually("its record has ended", async || jobs.depth("upstream.follow").await.unwrap() == 0).await;
    assert_eq!(site.fetch(&site.near.owner, sid).await["status"], "sent");
}
