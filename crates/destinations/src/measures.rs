//! What delivery counts, for the metrics: by destination, which is a SID, and by outcome, which is a word of ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base::DestinationSid;
use base::measure::Counter;

use crate::limits;
use crate::run::{DELIVERED, GAVE_UP, REJECTED, RETRIED};

/// What was done since the process began.
#[derive(Debug, Default)]
pub struct EngineMeasures {
    /// Payloads that a destination has.
    pub delivered: Counter,
    /// Events that go to no destination, for whatever reason.
    pub discarded: Counter,
    /// Payloads that were given up.
    pub dead: Counter,
    /// Payloads that have to be sent again.
    pub retried: Counter,
    /// Runs that ended because the store failed or somebody else had the destination.
    pub interrupted: Counter,
    /// The same by destination and outcome, of as many destinations as are counted.
    destinations: Mutex<BTreeMap<DestinationSid, BTreeMap<&'static str, u64>>>,
}

impl EngineMeasures {
    /// Counts what became of events, once that is on disk.
    pub(crate) fn count(&self, destination: DestinationSid, counts: &BTreeMap<&'static str, u64>) {
        for (outcome, events) in counts {
            match *outcome {
                DELIVERED => self.delivered.add(*events),
                RETRIED => self.retried.add(*events),
                GAVE_UP | REJECTED => self.dead.add(*events),
                _ => self.discarded.add(*events),
            }
        }
        let mut all = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= limits::MEASURED && !all.contains_key(&destination) {
            return;
        }
        let of_one = all.entry(destination).or_default();
        for (outcome, events) in counts {
            *of_one.entry(*outcome).or_default() += events;
        }
    }

    /// What became of events by destination and outcome, of the first [`limits::MEASURED`] destinations that were given
    /// any.
    pub fn by_destination(&self) -> Vec<(DestinationSid, &'static str, u64)> {
        let all = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = |(sid, counts): (&DestinationSid, &BTreeMap<&'static str, u64>)| {
            counts.iter().map(|(outcome, events)| (*sid, *outcome, *events)).collect::<Vec<_>>()
        };
        all.iter().flat_map(rows).collect()
    }
}
