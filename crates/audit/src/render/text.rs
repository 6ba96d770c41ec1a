//! The report on a terminal: what is wrong, worst first, and what to do about it.

use std::fmt::Write;

use super::{
    Product, State, denied, evidence_line, headline, one_line, own_words, owner_words, products, tally,
    tally_words, version,
};
use crate::report::{Answer, Report, RuleReport};

/// Columns below which lines are not cut any further.
const NARROWEST: usize = 40;

/// The report for a terminal of `width` columns; `color` adds ANSI colours. A line too long is cut with `…`.
pub fn text(report: &Report, color: bool, width: usize) -> String {
    let mut page = Page { out: String::new(), color, width: width.max(NARROWEST) };
    page.head(report);
    for product in products(report).iter().filter(|product| product.rules.iter().any(|rule| is_shown(rule))) {
        page.product(product);
    }
    page.summary(report);
    page.permissions(report);
    page.out
}

fn is_shown(rule: &RuleReport) -> bool {
    !State::of_rule(rule).is_quiet()
}

struct Page {
    out: String,
    color: bool,
    width: usize,
}

impl Page {
    fn head(&mut self, report: &Report) {
        let line = self.cut(&headline(report), 0);
        let painted = self.painted(&line, State::of_verdict(report.headline), true);
        self.out.push_str(&painted);
        self.out.push('\n');
        let designated = report.subjects.iter().filter(|subject| subject.designated).count();
        self.line(0, &format!("{} at {}, observed on {}", report.provider, report.host, report.observed_on));
        self.line(
            0,
            &format!(
                "edition {} of the rulebook, switchward {}; {} judged, {designated} designated",
                report.edition,
                version(report),
                counted(report.subjects.len(), "subject"),
            ),
        );
        if let Some(own) = &report.inside {
            self.line(0, &own_words(own));
        }
    }

    fn product(&mut self, product: &Product<'_>) {
        self.out.push('\n');
        let line = self.cut(&format!("{}: {}", product.name, tally_words(&product.counts)), 0);
        let line = self.bold(&line);
        self.out.push_str(&line);
        self.out.push('\n');
        for rule in product.rules.iter().filter(|rule| is_shown(rule)) {
            self.rule(rule);
        }
    }

    fn rule(&mut self, rule: &RuleReport) {
        let state = State::of_rule(rule);
        let word = format!("{:<19}", state.label());
        let concerned: Vec<&Answer> =
            rule.answers.iter().filter(|answer| State::of_answer(answer) == state).collect();
        let rest = format!(
            "{} {} ({}, {}, {} of {})",
            rule.id,
            rule.title,
            rule.severity,
            owner_words(rule.owner),
            concerned.len(),
            counted(rule.answers.len(), "subject"),
        );
        let rest = self.cut(&rest, 22);
        let word = self.painted(&word, state, false);
        let _ = writeln!(self.out, "  {word} {rest}");
        let Some(first) = concerned.first() else { return };
        match (state, &first.attestation, &first.exception) {
            (State::Attested, Some(word), _) => {
                self.line(6, &format!("by {}, {}, until {}", word.by, word.role, word.expires));
            }
            (State::Excepted, _, Some(exception)) => {
                self.line(6, &format!("{} answers for it until {}", exception.owner, exception.expires));
            }
            _ => self.line(6, &format!("do:   {}", rule.remedy)),
        }
        let seen = match first.evidence.first() {
            Some(evidence) => evidence_line(evidence),
            None => first.reason.clone(),
        };
        self.line(6, &format!("seen: {}: {seen}", first.subject));
    }

    fn summary(&mut self, report: &Report) {
        self.out.push_str("\nRules by verdict\n");
        let counts = tally(&report.rules);
        for state in State::ALL {
            if let Some(count) = counts.get(&state) {
                let word = self.painted(state.label(), state, false);
                let _ = writeln!(self.out, "  {count:>5} {word}");
            }
        }
        self.line(
            0,
            &format!(
                "{} of at most {} made, {} seen",
                counted(report.requests.made, "request"),
                report.requests.budget,
                counted(report.requests.items, "resource"),
            ),
        );
    }

    fn permissions(&mut self, report: &Report) {
        let mut sources = denied(report).peekable();
        if sources.peek().is_none() {
            return;
        }
        self.out.push_str("\nThe key may not read\n");
        for source in sources {
            let count = source.outcomes.get("denied").copied().unwrap_or(0);
            self.line(
                2,
                &format!(
                    "{} ({}), denied for {}",
                    source.resource,
                    source.request,
                    counted(count, "subject")
                ),
            );
            self.line(6, &format!("give it: {}", source.permission));
            if !source.missed_by.is_empty() {
                self.line(6, &format!("missed by: {}", source.missed_by.join(", ")));
            }
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let text = self.cut(text, indent);
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }

    /// In one line that fits behind `indent` columns. A character counts as one column.
    fn cut(&self, text: &str, indent: usize) -> String {
        let room = self.width.saturating_sub(indent).max(1);
        let line = one_line(text);
        if line.chars().count() <= room {
            return line;
        }
        let mut short: String = line.chars().take(room - 1).collect();
        short.push('…');
        short
    }

    fn painted(&self, text: &str, state: State, bold: bool) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match state {
            State::Fail | State::Error => "31",
            State::AttestationExpired | State::NotObserved => "33",
            State::Excepted => "35",
            State::Attested => "36",
            State::Pass => "32",
            State::NotApplicable => "90",
        };
        format!("\u{1B}[{}{code}m{text}\u{1B}[0m", if bold { "1;" } else { "" })
    }

    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1B}[1m{text}\u{1B}[0m") } else { text.to_owned() }
    }
}

/// `1 subject`, `2 subjects`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
