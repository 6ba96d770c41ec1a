//! Who receives what a destination or a warehouse is sent, and whether they are under agreement.
//!
//! Slugs and websites are those of Segment's catalog of destinations, 2025-11-06.

use super::resources::{AUDIENCE_DESTINATIONS, DESTINATIONS, FUNCTION, SUBSCRIPTIONS};
use crate::check::Notes;
use crate::observations::Item;

/// Destinations that call the customer's own URL: whoever made them receives nothing.
const WEBHOOKS: &[&str] = &["webhooks", "actions-webhook", "extensible-webhook"];
/// Destinations that lead back to Segment.
const SEGMENT: &[&str] = &["repeater", "actions-segment", "actions-segment-profiles"];
/// Destinations through which Engage Premier sends the mails and messages of its campaigns.
pub const CAMPAIGNS: &[&str] = &["actions-personas-messaging-sendgrid", "actions-personas-messaging-twilio"];
/// All of them.
pub const SLUGS: &[&str] = &[
    "webhooks",
    "actions-webhook",
    "extensible-webhook",
    "repeater",
    "actions-segment",
    "actions-segment-profiles",
    "actions-personas-messaging-sendgrid",
    "actions-personas-messaging-twilio",
];
/// Warehouses whose vendor has one host for everybody, which their settings do not name.
const WAREHOUSES: &[(&str, &str)] = &[("bigquery", "bigquery.googleapis.com")];
/// Their slugs.
pub const WAREHOUSE_SLUGS: &[&str] = &["bigquery"];
/// What is kept of an id that does not look like one: it is nobody's.
const UNKNOWN: &str = "other";
/// The catalog has this host for vendors that named no website of theirs.
const NO_WEBSITE: &str = "segment.com";

/// Whether every receiver of a destination is under agreement; none when nothing says who receives.
pub fn coverage(destination: &Item, notes: &Notes<'_>) -> Option<bool> {
    let is_one_of = |slugs: &[&str]| slugs.iter().any(|slug| destination.says("metadata.slug", slug));
    let mut known: Vec<&str> = hosts(destination, "settings");
    // A webhook's URL stands in its mappings, and a function's in its code.
    let is_webhook = is_one_of(WEBHOOKS);
    let mut is_told = true;
    let mappings = notes.items(&SUBSCRIPTIONS).iter();
    for mapping in mappings.filter(|it| is_webhook && it.is_under(destination) && !super::is_off(it)) {
        let called = hosts(mapping, "settings.url");
        is_told &= !called.is_empty();
        known.extend(called);
    }
    let catalog = destination.word("metadata.id").filter(|id| *id != UNKNOWN);
    let function = notes
        .items(&FUNCTION)
        .iter()
        .find(|it| catalog.is_some_and(|id| it.says("data.function.catalogId", id)));
    known.extend(function.into_iter().flat_map(|it| hosts(it, "data.function.code")));
    let has_vendor = function.is_none() && !is_webhook;
    let vendor: Vec<&str> = hosts(destination, "metadata.website")
        .into_iter()
        .filter(|host| has_vendor && (bare(host) != NO_WEBSITE || is_one_of(SEGMENT)))
        .collect();
    is_told &= if has_vendor { !vendor.is_empty() } else { !known.is_empty() };
    let all = known.iter().chain(&vendor).all(|host| covers(host, notes));
    // One receiver without an agreement is enough to fail; all of them must be known to pass.
    if all && !is_told { None } else { Some(all) }
}

/// As [`coverage`], of the destination that a connection of an audience names; none when the workspace lists no such one.
pub fn coverage_of_connection(connection: &Item, notes: &Notes<'_>) -> Option<bool> {
    let ids = [connection.id.rsplit('/').next(), connection.word("destinationId")];
    let is_it =
        |destination: &&Item| ids.into_iter().flatten().any(|id| id != UNKNOWN && id == destination.id);
    coverage(notes.items(&DESTINATIONS).iter().find(is_it)?, notes)
}

/// As [`coverage`], of the destination that an activation sends to.
pub fn coverage_of_activation(activation: &Item, notes: &Notes<'_>) -> Option<bool> {
    let connection = activation.word("connectionId").filter(|id| *id != UNKNOWN)?;
    let (audience, _) = activation.id.rsplit_once('/')?;
    let id = format!("{audience}/{connection}");
    let connection = notes.items(&AUDIENCE_DESTINATIONS).iter().find(|it| it.id == id)?;
    coverage_of_connection(connection, notes)
}

/// As [`coverage`], of the destination that a mapping is of.
pub fn coverage_of_mapping(subscription: &Item, notes: &Notes<'_>) -> Option<bool> {
    coverage(notes.items(&DESTINATIONS).iter().find(|it| subscription.is_under(it))?, notes)
}

/// As [`coverage`], of a warehouse.
pub fn coverage_of_warehouse(warehouse: &Item, notes: &Notes<'_>) -> Option<bool> {
    let slugs = WAREHOUSES.iter().filter(|(slug, _)| warehouse.says("metadata.slug", slug));
    let mut known = hosts(warehouse, "settings");
    known.extend(slugs.map(|(_, host)| *host));
    (!known.is_empty()).then(|| known.iter().all(|host| covers(host, notes)))
}

fn hosts<'a>(item: &'a Item, field: &str) -> Vec<&'a str> {
    item.urls(field).iter().map(|url| url.host.as_str()).collect()
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

fn covers(host: &str, notes: &Notes<'_>) -> bool {
    notes.is_registered(host) || notes.is_registered(bare(host))
}
