//! Where answers come from: a service on the network, or one that was recorded.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use rulebook::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::observations::{Item, Observed, Outcome, Reading};
use crate::probe;
use crate::provider::Provider;
use crate::resource::Resource;
use crate::wire::{Broken, Credential, Reply, Wire};
use url::Url;

/// Answers GET requests for a product's path (with its query).
pub trait Service: Sync {
    /// One answer.
    fn get(
        &self,
        product: &str,
        path: &str,
        credential: &Credential,
    ) -> impl Future<Output = Result<Reply, Broken>> + Send;

    /// Makes one of the active probes about a subject. `made` counts its requests.
    fn probe(
        &self,
        probe: &'static Resource,
        subject: &Observed,
        credential: &Credential,
        made: &AtomicUsize,
    ) -> impl Future<Output = Reading> + Send;
}

/// A service on the network.
pub struct Live<'a> {
    /// How.
    pub wire: &'a Wire,
    /// Whose API.
    pub provider: Provider,
    /// Where, unless it is the vendor's own place.
    pub base: Option<&'a Url>,
    /// The day, in UTC, from which older media is looked for.
    pub today: Date,
    /// What stands between the product and the vendor's domain (`dublin.ie1`), as SDKs take it from the environment.
    pub region: Option<&'a str>,
}

impl Live<'_> {
    /// Where a path of a product is; none when this provider has no such API.
    pub(crate) fn place(&self, product: &str, path: &str) -> Option<String> {
        let place = self.provider.place(self.base, product, path)?;
        Some(match self.region.filter(|_| self.base.is_none()) {
            Some(region) => {
                let host = format!("https://{product}.");
                place.replacen(&host, &format!("{host}{region}."), 1)
            }
            None => place,
        })
    }
}

impl Service for Live<'_> {
    async fn get(&self, product: &str, path: &str, credential: &Credential) -> Result<Reply, Broken> {
        match self.place(product, path) {
            Some(url) => self.wire.get(&url, Some(credential)).await,
            None => Ok(Reply { status: 404, retry_after: None, body: Bytes::new() }),
        }
    }

    async fn probe(
        &self,
        probe: &'static Resource,
        subject: &Observed,
        credential: &Credential,
        made: &AtomicUsize,
    ) -> Reading {
        probe::make(self, probe, subject, credential, made).await
    }
}

/// Answers that were written down: fixtures, and accounts somebody wants judged without the network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// By product and path (`api /2010-04-01/Accounts.json`), without a query unless it is of a page.
    pub answers: BTreeMap<String, RecordedAnswer>,
    /// What the probes found, by their names.
    #[serde(default)]
    pub probes: BTreeMap<String, Vec<Item>>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: Value,
}

impl Service for Recorded {
    async fn get(&self, product: &str, path: &str, _: &Credential) -> Result<Reply, Broken> {
        let whole = format!("{product} {path}");
        let bare = whole.split('?').next().unwrap_or_default();
        // What a path asks for by itself (`?Channel=rcs`) stays; the size of pages does not.
        let size = ["&PageSize=", "&pagination.count="].iter().find_map(|size| whole.find(size));
        let sized = size.map_or(whole.as_str(), |at| &whole[..at]);
        let found = [whole.as_str(), bare, sized].into_iter().find_map(|path| self.answers.get(path));
        let (status, body) = match found {
            Some(answer) => (answer.status, serde_json::to_vec(&answer.body).unwrap_or_default()),
            None => (404, Vec::new()),
        };
        Ok(Reply { status, retry_after: None, body: Bytes::from(body) })
    }

    async fn probe(
        &self,
        probe: &'static Resource,
        _: &Observed,
        _: &Credential,
        _: &AtomicUsize,
    ) -> Reading {
        match self.probes.get(probe.name) {
            Some(items) => Reading { outcome: Outcome::Read, items: items.clone() },
            None => Reading { outcome: Outcome::NotAsked, items: Vec::new() },
        }
    }
}
