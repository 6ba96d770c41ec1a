//! Every rule with its evidence: the part an assessor follows an anchor to.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::overview::{product_anchor, severity};
use super::{Escaped, Page, badge, bar, close_section, counted, open_section};
use crate::diff::direction;
use crate::render::{State, level_words, owner_words, status_words, tally_words};
use crate::report::{Answer, AttestationUsed, Built, Evidence, ExceptionUsed, RuleReport};

/// Different answers of one rule that are shown; the rest is counted, and stands in the JSON and CSV.
const GROUPS_SHOWN: usize = 25;
/// Subjects with the same answer that are named; the rest is counted.
const NAMES_SHOWN: usize = 50;

pub(super) fn rules(out: &mut String, page: &Page<'_>) {
    open_section(out, "rules", "Every rule");
    out.push_str(
        "<p>In the guide’s order. Subjects that pass, or to which a rule does not apply, are counted.</p>\n",
    );
    let mut products: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, rule) in page.report.rules.iter().enumerate() {
        match products.iter_mut().find(|(name, _)| *name == rule.product) {
            Some((_, rules)) => rules.push(index),
            None => products.push((&rule.product, vec![index])),
        }
    }
    for (name, indexes) in products {
        let anchor = product_anchor(page, name);
        let counts = super::tally(indexes.iter().map(|&index| &page.report.rules[index]));
        let _ = writeln!(
            out,
            "<section class=\"product\" aria-labelledby=\"{anchor}\">\n<h3 id=\"{anchor}\">{}</h3>\n<p class=\"small\">{}</p>\n{}",
            Escaped(name),
            tally_words(&counts),
            bar(&counts)
        );
        for index in indexes {
            rule(out, page, index);
        }
        out.push_str("</section>\n");
    }
    close_section(out);
}

fn rule(out: &mut String, page: &Page<'_>, index: usize) {
    let rule = &page.report.rules[index];
    let state = State::of_rule(rule);
    let anchor = Escaped(&page.anchors[index]).to_string();
    let _ = writeln!(
        out,
        "<article class=\"rule s-{}\" id=\"{anchor}\" aria-labelledby=\"{anchor}-title\">\n\
         <h4 id=\"{anchor}-title\"><a class=\"id\" href=\"#{anchor}\">{}</a> {}</h4>\n<p class=\"state\">{} {}</p>\n\
         <p class=\"statement\">{}</p>",
        state.as_str(),
        Escaped(&rule.id),
        Escaped(&rule.title),
        badge(state),
        severity(rule),
        Escaped(&rule.statement)
    );
    out.push_str("<dl class=\"meta\">\n");
    let listed = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    for (name, value) in [
        ("Level", level_words(rule.level).to_owned()),
        ("Responsible", owner_words(rule.owner).to_owned()),
        ("Source", listed(&rule.source)),
        ("45 CFR", listed(&rule.cfr)),
    ] {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Escaped(&value));
    }
    if let Some(history) = history(page, rule, state) {
        let _ = writeln!(out, "<div><dt>Previous run</dt><dd>{history}</dd></div>");
    }
    out.push_str("</dl>\n");
    if !matches!(state, State::Pass | State::NotApplicable | State::Attested) {
        let _ =
            writeln!(out, "<p class=\"remedy\"><strong>What to do:</strong> {}</p>", Escaped(&rule.remedy));
    }
    if matches!(state, State::NotObserved | State::AttestationExpired | State::Attested) {
        let _ = writeln!(
            out,
            "<p class=\"question\"><strong>{}:</strong> {}</p>",
            if state == State::Attested { "Question answered" } else { "Question to answer" },
            Escaped(&rule.question)
        );
    }
    if let Some(built) = &rule.built {
        own(out, built);
    }
    answers(out, rule);
    out.push_str("</article>\n");
}

/// What the program's own code does about the rule, where, and the tests that prove it.
fn own(out: &mut String, built: &Built) {
    let names = |list: &[String]| -> String {
        let names = list.iter().map(|name| format!("<span class=\"sid\">{}</span>", Escaped(name)));
        names.collect::<Vec<_>>().join(", ")
    };
    let _ = write!(out, "<p class=\"small\"><strong>This program:</strong> {}", status_words(built.status));
    if !built.places.is_empty() {
        let _ = write!(out, " in {}", names(&built.places));
    }
    if !built.tests.is_empty() {
        let _ = write!(out, ". Tests: {}", names(&built.tests));
    }
    out.push_str("</p>\n");
}

/// What the rule was in the previous run; none when there was none.
fn history(page: &Page<'_>, rule: &RuleReport, state: State) -> Option<String> {
    let diff = page.changes()?;
    let earlier = page.previous?.rules.iter().find(|earlier| earlier.id == rule.id);
    Some(match earlier.map(State::of_rule) {
        None => format!("new since edition {}", diff.old.edition),
        Some(before) if before == state => format!("{}, unchanged", before.label()),
        Some(before) => {
            let way = match direction(before, state) {
                crate::diff::Direction::Worse => "worse now",
                crate::diff::Direction::Better => "better now",
                crate::diff::Direction::Neutral => "changed",
            };
            format!("{}, {way}", before.label())
        }
    })
}

fn answers(out: &mut String, rule: &RuleReport) {
    let mut shown: Vec<&Answer> =
        rule.answers.iter().filter(|answer| !State::of_answer(answer).is_quiet()).collect();
    shown.sort_by_key(|answer| std::cmp::Reverse(State::of_answer(answer)));
    // One person's word for many accounts is said once.
    let mut groups: Vec<Vec<&Answer>> = Vec::new();
    for answer in shown {
        match groups.iter_mut().find(|group| says_the_same(group[0], answer)) {
            Some(group) => group.push(answer),
            None => groups.push(vec![answer]),
        }
    }
    let (full, rest) = groups.split_at(groups.len().min(GROUPS_SHOWN));
    for group in full {
        subjects(out, rule, group);
    }
    let quiet = rule.answers.iter().filter(|answer| State::of_answer(answer).is_quiet());
    let mut counted_only: BTreeMap<State, usize> = BTreeMap::new();
    for answer in quiet.chain(rest.iter().flatten().copied()) {
        *counted_only.entry(State::of_answer(answer)).or_insert(0) += 1;
    }
    if !counted_only.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"rest\">{}{}: {}.</p>",
            if full.is_empty() { "" } else { "Further " },
            counted(counted_only.values().sum(), "subject"),
            tally_words(&counted_only)
        );
    }
}

/// Whether two answers differ in nothing but the subject.
fn says_the_same(one: &Answer, other: &Answer) -> bool {
    Answer { subject: other.subject.clone(), ..one.clone() } == *other
}

/// Subjects with the same answer.
fn subjects(out: &mut String, rule: &RuleReport, group: &[&Answer]) {
    let answer = group[0];
    let state = State::of_answer(answer);
    let names: Vec<String> = group
        .iter()
        .take(NAMES_SHOWN)
        .map(|answer| format!("<span class=\"sid\">{}</span>", Escaped(&answer.subject)))
        .collect();
    let names = names.join(", ");
    if group.len() == 1 {
        let _ = writeln!(
            out,
            "<div class=\"answer\">\n<p>{names} {} {}</p>",
            badge(state),
            Escaped(&answer.reason)
        );
    } else {
        let _ = writeln!(
            out,
            "<div class=\"answer\">\n<p>{} {}</p>\n<p class=\"who\">{}: {names}{}</p>",
            badge(state),
            Escaped(&answer.reason),
            counted(group.len(), "subject"),
            match group.len().saturating_sub(NAMES_SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            }
        );
    }
    if let Some(observed) = answer.observed.filter(|observed| *observed != answer.verdict) {
        let _ = writeln!(
            out,
            "<p class=\"small\">By observation alone: {}.</p>",
            State::of_verdict(observed).label()
        );
    }
    if !answer.evidence.is_empty() {
        let caption = match group.len() {
            1 => format!("Evidence for {} on {}", rule.id, answer.subject),
            many => format!("Evidence for {}, the same on {many} subjects", rule.id),
        };
        let rows: Vec<String> = answer.evidence.iter().map(evidence_row).collect();
        super::folding_table(
            out,
            "evidence",
            &Escaped(&caption).to_string(),
            "<th scope=\"col\">Resource</th><th scope=\"col\">Id</th><th scope=\"col\">Field</th><th scope=\"col\">Seen</th>",
            &rows,
        );
    }
    if answer.more > 0 {
        let _ = writeln!(out, "<p class=\"small\">{} more left out.</p>", counted(answer.more, "piece"));
    }
    if let Some(word) = &answer.attestation {
        attestation(out, state, word);
    }
    if let Some(accepted) = &answer.exception {
        exception(out, accepted);
    }
    out.push_str("</div>\n");
}

fn evidence_row(evidence: &Evidence) -> String {
    format!(
        "<tr><td>{}</td><td class=\"sid\">{}</td><td>{}</td><td>{}</td></tr>",
        Escaped(&evidence.resource),
        Escaped(&evidence.id),
        if evidence.field.is_empty() { "–".to_owned() } else { Escaped(&evidence.field).to_string() },
        Escaped(&evidence.note)
    )
}

fn attestation(out: &mut String, state: State, word: &AttestationUsed) {
    // Only an https address becomes a link; its text is the address, so that it can be read on paper.
    let evidence = Escaped(&word.evidence).to_string();
    let shown = if word.evidence.starts_with("https://") {
        format!("<a class=\"sid\" href=\"{evidence}\" rel=\"noopener noreferrer\">{evidence}</a>")
    } else {
        format!("<span class=\"sid\">{evidence}</span>")
    };
    let _ = writeln!(
        out,
        "<p class=\"word\"><strong>Attestation:</strong> {}, {}, on {}; {} {}. Evidence: {shown}</p>",
        Escaped(&word.by),
        Escaped(&word.role),
        word.on,
        if state == State::AttestationExpired { "expired on" } else { "stands until" },
        word.expires
    );
}

fn exception(out: &mut String, accepted: &ExceptionUsed) {
    let _ = writeln!(
        out,
        "<p class=\"word\"><strong>Exception:</strong> {} answers for it until {}. {}</p>",
        Escaped(&accepted.owner),
        accepted.expires,
        Escaped(&accepted.reason)
    );
}
