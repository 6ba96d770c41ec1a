//! The table: verb, path, what the caller needs, handler.

use std::fmt;
use std::sync::Arc;

use auth::Permission;
use kit::{Access, Product, Routes, Services};

use crate::messages::Messages;
use crate::{complaints, reviewers, risk, service};

const PRODUCT: Product = Product { label: "switchward", service: "messaging" };

/// The messages that can be looked at.
#[derive(Clone)]
pub(crate) struct Port(pub(crate) Arc<dyn Messages>);

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Port")
    }
}

/// What the account and the operator may see.
const fn seen(operation: &'static str) -> Access {
    Access::new(Permission::ComplianceRead, operation).administrative().inactive_too()
}

/// What only the operator does.
const fn operated(operation: &'static str) -> Access {
    Access::new(Permission::ComplianceWrite, operation).administrative().inactive_too().operator_only()
}

/// The routes, over whatever keeps the messages.
pub fn routes(services: Arc<Services>, messages: Arc<dyn Messages>) -> Routes {
    const REVIEWERS: &str = "/switchward/v1/Reviewers";
    const COMPLAINTS: &str = "/switchward/v1/Accounts/{AccountSid}/Complaints";
    const REVIEWS: &str = "/switchward/v1/Accounts/{AccountSid}/Reviews";
    Routes::new(PRODUCT, services)
        .list(REVIEWERS, operated("list_reviewer"), reviewers::list)
        .create(REVIEWERS, operated("create_reviewer"), reviewers::create)
        .delete("/switchward/v1/Reviewers/{ReviewerSid}", operated("delete_reviewer"), reviewers::delete)
        .list("/switchward/v1/Reviews", operated("list_every_review"), service::list_all)
        .fetch("/switchward/v1/Accounts/{AccountSid}/RiskSigns", seen("fetch_risk_signs"), risk::fetch)
        .list(COMPLAINTS, seen("list_complaint"), complaints::list)
        .create(COMPLAINTS, operated("create_complaint"), complaints::create)
        .fetch(
            "/switchward/v1/Accounts/{AccountSid}/Complaints/{ComplaintSid}",
            seen("fetch_complaint"),
            complaints::fetch,
        )
        .list(REVIEWS, seen("list_review"), service::list)
        .create(REVIEWS, operated("create_review"), service::create)
        .fetch(
            "/switchward/v1/Accounts/{AccountSid}/Reviews/{ReviewSid}",
            seen("fetch_review"),
            service::fetch,
        )
        .update(
            "/switchward/v1/Accounts/{AccountSid}/Reviews/{ReviewSid}/Approval",
            operated("approve_review"),
            service::approve,
        )
        .create(
            "/switchward/v1/Accounts/{AccountSid}/Reviews/{ReviewSid}/Openings",
            operated("open_reviewed_message"),
            service::open,
        )
        .update(
            "/switchward/v1/Accounts/{AccountSid}/Reviews/{ReviewSid}/Closure",
            operated("close_review"),
            service::close,
        )
        .share(Port(messages))
}
