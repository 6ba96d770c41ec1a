//! Which test proves which rule, by the rulebook's own reading of the test sources.

use rulebook::Rulebook;
use rulebook::proofs::{Proofs, collect};

use crate::source::Source;

/// The tests of the workspace that are named after a rule.
pub(crate) fn of(sources: &[Source]) -> Proofs {
    let mut proofs = Proofs::new();
    for source in sources {
        collect(&source.text, Rulebook::embedded().rule_ids(), &mut proofs);
    }
    proofs
}
