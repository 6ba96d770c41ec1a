//! What the guide asks of SIP, by rule.

use crate::sip::PASSWORD;
use crate::site::Site;

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sip_1__refuses_weak_passwords() {
    let site = Site::start().await;
    for account in [&site.app.hipaa, &site.app.owner] {
        let list = site.made(account, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
        let credentials = format!("SIP/CredentialLists/{list}/Credentials");
        for password in ["", "Short-1", "correct-horse-1", "CORRECT-HORSE-1", "Correct-Horse-Battery"] {
            let reply =
                site.post(account, &credentials, &[("Username", "jane"), ("Password", password)]).await;
            assert_eq!((reply.status, reply.code()), (400, Some(21243)), "{password}");
        }
        let credential =
            site.made(account, &credentials, &[("Username", "jane"), ("Password", PASSWORD)]).await;
        let one = format!("{credentials}/{credential}");
        site.post(account, &one, &[("Password", "weak")]).await.assert_error(400, 21243);
    }
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sip_1__refuses_ranges_that_let_everybody_in() {
    let site = Site::start().await;
    let list = site.made(&site.app.hipaa, "SIP/IpAccessControlLists", &[("FriendlyName", "Offices")]).await;
    let addresses = format!("SIP/IpAccessControlLists/{list}/IpAddresses");
    for (address, prefix) in
        [("0.0.0.0", "0"), ("0.0.0.0", "8"), ("198.51.100.7", "0"), ("198.51.100.7", "7")]
    {
        let fields = [("FriendlyName", "x"), ("IpAddress", address), ("CidrPrefixLength", prefix)];
        site.post(&site.app.hipaa, &addresses, &fields).await.assert_error(400, 21238);
    }
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sip_1__refuses_domain_in_service_without_a_list() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let open = [("DomainName", "open.sip.twilio.com"), ("VoiceUrl", "https://example.com/voice")];
    site.post(hipaa, "SIP/Domains", &open).await.assert_refused("VOI-SIP-1", 77219);
    let registers = [("DomainName", "open.sip.twilio.com"), ("SipRegistration", "true")];
    site.post(hipaa, "SIP/Domains", &registers).await.assert_refused("VOI-SIP-1", 77219);
    let domain = site.made(hipaa, "SIP/Domains", &open[..1]).await;
    let domain = format!("SIP/Domains/{domain}");
    site.post(hipaa, &domain, &open[1..]).await.assert_refused("VOI-SIP-1", 77219);
    // A list for calls guards no registrations.
    let list = site.made(hipaa, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    site.made(hipaa, &format!("{domain}/CredentialListMappings"), &[("CredentialListSid", &list)]).await;
    site.post(hipaa, &domain, &[("SipRegistration", "true")]).await.assert_refused("VOI-SIP-1", 77219);
    site.post(hipaa, &domain, &open[1..]).await.assert_status(200);
    // The last list of a domain in service stays.
    let mapping = format!("{domain}/CredentialListMappings/{list}");
    site.delete(hipaa, &mapping).await.assert_refused("VOI-SIP-1", 77219);
    site.post(hipaa, &domain, &[("VoiceUrl", "")]).await.assert_status(200);
    site.delete(hipaa, &mapping).await.assert_status(204);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sip_1__allows_domain_with_a_list() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let domain = site.made(hipaa, "SIP/Domains", &[("DomainName", "desk.sip.twilio.com")]).await;
    let domain = format!("SIP/Domains/{domain}");
    let list = site.made(hipaa, "SIP/IpAccessControlLists", &[("FriendlyName", "Offices")]).await;
    site.made(hipaa, &format!("{domain}/IpAccessControlListMappings"), &[("IpAccessControlListSid", &list)])
        .await;
    let users = site.made(hipaa, "SIP/CredentialLists", &[("FriendlyName", "Nurses")]).await;
    let registrations = format!("{domain}/Auth/Registrations/CredentialListMappings");
    site.made(hipaa, &registrations, &[("CredentialListSid", &users)]).await;
    let fields = [("VoiceUrl", "https://example.com/voice"), ("SipRegistration", "true")];
    site.post(hipaa, &domain, &fields).await.assert_status(200);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sipif_1__refuses_domain_without_tls() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let plain = [("DomainName", "plain.sip.twilio.com"), ("Secure", "false")];
    site.post(hipaa, "SIP/Domains", &plain).await.assert_refused("VOI-SIPIF-1", 77223);
    let domain = site.made(hipaa, "SIP/Domains", &plain[..1]).await;
    let domain = format!("SIP/Domains/{domain}");
    assert_eq!(site.get(hipaa, &domain).await.json["secure"], true);
    site.post(hipaa, &domain, &plain[1..]).await.assert_refused("VOI-SIPIF-1", 77223);
    // Whoever attests an interconnect answers for it.
    site.around.attest(true);
    site.post(hipaa, &domain, &plain[1..]).await.assert_status(200);
    site.around.attest(false);
    site.post(hipaa, &domain, &[("FriendlyName", "x")]).await.assert_refused("VOI-SIPIF-1", 77223);
}

#[tokio::test]
#[expect(non_snake_case, reason = "named after its rule")]
async fn voi_sipif_1__allows_ordinary_account_to_choose() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    for (name, secure) in [("a.sip.twilio.com", "false"), ("b.sip.twilio.com", "true")] {
        site.made(owner, "SIP/Domains", &[("DomainName", name), ("Secure", secure)]).await;
    }
}
