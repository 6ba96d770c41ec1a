//! Active probes: what only an attempt can show, made with nothing but synthetic data.
//!
//! Every probe has a row in [`crate::products`], so that `--plan` announces it; none writes to the audited account.
//! Callback URLs are read again here, because observations keep only their hosts; they are gone when the probe ends.

mod hosts;
mod media;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::fact::{self, Fact};
use crate::limits;
use crate::observations::{Facts, Item, Observed, Outcome, Reading};
use crate::observe::outcome_of;
use crate::products::probes::{self, Callbacks};
use crate::resource::Resource;
use crate::service::{Live, Service};
use crate::tls;
use crate::wire::Credential;

/// Most requests a probe makes for one subject.
pub(crate) fn most_requests(probe: &Resource) -> usize {
    let is = |other: &Resource| std::ptr::eq(probe, other);
    let per_host = if is(&probes::CALLBACK_TLS) { tls::OFFERS.len() + 1 } else { 1 };
    if is(&probes::PLAIN_HTTP) {
        1
    } else if is(&probes::API_TLS) {
        limits::API_HOSTS * (tls::OFFERS.len() + 1)
    } else if probes::MEDIA.iter().any(|media| is(media.probe)) {
        // The lists, what lies below two of their instances, and the two media.
        limits::OLDEST_REQUESTS + 4
    } else if is(&probes::MEDIA_LIFE) {
        2
    } else if is(&probes::ATTACHED) {
        1 + 2 * limits::PROBES
    } else {
        probes::CALLBACKS.len() + limits::PROBES * per_host
    }
}

/// Makes one probe.
pub(crate) async fn make(
    live: &Live<'_>,
    probe: &'static Resource,
    subject: &Observed,
    credential: &Credential,
    made: &AtomicUsize,
) -> Reading {
    let prober = Prober { live, made, subject, credential };
    let is = |other: &Resource| std::ptr::eq(probe, other);
    let everywhere: &[Callbacks] = probes::CALLBACKS;
    if is(&probes::PLAIN_HTTP) {
        return prober.plain_http().await;
    }
    if is(&probes::CERTIFICATES) {
        return prober.of_callbacks(everywhere, Prober::certificate).await;
    }
    if is(&probes::CALLBACK_TLS) {
        return prober.of_callbacks(everywhere, Prober::callback_versions).await;
    }
    if is(&probes::API_TLS) {
        return prober.api_versions().await;
    }
    if is(&probes::SIGNATURES) {
        return prober.of_callbacks(everywhere, Prober::signature).await;
    }
    if is(&probes::CONVERSATIONS_SIGNATURES) {
        return prober.of_callbacks(probes::CONVERSATIONS_CALLBACKS, Prober::signature).await;
    }
    if is(&probes::MEDIA_LIFE) {
        return prober.media_life().await;
    }
    if is(&probes::ATTACHED) {
        return prober.attached().await;
    }
    match probes::MEDIA.iter().find(|media| is(media.probe)) {
        Some(media) => prober.media(media).await,
        None => not_read(Outcome::NotAsked),
    }
}

fn read(items: Vec<Item>) -> Reading {
    Reading { outcome: Outcome::Read, items }
}

fn not_read(outcome: Outcome) -> Reading {
    Reading { outcome, items: Vec::new() }
}

fn answered(id: &str, word: &str) -> Item {
    let facts = Facts::from_iter([(probes::ANSWER, Fact::Words(vec![word.to_owned()]))]);
    Item { id: id.to_owned(), facts }
}

/// The SID of an instance, when it is one.
fn sid_of(instance: &Value) -> Option<String> {
    instance["sid"].as_str().map(fact::id_of).filter(|sid| sid != "other")
}

struct Prober<'a> {
    live: &'a Live<'a>,
    made: &'a AtomicUsize,
    subject: &'a Observed,
    credential: &'a Credential,
}

impl Prober<'_> {
    fn count(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// A path with the subject and the ids of instances in it, the outermost first.
    fn filled(&self, path: &str, ids: &[String]) -> String {
        let path = path.replace("{account}", &self.subject.id);
        ids.iter()
            .rev()
            .enumerate()
            .fold(path, |path, (index, id)| path.replace(&format!("{{{}}}", index + 1), id))
    }

    /// One answer as it came.
    async fn ask(&self, product: &str, path: &str) -> Result<Value, Outcome> {
        self.count();
        let reply = self.live.get(product, path, self.credential).await.map_err(|_| Outcome::Failed)?;
        match outcome_of(&reply) {
            Outcome::Read => serde_json::from_slice(&reply.body).map_err(|_| Outcome::Malformed),
            outcome => Err(outcome),
        }
    }

    /// The first page of a list, as it came.
    async fn list(&self, product: &str, path: &str, key: &str) -> Result<Vec<Value>, Outcome> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut body = self.ask(product, &format!("{path}{mark}PageSize={}", limits::PAGE_ITEMS)).await?;
        match body[key].take() {
            Value::Array(items) => Ok(items),
            _ => Err(Outcome::Malformed),
        }
    }
}
