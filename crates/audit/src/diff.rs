//! What changed between two audits: verdicts, rules and subjects.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use rulebook::Date;
use serde::{Deserialize, Serialize};

use crate::render::{State, headline, one_line, pretty};
use crate::report::{FORMAT, Report, RuleReport, Verdict};

/// Why two reports are not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatMismatch {
    /// The format of the older report.
    pub old: u32,
    /// The format of the newer one.
    pub new: u32,
}

impl fmt::Display for FormatMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the older report has format {}, the newer one {}, and this program compares format {FORMAT} only: \
             audit again with this version, or compare with the version that wrote both",
            self.old, self.new
        )
    }
}

impl std::error::Error for FormatMismatch {}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The day of its observations.
    pub observed_on: Date,
    /// The edition it was judged by.
    pub edition: Date,
    /// The service that was read.
    pub provider: String,
    /// Its host.
    pub host: String,
    /// The worst verdict without an exception.
    pub headline: Verdict,
    /// The result in one sentence.
    pub summary: String,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It concerns the reader more than before.
    Worse,
    /// Less than before.
    Better,
    /// Between *pass* and *not applicable*.
    Neutral,
}

/// A rule came to something else for a subject that both reports judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The rule's id.
    pub rule: String,
    /// Its name.
    pub title: String,
    /// The subject's id.
    pub subject: String,
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// Which way.
    pub direction: Direction,
    /// Why, as the newer report says.
    pub reason: String,
}

/// A rule that only one of the reports has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleName {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it came to there.
    pub state: State,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// The older report.
    pub old: Side,
    /// The newer one.
    pub new: Side,
    /// What got worse first, and of that the worst; then what got better.
    pub changes: Vec<Change>,
    /// Rules of the newer report alone, in the guide's order.
    pub rules_new: Vec<RuleName>,
    /// Rules of the older report alone.
    pub rules_gone: Vec<RuleName>,
    /// Subjects of the newer report alone.
    pub subjects_new: Vec<String>,
    /// Subjects of the older report alone.
    pub subjects_gone: Vec<String>,
}

/// Compares two reports, the older one first.
///
/// # Errors
/// When one of them is not of [`FORMAT`].
pub fn compare(old: &Report, new: &Report) -> Result<Diff, FormatMismatch> {
    if old.format != FORMAT || new.format != FORMAT {
        return Err(FormatMismatch { old: old.format, new: new.format });
    }
    let before: BTreeMap<&str, &RuleReport> = old.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let after: BTreeMap<&str, &RuleReport> = new.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let mut changes = Vec::new();
    for rule in &new.rules {
        if let Some(earlier) = before.get(rule.id.as_str()) {
            changes_of(earlier, rule, &mut changes);
        }
    }
    // Stable: equal ones stay in the order of the guide and of the subjects.
    changes.sort_by_key(|change| (change.direction, std::cmp::Reverse(change.to)));
    Ok(Diff {
        old: side(old),
        new: side(new),
        changes,
        rules_new: only_in(new, &before),
        rules_gone: only_in(old, &after),
        subjects_new: subjects_only_in(new, old),
        subjects_gone: subjects_only_in(old, new),
    })
}

/// The diff as indented JSON, with a newline at the end.
pub fn json(diff: &Diff) -> String {
    pretty(diff)
}

/// The diff for a terminal, without colours.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    for (name, side) in [("before", &diff.old), ("now", &diff.new)] {
        let _ = writeln!(
            out,
            "{name:<7} {}, edition {}, {} at {}: {}",
            side.observed_on,
            side.edition,
            one_line(&side.provider),
            one_line(&side.host),
            side.summary
        );
    }
    if diff.is_of_two_services() {
        out.push_str("These are reports on two different services.\n");
    }
    for (heading, direction) in
        [("Worse", Direction::Worse), ("Better", Direction::Better), ("Other", Direction::Neutral)]
    {
        let changes: Vec<&Change> =
            diff.changes.iter().filter(|change| change.direction == direction).collect();
        if changes.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{heading}: {}", changes.len());
        for change in changes {
            let line = format!(
                "{}: {} -> {}  {} ({}) {}",
                change.rule,
                change.from.label(),
                change.to.label(),
                change.subject,
                change.title,
                change.reason
            );
            let _ = writeln!(out, "  {}", one_line(&line));
        }
    }
    for (heading, rules) in [("New rules", &diff.rules_new), ("Rules that are gone", &diff.rules_gone)] {
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{heading}: {}", rules.len());
        for rule in rules {
            let line = format!("{}: {} ({})", rule.id, rule.state.label(), rule.title);
            let _ = writeln!(out, "  {}", one_line(&line));
        }
    }
    for (heading, subjects) in
        [("New subjects", &diff.subjects_new), ("Subjects that are gone", &diff.subjects_gone)]
    {
        if !subjects.is_empty() {
            let _ = writeln!(out, "\n{heading}: {}", one_line(&subjects.join(", ")));
        }
    }
    if diff.is_empty() {
        out.push_str("\nNothing changed.\n");
    }
    out
}

impl Diff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.rules_new.is_empty()
            && self.rules_gone.is_empty()
            && self.subjects_new.is_empty()
            && self.subjects_gone.is_empty()
    }

    /// Whether the two reports are on different hosts or providers.
    pub fn is_of_two_services(&self) -> bool {
        self.old.host != self.new.host || self.old.provider != self.new.provider
    }
}

/// How much a state concerns the reader: *pass* and *not applicable* do not.
pub(crate) fn direction(from: State, to: State) -> Direction {
    match from.max(State::Pass).cmp(&to.max(State::Pass)) {
        std::cmp::Ordering::Less => Direction::Worse,
        std::cmp::Ordering::Greater => Direction::Better,
        std::cmp::Ordering::Equal => Direction::Neutral,
    }
}

fn changes_of(old: &RuleReport, new: &RuleReport, changes: &mut Vec<Change>) {
    let before: BTreeMap<&str, State> =
        old.answers.iter().map(|answer| (answer.subject.as_str(), State::of_answer(answer))).collect();
    for answer in &new.answers {
        let Some(&from) = before.get(answer.subject.as_str()) else { continue };
        let to = State::of_answer(answer);
        if from != to {
            changes.push(Change {
                rule: new.id.clone(),
                title: new.title.clone(),
                subject: answer.subject.clone(),
                from,
                to,
                direction: direction(from, to),
                reason: answer.reason.clone(),
            });
        }
    }
}

fn side(report: &Report) -> Side {
    Side {
        observed_on: report.observed_on,
        edition: report.edition,
        provider: report.provider.clone(),
        host: report.host.clone(),
        headline: report.headline,
        summary: headline(report),
    }
}

fn only_in(report: &Report, other: &BTreeMap<&str, &RuleReport>) -> Vec<RuleName> {
    let rules = report.rules.iter().filter(|rule| !other.contains_key(rule.id.as_str()));
    rules
        .map(|rule| RuleName { id: rule.id.clone(), title: rule.title.clone(), state: State::of_rule(rule) })
        .collect()
}

fn subjects_only_in(report: &Report, other: &Report) -> Vec<String> {
    let known: std::collections::BTreeSet<&str> =
        other.subjects.iter().map(|subject| subject.id.as_str()).collect();
    let ids = report.subjects.iter().map(|subject| &subject.id);
    ids.filter(|id| !known.contains(id.as_str())).cloned().collect()
}
