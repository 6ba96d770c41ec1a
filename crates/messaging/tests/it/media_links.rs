//! Links that open one medium without credentials: who gets one, what it is bound to, and when it ends.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use auth::AccountStatus;
use http::{Method, Request};
use kit::Origin;
use ledger::RecordedEntry;
use messaging::limits;
use serde_json::{Value, json};
use test_kit::{Credentials, Reply, TestAccount};

use crate::media::PICTURE;
use crate::site::{API, MESSAGING, Site, edit_account};

const OURS: &str = "switchward";
const JSON: &str = "application/json";
/// Who opens a link in these tests.
const HOLDER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// A message that came in with a picture: the paths of the message and the medium in the 2010 API.
struct Arrived {
    account: String,
    message: String,
    media: String,
}

impl Arrived {
    async fn new(site: &Site, account: &TestAccount) -> Self {
        // In a HIPAA project media stay until the webhook was told.
        site.configure(account, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
        let message = site.arrive_with(account, "x", &[PICTURE]).await.to_string();
        let path = format!("/2010-04-01/Accounts/{}/Messages/{message}/Media.json", account.sid);
        let listed = site.app.get(account, API, &path).await;
        let media = listed.json["media_list"][0]["sid"].as_str().expect("a medium").to_owned();
        Self { account: account.sid.to_string(), message, media }
    }

    fn path(&self) -> String {
        let Self { account, message, media } = self;
        format!("/switchward/v1/Accounts/{account}/Messages/{message}/Media/{media}/Links")
    }

    fn medium(&self) -> String {
        let Self { account, message, media } = self;
        format!("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}.json")
    }

    async fn ask(&self, site: &Site, who: impl AsRef<Credentials>, body: Value) -> Reply {
        site.app.post_raw(who, OURS, &self.path(), body.to_string().into(), JSON).await
    }

    /// The path of a new link.
    async fn link(&self, site: &Site, who: &TestAccount) -> String {
        let reply = self.ask(site, who, json!({"purpose": "viewing"})).await;
        path_of(&reply.assert_status(201).json)
    }
}

fn path_of(link: &Value) -> String {
    let url = link["url"].as_str().expect("a link");
    url.strip_prefix("https://switchward.twilio.com").expect("as the caller reached us").to_owned()
}

/// Opens a link as somebody out there.
async fn follow(site: &Site, path: &str) -> Reply {
    follow_as(site, path, true, None).await
}

async fn follow_as(site: &Site, path: &str, secure: bool, range: Option<&str>) -> Reply {
    let base_url = "https://switchward.twilio.com".to_owned();
    let mut request =
        Request::builder().method(Method::GET).uri(path).extension(Origin { base_url, peer: HOLDER, secure });
    if let Some(range) = range {
        request = request.header("range", range);
    }
    site.app.send(OURS, request.body(kit::Body::empty()).expect("a path")).await
}

/// Whether this is the one answer to whatever is wrong with a link.
fn is_refused(reply: &Reply) -> bool {
    reply.status == 403 && reply.code() == Some(20_003) && reply.rule().is_none()
}

async fn uses(site: &Site, account: &TestAccount) -> Vec<RecordedEntry> {
    let mut entries = site.app.ledger_actions(account.scope()).await;
    entries.retain(|entry| entry.act == "open_media_link");
    entries
}

#[tokio::test]
async fn sms_mms_1__refuses_links_in_a_hipaa_project() {
    let site = Site::idle().await;
    let arrived = Arrived::new(&site, &site.app.hipaa).await;
    let refused = arrived.ask(&site, &site.app.hipaa, json!({"purpose": "carriage"})).await;
    refused.assert_refused("SMS-MMS-1", 77_277);

    // A link from before does not outlive the designation.
    let arrived = Arrived::new(&site, &site.app.owner).await;
    let link = arrived.link(&site, &site.app.owner).await;
    follow(&site, &link).await.assert_status(200);
    edit_account(&site.app, site.app.owner.sid, |facts| facts.designation.protected = true).await;
    assert!(is_refused(&follow(&site, &link).await));
}

#[tokio::test]
async fn sms_mms_1__allows_links_outside_a_hipaa_project() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let arrived = Arrived::new(&site, owner).await;
    let reply = arrived.ask(&site, owner, json!({"purpose": "carriage", "ttl_seconds": 60})).await;
    let link = &reply.assert_status(201).json;
    assert_eq!(link["date_created"], "2026-01-15T12:00:00Z");
    assert_eq!(link["date_expires"], "2026-01-15T12:01:00Z");
    let opened = follow(&site, &path_of(link)).await;
    assert_eq!(opened.assert_status(200).bytes, PICTURE);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(opened.headers[name], value, "{name}");
    }
    let part = follow_as(&site, &path_of(link), true, Some("bytes=1-3")).await;
    assert_eq!((part.status, part.bytes.as_slice()), (206, &PICTURE[1..4]));
}

#[tokio::test]
async fn only_credentials_of_the_account_get_a_link() {
    let site = Site::idle().await;
    let arrived = Arrived::new(&site, &site.app.owner).await;
    let asked = json!({"purpose": "viewing"});
    arrived.ask(&site, &Credentials::nobody(), asked.clone()).await.assert_error(401, 20_003);
    arrived.ask(&site, &site.app.other, asked.clone()).await.assert_error(404, 20_404);
    let key = site.app.restricted_key(&site.app.owner, &[auth::Permission::NumbersRead]).await;
    arrived.ask(&site, &key, asked.clone()).await.assert_error(403, 20_003);
    let elsewhere = Arrived { message: format!("SM{}", "0".repeat(32)), ..arrived };
    elsewhere.ask(&site, &site.app.owner, asked).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn a_link_lives_for_an_hour_at_most() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let arrived = Arrived::new(&site, owner).await;
    for wrong in [
        json!({"purpose": "viewing", "ttl_seconds": 3_601}),
        json!({"purpose": "viewing", "ttl_seconds": 0}),
        json!({"purpose": "viewing", "ttl_seconds": u64::MAX}),
        json!({"purpose": "anything"}),
        json!({}),
        json!({"purpose": "viewing", "more": 1}),
    ] {
        arrived.ask(&site, owner, wrong).await.assert_error(400, 20_001);
    }
    let longest = arrived.ask(&site, owner, json!({"purpose": "viewing", "ttl_seconds": 3_600})).await;
    let longest = path_of(&longest.assert_status(201).json);
    site.app.advance(limits::MAX_LINK_LIFE - Duration::from_secs(1));
    follow(&site, &longest).await.assert_status(200);
    site.app.advance(Duration::from_secs(1));
    assert!(is_refused(&follow(&site, &longest).await), "at the end of the hour");
}

#[tokio::test]
async fn a_clock_that_is_set_back_gives_no_link_a_second_life() {
    let site = Site::idle().await;
    let link = Arrived::new(&site, &site.app.owner).await.link(&site, &site.app.owner).await;
    site.app.set_back(Duration::from_secs(1));
    assert!(is_refused(&follow(&site, &link).await), "before its time");
}

#[tokio::test]
async fn a_link_that_was_altered_or_made_up_opens_nothing() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let (arrived, other) = (Arrived::new(&site, owner).await, Arrived::new(&site, owner).await);
    let link = arrived.link(&site, owner).await;
    let (text, tag) = link.rsplit_once('.').expect("a tag");
    let end = text.rsplit('.').next().expect("an end");
    let longer = end.parse::<i64>().expect("seconds") + 1;
    let foreign = Arrived::new(&site, &site.app.hipaa).await;
    let altered = [
        link.replace(&arrived.media, &other.media),
        link.replace(&arrived.message, &other.message),
        link.replace(&arrived.account, &foreign.account),
        link.replace(".viewing.", ".carriage."),
        format!("{}{longer}.{tag}", text.strip_suffix(end).expect("the end")),
        format!("{text}.{}", "0".repeat(tag.len())),
        format!("{text}.{}", &tag[..32]),
        text.to_owned(),
        format!("{text}."),
        "/switchward/v1/MediaLinks/x".to_owned(),
        format!("/switchward/v1/MediaLinks/{}", "x".repeat(limits::MAX_LINK_TOKEN + 1)),
    ];
    for path in altered {
        let reply = follow(&site, &path).await;
        assert!(is_refused(&reply), "{path}: {} {}", reply.status, reply.text);
    }
    assert!(uses(&site, owner).await.is_empty(), "nothing was opened");
    assert!(is_refused(&follow_as(&site, &link, false, None).await), "a network would see it");
    follow(&site, &link).await.assert_status(200);
}

#[tokio::test]
async fn a_link_ends_with_its_medium_and_its_account() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let arrived = Arrived::new(&site, owner).await;
    let link = arrived.link(&site, owner).await;
    edit_account(&site.app, owner.sid, |facts| facts.status = AccountStatus::Suspended).await;
    assert!(is_refused(&follow(&site, &link).await));
    edit_account(&site.app, owner.sid, |facts| facts.status = AccountStatus::Active).await;
    follow(&site, &link).await.assert_status(200);
    site.app.delete(owner, API, &arrived.medium()).await.assert_status(204);
    assert!(is_refused(&follow(&site, &link).await));

    let arrived = Arrived::new(&site, owner).await;
    let link = arrived.link(&site, owner).await;
    let message = arrived.medium().split("/Media/").next().expect("a message").to_owned() + ".json";
    site.app.delete(owner, API, &message).await.assert_status(204);
    assert!(is_refused(&follow(&site, &link).await));
}

#[tokio::test]
async fn each_use_of_a_link_is_in_the_ledger_before_a_byte_is_opened() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let arrived = Arrived::new(&site, owner).await;
    let reply = arrived.ask(&site, owner, json!({"purpose": "carriage"})).await;
    let (link, sid) = (path_of(&reply.json), reply.json["sid"].as_str().expect("a SID").to_owned());
    let entries = site.app.ledger_actions(owner.scope()).await;
    let issued = entries.iter().find(|entry| entry.act == "create_media_link").expect("an entry");
    assert!(issued.what.contains(&sid) && issued.fields.is_empty() && issued.who == owner.sid.to_string());
    follow(&site, &link).await.assert_status(200);
    follow_as(&site, &link, true, Some("bytes=0-1")).await.assert_status(206);
    let used = uses(&site, owner).await;
    assert_eq!(used.len(), 2, "each use");
    for entry in used {
        assert_eq!(entry.what, [arrived.message.clone(), arrived.media.clone(), sid.clone()]);
        assert_eq!((entry.who.as_str(), entry.why.as_str()), ("link-holder", "carriage"));
        assert_eq!((entry.fields, entry.from), (vec!["media".to_owned()], Some(HOLDER)));
    }

    let database =
        rusqlite::Connection::open(site.app.data_dir().join("switchward.db")).expect("the database");
    let lost = "CREATE TRIGGER lost BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'lost'); END";
    database.execute_batch(lost).expect("a trigger");
    let reply = follow(&site, &link).await;
    assert_eq!(reply.status, 503);
    assert!(!reply.bytes.windows(PICTURE.len()).any(|window| window == PICTURE));
}

#[tokio::test]
async fn a_link_says_nothing_of_a_person() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let link = Arrived::new(&site, owner).await.link(&site, owner).await;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.');
    assert!(link.bytes().all(known), "{link}");
    for said in ["image", "png", PATIENT_DIGITS] {
        assert!(!link.contains(said), "{link}");
    }
    site.app.get(owner, MESSAGING, &link).await.assert_error(404, 20_404);
}

/// The number at the other end.
const PATIENT_DIGITS: &str = "4155550177";

#[tokio::test]
async fn who_tries_too_many_wrong_links_has_to_wait() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let link = Arrived::new(&site, owner).await.link(&site, owner).await;
    let mut answers = Vec::new();
    for _ in 0..=kit::limits::UNAUTHENTICATED_BURST {
        answers.push(follow(&site, "/switchward/v1/MediaLinks/x").await.status);
    }
    assert_eq!((answers[0], answers.last()), (403, Some(&429)));
    follow(&site, &link).await.assert_status(200);
}
