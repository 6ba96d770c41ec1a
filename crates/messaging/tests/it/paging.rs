//! Lists of messages: filters, pages in both directions, and what page tokens do not tell.

use std::time::Duration;

use messaging::carrier::Receipt;
use serde_json::Value;

use crate::site::{API, OWN, PATIENT, Site};

const OTHER: &str = "+14155550188";

async fn list(site: &Site, query: &str) -> Value {
    let path = format!("/2010-04-01/Accounts/{}/Messages.json?{query}", site.app.owner.sid);
    site.app.get(&site.app.owner, API, &path).await.assert_status(200).json.clone()
}

fn bodies(page: &Value) -> Vec<String> {
    let rows = page["messages"].as_array().expect("rows");
    rows.iter().map(|row| row["body"].as_str().expect("a body").to_owned()).collect()
}

async fn send_many(site: &Site, count: usize) {
    for number in 0..count {
        let to = if number % 2 == 0 { PATIENT } else { OTHER };
        let body = number.to_string();
        let fields = [("To", to), ("From", OWN), ("Body", body.as_str())];
        site.post(&site.app.owner, &fields).await.assert_status(201);
        if number % 3 == 0 {
            // Some share an instant: the SID then decides.
            site.app.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn pages_lead_forward_and_back_over_everything() {
    let site = Site::idle().await;
    send_many(&site, 120).await;
    let mut uri = format!("/2010-04-01/Accounts/{}/Messages.json", site.app.owner.sid);
    let (mut pages, mut seen) = (Vec::new(), Vec::new());
    loop {
        assert!(!uri.contains("555"), "a number stands in a link: {uri}");
        let page = site.app.get(&site.app.owner, API, &uri).await.assert_status(200).json.clone();
        let rows = bodies(&page);
        assert_eq!(page["page"], pages.len());
        assert_eq!(page["page_size"], 50);
        assert_eq!(page["start"], pages.len() * 50);
        assert_eq!(page["end"], seen.len() + rows.len() - 1);
        assert_eq!(page["previous_page_uri"].is_null(), pages.is_empty());
        seen.extend(rows.clone());
        let next = page["next_page_uri"].as_str().map(str::to_owned);
        pages.push((rows, page));
        match next {
            Some(next) => uri = next,
            None => break,
        }
    }
    assert_eq!(pages.iter().map(|(rows, _)| rows.len()).collect::<Vec<_>>(), [50, 50, 20]);
    let mut sorted: Vec<usize> = seen.iter().map(|body| body.parse().expect("a number")).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..120).collect::<Vec<_>>());
    for page in (1..pages.len()).rev() {
        let back = pages[page].1["previous_page_uri"].as_str().expect("a link back");
        let back = site.app.get(&site.app.owner, API, back).await.assert_status(200).json.clone();
        assert_eq!((bodies(&back), &back["page"]), (pages[page - 1].0.clone(), &Value::from(page - 1)));
    }
}

#[tokio::test]
async fn a_filtered_list_keeps_its_filter_without_showing_it() {
    let site = Site::idle().await;
    send_many(&site, 24).await;
    let mut page = list(&site, "To=%2B14155550188&PageSize=5").await;
    let mut rows = bodies(&page);
    while let Some(next) = page["next_page_uri"].as_str().map(str::to_owned) {
        assert!(!next.contains("0188") && !next.contains("To="), "{next}");
        page = site.app.get(&site.app.owner, API, &next).await.assert_status(200).json.clone();
        assert!(!page["first_page_uri"].as_str().expect("a link").contains("0188"));
        rows.extend(bodies(&page));
    }
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|body| body.parse::<usize>().expect("a number") % 2 == 1));
}

#[tokio::test]
async fn a_page_token_serves_its_own_account_only() {
    let site = Site::idle().await;
    send_many(&site, 3).await;
    let page = list(&site, "PageSize=1").await;
    let next = page["next_page_uri"].as_str().expect("a link").to_owned();
    let theirs = next.replace(&site.app.owner.sid.to_string(), &site.app.other.sid.to_string());
    site.app.get(&site.app.other, API, &theirs).await.assert_error(400, 20001);
    for bad in
        ["PageToken=PAx", "PageToken=P", "PageToken=%C3%A9%C3%A9", "Page=-1", "Colour=red", "To=1&To=2"]
    {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json?{bad}", site.app.owner.sid);
        site.app.get(&site.app.owner, API, &path).await.assert_error(400, 20001);
    }
    for size in ["0", "1001", "many"] {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json?PageSize={size}", site.app.owner.sid);
        site.app.get(&site.app.owner, API, &path).await.assert_error(400, 20006);
    }
}

#[tokio::test]
async fn filters_find_by_number_in_any_spelling_and_direction() {
    let site = Site::idle().await;
    send_many(&site, 4).await;
    site.arrive(&site.app.owner, "in").await;
    for (query, expected) in [
        ("", 5),
        ("To=%2B14155550177", 2),
        ("To=%2B1%20%28415%29%20555-0177", 2),
        ("To=%2B14155550188", 2),
        ("To=%2B14155550100", 1),
        ("From=%2B14155550100", 4),
        ("From=%2B14155550177", 1),
        ("From=%2B14155550100&To=%2B14155550188", 2),
        ("To=%2B14155550199", 0),
        ("To=", 5),
    ] {
        assert_eq!(bodies(&list(&site, query).await).len(), expected, "{query}");
    }
}

#[tokio::test]
async fn filters_by_day_of_sending() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    for body in ["first", "second", "third"] {
        let message = site.accepted(owner, body, &[]).await;
        site.wait_status(owner, message, "sent").await;
        site.receipt(owner, message, Receipt::Delivered).await;
        site.app.advance(Duration::from_secs(86_400));
    }
    // They were sent at noon of the 15th, 16th and 17th.
    for (query, expected) in [
        ("DateSent=2026-01-16", &["second"][..]),
        ("DateSent%3E=2026-01-16", &["third", "second"]),
        ("DateSent%3C=2026-01-16", &["second", "first"]),
        ("DateSent%3E=2026-01-16&DateSent%3C=2026-01-16", &["second"]),
        ("DateSent%3E=2026-01-16T12:00:01Z", &["third"]),
        ("DateSent%3C=2026-01-15T12:00:00Z", &["first"]),
        ("DateSent=2026-01-14", &[]),
    ] {
        assert_eq!(bodies(&list(&site, query).await), expected, "{query}");
    }
    let bad = format!("/2010-04-01/Accounts/{}/Messages.json?DateSent=yesterday", owner.sid);
    site.app.get(owner, API, &bad).await.assert_error(400, 20001);
}

#[tokio::test]
async fn the_ledger_names_every_message_that_a_list_shows() {
    let site = Site::idle().await;
    send_many(&site, 3).await;
    let page = list(&site, "").await;
    let shown: Vec<&str> =
        page["messages"].as_array().expect("rows").iter().filter_map(|row| row["sid"].as_str()).collect();
    let entries = site.app.ledger_actions(site.app.owner.scope()).await;
    let entry = entries.iter().rfind(|entry| entry.act == "list_message").expect("an entry");
    assert_eq!(entry.what, shown);
    assert_eq!(entry.fields, ["body", "from", "to"]);
    assert_eq!(entry.who, site.app.owner.sid.to_string());
}
