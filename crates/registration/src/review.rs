//! The job that moves a review on: begun, then decided. Each step is one transaction with the end of its job, so a
//! review that was submitted is decided once, whatever is switched off in between.

use std::sync::Arc;

use base::{BrandSid, BrandVettingSid, CampaignSid, Sid, TollfreeVerificationSid};
use jobs::{Outcome, Queue, backoff};
use kit::Services;
use ledger::{Action, Actor, Entry, Purpose};
use store::{Batch, Document, Lease, Scope, StoreError};
use webhooks::alert::raise;
use webhooks::{LogLevel, NewAlert};

use crate::limits::REVIEWING_CONCURRENCY;
use crate::model::{BY_STATUS, Brand, Campaign, REVIEWING, Reviewed, Verification, Vetting, enqueue, status};
use crate::record::Record;
use crate::registry::{Registry, Submission, Verdict};
use crate::stage::{Stage, Subject};

/// The queue of reviews. Without a registry everything stays as it was submitted.
pub fn queue(services: Arc<Services>, registry: Option<Arc<dyn Registry>>) -> Queue {
    Queue::new(REVIEWING, REVIEWING_CONCURRENCY, move |lease| {
        let (services, registry) = (Arc::clone(&services), registry.clone());
        async move { step(&services, registry.as_deref(), &lease).await.unwrap_or_else(Outcome::Failed) }
    })
}

async fn step(
    services: &Services,
    registry: Option<&dyn Registry>,
    lease: &Lease,
) -> Result<Outcome, StoreError> {
    let payload = std::str::from_utf8(&lease.payload).unwrap_or_default();
    let (sid, attempt) = payload.split_once(' ').unwrap_or_default();
    let Ok(attempt) = attempt.parse() else { return finish(services, lease).await };
    match sid.get(..2).unwrap_or_default() {
        BrandSid::PREFIX => advance::<Brand>(services, registry, lease, sid, attempt).await,
        BrandVettingSid::PREFIX => advance::<Vetting>(services, registry, lease, sid, attempt).await,
        CampaignSid::PREFIX => advance::<Campaign>(services, registry, lease, sid, attempt).await,
        TollfreeVerificationSid::PREFIX => {
            advance::<Verification>(services, registry, lease, sid, attempt).await
        }
        _ => finish(services, lease).await,
    }
}

/// Ends a job that has nothing left to do.
async fn finish(services: &Services, lease: &Lease) -> Result<Outcome, StoreError> {
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

fn entry(action: &'static str, sid: &str, fields: &'static [&'static str]) -> Entry {
    Entry {
        actor: Actor::System,
        action: Action(action),
        sids: vec![sid.to_owned()],
        fields,
        purpose: Purpose::Carriage,
        source: None,
    }
}

async fn advance<K: Reviewed>(
    services: &Services,
    registry: Option<&dyn Registry>,
    lease: &Lease,
    text: &str,
    attempt: u32,
) -> Result<Outcome, StoreError> {
    let (Ok(sid), Some(account)) = (text.parse::<K::Sid>(), lease.scope.account_sid()) else {
        return finish(services, lease).await;
    };
    let scoped = services.store.scope(lease.scope);
    let Some(mut document) = scoped.get::<K>(sid).await? else { return finish(services, lease).await };
    let waits = K::waits(&document.facts);
    let review = *K::review(&mut document.facts);
    if review.attempt != attempt || waits || !review.stage.is_open() {
        return finish(services, lease).await;
    }
    let now = services.now();
    let Some(registry) = registry else {
        return Ok(Outcome::RetryAt(now.plus(backoff(lease.attempts))));
    };
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    let next = match review.stage {
        Stage::Passed | Stage::Failed => return finish(services, lease).await,
        Stage::Submitted => {
            enqueue(&mut batch, sid, attempt, now.plus(registry.pace()));
            batch.record(entry("begin_review", text, &[]).to_bytes());
            review.begun()
        }
        Stage::InReview => {
            let paper = scoped.get::<K::Paper>(sid).await?.and_then(|paper| paper.content);
            let proof =
                ledger::disclose(&services.store, lease.scope, &entry("submit_to_registry", text, K::FIELDS))
                    .await?;
            let record = paper.map_or_else(Record::new, |paper| paper.into_open(&proof));
            let profile = K::profile(&document.facts);
            let submission = Submission {
                account,
                sid: text,
                subject: K::SUBJECT,
                attempt,
                profile: profile.as_deref(),
                record: &record,
            };
            let Ok(verdict) = registry.decide(submission).await else {
                return Ok(Outcome::RetryAt(now.plus(backoff(lease.attempts))));
            };
            batch.record(entry("settle_review", text, &[]).to_bytes());
            let (failure, name) = match verdict {
                Verdict::Registered(name) => (None, Some(name)),
                Verdict::Refused(code) => (Some(code), None),
            };
            settle::<K>(services, lease.scope, &mut batch, &mut document, failure, name).await?;
            review.decided(failure, now.micros())
        }
    };
    if let Some(next) = next {
        *K::review(&mut document.facts) = next;
        batch.update::<K>(&document);
        batch.reindex::<K>(sid, BY_STATUS, vec![status::<K>(next.stage)]);
    }
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// Writes what follows from a decision, `failure` being why not: who was turned down is told why, and a brand is vetted
/// when its vetting has passed.
pub(crate) async fn settle<K: Reviewed>(
    services: &Services,
    scope: Scope,
    batch: &mut Batch,
    document: &mut Document<K>,
    failure: Option<u32>,
    name: Option<String>,
) -> Result<(), StoreError> {
    if let Some(code) = failure {
        let alert = NewAlert::now(&services.store, code, LogLevel::Error);
        raise(batch, NewAlert { resource_sid: Some(document.sid.to_string()), ..alert });
    }
    if let Some(name) = name {
        K::registered(&mut document.facts, name);
    }
    if K::SUBJECT != Subject::Vetting {
        return Ok(());
    }
    let brand = document.parent.as_deref().and_then(|brand| brand.parse::<BrandSid>().ok());
    let Some(sid) = brand else { return Ok(()) };
    if let Some(mut brand) = services.store.scope(scope).get::<Brand>(sid).await?
        && brand.facts.is_vetted != failure.is_none()
    {
        brand.facts.is_vetted = failure.is_none();
        batch.update::<Brand>(&brand);
    }
    Ok(())
}
