//! Segment's Public API: sources, destinations, plans, functions, models, spaces. Definitions, queries, mappings and
//! code are reduced to closed words, marks and hosts; their text is not kept.

mod receivers;
mod reduce;
mod resources;

use crate::check::{Check, Notes, Test, all, each, never};
use crate::observations::Item;
use crate::resource::Resource;
use receivers::{CAMPAIGNS, coverage, coverage_of_activation, coverage_of_connection, coverage_of_mapping};
use reduce::{EVERYTHING, is_word};
pub use resources::RESOURCES;
use resources::{
    ACTIVATIONS, AUDIENCE_DESTINATIONS, AUDIENCES, AUDIT_EVENTS, DESTINATIONS, ENTITIES, FILTERS, FUNCTION,
    MODELS, PLAN_SOURCES, PROFILES_WAREHOUSES, REGULATIONS, SETTINGS, SUBSCRIPTIONS, TRAITS,
};

/// Its source may be switched off; a destination that is off receives nothing.
fn is_off(item: &Item) -> bool {
    item.flag("enabled") == Some(false)
}

fn has_allow_list(destination: &Item, notes: &Notes<'_>) -> bool {
    notes.items(&FILTERS).iter().any(|filter| {
        filter.is_under(destination)
            && filter.is("enabled")
            && filter.says("if", "all")
            && filter.says("actions", "ALLOW_PROPERTIES")
    })
}

/// Says of a receiver whether it is under agreement, where that is known.
fn judge(covered: Option<bool>, notes: &mut Notes<'_>, field: &str, note: &'static str) {
    match covered {
        Some(covered) => notes.wants(covered, field, note),
        None => notes.unsure(),
    }
}

const WITH_FILTERS: &[&Resource] = &[&FILTERS];
const WITH_BOTH: &[&Resource] = &[&FILTERS, &SUBSCRIPTIONS, &FUNCTION];
const WITH_RECEIVERS: &[&Resource] = &[&SUBSCRIPTIONS, &FUNCTION];
const WITH_DESTINATIONS: &[&Resource] = &[&DESTINATIONS, &SUBSCRIPTIONS, &FUNCTION];
const WITH_CONNECTIONS: &[&Resource] = &[&AUDIENCE_DESTINATIONS, &DESTINATIONS, &SUBSCRIPTIONS, &FUNCTION];
const WITH_PLANS: &[&Resource] = &[&PLAN_SOURCES];
const WITH_USES: &[&Resource] = &[&AUDIENCES, &ACTIVATIONS, &SUBSCRIPTIONS];

/// Where other sources forward what they blocked: it has to take what no plan names, and PRO-PLAN-2 looks after it.
fn is_quarantine(settings: &Item, notes: &Notes<'_>) -> bool {
    let own = settings.id.rsplit('/').next().unwrap_or_default();
    let forwards = |it: &Item| FORWARDS.iter().any(|field| it.says(field, own));
    notes.items(&SETTINGS).iter().any(forwards)
}

const FORWARDS: [&str; 2] =
    ["data.settings.forwardingBlockedEventsTo", "data.settings.forwardingViolationsTo"];

const UNPLANNED_EVENTS: Test = each(&SETTINGS, |settings, notes| {
    if is_quarantine(settings, notes) {
        return;
    }
    let field = "data.settings.track.allowUnplannedEvents";
    notes.wants(settings.flag(field) == Some(false), field, "lets unplanned events through");
});

const FILTERED: Test = each(&DESTINATIONS, |destination, notes| {
    if !is_off(destination) {
        let filtered = has_allow_list(destination, notes);
        notes.wants(filtered, "", "has no enabled filter for all events that allows named properties only");
    }
})
.also(WITH_FILTERS);

const AGREED: Test = each(&DESTINATIONS, |destination, notes| {
    if !is_off(destination) {
        let note = "receives data and has no agreement in force in the register";
        judge(coverage(destination, notes), notes, "", note);
    }
})
.also(WITH_RECEIVERS);

const STRIPPED: Test = each(&DESTINATIONS, |destination, notes| {
    if !is_off(destination) {
        if has_allow_list(destination, notes) {
            return notes.holds();
        }
        let note = "has neither an agreement nor a filter that allows named properties only";
        judge(coverage(destination, notes), notes, "", note);
    }
})
.also(WITH_BOTH);

const CODE: Test = each(&FUNCTION, |function, notes| {
    let field = "data.function.code";
    if function.facts.get(field).is_none() {
        notes.fails(field, "cannot be judged: its code was not in the answer");
        return;
    }
    notes.holds();
    for url in function.urls(field) {
        let registered = notes.is_registered(&url.host);
        notes.wants(registered, field, "calls a host that is not in the register");
        notes.wants(url.is_encrypted(), field, "calls a host without TLS");
    }
});

const MAPPED: Test = each(&SUBSCRIPTIONS, |subscription, notes| {
    if !is_off(subscription) {
        let all = subscription.says("settings", EVERYTHING);
        notes.wants(!all, "settings", "passes whole objects on instead of named fields");
    }
});

const MODELLED: Test = each(&MODELS, |model, notes| {
    if !is_off(model) {
        notes.wants(model.flag("query") == Some(false), "query", "takes every column, or shows no query");
    }
});

const RETL_AGREED: Test = each(&SUBSCRIPTIONS, |subscription, notes| {
    if subscription.is("modelId") && !is_off(subscription) {
        let note = "goes to a destination without an agreement in force";
        judge(coverage_of_mapping(subscription, notes), notes, "", note);
    }
})
.also(WITH_DESTINATIONS);

const RETL_STRIPPED: Test = each(&SUBSCRIPTIONS, |subscription, notes| {
    if subscription.is("modelId") && !is_off(subscription) {
        if is_bare(subscription, "settings") {
            return notes.holds();
        }
        let note = "maps fields that name a person to a destination without an agreement";
        judge(coverage_of_mapping(subscription, notes), notes, "settings", note);
    }
})
.also(WITH_DESTINATIONS);

/// A mapping or list of properties was read, and no word of it names a person's data.
fn is_bare(item: &Item, field: &str) -> bool {
    item.facts.get(field).is_some() && !item.words(field).iter().any(|word| is_word(word))
}

const AUDIENCE_AGREED: Test = each(&AUDIENCE_DESTINATIONS, |connection, notes| {
    if !is_off(connection) {
        let note = "receives an audience and has no agreement in force in the register";
        judge(coverage_of_connection(connection, notes), notes, "", note);
    }
})
.also(WITH_DESTINATIONS);

const AUDIENCE_STRIPPED: Test = each(&ACTIVATIONS, |activation, notes| {
    if !is_off(activation) {
        let sends = ["personalization.profile", "destinationMapping.settings"];
        let sends_none = |field: &&str| activation.words(field).iter().all(|word| !is_word(word));
        if sends.iter().all(sends_none) {
            return notes.holds();
        }
        let note = "sends data of a person to a destination without an agreement";
        judge(coverage_of_activation(activation, notes), notes, "personalization", note);
    }
})
.also(WITH_CONNECTIONS);

const WAREHOUSE_AGREED: Test = each(&PROFILES_WAREHOUSES, |warehouse, notes| {
    if !is_off(warehouse) {
        let note = "receives profiles and has no agreement in force in the register";
        judge(receivers::coverage_of_warehouse(warehouse, notes), notes, "settings", note);
    }
});

/// Every entity is named by something, or lies on the way to one that is.
const ENTITIES_USED: Test = each(&ENTITIES, |entity, notes| {
    let is_named = |path: &Item| {
        let relationship = path.words("relationshipSlugs").last();
        path.words("entitySlug").iter().chain(relationship).any(|mark| names(notes, mark))
    };
    let Some(own) = entity.words("relationshipSlugs").last() else { return notes.unsure() };
    let leads_on = |path: &&Item| path.says("relationshipSlugs", own) && is_named(path);
    let used = is_named(entity) || notes.items(&ENTITIES).iter().any(|path| leads_on(&path));
    notes.wants(used, "", "is named by no audience, activation or mapping");
})
.also(WITH_USES);

fn names(notes: &Notes<'_>, mark: &str) -> bool {
    let uses: [(&Resource, &str); 3] = [
        (&AUDIENCES, "definition"),
        (&ACTIVATIONS, "personalization.entities"),
        (&SUBSCRIPTIONS, "settings"),
    ];
    uses.iter().any(|(resource, field)| notes.items(resource).iter().any(|item| item.says(field, mark)))
}

/// Fields are encrypted on the way from Segment's servers only. A destination that has both modes may run in either.
const IN_CLOUD_MODE: Test = each(&DESTINATIONS, |destination, notes| {
    if is_off(destination) {
        return;
    }
    let field = "metadata.supportedFeatures.cloudModeInstances";
    let has = |field: &str| destination.word(field).map(|count| !matches!(count, "0" | "NONE"));
    match (has(field), has("metadata.supportedFeatures.deviceModeInstances")) {
        (Some(false), _) => notes.fails(field, "runs in device mode, where no field is encrypted"),
        (Some(true), Some(false)) => notes.holds(),
        (Some(true), _) | (None, _) => notes.unsure(),
    }
});

const NO_CAMPAIGNS: Test = never(&DESTINATIONS, |destination, notes| {
    if !is_off(destination) && CAMPAIGNS.iter().any(|slug| destination.says("metadata.slug", slug)) {
        notes.fails("metadata.slug", "is what Engage sends the mails or messages of campaigns through");
    }
});

const BLOCKED: Test = each(&SETTINGS, |settings, notes| {
    if is_quarantine(settings, notes) {
        return;
    }
    for field in [
        "data.settings.track.allowUnplannedEvents",
        "data.settings.track.allowUnplannedEventProperties",
        "data.settings.identify.allowUnplannedTraits",
        "data.settings.group.allowUnplannedTraits",
    ] {
        notes.wants(settings.flag(field) == Some(false), field, "lets unplanned data through");
    }
    for field in [
        "data.settings.track.commonEventOnViolations",
        "data.settings.identify.commonEventOnViolations",
        "data.settings.group.commonEventOnViolations",
    ] {
        notes.wants(settings.says(field, "BLOCK"), field, "does not block what violates the plan");
    }
    for field in [
        "data.settings.track.allowEventOnViolations",
        "data.settings.track.allowPropertiesOnViolations",
        "data.settings.identify.allowTraitsOnViolations",
        "data.settings.group.allowTraitsOnViolations",
    ] {
        notes.wants(settings.flag(field) != Some(true), field, "lets through what violates the plan");
    }
    let planned = notes
        .items(&PLAN_SOURCES)
        .iter()
        .any(|it| it.id.rsplit('/').next() == settings.id.rsplit('/').next());
    notes.wants(planned, "", "has no tracking plan");
})
.also(WITH_PLANS);

const QUARANTINED: Test = each(&SETTINGS, |settings, notes| {
    for field in FORWARDS {
        let Some(quarantine) = settings.word(field) else { continue };
        let mut fed = notes.items(&DESTINATIONS).iter().filter(|it| !is_off(it));
        let leaks = fed.any(|it| it.says("sourceId", quarantine));
        notes.wants(!leaks, field, "forwards blocked data to a source that feeds a destination");
    }
})
.also(WITH_DESTINATIONS);

fn is_done(regulation: &Item, kind: &str, notes: &mut Notes<'_>) {
    if regulation.word("regulationType").is_some_and(|word| word.contains(kind))
        && !regulation.says("regulationType", "UNSUPPRESS")
    {
        let status = regulation.word("status");
        let going = matches!(status, Some("FINISHED" | "RUNNING" | "INITIALIZED"));
        notes.wants(going, "status", "did not come to its end in every place");
    }
}

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("SEG-SCHEMA-1", &[UNPLANNED_EVENTS]).leaves("which events each destination really needs"),
    Check::new("SEG-FILTER-1", &[FILTERED]).leaves(
        "why each allowed field is needed, and what limits warehouses and buckets, which filters do not reach",
    ),
    Check::new("SEG-DEST-1", &[AGREED]).leaves("that each agreement covers what is sent, and the vendor complies"),
    Check::new("SEG-DEST-2", &[STRIPPED])
        .leaves("that no PHI is among the allowed fields, fields are encrypted, and none runs in device mode"),
    Check::new("LOG-ENC-1", &[IN_CLOUD_MODE]).leaves("which fields are encrypted"),
    Check::new("SEG-FUNC-1", &[CODE]).leaves("hosts made up at run time, and what functions write to their logs"),
    Check::new("RETL-MAP-1", &[MODELLED, MAPPED]).leaves("why each mapped field is needed"),
    Check::new("RETL-DEST-1", &[RETL_AGREED]).leaves("that each agreement covers what is sent"),
    Check::new("RETL-DEST-2", &[RETL_STRIPPED]).leaves("fields whose names do not tell that they are PHI"),
    Check::new("PRO-PLAN-1", &[BLOCKED]),
    Check::new("PRO-PLAN-2", &[QUARANTINED]).leaves("that what was blocked is reviewed and acted on regularly"),
    Check::new("PRIV-SUPPR-1", &[each(&REGULATIONS, |it, notes| is_done(it, "SUPPRESS", notes))])
        .leaves("that everybody who is to be suppressed is"),
    Check::new("PRIV-SUPPR-2", &[each(&REGULATIONS, |it, notes| is_done(it, "DELETE", notes))])
        .leaves("that everything that is to be deleted is"),
    Check::new("ENG-AUD-1", &[each(&AUDIENCES, |audience, notes| {
        let field = "definition.query";
        if audience.facts.get(field).is_none() {
            return notes.unsure();
        }
        notes.wants(audience.words(field).is_empty(), field, "names a person's data in its definition");
    })])
    .leaves("journeys, and traits whose names do not tell what they hold"),
    Check::new("ENG-DEST-1", &[AUDIENCE_AGREED]).leaves("destinations of journeys, which no API shows"),
    Check::new("ENG-DEST-2", &[AUDIENCE_STRIPPED])
        .leaves("identifiers that a destination is sent with each profile, and what journeys send"),
    Check::new("ENG-TRAIT-1", &[each(&TRAITS, |it, notes| {
        let field = "definition.query";
        if it.says(field, EVERYTHING) {
            return notes.fails(field, "takes every column");
        }
        // A trait that copies a person's data may be needed: somebody has to say so.
        if is_bare(it, field) { notes.holds() } else { notes.unsure() }
    })])
    .leaves("why each trait is needed, and SQL traits that the API does not show"),
    Check::new("ENG-PREM-1", &[NO_CAMPAIGNS]).leaves("which plan the workspace is on, which no API shows"),
    Check::new("ENG-CAMP-1", &[NO_CAMPAIGNS]).leaves("campaigns and journeys themselves, which no API shows"),
    Check::new("UNI-SYNC-1", &[WAREHOUSE_AGREED])
        .leaves("that the warehouse is secured, and the agreement covers profiles"),
    Check::new("UNI-GRAPH-1", &[ENTITIES_USED])
        .leaves("why each entity and each of its properties is needed, and what Linked Events take from them"),
    Check::new("UNI-LINK-1", &[MAPPED]).leaves("which enriched properties each destination really needs"),
    Check::new("UNI-LINK-2", &[UNPLANNED_EVENTS, FILTERED, AGREED, STRIPPED, CODE])
        .leaves("all that the rules of Connections leave to a person"),
    Check::new("ART-CTRL-INTEG", &[AGREED, CODE]).leaves("owner, purpose and review of each integration"),
    Check::new("ART-CTRL-AUDIT", &[all(&AUDIT_EVENTS, |events, notes| {
        notes.wants(!events.is_empty(), "", "shows no event, so that nothing says it is kept");
    })])
    .leaves("the HIPAA audit log of reads, which Segment hands out on request only"),
];
