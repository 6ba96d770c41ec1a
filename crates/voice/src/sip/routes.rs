//! The table of SIP under the label `api`.

use std::sync::Arc;

use auth::Permission;
use base::SipDomainSid;
use kit::{Access, Ctx, Form, PageRequest, Path, PathPair, Routes, Services};

use super::domains::Shared;
use super::mappings::{
    self, ADDRESSES, CALL_ADDRESSES, CALL_CREDENTIALS, CREDENTIALS, REGISTRATION_CREDENTIALS,
};
use super::{credential_lists, domains, ip_lists};
use crate::PRODUCT;
use crate::neighbours::Neighbours;

macro_rules! sip {
    ($($part:literal),+) => {
        concat!("/2010-04-01/Accounts/{AccountSid}/SIP/", $($part),+)
    };
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::SipRead, operation)
}

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::SipWrite, operation)
}

/// The routes. Attestations are asked of `neighbours`.
pub fn routes(services: Arc<Services>, neighbours: Arc<dyn Neighbours>) -> Routes {
    let routes = Routes::new(PRODUCT, services)
        .create(sip!("CredentialLists"), writes("create_sip_credential_list"), credential_lists::create)
        .list(sip!("CredentialLists"), reads("list_sip_credential_list"), credential_lists::list)
        .fetch(sip!("CredentialLists/{Sid}"), reads("fetch_sip_credential_list"), credential_lists::fetch)
        .update(sip!("CredentialLists/{Sid}"), writes("update_sip_credential_list"), credential_lists::update)
        .delete(sip!("CredentialLists/{Sid}"), writes("delete_sip_credential_list"), credential_lists::delete)
        .create(
            sip!("CredentialLists/{CredentialListSid}/Credentials"),
            writes("create_sip_credential"),
            credential_lists::create_credential,
        )
        .list(
            sip!("CredentialLists/{CredentialListSid}/Credentials"),
            reads("list_sip_credential"),
            credential_lists::list_credentials,
        )
        .fetch(
            sip!("CredentialLists/{CredentialListSid}/Credentials/{Sid}"),
            reads("fetch_sip_credential"),
            credential_lists::fetch_credential,
        )
        .update(
            sip!("CredentialLists/{CredentialListSid}/Credentials/{Sid}"),
            writes("update_sip_credential"),
            credential_lists::update_credential,
        )
        .delete(
            sip!("CredentialLists/{CredentialListSid}/Credentials/{Sid}"),
            writes("delete_sip_credential"),
            credential_lists::delete_credential,
        )
        .create(sip!("IpAccessControlLists"), writes("create_sip_ip_access_control_list"), ip_lists::create)
        .list(sip!("IpAccessControlLists"), reads("list_sip_ip_access_control_list"), ip_lists::list)
        .fetch(sip!("IpAccessControlLists/{Sid}"), reads("fetch_sip_ip_access_control_list"), ip_lists::fetch)
        .update(
            sip!("IpAccessControlLists/{Sid}"),
            writes("update_sip_ip_access_control_list"),
            ip_lists::update,
        )
        .delete(
            sip!("IpAccessControlLists/{Sid}"),
            writes("delete_sip_ip_access_control_list"),
            ip_lists::delete,
        )
        .create(
            sip!("IpAccessControlLists/{IpAccessControlListSid}/IpAddresses"),
            writes("create_sip_ip_address"),
            ip_lists::create_address,
        )
        .list(
            sip!("IpAccessControlLists/{IpAccessControlListSid}/IpAddresses"),
            reads("list_sip_ip_address"),
            ip_lists::list_addresses,
        )
        .fetch(
            sip!("IpAccessControlLists/{IpAccessControlListSid}/IpAddresses/{Sid}"),
            reads("fetch_sip_ip_address"),
            ip_lists::fetch_address,
        )
        .update(
            sip!("IpAccessControlLists/{IpAccessControlListSid}/IpAddresses/{Sid}"),
            writes("update_sip_ip_address"),
            ip_lists::update_address,
        )
        .delete(
            sip!("IpAccessControlLists/{IpAccessControlListSid}/IpAddresses/{Sid}"),
            writes("delete_sip_ip_address"),
            ip_lists::delete_address,
        )
        .create(sip!("Domains"), writes("create_sip_domain"), domains::create)
        .list(sip!("Domains"), reads("list_sip_domain"), domains::list)
        .fetch(sip!("Domains/{Sid}"), reads("fetch_sip_domain"), domains::fetch)
        .update(sip!("Domains/{Sid}"), writes("update_sip_domain"), domains::update)
        .delete(sip!("Domains/{Sid}"), writes("delete_sip_domain"), domains::delete);
    families(routes).share(neighbours)
}

/// The lists that guard a domain.
fn families(mut routes: Routes) -> Routes {
    macro_rules! family {
        ($($path:literal, $name:literal, $family:expr;)*) => {$(
            routes = routes
                .create(
                    sip!($path),
                    writes(concat!("create_", $name)),
                    |ctx: Ctx, domain: Path<SipDomainSid>, named: Form<_>| {
                        mappings::create(ctx, domain, named, $family)
                    },
                )
                .list(
                    sip!($path),
                    reads(concat!("list_", $name)),
                    |ctx: Ctx, domain: Path<SipDomainSid>, page: PageRequest| {
                        mappings::list(ctx, domain, page, $family)
                    },
                )
                .fetch(
                    sip!($path, "/{Sid}"),
                    reads(concat!("fetch_", $name)),
                    |ctx: Ctx, both: PathPair<SipDomainSid, _>| mappings::fetch(ctx, both, $family),
                )
                .delete(
                    sip!($path, "/{Sid}"),
                    writes(concat!("delete_", $name)),
                    |ctx: Ctx, both: PathPair<SipDomainSid, _>, neighbours: Shared| {
                        mappings::delete(ctx, both, neighbours, $family)
                    },
                );
        )*};
    }
    family! {
        "Domains/{DomainSid}/CredentialListMappings", "sip_credential_list_mapping", CREDENTIALS;
        "Domains/{DomainSid}/IpAccessControlListMappings", "sip_ip_access_control_list_mapping", ADDRESSES;
        "Domains/{DomainSid}/Auth/Calls/CredentialListMappings",
            "sip_auth_calls_credential_list_mapping", CALL_CREDENTIALS;
        "Domains/{DomainSid}/Auth/Calls/IpAccessControlListMappings",
            "sip_auth_calls_ip_access_control_list_mapping", CALL_ADDRESSES;
        "Domains/{DomainSid}/Auth/Registrations/CredentialListMappings",
            "sip_auth_registrations_credential_list_mapping", REGISTRATION_CREDENTIALS;
    }
    routes
}
