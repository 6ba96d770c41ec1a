//! Precision and recall over the corpus, false alarms on ordinary messages, and time that grows with the length alone.

use std::collections::BTreeMap;
use std::time::Instant;

use matcher::Class;

use crate::corpus::corpus;
use crate::worst;

const SEED: u64 = 20_261_122;

#[derive(Default, Clone, Copy)]
struct Count {
    marked: u32,
    hit: u32,
    false_alarms: u32,
}

#[test]
fn structured_classes_hold_their_precision_and_recall() {
    let mut counts: BTreeMap<Class, Count> = BTreeMap::new();
    let mut wrong = Vec::new();
    for message in corpus(SEED, 200, 0) {
        let findings = matcher::find(&message.text);
        let marked = message.marked.clone();
        if let Some((class, span)) = &marked {
            let count = counts.entry(*class).or_default();
            count.marked += 1;
            let is_hit = findings
                .iter()
                .any(|it| it.class == *class && it.span.start <= span.start && it.span.end >= span.end);
            count.hit += u32::from(is_hit);
            if !is_hit {
                wrong.push(format!("missed {class:?}: {}", message.text));
            }
        }
        for finding in &findings {
            let is_marked = marked.as_ref().is_some_and(|(class, span)| {
                finding.class == *class && finding.span.start < span.end && span.start < finding.span.end
            });
            if !is_marked {
                counts.entry(finding.class).or_default().false_alarms += 1;
                wrong.push(format!("false {:?} {}: {}", finding.class, finding.detector, message.text));
            }
        }
    }
    let sample: Vec<_> = wrong.iter().step_by((wrong.len() / 60).max(1)).collect();
    for class in Class::ALL.into_iter().filter(|class| class.is_structured()) {
        let Count { marked, hit, false_alarms } = counts.get(&class).copied().unwrap_or_default();
        assert!(marked >= 200, "{class:?} is not in the corpus");
        let recall = f64::from(hit) / f64::from(marked);
        let precision = f64::from(hit) / f64::from(hit + false_alarms);
        assert!(
            recall >= 0.95 && precision >= 0.95,
            "{class:?}: recall {recall:.3}, precision {precision:.3}\n{sample:#?}"
        );
    }
}

#[test]
fn ordinary_messages_raise_no_alarm() {
    let messages: Vec<_> = corpus(SEED, 0, 20_000);
    let alarms: Vec<_> = messages
        .iter()
        .filter(|message| !matcher::find(&message.text).is_empty())
        .map(|message| &message.text)
        .collect();
    assert!(
        alarms.len() * 200 <= messages.len(),
        "{} of {}: {:?}",
        alarms.len(),
        messages.len(),
        &alarms[..alarms.len().min(10)]
    );
}

#[test]
fn the_worst_text_takes_time_in_proportion_to_its_length() {
    for unit in worst::UNITS {
        let time = |count: usize| {
            let text = unit.repeat(count);
            let started = Instant::now();
            let findings = matcher::find(&text).len();
            (started.elapsed().as_secs_f64().max(1e-4), findings)
        };
        let (small, large) = (time(2_000).0.min(time(2_000).0), time(32_000).0.min(time(32_000).0));
        assert!(
            large / small < 16.0 * 6.0,
            "{unit:?}: sixteen times the text took {:.0} times as long",
            large / small
        );
    }
}
