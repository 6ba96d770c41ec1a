//! Parked jobs, for the operator: what could not be done, and what to do about it. What a job holds is never shown.

use base::Timestamp;
use errors::{ApiError, Result, codes};
use kit::{Answer, Caller, Deleted, Found, FromParams, Params, Path, Query};
use serde::Serialize;
use store::ParkedJob;

/// Rows of a page, unless the request says otherwise.
const PAGE: usize = 50;

/// Rows of a page at most.
const MAX_PAGE: i64 = 1_000;

/// Where to read on, and how far.
pub(crate) struct ParkedQuery {
    after: Option<String>,
    limit: usize,
}

impl FromParams for ParkedQuery {
    fn from_params(params: &mut Params) -> Result<Self> {
        let size = params.integer("PageSize", 1..=MAX_PAGE)?;
        Ok(Self { after: params.text("After")?, limit: size.map_or(PAGE, |size| size as usize) })
    }
}

/// A page of parked jobs, in the order of their parking.
#[derive(Serialize)]
pub(crate) struct ParkedPage {
    /// How many there are in all.
    count: u64,
    jobs: Vec<ParkedView>,
    /// The `After` of the next page, when there may be one.
    next_after: Option<String>,
}

/// A parked job.
#[derive(Serialize)]
pub(crate) struct ParkedView {
    id: String,
    queue: String,
    /// Whose it is: an account's or organization's SID, or `system`.
    scope: String,
    reason: String,
    attempts: u32,
    failures: u32,
    date_created: String,
    date_parked: String,
}

impl From<ParkedJob> for ParkedView {
    fn from(job: ParkedJob) -> Self {
        Self {
            scope: job.scope.to_string(),
            date_created: job.created_at.iso8601(),
            date_parked: job.parked_at.iso8601(),
            id: job.id,
            queue: job.queue,
            reason: job.reason,
            attempts: job.attempts,
            failures: job.failures,
        }
    }
}

/// `GET …/ParkedJobs`.
pub(crate) async fn list(caller: Caller, Query(query): Query<ParkedQuery>) -> Answer<Found<ParkedPage>> {
    let jobs = caller.services.store.jobs();
    let after: Option<(Timestamp, String)> = match query.after {
        None => None,
        Some(id) => {
            // Whoever decides about a page's last job asks for the next page before.
            let gone = || ApiError::new(codes::INVALID_PARAMETER).parameter("After");
            let job = jobs.parked_job(&id).await?.ok_or_else(gone)?;
            Some((job.parked_at, id))
        }
    };
    let after = after.as_ref().map(|(at, id)| (*at, id.as_str()));
    let found = jobs.parked(after, query.limit).await?;
    let next_after = found.last().filter(|_| found.len() == query.limit).map(|job| job.id.clone());
    let count = jobs.parked_count().await?;
    Ok(Found(ParkedPage { count, jobs: found.into_iter().map(ParkedView::from).collect(), next_after }))
}

/// `GET …/ParkedJobs/{JobId}`.
pub(crate) async fn fetch(caller: Caller, Path(id): Path<String>) -> Answer<Found<ParkedView>> {
    Ok(Found(find(&caller, &id).await?.into()))
}

/// `POST …/ParkedJobs/{JobId}/Requeue`: it is tried again, as if it had not failed.
pub(crate) async fn requeue(caller: Caller, Path(id): Path<String>) -> Answer<Found<ParkedView>> {
    let job = find(&caller, &id).await?;
    let mut batch = caller.services.store.batch(job.scope);
    batch.requeue(&id);
    caller.commit(batch, vec![id, job.queue.clone()]).await?;
    Ok(Found(job.into()))
}

/// `DELETE …/ParkedJobs/{JobId}`: it is never done.
pub(crate) async fn discard(caller: Caller, Path(id): Path<String>) -> Answer<Deleted> {
    let job = find(&caller, &id).await?;
    let mut batch = caller.services.store.batch(job.scope);
    batch.discard(&id);
    caller.commit(batch, vec![id, job.queue]).await?;
    Ok(Deleted)
}

async fn find(caller: &Caller, id: &str) -> Result<ParkedJob> {
    Ok(caller.services.store.jobs().parked_job(id).await?.ok_or(codes::NOT_FOUND)?)
}
