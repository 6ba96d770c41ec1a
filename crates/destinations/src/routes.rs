//! The table of our own API for destinations: verb, path, what the caller needs, handler.

use std::sync::Arc;

use auth::Permission::{LedgerRead, ManifestsApprove, WorkspacesRead, WorkspacesWrite};
use kit::{Access, Product, Routes, Services};

use crate::{manifest, overview, parts, resources};

const SWITCHWARD: Product = Product { label: "switchward", service: "segment" };

/// Destinations, their parts, their manifests, and what was delivered and disclosed.
pub fn routes(services: Arc<Services>) -> Routes {
    const MANY: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Destinations";
    const DISCLOSURES: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Disclosures";
    const ONE: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}";
    const FILTERS: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Filters";
    const MAPPINGS: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Mappings";
    const GRANTS: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Grants";
    const ENCRYPTION: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Encryption";
    const MANIFEST: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Manifest";
    const DELIVERIES: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/Deliveries";
    const DEAD: &str = "/switchward/v1/Accounts/{AccountSid}/Destinations/{DestinationSid}/DeadLetters";
    let read = |operation| Access::new(WorkspacesRead, operation).administrative();
    let write = |operation| Access::new(WorkspacesWrite, operation).administrative();
    let approve = Access::new(ManifestsApprove, "create_destination_approval").administrative();
    Routes::new(SWITCHWARD, services)
        .list(MANY, read("list_destination"), resources::list)
        .create(MANY, write("create_destination"), resources::create)
        .fetch(ONE, read("fetch_destination"), resources::fetch)
        .update(ONE, write("update_destination"), resources::update)
        .delete(ONE, write("delete_destination"), resources::delete)
        .update(FILTERS, write("update_destination_filters"), parts::set_filters)
        .update(MAPPINGS, write("update_destination_mappings"), parts::set_mappings)
        .update(GRANTS, write("update_destination_grants"), parts::change_grants)
        .update(ENCRYPTION, write("update_destination_encryption"), parts::set_encryption)
        .fetch(MANIFEST, read("fetch_destination_manifest"), manifest::fetch)
        .create(MANIFEST, approve, manifest::approve)
        .list(DELIVERIES, read("list_destination_delivery"), overview::deliveries)
        .list(DEAD, read("list_destination_dead_letter"), overview::dead_letters)
        .create(DISCLOSURES, Access::new(LedgerRead, "create_disclosure_report"), overview::disclosures)
}
