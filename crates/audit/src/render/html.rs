//! The report as one HTML file for a person: on screen, on paper, and read aloud.
//!
//! Nothing is fetched and nothing runs: the page's own policy (CSP) forbids both, and there is no script. Every
//! value goes through [`Escaped`]; markup stands in literals of this module alone.

mod overview;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write};

use super::{State, headline, tally, version, visible};
use crate::diff::{self, Diff, FormatMismatch};
use crate::report::Report;

const STYLE: &str = include_str!("html/style.css");
/// Rows of one table that are shown at once; the rest folds away, and unfolds on paper.
const ROWS_SHOWN: usize = 25;

/// The report as HTML; `previous` is an earlier one of the same service, for the trend.
pub fn html(report: &Report, previous: Option<&Report>) -> String {
    let page = Page::new(report, previous);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // First, so that it holds for all that follows.
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    let _ = writeln!(
        out,
        "<title>Compliance evidence: {}, {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>",
        Escaped(&report.host),
        report.observed_on
    );
    out.push_str("<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
    cover(&mut out, &page);
    contents(&mut out, &page);
    out.push_str("<main id=\"content\">\n");
    overview::summary(&mut out, &page);
    overview::trend(&mut out, &page);
    overview::first(&mut out, &page);
    overview::subjects(&mut out, &page);
    overview::responsibility(&mut out, &page);
    overview::regulation(&mut out, &page);
    rules::rules(&mut out, &page);
    overview::unseen(&mut out, &page);
    overview::readings(&mut out, &page);
    overview::again(&mut out, &page);
    out.push_str("</main>\n");
    let _ = writeln!(
        out,
        "<footer><p>Made by switchward audit {} from observations of {}. The report holds names of resources and \
         sentences of the rulebook; no text of the audited account.</p></footer>\n</body>\n</html>",
        Escaped(version(report)),
        report.observed_on
    );
    out
}

/// What every section looks at.
struct Page<'a> {
    report: &'a Report,
    previous: Option<&'a Report>,
    /// What changed since `previous`, when the two can be compared.
    diff: Option<Result<Diff, FormatMismatch>>,
    counts: BTreeMap<State, usize>,
    /// The anchor of each rule, by its place in the report.
    anchors: Vec<String>,
}

impl<'a> Page<'a> {
    fn new(report: &'a Report, previous: Option<&'a Report>) -> Page<'a> {
        let mut taken = BTreeSet::new();
        let anchors = report.rules.iter().enumerate().map(|(index, rule)| {
            let name: String = rule
                .id
                .chars()
                .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
                .collect();
            let mut anchor = format!("rule-{name}");
            if name != rule.id || !taken.insert(anchor.clone()) {
                anchor.push_str(&format!("--{index}"));
                taken.insert(anchor.clone());
            }
            anchor
        });
        Page {
            report,
            previous,
            diff: previous.map(|previous| diff::compare(previous, report)),
            counts: tally(&report.rules),
            anchors: anchors.collect(),
        }
    }

    fn count(&self, state: State) -> usize {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    /// The diff, when there is one.
    fn changes(&self) -> Option<&Diff> {
        self.diff.as_ref().and_then(|diff| diff.as_ref().ok())
    }

    /// `<a href="#rule-SMS-GEO-1">SMS-GEO-1</a>`; the id alone when the report has no such rule.
    fn rule_link(&self, id: &str) -> String {
        match self.report.rules.iter().position(|rule| rule.id == id) {
            Some(index) => {
                format!("<a class=\"id\" href=\"#{}\">{}</a>", Escaped(&self.anchors[index]), Escaped(id))
            }
            None => format!("<span class=\"id\">{}</span>", Escaped(id)),
        }
    }
}

/// Text as HTML text or as the value of a quoted attribute. The only way a value gets onto the page.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                '\n' | '\t' => formatter.write_char(character)?,
                other => formatter.write_char(visible(other))?,
            }
        }
        Ok(())
    }
}

/// The verdict as a mark and a word: the colour only repeats them.
fn badge(state: State) -> String {
    format!(
        "<span class=\"badge s-{}\"><span class=\"mark\" aria-hidden=\"true\">{}</span>{}</span>",
        state.as_str(),
        mark(state),
        capitalized(state.label())
    )
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Fail => "✕",
        State::Error => "!",
        State::AttestationExpired => "↺",
        State::NotObserved => "?",
        State::Excepted => "~",
        State::Attested => "✎",
        State::Pass => "✓",
        State::NotApplicable => "–",
    }
}

/// `pass` to `Pass`. For words of ours, which begin with a Latin letter.
fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `1 rule`, `2 rules`.
fn counted(count: usize, noun: &str) -> String {
    super::text::counted(count, noun)
}

/// A bar of rules by state. Its text says what it shows.
fn bar(counts: &BTreeMap<State, usize>) -> String {
    let total: usize = counts.values().sum();
    let mut svg = format!(
        "<svg class=\"bar\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        Escaped(&super::tally_words(counts))
    );
    let mut before = 0;
    for state in State::ALL {
        let count = counts.get(&state).copied().unwrap_or(0);
        if count > 0 {
            let from = before * 1000 / total;
            before += count;
            let width = (before * 1000 / total - from).max(1);
            // A gap, so that neighbours are told apart without their colours.
            let drawn = if before == total || width < 6 { width } else { width - 3 };
            let _ = write!(
                svg,
                "<rect class=\"f-{}\" x=\"{from}\" y=\"0\" width=\"{drawn}\" height=\"12\"/>",
                state.as_str()
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

fn open_section(out: &mut String, id: &str, title: &str) {
    let _ = writeln!(
        out,
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>"
    );
}

fn close_section(out: &mut String) {
    out.push_str("</section>\n");
}

/// Rows of a table; past [`ROWS_SHOWN`] the rest folds away. All of it is markup already.
fn folding_table(out: &mut String, class: &str, caption: &str, head: &str, rows: &[String]) {
    let table = |out: &mut String, caption: &str, rows: &[String]| {
        // A table that may be wider than a small screen is scrolled with the keyboard too. Evidence wraps instead:
        // hundreds of stops for the tab key would be worse.
        let scrolls = class != "evidence";
        if scrolls {
            let _ =
                write!(out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{caption}\">");
        }
        let _ = writeln!(
            out,
            "<table class=\"{class}\"><caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>"
        );
        for row in rows {
            out.push_str(row);
            out.push('\n');
        }
        out.push_str("</tbody></table>");
        out.push_str(if scrolls { "</div>\n" } else { "\n" });
    };
    // A fold that saves a handful of rows is in the way.
    if rows.len() <= ROWS_SHOWN + 5 {
        return table(out, caption, rows);
    }
    let (shown, folded) = rows.split_at(ROWS_SHOWN);
    table(out, caption, shown);
    let _ = writeln!(out, "<details><summary>{} more</summary>", folded.len());
    table(out, &format!("{caption}, continued"), folded);
    out.push_str("</details>\n");
}

fn cover(out: &mut String, page: &Page<'_>) {
    let report = page.report;
    let state = State::of_verdict(report.headline);
    let sentence = headline(report);
    let details = sentence.split_once(" – ").map_or(sentence.as_str(), |(_, details)| details);
    let designated = report.subjects.iter().filter(|subject| subject.designated).count();
    let _ = writeln!(
        out,
        "<header class=\"cover s-{}\">\n<p class=\"eyebrow\">Compliance evidence report</p>\n\
         <h1><span class=\"verdict\"><span class=\"mark\" aria-hidden=\"true\">{}</span>{}</span> \
         <span class=\"sentence\">{}</span></h1>",
        state.as_str(),
        mark(state),
        capitalized(state.label()),
        capitalized(&Escaped(details).to_string())
    );
    out.push_str("<dl class=\"facts\">\n");
    for (name, value) in [
        ("Service", report.provider.clone()),
        ("Host", report.host.clone()),
        ("Observed on", report.observed_on.to_string()),
        ("Rulebook", format!("Edition {}", report.edition)),
        ("Guide", report.edition_title.clone()),
        (
            "Subjects",
            format!(
                "{} judged, {designated} designated as HIPAA {}",
                report.subjects.len(),
                if designated == 1 { "project" } else { "projects" }
            ),
        ),
    ] {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Escaped(&value));
    }
    out.push_str("</dl>\n");
    let _ = writeln!(out, "{}", bar(&page.counts));
    out.push_str("<ul class=\"legend\">\n");
    for state in State::ALL.into_iter().filter(|state| page.count(*state) > 0) {
        let _ = writeln!(
            out,
            "<li><strong>{}</strong> <span class=\"badge s-{}\"><span class=\"mark\" aria-hidden=\"true\">{}</span>{}</span></li>",
            page.count(state),
            state.as_str(),
            mark(state),
            state.label()
        );
    }
    out.push_str("</ul>\n");
    if let Some(diff) = page.changes() {
        let (worse, better) = overview::directions(diff);
        let _ = writeln!(
            out,
            "<p class=\"since\">Since {}: {} worse, {} better. <a href=\"#trend\">What changed</a></p>",
            diff.old.observed_on,
            counted(worse, "answer"),
            better
        );
    }
    out.push_str("</header>\n");
}

fn contents(out: &mut String, page: &Page<'_>) {
    out.push_str("<nav class=\"contents\" aria-labelledby=\"contents-title\">\n<h2 id=\"contents-title\">Contents</h2>\n<ol>\n");
    for (id, title) in [
        ("summary", "Summary"),
        ("trend", "Since the previous run"),
        ("first", "What to do first"),
        ("subjects", "Who was judged"),
        ("responsibility", "Who is responsible"),
        ("regulation", "By section of 45 CFR"),
        ("rules", "Every rule"),
        ("unseen", "What could not be observed"),
        ("readings", "Readings applied"),
        ("again", "How to run it again"),
    ] {
        if id != "trend" || page.previous.is_some() {
            let _ = writeln!(out, "<li><a href=\"#{id}\">{title}</a></li>");
        }
    }
    out.push_str("</ol>\n</nav>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_html_knows() {
        assert_eq!(
            Escaped("<a b='c' d=\"e\">&\u{0}").to_string(),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;\u{FFFD}"
        );
    }
}
