//! The terminal and the spreadsheet.

use audit::render;

use crate::fixture::{hostile, large, small};

#[test]
fn the_terminal_shows_the_worst_first_and_what_to_do() {
    let text = render::text(&small(), false, 100);
    let expected = "FAIL – 1 of 7 rules fails, 1 could not be read, 1 not observed, 1 under an exception\n\
        twilio at api.twilio.com, observed on 2026-11-20\n\
        edition 2024-12-11 of the rulebook, switchward 0.1.0; 3 subjects judged, 2 designated\n\
        The ledger verifies: 42 entries, 7 signed checkpoints, root root-of-the-ledger. Keys of 5 scopes, t…\n\
        \n\
        Messaging: 1 fail, 1 under an exception\n\
        \x20 fail                SMS-GEO-1 Title of SMS-GEO-1 (high, customer, 1 of 3 subjects)\n\
        \x20     do: Set what SMS-GEO-1 names.\n\
        \x20     seen: AC01: Service MG00000000000000000000000000000000 – inbound_request_url: is plain http\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("      give it: Voice: Recording settings, read\n      missed by: VOI-REC-1\n"),
        "{text}"
    );
    // Nothing is said of a rule that passes.
    assert!(!text.contains("GEN-HTTPS-1"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (report, width) in [(small(), 40), (hostile(), 60), (large(3, 0), 80)] {
        for line in render::text(&report, false, width).lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn colours_change_no_word() {
    let plain = render::text(&small(), false, 100);
    let mut coloured = render::text(&small(), true, 100);
    assert!(coloured.contains("\u{1B}[1;31mFAIL"));
    while let Some(start) = coloured.find('\u{1B}') {
        let end = start + coloured[start..].find('m').unwrap();
        coloured.replace_range(start..=end, "");
    }
    assert_eq!(coloured, plain);
}

#[test]
fn a_spreadsheet_has_a_row_per_rule_and_subject_and_no_formula() {
    for report in [small(), hostile()] {
        let rows = parsed(&render::csv(&report));
        let asked: usize = report.rules.iter().map(|rule| rule.answers.len().max(1)).sum();
        assert_eq!(rows.len(), 1 + asked);
        for row in &rows {
            assert_eq!(row.len(), rows[0].len());
            for cell in row {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
            }
        }
    }
    let rows = parsed(&render::csv(&hostile()));
    let rule = rows[0].iter().position(|name| name == "rule").unwrap();
    // All of it arrives, behind an apostrophe.
    assert_eq!(rows[1][rule], format!("'{}", hostile().rules[0].id));
}

/// RFC 4180, read strictly.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                assert!(cell.is_empty(), "a quote within a cell: {cell}");
                loop {
                    match characters.next().expect("the quotes end") {
                        '"' if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                        '"' => break,
                        other => cell.push(other),
                    }
                }
                assert!(matches!(characters.peek(), Some(',' | '\r')));
            }
            ',' => row.push(std::mem::take(&mut cell)),
            '\r' => {
                assert_eq!(characters.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "the last line ends");
    rows
}
