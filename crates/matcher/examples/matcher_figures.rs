//! Prints as JSON what `docs/matcher.md` says of the matcher: precision and recall per class over the corpus, false
//! alarms on ordinary messages, speed, and how time grows with the length of the worst texts.
//!
//! `cargo xtask bench matcher` runs it and puts the figures beside those of others. It is given a folder: it leaves its
//! own texts there in `ordinary.bin` and `corpus.bin`, each text ended by a NUL, and reads `generated.bin` if there is
//! one.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures prints and reads the clock"
)]

#[path = "../tests/it/corpus.rs"]
mod corpus;
#[path = "../tests/it/worst.rs"]
mod worst;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use matcher::Class;

const SEED: u64 = 20_261_122;
const PER_ROW: usize = 1_000;
const ORDINARY: usize = 100_000;
/// How long each speed is measured, and in how many rounds: the median counts, and where times of one text are
/// compared, the shortest.
const ROUND: Duration = Duration::from_millis(200);
const ROUNDS: usize = 9;
/// Bytes of the worst texts: each size doubles the one before.
const SIZES: [usize; 5] = [1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20];

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).expect("a folder is given");
    let folder = Path::new(&folder);
    let messages = corpus::corpus(SEED, PER_ROW, 0);
    let classes = classes(&messages);
    let corpus = texts(messages);
    let ordinary = texts(corpus::corpus(SEED, 0, ORDINARY));
    let alarms = ordinary.iter().filter(|text| !matcher::find(text).is_empty()).count();
    let generated = std::fs::read_to_string(folder.join("generated.bin")).unwrap_or_default();
    let generated: Vec<String> = generated.split_terminator('\0').map(str::to_owned).collect();
    for (name, texts) in [("ordinary", &ordinary), ("corpus", &corpus)] {
        std::fs::write(folder.join(name).with_extension("bin"), texts.join("\0") + "\0")?;
    }
    let mut speeds = Vec::new();
    for (name, texts) in [("ordinary", &ordinary), ("corpus", &corpus), ("generated", &generated)] {
        if !texts.is_empty() {
            speeds.push(format!("{name:?}:{:.1}", speed(texts)));
        }
    }
    println!(
        "{{\"classes\":[{}],\"ordinary\":{{\"messages\":{ORDINARY},\"alarms\":{alarms}}},\"mb_per_s\":{{{}}},\"worst\":[{}],\"found\":[{}]}}",
        classes.join(","),
        speeds.join(","),
        worst::UNITS.iter().map(|unit| doubling(unit)).collect::<Vec<_>>().join(","),
        generated.iter().map(|text| found(text)).collect::<Vec<_>>().join(",")
    );
    Ok(())
}

fn texts(messages: Vec<corpus::Message>) -> Vec<String> {
    messages.into_iter().map(|message| message.text).collect()
}

/// Per class: messages with a marked value, those where it was found whole, and findings of what is not marked.
fn classes(messages: &[corpus::Message]) -> Vec<String> {
    let mut counts: BTreeMap<Class, (u32, u32, u32)> = BTreeMap::new();
    for message in messages {
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
    let row = |(class, (marked, hit, alarms)): (Class, (u32, u32, u32))| {
        let (name, is_structured) = (class.as_str(), class.is_structured());
        format!(
            "{{\"class\":{name:?},\"structured\":{is_structured},\"marked\":{marked},\"hit\":{hit},\"alarms\":{alarms}}}"
        )
    };
    counts.into_iter().map(row).collect()
}

/// Millions of bytes in a second, one text at a time.
fn speed(texts: &[String]) -> f64 {
    let mut texts = texts.iter().cycle();
    let mut rate = || {
        let (started, mut bytes) = (Instant::now(), 0);
        while started.elapsed() < ROUND {
            for text in texts.by_ref().take(1_000) {
                matcher::scan(std::hint::black_box(text), used);
                bytes += text.len();
            }
        }
        bytes as f64 / started.elapsed().as_secs_f64() / 1e6
    };
    median((0..ROUNDS).map(|_| rate()).collect())
}

/// Makes the compiler believe that a finding is needed.
fn used(finding: matcher::Finding) {
    std::hint::black_box(finding);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds for a byte of a worst text at each size.
fn doubling(unit: &str) -> String {
    let per_byte = SIZES.map(|size| {
        let text = unit.repeat(size / unit.len());
        let time = |_| {
            let started = Instant::now();
            matcher::scan(std::hint::black_box(&text), used);
            started.elapsed().as_secs_f64() * 1e9 / text.len() as f64
        };
        format!("{:.2}", (0..ROUNDS).map(time).fold(f64::MAX, f64::min))
    });
    format!("{{\"unit\":{unit:?},\"ns_per_byte\":[{}]}}", per_byte.join(","))
}

/// What is found in a text: classes and places.
fn found(text: &str) -> String {
    let one = |it: matcher::Finding| format!("[{:?},{},{}]", it.class.as_str(), it.span.start, it.span.end);
    format!("[{}]", matcher::find(text).into_iter().map(one).collect::<Vec<_>>().join(","))
}
