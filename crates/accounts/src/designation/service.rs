//! What designating does: the guard's facts are established, the guard decides, and account, request and
//! ledger entry are written together.

use std::sync::Arc;

use auth::{Account, AccountContext, DesignationMethod, load_account};
use base::Timestamp;
use errors::{ApiError, Result, codes};
use kit::ctx::decide;
use rulebook::designation::{BOUNDARY, Case, Path, outcome};
use rulebook::guard::{DesignateFacts, Organization};
use rulebook::{AccountFacts, Action, Policy};
use store::{Batch, Document, Scope};

use super::model::{self, Change};
use crate::author::{Author, NOTHING};
use crate::limits;
use crate::settings;
use crate::statement::{self, OperatorRequest};
use crate::text::{day, is_filled};

/// How an account is to be designated.
pub(crate) struct Request {
    /// By the customer or by the operator.
    pub(crate) way: Path,
    /// The request the operator acts on.
    pub(crate) request: Option<OperatorRequest>,
}

/// What the guard is told of an account when only agreement and state matter.
pub(crate) fn guard_facts(account: &AccountContext, agreement_active: bool) -> AccountFacts {
    let designation = &account.account.facts.designation;
    AccountFacts {
        protected: designation.protected,
        phi_permitted: designation.phi_permitted,
        agreement_active,
        simulator: false,
        policy: Policy::default(),
    }
}

/// Asks the guard whether `account` may be designated, with the organization of `customer`: the account
/// itself, or its owner where the account is not linked.
fn ask(
    account: &AccountContext,
    customer: &AccountContext,
    way: Path,
    has_reference: bool,
    now: Timestamp,
) -> Result<()> {
    let basis = model::basis(&customer.agreements, way);
    let initiated = basis.and_then(|facts| day(Timestamp::from_micros(facts.initiated_at)));
    let facts = DesignateFacts {
        path: way,
        agreement_initiated: initiated.unwrap_or(BOUNDARY),
        migrated: basis.is_some_and(|facts| facts.migrated),
        organization: match (&account.organization, &customer.organization) {
            (Some(_), _) => Organization::Linked,
            (None, Some(_)) => Organization::NotLinked,
            (None, None) => Organization::Absent,
        },
        entitled: customer
            .organization
            .as_ref()
            .is_some_and(|organization| organization.facts.is_entitled(now)),
        request_reference: has_reference,
    };
    decide(&guard_facts(account, initiated.is_some()), &Action::Designate(facts)).map(drop)
}

/// Whether self-service would be allowed now, for an account that is linked (row S5, relinking).
pub(crate) fn may_self_designate(account: &AccountContext, now: Timestamp) -> bool {
    ask(account, account, Path::SelfService, false, now).is_ok()
}

/// Makes an account a HIPAA project, or permits PHI in one that was only protected so far.
///
/// # Errors
/// The guard's refusal; 409 when the account is a HIPAA project already.
pub(crate) async fn designate(
    author: &Author<'_>,
    account: &AccountContext,
    request: Request,
) -> Result<(AccountContext, Vec<Change>)> {
    let now = author.now();
    let designation = &account.account.facts.designation;
    if designation.protected && designation.phi_permitted {
        return Err(ApiError::new(codes::CONFLICT).hint("the account is a HIPAA project already"));
    }
    let reference = request.request.as_ref().and_then(|request| request.request_reference.clone());
    let has_reference = reference.as_ref().is_some_and(|text| is_filled(text, limits::LINE));
    let owner = owner_of(author, account).await?;
    ask(account, owner.as_ref().unwrap_or(account), request.way, has_reference, now)?;

    let mut batch = author.store().batch(account.scope());
    let mut sids = vec![account.sid().to_string()];
    if let Some(request) = request.request {
        sids.push(statement::add(&mut batch, author, request.about("designation")?).to_string());
    }
    let (method, by) = match request.way {
        Path::SelfService => (DesignationMethod::SelfService, author.name()),
        Path::Support => (DesignationMethod::Support, reference.unwrap_or_default()),
    };
    let mut designated = Document::clone(&account.account);
    let before = settings::view::members(&designated.facts);
    let bits = outcome(Case::Designated { path: request.way, linked: true });
    model::settle(&mut designated.facts.designation, &mut designated.facts.settings, bits);
    model::note(&mut designated.facts.designation, method, now, by);
    let changes = model::differences(&before, &settings::view::members(&designated.facts));
    update_account(&mut batch, &designated);
    author.commit(batch, account.scope(), sids, NOTHING).await?;
    Ok((with_account(account, designated), changes))
}

/// The owner of a subaccount that is not linked itself: its organization is the customer's.
async fn owner_of(author: &Author<'_>, account: &AccountContext) -> Result<Option<AccountContext>> {
    let owner = account.account.facts.owner.0;
    if account.organization.is_some() || owner == account.sid() {
        return Ok(None);
    }
    Ok(load_account(author.store(), owner, author.now()).await?)
}

/// Writes an account's document, which lives in its owner's scope.
pub(crate) fn update_account(batch: &mut Batch, account: &Document<Account>) {
    batch.in_scope(Scope::account(account.facts.owner.0));
    batch.update(account);
}

fn with_account(context: &AccountContext, account: Document<Account>) -> AccountContext {
    AccountContext {
        account: Arc::new(account),
        is_owner_active: context.is_owner_active,
        register: context.register.clone(),
        organization: context.organization.clone(),
        agreements: context.agreements.clone(),
    }
}
