//! The account's webhook: it is asked about a message that came in, and its TwiML says what to answer.

use auth::AccountContext;
use jobs::{Outcome, backoff};
use kit::Services;
use kit::ctx::decide;
use ledger::Purpose;
use phi::{Phi, Proof};
use rulebook::guard::Action;
use store::{Batch, Document, Lease, StoreError};
use tokio::time::timeout;
use twiml::MessagingVerb;
use webhooks::{LogLevel, Method, NewAlert, SendError, Webhook, WebhookUrl, Webhooks};

use super::reply::{queue_reply, reply_from};
use super::{hook, recognised, service_of};
use crate::dispatch::{self, entry};
use crate::limits::{ANSWERING_DEADLINE, MAX_ANSWER_ATTEMPTS, MAX_REDIRECTS, MAX_REPLIES};
use crate::media::model::Media;
use crate::media::store::{self as media, of_message};
use crate::messages::model::Message;
use crate::messages::store as messages;
use crate::numbers::{self, Hook};
use crate::optout::Keyword;
use crate::own::Own;

/// Alert codes of what can be wrong with an answer (Twilio's error pages).
const BAD_REDIRECT: u32 = 12_100;
pub(super) const BAD_REPLY: u32 = 12_300;
const TOO_SLOW: u32 = 11_205;

/// Asks the account's webhook about a message that came in, and does what it answers.
pub(crate) async fn answer(
    services: &Services,
    webhooks: &Webhooks,
    lease: &Lease,
) -> Result<Outcome, StoreError> {
    let Some((account, mut message)) = dispatch::load(services, lease).await? else {
        return dispatch::finish(services, lease).await;
    };
    // What came in before the account became a HIPAA project ends like everything in one.
    let protected = account.account.facts.designation.protected;
    let is_new = protected && !message.facts.discard_body;
    message.facts.discard_body |= protected;
    message.facts.obfuscate_address |= protected;
    let number = Own::by_address(&services.store.scope(lease.scope), &message.facts.own_number).await?;
    let number = number.filter(|_| account.is_active());
    let sender = message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
    let body = messages::body(&services.store.scope(lease.scope), message.sid).await?;
    let (Some(number), Some(sender), Some(body)) = (number, sender, body) else {
        // Nobody will be told any more: what may not be kept is not kept.
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
        if message.facts.discard_body {
            messages::shred_media(&mut batch, &message.facts);
        }
        batch.record(entry("redact_unanswered", message.sid, &[], Purpose::Retention).to_bytes());
        services.store.commit(batch).await?;
        return Ok(Outcome::Done);
    };
    let proof = ledger::disclose(
        &services.store,
        lease.scope,
        &entry("ask_webhook", message.sid, &["body", "from"], Purpose::Webhook),
    )
    .await?;
    let service = service_of(services, lease.scope, number.address()).await?;
    let hook = hook(services, lease.scope, &number, service.as_deref()).await?;
    let keyword = recognised(&body, &sender, service.as_deref()).map(|meant| meant.keyword);
    let brought =
        of_message(&services.store.scope(lease.scope), message.facts.media.iter().map(|sid| sid.0)).await?;
    let links = links(services, &account, &message, &brought);
    let parameters = parameters(&account, &message, &sender, &body, keyword, links);
    let asked = Asked { webhooks, account: &account, message: &message, proof: &proof, parameters };
    let late = || Conversation {
        sends: None,
        failures: hook
            .url
            .clone()
            .map(|url| Failure { code: TOO_SLOW, url, retry: false })
            .into_iter()
            .collect(),
    };
    let Conversation { sends, failures } =
        timeout(ANSWERING_DEADLINE, asked.converse(&hook)).await.unwrap_or_else(|_| late());
    if let (None, Some(Failure { code, retry: true, .. })) = (&sends, failures.last())
        && lease.attempts < MAX_ANSWER_ATTEMPTS
    {
        tracing::info!(message = %message.sid, code, "the webhook of an arrived message failed and will be asked again");
        return Ok(Outcome::RetryAt(services.now().plus(backoff(lease.attempts))));
    }

    let now = services.now();
    let key = services.store.scope(lease.scope).digest_key().await?;
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    for failure in failures {
        raise(&mut batch, services, &message, failure.code, Some(&failure.url));
    }
    let sends = sends.unwrap_or_default();
    if sends.len() > MAX_REPLIES {
        raise(&mut batch, services, &message, BAD_REPLY, hook.url.as_deref());
    }
    for send in sends.into_iter().take(MAX_REPLIES) {
        match reply_from(&account, &message, &sender, send) {
            Ok(reply) => {
                let sid = queue_reply(&mut batch, services, &account, &key, reply, now, false);
                batch.record(entry("reply_by_twiml", sid, &[], Purpose::Webhook).to_bytes());
            }
            Err(code) => raise(&mut batch, services, &message, code, hook.url.as_deref()),
        }
    }
    messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
    if is_new && !message.facts.media.is_empty() {
        batch.enqueue(media::redaction(message.sid, now));
    }
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

fn raise(batch: &mut Batch, services: &Services, message: &Document<Message>, code: u32, url: Option<&str>) {
    let new = NewAlert::now(&services.store, code, LogLevel::Error);
    let url = url.and_then(|url| WebhookUrl::parse(url).ok());
    webhooks::alert::raise(
        batch,
        NewAlert {
            resource_sid: Some(message.sid.to_string()),
            request_method: Some(Method::Post),
            request_url: url.map(|url| url.without_secrets()),
            ..new
        },
    );
}

/// The address a TwiML document names, seen from the document's own; empty means the document itself.
fn resolve(document: &str, named: &str) -> Option<String> {
    let document = url::Url::parse(document).ok()?;
    document.join(named.trim()).ok().map(String::from)
}

/// Where the media of a message are, and what they are. Whoever follows a link needs credentials (SMS-MMS-1).
fn links(
    services: &Services,
    account: &AccountContext,
    message: &Document<Message>,
    media: &[Document<Media>],
) -> Vec<(String, String)> {
    let (base, account) = (&services.api_base, account.sid());
    let link = |medium: &Document<Media>| {
        let kind = medium.facts.content_type.clone()?;
        let sid = medium.sid;
        Some((format!("{base}/2010-04-01/Accounts/{account}/Messages/{}/Media/{sid}", message.sid), kind))
    };
    media.iter().filter_map(link).collect()
}

/// The parameters of an inbound webhook (Twilio's request to your application).
fn parameters(
    account: &AccountContext,
    message: &Document<Message>,
    sender: &Phi<String>,
    body: &Phi<String>,
    keyword: Option<Keyword>,
    media: Vec<(String, String)>,
) -> Phi<Vec<(String, String)>> {
    let account = account.sid().to_string();
    let sid = message.sid.to_string();
    let (to, segments) = (message.facts.own_number.clone(), message.facts.segments.to_string());
    let service = message.facts.service.map(|service| service.0.to_string());
    sender.clone().zip(body.clone()).map(|(from, body)| {
        let mut parameters = vec![
            ("MessageSid", sid.clone()),
            ("SmsSid", sid.clone()),
            ("SmsMessageSid", sid),
            ("AccountSid", account),
            ("From", from),
            ("To", to),
            ("Body", body),
            ("NumMedia", media.len().to_string()),
            ("NumSegments", segments),
            ("SmsStatus", "received".to_owned()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if let Some(service) = service {
            parameters.push(("MessagingServiceSid", service));
        }
        if let Some(keyword) = keyword {
            parameters.push(("OptOutType", keyword.as_str().to_owned()));
        }
        let named = parameters.into_iter().map(|(name, value)| (name.to_owned(), value));
        let media = media.into_iter().enumerate().flat_map(|(place, (url, kind))| {
            [(format!("MediaUrl{place}"), url), (format!("MediaContentType{place}"), kind)]
        });
        named.chain(media).collect()
    })
}

/// Why an answer could not be had.
struct Failure {
    code: u32,
    url: String,
    retry: bool,
}

/// What the webhooks answered.
struct Conversation {
    /// The messages they want sent; `None` when the last one asked failed.
    sends: Option<Vec<twiml::Message>>,
    /// What failed on the way: the fallback's success does not hide it.
    failures: Vec<Failure>,
}

/// One conversation with the account's webhook.
struct Asked<'a> {
    webhooks: &'a Webhooks,
    account: &'a AccountContext,
    message: &'a Document<Message>,
    proof: &'a Proof,
    parameters: Phi<Vec<(String, String)>>,
}

impl Asked<'_> {
    /// The webhook, its redirects, and on failure its fallback.
    async fn converse(&self, hook: &Hook) -> Conversation {
        let Some(url) = hook.url.clone() else {
            return Conversation { sends: None, failures: Vec::new() };
        };
        let failure = match self.follow(url.clone(), hook.method, self.parameters.clone()).await {
            Ok(sends) => return Conversation { sends: Some(sends), failures: Vec::new() },
            Err(failure) => failure,
        };
        let Some(fallback) = hook.fallback_url.clone() else {
            return Conversation { sends: None, failures: vec![failure] };
        };
        let code = failure.code.to_string();
        // The URL may hold a password, and the fallback may be somebody else's server.
        let shown = WebhookUrl::parse(&url).map(|url| url.without_secrets()).unwrap_or_default();
        let parameters = self.parameters.clone().map(|mut parameters| {
            parameters.push(("ErrorCode".to_owned(), code));
            parameters.push(("ErrorUrl".to_owned(), shown));
            parameters
        });
        match self.follow(fallback, hook.fallback_method, parameters).await {
            Ok(sends) => Conversation { sends: Some(sends), failures: vec![failure] },
            Err(second) => Conversation { sends: None, failures: vec![failure, second] },
        }
    }

    async fn follow(
        &self,
        mut url: String,
        mut method: Method,
        parameters: Phi<Vec<(String, String)>>,
    ) -> Result<Vec<twiml::Message>, Failure> {
        let mut sends = Vec::new();
        for _ in 0..=MAX_REDIRECTS {
            let document = self.ask(&url, method, parameters.clone()).await?;
            let asked = url.clone();
            let fail = |code| Failure { code, url: asked.clone(), retry: false };
            let verbs = twiml::parse_messaging(&document).map_err(|error| fail(error.code))?;
            let mut redirect = None;
            for verb in verbs {
                match verb {
                    MessagingVerb::Message(message) => sends.push(message),
                    MessagingVerb::Redirect(to) => {
                        redirect = Some(to);
                        break;
                    }
                }
            }
            let Some(to) = redirect else {
                return Ok(sends);
            };
            method = match to.method {
                twiml::Method::Get => Method::Get,
                twiml::Method::Post => Method::Post,
            };
            url = resolve(&asked, &to.url).ok_or_else(|| fail(BAD_REDIRECT))?;
            // What a document names is held to the same rules as what the API is given.
            let fact = numbers::callback_fact(self.account, "Redirect", &url, method == Method::Get)
                .map_err(|_| fail(BAD_REDIRECT))?;
            decide(&self.account.facts(crate::PRODUCT.service), &Action::ConfigureUrl(fact))
                .map_err(|refusal| fail(refusal.code().number))?;
        }
        Err(Failure { code: BAD_REDIRECT, url, retry: false })
    }

    async fn ask(
        &self,
        url: &str,
        method: Method,
        params: Phi<Vec<(String, String)>>,
    ) -> Result<bytes::Bytes, Failure> {
        let webhook = Webhook {
            resource_sid: self.message.sid.to_string(),
            url: url.to_owned(),
            method,
            params,
            event: "message-received",
        };
        let failure = |code, retry| Failure { code, url: url.to_owned(), retry };
        let retried = |error: &SendError| error.is_connect_failure();
        match self.webhooks.call(self.account, &webhook, self.proof).await {
            Ok(answer) => match answer.alert_code() {
                None => Ok(answer.body),
                Some(code) => Err(failure(code, false)),
            },
            Err(error) => Err(failure(error.alert_code(), retried(&error))),
        }
    }
}
