//! A source's schema settings, as the Public API has them and as they are kept: what becomes of events that a tracking
//! plan does not allow. Until somebody says otherwise everything is let through, as Segment has it; in a HIPAA workspace
//! nothing is, whatever they say (`PRO-PLAN-1`).

use base::SourceSid;
use plans::OnViolation;
use serde::{Deserialize, Serialize};

/// What follows from a violation of the common rule, in Segment's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnCommon {
    /// Nothing.
    #[default]
    Allow,
    /// The event is blocked.
    Block,
    /// What violates is left out, of a track call.
    OmitProperties,
    /// What violates is left out, of a call with traits.
    OmitTraits,
}

impl OnCommon {
    const fn judged(self) -> OnViolation {
        match self {
            Self::Allow => OnViolation::Allow,
            Self::Block => OnViolation::Block,
            Self::OmitProperties | Self::OmitTraits => OnViolation::Omit,
        }
    }
}

/// For track calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackSettings {
    /// Events without a rule.
    pub allow_unplanned_events: bool,
    /// Properties that the rule does not declare.
    pub allow_unplanned_event_properties: bool,
    /// Events that violate their rule.
    pub allow_event_on_violations: bool,
    /// Properties that violate it.
    pub allow_properties_on_violations: bool,
    /// Violations of the common rule.
    pub common_event_on_violations: OnCommon,
}

/// For identify or group calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraitSettings {
    /// Traits that the rule does not declare.
    pub allow_unplanned_traits: bool,
    /// Traits that violate it.
    pub allow_traits_on_violations: bool,
    /// Violations of the common rule.
    pub common_event_on_violations: OnCommon,
}

impl TrackSettings {
    const fn all(allow: bool, on_common: OnCommon) -> Self {
        Self {
            allow_unplanned_events: allow,
            allow_unplanned_event_properties: allow,
            allow_event_on_violations: allow,
            allow_properties_on_violations: allow,
            common_event_on_violations: on_common,
        }
    }
}

impl TraitSettings {
    const fn all(allow: bool, on_common: OnCommon) -> Self {
        Self {
            allow_unplanned_traits: allow,
            allow_traits_on_violations: allow,
            common_event_on_violations: on_common,
        }
    }
}

impl Default for TrackSettings {
    fn default() -> Self {
        Self::all(true, OnCommon::Allow)
    }
}

impl Default for TraitSettings {
    fn default() -> Self {
        Self::all(true, OnCommon::Allow)
    }
}

/// All of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaSettings {
    /// Track calls.
    pub track: TrackSettings,
    /// Identify calls.
    pub identify: TraitSettings,
    /// Group calls.
    pub group: TraitSettings,
    /// The source that is told of violations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarding_violations_to: Option<String>,
    /// The source that is given what is blocked: the quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarding_blocked_events_to: Option<String>,
}

impl SchemaSettings {
    /// What they come to: in a HIPAA workspace only where blocked events go is a matter of settings.
    pub fn effective(&self, hipaa: bool) -> Self {
        if !hipaa {
            return self.clone();
        }
        Self {
            track: TrackSettings::all(false, OnCommon::Block),
            identify: TraitSettings::all(false, OnCommon::Block),
            group: TraitSettings::all(false, OnCommon::Block),
            ..self.clone()
        }
    }

    /// Whether anything that is not planned is let through, or let through in part.
    pub fn lets_through(&self) -> bool {
        *self != self.effective(true)
    }

    /// As events are judged by them.
    pub fn judged(&self) -> plans::Settings {
        let traits = |traits: &TraitSettings| plans::TraitSettings {
            allow_unplanned_traits: traits.allow_unplanned_traits,
            allow_traits_on_violations: traits.allow_traits_on_violations,
            common_event_on_violations: traits.common_event_on_violations.judged(),
        };
        plans::Settings {
            allow_unplanned_events: self.track.allow_unplanned_events,
            allow_unplanned_event_properties: self.track.allow_unplanned_event_properties,
            allow_event_on_violations: self.track.allow_event_on_violations,
            allow_properties_on_violations: self.track.allow_properties_on_violations,
            common_event_on_violations: self.track.common_event_on_violations.judged(),
            identify: traits(&self.identify),
            group: traits(&self.group),
            quarantines_blocked_events: self.forwarding_blocked_events_to.is_some(),
        }
    }

    /// The source that is told of violations.
    pub fn violations_to(&self) -> Option<SourceSid> {
        self.forwarding_violations_to.as_ref()?.parse().ok()
    }

    /// The source that is given what is blocked.
    pub fn blocked_to(&self) -> Option<SourceSid> {
        self.forwarding_blocked_events_to.as_ref()?.parse().ok()
    }
}
