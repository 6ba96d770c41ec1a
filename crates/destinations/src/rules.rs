//! What the guard is told of a destination, and what is to be approved.

use auth::AccountContext;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use rulebook::guard::{self, DestinationFacts as Asked};
use rulebook::{Action, codes};

use crate::kinds::Reach;
use crate::pipeline::Pipeline;
use crate::records::DestinationFacts;

/// What the register calls deliveries of events.
pub(crate) const SERVICE: &str = "segment";

/// What the guard decides from.
pub(crate) fn asked(
    account: &AccountContext,
    facts: &DestinationFacts,
    reach: &Reach,
    pipeline: &Pipeline,
    is_hipaa: bool,
) -> Asked {
    let now = digest_of(&lines(facts, reach, pipeline));
    Asked {
        host_covered: account.is_registered(&reach.host, SERVICE),
        events_named: pipeline.names_events(),
        fields_granted: pipeline.grants_fields(),
        manifest_approved: facts.approved.as_ref().is_some_and(|approved| approved.digest == now),
        ..reached(reach, is_hipaa)
    }
}

/// The same of a destination that is not switched on: only how it is reached counts.
pub(crate) fn reached(reach: &Reach, hipaa_workspace: bool) -> Asked {
    Asked {
        hipaa_workspace,
        device_mode: false,
        scheme_https: reach.is_encrypted,
        has_phi_like_query: reach.looks_like_phi,
        host_covered: true,
        events_named: true,
        fields_granted: true,
        manifest_approved: true,
    }
}

/// Asks the guard about a hand-over; `Err` has the number of the refusal.
pub(crate) fn may_hand_over(account: &AccountContext, asked: Asked) -> Result<(), u32> {
    match guard::decide(&account.facts(SERVICE), &Action::UseDestination(asked)) {
        guard::Verdict::Allow(_) => Ok(()),
        guard::Verdict::Refuse(refusal) => Err(refusal.code),
    }
}

/// Whether events wait until a refusal with this number is lifted. Otherwise they pass the destination by: what came
/// while nobody was under contract is not given away later (SEG-DEST-1 "queues nothing").
pub(crate) fn is_waited_for(code: u32) -> bool {
    [codes::EVENTS_NOT_NAMED, codes::FIELDS_NOT_GRANTED, codes::MANIFEST_NOT_APPROVED].contains(&code)
}

/// What is approved: who receives, which events, which places of them.
pub(crate) fn lines(facts: &DestinationFacts, reach: &Reach, pipeline: &Pipeline) -> Vec<String> {
    let mut lines = vec![format!("> {}", reach.place)];
    lines.push(format!("< {}", facts.source));
    for mapping in facts.mappings.iter().filter(|mapping| mapping.enabled) {
        lines.push(format!("? {}", mapping.trigger));
    }
    lines.extend(pipeline.manifest().lines());
    lines.extend(pipeline.encrypted());
    lines
}

/// SHA-256 over the lines, each with its length in front.
pub(crate) fn digest_of(lines: &[String]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for line in lines {
        context.update(&(line.len() as u64).to_be_bytes());
        context.update(line.as_bytes());
    }
    HEXLOWER.encode(context.finish().as_ref())
}
