//! What an application is, and what a request may change of it. Pure.

use auth::SidText;
use base::ApplicationSid;
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use serde::{Deserialize, Serialize};
use store::Kind;
use webhooks::Method;

use crate::limits::MAX_FRIENDLY_NAME;
use crate::numbers::{Configured, Hook, method};

/// The SID of an application inside another document.
pub(crate) type ApplicationText = SidText<ApplicationSid>;

/// The kind of application documents; they live in the account's scope.
#[derive(Debug)]
pub enum Application {}

impl Kind for Application {
    const NAME: &'static str = "application";
    type Sid = ApplicationSid;
    type Facts = ApplicationFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A URL and how it is called.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    pub(crate) fn configured(&self, field: &'static str) -> Configured<'_> {
        Configured { field, url: self.url.as_deref(), method: self.method }
    }

    pub(crate) fn set(&mut self, url: Option<String>, method: Option<Method>) {
        if let Some(url) = url {
            self.url = Some(url).filter(|url| !url.is_empty());
        }
        self.method = method.unwrap_or(self.method);
    }
}

/// What an application is configured with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApplicationFacts {
    /// A name for people.
    pub friendly_name: String,
    /// The webhook for messages that come in.
    pub sms: Target,
    /// The webhook when the first one fails.
    pub sms_fallback: Target,
    /// Where the states of messages that name this application are reported.
    pub message_status_callback: Option<String>,
    /// The webhook for calls that come in, and for calls that are placed with the application.
    pub voice: Target,
    /// The webhook when the first one fails.
    pub voice_fallback: Target,
    /// Where the end of calls is reported.
    pub status_callback: Target,
    /// Kept; nobody knows whose name belongs to a number.
    pub voice_caller_id_lookup: bool,
}

impl ApplicationFacts {
    /// Whom to ask about messages that come in.
    pub(crate) fn hook(&self) -> Hook {
        Hook {
            url: self.sms.url.clone(),
            method: self.sms.method,
            fallback_url: self.sms_fallback.url.clone(),
            fallback_method: self.sms_fallback.method,
        }
    }

    /// Every URL, under the name of its parameter.
    pub(super) fn urls(&self) -> [Configured<'_>; 6] {
        [
            self.sms.configured("SmsUrl"),
            self.sms_fallback.configured("SmsFallbackUrl"),
            Configured {
                field: "MessageStatusCallback",
                url: self.message_status_callback.as_deref(),
                method: Method::Post,
            },
            self.voice.configured("VoiceUrl"),
            self.voice_fallback.configured("VoiceFallbackUrl"),
            self.status_callback.configured("StatusCallback"),
        ]
    }
}

/// What a request sets. `None` leaves a field as it is; an empty URL clears it.
pub struct Settings {
    friendly_name: Option<String>,
    sms: Asked,
    sms_fallback: Asked,
    message_status_callback: Option<String>,
    voice: Asked,
    voice_fallback: Asked,
    status_callback: Asked,
    voice_caller_id_lookup: Option<bool>,
}

type Asked = (Option<String>, Option<Method>);

impl FromParams for Settings {
    fn from_params(params: &mut Params) -> Result<Self> {
        // There is one version of the API.
        params.without_effect(&["ApiVersion"]);
        if params.flag("PublicApplicationConnectEnabled")? == Some(true) {
            // Nobody else's call can reach it, and saying yes would promise that.
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("PublicApplicationConnectEnabled"));
        }
        let friendly_name = params.text("FriendlyName")?;
        if friendly_name.as_ref().is_some_and(|name| name.chars().count() > MAX_FRIENDLY_NAME) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("FriendlyName"));
        }
        let old = params.text("SmsStatusCallback")?;
        Ok(Self {
            friendly_name,
            sms: (params.text("SmsUrl")?, method(params, "SmsMethod")?),
            sms_fallback: (params.text("SmsFallbackUrl")?, method(params, "SmsFallbackMethod")?),
            // Two names of one thing, the second one deprecated (the published document).
            message_status_callback: params.text("MessageStatusCallback")?.or(old),
            voice: (params.text("VoiceUrl")?, method(params, "VoiceMethod")?),
            voice_fallback: (params.text("VoiceFallbackUrl")?, method(params, "VoiceFallbackMethod")?),
            status_callback: (params.text("StatusCallback")?, method(params, "StatusCallbackMethod")?),
            voice_caller_id_lookup: params.flag("VoiceCallerIdLookup")?,
        })
    }
}

impl Settings {
    /// Applies what was set.
    pub fn apply(self, facts: &mut ApplicationFacts) {
        facts.friendly_name = self.friendly_name.unwrap_or(std::mem::take(&mut facts.friendly_name));
        for (target, (url, method)) in [
            (&mut facts.sms, self.sms),
            (&mut facts.sms_fallback, self.sms_fallback),
            (&mut facts.voice, self.voice),
            (&mut facts.voice_fallback, self.voice_fallback),
            (&mut facts.status_callback, self.status_callback),
        ] {
            target.set(url, method);
        }
        if let Some(url) = self.message_status_callback {
            facts.message_status_callback = Some(url).filter(|url| !url.is_empty());
        }
        facts.voice_caller_id_lookup = self.voice_caller_id_lookup.unwrap_or(facts.voice_caller_id_lookup);
    }
}

/// Filters of a list.
pub struct Filter {
    /// `FriendlyName`: the whole name.
    pub friendly_name: Option<String>,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self { friendly_name: params.text("FriendlyName")?.filter(|text| !text.is_empty()) })
    }
}
