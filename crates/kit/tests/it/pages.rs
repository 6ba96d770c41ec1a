//! Lists: both envelopes, links forward and backward, and tokens that show and mean nothing elsewhere.

use std::time::Duration;

use base::AccountSid;
use serde_json::Value;
use test_kit::{Reply, TestAccount, TestApp};

use crate::product::{notes, products, written};

/// A value that stands for a phone number.
const CANARY: &str = "canary15550100";

async fn with_notes(count: usize) -> TestApp {
    let app = TestApp::start(products).await;
    for number in 0..count {
        let name = if number % 2 == 0 { CANARY } else { "another" };
        written(&app, &app.owner, name, &number.to_string()).await;
        app.advance(Duration::from_secs(1));
    }
    app
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn texts(reply: &Reply) -> Vec<&str> {
    reply.json["notes"].as_array().expect("a list").iter().map(|text| text.as_str().unwrap()).collect()
}

/// The path and query of a link of the versioned envelope.
fn path(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("https://api.twilio.com").expect("an absolute link").to_owned()
}

async fn get(app: &TestApp, who: &TestAccount, link: &str) -> Reply {
    let reply = app.get(who, "api", link).await;
    reply.assert_status(200);
    reply
}

#[tokio::test]
async fn the_2010_envelope_has_exactly_its_keys() {
    let app = with_notes(5).await;
    let list = notes(app.owner.sid);
    let envelope = [
        "end",
        "first_page_uri",
        "next_page_uri",
        "notes",
        "page",
        "page_size",
        "previous_page_uri",
        "start",
        "uri",
    ];
    let whole = get(&app, &app.owner, &list).await;
    assert_eq!(keys(&whole.json), envelope);
    assert_eq!(texts(&whole), ["4", "3", "2", "1", "0"]);
    assert_eq!(whole.json["uri"], format!("{list}?PageSize=50&Page=0"));
    assert_eq!(whole.json["first_page_uri"], whole.json["uri"]);
    assert!(whole.json["next_page_uri"].is_null() && whole.json["previous_page_uri"].is_null());
    assert_eq!((&whole.json["page"], &whole.json["page_size"]), (&0.into(), &50.into()));
    assert_eq!((&whole.json["start"], &whole.json["end"]), (&0.into(), &4.into()));

    let empty = get(&app, &app.other, &notes(app.other.sid)).await;
    assert_eq!(keys(&empty.json), envelope);
    assert_eq!((texts(&empty).len(), &empty.json["start"], &empty.json["end"]), (0, &0.into(), &0.into()));
}

#[tokio::test]
async fn the_versioned_envelope_has_exactly_its_keys() {
    let app = with_notes(3).await;
    let reply = get(&app, &app.owner, "/v1/Notes?PageSize=2").await;
    assert_eq!(keys(&reply.json), ["meta", "notes"]);
    let meta = &reply.json["meta"];
    assert_eq!(
        keys(meta),
        ["first_page_url", "key", "next_page_url", "page", "page_size", "previous_page_url", "url"]
    );
    assert_eq!((&meta["key"], &meta["page"], &meta["page_size"]), (&"notes".into(), &0.into(), &2.into()));
    assert_eq!(meta["url"], "https://api.twilio.com/v1/Notes?PageSize=2&Page=0");
    assert_eq!(meta["first_page_url"], meta["url"]);
    assert!(meta["previous_page_url"].is_null());
    assert!(meta["next_page_url"].as_str().unwrap().contains("&PageToken=PT"));
}

#[tokio::test]
async fn the_2010_links_lead_forward_and_backward() {
    let app = with_notes(5).await;
    let first = get(&app, &app.owner, &format!("{}?PageSize=2", notes(app.owner.sid))).await;
    let next = |reply: &Reply| reply.json["next_page_uri"].as_str().unwrap().to_owned();
    let previous = |reply: &Reply| reply.json["previous_page_uri"].as_str().unwrap().to_owned();
    let second = get(&app, &app.owner, &next(&first)).await;
    let third = get(&app, &app.owner, &next(&second)).await;
    assert_eq!((texts(&first), texts(&second), texts(&third)), (vec!["4", "3"], vec!["2", "1"], vec!["0"]));
    assert!(next(&first).contains("Page=1&PageToken=PA") && third.json["next_page_uri"].is_null());
    assert_eq!(
        (&third.json["page"], &third.json["start"], &third.json["end"]),
        (&2.into(), &4.into(), &4.into())
    );

    let back = get(&app, &app.owner, &previous(&third)).await;
    assert_eq!((texts(&back), &back.json["page"]), (vec!["2", "1"], &1.into()));
    let again = get(&app, &app.owner, &previous(&back)).await;
    assert_eq!((texts(&again), &again.json["page"]), (vec!["4", "3"], &0.into()));
    assert!(again.json["previous_page_uri"].is_null());
    // The links to this page and to the first one lead there.
    let this = get(&app, &app.owner, second.json["uri"].as_str().unwrap()).await;
    assert_eq!(texts(&this), ["2", "1"]);
    let start = get(&app, &app.owner, third.json["first_page_uri"].as_str().unwrap()).await;
    assert_eq!(texts(&start), ["4", "3"]);
}

#[tokio::test]
async fn the_versioned_links_keep_the_filter_and_show_nothing_of_it() {
    let app = with_notes(9).await;
    let mut link = format!("/v1/Notes?Name={CANARY}&PageSize=2");
    let mut seen = Vec::new();
    let mut backward = Vec::new();
    for _ in 0..3 {
        let reply = get(&app, &app.owner, &link).await;
        assert!(!reply.text.contains(CANARY), "{}", reply.text);
        seen.extend(texts(&reply).iter().map(|text| (*text).to_owned()));
        let meta = &reply.json["meta"];
        let first = get(&app, &app.owner, &path(&meta["first_page_url"])).await;
        assert_eq!(texts(&first), ["8", "6"], "the first page is of the same filter");
        let this = get(&app, &app.owner, &path(&meta["url"])).await;
        assert_eq!(texts(&this), texts(&reply), "so is this one");
        backward.push(meta["previous_page_url"].clone());
        if meta["next_page_url"].is_string() {
            link = path(&meta["next_page_url"]);
        }
    }
    assert_eq!(seen, ["8", "6", "4", "2", "0"]);
    let back = get(&app, &app.owner, &path(&backward[2])).await;
    assert_eq!(texts(&back), ["4", "2"]);

    let reply = get(&app, &app.owner, &format!("{}?Name={CANARY}&PageSize=1", notes(app.owner.sid))).await;
    assert!(!reply.text.contains(CANARY), "{}", reply.text);
}

/// The token of the link to the next page, which has three more characters in front.
async fn token(app: &TestApp, who: &TestAccount, sid: AccountSid) -> String {
    let reply = get(app, who, &format!("{}?PageSize=1", notes(sid))).await;
    reply.json["next_page_uri"].as_str().unwrap().split_once("PageToken=").unwrap().1.to_owned()
}

#[tokio::test]
async fn refuses_tokens_that_are_not_this_lists() {
    let app = with_notes(3).await;
    for number in 0..2 {
        written(&app, &app.other, "name", &number.to_string()).await;
        written(&app, &app.subaccount, "name", &number.to_string()).await;
    }
    let (own, list) = (token(&app, &app.owner, app.owner.sid).await, notes(app.owner.sid));
    get(&app, &app.owner, &format!("{list}?PageToken={own}")).await;
    let foreign = token(&app, &app.other, app.other.sid).await;
    let below = token(&app, &app.owner, app.subaccount.sid).await;
    let mut flipped = own.clone().into_bytes();
    let middle = flipped.len() / 2;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for bad in [
        foreign.as_str(),
        below.as_str(),
        flipped.as_str(),
        &own[..own.len() - 2],
        &own[2..],
        "PA",
        "P",
        "%C3%A9%C3%A9",
        "PAnonsense",
        &"A".repeat(5_000),
    ] {
        let reply = app.get(&app.owner, "api", &format!("{list}?PageToken={bad}")).await;
        reply.assert_error(400, 20001);
    }
    // A token of another list of the same account, of the same kind and of another.
    for other in ["/v1/Notes", "/v1/Drafts"] {
        let reply = app.get(&app.owner, "api", &format!("{other}?PageToken={own}")).await;
        reply.assert_error(400, 20001);
    }
}

#[tokio::test]
async fn page_sizes_have_bounds() {
    let app = with_notes(1).await;
    let list = notes(app.owner.sid);
    for size in ["1", "1000"] {
        let reply = get(&app, &app.owner, &format!("{list}?PageSize={size}")).await;
        assert_eq!(reply.json["page_size"].to_string(), size);
    }
    for size in ["0", "1001", "-1", "many", "", "1&PageSize=2"] {
        let reply = app.get(&app.owner, "api", &format!("{list}?PageSize={size}")).await;
        reply.assert_error(400, 20006);
    }
    for page in ["-1", "x", "4294967296"] {
        let reply = app.get(&app.owner, "api", &format!("{list}?Page={page}")).await;
        reply.assert_error(400, 20001);
    }
}
