//! The rate of a sender: what is too fast waits in the queue, and nobody else waits with it.

use std::time::{Duration, Instant};

use smpp_net::smsc::SmscSettings;
use tokio::time::{interval, timeout};

use crate::peer::PATIENCE;
use crate::site::{Site, to};
use crate::smsc::RunningSmsc;

/// How many messages of the site were sent.
async fn sent(site: &Site) -> usize {
    let messages = site.messages().await;
    messages.iter().filter(|message| message["status"] == "sent" || message["status"] == "delivered").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fast_sender_waits_in_the_queue_and_another_does_not() {
    let mut smsc = RunningSmsc::start(SmscSettings::default()).await;
    let mut site = Site::start(&format!("long_code_rate = 2.0\n{}", to("main", smsc.port, ""))).await;
    site.bound("main").await;
    for number in 1..=5 {
        site.send(&format!("fast {number}")).await;
    }
    let started = Instant::now();
    site.work();
    site.send_from_other("slow").await;
    // The queue's clock runs twenty times as fast as ours, so every turn comes early; still no message goes
    // before it may.
    let all = timeout(PATIENCE, async {
        let mut ticks = interval(Duration::from_millis(50));
        while sent(&site).await < 6 {
            ticks.tick().await;
            site.app.advance(Duration::from_secs(1));
        }
    });
    all.await.expect("all of them are sent");
    assert!(started.elapsed() > Duration::from_millis(1_200), "{:?}", started.elapsed());
    let mut texts = Vec::new();
    for _ in 0..6 {
        texts.push(smsc.text().await);
    }
    assert_ne!(texts.last().map(String::as_str), Some("slow"));
    texts.retain(|text| text != "slow");
    assert_eq!(texts, ["fast 1", "fast 2", "fast 3", "fast 4", "fast 5"]);
}
