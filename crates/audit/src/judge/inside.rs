//! What Switchward's own store, ledger and tests say of a rule.
//!
//! A rule that its code does not enforce, or that no test proves in both directions, is never a pass here: what an API
//! showed of it stands, and so does that it is not built.

use rulebook::{Rulebook, Status};

use super::Observation;
use crate::files::Files;
use crate::inside::{Inside, Settings};
use crate::report::{Built, Evidence, Verdict};

/// What the store must say besides, for a rule that the code enforces.
struct Want {
    rule: &'static str,
    /// What was looked at.
    resource: &'static str,
    field: &'static str,
    look: fn(&Inside, &Settings, &Files) -> Found,
}

/// What was found, in one sentence of ours.
enum Found {
    Holds(&'static str),
    Fails(&'static str),
    /// It is not in use, so nothing is enforced and nothing shown.
    Idle(&'static str),
}

const fn want(
    rule: &'static str,
    resource: &'static str,
    field: &'static str,
    look: fn(&Inside, &Settings, &Files) -> Found,
) -> Want {
    Want { rule, resource, field, look }
}

const SETTINGS: &str = "account settings (store)";
const AGREEMENTS: &str = "agreements (store)";
const ORGANIZATION: &str = "organization (store)";
const LEDGER: &str = "ledger";
const REGISTER: &str = "register (store)";

static WANTS: &[Want] = &[
    want("CON-BAA-1", AGREEMENTS, "", in_force),
    want("ART-BAA-1", AGREEMENTS, "", in_force),
    want("ART-BAA-2", AGREEMENTS, "", in_force),
    want("ART-BAA-3", AGREEMENTS, "", in_force),
    want("ART-BAA-4", AGREEMENTS, "", in_force),
    want("DES-EDITION-1", ORGANIZATION, "entitled", |_, account, _| {
        settled(
            account.entitled,
            "holds the package with HIPAA accounts",
            "does not hold the package any more",
        )
    }),
    want("DES-SELF-2", ORGANIZATION, "linked", |_, account, _| {
        settled(account.linked, "is linked to an organization", "is linked to no organization")
    }),
    want("ART-CTRL-AUDIT", LEDGER, "intact", |inside, _, _| {
        settled(inside.ledger.intact, "verifies: every link, checkpoint and signature", "does not verify")
    }),
    want("SMS-REDACT-1", SETTINGS, "body_redaction", |_, account, _| {
        settled(account.body_redaction, "is on", "is off")
    }),
    want("SMS-REDACT-2", SETTINGS, "number_redaction", |_, account, _| {
        settled(account.number_redaction, "is on", "is off")
    }),
    want("SMS-REDACT-3", SETTINGS, "body_redaction, number_redaction", |_, account, _| {
        settled(account.body_redaction && account.number_redaction, "are both on", "are not both on")
    }),
    want("SMS-GEO-1", SETTINGS, "us_territories", |_, account, files| {
        let agrees = !account.us_territories || files.policy("us_territories") == "include";
        settled(agrees, "is as the reading of the rule wants it", "lets messages through to territories")
    }),
    want("ART-CTRL-INTEG", REGISTER, "parties", keeps_register),
    want("SMS-BOT-1", REGISTER, "parties", keeps_register),
    want("GEN-PKCV-1", SETTINGS, "enforce_client_validation", |_, account, _| {
        settled(account.client_validation, "is on", "is off: unsigned requests are answered")
    }),
];

fn settled(holds: bool, good: &'static str, bad: &'static str) -> Found {
    if holds { Found::Holds(good) } else { Found::Fails(bad) }
}

fn in_force(_: &Inside, account: &Settings, _: &Files) -> Found {
    settled(account.agreement.is_some(), "one is in force", "none is in force")
}

fn keeps_register(_: &Inside, account: &Settings, _: &Files) -> Found {
    match account.registered_parties {
        0 => Found::Idle("is empty, and then any public https host is called"),
        _ => Found::Holds("is kept, and nothing else is called"),
    }
}

/// How far the code has got with a rule, and the tests that prove it.
pub(super) fn built(rule: &str) -> Built {
    let listing = Rulebook::embedded().listing_of(rule);
    Built {
        status: listing.as_ref().map_or(Status::Declared, |listing| listing.status),
        places: listing.iter().flat_map(|it| &it.enforced).map(|row| row.place.to_owned()).collect(),
        tests: listing.iter().flat_map(|it| &it.tests).map(|test| (*test).to_owned()).collect(),
    }
}

/// What is to be said of a rule and a designated account, where `api` is what an API showed of it.
pub(super) fn observe(
    rule: &str,
    inside: &Inside,
    subject: &str,
    api: Observation,
    files: &Files,
) -> Observation {
    let built = built(rule);
    let Some(account) = inside.account(subject) else {
        return api;
    };
    if api.verdict == Some(Verdict::Fail) {
        return api;
    }
    if built.status != Status::Proven {
        let word = match built.status {
            Status::Enforced => "The program enforces it, but no test shows so in both directions.",
            _ => "Not built: the program does not enforce it.",
        };
        return Observation { reason: format!("{word} {}", api.reason), ..api };
    }
    let fault = |resource: &str, field: &str, note: &str| Evidence {
        resource: resource.to_owned(),
        id: subject.to_owned(),
        field: field.to_owned(),
        note: note.to_owned(),
    };
    if !account.protected {
        let observation =
            Observation::of(Verdict::Fail, "The store does not protect it, so nothing is enforced.");
        return Observation { evidence: vec![fault(SETTINGS, "protected", "is off")], ..observation };
    }
    let mut evidence = vec![fault(SETTINGS, "protected", "is on: all defaults of a HIPAA project apply")];
    let (mut verdict, mut reason) =
        (Verdict::Pass, format!("The program enforces it, which {} tests prove.", built.tests.len()));
    for want in WANTS.iter().filter(|want| want.rule == rule) {
        let (found, note) = match (want.look)(inside, account, files) {
            Found::Holds(note) => (Verdict::Pass, note),
            Found::Fails(note) => (Verdict::Fail, note),
            Found::Idle(note) => (Verdict::NotObserved, note),
        };
        if found > verdict {
            verdict = found;
            reason = "The program enforces it only where its settings say so.".to_owned();
            evidence.clear();
        }
        evidence.push(fault(want.resource, want.field, note));
    }
    Observation { verdict: Some(verdict), reason, evidence, leaves: api.leaves }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no row is about a rule that this program does not prove, where it would say nothing.
    #[test]
    fn every_row_is_about_a_proven_rule() {
        for want in WANTS {
            assert_eq!(built(want.rule).status, Status::Proven, "{}", want.rule);
        }
    }
}
