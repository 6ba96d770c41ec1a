//! Whose handset messages a caller may see, and whose numbers it may write to.

use auth::{Grant, load_account};
use base::AccountSid;
use errors::Result;
use kit::Caller;

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
