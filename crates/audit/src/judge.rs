//! From what was seen, and what people wrote down, to a verdict on every rule: a pure function.
//!
//! The order of questions for one rule and one subject: does the rule speak of such a subject? is the subject a HIPAA
//! project? what was seen? who answers for the rest? No answer is better than what stands behind it: what could not
//! be read is never a pass, and a person's word never covers what was seen to fail.

mod designation;
mod inside;
mod sums;

use std::collections::BTreeMap;

use rulebook::{Date, Note, Rule, Rulebook};

use crate::check::{Check, Seen, look};
use crate::files::{Attestation, Files};
use crate::limits;
use crate::observations::{Observations, Observed, Outcome};
use crate::products;
use crate::provider::Provider;
use crate::report::{
    Answer, AttestationUsed, Evidence, ExceptionUsed, FORMAT, Own, Report, RuleReport, Source, Subject,
    SubjectKind, Verdict,
};
use crate::resource::Purpose;

/// Judges what was seen by the latest edition of the guide.
pub fn judge(seen: &Observations, files: &Files) -> Report {
    let edition = Rulebook::embedded().latest();
    let provider = Provider::named(&seen.provider).unwrap_or(Provider::Twilio);
    let bench =
        Bench { seen, files, today: seen.observed_on, checks: products::checks_of(provider).collect() };
    let note_of = |rule: &Rule| {
        edition.note(&rule.id).expect("a test of the rulebook shows that every rule has a note")
    };
    let (sums, others): (Vec<&Rule>, Vec<&Rule>) =
        edition.rules.iter().partition(|rule| sums::sum_of(&rule.id).is_some());
    let mut rules: Vec<RuleReport> =
        others.into_iter().map(|rule| bench.rule(rule, note_of(rule), &[])).collect();
    let summed: Vec<RuleReport> =
        sums.into_iter().map(|rule| bench.rule(rule, note_of(rule), &rules)).collect();
    rules.extend(summed);
    let place = |id: &str| edition.rules.iter().position(|rule| rule.id == id);
    rules.sort_by_key(|report| place(&report.id));
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut excepted = 0;
    let mut headline = Verdict::NotApplicable;
    for rule in &rules {
        let standing = rule.answers.iter().filter(|answer| answer.exception.is_none());
        let worst = standing.map(|answer| answer.verdict).max().unwrap_or(Verdict::NotApplicable);
        headline = headline.max(worst);
        // An exception hides its failure, and nothing else that is worse than an attestation.
        if rule.verdict == Verdict::Fail && worst <= Verdict::Attested {
            excepted += 1;
        } else {
            *counts.entry(worst).or_default() += 1;
        }
    }
    Report {
        format: FORMAT,
        tool: format!("switchward {}", env!("CARGO_PKG_VERSION")),
        edition: edition.id,
        edition_title: edition.title.clone(),
        observed_on: seen.observed_on,
        provider: seen.provider.clone(),
        host: seen.host.clone(),
        headline,
        counts,
        excepted,
        policies: edition
            .policies
            .iter()
            .map(|policy| (policy.name.clone(), files.policy(&policy.name).to_owned()))
            .collect(),
        subjects: seen.subjects.iter().map(|subject| bench.subject(subject)).collect(),
        sources: bench.sources(provider, &rules),
        rules,
        requests: seen.requests,
        inside: seen
            .inside
            .as_ref()
            .map(|inside| Own { ledger: inside.ledger.clone(), keys: inside.keys.clone() }),
    }
}

struct Bench<'a> {
    seen: &'a Observations,
    files: &'a Files,
    today: Date,
    checks: Vec<&'static Check>,
}

/// What was seen of a rule by itself.
struct Observation {
    /// None when there is no way to look.
    verdict: Option<Verdict>,
    reason: String,
    evidence: Vec<Evidence>,
    /// What is left for a person to answer for; empty when nothing is.
    leaves: &'static str,
}

impl Observation {
    fn of(verdict: Verdict, reason: impl Into<String>) -> Observation {
        Observation { verdict: Some(verdict), reason: reason.into(), evidence: Vec::new(), leaves: "" }
    }
}

impl Bench<'_> {
    fn subject(&self, subject: &Observed) -> Subject {
        let case = designation::case_of(self.seen, subject, self.files);
        Subject {
            id: subject.id.clone(),
            kind: subject.kind,
            parent: subject.parent.clone(),
            designated: self.files.is_designated(&subject.id),
            expected: case.as_ref().map(|case| case.expected),
            case: case.map(|case| case.row.to_owned()),
        }
    }

    /// `others` are the reports of the rules that a sum adds up.
    fn rule(&self, rule: &Rule, note: &Note, others: &[RuleReport]) -> RuleReport {
        let answer = |(index, subject)| {
            let observation = self.observation(rule, subject, |sum| sum.observe(others, index));
            self.answer(rule, note, subject, observation)
        };
        let answers: Vec<Answer> = self.seen.subjects.iter().enumerate().map(answer).collect();
        let built = self.seen.inside.as_ref().map(|_| inside::built(&rule.id));
        RuleReport { built, ..RuleReport::of(rule, note, answers) }
    }

    fn answer(&self, rule: &Rule, note: &Note, subject: &Observed, observation: Observation) -> Answer {
        let mut answer = Answer {
            subject: subject.id.clone(),
            verdict: Verdict::NotObserved,
            observed: observation.verdict,
            reason: observation.reason,
            more: observation.evidence.len().saturating_sub(limits::EVIDENCE),
            evidence: observation.evidence,
            attestation: None,
            exception: None,
        };
        answer.evidence.truncate(limits::EVIDENCE);
        match observation.verdict {
            Some(settled @ (Verdict::Fail | Verdict::Error | Verdict::NotApplicable)) => {
                answer.verdict = settled
            }
            Some(Verdict::Pass) if observation.leaves.is_empty() => answer.verdict = Verdict::Pass,
            _ => self.attest(&mut answer, rule, note, subject, observation.leaves),
        }
        if answer.verdict == Verdict::Fail
            && let Some(exception) = self.files.attestations.exception(&rule.id, &subject.id, self.today)
        {
            answer.exception = Some(ExceptionUsed {
                owner: exception.owner.clone(),
                reason: exception.reason.clone(),
                expires: exception.expires,
            });
        }
        answer
    }

    /// What was seen, before anybody's word.
    fn observation(
        &self,
        rule: &Rule,
        subject: &Observed,
        add_up: impl FnOnce(&sums::Sum) -> Observation,
    ) -> Observation {
        if !speaks_of(&rule.id, subject.kind) {
            let other = match subject.kind {
                SubjectKind::Account => "The rule is about workspaces of a customer-data platform.",
                SubjectKind::Workspace => "The rule is about accounts of a communications platform.",
            };
            return Observation::of(Verdict::NotApplicable, other);
        }
        if let Some(observation) = designation::observe(&rule.id, self.seen, subject, self.files) {
            return observation;
        }
        if !self.files.is_designated(&subject.id) {
            return Observation::of(Verdict::NotApplicable, "It is not designated as a HIPAA project.");
        }
        let observation = match sums::sum_of(&rule.id) {
            Some(sum) => add_up(sum),
            None => self.checked(rule, subject),
        };
        match &self.seen.inside {
            Some(inside) => inside::observe(&rule.id, inside, &subject.id, observation, self.files),
            None => observation,
        }
    }

    /// What the checks of a rule found.
    fn checked(&self, rule: &Rule, subject: &Observed) -> Observation {
        let seen: Vec<(&Check, Seen)> = self
            .checks
            .iter()
            .filter(|check| check.rule == rule.id)
            .map(|check| (*check, look(check, subject, self.files, self.today)))
            .collect();
        summed(seen)
    }

    /// Looks for a person's word about what was not seen.
    fn attest(&self, answer: &mut Answer, rule: &Rule, note: &Note, subject: &Observed, leaves: &str) {
        if !note.attestable {
            answer.reason.push_str(" Nobody's word can settle this rule.");
            return;
        }
        let about = |it: &&Attestation| it.is_about(&rule.id, &subject.id) && it.on <= self.today;
        let latest = self.files.attestations.attestations.iter().filter(about).max_by_key(|it| it.on);
        let Some(attestation) = latest else {
            if !leaves.is_empty() {
                answer.reason.push_str(" What is left for a person to answer: ");
                answer.reason.push_str(leaves);
            }
            answer.reason.push_str(" Nobody has attested it.");
            return;
        };
        if !attestation.is_signed(&self.files.designation.signers) {
            answer.reason.push_str(
                " There is an attestation, but no signature of the person it names (table `signer` of the designation file).",
            );
            return;
        }
        answer.attestation = Some(AttestationUsed {
            by: attestation.by.clone(),
            role: attestation.role.clone(),
            on: attestation.on,
            expires: attestation.expires,
            evidence: attestation.evidence.clone(),
        });
        let stands = self.today <= attestation.expires
            && self.today.days_since(attestation.on) <= i32::from(note.attest_days);
        answer.verdict = if stands { Verdict::Attested } else { Verdict::AttestationExpired };
        answer.reason.push_str(if stands {
            " A person answers for it."
        } else {
            " A person answered for it, too long ago."
        });
    }

    fn sources(&self, provider: Provider, rules: &[RuleReport]) -> Vec<Source> {
        let read_here = products::resources().filter(|resource| provider.has(resource));
        read_here
            .map(|resource| {
                let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
                let designated = self.seen.subjects.iter().filter(|it| self.files.is_designated(&it.id));
                for subject in designated {
                    let word = subject.reading(resource).outcome.as_str();
                    *outcomes.entry(word.to_owned()).or_default() += 1;
                }
                let is_whole = outcomes.keys().all(|word| word == "read" || word == "cut_short");
                let misses = |rule: &&RuleReport| {
                    let unseen = [Some(Verdict::NotObserved), Some(Verdict::Error)];
                    rule.answers.iter().any(|answer| unseen.contains(&answer.observed))
                        && self.checks.iter().any(|check| {
                            check.rule == rule.id && check.reads().any(|it| std::ptr::eq(it, resource))
                        })
                };
                Source {
                    resource: resource.name.to_owned(),
                    request: match resource.purpose {
                        Purpose::Probe => resource.path.to_owned(),
                        Purpose::Settings | Purpose::Sample => format!("GET {}", resource.path),
                    },
                    permission: if resource.purpose == Purpose::Probe {
                        String::new()
                    } else {
                        resource.permission()
                    },
                    missed_by: match is_whole {
                        true => Vec::new(),
                        false => rules.iter().filter(misses).map(|rule| rule.id.clone()).collect(),
                    },
                    outcomes,
                }
            })
            .collect()
    }
}

/// One observation out of the checks of a rule: the worst counts, and every fault is kept.
fn summed(seen: Vec<(&Check, Seen)>) -> Observation {
    if seen.is_empty() {
        return Observation {
            verdict: None,
            reason: "No API shows it.".to_owned(),
            evidence: Vec::new(),
            leaves: "",
        };
    }
    let leaves =
        seen.iter().map(|(check, _)| check.leaves).find(|leaves| !leaves.is_empty()).unwrap_or_default();
    let mut faults = Vec::new();
    let mut unread: Option<(&str, Outcome)> = None;
    let mut judged = None;
    let mut nothing = false;
    let mut unclear = false;
    for (_, seen) in seen {
        match seen {
            Seen::Fails(mut more) => faults.append(&mut more),
            Seen::Unread { resource, outcome } => {
                unread = unread.into_iter().chain([(resource, outcome)]).max_by_key(|(_, outcome)| *outcome);
            }
            Seen::Holds(count) => judged = Some(judged.unwrap_or(0) + count),
            Seen::Unclear => unclear = true,
            Seen::Nothing => nothing = true,
        }
    }
    // As within a check: what must not be there settles nothing beside what has to be.
    let judged = judged.filter(|count| *count > 0 || !nothing);
    let observation = match (faults.len(), unread, judged) {
        (0, Some((resource, outcome @ (Outcome::Failed | Outcome::Malformed))), _) => {
            Observation::of(Verdict::Error, format!("{resource} {}.", outcome.sentence()))
        }
        (0, Some((resource, outcome)), _) => {
            Observation::of(Verdict::NotObserved, format!("{resource} {}.", outcome.sentence()))
        }
        (0, None, _) if unclear => Observation::of(
            Verdict::NotObserved,
            "What was read does not tell whether it is as the rule wants it.",
        ),
        (0, None, Some(0)) => {
            Observation::of(Verdict::Pass, "There is nothing of the kind the rule is against.")
        }
        (0, None, Some(1)) => {
            Observation::of(Verdict::Pass, "The one thing that was looked at is as it should be.")
        }
        (0, None, Some(count)) => Observation::of(
            Verdict::Pass,
            format!("All {count} things that were looked at are as they should be."),
        ),
        (0, None, None) => {
            Observation::of(Verdict::NotApplicable, "There is nothing here that the rule speaks about.")
        }
        (1, _, _) => Observation::of(Verdict::Fail, "One thing is not as the rule wants it."),
        (count, _, _) => {
            Observation::of(Verdict::Fail, format!("{count} things are not as the rule wants them."))
        }
    };
    Observation { evidence: faults, leaves, ..observation }
}

/// Whether a rule is about such subjects, by the family of its id.
fn speaks_of(rule: &str, kind: SubjectKind) -> bool {
    const OF_WORKSPACES: [&str; 6] = ["SEG", "RETL", "UNI", "PRO", "PRIV", "ENG"];
    const OF_BOTH: [&str; 3] = ["CON", "ART", "AI"];
    let family = rule.split('-').next().unwrap_or_default();
    let is_of_workspaces = OF_WORKSPACES.contains(&family) || matches!(rule, "LOG-RECO-1" | "LOG-ENC-1");
    OF_BOTH.contains(&family) || is_of_workspaces == (kind == SubjectKind::Workspace)
}
