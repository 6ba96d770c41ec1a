//! The first organization, account and key of a new installation, made by the same functions as the API's.

use auth::provision::add_key;
use auth::{AgreementFacts, KeyType, OrganizationFacts, Secret, load_account};
use base::{AccountSid, KeySid, OrganizationSid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::Services;
use rulebook::designation::Path;
use store::Scope;

use crate::author::Author;
use crate::designation::service::{Request, designate};
use crate::subaccounts::TOKEN;
use crate::{agreements, organizations, subaccounts};

/// What the ledger calls the making of the first account.
const OPERATION: &str = "create_first_account";

/// The new installation's credentials, to be stored by the caller: none can be read again but the token.
#[derive(Debug)]
pub struct FirstAccount {
    /// The organization, entitled to HIPAA projects.
    pub organization: OrganizationSid,
    /// Its main account.
    pub account: AccountSid,
    /// The account's auth token.
    pub auth_token: Secret,
    /// A main key of the account.
    pub key_sid: KeySid,
    /// The key's secret, which is not kept.
    pub key_secret: Secret,
}

/// Makes the organization "Example Clinic" with one account and one main key; with `hipaa`, also a sample
/// agreement, under which the account is a HIPAA project. The ledger names the operator. Calling it again
/// makes everything again: the caller remembers.
///
/// # Errors
/// 503 or 500 as the store failed; what was committed until then stays.
pub async fn first_account(services: &Services, hipaa: bool) -> Result<FirstAccount> {
    let author = Author::operator(services, OPERATION);
    let now = author.now();
    let entitled = OrganizationFacts {
        friendly_name: "Example Clinic".to_owned(),
        entitled_from: Some(now.micros()),
        entitled_until: None,
        entitlement_reference: Some("self-hosted installation".to_owned()),
    };
    let organization = organizations::add(&author, entitled).await?;
    let name = "Example Clinic main account".to_owned();
    let account = subaccounts::service::create_main(&author, organization.sid, name, TOKEN).await?;

    let mut batch = services.store.batch(Scope::account(account.sid));
    let name = "First key".to_owned();
    let (key_sid, key_secret) =
        add_key(&services.store, &mut batch, account.sid, name, KeyType::Main, &[]).await?;
    author.commit(batch, Scope::account(account.sid), vec![key_sid.to_string()], &["secret"]).await?;

    if hipaa {
        agreements::service::create(&author, &organization, sample_agreement(now)).await?;
        let context = load_account(&services.store, account.sid, now).await?;
        let context = context.ok_or(ApiError::new(codes::INTERNAL))?;
        designate(&author, &context, Request { way: Path::SelfService, request: None }).await?;
    }
    Ok(FirstAccount {
        organization: organization.sid,
        account: account.sid,
        auth_token: account.facts.primary_token.clone(),
        key_sid,
        key_secret,
    })
}

/// An agreement that stands in until the real one is recorded; every text says that it is a sample.
pub(crate) fn sample_agreement(now: Timestamp) -> AgreementFacts {
    let sample = |text: &str| format!("SAMPLE, replace with your agreement: {text}");
    AgreementFacts {
        counterparty: sample("the operator of this installation"),
        signer: sample("name of the signer"),
        initiated_at: now.micros(),
        signed_at: now.micros(),
        effective_at: now.micros(),
        expires_at: None,
        services: ["messaging", "voice", "lookup"].map(str::to_owned).to_vec(),
        permitted_uses: vec![sample("treatment")],
        permitted_disclosures: vec![sample("carriers, for delivery to the patient")],
        safeguards: sample("the safeguards of 45 CFR 164 subpart C"),
        breach_contact: sample("privacy officer"),
        breach_deadline_days: crate::limits::BREACH_DAYS,
        subcontractors: Vec::new(),
        named_accounts: Vec::new(),
        migrated: false,
    }
}
