//! SIP of the 2010 API: lists, credentials, addresses, domains and what guards them.

use serde_json::Value;
use test_kit::TestDatabase;

use crate::site::{Site, below};

/// A password that is long and mixed enough.
pub const PASSWORD: &str = "Correct-Horse-1";

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

async fn lists_and_credentials(site: Site) {
    let owner = &site.app.owner;
    let list = site.made(owner, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    assert!(list.starts_with("CL"));
    let path = format!("SIP/CredentialLists/{list}");
    let found = site.get(owner, &path).await.assert_status(200).json.clone();
    let expected =
        ["account_sid", "date_created", "date_updated", "friendly_name", "sid", "subresource_uris", "uri"];
    assert_eq!(keys(&found), expected);
    assert_eq!(found["friendly_name"], "Nurses");
    assert_eq!(found["uri"], below(owner, &path));
    // One name, one list.
    site.post(owner, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await.assert_error(400, 21240);
    site.post(owner, "SIP/CredentialLists", &[]).await.assert_error(400, 21240);
    site.post(owner, &path, &[("FriendlyName", "Doctors")]).await.assert_status(200);

    let credentials = format!("{path}/Credentials");
    let credential =
        site.made(owner, &credentials, &[("Username", "jane.doe"), ("Password", PASSWORD)]).await;
    assert!(credential.starts_with("CR"));
    let one = format!("{credentials}/{credential}");
    let found = site.get(owner, &one).await.assert_status(200).json.clone();
    let expected =
        ["account_sid", "credential_list_sid", "date_created", "date_updated", "sid", "uri", "username"];
    assert_eq!(keys(&found), expected);
    assert_eq!(
        (found["username"].as_str(), found["credential_list_sid"].as_str()),
        (Some("jane.doe"), Some(&*list))
    );
    let again = [("Username", "jane.doe"), ("Password", PASSWORD)];
    site.post(owner, &credentials, &again).await.assert_error(400, 21243);
    site.post(owner, &credentials, &[("Username", "a b"), ("Password", PASSWORD)])
        .await
        .assert_error(400, 21243);
    site.post(owner, &one, &[("Password", "Another-Horse-2")]).await.assert_status(200);
    let listed = site.get(owner, &credentials).await.assert_status(200).json.clone();
    assert_eq!(listed["credentials"][0]["username"], "jane.doe");
    // Nothing of it is another account's, and another list has it not.
    site.get(&site.app.other, &one).await.assert_error(404, 20404);
    let other = site.made(owner, "SIP/CredentialLists", &[("FriendlyName", "Others")]).await;
    site.get(owner, &format!("SIP/CredentialLists/{other}/Credentials/{credential}"))
        .await
        .assert_error(404, 20404);
    site.delete(owner, &one).await.assert_status(204);
    site.get(owner, &one).await.assert_error(404, 20404);
    site.delete(owner, &path).await.assert_status(204);
    site.get(owner, &path).await.assert_error(404, 20404);
}

#[tokio::test]
async fn lists_and_credentials_are_made_changed_and_deleted() {
    lists_and_credentials(Site::start().await).await;
}

#[tokio::test]
async fn lists_and_credentials_are_made_changed_and_deleted_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    lists_and_credentials(Site::start_on(&database).await).await;
}

#[tokio::test]
async fn addresses_are_made_changed_and_deleted() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let list = site.made(owner, "SIP/IpAccessControlLists", &[("FriendlyName", "Offices")]).await;
    assert!(list.starts_with("AL"));
    let addresses = format!("SIP/IpAccessControlLists/{list}/IpAddresses");
    let office = [("FriendlyName", "Office"), ("IpAddress", "198.51.100.7"), ("CidrPrefixLength", "24")];
    let address = site.made(owner, &addresses, &office).await;
    assert!(address.starts_with("IP"));
    let one = format!("{addresses}/{address}");
    let found = site.get(owner, &one).await.assert_status(200).json.clone();
    let expected = [
        "account_sid",
        "cidr_prefix_length",
        "date_created",
        "date_updated",
        "friendly_name",
        "ip_access_control_list_sid",
        "ip_address",
        "sid",
        "uri",
    ];
    assert_eq!(keys(&found), expected);
    assert_eq!(
        (found["cidr_prefix_length"].as_u64(), found["ip_address"].as_str()),
        (Some(24), Some("198.51.100.7"))
    );
    let changed = site.post(owner, &one, &[("CidrPrefixLength", "32")]).await.assert_status(200).json.clone();
    assert_eq!(
        (changed["cidr_prefix_length"].as_u64(), changed["friendly_name"].as_str()),
        (Some(32), Some("Office"))
    );
    for fields in [
        &[("FriendlyName", "x"), ("IpAddress", "office.example")][..],
        &[("FriendlyName", "x"), ("IpAddress", "2001:db8::1")],
        &[("FriendlyName", "x")],
        &[("IpAddress", "198.51.100.8")],
        &[("FriendlyName", "x"), ("IpAddress", "198.51.100.8"), ("CidrPrefixLength", "33")],
    ] {
        site.post(owner, &addresses, fields).await.assert_error(400, 21238);
    }
    assert_eq!(site.get(owner, &addresses).await.json["ip_addresses"].as_array().map(Vec::len), Some(1));
    site.get(&site.app.other, &one).await.assert_error(404, 20404);
    site.delete(owner, &one).await.assert_status(204);
    site.delete(owner, &format!("SIP/IpAccessControlLists/{list}")).await.assert_status(204);
}

const DOMAIN: &[&str] = &[
    "account_sid",
    "api_version",
    "auth_type",
    "byoc_trunk_sid",
    "date_created",
    "date_updated",
    "domain_name",
    "emergency_caller_sid",
    "emergency_calling_enabled",
    "friendly_name",
    "secure",
    "sid",
    "sip_registration",
    "subresource_uris",
    "uri",
    "voice_fallback_method",
    "voice_fallback_url",
    "voice_method",
    "voice_status_callback_method",
    "voice_status_callback_url",
    "voice_url",
];

async fn domains(site: Site) {
    let owner = &site.app.owner;
    let fields = [
        ("DomainName", "Clinic.sip.twilio.com"),
        ("FriendlyName", "Front desk"),
        ("VoiceUrl", "https://example.com/voice"),
        ("VoiceMethod", "GET"),
    ];
    let domain = site.made(owner, "SIP/Domains", &fields).await;
    assert!(domain.starts_with("SD"));
    let one = format!("SIP/Domains/{domain}");
    let found = site.get(owner, &one).await.assert_status(200).json.clone();
    assert_eq!(keys(&found), DOMAIN);
    for (key, expected) in [
        ("domain_name", "clinic.sip.twilio.com"),
        ("friendly_name", "Front desk"),
        ("auth_type", ""),
        ("voice_method", "GET"),
        ("voice_url", "https://example.com/voice"),
    ] {
        assert_eq!(found[key], expected, "{key}");
    }
    assert_eq!(found["secure"], false);
    // A name is one account's, whoever asks for it.
    for account in [owner, &site.app.other] {
        site.post(account, "SIP/Domains", &fields[..1]).await.assert_error(400, 21231);
    }
    for (fields, status, code) in [
        (&[("DomainName", "clinic.example.com")][..], 400, 21232),
        (&[], 400, 21232),
        (&[("DomainName", "b.sip.twilio.com"), ("VoiceUrl", "example")], 400, 21609),
        (&[("DomainName", "b.sip.twilio.com"), ("EmergencyCallingEnabled", "true")], 501, 20501),
        (&[("DomainName", "b.sip.twilio.com"), ("Colour", "red")], 400, 20001),
    ] {
        site.post(owner, "SIP/Domains", fields).await.assert_error(status, code);
    }
    let changed = site.post(owner, &one, &[("DomainName", "desk.sip.twilio.com"), ("Secure", "true")]).await;
    let changed = changed.assert_status(200).json.clone();
    assert_eq!(
        (changed["domain_name"].as_str(), changed["secure"].as_bool()),
        (Some("desk.sip.twilio.com"), Some(true))
    );
    // The old name is free again.
    site.made(&site.app.other, "SIP/Domains", &fields[..1]).await;
    site.get(&site.app.other, &one).await.assert_error(404, 20404);
    site.delete(owner, &one).await.assert_status(204);
    site.made(&site.app.other, "SIP/Domains", &[("DomainName", "desk.sip.twilio.com")]).await;
}

#[tokio::test]
async fn domains_are_made_changed_and_deleted() {
    domains(Site::start().await).await;
}

#[tokio::test]
async fn domains_are_made_changed_and_deleted_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    domains(Site::start_on(&database).await).await;
}

#[tokio::test]
async fn the_first_families_and_those_of_calls_are_the_same_lists() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let domain = site.made(owner, "SIP/Domains", &[("DomainName", "clinic.sip.twilio.com")]).await;
    let credentials = site.made(owner, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    let addresses = site.made(owner, "SIP/IpAccessControlLists", &[("FriendlyName", "Offices")]).await;
    let domain = format!("SIP/Domains/{domain}");
    for (first, other, parameter, list, auth_type, code) in [
        (
            "CredentialListMappings",
            "Auth/Calls/CredentialListMappings",
            "CredentialListSid",
            &credentials,
            "CREDENTIAL_LIST",
            21241,
        ),
        (
            "IpAccessControlListMappings",
            "Auth/Calls/IpAccessControlListMappings",
            "IpAccessControlListSid",
            &addresses,
            "IP_ACL",
            21236,
        ),
    ] {
        let (first, other) = (format!("{domain}/{first}"), format!("{domain}/{other}"));
        let made = site.post(owner, &first, &[(parameter, list)]).await.assert_status(201).json.clone();
        assert_eq!(
            keys(&made),
            ["account_sid", "date_created", "date_updated", "domain_sid", "friendly_name", "sid", "uri"]
        );
        assert_eq!(made["sid"].as_str(), Some(&**list));
        let seen = site.get(owner, &format!("{other}/{list}")).await.assert_status(200).json.clone();
        assert_eq!(keys(&seen), ["account_sid", "date_created", "date_updated", "friendly_name", "sid"]);
        assert_eq!(site.get(owner, &other).await.json["contents"].as_array().map(Vec::len), Some(1));
        assert_eq!(site.get(owner, &domain).await.json["auth_type"], auth_type);
        site.post(owner, &other, &[(parameter, list)]).await.assert_error(400, 21231);
        // What guards a domain stays.
        let lists = if code == 21241 { "CredentialLists" } else { "IpAccessControlLists" };
        site.delete(owner, &format!("SIP/{lists}/{list}")).await.assert_error(400, code);
        site.delete(owner, &format!("{other}/{list}")).await.assert_status(204);
        site.get(owner, &format!("{first}/{list}")).await.assert_error(404, 20404);
        assert_eq!(site.get(owner, &domain).await.json["auth_type"], "");
    }
    let registrations = format!("{domain}/Auth/Registrations/CredentialListMappings");
    site.made(owner, &registrations, &[("CredentialListSid", &credentials)]).await;
    assert_eq!(site.get(owner, &domain).await.json["auth_type"], "");
    let listed = site.get(owner, &format!("{domain}/CredentialListMappings")).await.json;
    assert_eq!(listed["credential_list_mappings"].as_array().map(Vec::len), Some(0));
    site.delete(owner, &format!("SIP/CredentialLists/{credentials}")).await.assert_error(400, 21241);
    // Another account's list is none.
    let theirs = site.made(&site.app.other, "SIP/CredentialLists", &[("FriendlyName", "Theirs")]).await;
    site.post(owner, &registrations, &[("CredentialListSid", &theirs)]).await.assert_error(404, 20404);
    site.delete(owner, &domain).await.assert_status(204);
    site.delete(owner, &format!("SIP/CredentialLists/{credentials}")).await.assert_status(204);
}

#[tokio::test]
async fn mappings_come_in_pages() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let domain = site.made(owner, "SIP/Domains", &[("DomainName", "clinic.sip.twilio.com")]).await;
    let mappings = format!("SIP/Domains/{domain}/CredentialListMappings");
    let mut made = Vec::new();
    for number in 0..3 {
        let list = site.made(owner, "SIP/CredentialLists", &[("FriendlyName", &number.to_string())]).await;
        site.made(owner, &mappings, &[("CredentialListSid", &list)]).await;
        made.insert(0, list);
    }
    let mut seen = Vec::new();
    let mut path = format!("{}?PageSize=2", below(owner, &mappings));
    loop {
        let page = site.app.get(owner, "api", &path).await.assert_status(200).json.clone();
        let rows = page["credential_list_mappings"].as_array().cloned().unwrap_or_default();
        seen.extend(rows.iter().map(|row| row["sid"].as_str().unwrap_or_default().to_owned()));
        match page["next_page_uri"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn no_password_and_no_user_name_lies_in_the_database_or_the_ledger() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let list = site.made(owner, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    let credentials = format!("SIP/CredentialLists/{list}/Credentials");
    site.made(owner, &credentials, &[("Username", "canary-user"), ("Password", "Canary-Password-1")]).await;
    site.get(owner, &credentials).await.assert_status(200);
    for canary in ["canary-user", "Canary-Password-1"] {
        assert!(!test_kit::contains_bytes(site.app.data_dir(), canary.as_bytes()), "{canary}");
    }
    let entries = site.app.ledger_actions(owner.scope()).await;
    let shown: Vec<_> =
        entries.iter().filter(|entry| entry.fields == ["username"]).map(|entry| entry.act.as_str()).collect();
    assert_eq!(shown, ["create_sip_credential", "list_sip_credential"]);
}
