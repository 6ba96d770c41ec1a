//! Texts that come in parts: bounded, in any order, from any connection.

use std::collections::HashMap;
use std::time::Duration;

use crate::delivery::{Joined, Part, Party};
use crate::limits::{GROUPS, PARTS, REASSEMBLY_TIME};

/// What the parts of one text share.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GroupKey {
    source: Party,
    destination: Party,
    reference: u16,
    total: u8,
}

impl GroupKey {
    /// The key of a part.
    pub fn of(part: &Part, joined: Joined) -> Self {
        Self {
            source: part.source.clone(),
            destination: part.destination.clone(),
            reference: joined.reference,
            total: joined.total,
        }
    }
}

struct Group {
    parts: HashMap<u8, Part>,
    expires_at: Duration,
}

/// What adding a part did.
pub enum Added {
    /// Others are missing.
    Waiting,
    /// It was the last one: all of them, in order. They are no longer kept here.
    Complete(Vec<Part>),
    /// There is no room, or the text has more than [`PARTS`] parts.
    Full,
}

/// The parts that wait for others.
#[derive(Default)]
pub struct Reassembly {
    groups: HashMap<GroupKey, Group>,
}

impl Reassembly {
    /// Adds a part. One that is there already is replaced: the SMSC sends again what was not answered.
    pub fn add(&mut self, part: Part, joined: Joined, now: Duration) -> Added {
        let key = GroupKey::of(&part, joined);
        if joined.total > PARTS || (!self.groups.contains_key(&key) && self.groups.len() >= GROUPS) {
            return Added::Full;
        }
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group {
            parts: HashMap::new(),
            expires_at: now.saturating_add(REASSEMBLY_TIME),
        });
        group.parts.insert(joined.number, part);
        if group.parts.len() < usize::from(joined.total) {
            return Added::Waiting;
        }
        Added::Complete(self.groups.remove(&key).map(in_order).unwrap_or_default())
    }

    /// The texts whose other parts did not come in time: what is there of each, in order.
    pub fn expired(&mut self, now: Duration) -> Vec<Vec<Part>> {
        let late = self.groups.extract_if(|_, group| group.expires_at <= now);
        late.map(|(_, group)| in_order(group)).collect()
    }

    /// When the next text expires.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.groups.values().map(|group| group.expires_at).min()
    }
}

fn in_order(group: Group) -> Vec<Part> {
    let mut parts: Vec<_> = group.parts.into_iter().collect();
    parts.sort_by_key(|(number, _)| *number);
    parts.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    fn part(reference: u16, total: u8, number: u8) -> (Part, Joined) {
        let party = |address: &str| Party { ton: 1, address: address.to_owned() };
        let joined = Joined { reference, total, number };
        let octets = vec![b'0' + number % 10];
        let part = Part {
            source: party("1"),
            destination: party("2"),
            data_coding: 0,
            octets,
            joined: Some(joined),
        };
        (part, joined)
    }

    fn add(reassembly: &mut Reassembly, reference: u16, total: u8, number: u8) -> Option<String> {
        let (part, joined) = part(reference, total, number);
        match reassembly.add(part, joined, START) {
            Added::Complete(parts) => Some(text(&parts)),
            Added::Waiting => None,
            Added::Full => Some("full".to_owned()),
        }
    }

    fn text(parts: &[Part]) -> String {
        parts.iter().map(|part| String::from_utf8_lossy(&part.octets).into_owned()).collect()
    }

    #[test]
    fn joins_parts_in_any_order_and_keeps_messages_apart() {
        let mut reassembly = Reassembly::default();
        assert_eq!(add(&mut reassembly, 7, 3, 3), None);
        assert_eq!(add(&mut reassembly, 8, 2, 1), None);
        assert_eq!(add(&mut reassembly, 7, 3, 1), None);
        assert_eq!(add(&mut reassembly, 7, 3, 1), None);
        assert_eq!(add(&mut reassembly, 7, 3, 2).as_deref(), Some("123"));
        assert_eq!(add(&mut reassembly, 8, 2, 2).as_deref(), Some("12"));
        assert_eq!(reassembly.next_deadline(), None);
    }

    #[test]
    fn is_bounded() {
        let mut reassembly = Reassembly::default();
        assert_eq!(add(&mut reassembly, 1, PARTS + 1, 1).as_deref(), Some("full"));
        for reference in 0..GROUPS {
            assert_eq!(add(&mut reassembly, u16::try_from(reference).unwrap(), 2, 1), None);
        }
        assert_eq!(add(&mut reassembly, u16::MAX, 2, 1).as_deref(), Some("full"));
        assert_eq!(add(&mut reassembly, 0, 2, 2).as_deref(), Some("12"));
    }

    #[test]
    fn gives_up_waiting_but_not_what_it_has() {
        let mut reassembly = Reassembly::default();
        add(&mut reassembly, 1, 3, 3);
        add(&mut reassembly, 1, 3, 1);
        assert_eq!(reassembly.next_deadline(), Some(REASSEMBLY_TIME));
        assert!(reassembly.expired(START).is_empty());
        let late = reassembly.expired(REASSEMBLY_TIME);
        assert_eq!(late.iter().map(|parts| text(parts)).collect::<Vec<_>>(), ["13"]);
    }
}
