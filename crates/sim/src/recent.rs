//! A map that stays small: beyond its limit, what came first is forgotten.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Values by key, at most `limit` of them.
pub(crate) struct Recent<K, V> {
    limit: usize,
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V: Default> Recent<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, values: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// The value of `key`, which starts as the default.
    pub(crate) fn entry(&mut self, key: &K) -> &mut V {
        if !self.values.contains_key(key) {
            if self.order.len() == self.limit
                && let Some(oldest) = self.order.pop_front()
            {
                self.values.remove(&oldest);
            }
            self.order.push_back(key.clone());
        }
        self.values.entry(key.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_came_first() {
        let mut recent = Recent::new(2);
        for key in ["a", "b", "a", "c"] {
            *recent.entry(&key) += 1;
        }
        assert_eq!([recent.get(&"a"), recent.get(&"b"), recent.get(&"c")], [None, Some(&1), Some(&1)]);
        assert_eq!(recent.order.len(), recent.values.len());
    }
}
