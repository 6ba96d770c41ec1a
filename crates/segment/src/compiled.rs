//! Tracking plans as they judge: compiled once, and held until they change.
//!
//! A plan is written with each of its rules, so that its revision names what was compiled. The memory has a bound; plans
//! are compiled one after the other, since whoever needs one that is being compiled needs that one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{TrackingPlanSid, WorkspaceSid};
use plans::{Plan, RuleType};
use serde_json::Value;
use store::{Scope, Store, StoreError};

use crate::limits;
use crate::public_api::all_rules;
use crate::records::{RuleFacts, TrackingPlan};

/// Plans by their SID, each with its revision.
type Held = HashMap<TrackingPlanSid, (i64, Arc<Plan>)>;

/// The plans that are held.
#[derive(Default)]
pub(crate) struct Compiled {
    held: Mutex<Held>,
    compiling: tokio::sync::Mutex<()>,
}

impl Compiled {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, sid: TrackingPlanSid, revision: i64) -> Option<Arc<Plan>> {
        self.lock().get(&sid).filter(|held| held.0 == revision).map(|held| Arc::clone(&held.1))
    }

    /// The plan, as it was at this revision or is now.
    pub(crate) async fn plan(
        &self,
        store: &Store,
        workspace: WorkspaceSid,
        sid: TrackingPlanSid,
        revision: i64,
    ) -> Result<Arc<Plan>, StoreError> {
        if let Some(plan) = self.recall(sid, revision) {
            return Ok(plan);
        }
        let _one = self.compiling.lock().await;
        if let Some(plan) = self.recall(sid, revision) {
            return Ok(plan);
        }
        let scoped = store.scope(Scope::workspace(workspace));
        for _ in 0..limits::ATTEMPTS {
            let Some(before) = scoped.get::<TrackingPlan>(sid).await? else { return Ok(Arc::default()) };
            let rules = all_rules(&scoped, sid).await?;
            let after = scoped.get::<TrackingPlan>(sid).await?;
            // The rules were read page by page: another revision means that they may be of two.
            if after.is_some_and(|after| after.revision == before.revision) {
                let plan = Arc::new(compile(rules.iter().map(|rule| &rule.facts)).await);
                let mut held = self.lock();
                if held.len() >= limits::COMPILED_PLANS {
                    held.clear();
                }
                held.insert(sid, (before.revision, Arc::clone(&plan)));
                return Ok(plan);
            }
        }
        Err(StoreError::Unavailable("its tracking plan keeps changing".into()))
    }
}

/// A rule that cannot be compiled any more plans nothing: what it was for is as unplanned as anything else.
async fn compile<'a>(rules: impl Iterator<Item = &'a RuleFacts>) -> Plan {
    let mut plan = Plan::default();
    for rule in rules {
        let kind = match (rule.rule_type.as_str(), &rule.key) {
            ("TRACK", Some(event)) => RuleType::Track(event.clone()),
            ("IDENTIFY", _) => RuleType::Identify,
            ("GROUP", _) => RuleType::Group,
            ("PAGE", _) => RuleType::Page,
            ("SCREEN", _) => RuleType::Screen,
            ("COMMON", _) => RuleType::Common,
            _ => continue,
        };
        let schema = serde_json::from_str::<Value>(&rule.schema).unwrap_or_default();
        if plan.add(kind, rule.version, &schema, BTreeMap::new()).is_err() {
            tracing::warn!("a rule of a tracking plan cannot be used");
        }
        tokio::task::yield_now().await;
    }
    plan
}
