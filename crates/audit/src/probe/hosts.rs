//! Probes of hosts: the API's own, and those that are called back.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use serde_json::Value;
use url::Url;

use super::{Prober, answered, not_read, read};
use crate::limits;
use crate::observations::{Outcome, Reading};
use crate::products;
use crate::products::probes::{Callbacks, member};
use crate::tls::{self, Answer, OFFERS, Offer};
use crate::way::Named;
use crate::wire::Broken;

/// What a probe does with one URL, in one word.
type Attempt<'a> =
    for<'b> fn(&'b Prober<'a>, &'b Url) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>>;

impl<'a> Prober<'a> {
    /// Asks the API's own host over plain HTTP, without credentials (GEN-HTTPS-1).
    pub(super) async fn plain_http(&self) -> Reading {
        let place = self.live.place("api", "/2010-04-01/Accounts.json");
        let Some(mut url) = place.and_then(|place| Url::parse(&place).ok()) else {
            return read(Vec::new());
        };
        // Of a plain request that went through a proxy, nobody could say who answered it.
        if self.live.wire.goes_through_proxy(&url) {
            return not_read(Outcome::NotAsked);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        // The same port when one was named: Switchward speaks both on one.
        if url.set_scheme("http").is_err() {
            return read(Vec::new());
        }
        self.count();
        let word = match self.live.wire.get(url.as_str(), None).await {
            Err(Broken::Unreachable | Broken::Slow | Broken::Garbled) => "closed",
            Err(Broken::Certificate | Broken::Tls | Broken::NotPublic) => "other",
            Ok(reply) if reply.status == 403 => "refuses",
            Ok(reply) if (300..400).contains(&reply.status) => "redirects",
            Ok(_) => "answers",
        };
        read(vec![answered(&host, word)])
    }

    /// The versions of TLS that the hosts speak on which this provider's products are. One without TLS has none, and
    /// that is the probe of plain HTTP's to tell. Through a proxy nobody could say whose versions they are.
    pub(super) async fn api_versions(&self) -> Reading {
        let products: BTreeSet<&str> = products::resources().map(|resource| resource.product).collect();
        let places = products.iter().filter_map(|product| self.live.place(product, "/"));
        let mut by_host: BTreeMap<String, Url> = BTreeMap::new();
        for url in places.filter_map(|place| Url::parse(&place).ok()).filter(|url| url.scheme() == "https") {
            let host = url.host_str().unwrap_or_default().to_owned();
            by_host.entry(host).or_insert(url);
        }
        if by_host.values().any(|url| self.live.wire.goes_through_proxy(url)) {
            return not_read(Outcome::NotAsked);
        }
        self.of_hosts(&by_host, limits::API_HOSTS, Prober::own_versions).await
    }

    /// Does something with every callback host of the account, one URL per host.
    pub(super) async fn of_callbacks(&self, callbacks: &[Callbacks], attempt: Attempt<'a>) -> Reading {
        let mut by_host: BTreeMap<String, Url> = BTreeMap::new();
        let mut worst = Outcome::Read;
        for callback in callbacks {
            let path = self.filled(callback.path, &[]);
            let found = match callback.list {
                "" => self.ask(callback.product, &path).await.map(|object| vec![object]),
                list => self.list(callback.product, &path, list).await,
            };
            let found = match found {
                Ok(found) => found,
                // A product that is not there calls nobody back.
                Err(Outcome::Absent) => continue,
                Err(outcome) => {
                    worst = worst.max(outcome);
                    continue;
                }
            };
            for url in found.iter().flat_map(|instance| urls_of(instance, callback.members)) {
                let host = url.host_str().unwrap_or_default().to_owned();
                by_host.entry(host).or_insert(url);
            }
        }
        let reading = self.of_hosts(&by_host, limits::PROBES, attempt).await;
        Reading { outcome: reading.outcome.max(worst), ..reading }
    }

    async fn of_hosts(&self, by_host: &BTreeMap<String, Url>, most: usize, attempt: Attempt<'a>) -> Reading {
        let mut items = Vec::new();
        for (host, url) in by_host.iter().take(most) {
            self.count();
            items.push(answered(host, attempt(self, url).await));
        }
        let outcome = if by_host.len() > most { Outcome::CutShort } else { Outcome::Read };
        Reading { outcome, ..read(items) }
    }

    /// Whether the host's certificate is one the platform would accept (GEN-HTTPS-3).
    pub(super) fn certificate<'b>(
        &'b self,
        url: &'b Url,
    ) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(async move {
            match self.live.wire.shake_hands(url, Named::ByThem).await {
                Ok(()) => "trusted",
                Err(Broken::Certificate) => "untrusted",
                Err(Broken::NotPublic) => "inside",
                Err(_) => "unreachable",
            }
        })
    }

    /// As [`Prober::versions`], of a host that is called back.
    pub(super) fn callback_versions<'b>(
        &'b self,
        url: &'b Url,
    ) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(self.versions(url, Named::ByThem))
    }

    /// As [`Prober::versions`], of a host of the API.
    fn own_versions<'b>(&'b self, url: &'b Url) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(self.versions(url, Named::ByUs))
    }

    /// Whether the host agrees to an old version of TLS or to a broken cipher, and to a modern one (ART-CTRL-TRANS).
    async fn versions(&self, url: &Url, named: Named) -> &'static str {
        for offer in OFFERS {
            self.count();
            let hello = offer.hello(url.host_str().unwrap_or_default().trim_matches(['[', ']']));
            let bytes = match self.live.wire.greet(url, named, &hello, tls::ANSWER_BYTES).await {
                Ok(bytes) => bytes,
                Err(Broken::NotPublic) => return "inside",
                Err(_) => return "unreachable",
            };
            match (tls::answer(&bytes), offer) {
                (Answer::Refuses, _) => {}
                (Answer::Agrees, Offer::Tls10 | Offer::Tls11) => return "old",
                (Answer::Agrees, Offer::Broken) => return "weak",
                (Answer::Other, _) => return "unreachable",
            }
        }
        // Our own side speaks 1.2 and 1.3 only; whom it trusts is another probe's question.
        match self.live.wire.shake_hands(url, named).await {
            Ok(()) | Err(Broken::Certificate) => "modern",
            Err(Broken::NotPublic) => "inside",
            Err(_) => "unreachable",
        }
    }

    /// Whether the application behind the URL refuses a request with a wrong signature (GEN-SIG-2). The request says
    /// that it is a probe, and holds nothing else.
    pub(super) fn signature<'b>(
        &'b self,
        url: &'b Url,
    ) -> Pin<Box<dyn Future<Output = &'static str> + Send + 'b>> {
        Box::pin(async move {
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-twilio-signature", "c3dpdGNod2FyZCBhdWRpdCBwcm9iZQ=="),
            ];
            match self.live.wire.post_to_callback(url, &headers, b"SwitchwardAuditProbe=synthetic").await {
                Ok(reply) if (200..300).contains(&reply.status) => "accepted",
                Ok(reply) if (400..500).contains(&reply.status) => "refused",
                Ok(_) => "unclear",
                Err(Broken::NotPublic) => "inside",
                Err(_) => "unreachable",
            }
        })
    }
}

/// The https URLs in these members that lead to a host.
fn urls_of<'a>(instance: &'a Value, members: &'a [&'a str]) -> impl Iterator<Item = Url> + 'a {
    let urls = members.iter().filter_map(|path| Url::parse(member(instance, path).as_str()?).ok());
    urls.filter(|url| url.scheme() == "https" && url.host_str().is_some())
}
