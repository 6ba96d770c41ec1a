//! The sections before and after the rules: what an officer reads first, and what an assessor looks up.

use std::collections::BTreeMap;
use std::fmt::Write;

use rulebook::Owner;

use super::{Escaped, Page, badge, bar, capitalized, close_section, counted, folding_table, open_section};
use crate::diff::{Diff, Direction};
use crate::render::{
    State, denied, level_words, own_words, owner_words, products, severity_rank, tally, tally_words, version,
};
use crate::report::{RuleReport, SubjectKind};

/// Outcomes of reading that leave nothing out: `absent` says that there is no such resource.
const WHOLE: [&str; 2] = ["read", "absent"];
/// Changes that are listed; the rest is counted, and stands in the diff.
const CHANGES_SHOWN: usize = 100;

pub(super) fn summary(out: &mut String, page: &Page<'_>) {
    open_section(out, "summary", "Summary");
    if let Some(own) = &page.report.inside {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", Escaped(&own_words(own)));
    }
    let total = page.report.rules.len().max(1);
    let rows: Vec<String> = State::ALL
        .into_iter()
        .filter(|state| page.count(*state) > 0)
        .map(|state| {
            let count = page.count(state);
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{count}</td><td class=\"number\">{} %</td><td>{}</td></tr>",
                badge(state),
                (count * 200 + total) / (total * 2),
                meaning(state)
            )
        })
        .collect();
    folding_table(
        out,
        "",
        "Rules by verdict",
        "<th scope=\"col\">Verdict</th><th scope=\"col\" class=\"number\">Rules</th><th scope=\"col\" class=\"number\">Share</th><th scope=\"col\">Meaning</th>",
        &rows,
    );
    let rows: Vec<String> = products(page.report)
        .iter()
        .map(|product| {
            format!(
                "<tr><th scope=\"row\"><a href=\"#{}\">{}</a></th><td class=\"bar-cell\">{}<span class=\"small\">{}</span></td></tr>",
                product_anchor(page, product.name),
                Escaped(product.name),
                bar(&product.counts),
                tally_words(&product.counts)
            )
        })
        .collect();
    folding_table(
        out,
        "by-product",
        "Rules by product, worst first",
        "<th scope=\"col\">Product</th><th scope=\"col\">Rules</th>",
        &rows,
    );
    close_section(out);
}

/// The anchor of a product's rules: its place in the guide's order.
pub(super) fn product_anchor(page: &Page<'_>, name: &str) -> String {
    let first = page.report.rules.iter().position(|rule| rule.product == name);
    format!("product-{}", first.unwrap_or_default())
}

const fn meaning(state: State) -> &'static str {
    match state {
        State::Fail => "Observed, and not as the rule wants it",
        State::Error => "The answer of the service could not be read",
        State::AttestationExpired => "Somebody answered for it, too long ago",
        State::NotObserved => "Nobody could see, and nobody answers for it",
        State::Excepted => "Fails, and somebody answers for that until a day",
        State::Attested => "Not wholly observable; a named person answers for it",
        State::Pass => "Observed, and as the rule wants it",
        State::NotApplicable => "The rule says nothing about these subjects",
    }
}

/// How many answers got worse, and how many better.
pub(super) fn directions(diff: &Diff) -> (usize, usize) {
    let count = |direction| diff.changes.iter().filter(|change| change.direction == direction).count();
    (count(Direction::Worse), count(Direction::Better))
}

pub(super) fn trend(out: &mut String, page: &Page<'_>) {
    let (Some(previous), Some(result)) = (page.previous, &page.diff) else { return };
    open_section(out, "trend", "Since the previous run");
    let diff = match result {
        Ok(diff) => diff,
        Err(problem) => {
            let _ = writeln!(
                out,
                "<p>The two reports cannot be compared: {}.</p>",
                Escaped(&problem.to_string())
            );
            return close_section(out);
        }
    };
    if diff.is_of_two_services() {
        let _ = writeln!(
            out,
            "<p class=\"note\">The previous report is on another service: {} at {}.</p>",
            Escaped(&diff.old.provider),
            Escaped(&diff.old.host)
        );
    }
    let before = tally(&previous.rules);
    let rows: Vec<String> = [(&diff.old, &before), (&diff.new, &page.counts)]
        .iter()
        .map(|(side, counts)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"bar-cell\">{}<span class=\"small\">{}</span></td></tr>",
                side.observed_on,
                side.edition,
                badge(State::of_verdict(side.headline)),
                bar(counts),
                tally_words(counts)
            )
        })
        .collect();
    folding_table(
        out,
        "by-product",
        "The two runs",
        "<th scope=\"col\">Observed on</th><th scope=\"col\">Edition</th><th scope=\"col\">Result</th><th scope=\"col\">Rules</th>",
        &rows,
    );
    let (worse, better) = directions(diff);
    let _ = writeln!(out, "<p>{} worse, {} better.</p>", counted(worse, "answer"), better);
    let rows: Vec<String> = diff
        .changes
        .iter()
        .take(CHANGES_SHOWN)
        .map(|change| {
            let (arrow, word) = match change.direction {
                Direction::Worse => ("▲", "worse"),
                Direction::Better => ("▼", "better"),
                Direction::Neutral => ("·", "other"),
            };
            format!(
                "<tr><td class=\"nowrap\"><span aria-hidden=\"true\">{arrow}</span> {word}</td><th scope=\"row\">{} <span class=\"small\">{}</span></th><td class=\"sid\">{}</td><td>{}</td><td>{}</td></tr>",
                page.rule_link(&change.rule),
                Escaped(&change.title),
                Escaped(&change.subject),
                badge(change.from),
                badge(change.to)
            )
        })
        .collect();
    if !rows.is_empty() {
        folding_table(
            out,
            "",
            "Answers that changed, worse first",
            "<th scope=\"col\">Change</th><th scope=\"col\">Rule</th><th scope=\"col\">Subject</th><th scope=\"col\">Was</th><th scope=\"col\">Is</th>",
            &rows,
        );
    }
    if diff.changes.len() > CHANGES_SHOWN {
        let left_out = diff.changes.len() - CHANGES_SHOWN;
        let _ =
            writeln!(out, "<p>{} more; the diff as JSON has all of them.</p>", counted(left_out, "change"));
    }
    for (words, rules) in [("New rules", &diff.rules_new), ("Rules that are gone", &diff.rules_gone)] {
        if !rules.is_empty() {
            let links: Vec<String> = rules.iter().map(|rule| page.rule_link(&rule.id)).collect();
            let _ = writeln!(out, "<p>{words}: {}.</p>", links.join(", "));
        }
    }
    for (words, subjects) in
        [("New subjects", &diff.subjects_new), ("Subjects that are gone", &diff.subjects_gone)]
    {
        if !subjects.is_empty() {
            let _ = writeln!(
                out,
                "<p>{words}: <span class=\"sid\">{}</span>.</p>",
                Escaped(&subjects.join(", "))
            );
        }
    }
    close_section(out);
}

pub(super) fn first(out: &mut String, page: &Page<'_>) {
    open_section(out, "first", "What to do first");
    let mut failing: Vec<&RuleReport> =
        page.report.rules.iter().filter(|rule| State::of_rule(rule) == State::Fail).collect();
    failing.sort_by_key(|rule| severity_rank(rule));
    if failing.is_empty() {
        out.push_str("<p>No rule fails without an exception.</p>\n");
        return close_section(out);
    }
    let rows: Vec<String> = failing
        .iter()
        .map(|rule| {
            let fails =
                rule.answers.iter().filter(|answer| State::of_answer(answer) == State::Fail).count();
            format!(
                "<tr><td>{}</td><th scope=\"row\">{} <span class=\"small\">{}</span></th><td>{}</td><td class=\"number\">{fails}</td></tr>",
                severity(rule),
                page.rule_link(&rule.id),
                Escaped(&rule.title),
                Escaped(&rule.remedy)
            )
        })
        .collect();
    folding_table(
        out,
        "",
        "Rules that fail, most severe first",
        "<th scope=\"col\">Severity</th><th scope=\"col\">Rule</th><th scope=\"col\">What to do</th><th scope=\"col\" class=\"number\">Subjects</th>",
        &rows,
    );
    close_section(out);
}

pub(super) fn severity(rule: &RuleReport) -> String {
    let rank = severity_rank(rule);
    let dots = ["●●●", "●●○", "●○○"][usize::from(rank)];
    format!(
        "<span class=\"severity\"><span aria-hidden=\"true\">{dots}</span> {}</span>",
        Escaped(&rule.severity)
    )
}

pub(super) fn subjects(out: &mut String, page: &Page<'_>) {
    open_section(out, "subjects", "Who was judged");
    let subjects = &page.report.subjects;
    let differs = |designated: bool, expected: Option<bool>| expected.is_some_and(|e| e != designated);
    let unexpected = subjects.iter().filter(|subject| differs(subject.designated, subject.expected)).count();
    let _ = writeln!(
        out,
        "<p>{} judged. {}</p>",
        counted(subjects.len(), "subject"),
        match unexpected {
            0 => "No designation differs from what the guide’s table expects.".to_owned(),
            1 => "The designation of 1 differs from what the guide’s table expects; it stands first."
                .to_owned(),
            many => format!(
                "The designations of {many} differ from what the guide’s table expects; they stand first."
            ),
        }
    );
    let mut answers: BTreeMap<&str, BTreeMap<State, usize>> = BTreeMap::new();
    for answer in page.report.rules.iter().flat_map(|rule| &rule.answers) {
        let counts = answers.entry(answer.subject.as_str()).or_default();
        *counts.entry(State::of_answer(answer)).or_insert(0) += 1;
    }
    let mut ordered: Vec<_> = subjects.iter().collect();
    ordered.sort_by_key(|subject| !differs(subject.designated, subject.expected));
    let none = BTreeMap::new();
    let rows: Vec<String> = ordered
        .into_iter()
        .map(|subject| {
            let yes = |value: bool| if value { "yes" } else { "no" };
            let expected = match subject.expected {
                Some(expected) if expected != subject.designated => {
                    format!("<strong>{}, differs</strong>", yes(expected))
                }
                Some(expected) => yes(expected).to_owned(),
                None => "not known".to_owned(),
            };
            let case = subject.case.as_ref();
            format!(
                "<tr><th scope=\"row\" class=\"sid\">{}</th><td>{}</td><td class=\"sid\">{}</td><td>{}</td><td>{expected}</td><td>{}</td><td class=\"small\">{}</td></tr>",
                Escaped(&subject.id),
                match subject.kind {
                    SubjectKind::Account => "account",
                    SubjectKind::Workspace => "workspace",
                },
                subject.parent.as_ref().map_or("–".to_owned(), |parent| Escaped(parent).to_string()),
                yes(subject.designated),
                case.map_or("–".to_owned(), |case| Escaped(case).to_string()),
                tally_words(answers.get(subject.id.as_str()).unwrap_or(&none))
            )
        })
        .collect();
    folding_table(
        out,
        "",
        "Designation of the subjects",
        "<th scope=\"col\">Subject</th><th scope=\"col\">Kind</th><th scope=\"col\">Owned by</th><th scope=\"col\">Designated</th><th scope=\"col\">Expected</th><th scope=\"col\">Case</th><th scope=\"col\">Rules</th>",
        &rows,
    );
    close_section(out);
}

pub(super) fn responsibility(out: &mut String, page: &Page<'_>) {
    open_section(out, "responsibility", "Who is responsible");
    out.push_str("<p>Every rule stands under exactly one of the three.</p>\n");
    let states: Vec<State> = State::ALL.into_iter().filter(|state| page.count(*state) > 0).collect();
    let mut head = "<th scope=\"col\">Responsible</th>".to_owned();
    for state in &states {
        let _ = write!(head, "<th scope=\"col\" class=\"number\">{}</th>", capitalized(state.label()));
    }
    head.push_str("<th scope=\"col\" class=\"number\">All</th>");
    let row = |name: &str, counts: &BTreeMap<State, usize>| {
        let mut row = format!("<tr><th scope=\"row\">{name}</th>");
        for state in &states {
            let count = counts.get(state).copied().unwrap_or(0);
            let shown = if count == 0 { "–".to_owned() } else { count.to_string() };
            let _ = write!(row, "<td class=\"number\">{shown}</td>");
        }
        let _ =
            write!(row, "<td class=\"number\"><strong>{}</strong></td></tr>", counts.values().sum::<usize>());
        row
    };
    let mut rows: Vec<String> = [Owner::Customer, Owner::Platform, Owner::Both]
        .into_iter()
        .map(|owner| {
            let rules = page.report.rules.iter().filter(|rule| rule.owner == owner);
            row(&capitalized(owner_words(owner)), &tally(rules))
        })
        .collect();
    rows.push(row("All", &page.counts));
    folding_table(out, "matrix", "Rules by responsibility and verdict", &head, &rows);
    close_section(out);
}

pub(super) fn regulation(out: &mut String, page: &Page<'_>) {
    open_section(out, "regulation", "By section of 45 CFR");
    let mut sections: BTreeMap<&str, Vec<&RuleReport>> = BTreeMap::new();
    for rule in &page.report.rules {
        for section in &rule.cfr {
            sections.entry(section).or_default().push(rule);
        }
    }
    let without = page.report.rules.iter().filter(|rule| rule.cfr.is_empty()).count();
    let _ = writeln!(
        out,
        "<p>A rule that serves several sections is listed under each. {} of the product alone: {} no section.</p>",
        capitalized(&counted(without, "rule")),
        if without == 1 { "it serves" } else { "they serve" }
    );
    let rows: Vec<String> = sections
        .into_iter()
        .map(|(section, mut rules)| {
            let worst = rules.iter().map(|rule| State::of_rule(rule)).max().unwrap_or(State::NotApplicable);
            let counts = tally(rules.iter().copied());
            rules.sort_by_key(|rule| std::cmp::Reverse(State::of_rule(rule)));
            let mut groups = String::new();
            for state in State::ALL {
                let links: Vec<String> = rules
                    .iter()
                    .filter(|rule| State::of_rule(rule) == state)
                    .map(|rule| page.rule_link(&rule.id))
                    .collect();
                if !links.is_empty() {
                    let _ = write!(
                        groups,
                        "<div><span class=\"small\">{}:</span> {}</div>",
                        capitalized(state.label()),
                        links.join(", ")
                    );
                }
            }
            format!(
                "<tr><th scope=\"row\" class=\"nowrap\">{}</th><td>{}</td><td class=\"number\">{}</td><td>{groups}</td></tr>",
                Escaped(section),
                badge(worst),
                counts.values().sum::<usize>()
            )
        })
        .collect();
    if rows.is_empty() {
        return close_section(out);
    }
    folding_table(
        out,
        "",
        "Sections of 45 CFR and the rules that serve them",
        "<th scope=\"col\">Section</th><th scope=\"col\">Worst</th><th scope=\"col\" class=\"number\">Rules</th><th scope=\"col\">Which</th>",
        &rows,
    );
    close_section(out);
}

pub(super) fn unseen(out: &mut String, page: &Page<'_>) {
    open_section(out, "unseen", "What could not be observed");
    let permissions: Vec<String> = denied(page.report)
        .map(|source| {
            let links: Vec<String> = source.missed_by.iter().map(|id| page.rule_link(id)).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                Escaped(&source.permission),
                Escaped(&source.request),
                Escaped(&source.resource),
                if links.is_empty() { "–".to_owned() } else { links.join(", ") }
            )
        })
        .collect();
    if permissions.is_empty() {
        out.push_str("<p>The key lacked no permission.</p>\n");
    } else {
        folding_table(
            out,
            "",
            "Permissions the key lacked",
            "<th scope=\"col\">Permission</th><th scope=\"col\">Request</th><th scope=\"col\">Resource</th><th scope=\"col\">Rules not observed for want of it</th>",
            &permissions,
        );
    }
    let others: Vec<String> = page
        .report
        .sources
        .iter()
        .filter(|source| {
            source.outcomes.iter().any(|(word, count)| *count > 0 && !WHOLE.contains(&word.as_str()))
        })
        .map(|source| {
            let outcomes: Vec<String> = source
                .outcomes
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(word, count)| format!("{} {}", word.replace('_', " "), count))
                .collect();
            let links: Vec<String> = source.missed_by.iter().map(|id| page.rule_link(id)).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                Escaped(&source.resource),
                Escaped(&source.request),
                Escaped(&outcomes.join(", ")),
                if links.is_empty() { "–".to_owned() } else { links.join(", ") }
            )
        })
        .collect();
    if others.is_empty() {
        out.push_str("<p>Every resource was read wholly.</p>\n");
    } else {
        folding_table(
            out,
            "",
            "Resources not read, or not wholly, with the number of subjects",
            "<th scope=\"col\">Resource</th><th scope=\"col\">Request</th><th scope=\"col\">Outcomes</th><th scope=\"col\">Rules not observed for want of it</th>",
            &others,
        );
    }
    let rows: Vec<String> = page
        .report
        .rules
        .iter()
        .filter(|rule| matches!(State::of_rule(rule), State::NotObserved | State::AttestationExpired))
        .map(|rule| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                page.rule_link(&rule.id),
                badge(State::of_rule(rule)),
                Escaped(&rule.question)
            )
        })
        .collect();
    if !rows.is_empty() {
        folding_table(
            out,
            "",
            "Questions an attestation would answer",
            "<th scope=\"col\">Rule</th><th scope=\"col\">Verdict</th><th scope=\"col\">Question</th>",
            &rows,
        );
    }
    close_section(out);
}

pub(super) fn readings(out: &mut String, page: &Page<'_>) {
    open_section(out, "readings", "Readings applied");
    out.push_str(
        "<p>Where the guide can be read in two ways, a switch says which reading was judged by.</p>\n",
    );
    let rows: Vec<String> = page
        .report
        .policies
        .iter()
        .map(|(switch, option)| {
            format!(
                "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td></tr>",
                Escaped(switch),
                Escaped(option)
            )
        })
        .collect();
    if rows.is_empty() {
        out.push_str("<p>None.</p>\n");
    } else {
        folding_table(
            out,
            "narrow",
            "Switches and the options chosen",
            "<th scope=\"col\">Switch</th><th scope=\"col\">Option</th>",
            &rows,
        );
    }
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &page.report.rules {
        *levels.entry(level_words(rule.level)).or_insert(0) += 1;
    }
    let words: Vec<String> = levels.iter().map(|(level, count)| format!("{count} {level}")).collect();
    let _ = writeln!(out, "<p>Rules by the guide’s label: {}.</p>", words.join(", "));
    close_section(out);
}

pub(super) fn again(out: &mut String, page: &Page<'_>) {
    open_section(out, "again", "How to run it again");
    let report = page.report;
    let _ = writeln!(
        out,
        "<p>Run <code>switchward audit</code> (this report: version {}) against <code>{}</code> with the same \
         designation, attestations and exceptions. The audit only reads. This run made {} of at most {} and saw {}.</p>",
        Escaped(version(report)),
        Escaped(&report.host),
        counted(report.requests.made, "request"),
        report.requests.budget,
        counted(report.requests.items, "resource")
    );
    out.push_str(
        "<p>Equal observations give an equal report, byte for byte. Keep the JSON report: the next run is compared \
         with it, and this page can be made from it again.</p>\n",
    );
    close_section(out);
}
