//! Decisions about designation itself.

use super::{AccountFacts, Check, refuse};
use crate::codes;
use crate::dates::Date;
use crate::designation::{Clearance, Path, may_use};

/// The account's place in an Organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Organization {
    /// The customer has none.
    Absent,
    /// There is one, and this account is not in it.
    NotLinked,
    /// This account is in it.
    Linked,
}

/// What the guard needs to know about a designation. The agreement itself is a fact of the account.
#[derive(Clone, Copy, Debug)]
pub struct DesignateFacts {
    /// How it is done.
    pub path: Path,
    /// Day on which the agreement was initiated; stored, never inferred.
    pub agreement_initiated: Date,
    /// An older customer has moved to self-service (DES-SUP-3).
    pub migrated: bool,
    /// The Organization, for self-service.
    pub organization: Organization,
    /// The entitlement to HIPAA accounts is held.
    pub entitled: bool,
    /// Ticket or agreement schedule that asks for it, for the support path.
    pub request_reference: bool,
}

/// What the guard needs to know about the designation of a workspace. Nothing about its account's designation or other
/// workspaces is among it: none is handed down (SEG-DES-3).
#[derive(Clone, Copy, Debug)]
pub struct DesignateWorkspaceFacts {
    /// An agreement of the customer is in force.
    pub agreement_active: bool,
    /// The package that includes HIPAA workspaces is held.
    pub entitled: bool,
    /// Ticket or agreement schedule that asks for it.
    pub request_reference: bool,
}

/// What a source of a workspace is to do with events that are not planned. The workspace is the account of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaControl {
    /// Anything that is unplanned, or violates its rule, is let through or let through in part.
    LetThrough,
    /// All of it is blocked.
    Block,
    /// What is blocked is kept in another source.
    Quarantine {
        /// Somebody is on record who reviews it.
        has_owner: bool,
        /// Its events go on to a destination.
        has_destination: bool,
    },
}

pub(super) fn schema_control(workspace: &AccountFacts, control: SchemaControl) -> Check {
    match control {
        _ if !workspace.protected => Ok(()),
        SchemaControl::LetThrough => Err(refuse("PRO-PLAN-1", codes::SCHEMA_CONTROLS_LOCKED, None)),
        SchemaControl::Quarantine { has_owner: false, .. } => {
            Err(refuse("PRO-PLAN-2", codes::QUARANTINE_WITHOUT_OWNER, Some("forwardingBlockedEventsTo")))
        }
        SchemaControl::Quarantine { has_destination: true, .. } => {
            Err(refuse("PRO-PLAN-2", codes::QUARANTINE_WITH_DESTINATION, Some("forwardingBlockedEventsTo")))
        }
        SchemaControl::Block | SchemaControl::Quarantine { .. } => Ok(()),
    }
}

pub(super) fn designate_workspace(facts: &DesignateWorkspaceFacts) -> Check {
    if !facts.agreement_active {
        return Err(refuse("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, None));
    }
    if !facts.entitled {
        return Err(refuse("SEG-DES-1", codes::WORKSPACE_ENTITLEMENT_MISSING, None));
    }
    if !facts.request_reference {
        return Err(refuse("SEG-DES-4", codes::WORKSPACE_REQUEST_MISSING, None));
    }
    Ok(())
}

pub(super) fn designate(account: &AccountFacts, facts: &DesignateFacts) -> Check {
    if !account.agreement_active {
        return Err(refuse("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, None));
    }
    if !facts.entitled {
        return Err(refuse("DES-EDITION-1", codes::ENTITLEMENT_MISSING, None));
    }
    let path_is_open = may_use(facts.path, facts.agreement_initiated, facts.migrated);
    match facts.path {
        Path::Support if !path_is_open => Err(refuse("DES-SELF-1", codes::ORGANIZATION_MISSING, None)),
        Path::Support if !facts.request_reference => {
            Err(refuse("DES-SUP-2", codes::REQUEST_REFERENCE_MISSING, None))
        }
        Path::Support => Ok(()),
        Path::SelfService if !path_is_open => Err(refuse("DES-SUP-1", codes::SELF_SERVICE_NOT_OPEN, None)),
        Path::SelfService => match facts.organization {
            Organization::Absent => Err(refuse("DES-SELF-1", codes::ORGANIZATION_MISSING, None)),
            Organization::NotLinked => Err(refuse("DES-SELF-2", codes::ACCOUNT_NOT_LINKED, None)),
            Organization::Linked => Ok(()),
        },
    }
}

/// An account that is not a HIPAA project has nothing to clear.
pub(super) fn undesignate(account: &AccountFacts, clearance: Clearance) -> Check {
    if (account.protected || account.phi_permitted) && !clearance.is_complete() {
        return Err(refuse("DES-SCOPE-1", codes::UNDESIGNATION_NOT_READY, None));
    }
    Ok(())
}
