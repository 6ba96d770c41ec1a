//! SIP of the 2010 API: domains, and who may call or register there.
//!
//! Spec: `SIP/*` of Twilio's 2010-04-01 API. Read in this order: `credential_lists`, `digest` (what is kept of a
//! password), `ip_lists`, `domains`, `mappings` (which lists guard which domain), [`gate`] (whether a call or a
//! registration may come in; the SIP server asks it).

mod credential_lists;
mod digest;
mod domains;
pub mod gate;
mod ip_lists;
mod mappings;
mod routes;

pub use digest::REALM;
pub use routes::routes;

use errors::{ApiError, Code, Result};
use kit::Params;

use crate::limits::MAX_FRIENDLY_NAME;

/// Takes a friendly name; one that is too long is refused with `code`.
fn friendly_name(params: &mut Params, code: &'static Code) -> Result<Option<String>> {
    let name = params.text("FriendlyName")?.filter(|name| !name.is_empty());
    match name.as_ref().is_some_and(|name| name.chars().count() > MAX_FRIENDLY_NAME) {
        true => Err(ApiError::new(code).parameter("FriendlyName")),
        false => Ok(name),
    }
}

/// The same where there has to be one.
fn required_name(params: &mut Params, code: &'static Code) -> Result<String> {
    friendly_name(params, code)?.ok_or(ApiError::new(code).parameter("FriendlyName"))
}
