//! What recording, ending and naming accounts in an agreement does.

use auth::{AccountContext, Agreement, AgreementFacts, DesignationMethod, Organization, load_account};
use base::{AccountSid, AgreementSid, OrganizationSid, Sid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::ctx::decide;
use rulebook::Action;
use rulebook::designation::{BOUNDARY, Bits, Case, Created, Origin, ParentDesignation, Path, outcome};
use rulebook::guard::{DesignateFacts, Organization as Place};
use store::{Batch, Document, NewDocument, Query, Scope, Store};

use crate::author::{Author, NOTHING};
use crate::designation::model::{as_parent, note, settle};
use crate::designation::service::{guard_facts, update_account};
use crate::limits;
use crate::text::{day, invalid};

/// Every agreement of an organization, newest first.
pub(crate) async fn all(store: &Store, organization: OrganizationSid) -> Result<Vec<Document<Agreement>>> {
    let query = Query { limit: limits::AGREEMENTS, ..Query::default() };
    Ok(store.scope(Scope::organization(organization)).list::<Agreement>(query).await?.documents)
}

/// One agreement of an organization.
///
/// # Errors
/// 404 when the organization has no such agreement.
pub(crate) async fn find(
    store: &Store,
    organization: OrganizationSid,
    sid: AgreementSid,
) -> Result<Document<Agreement>> {
    let found = store.scope(Scope::organization(organization)).get::<Agreement>(sid).await?;
    found.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// Records an agreement. The accounts it names become HIPAA projects with it (rows L2 and L4), which is
/// the operator's to record; customers under newer agreements designate by self-service.
///
/// # Errors
/// The guard's refusal; 403 when somebody else than the operator names accounts; 20001 for an account
/// that did not exist at the signing or is not in the organization; 409 when there are too many agreements.
pub(crate) async fn create(
    author: &Author<'_>,
    organization: &Document<Organization>,
    facts: AgreementFacts,
) -> Result<Document<Agreement>> {
    let now = author.now();
    if !facts.named_accounts.is_empty() && !author.is_operator() {
        return Err(ApiError::new(codes::FORBIDDEN).parameter("named_accounts").rule("DES-SUP-1"));
    }
    if all(author.store(), organization.sid).await?.len() >= limits::AGREEMENTS {
        return Err(
            ApiError::new(codes::CONFLICT).hint("the organization has as many agreements as it may have")
        );
    }
    let sid = AgreementSid::generate(author.random());
    let scope = Scope::organization(organization.sid);
    let mut batch = author.store().batch(scope);
    batch.insert::<Agreement>(NewDocument::of(sid, now, facts.clone()));
    let mut sids = vec![sid.to_string(), organization.sid.to_string()];
    for name in &facts.named_accounts {
        if sids.contains(name) {
            return Err(invalid("named_accounts"));
        }
        designate_named(author, &mut batch, organization, (sid, &facts), name).await?;
        sids.push(name.clone());
    }
    author.commit(batch, scope, sids, NOTHING).await?;
    find(author.store(), organization.sid, sid).await
}

/// Adds to the batch that a named account becomes a HIPAA project.
async fn designate_named(
    author: &Author<'_>,
    batch: &mut Batch,
    organization: &Document<Organization>,
    (agreement, facts): (AgreementSid, &AgreementFacts),
    name: &str,
) -> Result<()> {
    let unknown = || invalid("named_accounts");
    let account: AccountSid = name.parse().map_err(|_| unknown())?;
    let account = load_account(author.store(), account, author.now()).await?.ok_or_else(unknown)?;
    if account.organization.as_ref().map(|linked| linked.sid) != Some(organization.sid) {
        return Err(unknown());
    }
    let existed = account.account.created_at.micros() < facts.signed_at;
    let request = DesignateFacts {
        path: Path::Support,
        agreement_initiated: day(Timestamp::from_micros(facts.initiated_at)).unwrap_or(BOUNDARY),
        migrated: false,
        organization: Place::Linked,
        entitled: organization.facts.is_entitled(author.now()),
        // The agreement itself is the record that the account was asked for.
        request_reference: true,
    };
    decide(&guard_facts(&account, facts.is_active(author.now())), &Action::Designate(request))?;
    let bits = outcome(Case::Untouched(Origin {
        path: Path::Support,
        parent: parent(author, &account, (agreement, facts)).await?,
        created: if existed { Created::Before } else { Created::After },
        named_in_agreement: true,
        inherit_self_service: false,
        confirmed: false,
    }));
    if !existed || bits != Bits::ON {
        return Err(unknown().rule("DES-INH-4"));
    }
    let mut document = Document::clone(&account.account);
    settle(&mut document.facts.designation, &mut document.facts.settings, bits);
    note(&mut document.facts.designation, DesignationMethod::Support, author.now(), agreement.to_string());
    update_account(batch, &document);
    author.record(batch, account.scope(), vec![name.to_owned(), agreement.to_string()]);
    Ok(())
}

/// How the owner of a named subaccount stands, with the new agreement counted.
async fn parent(
    author: &Author<'_>,
    account: &AccountContext,
    (agreement, facts): (AgreementSid, &AgreementFacts),
) -> Result<Option<ParentDesignation>> {
    let owner = account.account.facts.owner.0;
    if owner == account.sid() {
        return Ok(None);
    }
    if facts.named_accounts.contains(&owner.to_string()) {
        return Ok(Some(ParentDesignation::AtSigning));
    }
    let owner = load_account(author.store(), owner, author.now()).await?;
    let named = [(agreement.to_string(), facts)];
    Ok(owner.and_then(|owner| as_parent(owner.sid(), &owner.account.facts.designation, &named)))
}

/// Ends an agreement now. What it protected stays protected; PHI is refused from now on (CON-BAA-1).
///
/// # Errors
/// 404 when there is none; 409 when it has ended.
pub(crate) async fn terminate(
    author: &Author<'_>,
    organization: OrganizationSid,
    sid: AgreementSid,
) -> Result<Document<Agreement>> {
    let mut agreement = find(author.store(), organization, sid).await?;
    let now = author.now();
    if agreement.facts.expires_at.is_some_and(|end| end <= now.micros()) {
        return Err(ApiError::new(codes::CONFLICT).hint("the agreement has ended"));
    }
    agreement.facts.expires_at = Some(now.micros());
    let scope = Scope::organization(organization);
    let mut batch = author.store().batch(scope);
    batch.update(&agreement);
    author.commit(batch, scope, vec![sid.to_string(), organization.to_string()], NOTHING).await?;
    agreement.updated_at = now;
    Ok(agreement)
}
