//! Marketplace: add-ons of third parties, which no agreement makes eligible.

use crate::check::{Check, Test, never};
use crate::resource::Resource;

/// Installed add-ons.
pub static ADD_ONS: Resource =
    Resource::list("InstalledAddOns", "marketplace", "/v1/InstalledAddOns", "installed_add_ons");

/// None is installed. The marketplace has no relaxed reading, so one that is switched off counts as well.
pub const NO_ADD_ONS: Test = never(&ADD_ONS, |_, notes| {
    notes.fails("", "is a marketplace add-on, which is not eligible even with an agreement");
});

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&ADD_ONS];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("VOI-MKT-1", &[NO_ADD_ONS]),
    Check::new("SMS-MKT-1", &[NO_ADD_ONS]),
    Check::new("LOOK-MKT-1", &[NO_ADD_ONS]),
];
