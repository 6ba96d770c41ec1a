//! What is read of each product, and which rules it settles: the tables of the audit.
//!
//! One file per product of the vendor, resources first, checks after. A rule that stands in none of them can only be
//! attested.

mod accounts;
mod all;
mod chat;
mod conversations;
mod events;
mod flex;
mod hosts;
mod intelligence;
mod marketplace;
mod messaging;
pub(crate) mod probes;
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
    let all: [&[&Resource]; 16] = [
        accounts::RESOURCES,
        usage::RESOURCES,
        messaging::RESOURCES,
        conversations::RESOURCES,
        chat::RESOURCES,
        verify::RESOURCES,
        runtime::RESOURCES,
        voice::RESOURCES,
        trunking::RESOURCES,
        video::RESOURCES,
        marketplace::RESOURCES,
        intelligence::RESOURCES,
        events::RESOURCES,
        flex::RESOURCES,
        segment::RESOURCES,
        probes::RESOURCES,
    ];
    all.into_iter().flatten().copied()
}

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
    let all: [&[Check]; 17] = [
        all::CHECKS,
        accounts::CHECKS,
        usage::CHECKS,
        messaging::CHECKS,
        conversations::CHECKS,
        chat::CHECKS,
        verify::CHECKS,
        runtime::CHECKS,
        voice::CHECKS,
        trunking::CHECKS,
        video::CHECKS,
        marketplace::CHECKS,
        intelligence::CHECKS,
        events::CHECKS,
        flex::CHECKS,
        segment::CHECKS,
        probes::CHECKS,
    ];
    all.into_iter().flatten()
}
