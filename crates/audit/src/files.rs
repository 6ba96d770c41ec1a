//! What people write down: who is designated, who answers for what, and which third parties are under agreement.
//!
//! Three TOML files, each read strictly: a mistake names file, line and field. None of them holds a secret.

mod designation;

pub use designation::{Account, Agreement, Designation, Method, Workspace};
pub use statements::{
    Answer, Attestation, Attestations, Exception, Mistake, Party, Register, Signer, sign, signing_key,
};

use rulebook::Rulebook;

/// The three files, read and checked.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Who is a HIPAA project, by whose word.
    pub designation: Designation,
    /// Who answers for what cannot be seen, and which failures are known and accepted for a while.
    pub attestations: Attestations,
    /// Third parties.
    pub register: Register,
}

impl Files {
    /// The option chosen for a policy switch; the edition's default unless the designation file says otherwise.
    pub fn policy(&self, switch: &str) -> &str {
        let chosen = self.designation.policy.get(switch).map(String::as_str);
        chosen.or_else(|| Rulebook::embedded().latest().switch(switch)).unwrap_or_default()
    }

    /// Whether a subject is designated by the file.
    pub fn is_designated(&self, id: &str) -> bool {
        self.designation.accounts.iter().any(|account| account.sid == id && account.designated)
            || self.designation.workspaces.iter().any(|workspace| workspace.id == id && workspace.designated)
    }
}
