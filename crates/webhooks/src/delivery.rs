//! The durable half: webhooks are committed with the change they tell of, and delivered from a queue.
//!
//! A queued webhook obeys the account as it is when it is delivered, not as it was when it was queued: the URL is put to
//! the guard again, a closed account is told nothing, the present auth token signs. Before its parameters are opened the
//! ledger has an entry that says so. It is delivered at least once; every attempt carries the same idempotency token
//! (the job's id). What fails ends as an [alert](crate::alert), in the same transaction that ends the job.
//!
//! Webhooks wait in one lane per account and destination (host and port), so that a slow destination delays only its
//! own, and one that is gone keeps them waiting (`circuit`). The worker itself is in `worker`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use auth::{AccountContext, AccountFacts};
use aws_lc_rs::digest;
use base::{IpRange, Timestamp};
use data_encoding::HEXLOWER;
use phi::{Phi, Proof};
use rulebook::guard::{self, UrlFact, UrlPurpose, Verdict};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use store::{Batch, NewJob, Scope, Store};

use crate::circuit::Circuits;
use crate::client::{Answer, Client, ClientConfig, Delivery, Payload};
use crate::cookies::{Conversation, Cookies};
use crate::egress::Egress;
use crate::error::SendError;
use crate::flood::Floods;
use crate::hosted::Hosted;
use crate::limits;
use crate::signature::SigningKey;
use crate::trust::{ClientIdentity, TrustProblem, read_authorities};
use crate::url::WebhookUrl;
use crate::worker::{WebhookMeasures, told};

/// The queue that webhooks wait in.
pub const QUEUE: &str = "webhooks";

/// The label of the digest that idempotency tokens of direct calls are made from.
const CALL_TOKEN: &str = "webhook call";

/// What is fetched for a message.
const MEDIA: &str = "media-fetch";

/// The label of the digests that conversations are known by where cookies are kept.
const CONVERSATION: &str = "webhook conversation";

/// Bytes of an idempotency token.
const TOKEN_BYTES: usize = 16;

/// Names and values, in the order in which they are sent.
pub type Parameters = Vec<(String, String)>;

/// How a URL is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The parameters as a form.
    Post,
    /// The parameters in the query.
    Get,
}

impl Method {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET",
        }
    }
}

/// Something to tell a customer's server. No Debug: a URL may hold a password.
#[derive(Clone)]
pub struct Webhook {
    /// The resource it is about, for the ledger and for alerts.
    pub resource_sid: String,
    /// Where to, exactly as configured.
    pub url: String,
    /// How.
    pub method: Method,
    /// What.
    pub params: Phi<Parameters>,
    /// What happened, for logs: `message-status`, `message-received`, `call-status`. Names that begin with `message` or
    /// `call` mark webhooks with the parameters of one, which a HIPAA project may not have in a URL (D-RED-3).
    pub event: &'static str,
}

/// A webhook as it waits in the queue.
#[derive(Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) resource_sid: String,
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) event: String,
    params: Parameters,
}

/// What is known of a webhook without opening it.
pub(crate) struct Head<'a> {
    pub(crate) resource_sid: &'a str,
    pub(crate) url: &'a str,
    pub(crate) method: Method,
    pub(crate) event: &'a str,
}

/// Adds a webhook to a batch, whose scope is the account's: it is delivered once the batch is committed, not before
/// `due_at`, and after every earlier one with the same `ordering_key`.
pub fn enqueue(batch: &mut Batch, webhook: Webhook, due_at: Timestamp, ordering_key: Option<String>) {
    let Webhook { resource_sid, url, method, params, event } = webhook;
    let lane = lane(batch.scope(), &url);
    let queued = params.map(|params| Queued { resource_sid, url, method, event: event.to_owned(), params });
    let payload = queued.to_job_payload().expect("strings always encode");
    batch.enqueue(NewJob { queue: QUEUE, lane, ordering_key, due_at, payload });
}

/// What keeps webhooks of one account to one destination apart from all others. A URL that cannot be called has none:
/// it is given up at once. Another account's webhooks to the same host are no measure: it may trust other authorities.
fn lane(scope: Scope, url: &str) -> Option<String> {
    WebhookUrl::parse(url).ok().map(|url| format!("{scope} {}:{}", url.host(), url.port()))
}

/// What the operator decides about outgoing webhooks.
#[derive(Clone, Debug, Default)]
pub struct WebhooksConfig {
    /// Ranges outside the public internet that may be reached all the same.
    pub allowed_private: Vec<IpRange>,
    /// Certificate authorities that every account's webhooks may chain to.
    pub operator_roots: Vec<CertificateDer<'static>>,
    /// The certificate shown to servers that ask for one.
    pub identity: Option<ClientIdentity>,
    /// The way out: source addresses, proxy.
    pub egress: Egress,
}

/// Delivers webhooks. Clones share the connections.
#[derive(Clone)]
pub struct Webhooks {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    config: WebhooksConfig,
    /// By the digest of the registered authorities: one account's are never trusted for another.
    clients: Mutex<HashMap<[u8; 32], Arc<Client>>>,
    cookies: Cookies,
    pub(crate) hosted: OnceLock<Arc<dyn Hosted>>,
    pub(crate) circuits: Mutex<Circuits>,
    pub(crate) floods: Mutex<Floods>,
    pub(crate) measures: WebhookMeasures,
}

impl Webhooks {
    /// A deliverer with no connection yet.
    ///
    /// # Errors
    /// [`TrustProblem`] when one of the operator's roots cannot be used.
    pub fn new(store: Store, config: WebhooksConfig) -> Result<Webhooks, TrustProblem> {
        // Made now, so that a bad root is found at the start and not at the first delivery.
        let plain = Client::new(client_config(&config, Vec::new()))?;
        let clients = Mutex::new(HashMap::from([(authorities_digest(&[]), Arc::new(plain))]));
        let cookies = Cookies::new(store.clock().clone());
        Ok(Webhooks {
            inner: Arc::new(Inner {
                store,
                config,
                clients,
                cookies,
                hosted: OnceLock::new(),
                circuits: Mutex::default(),
                floods: Mutex::default(),
                measures: WebhookMeasures::default(),
            }),
        })
    }

    /// Calls a URL once, now, and returns the answer, whatever its status: for those who need what it says. `proof` is
    /// of the ledger entry for the parameters. The idempotency token depends on resource, event and URL alone, so it is
    /// the same when the caller's work is done again.
    ///
    /// # Errors
    /// [`SendError`] when there is no answer; [`SendError::Refused`] and [`SendError::PlainHttpRefused`] before a byte
    /// has left.
    pub async fn call(
        &self,
        account: &AccountContext,
        webhook: &Webhook,
        proof: &Proof,
    ) -> Result<Answer, SendError> {
        self.call_again(account, webhook, 0, proof).await
    }

    /// [`Webhooks::call`], the `time`th one of its kind: whoever asks the same URL several times about one resource means
    /// it, so each time has an idempotency token of its own.
    ///
    /// # Errors
    /// As for [`Webhooks::call`].
    pub async fn call_again(
        &self,
        account: &AccountContext,
        webhook: &Webhook,
        time: u32,
        proof: &Proof,
    ) -> Result<Answer, SendError> {
        let Webhook { resource_sid, url, method, params, event } = webhook;
        let head = Head { resource_sid, url, method: *method, event };
        let parsed = check(account, &head)?;
        if parsed.is_hosted() {
            return self.answer_here(account, &parsed, params, proof).await;
        }
        let again = if time == 0 { String::new() } else { format!(" {time}") };
        let named = format!("{event} {resource_sid} {url}{again}");
        let token = self.inner.store.system_digest(CALL_TOKEN, named.as_bytes());
        let cookies = self.conversation(account, &head, params);
        let payload = payload(*method, params.open(proof).clone());
        let token = HEXLOWER.encode(&token.0[..TOKEN_BYTES]);
        let client = self.client(account);
        let sending = client.send(delivery(account, (&parsed, service_of(event)), &payload, &token, cookies));
        spans::child(sending, told).await
    }

    /// Fetches what a message is to bring, at most `limit` bytes of it, from a URL of the account's: through the same
    /// checks, of the URL and of each address, as a webhook. `proof` is of the ledger entry for the URL, which is
    /// protected because a customer may have written anything into it.
    ///
    /// # Errors
    /// As for [`Webhooks::call`].
    pub async fn fetch(
        &self,
        account: &AccountContext,
        resource_sid: &str,
        url: &str,
        limit: usize,
        _proof: &Proof,
    ) -> Result<Answer, SendError> {
        let head = Head { resource_sid, url, method: Method::Get, event: MEDIA };
        let parsed = check(account, &head)?;
        let none = Phi::new(Parameters::new());
        let cookies = self.conversation(account, &head, &none);
        let token = self.inner.store.system_digest(CALL_TOKEN, format!("{MEDIA} {resource_sid}").as_bytes());
        let token = HEXLOWER.encode(&token.0[..TOKEN_BYTES]);
        let client = self.client(account);
        let payload = Payload::Get(Parameters::new());
        let delivery = delivery(account, (&parsed, service_of(MEDIA)), &payload, &token, cookies);
        let sending = client.send(Delivery { answer_limit: limit, ..delivery });
        spans::child(sending, told).await
    }

    /// The queue's worker.
    pub fn queue(&self) -> jobs::Queue {
        let webhooks = self.clone();
        let queue = jobs::Queue::new(QUEUE, limits::JOBS_AT_ONCE, move |lease| {
            let webhooks = webhooks.clone();
            async move { webhooks.run(&lease).await }
        });
        let circuits = self.clone();
        queue.by_lane(move |lane| circuits.gate(lane))
    }

    /// Whose cookies a webhook carries: those of the two numbers, whoever of them is the sender, or else of the resource.
    pub(crate) fn conversation(
        &self,
        account: &AccountContext,
        head: &Head<'_>,
        params: &Phi<Parameters>,
    ) -> Conversation<'_> {
        let name = params.learn(|params| {
            let value = |name: &str| params.iter().find(|(found, _)| found == name).map(|(_, value)| value);
            let pair = value("From").zip(value("To")).filter(|_| head.event.starts_with("message"));
            let named = match pair {
                Some((from, to)) => format!("{} {}\n{}", account.sid(), from.min(to), from.max(to)),
                None => format!("{} {}", account.sid(), head.resource_sid),
            };
            self.inner.store.system_digest(CONVERSATION, named.as_bytes())
        });
        self.inner.cookies.conversation(name.0)
    }

    /// The client that trusts this account's registered authorities besides the operator's and the public ones.
    pub(crate) fn client(&self, account: &AccountContext) -> Arc<Client> {
        let registered = &account.account.facts.settings.webhook_authorities;
        let digest = authorities_digest(registered);
        let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&digest) {
            return Arc::clone(client);
        }
        let mut roots = Vec::new();
        for pem in registered {
            match read_authorities(pem) {
                Ok(authorities) => roots.extend(authorities),
                // Trusting less is safe: what chains to it alone is refused, with an alert.
                Err(problem) => {
                    tracing::warn!(account = %account.sid(), %problem, "a registered authority is left out");
                }
            }
        }
        let client = Client::new(client_config(&self.inner.config, roots))
            .expect("the operator's roots were checked at the start, the account's just now");
        let client = Arc::new(client);
        if clients.len() >= limits::CLIENTS {
            clients.clear();
        }
        clients.insert(digest, Arc::clone(&client));
        client
    }
}

fn client_config(config: &WebhooksConfig, mut roots: Vec<CertificateDer<'static>>) -> ClientConfig {
    roots.extend_from_slice(&config.operator_roots);
    ClientConfig {
        allowed_private: config.allowed_private.clone(),
        extra_roots: roots,
        identity: config.identity.clone(),
        egress: config.egress.clone(),
        ..ClientConfig::default()
    }
}

/// SHA-256 over the texts, each with its length in front.
fn authorities_digest(registered: &[String]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for pem in registered {
        context.update(&(pem.len() as u64).to_be_bytes());
        context.update(pem.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// Reads a job's payload; its parameters are protected from here on.
pub(crate) fn decode(payload: &[u8]) -> Option<(Queued, Phi<Parameters>)> {
    let mut queued: Queued = serde_json::from_slice(payload).ok()?;
    let params = Phi::new(std::mem::take(&mut queued.params));
    Some((queued, params))
}

/// Reads the URL and puts it to the guard, by the account as it is now.
pub(crate) fn check(account: &AccountContext, head: &Head<'_>) -> Result<WebhookUrl, SendError> {
    let url = WebhookUrl::parse(head.url).map_err(SendError::BadUrl)?;
    let fact = UrlFact {
        field: "Url",
        purpose: if head.event == MEDIA { UrlPurpose::Media } else { UrlPurpose::Callback },
        scheme_https: url.is_https(),
        host_registered: url.is_hosted() || account.is_registered(url.host(), service_of(head.event)),
        has_phi_like_query: guard::urls::query_looks_like_phi(url.query()),
        get_message_webhook: head.method == Method::Get && names_people(head.event),
    };
    let action = guard::Action::ConfigureUrl(fact);
    let verdict = guard::decide(&account.facts(""), &action);
    spans::note(|| spans::Work::Guard { action: action.name(), rule: verdict.rule() });
    match verdict {
        Verdict::Allow(_) => Ok(url),
        Verdict::Refuse(refusal) => Err(SendError::Refused(refusal.code)),
    }
}

/// Whether a webhook has the parameters of a message or a call: numbers of people.
fn names_people(event: &str) -> bool {
    event.starts_with("message") || event.starts_with("call")
}

/// The service that an event is of, as agreements name it.
pub(crate) fn service_of(event: &str) -> &'static str {
    match event {
        MEDIA => "messaging",
        _ if event.starts_with("message") => "messaging",
        _ if event.starts_with("call") => "voice",
        _ => "",
    }
}

pub(crate) fn payload(method: Method, params: Parameters) -> Payload {
    match method {
        Method::Post => Payload::Form(params),
        Method::Get => Payload::Get(params),
    }
}

pub(crate) fn delivery<'a>(
    account: &'a AccountContext,
    (url, service): (&'a WebhookUrl, &'a str),
    payload: &'a Payload,
    idempotency_token: &'a str,
    cookies: Conversation<'a>,
) -> Delivery<'a> {
    let facts = &account.account.facts;
    let register = account.register.as_ref().filter(|_| facts.designation.protected);
    Delivery {
        url,
        payload,
        signing_key: signing_key(facts),
        idempotency_token,
        // Holds for redirects too, which the guard has not seen.
        https_only: facts.designation.protected,
        register: register.map(|register| (register, service)),
        cookies,
        answer_limit: limits::ANSWER_BYTES,
        time_left: None,
    }
}

/// What this account's webhooks are signed with now.
pub fn signing_key(account: &AccountFacts) -> SigningKey<'_> {
    match account.webhook_signing_key() {
        Some(key) => SigningKey::Shared { id: &key.id, secret: key.secret.reveal() },
        None => SigningKey::AuthToken(account.primary_token.reveal()),
    }
}
