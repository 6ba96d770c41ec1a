//! The table of our own API for workspaces: verb, path, what the caller needs, handler.

use std::sync::Arc;

use auth::Permission::{EventsRead, KeysRead, KeysWrite, WorkspacesRead, WorkspacesWrite};
use kit::{Access, Product, Routes, Services};

use crate::{classify, regulations, sources, tokens, workspaces};

const SWITCHWARD: Product = Product { label: "switchward", service: "segment" };

/// Workspaces, sources and regulations.
pub fn routes(services: Arc<Services>) -> Routes {
    const MANY: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces";
    const ONE: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}";
    const DESIGNATION: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Designation";
    const CONSENT: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Consent";
    const RETENTION: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Retention";
    const SOURCES: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Sources";
    const SOURCE: &str = "/switchward/v1/Accounts/{AccountSid}/Sources/{SourceSid}";
    const EVENTS: &str = "/switchward/v1/Accounts/{AccountSid}/Sources/{SourceSid}/Events";
    const REVIEW: &str = "/switchward/v1/Accounts/{AccountSid}/Sources/{SourceSid}/Review";
    const REGULATIONS: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Regulations";
    const TOKENS: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Tokens";
    const TOKEN: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Tokens/{TokenSid}";
    const REGULATION: &str =
        "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Regulations/{RegulationSid}";
    const RECEIPTS: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Receipts";
    const PRIVACY: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Privacy";
    const FIELDS: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Fields";
    const SCANS: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Scans";
    const SCAN: &str = "/switchward/v1/Accounts/{AccountSid}/Workspaces/{WorkspaceSid}/Scans/{ScanSid}";
    let read = |operation| Access::new(WorkspacesRead, operation).administrative();
    let write = |operation| Access::new(WorkspacesWrite, operation).administrative();
    Routes::new(SWITCHWARD, services)
        .list(MANY, read("list_workspace"), workspaces::list)
        .create(MANY, write("create_workspace"), workspaces::create)
        .fetch(ONE, read("fetch_workspace"), workspaces::fetch)
        .create(DESIGNATION, write("create_workspace_designation").operator_only(), workspaces::designate)
        .update(CONSENT, write("update_workspace_consent"), workspaces::set_consent)
        .update(RETENTION, write("update_workspace_retention"), workspaces::set_retention)
        .list(SOURCES, read("list_source"), sources::list)
        .create(SOURCES, write("create_source"), sources::create)
        .update(SOURCE, write("update_source"), sources::update)
        .list(EVENTS, Access::new(EventsRead, "list_event"), sources::events)
        .fetch(REVIEW, read("fetch_source_review"), sources::fetch_review)
        .create(REVIEW, write("create_source_review"), sources::review)
        .create(REGULATIONS, write("create_regulation"), regulations::create)
        .list(REGULATIONS, read("list_regulation"), regulations::list)
        .fetch(REGULATION, read("fetch_regulation"), regulations::fetch)
        .create(RECEIPTS, write("create_receipt"), regulations::reapply)
        .fetch(PRIVACY, read("fetch_privacy_policy"), classify::resources::fetch_policy)
        .update(PRIVACY, write("update_privacy_policy"), classify::resources::update_policy)
        .list(FIELDS, read("list_field"), classify::resources::list_fields)
        .update(FIELDS, write("update_field"), classify::resources::classify)
        .list(SCANS, read("list_scan"), classify::resources::list_scans)
        .create(SCANS, write("create_scan"), classify::resources::start_scan)
        .fetch(SCAN, read("fetch_scan"), classify::resources::fetch_scan)
        .list(TOKENS, Access::new(KeysRead, "list_token").administrative(), tokens::list)
        .create(TOKENS, Access::new(KeysWrite, "create_token").administrative(), tokens::create)
        .delete(TOKEN, Access::new(KeysWrite, "delete_token").administrative(), tokens::delete)
}
