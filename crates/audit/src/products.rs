//! What is read of each product, and which rules it settles: the tables of the audit.
//!
//! One file per product of the vendor, resources first, checks after. A rule that stands in none of them can only be
//! attested.

mod accounts;
mod all;
mod calls;
mod chat;
mod conversations;
mod events;
mod flex;
mod hosts;
mod insights;
mod intelligence;
mod marketplace;
mod messaging;
mod plugins;
pub(crate) mod probes;
mod retention;
mod runtime;
mod segment;
mod trunking;
mod usage;
mod verify;
mod video;
mod voice;

use crate::check::Check;
use crate::provider::Provider;
use crate::report::SubjectKind;
use crate::resource::Resource;

/// Every resource, parents before what lies under them.
pub fn resources() -> impl Iterator<Item = &'static Resource> {
    let all: [&[&Resource]; 20] = [
        accounts::RESOURCES,
        usage::RESOURCES,
        messaging::RESOURCES,
        conversations::RESOURCES,
        chat::RESOURCES,
        verify::RESOURCES,
        runtime::RESOURCES,
        voice::RESOURCES,
        calls::RESOURCES,
        trunking::RESOURCES,
        video::RESOURCES,
        marketplace::RESOURCES,
        intelligence::RESOURCES,
        events::RESOURCES,
        flex::RESOURCES,
        plugins::RESOURCES,
        insights::RESOURCES,
        retention::RESOURCES,
        segment::RESOURCES,
        probes::RESOURCES,
    ];
    all.into_iter().flatten().copied()
}

pub(crate) use flex::attached_to;
pub(crate) use hosts::is_vendor;

/// The checks that are for a provider.
pub fn checks_of(provider: Provider) -> impl Iterator<Item = &'static Check> {
    let is_for = move |check: &&Check| {
        let kind = if check.is_of_workspaces() { SubjectKind::Workspace } else { SubjectKind::Account };
        kind == provider.subjects() && (check.on.is_empty() || check.on.contains(&provider))
    };
    checks().filter(is_for)
}

/// Every check.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let all: [&[Check]; 21] = [
        all::CHECKS,
        accounts::CHECKS,
        usage::CHECKS,
        messaging::CHECKS,
        conversations::CHECKS,
        chat::CHECKS,
        verify::CHECKS,
        runtime::CHECKS,
        voice::CHECKS,
        calls::CHECKS,
        trunking::CHECKS,
        video::CHECKS,
        marketplace::CHECKS,
        intelligence::CHECKS,
        events::CHECKS,
        flex::CHECKS,
        plugins::CHECKS,
        insights::CHECKS,
        retention::CHECKS,
        segment::CHECKS,
        probes::CHECKS,
    ];
    all.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: nothing of an account is read that no rule asks about (minimum necessary). A list may be read for what
    /// lies under it.
    #[test]
    fn every_resource_is_read_for_a_rule() {
        let is_read = |resource: &Resource| {
            checks().any(|check| check.reads().any(|read| std::ptr::eq(read, resource)))
        };
        let leads_on = |resource: &Resource| {
            resources().any(|other| other.under.is_some_and(|parent| std::ptr::eq(parent, resource)))
        };
        let idle: Vec<&str> = resources()
            .filter(|resource| !is_read(resource) && !leads_on(resource))
            .map(|resource| resource.name)
            .collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    #[test]
    fn every_resource_is_listed_once_and_every_check_reads_listed_ones() {
        let mut names: Vec<&str> = resources().map(|resource| resource.name).collect();
        names.sort_unstable();
        // Readings are kept by name: two resources of one name would answer for each other.
        let twice: Vec<&str> =
            names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        let is_listed = |resource: &Resource| resources().any(|it| std::ptr::eq(it, resource));
        for check in checks() {
            assert!(check.reads().all(is_listed), "{}", check.rule);
        }
    }
}
