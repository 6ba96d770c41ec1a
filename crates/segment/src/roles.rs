//! Roles, as Segment names them: what a token of the Public API may do in its workspace.

use serde::{Deserialize, Serialize};

/// What an operation of the Public API is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The workspace itself, and its labels.
    Workspace,
    /// Sources with their keys and settings.
    Sources,
    /// Where the events of sources go.
    Destinations,
    /// Tracking plans and which sources they judge.
    Plans,
    /// Who is suppressed or deleted.
    Privacy,
    /// People, their roles, and what was done.
    People,
    /// What is not here.
    Elsewhere,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $label:literal, $says:literal;)*) => {
        /// A role.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Role { $($(#[$doc])* #[serde(rename = $id)] $name),* }

        impl Role {
            /// Every role.
            pub const ALL: &[Role] = &[$(Role::$name),*];

            /// Its id on the wire.
            pub const fn id(self) -> &'static str {
                match self { $(Role::$name => $id),* }
            }

            /// Segment's name of it.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$name => $label),* }
            }

            /// What it is for.
            pub const fn description(self) -> &'static str {
                match self { $(Role::$name => $says),* }
            }
        }
    };
}

roles! {
    /// Everything.
    WorkspaceOwner = "workspace_owner", "Workspace Owner", "Everything but what shows who somebody is";
    /// Sources.
    SourceAdmin = "source_admin", "Source Admin", "Makes, changes and removes sources and their destinations";
    /// Looks at sources.
    SourceReadOnly = "source_read_only", "Source Read-only", "Sees sources and their destinations";
    /// Tracking plans.
    TrackingPlanAdmin = "tracking_plan_admin", "Tracking Plan Admin", "Makes, changes, connects and removes tracking plans";
    /// Looks at tracking plans.
    TrackingPlanReadOnly = "tracking_plan_read_only", "Tracking Plan Read-only", "Sees tracking plans";
    /// Suppresses and deletes people.
    EndUserPrivacyAdmin = "end_user_privacy_admin", "End User Privacy Admin", "Suppresses people and deletes what is known of them";
    /// Sees who somebody is, where another role lets in.
    PiiAccess = "pii_access", "PII Access", "Sees user ids, where another role lets in";
}

impl Role {
    /// Whether it lets into an area.
    pub fn may(self, area: Area, writes: bool) -> bool {
        match self {
            Self::WorkspaceOwner => true,
            Self::PiiAccess => false,
            // Everybody knows where they are.
            _ if area == Area::Workspace && !writes => true,
            Self::SourceAdmin => {
                matches!(area, Area::Sources | Area::Destinations) || (area == Area::Plans && !writes)
            }
            Self::SourceReadOnly => matches!(area, Area::Sources | Area::Destinations) && !writes,
            Self::TrackingPlanAdmin => area == Area::Plans || (area == Area::Sources && !writes),
            Self::TrackingPlanReadOnly => area == Area::Plans && !writes,
            Self::EndUserPrivacyAdmin => area == Area::Privacy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_opens_its_area_and_no_other() {
        let who = |area, writes| {
            let may = Role::ALL.iter().filter(|role| role.may(area, writes));
            may.map(|role| role.id()).collect::<Vec<_>>()
        };
        assert_eq!(who(Area::Sources, true), ["workspace_owner", "source_admin"]);
        assert_eq!(who(Area::Destinations, true), ["workspace_owner", "source_admin"]);
        assert_eq!(who(Area::Plans, true), ["workspace_owner", "tracking_plan_admin"]);
        assert_eq!(who(Area::Privacy, false), ["workspace_owner", "end_user_privacy_admin"]);
        assert_eq!(who(Area::Workspace, true), ["workspace_owner"]);
        assert_eq!(who(Area::People, false), ["workspace_owner"]);
    }
}
