//! The direct evidence of an audit of this program itself: read from its own store, by whoever has it open.
//!
//! Only facts of accounts, never anybody's content: nothing here needs a proof of disclosure.

use audit::files::Method;
use audit::inside::{InForce, Inside, Keys, Ledger, Settings};
use audit::limits;
use auth::{Account, AccountContext, AccountStatus, AgreementFacts, DesignationMethod, load_account};
use base::Timestamp;
use data_encoding::HEXLOWER;
use statements::day;
use store::{Cursor, Document, Query, Store};

use crate::problem::{Problem, Result};

/// Accounts read at a time.
const PAGE: usize = 100;

/// What a store says of itself.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn see(store: &Store) -> Result<Inside> {
    let report = ledger::verify(store).await.map_err(|error| Problem::new(error.to_string()))?;
    let status = store.rotation().status().await?;
    let under_others =
        status.wrapped_by.iter().filter(|(id, _)| *id != status.master_key_id).map(|(_, keys)| keys).sum();
    Ok(Inside {
        ledger: Ledger {
            intact: report.is_intact(),
            entries: report.entries,
            checkpoints: report.checkpoints,
            root: HEXLOWER.encode(&report.root),
            faults: report.faults.len(),
        },
        keys: Keys {
            master_key: status.master_key_id,
            scopes: status.scopes,
            under_others,
            oldest: status.oldest.map(day),
        },
        accounts: accounts(store, store.clock().now()).await?,
    })
}

/// Every account that is not closed, owners before what they own.
async fn accounts(store: &Store, now: Timestamp) -> Result<Vec<Settings>> {
    let mut found = Vec::new();
    for scope in store.scopes().await? {
        let mut cursor: Option<Cursor> = None;
        loop {
            let query = Query { limit: PAGE, cursor, oldest_first: true, ..Query::default() };
            let listed = store.scope(scope).list::<Account>(query).await?;
            for document in listed.documents.iter().filter(|it| it.facts.status != AccountStatus::Closed) {
                if found.len() == limits::SUBJECTS {
                    return Err(Problem::new(format!("there are more than {} accounts", limits::SUBJECTS)));
                }
                found.push(settings(store, document, now).await?);
            }
            cursor = listed.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    found.sort_by(|one, other| (one.parent.is_some(), &one.sid).cmp(&(other.parent.is_some(), &other.sid)));
    Ok(found)
}

async fn settings(store: &Store, document: &Document<Account>, now: Timestamp) -> Result<Settings> {
    let context = load_account(store, document.sid, now).await?;
    let context = context.ok_or_else(|| Problem::new("an account went away while it was read"))?;
    let facts = &context.account.facts;
    let (designation, own) = (&facts.designation, &facts.settings);
    let owner = facts.owner.0;
    Ok(Settings {
        sid: document.sid.to_string(),
        parent: (owner != document.sid).then(|| owner.to_string()),
        created: day(document.created_at),
        protected: designation.protected,
        phi_permitted: designation.phi_permitted,
        method: designation.method.map(|method| method_of(method, &context)),
        designated_on: designation.designated_at().map(day),
        linked: facts.organization.is_some(),
        entitled: context.organization.as_ref().is_some_and(|it| it.facts.is_entitled(now)),
        agreement: agreement(&context),
        body_redaction: own.body_redaction,
        number_redaction: own.number_redaction,
        us_territories: own.us_territories,
        registered_parties: context.register.as_ref().map_or(0, |kept| kept.register.parties.len()),
        client_validation: own.enforce_client_validation,
    })
}

/// The truth table tells who was named at signing from who was asked for later; the store keeps both as requests.
fn method_of(method: DesignationMethod, context: &AccountContext) -> Method {
    let sid = context.sid().to_string();
    let is_named = |facts: &AgreementFacts| facts.named_accounts.contains(&sid);
    match method {
        DesignationMethod::SelfService => Method::SelfService,
        DesignationMethod::Inherited => Method::Inherited,
        DesignationMethod::Support if context.agreements.iter().any(|it| is_named(&it.facts)) => {
            Method::Agreement
        }
        DesignationMethod::Support => Method::Support,
    }
}

fn agreement(context: &AccountContext) -> Option<InForce> {
    let first = context.agreements.iter().min_by_key(|it| it.facts.signed_at)?;
    let on = |micros: i64| day(Timestamp::from_micros(micros));
    Some(InForce {
        sid: first.sid.to_string(),
        initiated: on(first.facts.initiated_at),
        signed: on(first.facts.signed_at),
        services: first.facts.services.clone(),
    })
}
