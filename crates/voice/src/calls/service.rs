//! What happens to calls at the API: place, read, list, change, delete.

use auth::SidText;
use base::{CallSid, Sid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use phi::{Phi, Proof};
use rulebook::guard::{Action, CallFacts as GuardFacts, UrlFact};
use store::{Document, NewJob, StoreError};

use super::events;
use super::model::{
    Call, CallFacts, Change, Direction, Draft, End, Ends, Filter, Instructions, Progress, Script, Status,
    Yes, may_call,
};
use super::store::{self as calls, NewCall};
use super::view::CallView;
use crate::hook::{Hook, Target, check_targets, url_fact};
use crate::limits::MAX_CONFLICTS;
use crate::line::AtHand;
use crate::neighbours::{INTERCONNECT, Neighbours};
use crate::orders::Order;
use crate::placing::PLACING;

/// The protected fields of a call, by their API names.
const SHOWN: &[&str] = &["forwarded_from", "from", "to"];

/// Accepts a call: guard, then one transaction with the call, its job and the ledger entry.
pub async fn place(ctx: &Ctx, neighbours: &dyn Neighbours, line: &AtHand, draft: Draft) -> Result<CallView> {
    let store = &ctx.services.store;
    let application = match draft.instructions {
        Instructions::Application(sid) => neighbours.application(store, ctx.scope(), sid).await?,
        Instructions::Url(_) | Instructions::Twiml(_) => None,
    };
    let own = Hook {
        voice: Target::default(),
        fallback: draft.fallback.clone(),
        status_callback: draft.status_callback.clone(),
    };
    // What an application says goes before what the request says (the published document).
    let hook = match (&draft.instructions, application.clone()) {
        (_, Some(hook)) => hook,
        (Instructions::Url(target), None) => Hook { voice: target.clone(), ..own },
        (Instructions::Application(_) | Instructions::Twiml(_), None) => own,
    };
    let urls = urls(ctx, &hook)?;
    let subject = ctx.account().sid().to_string();
    let interconnect = neighbours.is_attested(&ctx.store(), INTERCONNECT, &subject, ctx.now()).await?;
    ctx.guard(&Action::PlaceCall(GuardFacts {
        to: draft.to.learn(|to| to.class(interconnect)).0,
        from: Some(draft.from.class(interconnect).0),
        forwarded_from: None,
        urls: &urls,
        uses_ai: draft.machine_detection,
        line_registered: ctx.account().register.as_ref().is_none_or(|it| line.is_covered(it)),
    }))?;
    if draft.machine_detection {
        return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("MachineDetection"));
    }
    if let (Instructions::Application(_), None) = (&draft.instructions, &application) {
        return Err(codes::APPLICATION_INVALID.into());
    }
    if draft.to.learn(|to| Yes(matches!(to, End::Client(_)))).0 {
        return Err(ApiError::new(codes::NOT_SUPPORTED).hint("no clients connect to this platform yet"));
    }
    if !draft.to.learn(|to| Yes(may_call(to))).0 {
        let code = rulebook::codes::row(rulebook::codes::CALL_REGION_NOT_PERMITTED);
        return Err(ApiError::new(code.expect("a constant of that table")));
    }
    let number = match &draft.from {
        End::Phone(number) => {
            let found = neighbours.number(store, ctx.scope(), number.as_str()).await?;
            Some(found.ok_or(ApiError::new(codes::CALLER_NOT_OWNED))?.sid)
        }
        End::Sip(_) | End::Client(_) => None,
    };

    let now = ctx.now();
    let (from, send_digits) = (draft.from.into_string(), draft.send_digits);
    let ends = draft.to.map(|to| Ends { from, to: to.into_string(), forwarded_from: None });
    let facts = CallFacts {
        status: Status::Queued,
        direction: Direction::OutboundApi,
        number: number.map(SidText),
        hook,
        events: draft.events,
        timeout: draft.timeout,
        time_limit: draft.time_limit,
        answered_at: None,
        ended_at: None,
        sip_response: None,
        error_code: None,
        reports: 0,
        host: None,
    };
    let twiml = match draft.instructions {
        Instructions::Twiml(twiml) => Some(twiml),
        Instructions::Application(_) | Instructions::Url(_) => None,
    };
    let sid = CallSid::generate_at(store.random().as_ref(), now);
    let key = ctx.store().digest_key().await?;
    let mut batch = ctx.batch();
    let script = script(twiml, send_digits);
    let new = NewCall { sid, parent: None, facts, ends: ends.clone(), script, created_at: now };
    let call = calls::insert(&mut batch, &key, new);
    batch.enqueue(NewJob {
        queue: PLACING,
        lane: None,
        ordering_key: None,
        due_at: now,
        payload: sid.to_string().into_bytes(),
    });
    let proof = ctx.commit_and_disclose(batch, vec![sid.to_string()], SHOWN).await?;
    Ok(CallView::new(ctx.account().sid(), &call, ends.into_open(&proof)))
}

fn script(twiml: Option<Phi<String>>, send_digits: Option<Phi<String>>) -> Option<Phi<Script>> {
    let twiml = twiml.map(|twiml| twiml.map(|twiml| Script { twiml: Some(twiml), send_digits: None }));
    match (twiml, send_digits) {
        (None, None) => None,
        (Some(script), None) => Some(script),
        (script, Some(digits)) => {
            let script = script.unwrap_or_else(|| Phi::new(Script::default()));
            Some(script.zip(digits).map(|(script, digits)| Script { send_digits: Some(digits), ..script }))
        }
    }
}

/// What the guard is told of a call's URLs.
fn urls(ctx: &Ctx, hook: &Hook) -> Result<Vec<UrlFact>> {
    let named =
        [("Url", &hook.voice), ("FallbackUrl", &hook.fallback), ("StatusCallback", &hook.status_callback)];
    let facts = named.into_iter().filter_map(|(field, target)| {
        let url = target.url.as_deref()?;
        Some(url_fact(ctx.account(), field, url, target.method))
    });
    facts.collect()
}

async fn get(ctx: &Ctx, sid: CallSid) -> Result<Document<Call>> {
    ctx.store().get::<Call>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

fn shown(ctx: &Ctx, mut call: Document<Call>, proof: &Proof) -> CallView {
    let ends = call.content.take().map(|ends| ends.into_open(proof));
    let gone = || Ends { from: String::new(), to: String::new(), forwarded_from: None };
    CallView::new(ctx.account().sid(), &call, ends.unwrap_or_else(gone))
}

/// Shows a call; the ledger has it first.
pub async fn fetch(ctx: &Ctx, sid: CallSid) -> Result<CallView> {
    let call = get(ctx, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(shown(ctx, call, &proof))
}

/// One page of calls; the ledger has all their SIDs first.
pub async fn list(ctx: &Ctx, filter: Filter, paging: kit::page::Paging) -> Result<kit::Listing> {
    let scoped = ctx.store();
    let mut query = calls::query(&*scoped.digest_key().await?, &filter);
    query.limit = paging.size;
    query.cursor = paging.cursor.clone();
    let mut listed = scoped.list::<Call>(query).await?;
    listed.documents.retain(|call| filter.keeps(&call.facts));
    let sids = listed.documents.iter().map(|call| call.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    kit::Listing::new(ctx, paging, listed, |call| shown(ctx, call, &proof)).await
}

/// Ends a call, or gives it another document. A call that is being placed or goes on is told by a job, which reaches it
/// in whatever process it lives.
pub async fn update(ctx: &Ctx, sid: CallSid, change: Change) -> Result<CallView> {
    for _ in 0..MAX_CONFLICTS {
        let mut call = get(ctx, sid).await?;
        if call.facts.status.is_terminal() {
            return match change {
                // Whoever ends what is over has what it wanted (Twilio answers the same).
                Change::End { .. } => fetch(ctx, sid).await,
                Change::Redirect { .. } => Err(codes::CALL_STATE_INVALID.into()),
            };
        }
        let mut batch = ctx.batch();
        match &change {
            Change::End { .. } if call.facts.host.is_none() => {
                // Nobody has begun to place it.
                call.facts.status = Status::Canceled;
                call.facts.ended_at = Some(ctx.now().micros());
                events::report(&mut batch, ctx.account().sid(), &mut call, Progress::Completed, ctx.now());
                calls::advance(&mut batch, &call);
            }
            Change::End { unanswered_only: true } if call.facts.status == Status::InProgress => {
                return Err(codes::CALL_STATE_INVALID.into());
            }
            Change::End { .. } => batch.enqueue(Order::end().job(sid, ctx.now())),
            Change::Redirect { .. } if call.facts.status != Status::InProgress => {
                return Err(codes::CALL_STATE_INVALID.into());
            }
            Change::Redirect { voice, twiml, fallback } => {
                check_targets(ctx.account(), &[("Url", voice)])?;
                if let Some(fallback) = fallback {
                    check_targets(ctx.account(), &[("FallbackUrl", fallback)])?;
                }
                batch.enqueue(Order::redirect(voice, twiml.as_ref(), fallback.as_ref()).job(sid, ctx.now()));
            }
        }
        match ctx.commit(batch, vec![sid.to_string()]).await {
            Err(error) if error.code() == codes::CONFLICT => {}
            Err(error) => return Err(error),
            Ok(_) => return fetch(ctx, sid).await,
        }
    }
    Err(StoreError::Conflict.into())
}

/// Deletes a call that is over, with its keys.
pub async fn delete(ctx: &Ctx, sid: CallSid) -> Result<()> {
    let call = get(ctx, sid).await?;
    if !call.facts.status.is_terminal() {
        return Err(codes::CALL_STATE_INVALID.into());
    }
    let mut batch = ctx.batch();
    if let Some(script) = ctx.store().get::<super::model::CallScript>(sid).await? {
        batch.delete(&script);
    }
    batch.delete::<Call>(&call);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
