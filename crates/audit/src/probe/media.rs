//! Probes of media, as somebody would fetch it who has nothing but its address.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{Prober, answered, not_read, read, sid_of};
use crate::limits;
use crate::observations::{Item, Outcome, Reading};
use crate::products::probes::{Media, Place, life_of, member};
use crate::products::{attached_to, is_vendor};
use crate::way::Named;
use crate::wire::Broken;

impl Prober<'_> {
    /// The newest and the oldest of a kind of media (D-MEDIA-1: protection that was switched on may leave older ones
    /// open).
    pub(super) async fn media(&self, media: &Media) -> Reading {
        let product = media.probe.product;
        let path = self.filled(media.list, &[]);
        let (newest, oldest) = match self.ends(product, &path, media).await {
            Ok(ends) => ends,
            Err(outcome) => return not_read(outcome),
        };
        let mut items: Vec<Item> = Vec::new();
        for instance in [newest, oldest].into_iter().flatten() {
            let (id, url) = match self.place(media, &instance).await {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(outcome) => return Reading { outcome, items },
            };
            if items.iter().any(|item| item.id == id) {
                continue;
            }
            let named = match media.place {
                Place::Path(_) => Named::ByUs,
                Place::Member(_) => Named::ByThem,
            };
            match self.fetched(&url, named).await {
                Some(word) => items.push(answered(&id, word)),
                None => return Reading { outcome: Outcome::Failed, items },
            }
        }
        read(items)
    }

    /// The newest instance of a list that has a medium, and the oldest: the last one on the page of the first day that
    /// has any, which is found by halving.
    async fn ends(
        &self,
        product: &str,
        path: &str,
        media: &Media,
    ) -> Result<(Option<Value>, Option<Value>), Outcome> {
        let mut oldest = with_medium(self.list(product, path, media.key).await?, media);
        let newest = oldest.first().cloned();
        let (mut has, mut has_not) = (0, limits::OLDEST_DAYS);
        while newest.is_some() && has_not - has > 1 {
            let middle = has + (has_not - has) / 2;
            let day = self.live.today.days_before(middle).to_string();
            let until = format!("{path}?{}", media.until.replace("{day}", &day));
            let page = with_medium(self.list(product, &until, media.key).await?, media);
            if page.is_empty() {
                has_not = middle;
            } else {
                (has, oldest) = (middle, page);
            }
        }
        Ok((newest, oldest.pop()))
    }

    /// Where the medium of an instance is, and how a report names it.
    async fn place(&self, media: &Media, instance: &Value) -> Result<Option<(String, String)>, Outcome> {
        let Some(sid) = sid_of(instance) else { return Ok(None) };
        let path = match media.place {
            Place::Member(path) => {
                return Ok(member(instance, path).as_str().map(|url| (sid, url.to_owned())));
            }
            Place::Path(path) => path,
        };
        let mut chain = vec![sid];
        if let Some((below, key)) = media.below {
            let listed = self.list(media.probe.product, &self.filled(below, &chain), key).await?;
            let Some(medium) = listed.first().and_then(sid_of) else { return Ok(None) };
            chain.push(medium);
        }
        let place = self.live.place(media.probe.product, &self.filled(path, &chain));
        place.map(|url| Some((chain.join("/"), url))).ok_or(Outcome::Absent)
    }

    /// What a stranger gets at a URL, in one word; none when it cannot be told.
    async fn fetched(&self, url: &str, named: Named) -> Option<&'static str> {
        self.count();
        match self.live.wire.get_as_stranger(url, named).await {
            Err(Broken::NotPublic) => Some("inside"),
            Ok(reply) if matches!(reply.status, 401 | 403) => Some("refused"),
            Ok(reply) if (200..400).contains(&reply.status) => Some("open"),
            Ok(reply) if matches!(reply.status, 404 | 410) => Some("gone"),
            Ok(_) | Err(_) => None,
        }
    }

    /// Media attached to tasks, one URL per host (FLEX-MEDIA-1).
    pub(super) async fn attached(&self) -> Reading {
        let workspaces = match self.list("taskrouter", "/v1/Workspaces", "workspaces").await {
            Ok(workspaces) => workspaces,
            Err(outcome) => return not_read(outcome),
        };
        let mut outcome = Outcome::Read;
        let mut by_host: BTreeMap<String, (String, Url)> = BTreeMap::new();
        for workspace in workspaces.iter().filter_map(sid_of).take(limits::PROBES) {
            let path = format!("/v1/Workspaces/{workspace}/Tasks");
            let tasks = match self.list("taskrouter", &path, "tasks").await {
                Ok(tasks) => tasks,
                Err(worse) => {
                    outcome = outcome.max(worse);
                    continue;
                }
            };
            for task in &tasks {
                let id = sid_of(task).map(|sid| format!("{workspace}/{sid}")).unwrap_or_default();
                for url in attached_to(&task["attributes"]) {
                    let host = url.host_str().unwrap_or_default().to_owned();
                    by_host.entry(host).or_insert((id.clone(), url));
                }
            }
        }
        let mut items = Vec::new();
        for (id, url) in by_host.values().take(limits::PROBES) {
            match self.fetched(url.as_str(), Named::ByThem).await {
                Some(word) => items.push(answered(id, word)),
                None => outcome = outcome.max(Outcome::Failed),
            }
        }
        let cut = workspaces.len() > limits::PROBES || by_host.len() > limits::PROBES;
        Reading { outcome: if cut { outcome.max(Outcome::CutShort) } else { outcome }, items }
    }

    /// Whether a URL of video media can be had that lives for longer than an hour (VID-MEDIA-2).
    pub(super) async fn media_life(&self) -> Reading {
        let newest = match self.list("video", "/v1/Recordings", "recordings").await {
            Ok(recordings) => recordings.iter().find_map(sid_of),
            Err(outcome) => return not_read(outcome),
        };
        let Some(sid) = newest else { return read(Vec::new()) };
        let path = format!("/v1/Recordings/{sid}/Media?Ttl={}", limits::MEDIA_LIFE + 1);
        let Some(url) = self.live.place("video", &path) else {
            return not_read(Outcome::Absent);
        };
        self.count();
        let word = match self.live.wire.get(&url, Some(self.credential)).await {
            Ok(reply) if matches!(reply.status, 400 | 403 | 422) => "refused",
            Ok(reply) if (200..400).contains(&reply.status) => {
                let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                match body["redirect_to"].as_str().and_then(life_of) {
                    Some(life) if life <= limits::MEDIA_LIFE => "bounded",
                    Some(_) => "longer",
                    None => "unclear",
                }
            }
            Ok(_) => "unclear",
            Err(_) => return not_read(Outcome::Failed),
        };
        read(vec![answered(&sid, word)])
    }
}

/// Those of a page that have a medium of the kind that is asked for.
fn with_medium(page: Vec<Value>, media: &Media) -> Vec<Value> {
    let lies_elsewhere =
        |url: &str| Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| !is_vendor(host)));
    let has = |instance: &Value| match media.place {
        Place::Member(path) => member(instance, path).as_str().is_some_and(lies_elsewhere),
        Place::Path(_) => media.below.is_none() || instance["num_media"].as_str() != Some("0"),
    };
    page.into_iter().filter(has).collect()
}
