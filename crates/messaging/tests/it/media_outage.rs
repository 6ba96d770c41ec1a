//! When media cannot be written or read: nothing is acknowledged that is not there, nothing is lost, and texts go on.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use messaging::ArrivalError;
use messaging::carrier::{Arrival, ArrivedMedia};

use crate::media::{PICTURE, file, get_raw, listed};
use crate::site::{API, OWN, PATIENT, Site, eventually, message_path};

/// Takes the place of media away, and gives it back.
struct Place {
    blobs: PathBuf,
    aside: PathBuf,
}

impl Place {
    fn of(site: &Site) -> Self {
        let dir = site.app.data_dir();
        Self { blobs: dir.join("blobs"), aside: dir.join("aside") }
    }

    fn fail(&self) {
        fs::rename(&self.blobs, &self.aside).expect("a folder");
        // Not even root can write below a file.
        fs::write(&self.blobs, "").expect("a file");
    }

    fn heal(&self) {
        fs::remove_file(&self.blobs).expect("a file");
        fs::rename(&self.aside, &self.blobs).expect("a folder");
    }
}

fn arrival() -> Arrival {
    Arrival {
        from: PATIENT.to_owned(),
        to: OWN.to_owned(),
        body: "Look".to_owned(),
        media: vec![ArrivedMedia { bytes: PICTURE.to_vec() }],
    }
}

#[tokio::test]
async fn what_comes_in_with_media_is_not_acknowledged_and_taken_when_it_is_sent_again() {
    let site = Site::start().await;
    let place = Place::of(&site);
    place.fail();
    let refused = site.inbox.arrival(arrival()).await;
    assert!(matches!(refused, Err(ArrivalError::Store(store::StoreError::Unavailable(_)))));
    site.inbox.arrival(Arrival { media: Vec::new(), ..arrival() }).await.expect("texts go on");
    place.heal();
    let message = site.inbox.arrival(arrival()).await.expect("it is kept");
    let path = message_path(&site.app.owner, message);
    let media = listed(&site, &path).await.remove(0);
    assert_eq!(
        get_raw(&site.app, Some(&site.app.owner), &media, None).await.assert_status(200).bytes,
        PICTURE
    );
    let all = format!("/2010-04-01/Accounts/{}/Messages.json", site.app.owner.sid);
    let all = site.app.get(&site.app.owner, API, &all).await;
    assert_eq!(all.json["messages"].as_array().map(Vec::len), Some(2), "and nothing is there of the first");
}

#[tokio::test]
async fn what_goes_out_with_media_stays_queued_and_is_sent_later() {
    let site = Site::start().await;
    let place = Place::of(&site);
    site.sink.answer("/a.png", file(PICTURE));
    place.fail();
    let message = site.accepted(&site.app.owner, "Look", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    site.requests(1).await;
    assert_eq!(site.fetch(&site.app.owner, message).await["status"], "queued");
    place.heal();
    eventually("it is sent", async || {
        site.app.advance(Duration::from_secs(60));
        site.fetch(&site.app.owner, message).await["status"] == "sent"
    })
    .await;
    let taken = site.carrier.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].media, [("image/png".to_owned(), PICTURE.to_vec())]);
}

#[tokio::test]
async fn what_is_read_is_503_in_the_shape_of_the_api() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.inbox.arrival(arrival()).await.expect("it is kept");
    let media = listed(&site, &message_path(owner, message)).await.remove(0);
    let place = Place::of(&site);
    place.fail();
    get_raw(&site.app, Some(owner), &media, None).await.assert_error(503, 20_503);
    get_raw(&site.app, Some(owner), &media, Some("bytes=0-1")).await.assert_error(503, 20_503);
    site.app.get(owner, API, &format!("{media}.json")).await.assert_status(200);
    place.heal();
    get_raw(&site.app, Some(owner), &media, None).await.assert_status(200);
}
