//! Reading an account: which requests are made, in which order, within which bounds, and what is kept.
//!
//! Only GET requests, besides the probes that were allowed. Every answer is reduced to facts at once; its text is
//! gone before the next request is made.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use rulebook::Date;
use serde_json::Value;

use crate::fact::{self, Fact, Keep};
use crate::files::Files;
use crate::limits;
use crate::observations::{FORMAT, Item, Observations, Observed, Outcome, Reading};
use crate::products;
use crate::provider::Provider;
use crate::report::{Requests, SubjectKind};
use crate::resource::{Purpose, Resource};
use crate::service::Service;
use crate::wire::{Credential, Reply};

/// What is to be read.
#[derive(Clone)]
pub struct Order {
    /// Whose API.
    pub provider: Provider,
    /// The host a report names.
    pub host: String,
    /// The account whose credentials come first, with its subaccounts; empty for a workspace.
    pub account: String,
    /// Credentials; the first is the one that lists accounts.
    pub credentials: Vec<Credential>,
    /// Content may be sampled.
    pub sample: bool,
    /// Probes are allowed.
    pub probe: bool,
    /// Every account is read and judged as if it were designated.
    pub assume_designated: bool,
    /// Most requests.
    pub budget: usize,
    /// The day, in UTC.
    pub today: Date,
}

/// How far the reading has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Subjects read.
    pub subjects_done: usize,
    /// Subjects to read.
    pub subjects: usize,
    /// Requests made.
    pub requests: usize,
}

/// A request that the audit would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Method and path, with `{placeholders}`, or what a probe does.
    pub request: String,
    /// The product.
    pub product: &'static str,
    /// Why.
    pub purpose: Purpose,
    /// Most requests per subject: pages, and instances of the parent.
    pub at_most: usize,
    /// Rules that need it.
    pub rules: Vec<&'static str>,
}

/// What would be asked of each designated subject of a provider, in order.
pub fn plan(provider: Provider, sample: bool, probe: bool) -> Vec<Planned> {
    products::resources()
        .filter(|resource| is_asked(resource, provider, sample, probe))
        .map(|resource| Planned {
            request: match resource.purpose {
                Purpose::Probe => resource.path.to_owned(),
                Purpose::Settings | Purpose::Sample => format!("GET {}", resource.path),
            },
            product: resource.product,
            purpose: resource.purpose,
            at_most: most_requests(resource),
            rules: products::checks_of(provider)
                .filter(|check| check.reads().any(|it| std::ptr::eq(it, resource)))
                .map(|check| check.rule)
                .collect(),
        })
        .collect()
}

fn is_asked(resource: &Resource, provider: Provider, sample: bool, probe: bool) -> bool {
    provider.has(resource)
        && match resource.purpose {
            Purpose::Settings => true,
            Purpose::Sample => sample,
            Purpose::Probe => probe,
        }
}

fn most_pages(resource: &Resource) -> usize {
    match (resource.list, resource.purpose) {
        ("", _) => 1,
        (_, Purpose::Sample) => limits::SAMPLE_ITEMS.div_ceil(limits::PAGE_ITEMS),
        _ if resource.under.is_some() => 1,
        _ => limits::PAGES,
    }
}

fn most_requests(resource: &Resource) -> usize {
    let parents = limits::PARENTS * resource.depth();
    match resource.purpose {
        Purpose::Probe => crate::probe::most_requests(resource),
        _ => most_pages(resource) * parents.max(resource.each.len()).max(1),
    }
}

/// Reads what the order says. `before` is what an earlier run had seen: what it read is not asked again. `save` is
/// given what is known so far after every subject.
///
/// # Errors
/// Never: what cannot be read is an [`Outcome`] of the observations.
pub async fn observe<S: Service>(
    order: &Order,
    service: &S,
    files: &Files,
    before: Option<Observations>,
    mut save: impl FnMut(&Observations, Progress),
) -> Observations {
    let reader = Reader {
        order,
        service,
        files,
        made: AtomicUsize::new(before.as_ref().map_or(0, |it| it.requests.made)),
    };
    let (accounts, found) = reader.subjects().await;
    let mut seen = Observations {
        format: FORMAT,
        observed_on: before.as_ref().map_or(order.today, |it| it.observed_on),
        provider: order.provider.as_str().to_owned(),
        host: order.host.clone(),
        sampled: order.sample,
        probed: order.probe,
        accounts,
        subjects: Vec::new(),
        requests: Requests::default(),
        inside: None,
    };
    let count = found.len();
    for (index, mut subject) in found.into_iter().enumerate() {
        let known = before.as_ref().and_then(|it| it.subjects.iter().find(|it| it.id == subject.id));
        if let Some(known) = known {
            subject.readings.clone_from(&known.readings);
        }
        if order.assume_designated || files.is_designated(&subject.id) {
            reader.read_subject(&mut subject).await;
        }
        seen.requests.items += subject.readings.values().map(|it| it.items.len()).sum::<usize>();
        seen.subjects.push(subject);
        seen.requests.made = reader.made.load(Ordering::Relaxed);
        seen.requests.budget = order.budget;
        let progress = Progress { subjects_done: index + 1, subjects: count, requests: seen.requests.made };
        save(&seen, progress);
    }
    seen
}

struct Reader<'a, S> {
    order: &'a Order,
    service: &'a S,
    files: &'a Files,
    made: AtomicUsize,
}

/// One list or object to read: the resource, the ids in its path, and which of its lists.
struct Task {
    resource: &'static Resource,
    chain: Vec<String>,
    each: &'static str,
}

impl<S: Service> Reader<'_, S> {
    /// Who is there to be judged.
    async fn subjects(&self) -> (Outcome, Vec<Observed>) {
        let order = self.order;
        let kind = order.provider.subjects();
        let alone = |id: &str| Observed {
            id: id.to_owned(),
            kind,
            parent: None,
            created: None,
            readings: std::collections::BTreeMap::new(),
        };
        let list = match kind {
            SubjectKind::Account => &ACCOUNTS,
            SubjectKind::Workspace => &WORKSPACE,
        };
        let Some(credential) = order.credentials.first() else {
            return (Outcome::NotAsked, vec![alone(&order.account)]);
        };
        let task = Task { resource: list, chain: Vec::new(), each: "" };
        let reading = self.read(&task, &order.account, credential).await;
        let mut subjects: Vec<Observed> = reading
            .items
            .iter()
            .take(limits::SUBJECTS)
            .filter(|item| !item.says("status", "closed"))
            .map(|item| Observed {
                parent: item.word("owner_account_sid").filter(|owner| *owner != item.id).map(str::to_owned),
                created: item.day("date_created"),
                ..alone(&item.id)
            })
            .collect();
        if subjects.is_empty() {
            let id = if order.account.is_empty() { "workspace" } else { &order.account };
            subjects.push(alone(id));
        }
        subjects
            .sort_by(|one, other| (one.parent.is_some(), &one.id).cmp(&(other.parent.is_some(), &other.id)));
        (reading.outcome, subjects)
    }

    async fn read_subject(&self, subject: &mut Observed) {
        let order = self.order;
        let wanted: Vec<&'static Resource> = products::resources()
            .filter(|resource| is_asked(resource, order.provider, order.sample, order.probe))
            .filter(|resource| resource.purpose != Purpose::Probe)
            .filter(|resource| !is_known(subject, resource))
            .collect();
        // What an earlier run could not read is read anew, not added to.
        for resource in &wanted {
            subject.readings.remove(resource.name);
        }
        let deepest = wanted.iter().map(|resource| resource.depth()).max().unwrap_or_default();
        for depth in 0..=deepest {
            let mut tasks = Vec::new();
            for resource in wanted.iter().filter(|resource| resource.depth() == depth) {
                tasks.extend(self.tasks(subject, resource));
            }
            let readings: Vec<(&'static Resource, Reading)> = stream::iter(tasks)
                .map(|task| {
                    let id = subject.id.clone();
                    async move {
                        let reading = match self.credential(&id, task.resource) {
                            Some(credential) => self.read(&task, &id, credential).await,
                            None => Reading { outcome: Outcome::NotAsked, items: Vec::new() },
                        };
                        (task.resource, reading)
                    }
                })
                .buffered(limits::AT_ONCE)
                .collect()
                .await;
            for (resource, mut reading) in readings {
                let sum = subject
                    .readings
                    .entry(resource.name.to_owned())
                    .or_insert(Reading { outcome: Outcome::Read, items: Vec::new() });
                sum.outcome = sum.outcome.max(reading.outcome);
                sum.items.append(&mut reading.items);
            }
        }
        for resource in products::resources().filter(|resource| resource.purpose == Purpose::Probe) {
            if is_asked(resource, order.provider, order.sample, order.probe) && !is_known(subject, resource) {
                // A probe is made whole or not at all.
                let made = self.made.load(Ordering::Relaxed);
                let is_affordable = made + most_requests(resource) <= self.order.budget;
                let reading = match self.credential(&subject.id, resource).filter(|_| is_affordable) {
                    Some(credential) => self.service.probe(resource, subject, credential, &self.made).await,
                    None => Reading { outcome: Outcome::NotAsked, items: Vec::new() },
                };
                subject.readings.insert(resource.name.to_owned(), reading);
            }
        }
    }

    /// The lists to read for a resource: one, one per kind it has, or one per instance of its parent. A parent that was
    /// not read leaves its outcome to what lies under it.
    fn tasks(&self, subject: &mut Observed, resource: &'static Resource) -> Vec<Task> {
        let Some(parent) = resource.under else {
            let kinds = if resource.each.is_empty() { &[""] } else { resource.each };
            return kinds.iter().map(|each| Task { resource, chain: Vec::new(), each }).collect();
        };
        let above = subject.reading(parent);
        let mut outcome = above.outcome;
        let mut tasks = Vec::new();
        for item in above.items.iter() {
            if tasks.len() == limits::PARENTS * resource.depth() {
                outcome = outcome.max(Outcome::CutShort);
                break;
            }
            tasks.push(Task { resource, chain: item.id.split('/').map(str::to_owned).collect(), each: "" });
        }
        subject.readings.insert(resource.name.to_owned(), Reading { outcome, items: Vec::new() });
        tasks
    }

    /// What a request about this subject authenticates with. The 2010 API lets an account act for its subaccounts
    /// by their path; every other product shows the account whose credentials were sent, so another's are no use.
    fn credential(&self, subject: &str, resource: &Resource) -> Option<&Credential> {
        let all = &self.order.credentials;
        let of = |account: &str| all.iter().find(|credential| credential.account == account);
        if resource.path.contains(ORGANIZATION) {
            return self.files.designation.organization.as_deref().and_then(of);
        }
        let own = of(subject);
        match self.order.provider.subjects() {
            SubjectKind::Workspace => all.first(),
            SubjectKind::Account if own.is_some() => own,
            SubjectKind::Account if resource.path.contains("{account}") => all.first(),
            SubjectKind::Account => None,
        }
    }

    /// A path with the last day in it that is too old for its kind of record; none when nobody wrote a limit down.
    fn dated(&self, path: &str) -> Option<String> {
        let Some((before, rest)) = path.split_once("{expired:") else {
            return Some(path.to_owned());
        };
        let (kind, after) = rest.split_once('}')?;
        let days = self.files.designation.retention.get(kind)?.checked_add(1)?;
        Some(format!("{before}{}{after}", self.order.today.days_before(days)))
    }

    async fn read(&self, task: &Task, subject: &str, credential: &Credential) -> Reading {
        let resource = task.resource;
        let Some(mut path) = self.dated(resource.path) else {
            return Reading { outcome: Outcome::NotAsked, items: Vec::new() };
        };
        path = path.replace("{account}", subject).replace("{each}", task.each);
        path = path.replace(ORGANIZATION, self.files.designation.organization.as_deref().unwrap_or_default());
        for (index, id) in task.chain.iter().rev().enumerate() {
            path = path.replace(&format!("{{{}}}", index + 1), id);
        }
        let is_whole = resource.list.is_empty() || resource.whole;
        let mut next = if is_whole { path.clone() } else { first_page(resource, &path) };
        let mut reading = Reading { outcome: Outcome::Read, items: Vec::new() };
        for page in 1..=most_pages(resource) {
            let body = match self.ask(resource, &next, credential).await {
                Ok(body) => body,
                Err(outcome) => {
                    reading.outcome = outcome;
                    return reading;
                }
            };
            let Ok(items) = items(resource, &task.chain, subject, &body) else {
                reading.outcome = Outcome::Malformed;
                return reading;
            };
            reading.items.extend(items);
            match next_page(resource, &path, &body) {
                Ok(None) => return reading,
                Ok(Some(_)) if page == most_pages(resource) => reading.outcome = Outcome::CutShort,
                Ok(Some(following)) => next = following,
                Err(NotAPage) => {
                    reading.outcome = Outcome::Malformed;
                    return reading;
                }
            }
        }
        reading
    }

    /// One answer as JSON, asked for again where that may help.
    async fn ask(&self, resource: &Resource, path: &str, credential: &Credential) -> Result<Value, Outcome> {
        let mut attempt = 1;
        loop {
            if self.made.fetch_add(1, Ordering::Relaxed) >= self.order.budget {
                self.made.fetch_sub(1, Ordering::Relaxed);
                return Err(Outcome::NotAsked);
            }
            let outcome = match self.service.get(resource.product, path, credential).await {
                Ok(reply) => match outcome_of(&reply) {
                    Outcome::Read => {
                        return serde_json::from_slice(&reply.body).map_err(|_| Outcome::Malformed);
                    }
                    outcome @ (Outcome::Throttled | Outcome::Failed) if attempt < limits::ATTEMPTS => {
                        let pause = reply.retry_after.unwrap_or(pause_before(attempt + 1));
                        tokio::time::sleep(pause.min(limits::RETRY_AFTER)).await;
                        outcome
                    }
                    outcome => return Err(outcome),
                },
                Err(_) if attempt < limits::ATTEMPTS => {
                    tokio::time::sleep(pause_before(attempt + 1)).await;
                    Outcome::Failed
                }
                Err(_) => return Err(Outcome::Failed),
            };
            attempt += 1;
            if attempt > limits::ATTEMPTS {
                return Err(outcome);
            }
        }
    }
}

fn pause_before(attempt: u32) -> Duration {
    limits::PAUSE * 2_u32.pow(attempt.saturating_sub(2))
}

/// What was settled by an earlier run: failures are asked again, and what was not asked then.
fn is_known(subject: &Observed, resource: &Resource) -> bool {
    let known = subject.readings.get(resource.name).map(|reading| reading.outcome);
    matches!(known, Some(Outcome::Read | Outcome::CutShort | Outcome::Absent | Outcome::Denied))
}

pub(crate) fn outcome_of(reply: &Reply) -> Outcome {
    match reply.status {
        200..=299 => Outcome::Read,
        401 | 403 => Outcome::Denied,
        404 | 405 | 410 | 501 => Outcome::Absent,
        429 => Outcome::Throttled,
        500.. => Outcome::Failed,
        _ => Outcome::Malformed,
    }
}

/// The place of the Organization's SID in a path.
const ORGANIZATION: &str = "{organization}";

/// An account and its subaccounts.
static ACCOUNTS: Resource =
    Resource::list("Accounts", "api", "/2010-04-01/Accounts.json", "accounts").keep(&[
        ("owner_account_sid", Keep::Sid),
        ("date_created", Keep::Day),
        ("status", Keep::Words(&["active", "suspended", "closed"])),
    ]);

/// The workspace a token belongs to.
static WORKSPACE: Resource = Resource::one("Workspace", "segment", "/").id("data.workspace.id");

/// The path of the first page of a list.
fn first_page(resource: &Resource, path: &str) -> String {
    let size = limits::PAGE_ITEMS;
    let mark = if path.contains('?') { '&' } else { '?' };
    match resource.product {
        "segment" => format!("{path}{mark}pagination.count={size}"),
        _ => format!("{path}{mark}PageSize={size}"),
    }
}

/// A next page that is not one of this list.
struct NotAPage;

/// The path of the next page, if there is one. Only its path and query are followed, never a host.
fn next_page(resource: &Resource, path: &str, body: &Value) -> Result<Option<String>, NotAPage> {
    if resource.list.is_empty() {
        return Ok(None);
    }
    if resource.product == "segment" {
        let cursor = member(body, "data.pagination.next").and_then(Value::as_str);
        return Ok(cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| {
            let encoded: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
            format!("{}&pagination.cursor={encoded}", first_page(resource, path))
        }));
    }
    let link = body.get("next_page_uri").or_else(|| member(body, "meta.next_page_url"));
    let Some(link) = link.and_then(Value::as_str).filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let path = path.split('?').next().unwrap_or_default();
    let Some((without_query, query)) = link.split_once('?') else {
        return Err(NotAPage);
    };
    // SignalWire leaves the suffix out of the links in a list that was asked for with it.
    let bare = |path: &str| path.strip_suffix(".json").unwrap_or(path).to_owned();
    if !bare(without_query).ends_with(&bare(path)) {
        return Err(NotAPage);
    }
    Ok(Some(format!("{path}?{query}")))
}

/// A member by its dotted path.
fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

/// An answer without the list it should have, an object without any of its members, or an instance without an id.
struct NotItems;

fn items(resource: &Resource, chain: &[String], subject: &str, body: &Value) -> Result<Vec<Item>, NotItems> {
    let prefix: String = chain.iter().map(|id| format!("{id}/")).collect();
    if resource.list.is_empty() {
        let has = |path: &str| member(body, path).is_some();
        // An object with nothing of what it is read for is some other answer.
        if !has(resource.id) && !resource.keep.iter().any(|(path, _)| has(path)) {
            return Err(NotItems);
        }
        let id = member(body, resource.id).and_then(Value::as_str).map(fact::id_of);
        let id = id.unwrap_or_else(|| chain.last().cloned().unwrap_or_else(|| subject.to_owned()));
        let id = if chain.last() == Some(&id) { chain.join("/") } else { format!("{prefix}{id}") };
        return Ok(vec![item(resource, id, body)]);
    }
    let list = member(body, resource.list).and_then(Value::as_array).ok_or(NotItems)?;
    let made = list.iter().enumerate().map(|(index, value)| {
        let id = match member(value, resource.id) {
            Some(Value::String(id)) => fact::id_of(id),
            // Not everything has an id; its place in the list is one.
            Some(_) | None if value.is_object() => (index + 1).to_string(),
            _ => return Err(NotItems),
        };
        Ok(item(resource, format!("{prefix}{id}"), value))
    });
    made.collect()
}

fn item(resource: &Resource, id: String, value: &Value) -> Item {
    let kept = resource.keep.iter().filter_map(|(path, keep)| {
        let place = path.split('#').next().unwrap_or_default();
        let fact: Option<Fact> = member(value, place).and_then(|value| keep.of(value));
        Some((*path, fact?))
    });
    Item { id, facts: kept.collect() }
}
