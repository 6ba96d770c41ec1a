//! Prints what `docs/matcher.md` says: precision and recall per class over the corpus, false alarms, and speed.
//!
//! `cargo run --release -p matcher --example matcher_figures`; with `--corpus` it prints the corpus as tab-separated lines, for
//! others to be measured on.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures prints and reads the clock"
)]

#[path = "../tests/it/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use matcher::Class;

const SEED: u64 = 20_261_122;
const PER_ROW: usize = 1_000;
const ORDINARY: usize = 100_000;
/// How long each speed is measured.
const CASE: Duration = Duration::from_secs(2);

fn main() {
    let messages = corpus::corpus(SEED, PER_ROW, 0);
    if std::env::args().any(|argument| argument == "--corpus") {
        for message in &messages {
            let marked = message.marked.as_ref().map(|(class, span)| (class.as_str(), span.start, span.end));
            let (class, start, end) = marked.unwrap_or(("", 0, 0));
            println!("{class}\t{start}\t{end}\t{}", message.text);
        }
        return;
    }
    let mut counts: BTreeMap<Class, (u32, u32, u32)> = BTreeMap::new();
    for message in &messages {
        let findings = matcher::find(&message.text);
        let is_at = |finding: &matcher::Finding| {
            message.marked.as_ref().is_some_and(|(class, span)| {
                finding.class == *class && finding.span.start < span.end && span.start < finding.span.end
            })
        };
        if let Some((class, span)) = &message.marked {
            let hit =
                findings.iter().any(|it| is_at(it) && it.span.start <= span.start && it.span.end >= span.end);
            let count = counts.entry(*class).or_default();
            count.0 += 1;
            count.1 += u32::from(hit);
        }
        for finding in findings.iter().filter(|finding| !is_at(finding)) {
            counts.entry(finding.class).or_default().2 += 1;
        }
    }
    println!("| class | messages | recall | precision |\n|---|---|---|---|");
    for (class, (marked, hit, alarms)) in &counts {
        let (hits, marked_f) = (f64::from(*hit), f64::from(*marked));
        println!(
            "| `{}` | {marked} | {:.3} | {:.3} |",
            class.as_str(),
            hits / marked_f,
            hits / (hits + f64::from(*alarms))
        );
    }
    let ordinary = corpus::corpus(SEED, 0, ORDINARY);
    let alarms = ordinary.iter().filter(|message| !matcher::find(&message.text).is_empty()).count();
    println!("\n{alarms} of {ORDINARY} ordinary messages raised an alarm.\n");
    let text = |messages: &[corpus::Message]| {
        messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n")
    };
    for (name, text) in [
        ("ordinary messages", text(&ordinary)),
        ("messages of the corpus", text(&messages)),
        ("digits and spaces", "1 ".repeat(1 << 20)),
    ] {
        let (started, mut rounds) = (Instant::now(), 0);
        while started.elapsed() < CASE {
            std::hint::black_box(matcher::find(std::hint::black_box(&text)));
            rounds += 1;
        }
        let rate = f64::from(rounds) * text.len() as f64 / started.elapsed().as_secs_f64() / 1e6;
        println!("{name}: {rate:.0} MB/s");
    }
}
