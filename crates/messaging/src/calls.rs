//! What voice asks about numbers and applications: whose a number is, and what answers its calls.

use base::{AccountSid, Address, ApplicationSid, PhoneNumberSid};
use store::{Name, Scope, Store, StoreError};

use crate::applications;
pub use crate::applications::Target;
use crate::numbers;

/// What answers calls.
#[derive(Clone, Debug, Default)]
pub struct CallHook {
    /// What is asked for TwiML.
    pub voice: Target,
    /// What is asked when that fails.
    pub fallback: Target,
    /// Where the end of a call is reported.
    pub status_callback: Target,
}

/// A number of the account whose scope this is, and what answers its calls: its application, or itself.
///
/// # Errors
/// When the store cannot answer.
pub async fn number(
    store: &Store,
    scope: Scope,
    number: &str,
) -> Result<Option<(PhoneNumberSid, CallHook)>, StoreError> {
    let Some(found) = numbers::by_number(&store.scope(scope), number).await? else { return Ok(None) };
    let facts = &found.facts;
    let hook = match facts.voice_application {
        // The number's own URLs count for nothing then (the published document).
        Some(sid) => application(store, scope, sid.0).await?.unwrap_or_default(),
        None => CallHook {
            voice: facts.voice.clone(),
            fallback: facts.voice_fallback.clone(),
            status_callback: Target {
                url: facts.status_callback.clone(),
                method: facts.status_callback_method,
            },
        },
    };
    Ok(Some((found.sid, hook)))
}

/// The account that a number is of.
///
/// # Errors
/// When the store cannot answer.
pub async fn owner(store: &Store, number: &str) -> Result<Option<AccountSid>, StoreError> {
    let Ok(Address::Phone(number)) = Address::parse(number) else { return Ok(None) };
    let digest = store.system_digest(numbers::OWNER, number.as_str().as_bytes());
    let located = store.locate(&Name::number(digest)).await?;
    let is_number = |sid: &str| sid.parse::<PhoneNumberSid>().is_ok();
    Ok(located.filter(|located| is_number(&located.sid)).and_then(|located| located.scope.account_sid()))
}

/// What an application of the account whose scope this is says about calls.
///
/// # Errors
/// When the store cannot answer.
pub async fn application(
    store: &Store,
    scope: Scope,
    sid: ApplicationSid,
) -> Result<Option<CallHook>, StoreError> {
    let found = applications::find(store, scope, sid).await?;
    Ok(found.map(|facts| CallHook {
        voice: facts.voice,
        fallback: facts.voice_fallback,
        status_callback: facts.status_callback,
    }))
}
