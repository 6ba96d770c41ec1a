//! Whether a call or a registration may come in at a SIP domain.

use std::net::IpAddr;

use test_kit::TestAccount;
use voice::sip::REALM;
use voice::sip::gate::{self, Admission, Came, Wanted};

use crate::sip::PASSWORD;
use crate::site::Site;

const NAME: &str = "clinic.sip.twilio.com";

fn from(address: &str, secure: bool) -> Came {
    Came { peer: address.parse::<IpAddr>().expect("an address"), secure, interconnect: false }
}

async fn asks(site: &Site, wanted: Wanted, came: Came) -> Admission {
    let domain = gate::domain(&site.app.services, NAME).await.expect("readable").expect("a domain");
    domain.admits(&site.app.services, wanted, came).await.expect("readable")
}

/// A domain with an address list and a credential list for calls, which the test maps.
async fn domain(site: &Site, account: &TestAccount) -> (String, String, String) {
    let domain = site.made(account, "SIP/Domains", &[("DomainName", NAME)]).await;
    let users = site.made(account, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    let credentials = format!("SIP/CredentialLists/{users}/Credentials");
    site.made(account, &credentials, &[("Username", "jane"), ("Password", PASSWORD)]).await;
    let offices = site.made(account, "SIP/IpAccessControlLists", &[("FriendlyName", "Offices")]).await;
    let addresses = format!("SIP/IpAccessControlLists/{offices}/IpAddresses");
    let office = [("FriendlyName", "Office"), ("IpAddress", "198.51.100.7"), ("CidrPrefixLength", "24")];
    site.made(account, &addresses, &office).await;
    (format!("SIP/Domains/{domain}"), users, offices)
}

#[tokio::test]
async fn a_domain_without_lists_takes_nothing() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (domain, users, offices) = domain(&site, owner).await;
    let fields = [("VoiceUrl", "https://example.com/voice"), ("SipRegistration", "true")];
    site.post(owner, &domain, &fields).await.assert_status(200);
    for wanted in [Wanted::Call, Wanted::Registration] {
        assert_eq!(asks(&site, wanted, from("198.51.100.9", true)).await, Admission::Closed);
    }
    site.made(
        owner,
        &format!("{domain}/IpAccessControlListMappings"),
        &[("IpAccessControlListSid", &offices)],
    )
    .await;
    assert_eq!(asks(&site, Wanted::Call, from("198.51.100.9", false)).await, Admission::Open);
    assert_eq!(asks(&site, Wanted::Call, from("203.0.113.9", true)).await, Admission::Closed);
    assert_eq!(asks(&site, Wanted::Registration, from("198.51.100.9", true)).await, Admission::Closed);
    // Both count where both are mapped.
    site.made(owner, &format!("{domain}/CredentialListMappings"), &[("CredentialListSid", &users)]).await;
    assert_eq!(asks(&site, Wanted::Call, from("198.51.100.9", true)).await, Admission::Challenge);
    assert_eq!(asks(&site, Wanted::Call, from("203.0.113.9", true)).await, Admission::Closed);
    let registrations = format!("{domain}/Auth/Registrations/CredentialListMappings");
    site.made(owner, &registrations, &[("CredentialListSid", &users)]).await;
    assert_eq!(asks(&site, Wanted::Registration, from("203.0.113.9", true)).await, Admission::Challenge);
    // A domain that nobody answers for takes no calls.
    site.post(owner, &domain, &[("VoiceUrl", "")]).await.assert_status(200);
    assert_eq!(asks(&site, Wanted::Call, from("198.51.100.9", true)).await, Admission::Closed);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sipif_1__refuses_call_without_tls_and_srtp() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let (domain, users, _) = domain(&site, hipaa).await;
    site.made(hipaa, &format!("{domain}/CredentialListMappings"), &[("CredentialListSid", &users)]).await;
    site.post(hipaa, &domain, &[("VoiceUrl", "https://example.com/voice")]).await.assert_status(200);
    assert_eq!(asks(&site, Wanted::Call, from("203.0.113.9", false)).await, Admission::Closed);
    assert_eq!(asks(&site, Wanted::Call, from("203.0.113.9", true)).await, Admission::Challenge);
    // The interconnect of the line lets nothing in at a domain that says TLS itself.
    let private = Came { interconnect: true, ..from("203.0.113.9", false) };
    assert_eq!(asks(&site, Wanted::Call, private).await, Admission::Closed);
    site.around.attest(true);
    site.post(hipaa, &domain, &[("Secure", "false")]).await.assert_status(200);
    assert_eq!(asks(&site, Wanted::Call, private).await, Admission::Challenge);
}

#[tokio::test]
async fn the_hashes_of_a_user_are_given_once_the_ledger_says_so() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (domain, users, _) = domain(&site, owner).await;
    let services = &site.app.services;
    let found = gate::domain(services, "Clinic.SIP.twilio.com").await.expect("readable").expect("a domain");
    assert!(
        found.hashes(services, Wanted::Call, "jane").await.expect("readable").is_none(),
        "not mapped yet"
    );
    site.made(owner, &format!("{domain}/CredentialListMappings"), &[("CredentialListSid", &users)]).await;
    let found = gate::domain(services, NAME).await.expect("readable").expect("a domain");
    let hashes = found.hashes(services, Wanted::Call, "jane").await.expect("readable").expect("a user");
    assert_eq!((hashes.md5.len(), hashes.sha256.len(), REALM), (32, 64, "sip.twilio.com"));
    assert!(found.hashes(services, Wanted::Call, "john").await.expect("readable").is_none());
    assert!(found.hashes(services, Wanted::Registration, "jane").await.expect("readable").is_none());
    let entries = site.app.ledger_actions(owner.scope()).await;
    assert_eq!(entries.iter().filter(|entry| entry.act == "authenticate_sip_user").count(), 1);
    assert!(gate::domain(services, "nobody.sip.twilio.com").await.expect("readable").is_none());
}
