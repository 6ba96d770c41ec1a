//! What is read of a workspace.
//!
//! Paths, members and words are those of Segment's published models (`public-api-sdk-typescript` 73.2.0), by which
//! `cargo xtask audit-fixtures` checks the recorded workspaces.

use super::{receivers, reduce};
use crate::fact::Keep;
use crate::resource::Resource;

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
        ("data.settings.track.allowEventOnViolations", Keep::Flag),
        ("data.settings.track.allowPropertiesOnViolations", Keep::Flag),
        ("data.settings.identify.allowTraitsOnViolations", Keep::Flag),
        ("data.settings.group.allowTraitsOnViolations", Keep::Flag),
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
