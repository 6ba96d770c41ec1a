//! Schema settings of a source: what becomes of events that its tracking plan does not allow. In a HIPAA workspace they
//! cannot be loosened (`PRO-PLAN-1`), and what is blocked goes only to a source that somebody reviews (`PRO-PLAN-2`).

use base::SourceSid;
use kit::ctx::decide;
use rulebook::Action;
use rulebook::guard::SchemaControl;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use store::Document;

use super::wire::{Failed, Reply};
use super::{Call, sources};
use crate::records::Source;
use crate::schema_settings::{OnCommon, SchemaSettings, TraitSettings};
use crate::workspaces::guarded;

/// `GET /sources/{sourceId}/settings`: as events are judged by them.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let source = sources::find(&call, call.source(0)?).await?;
    Ok(shown(&call, &source))
}

fn shown(call: &Call, source: &Document<Source>) -> Reply {
    let settings = source.facts.schema.effective(call.is_hipaa());
    Reply::found(json!({ "sourceId": source.sid.to_string(), "settings": settings }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    #[serde(default)]
    track: Track,
    #[serde(default)]
    identify: Traits,
    #[serde(default)]
    group: Traits,
    #[serde(default, deserialize_with = "given")]
    forwarding_violations_to: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    forwarding_blocked_events_to: Option<Option<String>>,
}

/// What is absent stays as it is; what is null or empty is turned off.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.filter(|text| !text.is_empty())))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Track {
    allow_unplanned_events: Option<bool>,
    allow_unplanned_event_properties: Option<bool>,
    allow_event_on_violations: Option<bool>,
    allow_properties_on_violations: Option<bool>,
    common_event_on_violations: Option<OnCommon>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Traits {
    allow_unplanned_traits: Option<bool>,
    allow_traits_on_violations: Option<bool>,
    common_event_on_violations: Option<OnCommon>,
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

impl Traits {
    fn apply(self, traits: &mut TraitSettings) -> Result<(), Failed> {
        if self.common_event_on_violations == Some(OnCommon::OmitProperties) {
            return Err(wrong_word());
        }
        set(&mut traits.allow_unplanned_traits, self.allow_unplanned_traits);
        set(&mut traits.allow_traits_on_violations, self.allow_traits_on_violations);
        set(&mut traits.common_event_on_violations, self.common_event_on_violations);
        Ok(())
    }
}

fn wrong_word() -> Failed {
    Failed::invalid(
        "commonEventOnViolations",
        "ALLOW, BLOCK, or OMIT_PROPERTIES or OMIT_TRAITS, as the call has them",
    )
}

impl Update {
    /// The settings with what changes about them.
    fn apply(self, mut settings: SchemaSettings) -> Result<SchemaSettings, Failed> {
        let track = self.track;
        if track.common_event_on_violations == Some(OnCommon::OmitTraits) {
            return Err(wrong_word());
        }
        set(&mut settings.track.allow_unplanned_events, track.allow_unplanned_events);
        set(&mut settings.track.allow_unplanned_event_properties, track.allow_unplanned_event_properties);
        set(&mut settings.track.allow_event_on_violations, track.allow_event_on_violations);
        set(&mut settings.track.allow_properties_on_violations, track.allow_properties_on_violations);
        set(&mut settings.track.common_event_on_violations, track.common_event_on_violations);
        self.identify.apply(&mut settings.identify)?;
        self.group.apply(&mut settings.group)?;
        set(&mut settings.forwarding_violations_to, self.forwarding_violations_to);
        set(&mut settings.forwarding_blocked_events_to, self.forwarding_blocked_events_to);
        Ok(settings)
    }
}

/// `PATCH /sources/{sourceId}/settings`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let update: Update = call.json()?;
    let mut source = sources::find(&call, call.source(0)?).await?;
    let hipaa = call.is_hipaa();
    let wanted = update.apply(source.facts.schema.effective(hipaa))?;
    let workspace = guarded(&call.workspace.facts);
    let control = if wanted.lets_through() { SchemaControl::LetThrough } else { SchemaControl::Block };
    decide(&workspace, &Action::ControlSchema(control))?;
    if wanted.forwarding_violations_to != source.facts.schema.forwarding_violations_to {
        target(&call, &source, "forwardingViolationsTo", wanted.forwarding_violations_to.as_deref()).await?;
    }
    if wanted.forwarding_blocked_events_to != source.facts.schema.forwarding_blocked_events_to {
        let to = wanted.forwarding_blocked_events_to.as_deref();
        if let Some(quarantine) = target(&call, &source, "forwardingBlockedEventsTo", to).await? {
            let has_owner = quarantine.facts.owner.is_some();
            let stream = quarantine.sid.to_string();
            let consumers = call.scoped().consumers().await?;
            let has_destination = consumers.iter().any(|consumer| consumer.stream == stream);
            let control = SchemaControl::Quarantine { has_owner, has_destination };
            decide(&workspace, &Action::ControlSchema(control))?;
        }
    }
    source.facts.schema = wanted;
    let source = sources::save(&call, source).await?;
    Ok(shown(&call, &source))
}

/// The source that is named, which is another one of this workspace.
async fn target(
    call: &Call,
    source: &Document<Source>,
    field: &'static str,
    named: Option<&str>,
) -> Result<Option<Document<Source>>, Failed> {
    let wrong = || Failed::invalid(field, "another source of this workspace");
    let Some(named) = named else { return Ok(None) };
    let sid: SourceSid = named.parse().map_err(|_| wrong())?;
    if sid == source.sid {
        return Err(wrong());
    }
    Ok(Some(call.scoped().get::<Source>(sid).await?.ok_or_else(wrong)?))
}
