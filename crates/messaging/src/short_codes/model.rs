//! What a short code of an account is, and what a request may change of it. Pure.

use base::ShortCodeSid;
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use serde::{Deserialize, Serialize};
use store::Kind;
use webhooks::Method;

use crate::limits::MAX_FRIENDLY_NAME;
use crate::numbers::{Hook, method};

/// The kind of short code documents; they live in the account's scope.
#[derive(Debug)]
pub enum ShortCode {}

impl Kind for ShortCode {
    const NAME: &'static str = "short-code";
    type Sid = ShortCodeSid;
    type Facts = CodeFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A short code of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeFacts {
    /// Its five or six digits.
    pub code: String,
    /// A name for people.
    pub friendly_name: String,
    /// Whom to ask about messages that come in.
    pub(crate) hook: Hook,
}

impl CodeFacts {
    /// A short code with nothing configured.
    pub fn new(code: String) -> Self {
        Self { friendly_name: code.clone(), code, hook: Hook::default() }
    }
}

/// What a request sets. `None` leaves a field as it is; an empty URL clears it.
pub struct Settings {
    friendly_name: Option<String>,
    sms_url: Option<String>,
    sms_method: Option<Method>,
    sms_fallback_url: Option<String>,
    sms_fallback_method: Option<Method>,
}

impl FromParams for Settings {
    fn from_params(params: &mut Params) -> Result<Self> {
        // There is one version of the API.
        params.without_effect(&["ApiVersion"]);
        let friendly_name = params.text("FriendlyName")?;
        if friendly_name.as_ref().is_some_and(|name| name.chars().count() > MAX_FRIENDLY_NAME) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("FriendlyName"));
        }
        Ok(Self {
            friendly_name,
            sms_url: params.text("SmsUrl")?,
            sms_method: method(params, "SmsMethod")?,
            sms_fallback_url: params.text("SmsFallbackUrl")?,
            sms_fallback_method: method(params, "SmsFallbackMethod")?,
        })
    }
}

impl Settings {
    /// Applies what was set.
    pub fn apply(self, facts: &mut CodeFacts) {
        let url = |field: &mut Option<String>, given: Option<String>| {
            if let Some(given) = given {
                *field = Some(given).filter(|url| !url.is_empty());
            }
        };
        let hook = &mut facts.hook;
        url(&mut hook.url, self.sms_url);
        url(&mut hook.fallback_url, self.sms_fallback_url);
        hook.method = self.sms_method.unwrap_or(hook.method);
        hook.fallback_method = self.sms_fallback_method.unwrap_or(hook.fallback_method);
        facts.friendly_name = self.friendly_name.unwrap_or(std::mem::take(&mut facts.friendly_name));
    }
}

/// Filters of a list: the whole name, the whole code.
#[derive(Default)]
pub struct Filter {
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// `ShortCode`.
    pub code: Option<String>,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self {
            friendly_name: params.text("FriendlyName")?.filter(|text| !text.is_empty()),
            code: params.text("ShortCode")?.filter(|text| !text.is_empty()),
        })
    }
}
