//! What each renderer makes of the same reports, and that no text of a report gets out of its place.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod diffs;
mod documents;
mod fixture;
mod pages;
mod tables;

use audit::render;
use audit::report::Report;
use fixture::{HOSTILE, earlier, hostile, large, small};

/// Every rendering with its name.
fn renderings(report: &Report, previous: Option<&Report>) -> Vec<(&'static str, String)> {
    vec![
        ("text", render::text(report, false, 100)),
        ("text in colours", render::text(report, true, 60)),
        ("json", render::json(report)),
        ("csv", render::csv(report)),
        ("sarif", render::sarif(report)),
        ("oscal results", render::oscal_results(report)),
        ("oscal component", render::oscal_component(report)),
        ("html", render::html(report, previous)),
    ]
}

#[test]
fn equal_reports_give_equal_bytes() {
    for report in [small(), hostile(), large(3, 0)] {
        let read_back: Report = serde_json::from_str(&render::json(&report)).unwrap();
        assert_eq!(read_back, report);
        assert_eq!(renderings(&report, Some(&earlier())), renderings(&read_back, Some(&earlier().clone())),);
    }
}

#[test]
fn a_report_about_nothing_is_rendered_too() {
    let mut report = small();
    report.rules.clear();
    report.subjects.clear();
    report.sources.clear();
    report.policies.clear();
    for (name, text) in renderings(&report, Some(&small())) {
        assert!(text.ends_with('\n'), "{name}");
    }
}

#[test]
fn the_hostile_report_is_hostile_in_every_text() {
    // What is left alone are words of ours and days, numbers, and names of fields.
    fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => found.push(text.clone()),
            serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            serde_json::Value::Object(fields) => fields.values().for_each(|item| texts(item, found)),
            _ => (),
        }
    }
    let mut found = Vec::new();
    texts(&serde_json::to_value(hostile()).unwrap(), &mut found);
    let is_of_ours = |text: &String| {
        text.len() <= 19
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
    };
    let harmless: Vec<&String> =
        found.iter().filter(|text| !text.starts_with(HOSTILE) && !is_of_ours(text)).collect();
    assert!(harmless.is_empty(), "{harmless:?}");
    assert!(found.iter().filter(|text| text.starts_with(HOSTILE)).count() > 100);
}

#[test]
fn only_spreadsheets_and_json_keep_what_steers_a_terminal() {
    for (name, text) in renderings(&hostile(), Some(&earlier())) {
        // JSON writes controls as \u001b, and a quoted cell keeps its lines.
        let steers = |character: char| character.is_control() && character != '\n';
        match name {
            "text" | "html" | "oscal results" | "oscal component" => {
                assert!(!text.contains(steers), "{name}");
                assert!(!text.contains('\u{202E}'), "{name}");
            }
            "json" | "sarif" => assert!(!text.contains(steers), "{name}"),
            _ => (),
        }
    }
}
