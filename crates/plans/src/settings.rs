//! A source's schema settings, named as in the Public API (`GET /sources/{id}/settings`).

/// Whose source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workspace {
    /// Settings decide.
    Plain,
    /// Whatever is unplanned or violates its rule is blocked, whatever the settings say (`PRO-PLAN-1`).
    Hipaa,
}

/// What follows from a violation of the common rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnViolation {
    /// Nothing.
    Allow,
    /// The event is blocked.
    Block,
    /// What violates is left out (`OMIT_PROPERTIES`, `OMIT_TRAITS`).
    Omit,
}

/// What a source does with what is not planned. The default blocks and omits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `track.allowUnplannedEvents`
    pub allow_unplanned_events: bool,
    /// `track.allowUnplannedEventProperties`
    pub allow_unplanned_event_properties: bool,
    /// `track.allowEventOnViolations`
    pub allow_event_on_violations: bool,
    /// `track.allowPropertiesOnViolations`
    pub allow_properties_on_violations: bool,
    /// `track.commonEventOnViolations`
    pub common_event_on_violations: OnViolation,
    /// `identify`
    pub identify: TraitSettings,
    /// `group`
    pub group: TraitSettings,
    /// `forwardingBlockedEventsTo`: whether blocked events go to a source of their own, the quarantine.
    pub quarantines_blocked_events: bool,
}

/// What a source does with traits that are not planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraitSettings {
    /// `allowUnplannedTraits`
    pub allow_unplanned_traits: bool,
    /// `allowTraitsOnViolations`
    pub allow_traits_on_violations: bool,
    /// `commonEventOnViolations`
    pub common_event_on_violations: OnViolation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_unplanned_events: false,
            allow_unplanned_event_properties: false,
            allow_event_on_violations: false,
            allow_properties_on_violations: false,
            common_event_on_violations: OnViolation::Block,
            identify: TraitSettings::default(),
            group: TraitSettings::default(),
            quarantines_blocked_events: false,
        }
    }
}

impl Default for TraitSettings {
    fn default() -> Self {
        Self {
            allow_unplanned_traits: false,
            allow_traits_on_violations: false,
            common_event_on_violations: OnViolation::Block,
        }
    }
}
