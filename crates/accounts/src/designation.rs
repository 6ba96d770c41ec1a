//! Which accounts are HIPAA projects: the resource that says so, and the calls that make them one.
//!
//! Designation only ever goes one way ([`model::settle`]). The customer designates its own accounts
//! (DES-SELF-3), the operator designates on a recorded request (DES-SUP-2), and nobody ends a
//! designation here: [`delete`] asks the guard, which wants proof that all PHI is gone (row X1).

pub(crate) mod model;
pub(crate) mod service;

use auth::{AccountContext, DesignationMethod, Grant};
use errors::{ApiError, Result, codes};
use kit::{Answer, Caller, Created, Ctx, Deleted, Found, Json};
use ledger::Actor;
use rulebook::designation::Clearance;
use rulebook::{Action, designation::Path as Way};
use serde::{Deserialize, Serialize};

use crate::author::Author;
use crate::statement::OperatorRequest;
use crate::text::shown;
use model::Change;

/// An account's designation, and what a call has changed.
#[derive(Serialize)]
pub(crate) struct DesignationView {
    account_sid: String,
    protected: bool,
    phi_permitted: bool,
    method: Option<DesignationMethod>,
    designated_at: Option<String>,
    designated_by: Option<String>,
    /// The settings this call changed, no more and no less (CHG-PROD-1).
    changes: Vec<Change>,
}

impl DesignationView {
    fn new(account: &AccountContext, changes: Vec<Change>) -> Self {
        let designation = account.account.facts.designation.clone();
        Self {
            account_sid: account.sid().to_string(),
            protected: designation.protected,
            phi_permitted: designation.phi_permitted,
            method: designation.method,
            designated_at: designation.at.map(shown),
            designated_by: designation.by,
            changes,
        }
    }
}

/// The body of the self-service call: nothing can be chosen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoChoices {}

/// `GET …/Designation`.
pub(crate) async fn fetch(ctx: Ctx) -> Answer<Found<DesignationView>> {
    Ok(Found(DesignationView::new(ctx.account(), Vec::new())))
}

/// `POST …/Designation`: the customer designates its own account (DES-SELF-3).
pub(crate) async fn create(
    ctx: Ctx,
    Json(NoChoices {}): Json<NoChoices>,
) -> Answer<Created<DesignationView>> {
    require_customer(&ctx)?;
    let request = service::Request { way: Way::SelfService, request: None };
    let (account, changes) = service::designate(&Author::of(&ctx), ctx.account(), request).await?;
    Ok(Created(DesignationView::new(&account, changes)))
}

/// `POST …/Designation/Support`: the operator designates on request (DES-SUP-1, DES-SUP-2).
pub(crate) async fn create_by_support(
    ctx: Ctx,
    Json(request): Json<OperatorRequest>,
) -> Answer<Created<DesignationView>> {
    let request = service::Request { way: Way::Support, request: Some(request) };
    let (account, changes) = service::designate(&Author::of(&ctx), ctx.account(), request).await?;
    Ok(Created(DesignationView::new(&account, changes)))
}

/// `DELETE …/Designation`: refused while protected data may remain (truth table row X1). No purge report
/// can be handed in here, so the clearance is never complete.
pub(crate) async fn delete(ctx: Ctx) -> Answer<Deleted> {
    ctx.guard(&Action::Undesignate(Clearance { phi_remains: true, purge_report: false, signed: false }))?;
    Err(ApiError::new(codes::NOT_FOUND).into())
}

/// Self-service is the customer's: with full credentials, or as a person. The operator has a call of its
/// own, which leaves a request on record; a restricted key is a program's and not a decision.
fn require_customer(caller: &Caller) -> Result<()> {
    let is_person = matches!(caller.principal.actor, Actor::Person(_));
    match caller.principal.grant {
        Grant::Full => Ok(()),
        Grant::Only(_) if is_person => Ok(()),
        Grant::Operator => {
            let hint = "the operator designates on a recorded request, at Designation/Support";
            Err(ApiError::new(codes::FORBIDDEN).hint(hint).rule("DES-SUP-2"))
        }
        Grant::Standard | Grant::Only(_) => Err(ApiError::new(codes::FORBIDDEN).rule("DES-SELF-3")),
    }
}
