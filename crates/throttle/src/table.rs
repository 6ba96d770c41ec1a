//! A table of fixed size for state per key: set-associative, as a processor's cache is.
//!
//! A key's keyed hash names its set, where it may take any slot. When all are taken, the one that will
//! matter for the shortest time is given up: a stranger's flood makes the table forgetful, never larger.
//! Slots keep the hash, not the key. It is keyed at random in each process, so nobody can aim at a set
//! or at another key's slot.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

use crate::limits::{SETS, WAYS};

/// What a table keeps per key.
pub(crate) trait State: Copy + Default {
    /// From when on this says no more than the default.
    fn idle_from(&self) -> Timestamp;
}

/// A key's slot; the hash 0 marks a free one.
#[derive(Clone, Copy, Default)]
struct Slot<S> {
    hash: u64,
    state: S,
}

/// State per key, in fixed memory.
pub(crate) struct Table<S> {
    hasher: RandomState,
    sets: Box<[Mutex<[Slot<S>; WAYS]>]>,
}

impl<S: State> Default for Table<S> {
    fn default() -> Self {
        let set = || Mutex::new([Slot::default(); WAYS]);
        Self { hasher: RandomState::new(), sets: (0..SETS).map(|_| set()).collect() }
    }
}

impl<S: State> Table<S> {
    /// Reads and changes the state of `key`; one that is not in the table has the default.
    pub(crate) fn with<R>(&self, key: &impl Hash, change: impl FnOnce(&mut S) -> R) -> R {
        let hash = self.hasher.hash_one(key).max(1);
        let set = &self.sets[(hash % SETS as u64) as usize];
        let mut slots = set.lock().unwrap_or_else(PoisonError::into_inner);
        let found = slots.iter().position(|slot| slot.hash == hash);
        let at = found.unwrap_or_else(|| victim(&slots));
        let mut state = if found.is_some() { slots[at].state } else { S::default() };
        let result = change(&mut state);
        slots[at] = Slot { hash, state };
        result
    }

    /// The state of `key`, without making room for one that is not in the table.
    pub(crate) fn get(&self, key: &impl Hash) -> S {
        let hash = self.hasher.hash_one(key).max(1);
        let set = &self.sets[(hash % SETS as u64) as usize];
        let slots = set.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().find(|slot| slot.hash == hash).map_or_else(S::default, |slot| slot.state)
    }
}

/// A free slot, or the one that is idle soonest.
fn victim<S: State>(slots: &[Slot<S>; WAYS]) -> usize {
    let by_idleness = |(_, slot): &(usize, &Slot<S>)| (slot.hash != 0, slot.state.idle_from());
    slots.iter().enumerate().min_by_key(by_idleness).map_or(0, |(at, _)| at)
}
