//! Signed answers to what no API shows, and exceptions: failures that somebody answers for, for a while.
//!
//! Both are only added and read: documentation is kept for six years (45 CFR 164.316(b)(2)(i)), and there is no route that
//! changes or deletes one. A signature is verified on arrival.

use base::{AttestationSid, ExceptionSid, Sid, Timestamp};
use data_encoding::{BASE64, HEXLOWER};
use errors::{ApiError, Result, codes};
use kit::{After, Answer, Created, Ctx, Found, Json, Path};
use rulebook::Rulebook;
use serde::Serialize;
use statements::{Attestation, Exception};
use store::{Document, Kind, Name, NewDocument, Query, Scoped, StoreError};

use crate::author::{Author, NOTHING};
use crate::limits;
use crate::signers::{self, require_full};
use crate::text::{invalid, wrong};

/// The name under which a signature is known, so that an answer is kept once.
const DIRECTORY: &str = "signed-attestation";

/// The same of exceptions.
const EXCEPTIONS: &str = "exception";

/// The kind of signed answers; they live in the scope of their account.
#[derive(Debug)]
pub(crate) enum StoredAttestation {}

impl Kind for StoredAttestation {
    const NAME: &'static str = "signed-attestation";
    type Sid = AttestationSid;
    type Facts = Attestation;
    type Content = ();
}

/// The kind of exceptions; they live in the scope of their account.
#[derive(Debug)]
pub(crate) enum StoredException {}

impl Kind for StoredException {
    const NAME: &'static str = "exception";
    type Sid = ExceptionSid;
    type Facts = Exception;
    type Content = ();
}

/// A statement as it is kept, with the keys of the file and three more.
#[derive(Serialize)]
pub(crate) struct StatedView<F> {
    sid: String,
    /// Whether its last day is over.
    expired: bool,
    /// When it came here.
    received_at: String,
    #[serde(flatten)]
    stated: F,
}

impl<F> StatedView<F> {
    fn new<K: Kind<Facts = F>>(ctx: &Ctx, document: Document<K>, expires: fn(&F) -> rulebook::Date) -> Self {
        Self {
            sid: document.sid.to_string(),
            expired: expires(&document.facts) < statements::day(ctx.now()),
            received_at: document.created_at.iso8601(),
            stated: document.facts,
        }
    }
}

/// A page of attestations, newest first.
#[derive(Serialize)]
pub(crate) struct AttestationList {
    attestations: Vec<StatedView<Attestation>>,
    /// The `After` of the next page, when there is one.
    next_after: Option<String>,
}

/// A page of exceptions, newest first.
#[derive(Serialize)]
pub(crate) struct ExceptionList {
    exceptions: Vec<StatedView<Exception>>,
    /// The `After` of the next page, when there is one.
    next_after: Option<String>,
}

fn attested(ctx: &Ctx, document: Document<StoredAttestation>) -> StatedView<Attestation> {
    StatedView::new(ctx, document, |stated| stated.expires)
}

fn excepted(ctx: &Ctx, document: Document<StoredException>) -> StatedView<Exception> {
    StatedView::new(ctx, document, |stated| stated.expires)
}

/// `GET …/Attestations`.
pub(crate) async fn list(
    ctx: Ctx,
    kit::Query(query): kit::Query<After<AttestationSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<AttestationList>> {
    let (rows, next_after) = query.page::<StoredAttestation>(&ctx.store()).await?;
    let attestations = rows.into_iter().map(|row| attested(&ctx, row)).collect();
    Ok(Found(AttestationList { attestations, next_after }))
}

/// `POST …/Attestations`: takes what a known signer has signed.
pub(crate) async fn create(
    ctx: Ctx,
    Json(attestation): Json<Attestation>,
) -> Answer<Created<StatedView<Attestation>>> {
    let attestation = attestation.checked().map_err(wrong)?;
    let note = Rulebook::embedded().latest().note(&attestation.rule);
    if !note.is_some_and(|note| note.attestable) {
        let hint = "nobody's word can settle this rule: it can be read, or it allows no exception";
        return Err(ApiError::new(codes::INVALID_PARAMETER).hint(hint).into());
    }
    if attestation.on > statements::day(ctx.now()) {
        return Err(invalid("on").into());
    }
    if !attestation.is_signed(&signers::of(&ctx, ctx.account()).await?) {
        let hint = "the signature is none that a signer of this account has made over this attestation";
        return Err(ApiError::new(codes::INVALID_PARAMETER).hint(hint).into());
    }
    let name = format!("{} {}", ctx.account().sid(), BASE64.encode(&attestation.signature));
    let sid = AttestationSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.name(Name::custom(DIRECTORY, &name), sid.to_string());
    batch.insert::<StoredAttestation>(NewDocument::of(sid, ctx.now(), attestation));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await.map_err(once)?;
    Ok(Created(attested(&ctx, find::<StoredAttestation>(&ctx, sid).await?)))
}

/// `GET …/Attestations/{AttestationSid}`.
pub(crate) async fn fetch(
    ctx: Ctx,
    Path(sid): Path<AttestationSid>,
) -> Answer<Found<StatedView<Attestation>>> {
    Ok(Found(attested(&ctx, find::<StoredAttestation>(&ctx, sid).await?)))
}

/// Whether somebody attests this rule for this subject of the account whose scope this is, on the day of `now`. The newest
/// statements count, as many as a page has.
///
/// # Errors
/// When the store cannot answer.
pub async fn is_attested(
    scoped: &Scoped,
    rule: &str,
    subject: &str,
    now: Timestamp,
) -> std::result::Result<bool, StoreError> {
    let query = Query { limit: store::limits::PAGE_ROWS, ..Query::default() };
    let today = statements::day(now);
    let stated = scoped.list::<StoredAttestation>(query).await?.documents;
    Ok(stated.iter().any(|stated| stated.facts.is_about(rule, subject) && stated.facts.expires >= today))
}

/// `GET …/Exceptions`.
pub(crate) async fn list_exceptions(
    ctx: Ctx,
    kit::Query(query): kit::Query<After<ExceptionSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<ExceptionList>> {
    let (rows, next_after) = query.page::<StoredException>(&ctx.store()).await?;
    let exceptions = rows.into_iter().map(|row| excepted(&ctx, row)).collect();
    Ok(Found(ExceptionList { exceptions, next_after }))
}

/// `POST …/Exceptions`. It makes nothing pass, and it is counted apart.
pub(crate) async fn create_exception(
    ctx: Ctx,
    Json(exception): Json<Exception>,
) -> Answer<Created<StatedView<Exception>>> {
    require_full(&ctx)?;
    let exception = exception.checked().map_err(wrong)?;
    let sid = ExceptionSid::generate(ctx.services.store.random().as_ref());
    // What somebody wrote stands in no name: only its digest does.
    let text = serde_json::to_vec(&exception).map_err(|_| ApiError::new(codes::INTERNAL))?;
    let digest = HEXLOWER.encode(&ctx.services.store.system_digest(EXCEPTIONS, &text).0);
    let mut batch = ctx.batch();
    batch.name(Name::custom(EXCEPTIONS, &format!("{} {digest}", ctx.account().sid())), sid.to_string());
    batch.insert::<StoredException>(NewDocument::of(sid, ctx.now(), exception));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await.map_err(once)?;
    Ok(Created(excepted(&ctx, find::<StoredException>(&ctx, sid).await?)))
}

/// `GET …/Exceptions/{ExceptionSid}`.
pub(crate) async fn fetch_exception(
    ctx: Ctx,
    Path(sid): Path<ExceptionSid>,
) -> Answer<Found<StatedView<Exception>>> {
    Ok(Found(excepted(&ctx, find::<StoredException>(&ctx, sid).await?)))
}

fn once(error: ApiError) -> ApiError {
    match error.code() {
        code if code == codes::CONFLICT => {
            ApiError::new(codes::CONFLICT).hint("this statement is here already")
        }
        _ => error,
    }
}

async fn find<K: Kind>(ctx: &Ctx, sid: K::Sid) -> Result<Document<K>> {
    ctx.store().get::<K>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}
