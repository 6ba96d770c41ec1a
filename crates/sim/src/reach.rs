//! Whose handset messages a caller may see, and whose numbers it may write to.

use auth::{Grant, load_account};
use base::AccountSid;
use errors::Result;
use kit::Caller;
use store::{Name, Store, StoreError};

/// The label under which messaging keeps the digest of a number that has an owner. Should it ever
/// differ from messaging's own, no number would be found, and the tests would say so.
const OWNER_OF_NUMBER: &str = "owner-of-number";

/// Whether this number is one of an account that the caller's credentials reach. A handset that
/// could write to anyone's number could opt out another account's patients.
pub(crate) async fn reaches_number(caller: &Caller, number: &str) -> Result<bool> {
    match owner_of(&caller.services.store, number).await? {
        Some(owner) => reaches(caller, owner).await,
        None => Ok(false),
    }
}

/// The account that a number is of.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn owner_of(
    store: &Store,
    number: &str,
) -> std::result::Result<Option<AccountSid>, StoreError> {
    let name = Name::number(store.system_digest(OWNER_OF_NUMBER, number.as_bytes()));
    Ok(store.locate(&name).await?.and_then(|located| located.scope.account_sid()))
}

/// Whether the caller's credentials reach this account: its own, and the subaccounts of its own when
/// they reach so far. The operator's reach all.
pub(crate) async fn reaches(caller: &Caller, account: AccountSid) -> Result<bool> {
    let principal = &caller.principal;
    let Some(own) = principal.account else { return Ok(principal.grant == Grant::Operator) };
    if own == account {
        return Ok(true);
    }
    if !principal.reaches_subaccounts() {
        return Ok(false);
    }
    let context = load_account(&caller.services.store, account, caller.now()).await?;
    Ok(context.is_some_and(|context| context.account.facts.is_subaccount_of(account, own)))
}
