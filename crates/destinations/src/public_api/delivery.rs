//! What became of events, in Segment's words. It is counted by day (UTC) and outcome; names of events are not counted.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use base::{DestinationSid, Timestamp};
use segment::public::{Call, Failed, PageRequest, Reply};
use serde_json::{Value, json};
use store::DeliveryCount;

use super::{find, not_found};
use crate::limits;
use crate::run::{DELIVERED, GAVE_UP, REJECTED, RETRIED};
use crate::service::{self, Held};

const DAY_SECONDS: i64 = 86_400;

fn instant(call: &mut Call, field: &'static str) -> Result<Option<Timestamp>, Failed> {
    let Some(text) = call.query.text(field)? else { return Ok(None) };
    Timestamp::parse_iso8601(&text).map(Some).ok_or_else(|| Failed::invalid(field, "an instant of ISO 8601"))
}

/// The days of a request: the last seven when none are named.
fn days(call: &mut Call) -> Result<RangeInclusive<i64>, Failed> {
    let day = |at: Timestamp| at.seconds().div_euclid(DAY_SECONDS);
    let (from, until) = (instant(call, "startTime")?, instant(call, "endTime")?);
    let until = until.map_or_else(|| day(call.ctx.now()), day);
    let from = from.map_or(until - 6, day);
    match (0..limits::OVERVIEW_DAYS).contains(&(until - from)) {
        true => Ok(from..=until),
        false => Err(Failed::invalid("startTime", "at most 400 days, the first before the last")),
    }
}

/// That nothing finer than days is asked for.
fn by_day(call: &mut Call) -> Result<(), Failed> {
    match call.query.text("granularity")? {
        Some(text) if !text.eq_ignore_ascii_case("day") => {
            Err(Failed::invalid("granularity", "what became of events is counted by day"))
        }
        _ => Ok(()),
    }
}

async fn counts(call: &Call, held: &Held, days: RangeInclusive<i64>) -> Result<Vec<DeliveryCount>, Failed> {
    Ok(call.scoped().delivery_counts(&held.document.sid.to_string(), days).await?)
}

/// `GET /destinations/{destinationId}/delivery-metrics`.
pub(super) async fn summary(mut call: Call) -> Result<Reply, Failed> {
    let source = call.query.text("sourceId")?;
    by_day(&mut call)?;
    let days = days(&mut call)?;
    call.finish()?;
    let held = find(&call).await?;
    let facts = &held.document.facts;
    if source.is_some_and(|source| source != facts.source) {
        return Err(Failed::invalid("sourceId", "the source of the destination"));
    }
    let mut totals = BTreeMap::<String, i64>::new();
    for count in counts(&call, &held, days).await? {
        *totals.entry(count.outcome).or_default() += count.events;
    }
    let mut take = |outcome: &str| totals.remove(outcome).unwrap_or_default();
    let (successes, retried, expired) = (take(DELIVERED), take(RETRIED), take(GAVE_UP));
    let breakdown: Vec<_> =
        totals.iter().map(|(outcome, events)| json!({ "metricName": outcome, "value": events })).collect();
    let metrics = json!([
        { "metricName": "successes", "total": successes },
        { "metricName": "retried", "total": retried },
        { "metricName": "expired", "total": expired },
        { "metricName": "discarded", "total": totals.values().sum::<i64>(), "breakdown": breakdown },
    ]);
    Ok(Reply::found(json!({ "deliveryMetricsSummary": {
        "sourceId": facts.source,
        "destinationMetadataId": facts.settings.kind(),
        "metrics": metrics,
    } })))
}

/// `GET /delivery-overview/successful-delivery`.
pub(super) async fn successful(call: Call) -> Result<Reply, Failed> {
    overview(call, |outcome| outcome == DELIVERED).await
}

/// `GET /delivery-overview/failed-delivery`.
pub(super) async fn failed(call: Call) -> Result<Reply, Failed> {
    overview(call, |outcome| [GAVE_UP, REJECTED].contains(&outcome)).await
}

/// `GET /delivery-overview/filtered-at-destination`.
pub(super) async fn filtered(call: Call) -> Result<Reply, Failed> {
    overview(call, |outcome| outcome.starts_with("discarded_")).await
}

/// Events of these outcomes by day, a row for each outcome. What would need the names of events is 400.
async fn overview(mut call: Call, is_meant: fn(&str) -> bool) -> Result<Reply, Failed> {
    let source = call.query.text("sourceId")?;
    let destination = call.query.text("destinationConfigId")?;
    by_day(&mut call)?;
    let days = days(&mut call)?;
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let sid: Option<DestinationSid> = destination.and_then(|destination| destination.parse().ok());
    let sid = sid.ok_or_else(not_found)?;
    let held = service::find(&call.ctx, call.workspace.clone(), sid).await?;
    if source.as_ref() != Some(&held.document.facts.source) {
        return Err(Failed::invalid("sourceId", "the source of the destination"));
    }
    let mut rows = BTreeMap::<String, Vec<(i64, i64)>>::new();
    for count in counts(&call, &held, days).await?.into_iter().filter(|count| is_meant(&count.outcome)) {
        rows.entry(count.outcome).or_default().push((count.day, count.events));
    }
    let total = |series: &[(i64, i64)]| series.iter().map(|(_, events)| events).sum::<i64>();
    let point = |(day, events): &(i64, i64)| json!({ "time": Timestamp::from_seconds(day.saturating_mul(DAY_SECONDS)).iso8601(), "count": events });
    let dataset: Vec<Value> = rows
        .iter()
        .map(|(outcome, series)| {
            let points: Vec<_> = series.iter().map(point).collect();
            let mut row = json!({ "total": total(series), "series": points });
            if outcome != DELIVERED {
                row["discardReason"] = json!(outcome);
            }
            row
        })
        .collect();
    let (page, pagination) = request.of_list(&dataset)?;
    let all: i64 = rows.values().map(|series| total(series)).sum();
    Ok(Reply::found(json!({ "total": all, "dataset": page, "pagination": pagination })))
}
