//! Circuit breakers: when a destination does not answer, its webhooks wait instead of being used up on it.
//!
//! One circuit per lane, that is per account and destination, in memory: a process that starts anew finds out anew.
//! After [`CIRCUIT_FAILURES`] failures in a row it opens. While it is open nothing is sent except, after a pause that
//! doubles, one webhook at a time as a trial. Any success closes it. What fails while it is open, the trial included, is
//! put back; what has waited for [`CIRCUIT_WAIT`] is given up, with the alert of what keeps failing.
//!
//! Pure: instants come in, decisions go out.

use std::collections::HashMap;
use std::time::Duration;

use base::Timestamp;
use jobs::Gate;
use store::Lane;

use crate::limits::{CIRCUIT_FAILURES, CIRCUIT_WAIT, CIRCUITS, FIRST_TRIAL, LONGEST_TRIAL};

/// The circuits of every lane in which something failed.
#[derive(Debug, Default)]
pub(crate) struct Circuits {
    by_lane: HashMap<Lane, Circuit>,
}

/// What is known of a destination that did not answer the last time.
#[derive(Debug)]
struct Circuit {
    /// Failures in a row.
    failures: u32,
    /// The alert code of the last failure.
    code: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// When a trial may be made.
    until: Timestamp,
    /// How long that was to wait.
    pause: Duration,
}

/// What to do with a webhook that was leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Send it.
    Send,
    /// Put it back until then.
    Wait(Timestamp),
    /// It has waited long enough: end it with an alert of this code.
    GiveUp(u32),
}

/// What a failure means for the webhook that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It has failed.
    Ends,
    /// The destination does not answer: put it back until then. `opened` when that was found out just now.
    Waits {
        /// When a trial may be made.
        until: Timestamp,
        /// Whether this failure opened the circuit.
        opened: bool,
    },
}

impl Circuits {
    /// Whether jobs of the lane are worth leasing.
    pub(crate) fn gate(&self, lane: Lane, now: Timestamp) -> Gate {
        match self.open(lane) {
            None => Gate::Open,
            Some((open, _)) if open.until <= now => Gate::Trial,
            Some((open, _)) => Gate::Closed { until: open.until, overdue: now.minus(CIRCUIT_WAIT) },
        }
    }

    /// Whether a leased webhook that was first due at `due_at` is sent now.
    pub(crate) fn admit(&self, lane: Lane, due_at: Timestamp, now: Timestamp) -> Admission {
        match self.open(lane) {
            Some((open, _)) if open.until > now && !is_overdue(due_at, now) => Admission::Wait(open.until),
            Some((open, code)) if open.until > now => Admission::GiveUp(code),
            _ => Admission::Send,
        }
    }

    /// Notes that the destination answered; whether its circuit was open.
    pub(crate) fn succeeded(&mut self, lane: Lane) -> bool {
        self.by_lane.remove(&lane).is_some_and(|circuit| circuit.open.is_some())
    }

    /// Notes that the destination did not answer a webhook that was first due at `due_at`.
    pub(crate) fn failed(&mut self, lane: Lane, code: u32, due_at: Timestamp, now: Timestamp) -> Failed {
        if !self.by_lane.contains_key(&lane) && !self.make_room() {
            return Failed::Ends;
        }
        let circuit = self.by_lane.entry(lane).or_insert(Circuit { failures: 0, code, open: None });
        circuit.failures = circuit.failures.saturating_add(1);
        circuit.code = code;
        let (open, opened) = match circuit.open {
            None if circuit.failures < CIRCUIT_FAILURES => return Failed::Ends,
            None => (Open { until: now.plus(FIRST_TRIAL), pause: FIRST_TRIAL }, true),
            // A failure of something sent before the circuit opened says nothing new.
            Some(open) if open.until > now => (open, false),
            Some(Open { pause, .. }) => {
                let pause = pause.saturating_mul(2).min(LONGEST_TRIAL);
                (Open { until: now.plus(pause), pause }, false)
            }
        };
        circuit.open = Some(open);
        match is_overdue(due_at, now) {
            true if !opened => Failed::Ends,
            _ => Failed::Waits { until: open.until, opened },
        }
    }

    /// How many circuits are open.
    pub(crate) fn open_count(&self) -> usize {
        self.by_lane.values().filter(|circuit| circuit.open.is_some()).count()
    }

    fn open(&self, lane: Lane) -> Option<(Open, u32)> {
        let circuit = self.by_lane.get(&lane)?;
        circuit.open.map(|open| (open, circuit.code))
    }

    /// Room for one more: those that have not opened are forgotten first. Without room a destination has no circuit.
    fn make_room(&mut self) -> bool {
        if self.by_lane.len() >= CIRCUITS {
            self.by_lane.retain(|_, circuit| circuit.open.is_some());
        }
        self.by_lane.len() < CIRCUITS
    }
}

fn is_overdue(due_at: Timestamp, now: Timestamp) -> bool {
    now.since(due_at) >= CIRCUIT_WAIT
}

#[cfg(test)]
mod tests {
    use phi::Digest;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn lane(number: u32) -> Lane {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Lane::of(&Digest(bytes))
    }

    /// Circuits of which that of lane 1 has just opened.
    fn opened() -> Circuits {
        let mut circuits = Circuits::default();
        for _ in 1..CIRCUIT_FAILURES {
            assert_eq!(circuits.failed(lane(1), 11205, NOW, NOW), Failed::Ends);
            assert_eq!(circuits.gate(lane(1), NOW), Gate::Open);
        }
        let until = NOW.plus(FIRST_TRIAL);
        assert_eq!(circuits.failed(lane(1), 11205, NOW, NOW), Failed::Waits { until, opened: true });
        circuits
    }

    #[test]
    fn opens_after_failures_in_a_row_and_only_there() {
        let circuits = opened();
        let shut = Gate::Closed { until: NOW.plus(FIRST_TRIAL), overdue: NOW.minus(CIRCUIT_WAIT) };
        assert_eq!((circuits.gate(lane(1), NOW), circuits.gate(lane(2), NOW)), (shut, Gate::Open));
        assert_eq!(circuits.open_count(), 1);
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let mut circuits = Circuits::default();
        for _ in 0..3 {
            for _ in 1..CIRCUIT_FAILURES {
                assert_eq!(circuits.failed(lane(1), 11205, NOW, NOW), Failed::Ends);
            }
            assert!(!circuits.succeeded(lane(1)), "it was not open");
        }
    }

    #[test]
    fn trials_come_after_pauses_that_double_within_bounds() {
        let mut circuits = opened();
        let (mut now, mut pause) = (NOW, FIRST_TRIAL);
        for _ in 0..12 {
            now = now.plus(pause);
            assert!(matches!(circuits.gate(lane(1), now.minus(SECOND / 10)), Gate::Closed { .. }));
            assert_eq!(circuits.gate(lane(1), now), Gate::Trial);
            assert_eq!(circuits.admit(lane(1), now, now), Admission::Send);
            pause = (pause * 2).min(LONGEST_TRIAL);
            let waits = Failed::Waits { until: now.plus(pause), opened: false };
            assert_eq!(circuits.failed(lane(1), 11205, now, now), waits);
        }
        assert_eq!(pause, LONGEST_TRIAL);
        assert!(circuits.succeeded(lane(1)), "it was open");
        assert_eq!((circuits.gate(lane(1), now), circuits.open_count()), (Gate::Open, 0));
    }

    #[test]
    fn what_was_under_way_waits_too_and_does_not_lengthen_the_pause() {
        let mut circuits = opened();
        let until = NOW.plus(FIRST_TRIAL);
        let soon = NOW.plus(FIRST_TRIAL / 2);
        for _ in 0..5 {
            assert_eq!(circuits.failed(lane(1), 11205, NOW, soon), Failed::Waits { until, opened: false });
        }
        assert_eq!(circuits.admit(lane(1), NOW, soon), Admission::Wait(until));
        assert!(circuits.succeeded(lane(1)), "an answer is an answer, whenever it was asked for");
    }

    #[test]
    fn what_has_waited_long_enough_is_given_up_with_the_last_code() {
        let mut circuits = opened();
        let now = NOW.plus(CIRCUIT_WAIT);
        let young = now.minus(CIRCUIT_WAIT - SECOND);
        // A trial is made all the same, with whatever is first; when it fails, the old ends and the young waits.
        assert_eq!(circuits.admit(lane(1), NOW, now), Admission::Send);
        assert_eq!(circuits.failed(lane(1), 11210, NOW, now), Failed::Ends);
        assert_eq!(circuits.admit(lane(1), NOW, now), Admission::GiveUp(11210));
        assert!(matches!(circuits.admit(lane(1), young, now), Admission::Wait(_)));
        assert!(matches!(circuits.failed(lane(1), 11210, young, now), Failed::Waits { .. }));
    }

    #[test]
    fn there_are_so_many_circuits_and_no_more() {
        let mut circuits = opened();
        let count = u32::try_from(CIRCUITS).expect("a small limit");
        for number in 2..count * 2 {
            circuits.failed(lane(number), 11205, NOW, NOW);
        }
        assert!(circuits.by_lane.len() <= CIRCUITS);
        assert_eq!(circuits.open_count(), 1, "those that are open are kept");
        for number in 2..count * 2 {
            for _ in 0..CIRCUIT_FAILURES {
                circuits.failed(lane(number), 11205, NOW, NOW);
            }
        }
        assert_eq!(circuits.failed(lane(count * 3), 11205, NOW, NOW), Failed::Ends);
    }
}
