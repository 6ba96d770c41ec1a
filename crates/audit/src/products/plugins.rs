//! Plugins of Flex: what is released, and from where it is loaded.

use super::hosts;
use crate::check::{Check, Notes, Test, each};
use crate::fact::Keep::{Flag, Sid, Urls};
use crate::observations::Item;
use crate::resource::Resource;

/// Releases, newest first: the first one is in force.
pub static RELEASES: Resource =
    Resource::list("Plugin Releases", "flex-api", "/v1/PluginService/Releases", "releases")
        .keep(&[("configuration_sid", Sid)]);

/// What may be released.
pub static CONFIGURATIONS: Resource =
    Resource::list("Plugin Configurations", "flex-api", "/v1/PluginService/Configurations", "configurations");

/// The plugins of a configuration.
pub static RELEASED: Resource = Resource::list(
    "Configured Plugins",
    "flex-api",
    "/v1/PluginService/Configurations/{1}/Plugins",
    "plugins",
)
.id("plugin_sid")
.under(&CONFIGURATIONS)
.keep(&[
    ("plugin_url", Urls),
    ("plugin_archived", Flag),
    ("plugin_version_archived", Flag),
    ("private", Flag),
]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&RELEASES, &CONFIGURATIONS, &RELEASED];

const IN_FORCE: &[&Resource] = &[&RELEASES];
const LOADED_SAFELY: Test = each(&RELEASED, |plugin, notes| {
    if is_released(plugin, notes) {
        hosts::encrypted(plugin, notes);
        let archived = plugin.is("plugin_archived") || plugin.is("plugin_version_archived");
        notes.wants(!archived, "plugin_version_archived", "is released, though it was archived");
        notes.wants_flag(plugin, "private", "is given to browsers that are not signed in to Flex");
    }
})
.also(IN_FORCE);
/// Whoever made a plugin, its code comes from a party of the register.
const REGISTERED: Test = each(&RELEASED, |plugin, notes| {
    if is_released(plugin, notes) {
        hosts::registered(plugin, notes);
    }
})
.also(IN_FORCE);

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("FLEX-PLUG-1", &[LOADED_SAFELY])
        .leaves("that each released version of each plugin is built and used compliantly"),
    Check::new("FLEX-PLUG-3", &[REGISTERED])
        .leaves("that each plugin was reviewed alike, whoever made it, the vendor included"),
];

/// Whether the release in force has the plugin's configuration.
fn is_released(plugin: &Item, notes: &Notes<'_>) -> bool {
    let in_force = notes.items(&RELEASES).first().and_then(|release| release.word("configuration_sid"));
    in_force.is_some_and(|sid| plugin.id.split('/').next() == Some(sid))
}
