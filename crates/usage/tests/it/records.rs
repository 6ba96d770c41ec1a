//! The nine lists: their keys, what they add up, days and filters, pages.

use std::time::Duration;

use kit::Meter;
use serde_json::Value;
use test_kit::{TestAccount, TestApp};

use crate::{API, counted, sent, start};

/// The keys of the published schema `api.v2010.account.usage.usage_record`.
const KEYS: [&str; 15] = [
    "account_sid",
    "api_version",
    "as_of",
    "category",
    "count",
    "count_unit",
    "description",
    "end_date",
    "price",
    "price_unit",
    "start_date",
    "subresource_uris",
    "uri",
    "usage",
    "usage_unit",
];

const LISTS: [&str; 9] =
    ["", "/AllTime", "/Daily", "/LastMonth", "/Monthly", "/ThisMonth", "/Today", "/Yearly", "/Yesterday"];

/// Days that the account has existed when a test begins to look.
const AGE: u64 = 50;

/// A platform whose accounts are [`AGE`] days old: it is 2026-03-06.
async fn aged() -> TestApp {
    let app = start().await;
    app.advance(Duration::from_secs(AGE * 86_400));
    app
}

fn path(account: &TestAccount, list: &str, query: &str) -> String {
    format!("/2010-04-01/Accounts/{}/Usage/Records{list}?{query}", account.sid)
}

async fn page(app: &TestApp, account: &TestAccount, list: &str, query: &str) -> Value {
    app.get(account, API, &path(account, list, query)).await.assert_status(200).json.clone()
}

/// The rows as `start/end count usage`.
async fn rows(app: &TestApp, list: &str, query: &str) -> Vec<String> {
    let page = page(app, &app.owner, list, query).await;
    let word = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    let row = |row: &Value| {
        let [start, end, count, usage] =
            ["start_date", "end_date", "count", "usage"].map(|key| word(row, key));
        format!("{start}/{end} {count} {usage}")
    };
    page["usage_records"].as_array().expect("rows").iter().map(row).collect()
}

#[tokio::test]
async fn every_list_has_every_published_key_and_category() {
    let app = aged().await;
    sent(&app, &app.owner, 0, 3).await;
    for list in LISTS {
        let found = page(&app, &app.owner, list, "PageSize=20").await;
        let records = found["usage_records"].as_array().expect("rows");
        assert_eq!(records.len(), 20, "{list}");
        for record in records {
            let keys: Vec<&str> = record.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(keys, KEYS);
            for key in KEYS.iter().filter(|key| **key != "subresource_uris") {
                assert!(record[key].is_string(), "{key}");
            }
            assert_eq!(record["subresource_uris"].as_object().map(serde_json::Map::len), Some(8));
        }
    }
    let today = page(&app, &app.owner, "/Today", "Category=sms-outbound-longcode").await;
    let record = &today["usage_records"][0];
    let own = app.owner.sid;
    let daily = format!("/2010-04-01/Accounts/{own}/Usage/Records/Daily.json?Category=sms-outbound-longcode");
    assert_eq!(record["subresource_uris"]["daily"], daily);
    assert_eq!(
        record["uri"],
        format!(
            "/2010-04-01/Accounts/{own}/Usage/Records/Today.json?Category=sms-outbound-longcode&StartDate=2026-03-06&EndDate=2026-03-06"
        )
    );
    for (key, value) in [
        ("as_of", "2026-03-06T12:00:00+00:00"),
        ("count", "3"),
        ("count_unit", "messages"),
        ("usage", "6"),
        ("usage_unit", "segments"),
        ("price", "0"),
        ("price_unit", "usd"),
    ] {
        assert_eq!(record[key], value, "{key}");
    }
}

#[tokio::test]
async fn lists_cut_time_as_they_say() {
    let app = aged().await;
    for (days_ago, messages) in [(0, 1), (1, 2), (6, 4), (30, 8), (45, 16)] {
        sent(&app, &app.owner, days_ago, messages).await;
    }
    let sms = "Category=sms";
    for (list, query, expected) in [
        ("", sms, vec!["2026-01-15/2026-03-06 31 62"]),
        ("/AllTime", sms, vec!["2026-01-15/2026-03-06 31 62"]),
        ("/Today", sms, vec!["2026-03-06/2026-03-06 1 2"]),
        ("/Yesterday", sms, vec!["2026-03-05/2026-03-05 2 4"]),
        ("/ThisMonth", sms, vec!["2026-03-01/2026-03-06 3 6"]),
        ("/LastMonth", sms, vec!["2026-02-01/2026-02-28 12 24"]),
        ("/Yearly", sms, vec!["2026-01-15/2026-03-06 31 62"]),
        (
            "/Monthly",
            sms,
            vec!["2026-03-01/2026-03-06 3 6", "2026-02-01/2026-02-28 12 24", "2026-01-15/2026-01-31 16 32"],
        ),
        (
            "/Daily",
            "Category=sms&StartDate=-2days",
            vec!["2026-03-06/2026-03-06 1 2", "2026-03-05/2026-03-05 2 4", "2026-03-04/2026-03-04 0 0"],
        ),
        ("", "Category=sms&StartDate=2026-02-01&EndDate=2026-03-05", vec!["2026-02-01/2026-03-05 14 28"]),
        ("", "Category=sms&StartDate=-6days&EndDate=-1days", vec!["2026-02-28/2026-03-05 6 12"]),
        ("", "Category=sms&EndDate=%2B30days", vec!["2026-01-15/2026-03-06 31 62"]),
        ("", "Category=sms-inbound", vec!["2026-01-15/2026-03-06 0 0"]),
        ("/Daily", "Category=sms&EndDate=2020-01-01", vec![]),
    ] {
        assert_eq!(rows(&app, list, query).await, expected, "{list} {query}");
    }
}

#[tokio::test]
async fn categories_add_up_what_is_in_them() {
    let app = aged().await;
    let meters = [
        (Meter::SmsInboundLongcode, 1),
        (Meter::SmsInboundShortcode, 2),
        (Meter::SmsInboundTollfree, 4),
        (Meter::SmsOutboundLongcode, 8),
        (Meter::SmsOutboundShortcode, 16),
        (Meter::SmsOutboundTollfree, 32),
        (Meter::SmsOutboundName, 64),
        (Meter::Lookups, 128),
        (Meter::CarrierLookups, 256),
        (Meter::CallerIdLookups, 512),
        (Meter::MmsInboundLongcode, 1_024),
        (Meter::MmsInboundShortcode, 2_048),
        (Meter::MmsInboundTollfree, 4_096),
        (Meter::MmsOutboundLongcode, 8_192),
        (Meter::MmsOutboundShortcode, 16_384),
        (Meter::MmsOutboundTollfree, 32_768),
        (Meter::MmsOutboundName, 65_536),
    ];
    for (what, events) in meters {
        counted(&app, &app.owner, what, 0, events, events).await;
    }
    for (category, expected) in [
        ("sms", "127"),
        ("sms-inbound", "7"),
        ("sms-inbound-longcode", "1"),
        ("sms-inbound-shortcode", "2"),
        ("sms-inbound-tollfree", "4"),
        ("sms-outbound", "120"),
        ("sms-outbound-longcode", "8"),
        ("sms-outbound-shortcode", "16"),
        ("sms-outbound-tollfree", "32"),
        ("lookups", "128"),
        ("carrier-lookups", "256"),
        ("calleridlookups", "512"),
        ("mms", "130048"),
        ("mms-inbound", "7168"),
        ("mms-inbound-longcode", "1024"),
        ("mms-inbound-shortcode", "2048"),
        ("mms-outbound", "122880"),
        ("mms-outbound-longcode", "8192"),
        ("mms-outbound-shortcode", "16384"),
        ("totalprice", "0"),
    ] {
        let found = page(&app, &app.owner, "/Today", &format!("Category={category}")).await;
        assert_eq!(found["usage_records"][0]["count"], expected, "{category}");
    }
}

#[tokio::test]
async fn subaccounts_are_included_unless_they_are_not_wanted() {
    let app = aged().await;
    sent(&app, &app.owner, 0, 1).await;
    sent(&app, &app.subaccount, 0, 2).await;
    sent(&app, &app.other, 0, 4).await;
    for (account, query, expected) in [
        (&app.owner, "Category=sms", "3"),
        (&app.owner, "Category=sms&IncludeSubaccounts=true", "3"),
        (&app.owner, "Category=sms&IncludeSubaccounts=false", "1"),
        (&app.subaccount, "Category=sms", "2"),
        (&app.other, "Category=sms", "4"),
        (&app.hipaa, "Category=sms", "0"),
    ] {
        let found = page(&app, account, "/AllTime", query).await;
        assert_eq!(found["usage_records"][0]["count"], expected, "{query}");
    }
    let path = path(&app.other, "", "");
    app.get(&app.owner, API, &path).await.assert_status(404);
}

/// Goal: what was counted while the clock was wrong is not lost to who asks for everything.
#[tokio::test]
async fn all_time_has_what_was_counted_on_days_that_the_account_did_not_see() {
    let app = aged().await;
    sent(&app, &app.owner, 0, 1).await;
    // Before the account was made, and tomorrow.
    sent(&app, &app.owner, AGE + 1, 2).await;
    app.advance(Duration::from_secs(86_400));
    sent(&app, &app.owner, 0, 4).await;
    app.set_back(Duration::from_secs(86_400));
    for (list, query, expected) in [
        ("", "Category=sms", "2026-01-15/2026-03-06 7 14"),
        ("/AllTime", "Category=sms", "2026-01-15/2026-03-06 7 14"),
        ("/AllTime", "Category=sms&StartDate=2026-01-01", "2026-01-15/2026-03-06 1 2"),
        ("/AllTime", "Category=sms&EndDate=2026-12-31", "2026-01-15/2026-03-06 1 2"),
        ("/Yearly", "Category=sms", "2026-01-15/2026-03-06 1 2"),
    ] {
        assert_eq!(rows(&app, list, query).await, [expected], "{list} {query}");
    }
}

#[tokio::test]
async fn pages_hold_every_row_once() {
    let app = aged().await;
    for days_ago in 0..=AGE {
        sent(&app, &app.owner, days_ago, 1).await;
    }
    for query in
        ["PageSize=13", "PageSize=13&Category=sms", "PageSize=1000", "PageSize=51&Category=sms-outbound"]
    {
        let (mut seen, mut path) = (Vec::new(), path(&app.owner, "/Daily", query));
        loop {
            let page = app.get(&app.owner, API, &path).await.assert_status(200).json.clone();
            for row in page["usage_records"].as_array().expect("rows") {
                let category = row["category"].as_str().expect("a category").to_owned();
                let counts =
                    category == "sms" || category == "sms-outbound" || category == "sms-outbound-longcode";
                assert_eq!(row["count"], if counts { "1" } else { "0" }, "{category}");
                seen.push((row["start_date"].as_str().expect("a day").to_owned(), category));
            }
            match page["next_page_uri"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        let categories = if query.contains("Category") { 1 } else { 20 };
        assert_eq!(seen.len(), (AGE as usize + 1) * categories, "{query}");
        assert!(
            seen.is_sorted_by(|one, next| one.0 > next.0 || (one.0 == next.0 && one.1 < next.1)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_no_category_day_or_parameter_is_refused() {
    let app = aged().await;
    for (query, status, code) in [
        ("Category=smoke-signals", 400, 20_001),
        ("Category=calls", 501, 20_501),
        ("StartDate=yesterday", 400, 20_001),
        ("EndDate=2026-02-30", 400, 20_001),
        ("IncludeSubaccounts=perhaps", 400, 20_001),
        ("Granularity=hourly", 400, 20_001),
    ] {
        app.get(&app.owner, API, &path(&app.owner, "/Daily", query)).await.assert_error(status, code);
    }
}
