//! A review from its request to its end. Every step is on the ledger of the account before it counts.

use axum::Extension;
use base::{MessageSid, PersonSid, ReviewSid, Sid, Timestamp};
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use kit::{After, Answer, Caller, Created, Ctx, Found, Json, Path, Query};
use ledger::{Actor, Entry, Purpose};
use rulebook::guard::{Action, ReviewStep};
use serde::Serialize;
use statements::{Approval, Opening, Reason, ReviewRequest, Signed};
use store::{Batch, Document, Name, NewDocument, Scope};
use webhooks::alert::{REVIEW_OPENED, REVIEW_READ, raise};
use webhooks::{LogLevel, NewAlert};

use crate::complaints::{Complaint, From};
use crate::limits;
use crate::model::{Approved, Opened, Review, ReviewFacts, ReviewPlace, ReviewView, State};
use crate::risk::{Figures, figures};
use crate::routes::Port;
use crate::text::invalid;
use crate::{reviewers, risk};

/// The name under which a signed statement is known, so that it counts once.
const STATEMENT: &str = "review-statement";

/// A page of reviews, newest first.
#[derive(Serialize)]
pub(crate) struct ReviewList {
    reviews: Vec<ReviewView>,
    /// The `After` of the next page, when there is one.
    next_after: Option<String>,
}

/// A text that was opened. No Debug.
#[derive(Serialize)]
pub(crate) struct OpenedText {
    review_sid: String,
    message_sid: String,
    body: String,
}

/// `GET …/Accounts/{AccountSid}/Reviews`.
pub(crate) async fn list(
    ctx: Ctx,
    Query(query): Query<After<ReviewSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<ReviewList>> {
    let (rows, next_after) = query.page::<Review>(&ctx.store()).await?;
    let view = |row| ReviewView::new(row, ctx.account().sid(), ctx.now());
    Ok(Found(ReviewList { reviews: rows.into_iter().map(view).collect(), next_after }))
}

/// `GET /Reviews`: of every account.
pub(crate) async fn list_all(
    caller: Caller,
    Query(query): Query<After<ReviewSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<ReviewList>> {
    let system = caller.services.store.scope(Scope::SYSTEM);
    let (places, next_after) = query.page::<ReviewPlace>(&system).await?;
    let mut reviews = Vec::with_capacity(places.len());
    for place in places {
        let account = place.facts.parse().map_err(|_| ApiError::new(codes::INTERNAL))?;
        let scoped = caller.services.store.scope(Scope::account(account));
        // The account may have been shredded meanwhile.
        if let Some(review) = scoped.get::<Review>(place.sid).await? {
            reviews.push(ReviewView::new(review, account, caller.now()));
        }
    }
    Ok(Found(ReviewList { reviews, next_after }))
}

/// `GET …/Reviews/{ReviewSid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<ReviewSid>) -> Answer<Found<ReviewView>> {
    shown(&ctx, sid).await.map(Found).map_err(Into::into)
}

/// `POST …/Reviews`: takes what a reviewer has signed, finds the cause and the messages, and waits.
pub(crate) async fn create(
    ctx: Ctx,
    Extension(port): Extension<Port>,
    Json(signed): Json<Signed<ReviewRequest>>,
) -> Answer<Created<ReviewView>> {
    let stated = signed.stated.clone().checked().map_err(|problem| invalid(problem.field))?;
    if stated.account != ctx.account().sid().to_string() {
        return Err(invalid("account").into());
    }
    let reviewer = reviewers::signer(&ctx.services.store, ctx.now(), &signed).await?;
    let (has_cause, counted) = cause(&ctx, &port, &stated).await?;
    ctx.guard(&Action::Review(ReviewStep::Request { has_cause }))?;
    let messages = messages(&ctx, &port, &stated).await?;
    let sid = ReviewSid::generate(ctx.services.store.random().as_ref());
    let facts = ReviewFacts {
        requester: reviewer.sid.to_string(),
        messages,
        figures: counted,
        approved: None,
        closed_at: None,
        openings: Vec::new(),
        request: signed,
    };
    let mut batch = ctx.batch();
    once(&mut batch, &facts.request.signature, sid);
    batch.insert::<Review>(NewDocument::of(sid, ctx.now(), facts));
    batch.in_scope(Scope::SYSTEM);
    let account = ctx.account().sid().to_string();
    batch.insert::<ReviewPlace>(NewDocument::of(sid, ctx.now(), account));
    batch.in_scope(ctx.scope());
    record(&ctx, batch, reviewer.sid, stated.reason, vec![sid.to_string()], &[]).await?;
    Ok(Created(shown(&ctx, sid).await?))
}

/// `POST …/Reviews/{ReviewSid}/Approval`: another reviewer consents, and the time begins.
pub(crate) async fn approve(
    ctx: Ctx,
    Path(sid): Path<ReviewSid>,
    Json(signed): Json<Signed<Approval>>,
) -> Answer<Found<ReviewView>> {
    let mut review = find(&ctx, sid).await?;
    if signed.stated.review != sid.to_string() || signed.stated.digest != review.facts.digest() {
        return Err(invalid("digest").hint("this is not what the review asks for").into());
    }
    let reviewer = reviewers::signer(&ctx.services.store, ctx.now(), &signed).await?;
    let is_second_person = reviewer.sid.to_string() != review.facts.requester
        && !reviewer.facts.name.eq_ignore_ascii_case(&review.facts.request.by);
    ctx.guard(&Action::Review(ReviewStep::Approve { is_second_person }))?;
    if review.facts.state(review.created_at, ctx.now()) != State::Requested {
        return Err(ApiError::new(codes::CONFLICT).hint("the review does not wait for an approval").into());
    }
    let mut batch = ctx.batch();
    once(&mut batch, &signed.signature, sid);
    review.facts.approved = Some(Approved {
        approver: reviewer.sid.to_string(),
        at: ctx.now().micros(),
        until: ctx.now().plus(review.facts.time_box()).micros(),
        approval: signed,
    });
    batch.update::<Review>(&review);
    tell(&ctx, &mut batch, REVIEW_OPENED, sid.to_string());
    let reason = review.facts.request.stated.reason;
    record(&ctx, batch, reviewer.sid, reason, vec![sid.to_string()], &[]).await?;
    Ok(Found(shown(&ctx, sid).await?))
}

/// `POST …/Reviews/{ReviewSid}/Openings`: shows one text to one of the two, once that is on the ledger.
pub(crate) async fn open(
    ctx: Ctx,
    Extension(port): Extension<Port>,
    Path(sid): Path<ReviewSid>,
    Json(signed): Json<Signed<Opening>>,
) -> Answer<Created<OpenedText>> {
    let mut review = find(&ctx, sid).await?;
    let message: MessageSid = signed.stated.message.parse().map_err(|_| invalid("message"))?;
    if signed.stated.review != sid.to_string() {
        return Err(invalid("review").into());
    }
    let reviewer = reviewers::signer(&ctx.services.store, ctx.now(), &signed).await?;
    let is_open = review.facts.state(review.created_at, ctx.now()) == State::Open
        && review.facts.is_of(reviewer.sid, message);
    ctx.guard(&Action::Review(ReviewStep::Open { is_open }))?;
    if review.facts.openings.len() >= limits::OPENINGS {
        return Err(ApiError::new(codes::CONFLICT).hint("the review has as many openings as it may").into());
    }
    let Some(body) = port.0.body(ctx.store(), message).await? else {
        return Err(ApiError::new(codes::NOT_FOUND).hint("the text is gone; nothing was opened").into());
    };
    let at = ctx.now().micros();
    let opened = Opened { message: message.to_string(), reader: reviewer.sid.to_string(), at };
    review.facts.openings.push(opened);
    let mut batch = ctx.batch();
    once(&mut batch, &signed.signature, sid);
    batch.update::<Review>(&review);
    tell(&ctx, &mut batch, REVIEW_READ, message.to_string());
    let (reason, sids) = (review.facts.request.stated.reason, vec![message.to_string(), sid.to_string()]);
    let proof = record(&ctx, batch, reviewer.sid, reason, sids, &["body"]).await?;
    Ok(Created(OpenedText {
        review_sid: sid.to_string(),
        message_sid: message.to_string(),
        body: body.into_open(&proof),
    }))
}

/// `POST …/Reviews/{ReviewSid}/Closure`: nobody reads any more.
pub(crate) async fn close(ctx: Ctx, Path(sid): Path<ReviewSid>) -> Answer<Found<ReviewView>> {
    let mut review = find(&ctx, sid).await?;
    if review.facts.closed_at.is_none() {
        review.facts.closed_at = Some(ctx.now().micros());
        let mut batch = ctx.batch();
        batch.update::<Review>(&review);
        ctx.commit(batch, vec![sid.to_string()]).await?;
    }
    Ok(Found(shown(&ctx, sid).await?))
}

/// Whether what is said to be the cause is one, and what was counted for it.
async fn cause(ctx: &Ctx, port: &Port, stated: &ReviewRequest) -> Result<(bool, Option<Figures>)> {
    let from = match stated.reason {
        Reason::CarrierComplaint => From::Carrier,
        Reason::ConsumerComplaint => From::Consumer,
        Reason::RiskSign => {
            if ![risk::ERROR_RATE, risk::STOP_RATE].contains(&stated.cause.as_str()) {
                return Err(invalid("cause"));
            }
            let counted = figures(port, ctx.store(), ctx.now()).await?;
            return Ok((counted.shows(&stated.cause), Some(counted)));
        }
    };
    let sid = stated.cause.parse().map_err(|_| invalid("cause"))?;
    let counts = |complaint: Document<Complaint>| {
        complaint.facts.from == from && complaint.created_at.plus(limits::COMPLAINT_COUNTS) > ctx.now()
    };
    Ok((ctx.store().get::<Complaint>(sid).await?.is_some_and(counts), None))
}

/// The messages that a request means.
async fn messages(ctx: &Ctx, port: &Port, stated: &ReviewRequest) -> Result<Vec<String>> {
    let mut sids: Vec<MessageSid> = Vec::new();
    for text in &stated.messages {
        let sid = text.parse().map_err(|_| invalid("messages"))?;
        if !port.0.exists(ctx.store(), sid).await? {
            return Err(ApiError::new(codes::NOT_FOUND));
        }
        sids.push(sid);
    }
    if stated.newest > 0 {
        sids = port.0.newest(ctx.store(), stated.newest).await?;
    }
    if sids.is_empty() {
        return Err(ApiError::new(codes::NOT_FOUND).hint("the account has no message"));
    }
    Ok(sids.iter().map(ToString::to_string).collect())
}

/// A signed statement counts once, whatever is done with a copy of it.
fn once(batch: &mut Batch, signature: &[u8], sid: ReviewSid) {
    batch.name(Name::custom(STATEMENT, &BASE64.encode(signature)), sid.to_string());
}

/// Tells the account, where it looks for what it has not seen itself.
fn tell(ctx: &Ctx, batch: &mut Batch, code: u32, about: String) {
    let alert = NewAlert::now(&ctx.services.store, code, LogLevel::Notice);
    raise(batch, NewAlert { resource_sid: Some(about), ..alert });
}

/// Commits with an entry that says which person it was, and why.
async fn record(
    ctx: &Ctx,
    batch: Batch,
    person: PersonSid,
    reason: Reason,
    sids: Vec<String>,
    fields: &'static [&'static str],
) -> Result<phi::Proof> {
    let purpose = match reason {
        Reason::CarrierComplaint => Purpose::CarrierComplaint,
        Reason::ConsumerComplaint => Purpose::ConsumerComplaint,
        Reason::RiskSign => Purpose::RiskSign,
    };
    let entry = Entry { actor: Actor::Person(person), purpose, ..ctx.entry(sids, fields) };
    Ok(ledger::commit(&ctx.services.store, batch, &entry).await?)
}

async fn find(ctx: &Ctx, sid: ReviewSid) -> Result<Document<Review>> {
    ctx.store().get::<Review>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}

async fn shown(ctx: &Ctx, sid: ReviewSid) -> Result<ReviewView> {
    let now: Timestamp = ctx.now();
    Ok(ReviewView::new(find(ctx, sid).await?, ctx.account().sid(), now))
}
