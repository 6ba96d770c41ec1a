//! What answers calls: a URL, the one for when it fails, and where the end of calls is reported.

use auth::AccountContext;
use errors::{ApiError, Result, codes};
use kit::Params;
use kit::ctx::decide;
use rulebook::guard::urls::query_looks_like_phi;
use rulebook::guard::{Action, UrlFact, UrlPurpose};
use serde::{Deserialize, Serialize};
use webhooks::{Method, WebhookUrl};

/// A URL and how it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The URL, when there is one.
    pub url: Option<String>,
    /// How it is called.
    pub method: Method,
}

impl Default for Target {
    fn default() -> Self {
        Self { url: None, method: Method::Post }
    }
}

impl Target {
    /// Takes the two parameters of a target, as they were given.
    pub(crate) fn read(
        params: &mut Params,
        url: &'static str,
        method: &'static str,
    ) -> Result<(Option<String>, Option<Method>)> {
        Ok((params.text(url)?, read_method(params, method)?))
    }

    /// Applies what was given; an empty URL clears it.
    pub(crate) fn set(&mut self, (url, method): (Option<String>, Option<Method>)) {
        if let Some(url) = url {
            self.url = Some(url).filter(|url| !url.is_empty());
        }
        self.method = method.unwrap_or(self.method);
    }
}

/// What answers the calls of a number, an application or a SIP domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// What is asked for TwiML.
    pub voice: Target,
    /// What is asked when that fails.
    pub fallback: Target,
    /// Where the end of a call is reported.
    pub status_callback: Target,
}

/// `GET` or `POST`.
pub(crate) fn read_method(params: &mut Params, name: &'static str) -> Result<Option<Method>> {
    let word = params.word(name, &["GET", "POST"])?;
    Ok(word.map(|word| if word == "GET" { Method::Get } else { Method::Post }))
}

/// What the guard needs to know about a URL of a call.
///
/// # Errors
/// 21609 when it is not a URL that a webhook can be sent to.
pub(crate) fn url_fact(
    account: &AccountContext,
    field: &'static str,
    url: &str,
    method: Method,
) -> Result<UrlFact> {
    let parsed =
        WebhookUrl::parse(url).map_err(|_| ApiError::new(codes::CALLBACK_INVALID).parameter(field))?;
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    Ok(UrlFact {
        field,
        purpose: UrlPurpose::Callback,
        scheme_https: parsed.is_https(),
        host_registered: parsed.is_hosted() || account.is_registered(parsed.host(), crate::PRODUCT.service),
        has_phi_like_query: query_looks_like_phi(query),
        get_message_webhook: method == Method::Get,
    })
}

/// Asks the guard about every target that a resource is to be configured with.
///
/// # Errors
/// 21609 when one is not a URL that a webhook can be sent to, and the guard's refusals.
pub(crate) fn check_targets(account: &AccountContext, targets: &[(&'static str, &Target)]) -> Result<()> {
    for (field, target) in targets {
        if let Some(url) = &target.url {
            let fact = url_fact(account, field, url, target.method)?;
            decide(&account.facts(crate::PRODUCT.service), &Action::ConfigureUrl(fact))?;
        }
    }
    Ok(())
}
