//! Messaging Services and their senders at the API: shapes, errors, and what belongs to whom.

use http::Method;
use serde_json::Value;
use test_kit::{Reply, TestAccount};

use crate::site::{API, CLINIC, FREE, MESSAGING, OWN, Site};

/// The keys of the published schema `messaging.v1.service`.
const KEYS: [&str; 23] = [
    "account_sid",
    "area_code_geomatch",
    "date_created",
    "date_updated",
    "fallback_method",
    "fallback_to_long_code",
    "fallback_url",
    "friendly_name",
    "inbound_method",
    "inbound_request_url",
    "links",
    "mms_converter",
    "scan_message_content",
    "sid",
    "smart_encoding",
    "status_callback",
    "sticky_sender",
    "synchronous_validation",
    "url",
    "us_app_to_person_registered",
    "use_inbound_webhook_on_number",
    "usecase",
    "validity_period",
];

fn keys(json: &Value) -> Vec<String> {
    let mut keys: Vec<String> = json.as_object().expect("an object").keys().cloned().collect();
    keys.sort_unstable();
    keys
}

async fn create(site: &Site, fields: &[(&str, &str)]) -> Reply {
    site.app.post_form(&site.app.owner, MESSAGING, "/v1/Services", fields).await
}

async fn get(site: &Site, account: &TestAccount, path: &str) -> Reply {
    site.app.get(account, MESSAGING, &format!("/v1/Services/{path}")).await
}

async fn post(site: &Site, path: &str, fields: &[(&str, &str)]) -> Reply {
    site.app.post_form(&site.app.owner, MESSAGING, &format!("/v1/Services/{path}"), fields).await
}

async fn delete(site: &Site, account: &TestAccount, path: &str) -> Reply {
    site.app.delete(account, MESSAGING, &format!("/v1/Services/{path}")).await
}

#[tokio::test]
async fn create_answers_the_published_shape() {
    let site = Site::idle().await;
    let made = create(&site, &[("FriendlyName", "Reminders")]).await.assert_status(201).json.clone();
    assert_eq!(keys(&made), KEYS);
    let sid = made["sid"].as_str().expect("a SID");
    for (key, expected) in [
        ("account_sid", Value::from(site.app.owner.sid.to_string())),
        ("friendly_name", "Reminders".into()),
        ("date_created", "2026-01-15T12:00:00Z".into()),
        ("inbound_request_url", Value::Null),
        ("inbound_method", "POST".into()),
        ("fallback_url", Value::Null),
        ("fallback_method", "POST".into()),
        ("status_callback", Value::Null),
        ("sticky_sender", true.into()),
        ("area_code_geomatch", true.into()),
        ("smart_encoding", true.into()),
        ("mms_converter", true.into()),
        ("fallback_to_long_code", true.into()),
        ("scan_message_content", "inherit".into()),
        ("validity_period", 36_000.into()),
        ("synchronous_validation", false.into()),
        ("usecase", "undeclared".into()),
        ("us_app_to_person_registered", false.into()),
        ("use_inbound_webhook_on_number", false.into()),
        ("url", format!("https://messaging.twilio.com/v1/Services/{sid}").into()),
    ] {
        assert_eq!(made[key], expected, "{key}");
    }
    let numbers = format!("https://messaging.twilio.com/v1/Services/{sid}/PhoneNumbers");
    assert_eq!(made["links"]["phone_numbers"], numbers);
    assert_eq!(get(&site, &site.app.owner, sid).await.json, made);
    let entries = site.app.ledger_actions(site.app.owner.scope()).await;
    assert!(entries.iter().any(|entry| entry.act == "create_messaging_service" && entry.what == [sid]));
}

/// Every property, each with a value that is not the default.
const OTHERWISE: [(&str, &str, &str); 15] = [
    ("FriendlyName", "friendly_name", "Results"),
    ("InboundRequestUrl", "inbound_request_url", "https://example.com/in"),
    ("InboundMethod", "inbound_method", "GET"),
    ("FallbackUrl", "fallback_url", "https://example.com/fallback"),
    ("FallbackMethod", "fallback_method", "GET"),
    ("StatusCallback", "status_callback", "https://example.com/status"),
    ("StickySender", "sticky_sender", "false"),
    ("AreaCodeGeomatch", "area_code_geomatch", "false"),
    ("SmartEncoding", "smart_encoding", "false"),
    ("MmsConverter", "mms_converter", "false"),
    ("FallbackToLongCode", "fallback_to_long_code", "false"),
    ("ScanMessageContent", "scan_message_content", "disable"),
    ("ValidityPeriod", "validity_period", "60"),
    ("SynchronousValidation", "synchronous_validation", "true"),
    ("Usecase", "usecase", "notifications"),
];

#[tokio::test]
async fn every_property_can_be_set_at_once_and_one_by_one() {
    let site = Site::idle().await;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all: Vec<_> = OTHERWISE.iter().map(|(field, _, value)| (*field, *value)).collect();
    let at_once = create(&site, &all).await.assert_status(201).json.clone();
    let service = site.service(&site.app.owner, &[]).await;
    for (field, key, value) in OTHERWISE {
        assert_eq!(text(&at_once[key]), value, "{key}");
        let before = get(&site, &site.app.owner, &service).await.json;
        let after = post(&site, &service, &[(field, value)]).await.assert_status(200).json.clone();
        let changed: Vec<_> = keys(&before).into_iter().filter(|key| before[key] != after[key]).collect();
        assert_eq!((changed, text(&after[key])), (vec![key.to_owned()], value.to_owned()));
    }
    let on_number = post(&site, &service, &[("UseInboundWebhookOnNumber", "true")]).await;
    assert_eq!(on_number.assert_status(200).json["use_inbound_webhook_on_number"], true);
    // An empty URL clears, and nothing said changes nothing.
    let cleared = post(&site, &service, &[("InboundRequestUrl", ""), ("StatusCallback", "")]).await.json;
    assert!(cleared["inbound_request_url"].is_null() && cleared["status_callback"].is_null());
    assert_eq!(post(&site, &service, &[]).await.assert_status(200).json, cleared);
}

#[tokio::test]
async fn each_bad_parameter_has_its_code() {
    let site = Site::idle().await;
    let long = "x".repeat(65);
    for (field, value, status, code) in [
        ("FriendlyName", "", 400, 20001),
        ("FriendlyName", long.as_str(), 400, 20001),
        ("InboundRequestUrl", "example", 400, 21609),
        ("FallbackUrl", "ftp://example.com/", 400, 21609),
        ("StatusCallback", "not a url", 400, 21609),
        ("InboundMethod", "PUT", 400, 20001),
        ("FallbackMethod", "get", 400, 20001),
        ("StickySender", "maybe", 400, 20001),
        ("ValidityPeriod", "0", 400, 20001),
        ("ValidityPeriod", "36001", 400, 20001),
        ("Usecase", "anything", 400, 21713),
        ("ScanMessageContent", "enable", 501, 20501),
        ("ScanMessageContent", "perhaps", 400, 20001),
        ("Colour", "red", 400, 20001),
    ] {
        let mut fields = vec![("FriendlyName", "Reminders")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let reply = create(&site, &fields).await;
        assert_eq!((reply.status, reply.code()), (status, Some(code)), "{field}={value}: {}", reply.text);
    }
    create(&site, &[]).await.assert_error(400, 20001);
    assert_eq!(get(&site, &site.app.owner, "").await.status, 404);
    let listed = site.app.get(&site.app.owner, MESSAGING, "/v1/Services").await;
    assert_eq!(listed.assert_status(200).json["services"], serde_json::json!([]));
}

#[tokio::test]
async fn services_are_listed_in_pages_and_belong_to_one_account() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(site.service(owner, &[]).await);
    }
    let page = site.app.get(owner, MESSAGING, "/v1/Services?PageSize=2").await.json;
    assert_eq!(page["services"].as_array().map(Vec::len), Some(2));
    assert_eq!((&page["meta"]["key"], &page["meta"]["page_size"]), (&"services".into(), &2.into()));
    let next = page["meta"]["next_page_url"].as_str().expect("there is more");
    let next = next.strip_prefix("https://messaging.twilio.com").expect("our own link");
    let rest = site.app.get(owner, MESSAGING, next).await.json;
    assert_eq!(rest["services"].as_array().map(Vec::len), Some(1));
    assert!(rest["meta"]["next_page_url"].is_null());

    for account in [&site.app.other, &site.app.hipaa] {
        get(&site, account, &made[0]).await.assert_error(404, 20404);
        delete(&site, account, &made[0]).await.assert_error(404, 20404);
        get(&site, account, &format!("{}/PhoneNumbers", made[0])).await.assert_error(404, 20404);
        let send = site.send_with(account, &made[0], "+14155550177", &[]).await;
        send.assert_error(400, 21701);
    }
    delete(&site, owner, &made[0]).await.assert_status(204);
    get(&site, owner, &made[0]).await.assert_error(404, 20404);
    delete(&site, owner, &made[0]).await.assert_error(404, 20404);
}

#[tokio::test]
async fn usecases_are_those_that_are_taken() {
    let site = Site::idle().await;
    let listed = get(&site, &site.app.owner, "Usecases").await.assert_status(200).json.clone();
    let usecases = listed["usecases"].as_array().expect("rows");
    assert_eq!(usecases.len(), 6);
    for usecase in usecases {
        assert_eq!(keys(usecase), ["description", "purpose", "usecase"]);
        let fields = [("FriendlyName", "x"), ("Usecase", usecase["usecase"].as_str().expect("a word"))];
        create(&site, &fields).await.assert_status(201);
    }
}

#[tokio::test]
async fn a_number_joins_one_service_and_leaves_it() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let (service, other) = (site.service(owner, &[]).await, site.service(owner, &[]).await);
    let sid = site.number_sid(owner, OWN).await;
    let joined = site.join(owner, &service, OWN).await.assert_status(201).json.clone();
    let one = format!("{service}/PhoneNumbers/{sid}");
    let expected = serde_json::json!({
        "sid": sid,
        "account_sid": owner.sid.to_string(),
        "service_sid": service,
        "date_created": "2026-01-15T12:00:00Z",
        "date_updated": "2026-01-15T12:00:00Z",
        "phone_number": OWN,
        "country_code": "US",
        "capabilities": ["SMS"],
        "url": format!("https://messaging.twilio.com/v1/Services/{one}"),
    });
    assert_eq!(joined, expected);
    assert_eq!(get(&site, owner, &one).await.json, expected);
    let list = get(&site, owner, &format!("{service}/PhoneNumbers")).await.json;
    assert_eq!(
        (&list["phone_numbers"], &list["meta"]["key"]),
        (&vec![expected].into(), &"phone_numbers".into())
    );

    site.join(owner, &service, OWN).await.assert_error(409, 21710);
    site.join(owner, &other, OWN).await.assert_error(409, 21712);
    get(&site, owner, &format!("{other}/PhoneNumbers/{sid}")).await.assert_error(404, 20404);
    delete(&site, owner, &format!("{other}/PhoneNumbers/{sid}")).await.assert_error(404, 20404);
    get(&site, &site.app.other, &one).await.assert_error(404, 20404);
    delete(&site, owner, &one).await.assert_status(204);
    delete(&site, owner, &one).await.assert_error(404, 20404);
    site.join(owner, &other, OWN).await.assert_status(201);
    // The number is still the account's, and is free again when its service is gone.
    delete(&site, owner, &other).await.assert_status(204);
    site.join(owner, &service, OWN).await.assert_status(201);
}

#[tokio::test]
async fn what_is_no_number_of_the_account_joins_no_service() {
    let site = Site::idle().await;
    let service = site.service(&site.app.owner, &[]).await;
    let theirs = site.number_sid(&site.app.hipaa, CLINIC).await;
    let numbers = format!("{service}/PhoneNumbers");
    post(&site, &numbers, &[("PhoneNumberSid", &theirs)]).await.assert_error(404, 20404);
    post(&site, &numbers, &[("PhoneNumberSid", "PN1")]).await.assert_error(400, 20001);
    post(&site, &numbers, &[]).await.assert_error(400, 20001);
    let sid = site.number_sid(&site.app.owner, OWN).await;
    let unknown = "MG00000000000000000000000000000000/PhoneNumbers";
    post(&site, unknown, &[("PhoneNumberSid", &sid)]).await.assert_error(404, 20404);
}

#[tokio::test]
async fn a_number_that_is_given_back_leaves_its_service() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[FREE], &[]).await;
    let sid = site.number_sid(owner, FREE).await;
    let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{sid}.json", owner.sid);
    site.app.delete(owner, API, &path).await.assert_status(204);
    let list = get(&site, owner, &format!("{service}/PhoneNumbers")).await.json;
    assert_eq!(list["phone_numbers"], serde_json::json!([]));
    site.send_with(owner, &service, "+14155550177", &[]).await.assert_error(400, 21704);
}

#[tokio::test]
async fn names_join_and_leave() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    let names = format!("{service}/AlphaSenders");
    let made = post(&site, &names, &[("AlphaSender", "The Clinic")]).await.assert_status(201).json.clone();
    let sid = made["sid"].as_str().expect("a SID").to_owned();
    assert!(sid.starts_with("AI"));
    let expected = [
        "account_sid",
        "alpha_sender",
        "capabilities",
        "date_created",
        "date_updated",
        "service_sid",
        "sid",
        "url",
    ];
    assert_eq!(keys(&made), expected);
    assert_eq!(made["alpha_sender"], "The Clinic");
    assert_eq!(get(&site, owner, &format!("{names}/{sid}")).await.json, made);
    let list = get(&site, owner, &names).await.json;
    assert_eq!((&list["alpha_senders"][0], &list["meta"]["key"]), (&made, &"alpha_senders".into()));
    for (fields, status, code) in [
        (&[][..], 400, 21708),
        (&[("AlphaSender", "")], 400, 21708),
        (&[("AlphaSender", "12345678")], 400, 21709),
        (&[("AlphaSender", "+14155550100")], 400, 21709),
        (&[("AlphaSender", "Twelve chars")], 400, 21709),
        (&[("AlphaSender", "Klinik!")], 400, 21709),
        (&[("AlphaSender", "The Clinic")], 409, 21710),
    ] {
        post(&site, &names, fields).await.assert_error(status, code);
    }
    for name in ["A+B", "A-B_C&D", "Clinic 24"] {
        post(&site, &names, &[("AlphaSender", name)]).await.assert_status(201);
    }
    get(&site, &site.app.other, &format!("{names}/{sid}")).await.assert_error(404, 20404);
    delete(&site, owner, &format!("{names}/{sid}")).await.assert_status(204);
    get(&site, owner, &format!("{names}/{sid}")).await.assert_error(404, 20404);
}

#[tokio::test]
async fn a_name_for_one_country_joins_and_leaves() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    site.open_countries(&["GB", "DE", "FR"]).await;
    let service = site.service(owner, &[]).await;
    let (names, all) = (format!("{service}/AlphaSenders"), format!("{service}/DestinationAlphaSenders"));
    post(&site, &names, &[("AlphaSender", "Clinic")]).await.assert_status(201);
    let german = [("AlphaSender", "Praxis"), ("IsoCountryCode", "de")];
    let made = post(&site, &all, &german).await.assert_status(201).json.clone();
    let sid = made["sid"].as_str().expect("a SID").to_owned();
    assert!(sid.starts_with("AI"));
    assert_eq!((&made["alpha_sender"], &made["iso_country_code"]), (&"Praxis".into(), &"DE".into()));
    assert_eq!(get(&site, owner, &format!("{all}/{sid}")).await.json, made);
    get(&site, &site.app.other, &format!("{all}/{sid}")).await.assert_error(404, 20404);
    post(&site, &all, &german).await.assert_error(409, 21710);
    // The same name for another country, and for every one.
    post(&site, &all, &[("AlphaSender", "Praxis"), ("IsoCountryCode", "GB")]).await.assert_status(201);
    let anywhere = post(&site, &all, &[("AlphaSender", "Anyone")]).await.assert_status(201).json.clone();
    assert_eq!(anywhere["iso_country_code"], serde_json::json!(null));
    for country in ["US", "CA", "XX", "Germany"] {
        let fields = [("AlphaSender", "Praxis"), ("IsoCountryCode", country)];
        post(&site, &all, &fields).await.assert_error(400, 20001);
    }
    post(&site, &all, &[("IsoCountryCode", "DE")]).await.assert_error(400, 21708);
    for (list, count) in
        [(all.clone(), 4), (format!("{all}?IsoCountryCode=DE"), 1), (format!("{all}?IsoCountryCode=FR"), 0)]
    {
        let listed = get(&site, owner, &list).await.json;
        assert_eq!(listed["alpha_senders"].as_array().map(Vec::len), Some(count), "{list}");
    }
    // What is for one country is not among those for all.
    let listed = get(&site, owner, &names).await.json;
    assert_eq!(listed["alpha_senders"].as_array().map(Vec::len), Some(2));
    get(&site, owner, &format!("{names}/{sid}")).await.assert_error(404, 20404);
    delete(&site, owner, &format!("{names}/{sid}")).await.assert_error(404, 20404);

    let send = async |to: &str, from: Option<&str>| {
        let more: Vec<_> = from.map(|from| ("From", from)).into_iter().collect();
        site.send_with(owner, &service, to, &more).await
    };
    assert_eq!(send("+4930123456", None).await.json["from"], "Praxis");
    send("+4930123456", Some("Praxis")).await.assert_status(201);
    // There is a name of it in France, but not this one.
    send("+33123456789", Some("Praxis")).await.assert_error(400, 21612);
    send("+33123456789", Some("Clinic")).await.assert_status(201);
    send("+14155550177", Some("Clinic")).await.assert_error(400, 21612);
    send("+14155550177", None).await.assert_error(400, 21703);
    delete(&site, owner, &format!("{all}/{sid}")).await.assert_status(204);
    get(&site, owner, &format!("{all}/{sid}")).await.assert_error(404, 20404);
}

#[tokio::test]
async fn a_service_has_at_most_as_many_senders_as_published() {
    let site = Site::idle().await;
    let service = site.service(&site.app.owner, &[]).await;
    let names = format!("{service}/AlphaSenders");
    for number in 0..messaging::limits::MAX_SENDERS {
        let name = format!("Clinic {number}");
        post(&site, &names, &[("AlphaSender", &name)]).await.assert_status(201);
    }
    post(&site, &names, &[("AlphaSender", "One more")]).await.assert_error(400, 21714);
}

#[tokio::test]
async fn senders_that_nobody_can_have_are_none() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    for (collection, key) in [("ChannelSenders", "senders")] {
        let list =
            get(&site, owner, &format!("{service}/{collection}")).await.assert_status(200).json.clone();
        assert_eq!((&list[key], &list["meta"]["key"]), (&serde_json::json!([]), &key.into()));
        get(&site, &site.app.other, &format!("{service}/{collection}")).await.assert_error(404, 20404);
    }
}

#[tokio::test]
async fn what_is_published_and_not_served_says_so() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    let domain = "/v1/LinkShortening/Domains/DN00000000000000000000000000000000";
    for (method, path, (status, code), why) in [
        (Method::POST, format!("/v1/Services/{service}/ChannelSenders"), (501, 20501), "SMS only"),
        (Method::POST, "/v2/Channels/Senders".to_owned(), (501, 20501), "SMS only"),
        (Method::GET, "/v1/Deactivations?Date=2026-01-01".to_owned(), (404, 30114), "empty report"),
        (Method::POST, "/v2/Indicators/Typing.json".to_owned(), (501, 20501), "typing indicator"),
        (Method::GET, format!("{domain}/Config"), (404, 20404), "domain"),
        (Method::POST, format!("{domain}/Config"), (501, 20501), "not shortened"),
        (
            Method::GET,
            format!("/v1/LinkShortening/MessagingServices/{service}/Domain"),
            (404, 20404),
            "domain",
        ),
    ] {
        let reply = match method {
            Method::GET => site.app.get(owner, MESSAGING, &path).await,
            _ => site.app.post_form(owner, MESSAGING, &path, &[]).await,
        };
        reply.assert_error(status, code);
        assert!(reply.json["message"].as_str().is_some_and(|said| said.contains(why)), "{}", reply.text);
        // Who asks is looked at first.
        let reply = site.app.get(test_kit::Credentials::nobody(), MESSAGING, "/v1/Deactivations").await;
        reply.assert_error(401, 20003);
    }
}
