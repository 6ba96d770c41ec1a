//! When events of a HIPAA workspace may go to a destination (SEG-SCHEMA-1, SEG-FILTER-1, SEG-DEST-1, SEG-DEST-2).

use super::{Check, refuse};
use crate::codes;

/// What the guard needs to know about a destination of events, as of now. It is asked when the destination is switched
/// on and again at each hand-over.
#[derive(Clone, Copy, Debug)]
pub struct DestinationFacts {
    /// Its workspace is a HIPAA workspace.
    pub hipaa_workspace: bool,
    /// Events would be sent to it by the device itself, past everything that is decided here.
    pub device_mode: bool,
    /// Its scheme is `https`.
    pub scheme_https: bool,
    /// Its URL has a query parameter whose name promises PHI.
    pub has_phi_like_query: bool,
    /// Its host belongs to a party of the register under an agreement in force.
    pub host_covered: bool,
    /// Every trigger of it names the events that it lets through, and there is one.
    pub events_named: bool,
    /// Single fields are granted to it, and no whole part of events.
    pub fields_granted: bool,
    /// What can leave to it now is what was approved.
    pub manifest_approved: bool,
}

pub(super) fn use_destination(facts: &DestinationFacts) -> Check {
    if !facts.hipaa_workspace {
        return Ok(());
    }
    let table = [
        (facts.device_mode, "SEG-DEST-2", codes::DEVICE_MODE_REFUSED),
        (!facts.scheme_https, "GEN-HTTPS-2", codes::CALLBACK_NOT_HTTPS),
        (facts.has_phi_like_query, "ART-RESTR-TRACK", codes::PHI_IN_URL),
        (!facts.host_covered, "SEG-DEST-1", codes::DESTINATION_NOT_COVERED),
        (!facts.events_named, "SEG-SCHEMA-1", codes::EVENTS_NOT_NAMED),
        (!facts.fields_granted, "SEG-FILTER-1", codes::FIELDS_NOT_GRANTED),
        (!facts.manifest_approved, "SEG-FILTER-1", codes::MANIFEST_NOT_APPROVED),
    ];
    match table.into_iter().find(|(stands_against, ..)| *stands_against) {
        Some((_, rule, code)) => Err(refuse(rule, code, None)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: DestinationFacts = DestinationFacts {
        hipaa_workspace: true,
        device_mode: false,
        scheme_https: true,
        has_phi_like_query: false,
        host_covered: true,
        events_named: true,
        fields_granted: true,
        manifest_approved: true,
    };

    #[test]
    fn each_fact_alone_stands_against_it_in_a_hipaa_workspace_only() {
        let table = [
            (DestinationFacts { device_mode: true, ..GOOD }, "SEG-DEST-2"),
            (DestinationFacts { scheme_https: false, ..GOOD }, "GEN-HTTPS-2"),
            (DestinationFacts { has_phi_like_query: true, ..GOOD }, "ART-RESTR-TRACK"),
            (DestinationFacts { host_covered: false, ..GOOD }, "SEG-DEST-1"),
            (DestinationFacts { events_named: false, ..GOOD }, "SEG-SCHEMA-1"),
            (DestinationFacts { fields_granted: false, ..GOOD }, "SEG-FILTER-1"),
            (DestinationFacts { manifest_approved: false, ..GOOD }, "SEG-FILTER-1"),
        ];
        assert_eq!(use_destination(&GOOD), Ok(()));
        for (facts, rule) in table {
            assert_eq!(use_destination(&facts).map_err(|refusal| refusal.rule), Err(rule));
            assert_eq!(use_destination(&DestinationFacts { hipaa_workspace: false, ..facts }), Ok(()));
        }
    }
}
