//! Segment's Public API: sources, destinations, plans, functions, models, spaces. Definitions, queries, mappings and
//! code are reduced to closed words and hosts; their text is not kept.

use serde_json::Value;

use crate::check::{Check, Notes, Test, all, each};
use crate::fact::{Fact, Keep, UrlFacts, each_text};
use crate::observations::Item;
use crate::resource::Resource;

const ON_VIOLATION: &[&str] = &["ALLOW", "BLOCK", "OMIT_PROPERTIES", "OMIT_TRAITS"];

/// Destinations that call the customer's own URL: their vendor receives nothing.
const WEBHOOKS: &[&str] = &["webhooks", "actions-webhook"];

/// Words in a definition or mapping that name a person.
const PERSONAL: &[&str] = &[
    "email",
    "phone",
    "mobile",
    "name",
    "firstname",
    "lastname",
    "fullname",
    "ssn",
    "mrn",
    "birthday",
    "birthdate",
    "dob",
    "address",
    "street",
    "zip",
    "zipcode",
    "diagnosis",
    "medication",
    "condition",
    "allergy",
    "procedure",
];

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
        ("metadata.slug", Keep::Words(WEBHOOKS)),
        ("metadata.website", Keep::Urls),
        ("settings", Keep::With(urls_in)),
    ]);

/// Filters of a destination. The path has the singular.
pub static FILTERS: Resource =
    Resource::list("DestinationFilters", "segment", "/destination/{1}/filters", "data.filters")
        .id("id")
        .under(&DESTINATIONS)
        .keep(&[
            ("enabled", Keep::Flag),
            ("if", Keep::Words(&["all"])),
            ("actions", Keep::With(action_types)),
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
.keep(&[("enabled", Keep::Flag), ("modelId", Keep::Filled), ("settings", Keep::With(mapping))]);

/// Functions, without their code.
pub static FUNCTIONS: Resource =
    Resource::list("Workspace Functions", "segment", "/functions", "data.functions").id("id");

/// One function.
pub static FUNCTION: Resource = Resource::one("Function", "segment", "/functions/{1}")
    .id("data.function.id")
    .under(&FUNCTIONS)
    .keep(&[("data.function.code", Keep::With(urls_in))]);

/// Models of Reverse ETL.
pub static MODELS: Resource =
    Resource::list("ReverseEtlModels", "segment", "/reverse-etl-models", "data.models")
        .id("id")
        .keep(&[("enabled", Keep::Flag), ("query", Keep::With(takes_all))]);

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
        .keep(&[("definition.query", Keep::With(personal_words))]);

/// Computed traits of a space.
pub static TRAITS: Resource =
    Resource::list("ComputedTraits", "segment", "/spaces/{1}/computed-traits", "data.computedTraits")
        .id("id")
        .under(&SPACES)
        .keep(&[("definition.query", Keep::With(takes_all))]);

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
    &TRAITS,
    &AUDIT_EVENTS,
];

/// URLs that stand in a text or in the texts of an object; an empty list when there are none.
fn urls_in(value: &Value) -> Option<Fact> {
    let mut urls: Vec<UrlFacts> = Vec::new();
    each_text(value, &mut |text| {
        for (at, _) in text.match_indices("http") {
            let rest = &text[at..];
            if !rest.starts_with("http://") && !rest.starts_with("https://") {
                continue;
            }
            let ends = |c: char| c.is_whitespace() || "\"'`<>(){}\\,;$".contains(c);
            let url = rest.split(ends).next().unwrap_or_default();
            if let Some(Fact::Urls(found)) = Keep::Urls.of(&Value::from(url)) {
                urls.extend(found);
            }
        }
    });
    (value.is_string() || value.is_object()).then_some(Fact::Urls(urls))
}

fn action_types(value: &Value) -> Option<Fact> {
    let types = value.as_array()?.iter().filter_map(|action| action.get("type")).cloned().collect();
    Keep::Words(&["ALLOW_PROPERTIES", "DROP_PROPERTIES", "DROP", "SAMPLE"]).of(&Value::Array(types))
}

/// Whether a query takes every column there is.
fn takes_all(value: &Value) -> Option<Fact> {
    let spaced = value.as_str()?.to_ascii_lowercase().replace(',', " , ").replace('*', " * ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let starts = |word: &str| matches!(word, "select" | "distinct" | "all" | ",") || word.ends_with('.');
    let ends =
        |next: Option<&&str>| next.is_none_or(|word| matches!(*word, "from" | "," | "except" | "exclude"));
    let all = words.windows(2).enumerate().any(|(index, pair)| {
        pair[1] == "*" && starts(pair[0]) && (pair[0] == "select" || ends(words.get(index + 2)))
    });
    Some(Fact::Flag(all))
}

/// Words of [`PERSONAL`] in a text: whole words, also as parts of `first_name`, `home.phone` and `homePhone`.
fn personal_words(value: &Value) -> Option<Fact> {
    let mut found = Vec::new();
    let mut any = false;
    each_text(value, &mut |text| {
        any = true;
        let mut spaced = String::with_capacity(text.len());
        let mut before = ' ';
        for letter in text.chars() {
            if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
                spaced.push(' ');
            }
            spaced.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
            before = letter;
        }
        for word in spaced.split_whitespace() {
            found.extend(PERSONAL.iter().filter(|known| **known == word).map(|known| (*known).to_owned()));
        }
    });
    found.sort_unstable();
    found.dedup();
    any.then_some(Fact::Words(found))
}

/// [`personal_words`] of a mapping, and `everything` when it passes a whole object on.
fn mapping(value: &Value) -> Option<Fact> {
    let mut everything = false;
    each_text(value, &mut |text| {
        everything |= matches!(text, "$" | "$." | "$.properties" | "$.traits" | "$.context");
    });
    let mut words = match personal_words(value) {
        Some(Fact::Words(words)) => words,
        _ => Vec::new(),
    };
    if everything {
        words.push("everything".to_owned());
    }
    value.is_object().then_some(Fact::Words(words))
}

/// A destination whose every receiver is under agreement: the hosts it is set to call, and its vendor's, which a
/// webhook does not have. `None` when nothing says who receives.
fn coverage(destination: &Item, notes: &Notes<'_>) -> Option<bool> {
    let called = destination.urls("settings");
    let vendor = destination.urls("metadata.website");
    if called.is_empty() && vendor.is_empty() {
        return None;
    }
    let covers = |host: &str| {
        notes.is_registered(host) || host.strip_prefix("www.").is_some_and(|bare| notes.is_registered(bare))
    };
    let is_webhook = WEBHOOKS.iter().any(|slug| destination.says("metadata.slug", slug));
    let called_are = called.iter().all(|url| covers(&url.host));
    let vendor_is = !vendor.is_empty() && vendor.iter().all(|url| covers(&url.host));
    Some(called_are && (vendor_is || (is_webhook && !called.is_empty())))
}

fn is_covered(destination: &Item, notes: &Notes<'_>) -> bool {
    coverage(destination, notes) == Some(true)
}

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

fn mapped_to(subscription: &Item, notes: &Notes<'_>) -> Option<&'static str> {
    let destination = notes.items(&DESTINATIONS).iter().find(|it| subscription.is_under(it))?;
    (!is_covered(destination, notes)).then_some("goes to a destination without an agreement in force")
}

const WITH_FILTERS: &[&Resource] = &[&FILTERS];
const WITH_DESTINATIONS: &[&Resource] = &[&DESTINATIONS];
const WITH_PLANS: &[&Resource] = &[&PLAN_SOURCES];

const UNPLANNED_EVENTS: Test = each(&SETTINGS, |settings, notes| {
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
        match coverage(destination, notes) {
            Some(covered) => {
                notes.wants(covered, "", "receives data and has no agreement in force in the register");
            }
            None => notes.unsure(),
        }
    }
});

const STRIPPED: Test = each(&DESTINATIONS, |destination, notes| {
    if !is_off(destination) {
        let held = is_covered(destination, notes) || has_allow_list(destination, notes);
        notes.wants(held, "", "has neither an agreement nor a filter that allows named properties only");
    }
})
.also(WITH_FILTERS);

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
        let all = subscription.says("settings", "everything");
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
        match mapped_to(subscription, notes) {
            Some(note) => notes.fails("", note),
            None => notes.holds(),
        }
    }
})
.also(WITH_DESTINATIONS);

const RETL_STRIPPED: Test = each(&SUBSCRIPTIONS, |subscription, notes| {
    if subscription.is("modelId") && !is_off(subscription) {
        let bare = subscription.facts.contains_key("settings") && subscription.words("settings").is_empty();
        let held = bare || mapped_to(subscription, notes).is_none();
        notes.wants(held, "settings", "maps fields that name a person to a destination without an agreement");
    }
})
.also(WITH_DESTINATIONS);

const BLOCKED: Test = each(&SETTINGS, |settings, notes| {
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
    for field in ["data.settings.forwardingBlockedEventsTo", "data.settings.forwardingViolationsTo"] {
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
        let clean = audience.facts.contains_key(field) && audience.words(field).is_empty();
        notes.wants(clean, field, "names a person's data in its definition, or shows no definition");
    })])
    .leaves("linked audiences, journeys, and traits whose names do not tell what they hold"),
    Check::new("ENG-DEST-1", &[AGREED]).leaves("destinations of a space that the workspace's list does not show"),
    Check::new("ENG-DEST-2", &[STRIPPED]).leaves("what activations of an audience carry"),
    Check::new("ENG-TRAIT-1", &[each(&TRAITS, |it, notes| {
        let field = "definition.query";
        notes.wants(it.flag(field) == Some(false), field, "takes every column, or shows no definition");
    })])
    .leaves("why each trait is needed"),
    Check::new("UNI-LINK-1", &[MAPPED]).leaves("which enriched properties each destination really needs"),
    Check::new("UNI-LINK-2", &[UNPLANNED_EVENTS, FILTERED, AGREED, STRIPPED, CODE])
        .leaves("all that the rules of Connections leave to a person"),
    Check::new("ART-CTRL-INTEG", &[AGREED, CODE]).leaves("owner, purpose and review of each integration"),
    Check::new("ART-CTRL-AUDIT", &[all(&AUDIT_EVENTS, |events, notes| {
        notes.wants(!events.is_empty(), "", "shows no event, so that nothing says it is kept");
    })])
    .leaves("the HIPAA audit log of reads, which Segment hands out on request only"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_that_takes_everything_is_told_from_one_that_counts() {
        for all in
            ["Select * From p", "select p.*, q FROM p", "select a, * from p", "select distinct * from p"]
        {
            assert_eq!(takes_all(&json!(all)), Some(Fact::Flag(true)), "{all}");
        }
        for some in ["select a, b from p", "select count(*) from p", "select 2 * price from p"] {
            assert_eq!(takes_all(&json!(some)), Some(Fact::Flag(false)), "{some}");
        }
    }

    #[test]
    fn code_leaves_only_hosts() {
        let code =
            json!("const u = 'https://elsewhere.example.net/p?id=1'; fetch(`http://b.example.org/${x}`)");
        let Some(Fact::Urls(urls)) = urls_in(&code) else { panic!("there are URLs") };
        let hosts: Vec<&str> = urls.iter().map(|url| url.host.as_str()).collect();
        assert_eq!(hosts, ["elsewhere.example.net", "b.example.org"]);
    }

    #[test]
    fn definitions_leave_only_words_of_the_list() {
        let query = json!("trait('first_name') = 'Somebody' AND trait('homePhone') exists");
        let words = vec!["name".to_owned(), "phone".to_owned()];
        assert_eq!(personal_words(&query), Some(Fact::Words(words)));
        assert_eq!(personal_words(&json!("event('Viewed').count() > 1")), Some(Fact::Words(vec![])));
        let settings = json!({"all": {"@path": "$.properties"}});
        assert_eq!(mapping(&settings), Some(Fact::Words(vec!["everything".to_owned()])));
    }
}
