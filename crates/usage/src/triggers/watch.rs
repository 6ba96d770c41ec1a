//! The watch over usage triggers. Any number of processes may keep it on one database: a trigger fires by the update of
//! its document, which only one of them can make, in one batch with its webhook.

use auth::load_account;
use errors::Result;
use kit::Services;
use ledger::{Action, Actor, Entry, Purpose};
use phi::Phi;
use store::{Document, Query, Scope, StoreError, limits::PAGE_ROWS};
use tokio::sync::watch;
use webhooks::Webhook;

use super::model::{UsageTrigger, WatchedTrigger};
use super::service::current;
use super::view::told;
use crate::calendar::Day;
use crate::figures::accounts;
use crate::limits::LOOK_EVERY;

/// How the ledger calls the firing of a trigger.
const FIRE: Action = Action("fire_usage_trigger");

/// Looks at all triggers now and then, until `stop` becomes true.
pub async fn keep_watch(services: std::sync::Arc<Services>, stop: watch::Receiver<bool>) {
    let mut rounds = jobs::Rounds::every(LOOK_EVERY, stop);
    while rounds.next().await {
        if let Err(error) = look(&services).await {
            tracing::warn!(
                code = error.code().number,
                "usage triggers could not all be looked at; the next round tries again"
            );
        }
    }
}

/// Looks at every trigger that may still fire, and fires those whose time has come. Returns how many that were.
///
/// # Errors
/// When the store cannot answer; what has fired by then has fired.
pub async fn look(services: &Services) -> Result<usize> {
    let mut fired = 0;
    let mut query = Query { limit: PAGE_ROWS, oldest_first: true, ..Query::default() };
    loop {
        let listed = services.store.scope(Scope::SYSTEM).list::<WatchedTrigger>(query.clone()).await?;
        for watched in &listed.documents {
            fired += usize::from(fire(services, watched).await?);
        }
        match listed.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(fired),
        }
    }
}

/// Fires one trigger, if its time has come.
async fn fire(services: &Services, watched: &Document<WatchedTrigger>) -> Result<bool> {
    let (store, now, account) = (&services.store, services.now(), watched.facts.0);
    let scope = Scope::account(account);
    let Some(owner) = load_account(store, account, now).await?.filter(auth::AccountContext::is_active) else {
        return Ok(false);
    };
    let Some(mut trigger) = store.scope(scope).get::<UsageTrigger>(watched.sid).await? else {
        return Ok(false);
    };
    let scopes = accounts(store, owner.scope(), true).await?;
    let value = current(store, &scopes, &trigger.facts, Day::of(now)).await?;
    if !trigger.facts.fires(value, Day::of(now)) {
        return Ok(false);
    }
    trigger.facts.fired_at = Some(now.micros());
    let mut batch = store.batch(scope);
    batch.update::<UsageTrigger>(&trigger);
    let webhook = Webhook {
        resource_sid: trigger.sid.to_string(),
        url: trigger.facts.callback_url.clone(),
        method: trigger.facts.callback_method,
        params: Phi::new(told(account, &trigger, value, now)),
        event: "usage-trigger",
    };
    webhooks::enqueue(&mut batch, webhook, now, Some(trigger.sid.to_string()));
    let entry = Entry {
        actor: Actor::System,
        action: FIRE,
        sids: vec![trigger.sid.to_string()],
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    };
    batch.record(entry.to_bytes());
    if !trigger.facts.recurs() {
        batch.in_scope(Scope::SYSTEM);
        batch.delete::<WatchedTrigger>(watched);
    }
    match store.commit(batch).await {
        Ok(_) => Ok(true),
        // Another process has fired it, or its account has changed it: the next look sees what is so.
        Err(StoreError::Conflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
