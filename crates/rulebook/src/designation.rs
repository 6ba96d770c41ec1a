//! Which accounts are HIPAA projects: the guide's inheritance rules as one pure function.
//!
//! Two bits, not one. Where the guide is silent an account becomes *protected* and PHI stays *not
//! permitted*: safe in both directions. The row names (L1, S3, …) are those of the truth table in
//! the project's documentation, and each has a test.

use crate::dates::{Date, InvalidDate};
use serde::Serialize;

/// Agreements initiated before this day designate by request, later ones by self-service; on the day itself the customer chooses.
pub const BOUNDARY: Date = match Date::new(2024, 6, 6) {
    Ok(date) => date,
    Err(InvalidDate) => panic!("6 June 2024 is a day"),
};

/// How a customer designates accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// Named in the agreement or requested from the operator (DES-SUP-1).
    Support,
    /// By the customer, from within an Organization (DES-SELF-1).
    SelfService,
}

/// Whether an agreement of this date may use a path. `migrated` is true for an older customer whose
/// Organization was entitled on request (DES-SUP-3).
pub fn may_use(path: Path, agreement_initiated: Date, migrated: bool) -> bool {
    match path {
        Path::Support => agreement_initiated <= BOUNDARY,
        Path::SelfService => agreement_initiated >= BOUNDARY || migrated,
    }
}

/// The state of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bits {
    /// All defaults of a HIPAA project are applied and locked.
    pub protected: bool,
    /// Agreement, entitlement and designation cover PHI.
    pub phi_permitted: bool,
}

impl Bits {
    /// Not a HIPAA project.
    pub const OFF: Bits = Bits { protected: false, phi_permitted: false };
    /// Treated as one until somebody confirms that it is one.
    pub const GUARDED: Bits = Bits { protected: true, phi_permitted: false };
    /// A HIPAA project.
    pub const ON: Bits = Bits { protected: true, phi_permitted: true };
}

/// How the parent of a subaccount became a HIPAA project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentDesignation {
    /// When the agreement was signed.
    AtSigning,
    /// It did not: at signing only some of its subaccounts were named.
    OnlySomeSubaccounts,
    /// By a request after signing.
    LaterByRequest,
    /// By self-service.
    SelfService,
}

/// When an account was created, against the event that counts for it: the signing of the agreement, or
/// the parent's designation where that came later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It existed already.
    Before,
    /// It came after.
    After,
}

/// An account on which nobody has acted since it was created or the agreement was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How this customer designates.
    pub path: Path,
    /// Its parent's designation; none for a top-level account, or under a parent that has none.
    pub parent: Option<ParentDesignation>,
    /// When it was created.
    pub created: Created,
    /// The agreement names it.
    pub named_in_agreement: bool,
    /// The `inherit_self_service` switch is on.
    pub inherit_self_service: bool,
    /// A named person has confirmed that it inherits.
    pub confirmed: bool,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Nothing but its creation and the agreement (rows L1 to L9, S1 to S4, W1).
    Untouched(Origin),
    /// It was designated on its own account; `linked` is false once it has left the Organization (row S5).
    Designated {
        /// How.
        path: Path,
        /// Still in the Organization.
        linked: bool,
    },
    /// Its owner moved from requests to self-service (row M1).
    Migrated {
        /// Its state until then.
        before: Bits,
    },
    /// Somebody asks to end its designation (row X1).
    Undesignation {
        /// Its state until then.
        before: Bits,
        /// What is on record.
        clearance: Clearance,
    },
}

/// What must be on record before a designation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearance {
    /// PHI is still stored.
    pub phi_remains: bool,
    /// A report of the purge exists.
    pub purge_report: bool,
    /// A named person signed it.
    pub signed: bool,
}

impl Clearance {
    /// Whether the designation may end.
    pub fn is_complete(self) -> bool {
        !self.phi_remains && self.purge_report && self.signed
    }
}

/// The state an account is in.
pub fn outcome(case: Case) -> Bits {
    match case {
        Case::Untouched(origin) => untouched(origin),
        Case::Designated { path: Path::SelfService, linked: false } => Bits::GUARDED,
        Case::Designated { .. } => Bits::ON,
        Case::Migrated { before } => before,
        Case::Undesignation { clearance, .. } if clearance.is_complete() => Bits::OFF,
        Case::Undesignation { before, .. } => before,
    }
}

fn untouched(origin: Origin) -> Bits {
    use ParentDesignation::{AtSigning, LaterByRequest, OnlySomeSubaccounts, SelfService};
    match (origin.parent, origin.created) {
        // An agreement can name only what existed when it was signed; self-service needs an act of its own.
        (None | Some(AtSigning | OnlySomeSubaccounts | LaterByRequest), Created::Before)
            if origin.named_in_agreement && origin.path == Path::Support =>
        {
            Bits::ON
        }
        (_, Created::Before) => Bits::OFF,
        (Some(AtSigning), Created::After) => Bits::ON,
        (None | Some(OnlySomeSubaccounts), Created::After) => Bits::OFF,
        (Some(LaterByRequest), Created::After) if origin.confirmed => Bits::ON,
        (Some(SelfService), Created::After) if origin.confirmed && origin.inherit_self_service => Bits::ON,
        (Some(LaterByRequest | SelfService), Created::After) => Bits::GUARDED,
    }
}
