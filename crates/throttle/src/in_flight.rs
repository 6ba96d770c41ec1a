//! How many requests of a key run at the same time. The counts take as much memory as requests run,
//! which the listener bounds.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::SHARDS;

/// Counts running requests by key.
pub struct InFlight<K> {
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<K, u32>>]>,
}

impl<K: Copy + Eq + Hash> Default for InFlight<K> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl<K: Copy + Eq + Hash> InFlight<K> {
    /// Counts a request of `key` for as long as the seat lives.
    pub fn sit(self: &Arc<Self>, key: K) -> Seat<K> {
        let mut counts = self.shard(&key);
        let count = counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        Seat { number: *count, key, counter: Arc::clone(self) }
    }

    /// Keys with running requests.
    pub fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, HashMap<K, u32>> {
        let at = (self.hasher.hash_one(key) % SHARDS as u64) as usize;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running request.
pub struct Seat<K: Copy + Eq + Hash> {
    key: K,
    number: u32,
    counter: Arc<InFlight<K>>,
}

impl<K: Copy + Eq + Hash> Seat<K> {
    /// Whose request it is.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// How many requests of its key ran when it began, itself included.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl<K: Copy + Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut counts = self.counter.shard(&self.key);
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}
