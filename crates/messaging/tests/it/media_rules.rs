//! The guide's rules about media, each both ways.

use test_kit::TestAccount;

use crate::media::{PICTURE, file};
use crate::site::{Site, edit_account};

/// The path of a medium that came in to an account's number.
async fn arrived(site: &Site, account: &TestAccount) -> String {
    site.configure(account, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let before = site.sink.requests().len();
    site.arrive_with(account, "x", &[PICTURE]).await;
    let told = site.requests(before + 1).await;
    let url = told[before].parameter("MediaUrl0").expect("a link");
    url.strip_prefix("https://api.twilio.com").expect("the API").to_owned()
}

async fn get(site: &Site, who: Option<&str>, path: &str) -> u16 {
    let mut request = http::Request::get(path).extension(kit::ReceivedPath(path.to_owned()));
    if let Some(header) = who {
        request = request.header("authorization", header);
    }
    site.app.send("api", request.body(kit::Body::empty()).expect("a path")).await.status
}

#[tokio::test]
async fn sms_mms_1__refuses_media_without_credentials() {
    let site = Site::start().await;
    for account in [&site.app.hipaa, &site.app.owner] {
        let path = arrived(&site, account).await;
        assert_eq!(get(&site, None, &path).await, 401);
        let wrong = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp4";
        assert_eq!(get(&site, Some(wrong), &path).await, 401);
        let other = site.app.other.as_ref().header();
        assert_eq!(get(&site, other.as_deref(), &path).await, 404);
    }
}

#[tokio::test]
async fn sms_mms_1__allows_media_with_credentials() {
    let site = Site::start().await;
    for account in [&site.app.hipaa, &site.app.owner] {
        let path = arrived(&site, account).await;
        let header = account.as_ref().header();
        assert_eq!(get(&site, header.as_deref(), &path).await, 200);
    }
}

#[tokio::test]
async fn gen_https_2__refuses_media_over_plain_http() {
    let site = Site::idle().await;
    let fields = [("MediaUrl", "http://media.example/a.png")];
    site.send(&site.app.hipaa, "x", &fields).await.assert_refused("GEN-HTTPS-2", 77_117);
    site.send(&site.app.owner, "x", &fields).await.assert_status(201);
}

#[tokio::test]
async fn sms_bot_1__refuses_media_from_a_host_that_the_register_lacks() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    site.app.register(hipaa, &["media.example"], "messaging", "2030-01-01").await;
    let stranger = [("MediaUrl", "https://stranger.example/a.png")];
    site.send(hipaa, "x", &stranger).await.assert_refused("SMS-BOT-1", 77_301);
}

#[tokio::test]
async fn sms_bot_1__allows_media_from_a_host_of_the_register() {
    let site = Site::idle().await;
    let hipaa = &site.app.hipaa;
    site.app.register(hipaa, &["media.example"], "messaging", "2030-01-01").await;
    site.send(hipaa, "x", &[("MediaUrl", "https://media.example/a.png")]).await.assert_status(201);
}

#[tokio::test]
async fn what_is_refused_when_it_is_fetched_fails_the_message() {
    let mut site = Site::idle().await;
    site.sink.answer("/a.png", file(PICTURE));
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, "x", &[("MediaUrl", &site.sink.url("/a.png"))]).await;
    site.app.register(hipaa, &["media.example"], "messaging", "2030-01-01").await;
    edit_account(&site.app, hipaa.sid, |_| {}).await;
    site.run();
    let failed = site.wait_status(&site.app.hipaa, message, "failed").await;
    assert_eq!(failed["error_code"], 77_301);
    assert!(site.sink.requests().is_empty());
}
