//! Segment's Public API: sources, destinations, plans, functions, models, spaces. Definitions, queries, mappings and
//! code are reduced to closed words, marks and hosts; their text is not kept.
//!
//! Paths, members and words are those of Segment's published models (`public-api-sdk-typescript` 73.2.0), by which
//! `cargo xtask audit-fixtures` checks the recorded workspaces.

mod receivers;
mod reduce;

use crate::check::{Check, Notes, Test, all, each, never};
use crate::fact::Keep;
use crate::observations::Item;
use crate::resource::Resource;
use receivers::{CAMPAIGNS, coverage, coverage_of_activation, coverage_of_connection, coverage_of_mapping};
use reduce::{EVERYTHING, is_word};

const ON_VIOLATION: &[&str] = &["ALLOW", "BLOCK", "OMIT_PROPERTIES", "OMIT_TRAITS"];

/// How many instances of a destination a source may have, in a mode.
const INSTANCES: &[&str] = &["0", "1", "MULTIPLE", "NONE", "SINGLE"];

/// Sources.
pub static SOURCES: Resource = Resource::list("Sources", "segment", "/sources", "data.sources")
    .id("id")
    .keep(&[("enabled", Keep::Flag)]);

/// Schema settings of a source.
pub static SETTINGS: Resource = Resource::one("SourceSettings", "segment", "/sources/{1}/settings")
    .id("data.sourceId")
    .under(&SOURCES)
    .keep(&[
        ("data.settings.track.allowUnplannedEvents", Keep::Flag),
        ("data.settings.track.allowUnplannedEventProperties", Keep::Flag),
        ("data.settings.track.commonEventOnViolations", Keep::Words(ON_VIOLATION)),
        ("data.settings.identify.allowUnplannedTraits", Keep::Flag),
        ("data.settings.identify.commonEventOnViolations", Keep::Words(ON_VIOLATION)),
        ("data.settings.group.allowUnplannedTraits", Keep::Flag),
        ("data.settings.group.commonEventOnViolations", Keep::Words(ON_VIOLATION)),
        ("data.settings.forwardingBlockedEventsTo", Keep::Sid),
        ("data.settings.forwardingViolationsTo", Keep::Sid),
    ]);

/// Destinations.
pub static DESTINATIONS: Resource =
    Resource::list("Destinations", "segment", "/destinations", "data.destinations").id("id").keep(&[
        ("enabled", Keep::Flag),
        ("sourceId", Keep::Sid),
        ("metadata.id", Keep::Sid),
        ("metadata.slug", Keep::Words(receivers::SLUGS)),
        ("metadata.website", Keep::Urls),
        ("metadata.supportedFeatures.cloudModeInstances", Keep::Words(INSTANCES)),
        ("metadata.supportedFeatures.deviceModeInstances", Keep::Words(INSTANCES)),
        ("settings", Keep::With(reduce::urls_in)),
    ]);

/// Filters of a destination. The path has the singular.
pub static FILTERS: Resource =
    Resource::list("DestinationFilters", "segment", "/destination/{1}/filters", "data.filters")
        .id("id")
        .under(&DESTINATIONS)
        .keep(&[
            ("enabled", Keep::Flag),
            ("if", Keep::Words(&["all"])),
            ("actions", Keep::With(reduce::action_types)),
        ]);

/// Mappings of a destination.
pub static SUBSCRIPTIONS: Resource = Resource::list(
    "DestinationSubscriptions",
    "segment",
    "/destinations/{1}/subscriptions",
    "data.subscriptions",
)
.id("id")
.under(&DESTINATIONS)
.keep(&[
    ("enabled", Keep::Flag),
    ("modelId", Keep::Filled),
    ("settings", Keep::With(reduce::mapping)),
    ("settings.url", Keep::With(reduce::urls_in)),
]);

/// Functions, without their code. One kind is listed at a time.
pub static FUNCTIONS: Resource =
    Resource::list("Workspace Functions", "segment", "/functions?resourceType={each}", "data.functions")
        .each(&["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"])
        .id("id");

/// One function.
pub static FUNCTION: Resource = Resource::one("Function", "segment", "/functions/{1}")
    .id("data.function.id")
    .under(&FUNCTIONS)
    .keep(&[("data.function.catalogId", Keep::Sid), ("data.function.code", Keep::With(reduce::urls_in))]);

/// Models of Reverse ETL.
pub static MODELS: Resource =
    Resource::list("ReverseEtlModels", "segment", "/reverse-etl-models", "data.models")
        .id("id")
        .keep(&[("enabled", Keep::Flag), ("query", Keep::With(reduce::takes_all))]);

/// Tracking plans.
pub static PLANS: Resource =
    Resource::list("TrackingPlans", "segment", "/tracking-plans", "data.trackingPlans").id("id");

/// Sources a plan is attached to.
pub static PLAN_SOURCES: Resource =
    Resource::list("TrackingPlanSources", "segment", "/tracking-plans/{1}/sources", "data.sources")
        .id("id")
        .under(&PLANS);

/// Deletions and suppressions that were asked for.
pub static REGULATIONS: Resource =
    Resource::list("Regulations", "segment", "/regulations", "data.regulations").id("id").keep(&[
        (
            "status",
            Keep::Words(&[
                "FAILED",
                "FINISHED",
                "INITIALIZED",
                "INVALID",
                "NOT_SUPPORTED",
                "PARTIAL_SUCCESS",
                "RUNNING",
            ]),
        ),
        (
            "regulationType",
            Keep::Words(&[
                "SUPPRESS_ONLY",
                "SUPPRESS_WITH_DELETE",
                "DELETE_ARCHIVE_ONLY",
                "DELETE_ONLY",
                "DELETE_INTERNAL",
                "UNSUPPRESS",
                "SUPPRESS_WITH_DELETE_INTERNAL",
            ]),
        ),
    ]);

/// Spaces.
pub static SPACES: Resource = Resource::list("Spaces", "segment", "/spaces", "data.spaces").id("id");

/// Audiences of a space.
pub static AUDIENCES: Resource =
    Resource::list("Audiences", "segment", "/spaces/{1}/audiences", "data.audiences")
        .id("id")
        .under(&SPACES)
        .keep(&[
            ("definition", Keep::With(reduce::entities_asked)),
            ("definition.query", Keep::With(reduce::personal_words)),
        ]);

/// Destinations of an audience.
pub static AUDIENCE_DESTINATIONS: Resource = Resource::list(
    "AudienceDestinations",
    "segment",
    "/spaces/{2}/audiences/{1}/destination-connections",
    "data.connections",
)
.id("id")
.under(&AUDIENCES)
.keep(&[("enabled", Keep::Flag), ("destinationId", Keep::Sid)]);

/// What an audience sends to its destinations.
pub static ACTIVATIONS: Resource =
    Resource::list("Activations", "segment", "/spaces/{2}/audiences/{1}/activations", "data.activations")
        .id("id")
        .under(&AUDIENCES)
        .keep(&[
            ("enabled", Keep::Flag),
            ("connectionId", Keep::Sid),
            ("personalization.profile", Keep::With(reduce::personal_words)),
            ("personalization.entities", Keep::With(reduce::entities_sent)),
            ("destinationMapping.settings", Keep::With(reduce::mapping)),
        ]);

/// Computed traits of a space.
pub static TRAITS: Resource =
    Resource::list("ComputedTraits", "segment", "/spaces/{1}/computed-traits", "data.computedTraits")
        .id("id")
        .under(&SPACES)
        .keep(&[("definition.query", Keep::With(reduce::trait_query))]);

/// Warehouses that profiles are synced to.
pub static PROFILES_WAREHOUSES: Resource = Resource::list(
    "ProfilesWarehouses",
    "segment",
    "/spaces/{1}/profiles-warehouses",
    "data.profilesWarehouses",
)
.id("id")
.under(&SPACES)
.keep(&[
    ("enabled", Keep::Flag),
    ("metadata.slug", Keep::Words(receivers::WAREHOUSE_SLUGS)),
    ("settings", Keep::With(reduce::warehouse_host)),
]);

/// Entities of the Data Graph, by the relationships that lead to them.
pub static ENTITIES: Resource =
    Resource::list("EntityPaths", "segment", "/spaces/{1}/entity-paths", "data.entityPaths")
        .id("id")
        .under(&SPACES)
        .keep(&[("entitySlug", Keep::With(reduce::marks)), ("relationshipSlugs", Keep::With(reduce::marks))]);

/// The trail of who changed what.
pub static AUDIT_EVENTS: Resource = Resource::list("AuditEvents", "segment", "/audit-events", "data.events")
    .id("id")
    .keep(&[("timestamp", Keep::Day)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &SOURCES,
    &SETTINGS,
    &DESTINATIONS,
    &FILTERS,
    &SUBSCRIPTIONS,
    &FUNCTIONS,
    &FUNCTION,
    &MODELS,
    &PLANS,
    &PLAN_SOURCES,
    &REGULATIONS,
    &SPACES,
    &AUDIENCES,
    &AUDIENCE_DESTINATIONS,
    &ACTIVATIONS,
    &TRAITS,
    &PROFILES_WAREHOUSES,
    &ENTITIES,
    &AUDIT_EVENTS,
];

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
    if !function.facts.contains_key(field) {
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
    item.facts.contains_key(field) && !item.words(field).iter().any(|word| is_word(word))
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
        if !audience.facts.contains_key(field) {
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
