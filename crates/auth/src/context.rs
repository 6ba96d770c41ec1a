//! An account as of now: what the guard needs to know about it, read at each request and again
//! at each dispatch, so that queued work obeys what changed meanwhile.

use std::sync::Arc;

use base::{AccountSid, Timestamp};
use rulebook::{AccountFacts as GuardFacts, Policy};
use statements::{InForce, Register};
use store::{Document, Name, Query, Scope, Steady, Store, StoreError};

use crate::{Account, AccountStatus, Agreement, Organization, RegisterFacts, StoredRegister};

/// Agreements of one organization that are looked at; more than anyone signs.
const MAX_AGREEMENTS: usize = 100;

/// An account with everything a decision about it depends on.
#[derive(Debug)]
pub struct AccountContext {
    /// The account itself.
    pub account: Arc<Document<Account>>,
    /// Its organization, when it is linked to one.
    pub organization: Option<Arc<Document<Organization>>>,
    /// The agreements in force now.
    pub agreements: Vec<Arc<Document<Agreement>>>,
    /// Whether the owner account is active; a main account owns itself.
    pub is_owner_active: bool,
    /// The register of third parties that its data obeys: its own, or its owner's when it keeps none.
    pub register: Option<InForce>,
}

impl AccountContext {
    /// The account's SID.
    pub fn sid(&self) -> AccountSid {
        self.account.sid
    }

    /// The scope of everything the account owns.
    pub fn scope(&self) -> Scope {
        Scope::account(self.account.sid)
    }

    /// Whether the account may be used: it and its owner are active.
    pub fn is_active(&self) -> bool {
        self.account.facts.status == AccountStatus::Active && self.is_owner_active
    }

    /// Whether an agreement in force covers `service`.
    pub fn is_covered(&self, service: &str) -> bool {
        self.agreements.iter().any(|agreement| agreement.facts.covers(service))
    }

    /// Whether a host is in the register, under an agreement that covers `service` now.
    pub fn is_registered(&self, host: &str, service: &str) -> bool {
        self.register.as_ref().is_some_and(|register| register.covers(host, service))
    }

    /// What the guard decides from, for a request to `service`.
    pub fn facts(&self, service: &str) -> GuardFacts {
        let designation = &self.account.facts.designation;
        GuardFacts {
            protected: designation.protected,
            phi_permitted: designation.phi_permitted,
            agreement_active: self.is_covered(service),
            policy: Policy {
                us_territories: self.account.facts.settings.us_territories,
                registered_hosts_only: self.register.is_some(),
                ..Policy::default()
            },
            simulator: false,
        }
    }
}

/// Reads the account with this SID as of `now`; `None` when there is none.
///
/// # Errors
/// [`StoreError`] when the store cannot answer.
pub async fn load_account(
    store: &Store,
    sid: AccountSid,
    now: Timestamp,
) -> Result<Option<AccountContext>, StoreError> {
    let known = store.steady(sid.to_string(), |steady| read(steady, sid)).await?;
    let Some(known) = known.as_ref() else { return Ok(None) };
    let agreements = known.agreements.iter().filter(|agreement| agreement.facts.is_active(now));
    Ok(Some(AccountContext {
        account: Arc::clone(&known.account),
        organization: known.organization.clone(),
        agreements: agreements.cloned().collect(),
        is_owner_active: known.is_owner_active,
        register: known
            .register
            .as_ref()
            .map(|register| InForce { register: Arc::clone(register), today: statements::day(now) }),
    }))
}

/// What is known of an account whatever the time.
struct Known {
    account: Arc<Document<Account>>,
    organization: Option<Arc<Document<Organization>>>,
    /// In force or not.
    agreements: Vec<Arc<Document<Agreement>>>,
    is_owner_active: bool,
    /// None when neither it nor its owner keeps one.
    register: Option<Arc<Register>>,
}

async fn read(steady: Steady, sid: AccountSid) -> Result<Option<Known>, StoreError> {
    let Some(located) = steady.locate(&Name::account(sid)).await? else {
        return Ok(None);
    };
    let Some(account) = steady.get::<Account>(located.scope, sid).await? else {
        return Ok(None);
    };
    let (mut organization, mut agreements) = (None, Vec::new());
    if let Some(linked) = account.facts.organization {
        let scope = Scope::organization(linked.0);
        organization = steady.get::<Organization>(scope, linked.0).await?.map(Arc::new);
        let all = Query { limit: MAX_AGREEMENTS, ..Query::default() };
        let listed = steady.list::<Agreement>(scope, all).await?;
        agreements = listed.documents.into_iter().map(Arc::new).collect();
    }
    let owner = account.facts.owner.0;
    let owner = if owner == sid { None } else { steady.get::<Account>(located.scope, owner).await? };
    let is_main = account.facts.owner.0 == sid;
    let is_owner_active =
        is_main || owner.as_ref().is_some_and(|owner| owner.facts.status == AccountStatus::Active);
    let mut register = register_of(&steady, &account).await?;
    if let (None, Some(owner)) = (&register, &owner) {
        register = register_of(&steady, owner).await?;
    }
    Ok(Some(Known { account: Arc::new(account), organization, agreements, is_owner_active, register }))
}

/// The register that an account keeps itself.
async fn register_of(
    steady: &Steady,
    account: &Document<Account>,
) -> Result<Option<Arc<Register>>, StoreError> {
    let stored = steady.get::<StoredRegister>(Scope::account(account.sid), account.sid).await?;
    let register = RegisterFacts::of(account, stored.as_ref()).register();
    Ok((!register.parties.is_empty()).then(|| Arc::new(register)))
}
