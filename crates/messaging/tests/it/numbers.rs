//! The account's phone numbers and the inventory they come from.

use messaging::{add_to_inventory, claim_number};
use serde_json::Value;
use test_kit::{Reply, TestAccount};

use crate::site::{API, FREE, OWN, Site};

/// The keys of the published schema `api.v2010.account.incoming_phone_number`.
const KEYS: [&str; 35] = [
    "account_sid",
    "address_requirements",
    "address_sid",
    "api_version",
    "beta",
    "bundle_sid",
    "capabilities",
    "date_created",
    "date_updated",
    "emergency_address_sid",
    "emergency_address_status",
    "emergency_status",
    "friendly_name",
    "identity_sid",
    "origin",
    "phone_number",
    "sid",
    "sms_application_sid",
    "sms_fallback_method",
    "sms_fallback_url",
    "sms_method",
    "sms_url",
    "status",
    "status_callback",
    "status_callback_method",
    "trunk_sid",
    "type",
    "uri",
    "voice_application_sid",
    "voice_caller_id_lookup",
    "voice_fallback_method",
    "voice_fallback_url",
    "voice_method",
    "voice_receive_mode",
    "voice_url",
];

fn path(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers", account.sid)
}

async fn take(site: &Site, fields: &[(&str, &str)]) -> Reply {
    site.app.post_form(&site.app.owner, API, &path(&site.app.owner), fields).await
}

async fn numbers(site: &Site, query: &str) -> Vec<String> {
    let path = format!("{}.json{query}", path(&site.app.owner));
    let page = site.app.get(&site.app.owner, API, &path).await.assert_status(200).json.clone();
    let rows = page["incoming_phone_numbers"].as_array().expect("rows").iter();
    rows.map(|row| row["phone_number"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test]
async fn create_answers_the_published_shape() {
    let site = Site::idle().await;
    let fields = [
        ("PhoneNumber", FREE),
        ("FriendlyName", "Front desk"),
        ("SmsUrl", "https://example.com/sms"),
        ("SmsMethod", "GET"),
        ("StatusCallback", "https://example.com/status"),
    ];
    let reply = take(&site, &fields).await;
    let number = reply.assert_status(201).json.clone();
    let mut keys: Vec<&String> = number.as_object().expect("an object").keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, KEYS);
    for (key, expected) in [
        ("phone_number", FREE),
        ("friendly_name", "Front desk"),
        ("sms_url", "https://example.com/sms"),
        ("sms_method", "GET"),
        ("sms_fallback_url", ""),
        ("status_callback", "https://example.com/status"),
        ("date_created", "Thu, 15 Jan 2026 12:00:00 +0000"),
    ] {
        assert_eq!(number[key], expected, "{key}");
    }
    assert_eq!(number["capabilities"]["sms"], Value::Bool(true));
    let sid = number["sid"].as_str().expect("a SID");
    let one = format!("{}/{sid}.json", path(&site.app.owner));
    assert_eq!(number["uri"], one);
    assert_eq!(site.app.get(&site.app.owner, API, &one).await.json, number);
    site.app.get(&site.app.other, API, &one).await.assert_error(404, 20404);
}

#[tokio::test]
async fn a_number_belongs_to_one_account() {
    let site = Site::idle().await;
    take(&site, &[("PhoneNumber", FREE)]).await.assert_status(201);
    let theirs = path(&site.app.other);
    for taken in [FREE, OWN] {
        let reply = site.app.post_form(&site.app.other, API, &theirs, &[("PhoneNumber", taken)]).await;
        reply.assert_error(400, 21422);
        assert!(claim_number(&site.app.services, site.app.other.sid, taken).await.is_err());
    }
    // Adding it again does not make a second one.
    add_to_inventory(&site.app.services, &[FREE, OWN]).await.expect("known numbers are left alone");
    let reply = site.app.post_form(&site.app.other, API, &theirs, &[("PhoneNumber", FREE)]).await;
    reply.assert_error(400, 21422);
}

#[tokio::test]
async fn each_bad_parameter_has_its_code() {
    let site = Site::idle().await;
    let name = "x".repeat(65);
    for (fields, status, code) in [
        (&[][..], 400, 20001),
        (&[("PhoneNumber", FREE), ("AreaCode", "415")], 400, 20001),
        (&[("PhoneNumber", "12")], 400, 21421),
        (&[("PhoneNumber", "+14155559999")], 400, 21422),
        (&[("AreaCode", "999")], 400, 21451),
        (&[("AreaCode", "4155")], 400, 21451),
        (&[("AreaCode", "212")], 400, 21452),
        (&[("PhoneNumber", FREE), ("VoiceUrl", "example")], 400, 21609),
        (&[("PhoneNumber", FREE), ("VoiceReceiveMode", "fax")], 501, 20501),
        (&[("PhoneNumber", FREE), ("VoiceCallerIdLookup", "true")], 501, 20501),
        (&[("PhoneNumber", FREE), ("SmsUrl", "example")], 400, 21609),
        (&[("PhoneNumber", FREE), ("SmsMethod", "PUT")], 400, 20001),
        (&[("PhoneNumber", FREE), ("FriendlyName", &name)], 400, 20001),
        (&[("PhoneNumber", FREE), ("Colour", "red")], 400, 20001),
    ] {
        let reply = take(&site, fields).await;
        assert_eq!((reply.status, reply.code()), (status, Some(code)), "{fields:?} {}", reply.text);
    }
    assert_eq!(numbers(&site, "").await, [OWN]);
}

#[tokio::test]
async fn an_area_code_finds_a_free_number() {
    let site = Site::idle().await;
    assert_eq!(take(&site, &[("AreaCode", "415")]).await.assert_status(201).json["phone_number"], FREE);
    take(&site, &[("AreaCode", "415")]).await.assert_error(400, 21452);
}

#[tokio::test]
async fn lists_filter_by_whole_names_and_parts_of_numbers() {
    let site = Site::idle().await;
    take(&site, &[("PhoneNumber", FREE), ("FriendlyName", "Desk")]).await.assert_status(201);
    assert_eq!(numbers(&site, "").await.len(), 2);
    assert_eq!(numbers(&site, "?FriendlyName=Desk").await, [FREE]);
    assert_eq!(numbers(&site, "?PhoneNumber=%2B14155550100").await, [OWN]);
    assert!(numbers(&site, "?FriendlyName=Des").await.is_empty());
    assert_eq!(numbers(&site, "?PhoneNumber=415").await.len(), 2);
    assert!(numbers(&site, "?PhoneNumber=212").await.is_empty());
}

#[tokio::test]
async fn updates_change_what_is_given_and_clear_what_is_empty() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    site.configure(owner, &[("SmsUrl", "https://example.com/a"), ("FriendlyName", "A")])
        .await
        .assert_status(200);
    let reply = site.configure(owner, &[("SmsMethod", "GET")]).await;
    assert_eq!(
        (&reply.json["sms_url"], &reply.json["sms_method"]),
        (&"https://example.com/a".into(), &"GET".into())
    );
    assert_eq!(site.configure(owner, &[("SmsUrl", "")]).await.json["sms_url"], "");
    site.configure(owner, &[("FriendlyName", "B")]).await.assert_status(200);
    assert!(numbers(&site, "?FriendlyName=A").await.is_empty());
    assert_eq!(numbers(&site, "?FriendlyName=B").await, [OWN]);
}

#[tokio::test]
async fn a_released_number_is_free_again() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let sid = take(&site, &[("PhoneNumber", FREE)]).await.json["sid"].as_str().expect("a SID").to_owned();
    let one = format!("{}/{sid}.json", path(owner));
    site.app.delete(owner, API, &one).await.assert_status(204);
    site.app.get(owner, API, &one).await.assert_error(404, 20404);
    let entries = site.app.ledger_actions(owner.scope()).await;
    let last = entries.last().expect("entries");
    assert_eq!((last.act.as_str(), last.what.as_slice()), ("delete_incoming_phone_number", &[sid][..]));
    let fields = [("To", "+14155550177"), ("From", FREE), ("Body", "x")];
    site.post(owner, &fields).await.assert_error(400, 21606);
    let theirs = path(&site.app.other);
    site.app.post_form(&site.app.other, API, &theirs, &[("PhoneNumber", FREE)]).await.assert_status(201);
}

#[tokio::test]
async fn the_operator_brings_numbers_in() {
    let site = Site::idle().await;
    let app = &site.app;
    let add = async |who: &test_kit::Credentials, body: String| {
        app.post_raw(who, "switchward", "/switchward/v1/Numbers", body.into_bytes(), "application/json").await
    };
    let free = r#"{"number": "+18005550123"}"#.to_owned();
    add(&app.operator, free.clone()).await.assert_status(201);
    let given = format!(r#"{{"number": "+18005550123", "account_sid": "{}"}}"#, app.owner.sid);
    let reply = add(&app.operator, given.clone()).await;
    let sid = reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned();
    assert_eq!(site.number_sid(&app.owner, "+18005550123").await, sid);
    // It is not given twice, not to nobody, and only the operator may.
    add(&app.operator, given.clone()).await.assert_error(400, 21422);
    let other = given.replace(&app.owner.sid.to_string(), &app.other.sid.to_string());
    add(&app.operator, other).await.assert_error(400, 21422);
    let nobody = r#"{"number": "+18005550124", "account_sid": "AC00000000000000000000000000000000"}"#;
    add(&app.operator, nobody.to_owned()).await.assert_error(404, 20404);
    add(&app.operator, r#"{"number": "1234"}"#.to_owned()).await.assert_error(400, 21421);
    add(app.owner.credentials(), free).await.assert_error(403, 20003);
}

const TOLL_FREE: &str = "+18005550199";

#[tokio::test]
async fn numbers_of_a_kind_are_taken_and_listed_by_it() {
    let site = Site::idle().await;
    add_to_inventory(&site.app.services, &[TOLL_FREE]).await.expect("a new number");
    let (app, owner) = (&site.app, &site.app.owner);
    let create = async |kind: &str, fields: &[(&str, &str)]| {
        app.post_form(owner, API, &format!("{}/{kind}.json", path(owner)), fields).await
    };
    for (kind, number, status, code) in [
        ("Local", TOLL_FREE, 400, 21422),
        ("Mobile", FREE, 400, 21422),
        ("TollFree", FREE, 400, 21422),
        ("Local", "12", 400, 21421),
        ("Local", "", 400, 20001),
    ] {
        create(kind, &[("PhoneNumber", number)]).await.assert_error(status, code);
    }
    create("Local", &[("AreaCode", "415")]).await.assert_error(400, 20001);
    create("Local", &[("PhoneNumber", FREE), ("FriendlyName", "Desk")]).await.assert_status(201);
    let made = create("TollFree", &[("PhoneNumber", TOLL_FREE)]).await;
    assert_eq!(made.assert_status(201).json["phone_number"], TOLL_FREE);
    let listed = async |list: &str| {
        let page =
            app.get(owner, API, &format!("{}{list}", path(owner))).await.assert_status(200).json.clone();
        let rows = page["incoming_phone_numbers"].as_array().expect("rows").clone();
        let mut numbers: Vec<_> =
            rows.iter().map(|row| row["phone_number"].as_str().expect("a number").to_owned()).collect();
        numbers.sort();
        numbers
    };
    for (list, expected) in [
        ("/Local.json", vec![OWN, FREE]),
        ("/TollFree.json", vec![TOLL_FREE]),
        ("/Mobile.json", vec![]),
        ("/Local.json?FriendlyName=Desk", vec![FREE]),
        (".json?PhoneNumber=800", vec![TOLL_FREE]),
        (".json?PhoneNumber=%2B1415555", vec![OWN, FREE]),
        (".json?PhoneNumber=1415*5501*0", vec![OWN, FREE]),
        (".json?PhoneNumber=%2B14155550120", vec![FREE]),
        (".json?PhoneNumber=%2B14155550120&Origin=hosted", vec![]),
        (".json?Origin=twilio&Beta=true", vec![OWN, FREE, TOLL_FREE]),
    ] {
        assert_eq!(listed(list).await, expected, "{list}");
    }
    for query in ["Origin=moon", "Beta=perhaps", "PhoneNumber=%3F%3F"] {
        app.get(owner, API, &format!("{}.json?{query}", path(owner))).await.assert_error(400, 20001);
    }
}

/// The keys of the published schemas `available_phone_number_local` and the like.
const AVAILABLE_KEYS: [&str; 13] = [
    "address_requirements",
    "beta",
    "capabilities",
    "friendly_name",
    "iso_country",
    "lata",
    "latitude",
    "locality",
    "longitude",
    "phone_number",
    "postal_code",
    "rate_center",
    "region",
];

#[tokio::test]
async fn what_is_free_is_found_by_country_kind_and_digits() {
    let site = Site::idle().await;
    let (app, owner) = (&site.app, &site.app.owner);
    let others = [TOLL_FREE, "+12125550133", "+442079460123"];
    // The oldest is shown first.
    app.advance(std::time::Duration::from_secs(1));
    add_to_inventory(&app.services, &others).await.expect("new numbers");
    let base = format!("/2010-04-01/Accounts/{}/AvailablePhoneNumbers", owner.sid);
    let countries = app.get(owner, API, &format!("{base}.json")).await.assert_status(200).json.clone();
    let rows = countries["countries"].as_array().expect("rows");
    let codes: Vec<_> = rows.iter().map(|row| row["country_code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["GB", "US"]);
    let mut keys: Vec<_> = rows[1].as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["beta", "country", "country_code", "subresource_uris", "uri"]);
    let links = serde_json::json!({ "local": format!("{base}/US/Local.json"), "toll_free": format!("{base}/US/TollFree.json") });
    assert_eq!(rows[1]["subresource_uris"], links);
    assert_eq!(app.get(owner, API, &format!("{base}/US.json")).await.json, rows[1]);
    for path in ["/FR.json", "/us.json", "/USA.json", "/usa/Local.json"] {
        app.get(owner, API, &format!("{base}{path}")).await.assert_error(404, 20404);
    }
    let search = async |query: &str| {
        let page = app.get(owner, API, &format!("{base}/{query}")).await.assert_status(200).json.clone();
        let rows = page["available_phone_numbers"].as_array().expect("rows").clone();
        for row in &rows {
            let mut keys: Vec<_> = row.as_object().expect("an object").keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(keys, AVAILABLE_KEYS);
        }
        rows.iter().map(|row| row["phone_number"].as_str().expect("a number").to_owned()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("US/Local.json", vec![FREE, "+12125550133"]),
        ("US/TollFree.json", vec![TOLL_FREE]),
        ("GB/Local.json", vec!["+442079460123"]),
        ("US/Local.json?AreaCode=212", vec!["+12125550133"]),
        ("US/Local.json?InRegion=CA", vec![FREE]),
        ("US/Local.json?Contains=415*5501", vec![FREE]),
        (
            "US/Local.json?SmsEnabled=true&ExcludeAllAddressRequired=true&Beta=false",
            vec![FREE, "+12125550133"],
        ),
        ("US/Local.json?MmsEnabled=true", vec![]),
        ("US/Local.json?VoiceEnabled=true", vec![]),
        ("US/Local.json?PageSize=1", vec![FREE]),
        ("US/Local.json?PageSize=1&Page=1", vec!["+12125550133"]),
        ("US/Mobile.json", vec![]),
        ("US/National.json", vec![]),
        ("US/SharedCost.json", vec![]),
        ("US/Voip.json", vec![]),
        ("US/MachineToMachine.json", vec![]),
        ("FR/Local.json", vec![]),
    ] {
        assert_eq!(search(query).await, expected, "{query}");
    }
    for (query, status, code) in [
        ("NearNumber=%2B14155550100", 501, 20501),
        ("InPostalCode=94105", 501, 20501),
        ("AreaCode=1", 400, 20001),
        ("Contains=1", 400, 20001),
        ("SmsEnabled=perhaps", 400, 20001),
        ("Colour=red", 400, 20001),
    ] {
        app.get(owner, API, &format!("{base}/US/Local.json?{query}")).await.assert_error(status, code);
    }
}

#[tokio::test]
async fn voi_mkt_1__refuses_add_ons_of_a_number() {
    let site = Site::idle().await;
    let sid = site.number_sid(&site.app.hipaa, crate::site::CLINIC).await;
    let path = format!("{}/{sid}/AssignedAddOns.json", path(&site.app.hipaa));
    let install = [("InstalledAddOnSid", "XE00000000000000000000000000000000")];
    site.app.get(&site.app.hipaa, API, &path).await.assert_refused("VOI-MKT-1", 77257);
    site.app.post_form(&site.app.hipaa, API, &path, &install).await.assert_refused("VOI-MKT-1", 77257);
}

#[tokio::test]
async fn voi_mkt_1__allows_ordinary_account_which_is_told_that_there_are_none() {
    let site = Site::idle().await;
    let sid = site.number_sid(&site.app.owner, OWN).await;
    let path = format!("{}/{sid}/AssignedAddOns.json", path(&site.app.owner));
    site.app.get(&site.app.owner, API, &path).await.assert_error(501, 20501);
}
