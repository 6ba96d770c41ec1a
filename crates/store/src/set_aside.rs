//! Events that a consumer set aside: what was not taken while other events were, and what is about the same people and
//! came later. The consumer goes on behind them, so that one request that fails holds up nobody else's events.
//!
//! They are a list in the consumer's row: it is written with the place, under the same claim, and it is bounded by
//! whoever keeps it. A list says which events of the log they are and whom they are about (SIDs), and nothing of what
//! they say.

use std::collections::BTreeSet;

use base::{SubjectSid, Timestamp};
use serde_json::{Value as Json, json};

use crate::StoreError;

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPlace {
    /// Its row.
    pub row: u64,
    /// Which of the row's events it is, from 0.
    pub index: u32,
    /// Whom it is about.
    pub subjects: Vec<SubjectSid>,
}

/// Events that wait together for another attempt, in the order in which they were taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The events.
    pub events: Vec<EventPlace>,
    /// When they are tried again.
    pub due_at: Timestamp,
    /// Attempts that failed.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// Whether the accounting of disclosures has them.
    pub is_disclosed: bool,
}

impl SetAside {
    /// Whether one of the events is about somebody of these.
    pub fn is_about(&self, subjects: &[SubjectSid]) -> bool {
        self.events.iter().any(|event| event.subjects.iter().any(|sid| subjects.contains(sid)))
    }

    fn subjects(&self) -> impl Iterator<Item = SubjectSid> {
        self.events.iter().flat_map(|event| event.subjects.iter().copied())
    }
}

/// Which of these may be tried: those about nobody whom one before them is about as well. What is about one person stays
/// in its order.
pub fn unblocked(aside: &[SetAside]) -> Vec<usize> {
    let mut before = BTreeSet::new();
    let mut free = Vec::new();
    for (index, one) in aside.iter().enumerate() {
        if !one.subjects().any(|sid| before.contains(&sid)) {
            free.push(index);
        }
        before.extend(one.subjects());
    }
    free
}

/// When the next of them is to be tried.
pub(crate) fn due(aside: &[SetAside]) -> Option<Timestamp> {
    unblocked(aside).into_iter().map(|index| aside[index].due_at).min()
}

/// The first row that one of them is in.
pub(crate) fn first_row(aside: &[SetAside]) -> Option<u64> {
    aside.iter().flat_map(|one| &one.events).map(|event| event.row).min()
}

/// As they are stored.
pub(crate) fn encode(aside: &[SetAside]) -> String {
    if aside.is_empty() {
        return String::new();
    }
    let event = |event: &EventPlace| {
        let subjects: Vec<_> = event.subjects.iter().map(ToString::to_string).collect();
        json!([event.row, event.index, subjects])
    };
    let one = |one: &SetAside| {
        let events: Vec<_> = one.events.iter().map(event).collect();
        let since = one.failing_since.map(Timestamp::micros);
        json!([one.due_at.micros(), one.failures, since, one.is_disclosed, events])
    };
    Json::Array(aside.iter().map(one).collect()).to_string()
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(text: &str) -> Result<Vec<SetAside>, StoreError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    type Event = (u64, u32, Vec<String>);
    type One = (i64, u32, Option<i64>, bool, Vec<Event>);
    let all: Vec<One> = serde_json::from_str(text).map_err(|_| StoreError::Sealed)?;
    let event = |(row, index, subjects): Event| {
        let subjects = subjects.iter().map(|sid| sid.parse()).collect::<Result<_, _>>();
        Ok(EventPlace { row, index, subjects: subjects.map_err(|_| StoreError::Sealed)? })
    };
    let one = |(due_at, failures, since, is_disclosed, events): One| {
        Ok(SetAside {
            events: events.into_iter().map(event).collect::<Result<_, StoreError>>()?,
            due_at: Timestamp::from_micros(due_at),
            failures,
            failing_since: since.map(Timestamp::from_micros),
            is_disclosed,
        })
    };
    all.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Sid;

    fn person(number: u8) -> SubjectSid {
        SubjectSid::from_bytes([number; 16])
    }

    fn aside(due: i64, people: &[u8]) -> SetAside {
        let event = |(row, number): (usize, &u8)| EventPlace {
            row: row as u64 + 7,
            index: 3,
            subjects: vec![person(*number)],
        };
        SetAside {
            events: people.iter().enumerate().map(event).collect(),
            due_at: Timestamp::from_seconds(due),
            failures: 2,
            failing_since: (due > 5).then(|| Timestamp::from_seconds(1)),
            is_disclosed: due > 5,
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        let all = vec![aside(9, &[1, 2]), aside(3, &[2])];
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert_eq!(decode(&encode(&[])).unwrap(), []);
        assert_eq!(decode("[1]").err(), Some(StoreError::Sealed));
    }

    #[test]
    fn what_is_about_somebody_waits_behind_what_is_about_the_same() {
        let all = [aside(9, &[1]), aside(3, &[2]), aside(1, &[2, 3]), aside(1, &[3])];
        assert_eq!(unblocked(&all), [0, 1]);
        assert_eq!(due(&all), Some(Timestamp::from_seconds(3)));
        assert_eq!(first_row(&all), Some(7));
    }
}
