//! Messages with media: out through the fetch and the carrier port, in from the carrier, and the Media resource.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use messaging::carrier::{Arrival, ArrivedMedia, Receipt};
use messaging::{ArrivalError, limits};
pub use raw::get_raw;
use raw::head_raw;
use test_kit::{Reply, SinkReply, contains_bytes};

use crate::site::{API, OWN, PATIENT, Site, eventually, message_path};

/// A picture, as far as its beginning says, with a text in it that stands nowhere else.
pub const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n canary-5c1d mammography of Jane";
const FILM: &[u8] = b"\0\0\0\x18ftypmp42 film";
const CANARY: &[u8] = b"canary-5c1d";

/// An answer of the customer's server.
pub fn file(bytes: &'static [u8]) -> SinkReply {
    SinkReply {
        status: 200,
        content_type: "text/plain",
        body: Bytes::from_static(bytes),
        ..SinkReply::default()
    }
}

mod raw {
    //! Requests that the vocabulary of tests has no verb for.

    use http::{Method, Request};
    use test_kit::{Reply, TestAccount, TestApp};

    use crate::site::API;

    async fn send(
        app: &TestApp,
        who: Option<&TestAccount>,
        method: Method,
        path: &str,
        range: Option<&str>,
    ) -> Reply {
        let received = kit::ReceivedPath(path.to_owned());
        let mut request = Request::builder().method(method).uri(path).extension(received);
        if let Some(header) = who.and_then(|who| who.as_ref().header()) {
            request = request.header("authorization", header);
        }
        if let Some(range) = range {
            request = request.header("range", range);
        }
        app.send(API, request.body(kit::Body::empty()).expect("a path")).await
    }

    pub async fn get_raw(app: &TestApp, who: Option<&TestAccount>, path: &str, range: Option<&str>) -> Reply {
        send(app, who, Method::GET, path, range).await
    }

    pub async fn head_raw(app: &TestApp, who: Option<&TestAccount>, path: &str) -> Reply {
        send(app, who, Method::HEAD, path, None).await
    }
}

/// The paths, without `.json`, of the media that a message lists.
pub async fn listed(site: &Site, path: &str) -> Vec<String> {
    let path = path.replace(".json", "/Media.json");
    let reply = site.app.get(&site.app.owner, API, &path).await;
    let media = reply.assert_status(200).json["media_list"].as_array().expect("a list").clone();
    media.iter().map(|medium| medium["uri"].as_str().expect("a path").replace(".json", "")).collect()
}

async fn with_picture(site: &Site) -> (String, String) {
    site.sink.answer("/a.png", file(PICTURE));
    let message = site.accepted(&site.app.owner, "Look", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    site.wait_status(&site.app.owner, message, "sent").await;
    let path = message_path(&site.app.owner, message);
    let media = listed(site, &path).await.remove(0);
    (path, media)
}

#[tokio::test]
async fn media_are_fetched_and_handed_over_with_the_text() {
    let site = Site::start().await;
    site.sink.answer("/a.png", file(PICTURE));
    site.sink.answer("/b", file(FILM));
    let (first, second) = (site.sink.url("/a.png"), site.sink.url("/b"));
    let reply = site.send(&site.app.owner, "Look", &[("MediaUrl", &first), ("MediaUrl", &second)]).await;
    let json = &reply.assert_status(201).json;
    assert!(json["sid"].as_str().is_some_and(|sid| sid.starts_with("MM")));
    assert_eq!((&json["num_media"], &json["num_segments"]), (&"2".into(), &"1".into()));
    let taken = site.handed(1).await.remove(0);
    assert!(taken.is_mms);
    assert_eq!(taken.body, "Look");
    let expected = [("image/png".to_owned(), PICTURE.to_vec()), ("video/mp4".to_owned(), FILM.to_vec())];
    assert_eq!(taken.media, expected, "by the looks of the bytes, not by what the server says");
    let actions = site.app.ledger_actions(site.app.owner.scope()).await;
    let handed = actions.iter().find(|entry| entry.act == "hand_to_carrier").expect("an entry");
    assert!(handed.fields.iter().any(|field| field == "media"));
}

#[tokio::test]
async fn a_medium_needs_no_text_and_a_text_can_leave_as_mms() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.sink.answer("/a.png", file(PICTURE));
    let url = site.sink.url("/a.png");
    site.post(owner, &[("To", PATIENT), ("From", OWN), ("MediaUrl", &url)]).await.assert_status(201);
    site.send(owner, &"long ".repeat(100), &[("SendAsMms", "true")]).await.assert_status(201);
    let taken = site.handed(2).await;
    let mut kinds: Vec<_> =
        taken.iter().map(|taken| (taken.is_mms, taken.media.len(), taken.segments)).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [(true, 0, 1), (true, 1, 1)]);
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let url = "https://media.example/a.png";
    let many = vec![("MediaUrl", url); limits::MAX_MEDIA + 1];
    site.send(owner, "x", &many).await.assert_error(400, 21_623);
    site.send(owner, "x", &many[1..]).await.assert_status(201);
    site.send(owner, "x", &[("MediaUrl", "/a.png")]).await.assert_error(400, 21_620);
    site.post(owner, &[("To", PATIENT), ("From", OWN), ("MediaUrl", "")]).await.assert_error(400, 21_602);
}

#[tokio::test]
async fn what_cannot_be_fetched_fails_the_message_and_raises_an_alert() {
    let html = file(b"<html><script>");
    let large: &'static [u8] = vec![0xff; limits::MAX_MEDIA_BYTES + 1].leak();
    for (reply, code) in [(html, 12_300), (SinkReply::status(404), 11_200), (file(large), 11_751)] {
        let site = Site::start().await;
        let owner = &site.app.owner;
        site.sink.answer("/a", reply);
        let callback = site.sink.url("/status");
        let fields = [("MediaUrl", site.sink.url("/a")), ("StatusCallback", callback)];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let message = site.accepted(owner, "Look", &fields).await;
        let failed = site.wait_status(owner, message, "failed").await;
        assert_eq!(failed["error_code"], code);
        assert!(failed["error_message"].as_str().is_some_and(|text| !text.contains("refused")));
        assert!(site.carrier.taken().is_empty());
        assert_eq!(site.only_alert(owner).await, code);
        assert!(listed(&site, &message_path(owner, message)).await.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    let site = Site::start().await;
    site.sink.answer_once("/a.png", SinkReply::status(503));
    site.sink.answer("/a.png", file(PICTURE));
    let message = site.accepted(&site.app.owner, "Look", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    site.requests(1).await;
    eventually("the message is sent", async || {
        site.app.advance(Duration::from_secs(60));
        site.fetch(&site.app.owner, message).await["status"] == "sent"
    })
    .await;
    assert_eq!(site.carrier.taken().len(), 1);
}

#[tokio::test]
async fn a_carrier_without_mms_gets_none() {
    let site = Site::start().await;
    site.sink.answer("/a.png", file(PICTURE));
    site.carrier.texts_only.store(true, Ordering::Relaxed);
    let message = site.accepted(&site.app.owner, "Look", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    let failed = site.wait_status(&site.app.owner, message, "failed").await;
    assert_eq!(failed["error_code"], 30_011);
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn addresses_inside_are_never_asked_for_media() {
    let site = Site::start().await;
    for url in ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/a.png", "http://[fd00::1]/a.png"]
    {
        let message = site.accepted(&site.app.owner, "Look", &[("MediaUrl", url)]).await;
        eventually("it fails", async || {
            site.app.advance(Duration::from_secs(60));
            site.fetch(&site.app.owner, message).await["status"] == "failed"
        })
        .await;
    }
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn the_media_resource_shows_fetches_and_deletes() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (_, path) = with_picture(&site).await;
    let shown = site.app.get(owner, API, &format!("{path}.json")).await;
    let json = &shown.assert_status(200).json;
    assert_eq!(json["content_type"], "image/png");
    let keys: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    let published =
        ["account_sid", "content_type", "date_created", "date_updated", "parent_sid", "sid", "uri"];
    assert_eq!(keys, published);
    assert_eq!(json["uri"], format!("{path}.json"));

    let bytes = get_raw(&site.app, Some(owner), &path, None).await;
    assert_eq!(bytes.assert_status(200).bytes, PICTURE);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("content-length", &PICTURE.len().to_string()),
    ] {
        assert_eq!(bytes.headers[name], value, "{name}");
    }
    let head = head_raw(&site.app, Some(owner), &path).await;
    assert!(
        head.status == 200
            && head.bytes.is_empty()
            && head.headers["content-length"] == PICTURE.len().to_string()
    );

    site.app.delete(owner, API, &format!("{path}.json")).await.assert_status(204);
    for gone in [
        site.app.get(owner, API, &format!("{path}.json")).await,
        get_raw(&site.app, Some(owner), &path, None).await,
        site.app.delete(owner, API, &format!("{path}.json")).await,
    ] {
        gone.assert_error(404, 20_404);
    }
    assert!(site.app.services.blobs.names().await.expect("a list").is_empty());
}

#[tokio::test]
async fn parts_of_the_bytes_can_be_asked_for() {
    let site = Site::start().await;
    let (_, path) = with_picture(&site).await;
    let owner = &site.app.owner;
    let size = PICTURE.len();
    let part = |range: &'static str| get_raw(&site.app, Some(owner), &path, Some(range));
    for (range, expected, content) in [
        ("bytes=1-3", &PICTURE[1..4], format!("bytes 1-3/{size}")),
        ("bytes=-4", &PICTURE[size - 4..], format!("bytes {}-{}/{size}", size - 4, size - 1)),
    ] {
        let reply: Reply = part(range).await;
        assert_eq!((reply.status, reply.bytes.as_slice()), (206, expected));
        assert_eq!(reply.headers["content-range"], content);
    }
    let beyond = part("bytes=1000-").await;
    assert_eq!((beyond.status, beyond.bytes.len()), (416, 0));
    assert_eq!(beyond.headers["content-range"], format!("bytes */{size}"));
}

#[tokio::test]
async fn nobody_elses_and_no_other_messages_media_are_found() {
    let site = Site::start().await;
    let (message, path) = with_picture(&site).await;
    let other = site.accepted(&site.app.owner, "x", &[]).await;
    let sid = path.rsplit('/').next().expect("a SID");
    let elsewhere = message_path(&site.app.owner, other).replace(".json", &format!("/Media/{sid}"));
    get_raw(&site.app, Some(&site.app.owner), &elsewhere, None).await.assert_error(404, 20_404);
    assert_eq!(get_raw(&site.app, Some(&site.app.other), &path, None).await.status, 404);
    site.app.delete(&site.app.owner, API, &message).await.assert_status(204);
    get_raw(&site.app, Some(&site.app.owner), &path, None).await.assert_error(404, 20_404);
    assert!(site.app.services.blobs.names().await.expect("a list").is_empty(), "deleted with their message");
}

#[tokio::test]
async fn the_ledger_is_written_before_a_byte_is_opened() {
    let site = Site::start().await;
    let (_, path) = with_picture(&site).await;
    let sid = path.rsplit('/').next().expect("a SID").to_owned();
    let reads = async || {
        let entries = site.app.ledger_actions(site.app.owner.scope()).await;
        let opened = |entry: &&ledger::RecordedEntry| entry.act == "fetch_media" && entry.what.contains(&sid);
        entries
            .iter()
            .filter(opened)
            .filter(|entry| entry.fields.iter().any(|field| field == "media"))
            .count()
    };
    assert_eq!(reads().await, 0);
    get_raw(&site.app, Some(&site.app.owner), &path, None).await.assert_status(200);
    assert_eq!(reads().await, 1);
    get_raw(&site.app, Some(&site.app.owner), &path, Some("bytes=0-1")).await.assert_status(206);
    assert_eq!(reads().await, 2, "each use");
}

#[tokio::test]
async fn what_comes_in_is_told_and_can_be_fetched() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.configure(owner, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let message = site.arrive_with(owner, "", &[PICTURE, b"#!/bin/sh"]).await;
    let request = site.requests(1).await.remove(0);
    let told = |name| request.parameter(name).unwrap_or_default();
    assert_eq!((told("NumMedia").as_str(), told("Body").as_str()), ("2", ""));
    assert_eq!(told("MediaContentType0"), "image/png");
    assert_eq!(told("MediaContentType1"), "application/octet-stream", "nothing that a browser would run");
    let path = told("MediaUrl0").strip_prefix("https://api.twilio.com").expect("the API").to_owned();
    assert_eq!(get_raw(&site.app, Some(owner), &path, None).await.assert_status(200).bytes, PICTURE);
    assert_eq!(site.fetch(owner, message).await["num_media"], "2");
}

#[tokio::test]
async fn too_much_at_once_is_not_taken() {
    let site = Site::idle().await;
    let arrival = |media: Vec<Vec<u8>>| Arrival {
        from: PATIENT.to_owned(),
        to: OWN.to_owned(),
        body: String::new(),
        media: media.into_iter().map(|bytes| ArrivedMedia { bytes }).collect(),
    };
    for media in [vec![vec![0]; limits::MAX_MEDIA + 1], vec![vec![0; limits::MAX_MEDIA_BYTES + 1]]] {
        let refused = site.inbox.arrival(arrival(media)).await;
        assert!(matches!(refused, Err(ArrivalError::TooLarge)));
    }
    assert!(site.app.services.blobs.names().await.expect("a list").is_empty());
}

#[tokio::test]
async fn an_answer_can_bring_media() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.configure(owner, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    site.sink.answer("/a.png", file(PICTURE));
    let answer =
        format!("<Response><Message><Media>{}</Media></Message></Response>", site.sink.url("/a.png"));
    site.sink.answer("/sms", SinkReply::twiml(&answer));
    site.arrive(owner, "Hello").await;
    let taken = site.handed(1).await.remove(0);
    assert_eq!(taken.media, [("image/png".to_owned(), PICTURE.to_vec())]);
}

#[tokio::test]
async fn a_hipaa_project_keeps_no_media_and_nothing_is_ever_in_the_clear() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    site.configure(hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    site.sink.answer("/a.png", file(PICTURE));
    let sent = site.accepted(hipaa, "x", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    site.wait_status(hipaa, sent, "sent").await;
    site.arrive_with(hipaa, "x", &[PICTURE]).await;
    let told = async || {
        let requests = site.requests(2).await;
        requests.iter().find_map(|request| request.parameter("MediaUrl0")).unwrap_or_default()
    };
    eventually("the webhook is told", async || !told().await.is_empty()).await;
    site.settle().await;
    assert_eq!(site.app.services.blobs.names().await.expect("a list").len(), 2);
    assert!(!contains_bytes(site.app.data_dir(), CANARY), "the media are on disk, and sealed");

    site.receipt(hipaa, sent, Receipt::Delivered).await;
    let path = told().await.strip_prefix("https://api.twilio.com").expect("the API").to_owned();
    get_raw(&site.app, Some(hipaa), &path, None).await.assert_status(200);
    let list = message_path(hipaa, sent).replace(".json", "/Media.json");
    let reply = site.app.get(hipaa, API, &list).await;
    assert_eq!(reply.json["media_list"].as_array().map(Vec::len), Some(0), "destroyed once it is delivered");

    site.app.advance(limits::INBOUND_MEDIA_KEPT + Duration::from_secs(1));
    eventually("what came in is destroyed too", async || {
        get_raw(&site.app, Some(hipaa), &path, None).await.status == 404
    })
    .await;
    assert!(!contains_bytes(site.app.data_dir(), CANARY));
    let later = base::Clock::now(&base::SystemClock).plus(Duration::from_secs(7_200));
    let store = site.app.services.store.clone();
    let wanted = |name| {
        let store = store.clone();
        async move {
            Ok::<_, blobs::BlobError>(messaging::media::is_wanted(&store, &name).await.expect("readable"))
        }
    };
    let swept = site.app.services.blobs.sweep(later, wanted).await.expect("a sweep");
    assert_eq!((swept.seen, swept.removed), (2, 2), "nothing opens what is left");
}
