//! What must hold of an edition, and between one edition and the next.

use super::{Edition, LoadError, WITHDRAWAL_NOTICE_DAYS};
use crate::codes;
use crate::records::{Eligibility, System};
use std::collections::BTreeSet;

pub(super) fn check_edition(edition: &Edition) -> Result<(), LoadError> {
    check_unique(
        edition
            .rules
            .iter()
            .map(|rule| rule.id.as_str())
            .chain(edition.derived.iter().map(|rule| rule.id.as_str())),
    )?;
    check_unique(edition.systems.iter().map(|system| system.id.as_str()))?;
    check_unique(edition.policies.iter().map(|policy| policy.name.as_str()))?;
    check_unique(edition.notes.iter().map(|note| note.rule.as_str()))?;
    check_names(
        edition,
        "a note of the evidence report",
        edition.notes.iter().map(|note| note.rule.as_str()),
    )?;
    for derived in &edition.derived {
        check_names(edition, &derived.id, derived.supports.iter().map(String::as_str))?;
    }
    for system in &edition.systems {
        check_names(edition, &system.id, system.rules.iter().map(String::as_str))?;
        check_notice(system)?;
        let has_code = system.rules.first().is_some_and(|rule| codes::of_system_rule(rule).is_some());
        if system.verdict == Eligibility::NotEligible && !has_code {
            return Err(LoadError::SystemWithoutCode(system.id.clone()));
        }
    }
    if let Some(policy) = edition.policies.iter().find(|policy| !policy.options.contains(&policy.default)) {
        return Err(LoadError::Policy(policy.name.clone()));
    }
    let unknown =
        edition.changes.iter().flat_map(|change| &change.systems).find(|id| edition.system(id).is_none());
    unknown.map_or(Ok(()), |id| Err(LoadError::UnknownSystem(id.clone())))
}

fn check_unique<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), LoadError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(LoadError::Duplicate(id.to_owned()));
        }
    }
    Ok(())
}

pub(super) fn check_names<'a>(
    edition: &Edition,
    named_by: &str,
    mut rules: impl Iterator<Item = &'a str>,
) -> Result<(), LoadError> {
    match rules.find(|rule| !edition.has_rule(rule)) {
        Some(rule) => Err(LoadError::UnknownRule { named_by: named_by.to_owned(), rule: rule.to_owned() }),
        None => Ok(()),
    }
}

/// CON-DEPR-1: both dates or none, and at least the promised days between them.
fn check_notice(system: &System) -> Result<(), LoadError> {
    let days = match (system.announced_on, system.effective_on) {
        (None, None) => return Ok(()),
        (Some(announced), Some(effective)) => Some(effective.days_since(announced)),
        _ => None,
    };
    if days.is_some_and(|days| days >= WITHDRAWAL_NOTICE_DAYS) {
        return Ok(());
    }
    Err(LoadError::ShortNotice { system: system.id.clone(), days })
}

/// CON-DEPR-1 and CON-DEPR-2 between one edition and the next.
pub(super) fn check_succession(earlier: &Edition, later: &Edition) -> Result<(), LoadError> {
    if earlier.id >= later.id {
        return Err(LoadError::Header(later.id.to_string()));
    }
    let announced: BTreeSet<&str> = later
        .changes
        .iter()
        .filter(|change| change.date > earlier.id && change.date <= later.id)
        .flat_map(|change| change.systems.iter().map(String::as_str))
        .collect();
    for before in &earlier.systems {
        let unannounced = || LoadError::UnannouncedChange { edition: later.id, system: before.id.clone() };
        // A withdrawn system stays in the list as not eligible, so that nobody has to guess.
        let after = later.system(&before.id).ok_or_else(unannounced)?;
        if after.verdict == before.verdict {
            continue;
        }
        if !announced.contains(before.id.as_str()) {
            return Err(unannounced());
        }
        // Loss of eligibility counts as withdrawal; its end of notice may not lie after the edition that ends it.
        let notice_is_over = after.effective_on.is_some_and(|effective| effective <= later.id);
        if after.verdict == Eligibility::NotEligible && !notice_is_over {
            return Err(LoadError::ShortNotice { system: before.id.clone(), days: None });
        }
    }
    let added = later
        .systems
        .iter()
        .find(|system| earlier.system(&system.id).is_none() && !announced.contains(system.id.as_str()));
    added.map_or(Ok(()), |system| {
        Err(LoadError::UnannouncedChange { edition: later.id, system: system.id.clone() })
    })
}
