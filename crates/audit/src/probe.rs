//! Active probes: what only an attempt can show, made with nothing but synthetic data.
//!
//! Every probe has a row in [`crate::products`], so that `--plan` announces it; none writes to the audited account.
//! Callback URLs are read again here, because observations keep only their hosts; they are gone when the probe ends.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use url::Url;

use crate::fact::{self, Fact};
use crate::limits;
use crate::observations::{Item, Observed, Outcome, Reading};
use crate::observe::outcome_of;
use crate::products::probes;
use crate::resource::Resource;
use crate::service::{Live, Service};
use crate::wire::{Broken, Credential};

/// Members of a telephone number that the platform calls back by POST.
const CALLBACKS: [&str; 4] = ["voice_url", "sms_url", "status_callback", "voice_fallback_url"];

/// Most requests a probe makes for one subject.
pub(crate) fn most_requests(probe: &Resource) -> usize {
    if std::ptr::eq(probe, &probes::PLAIN_HTTP) { 1 } else { 1 + limits::PROBES }
}

/// Makes one probe.
pub(crate) async fn make(
    live: &Live<'_>,
    probe: &'static Resource,
    subject: &Observed,
    credential: &Credential,
    made: &AtomicUsize,
) -> Reading {
    let prober = Prober { live, made };
    if std::ptr::eq(probe, &probes::PLAIN_HTTP) {
        return read(prober.plain_http().await);
    }
    if std::ptr::eq(probe, &probes::CERTIFICATES) {
        return prober.of_callbacks(subject, credential, Prober::certificate).await;
    }
    if std::ptr::eq(probe, &probes::SIGNATURES) {
        return prober.of_callbacks(subject, credential, Prober::signature).await;
    }
    match probes::MEDIA.iter().find(|media| std::ptr::eq(media.probe, probe)) {
        Some(media) => prober.media(subject, media, credential).await,
        None => Reading { outcome: Outcome::NotAsked, items: Vec::new() },
    }
}

/// What a probe does with one callback URL, in one word.
type Attempt<'a> =
    for<'b> fn(&'b Prober<'a>, &'b Url) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>>;

fn read(items: Vec<Item>) -> Reading {
    Reading { outcome: Outcome::Read, items }
}

fn answered(id: &str, word: &str) -> Item {
    let facts = BTreeMap::from([(probes::ANSWER.to_owned(), Fact::Words(vec![word.to_owned()]))]);
    Item { id: id.to_owned(), facts }
}

/// The first and the last of a list.
fn ends<T>(list: &[T]) -> impl Iterator<Item = &T> {
    list.first().into_iter().chain(list.last().filter(|_| list.len() > 1))
}

/// The SID of an instance, when it is one.
fn sid_of(instance: &Value) -> Option<String> {
    instance["sid"].as_str().map(fact::id_of).filter(|sid| sid != "other")
}

struct Prober<'a> {
    live: &'a Live<'a>,
    made: &'a AtomicUsize,
}

impl<'a> Prober<'a> {
    fn count(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks the API's own host over plain HTTP, without credentials (GEN-HTTPS-1).
    async fn plain_http(&self) -> Vec<Item> {
        let place = self.live.provider.place(self.live.base, "api", "/2010-04-01/Accounts.json");
        let Some(mut url) = place.and_then(|place| Url::parse(&place).ok()) else {
            return Vec::new();
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        // The same port when one was named: Switchward speaks both on one.
        if url.set_scheme("http").is_err() {
            return Vec::new();
        }
        self.count();
        let word = match self.live.wire.get(url.as_str(), None).await {
            Err(Broken::Unreachable | Broken::Slow | Broken::Garbled) => "closed",
            Err(Broken::Certificate | Broken::Tls) => "other",
            Ok(reply) if reply.status == 403 => "refuses",
            Ok(reply) if (300..400).contains(&reply.status) => "redirects",
            Ok(_) => "answers",
        };
        vec![answered(&host, word)]
    }

    /// Media as somebody would fetch it who has nothing but its address: the newest and the oldest of the first page.
    async fn media(&self, subject: &Observed, media: &probes::Media, credential: &Credential) -> Reading {
        let product = media.probe.product;
        let filled = |path: &str, ids: &[&str]| {
            let path = path.replace("{account}", &subject.id);
            ids.iter()
                .rev()
                .enumerate()
                .fold(path, |path, (index, id)| path.replace(&format!("{{{}}}", index + 1), id))
        };
        let listed = match self.list(product, &filled(media.list, &[]), media.key, credential).await {
            Ok(listed) => listed,
            Err(outcome) => return Reading { outcome, items: Vec::new() },
        };
        let mut chains: Vec<Vec<String>> = Vec::new();
        match media.below {
            None => chains.extend(listed.iter().filter_map(sid_of).map(|sid| vec![sid])),
            Some((path, key)) => {
                let with_media: Vec<String> = listed
                    .iter()
                    .filter(|it| it["num_media"].as_str() != Some("0"))
                    .filter_map(sid_of)
                    .collect();
                for above in ends(&with_media) {
                    match self.list(product, &filled(path, &[above]), key, credential).await {
                        Ok(below) => {
                            chains.extend(below.iter().filter_map(sid_of).map(|sid| vec![above.clone(), sid]))
                        }
                        Err(outcome) => return Reading { outcome, items: Vec::new() },
                    }
                }
            }
        }
        let mut items = Vec::new();
        for chain in ends(&chains) {
            let ids: Vec<&str> = chain.iter().map(String::as_str).collect();
            let Some(url) = self.live.provider.place(self.live.base, product, &filled(media.path, &ids))
            else {
                return Reading { outcome: Outcome::Absent, items: Vec::new() };
            };
            self.count();
            let word = match self.live.wire.get(&url, None).await {
                Ok(reply) if matches!(reply.status, 401 | 403) => "refused",
                Ok(reply) if (200..400).contains(&reply.status) => "open",
                Ok(reply) if matches!(reply.status, 404 | 410) => "gone",
                Ok(_) | Err(_) => return Reading { outcome: Outcome::Failed, items },
            };
            items.push(answered(&chain.join("/"), word));
        }
        read(items)
    }

    /// The first page of a list, as it came.
    async fn list(
        &self,
        product: &str,
        path: &str,
        key: &str,
        credential: &Credential,
    ) -> Result<Vec<Value>, Outcome> {
        self.count();
        let path = format!("{path}?PageSize={}", limits::PAGE_ITEMS);
        let reply = self.live.get(product, &path, credential).await.map_err(|_| Outcome::Failed)?;
        let mut body = match outcome_of(&reply) {
            Outcome::Read => serde_json::from_slice::<Value>(&reply.body).map_err(|_| Outcome::Malformed)?,
            outcome => return Err(outcome),
        };
        match body[key].take() {
            Value::Array(items) => Ok(items),
            _ => Err(Outcome::Malformed),
        }
    }

    /// Does something with every callback host of the account's numbers, one URL per host.
    async fn of_callbacks(
        &self,
        subject: &Observed,
        credential: &Credential,
        attempt: Attempt<'a>,
    ) -> Reading {
        let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", subject.id);
        let numbers = match self.list("api", &path, "incoming_phone_numbers", credential).await {
            Ok(numbers) => numbers,
            Err(outcome) => return Reading { outcome, items: Vec::new() },
        };
        let mut by_host: BTreeMap<String, Url> = BTreeMap::new();
        for url in
            numbers.iter().flat_map(|number| CALLBACKS.iter().filter_map(|field| number[*field].as_str()))
        {
            if let Ok(url) = Url::parse(url)
                && url.scheme() == "https"
                && let Some(host) = url.host_str()
            {
                by_host.entry(host.to_owned()).or_insert(url);
            }
        }
        let outcome = if by_host.len() > limits::PROBES { Outcome::CutShort } else { Outcome::Read };
        let mut items = Vec::new();
        for (host, url) in by_host.iter().take(limits::PROBES) {
            self.count();
            items.push(answered(host, attempt(self, url).await));
        }
        Reading { outcome, items }
    }

    /// Whether the host's certificate is one the platform would accept (GEN-HTTPS-3).
    fn certificate<'b>(&'b self, url: &'b Url) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(async move {
            match self.live.wire.shake_hands(url).await {
                Ok(()) => "trusted",
                Err(Broken::Certificate) => "untrusted",
                Err(_) => "unreachable",
            }
        })
    }

    /// Whether the application behind the URL refuses a request with a wrong signature (GEN-SIG-2). The request says
    /// that it is a probe, and holds nothing else.
    fn signature<'b>(&'b self, url: &'b Url) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(async move {
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-twilio-signature", "c3dpdGNod2FyZCBhdWRpdCBwcm9iZQ=="),
            ];
            let body = Bytes::from_static(b"SwitchwardAuditProbe=synthetic");
            match self.live.wire.request(Method::POST, url.as_str(), None, &headers, body).await {
                Ok(reply) if (200..300).contains(&reply.status) => "accepted",
                Ok(reply) if (400..500).contains(&reply.status) => "refused",
                Ok(_) => "unclear",
                Err(_) => "unreachable",
            }
        })
    }
}
