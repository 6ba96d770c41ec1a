//! Addresses: the resource, what a number that names one does, and what remains on the disk.

use serde_json::Value;
use test_kit::{Reply, TestAccount, contains_bytes};

use crate::site::{API, Site};

/// The keys of the published schema `api.v2010.account.address`.
const KEYS: [&str; 16] = [
    "account_sid",
    "city",
    "customer_name",
    "date_created",
    "date_updated",
    "emergency_enabled",
    "friendly_name",
    "iso_country",
    "postal_code",
    "region",
    "sid",
    "street",
    "street_secondary",
    "uri",
    "validated",
    "verified",
];

/// The keys of the published schema `api.v2010.account.address.dependent_phone_number`.
const NUMBER_KEYS: [&str; 26] = [
    "account_sid",
    "address_requirements",
    "api_version",
    "capabilities",
    "date_created",
    "date_updated",
    "emergency_address_sid",
    "emergency_status",
    "friendly_name",
    "phone_number",
    "sid",
    "sms_application_sid",
    "sms_fallback_method",
    "sms_fallback_url",
    "sms_method",
    "sms_url",
    "status_callback",
    "status_callback_method",
    "trunk_sid",
    "uri",
    "voice_application_sid",
    "voice_caller_id_lookup",
    "voice_fallback_method",
    "voice_fallback_url",
    "voice_method",
    "voice_url",
];

const ADDRESS: [(&str, &str); 7] = [
    ("FriendlyName", "Front desk canary"),
    ("CustomerName", "Clinic canary"),
    ("Street", "17 Canary Wharf Lane"),
    ("City", "Canaryville"),
    ("Region", "IL"),
    ("PostalCode", "60609"),
    ("IsoCountry", "us"),
];

fn path(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/Addresses", account.sid)
}

async fn create(site: &Site, account: &TestAccount, fields: &[(&str, &str)]) -> Reply {
    site.app.post_form(account, API, &format!("{}.json", path(account)), fields).await
}

fn keys(value: &Value) -> Vec<&String> {
    let mut keys: Vec<&String> = value.as_object().expect("an object").keys().collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn an_address_is_made_found_changed_and_deleted() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let address = create(&site, owner, &ADDRESS).await.assert_status(201).json.clone();
    assert_eq!(keys(&address), KEYS);
    for (key, expected) in [
        ("customer_name", Value::from("Clinic canary")),
        ("iso_country", "US".into()),
        ("street_secondary", Value::Null),
        ("validated", false.into()),
        ("emergency_enabled", false.into()),
    ] {
        assert_eq!(address[key], expected, "{key}");
    }
    let one = address["uri"].as_str().expect("a path");
    assert_eq!(site.app.get(owner, API, one).await.json, address);
    site.app.get(&site.app.other, API, one).await.assert_error(404, 20404);
    let count = async |query: &str| -> usize {
        let page = site.app.get(owner, API, &format!("{}.json{query}", path(owner))).await;
        page.assert_status(200).json["addresses"].as_array().expect("rows").len()
    };
    for (query, expected) in [
        ("", 1),
        ("?CustomerName=Clinic+canary", 1),
        ("?CustomerName=Clinic", 0),
        ("?FriendlyName=Front+desk+canary&IsoCountry=US", 1),
        ("?IsoCountry=GB", 0),
        ("?EmergencyEnabled=true", 0),
        ("?EmergencyEnabled=false", 1),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    site.app.advance(std::time::Duration::from_secs(60));
    let change =
        [("CustomerName", "New canary"), ("StreetSecondary", "Suite 3"), ("AutoCorrectAddress", "false")];
    let changed = site.app.post_form(owner, API, one, &change).await.assert_status(200).json.clone();
    assert_eq!(changed["customer_name"], "New canary");
    assert_eq!((&changed["street"], &changed["street_secondary"]), (&address["street"], &"Suite 3".into()));
    assert_eq!(changed["date_created"], address["date_created"]);
    assert_ne!(changed["date_updated"], address["date_updated"]);
    assert_eq!((count("?CustomerName=Clinic+canary").await, count("?CustomerName=New+canary").await), (0, 1));
    // Every reading of it is recorded, and what it says stands nowhere.
    let entries = site.app.ledger_actions(owner.scope()).await;
    let sid = address["sid"].as_str().expect("a SID").to_owned();
    for action in ["create_address", "fetch_address", "list_address", "update_address"] {
        assert!(entries.iter().any(|entry| entry.act == action && entry.what.contains(&sid)), "{action}");
    }
    for canary in ["Clinic canary", "New canary", "17 Canary Wharf Lane", "Canaryville", "Front desk canary"]
    {
        assert!(!contains_bytes(site.app.data_dir(), canary.as_bytes()), "{canary}");
    }
    site.app.delete(owner, API, one).await.assert_status(204);
    site.app.get(owner, API, one).await.assert_error(404, 20404);
}

#[tokio::test]
async fn each_bad_parameter_has_its_code() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let with = |field: &'static str, value: &'static str| -> Vec<(&str, &str)> {
        let others = ADDRESS.into_iter().filter(move |(name, _)| *name != field);
        others.chain(std::iter::once((field, value))).collect()
    };
    for (field, value, status, code) in [
        ("CustomerName", "", 400, 20001),
        ("Street", "", 400, 20001),
        ("City", "", 400, 20001),
        ("Region", "", 400, 20001),
        ("IsoCountry", "USA", 400, 20001),
        ("IsoCountry", "", 400, 20001),
        ("PostalCode", "6060", 400, 21628),
        ("EmergencyEnabled", "true", 501, 20501),
        ("AutoCorrectAddress", "maybe", 400, 20001),
        ("Unknown", "x", 400, 20001),
    ] {
        create(&site, owner, &with(field, value)).await.assert_error(status, code);
    }
    let address = create(&site, owner, &ADDRESS).await.assert_status(201).json.clone();
    let one = address["uri"].as_str().expect("a path");
    site.app.post_form(owner, API, one, &[("PostalCode", "x")]).await.assert_error(400, 21628);
    site.app.post_form(owner, API, one, &[("IsoCountry", "GB")]).await.assert_error(400, 20001);
    let theirs = create(&site, &site.app.other, &ADDRESS).await.assert_status(201).json["sid"].clone();
    let theirs = theirs.as_str().expect("a SID");
    site.configure(owner, &[("AddressSid", theirs)]).await.assert_error(400, 20001);
}

#[tokio::test]
async fn an_address_that_a_number_names_is_not_deleted() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let address = create(&site, owner, &ADDRESS).await.assert_status(201).json.clone();
    let (one, sid) = (address["uri"].as_str().expect("a path"), address["sid"].as_str().expect("a SID"));
    let dependent = format!("{}/{sid}/DependentPhoneNumbers.json", path(owner));
    let numbers = async || -> Vec<Value> {
        let page = site.app.get(owner, API, &dependent).await.assert_status(200).json.clone();
        page["dependent_phone_numbers"].as_array().expect("rows").clone()
    };
    assert!(numbers().await.is_empty());
    let number = site.configure(owner, &[("AddressSid", sid)]).await;
    assert_eq!(number.assert_status(200).json["address_sid"], sid);
    let named = numbers().await;
    assert_eq!(named.len(), 1);
    assert_eq!(keys(&named[0]), NUMBER_KEYS);
    assert_eq!(named[0]["phone_number"], site.number_of(owner));
    site.app.delete(owner, API, one).await.assert_error(409, 20409);
    site.app.get(&site.app.other, API, &dependent).await.assert_error(404, 20404);
    site.configure(owner, &[("AddressSid", "")]).await.assert_status(200);
    assert!(numbers().await.is_empty());
    site.app.delete(owner, API, one).await.assert_status(204);
}
