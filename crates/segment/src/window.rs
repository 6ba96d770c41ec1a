//! Which events were there before: the names of those of the last [`limits::WINDOW`], and of those that are being
//! written at the moment.
//!
//! The names are digests that are stored with the events, so that the window is the same after a restart. A request
//! with an event that another request is just writing waits for the other's outcome: were it answered at once, and
//! the other failed, the event would be lost although it was acknowledged.
//!
//! Several processes on one PostgreSQL database read behind each other's events before they look, so that a repetition
//! is taken twice only when both requests are written at the very same time.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Timestamp;
use store::{EventName, LoggedNames, Store, StoreError};
use tokio::sync::Notify;

use crate::limits;

/// Rows of names that are read at once.
const ROWS: usize = 1_000;

/// The names that are known.
#[derive(Default)]
pub(crate) struct Window {
    state: Mutex<State>,
    /// Wakes who waits for the outcome of another request.
    settled: Notify,
    /// The place up to which the log has been read; `None` before that has happened.
    followed: tokio::sync::Mutex<Option<u64>>,
}

#[derive(Default)]
struct State {
    /// Each known name, and whether it is only being written.
    names: HashMap<EventName, bool>,
    /// The names that are on disk, oldest first.
    order: VecDeque<(Timestamp, EventName)>,
}

impl State {
    fn keep(&mut self, at: Timestamp, name: EventName) {
        if self.names.insert(name, false) != Some(false) {
            self.order.push_back((at, name));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let before = now.minus(limits::WINDOW);
        while self.order.front().is_some_and(|(at, _)| *at < before)
            || self.order.len() > limits::WINDOW_EVENTS
        {
            if let Some((_, name)) = self.order.pop_front() {
                self.names.remove(&name);
            }
        }
    }
}

/// The names that a request may write, each once; given back when it does not.
pub(crate) struct Reserved<'a> {
    window: &'a Window,
    names: Vec<EventName>,
    /// For each name asked about: whether it is new.
    pub(crate) is_new: Vec<bool>,
}

impl Reserved<'_> {
    /// The names are on disk.
    pub(crate) fn settle(mut self, at: Timestamp) {
        let mut state = self.window.lock();
        for name in self.names.drain(..) {
            state.keep(at, name);
        }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut state = self.window.lock();
        for name in &self.names {
            state.names.remove(name);
        }
        drop(state);
        self.window.settled.notify_waiters();
    }
}

impl Window {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves those of the names that are new. Waits while one of them is being written by somebody else.
    pub(crate) async fn reserve(&self, names: &[EventName], now: Timestamp) -> Reserved<'_> {
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if let Some(reserved) = self.try_reserve(names, now) {
                return reserved;
            }
            settled.await;
        }
    }

    fn try_reserve(&self, names: &[EventName], now: Timestamp) -> Option<Reserved<'_>> {
        let mut state = self.lock();
        state.forget(now);
        if names.iter().any(|name| state.names.get(name) == Some(&true)) {
            return None;
        }
        let mut reserved = Vec::with_capacity(names.len());
        let is_new = names
            .iter()
            .map(|name| {
                let is_new = !state.names.contains_key(name);
                if is_new {
                    state.names.insert(*name, true);
                    reserved.push(*name);
                }
                is_new
            })
            .collect();
        Some(Reserved { window: self, names: reserved, is_new })
    }

    /// Learns what the log has: all of the window's time at first; later, where other processes write to the same
    /// database, what they have added.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn follow(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let mut followed = self.followed.lock().await;
        if followed.is_some() && !store.is_shared() {
            return Ok(());
        }
        let (after, since) = (followed.unwrap_or(0), now.minus(limits::WINDOW));
        let (mut rows, mut names, mut before) = (Vec::<LoggedNames>::new(), 0, u64::MAX);
        loop {
            let more = store.event_names(after, before, since, ROWS).await?;
            let is_last = more.len() < ROWS;
            before = more.last().map_or(before, |row| row.sequence);
            names += more.iter().map(|row| row.names.len()).sum::<usize>();
            rows.extend(more);
            if is_last || names >= limits::WINDOW_EVENTS {
                break;
            }
        }
        *followed = Some(rows.first().map_or(after, |row| row.sequence));
        let mut state = self.lock();
        for row in rows.into_iter().rev() {
            for name in row.names {
                // One that this process is writing at the moment is its own affair.
                if state.names.get(&name) != Some(&true) {
                    state.keep(row.at, name);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn name(number: u8) -> EventName {
        [number; store::EVENT_NAME_BYTES]
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + seconds)
    }

    #[tokio::test]
    async fn a_name_is_new_once_within_the_window() {
        let window = Window::default();
        let reserved = window.reserve(&[name(1), name(2), name(1)], at(0)).await;
        assert_eq!(reserved.is_new, [true, true, false], "also within one request");
        reserved.settle(at(0));
        let day = i64::try_from(limits::WINDOW.as_secs()).unwrap();
        assert_eq!(window.reserve(&[name(1), name(3)], at(day)).await.is_new, [false, true]);
        assert_eq!(
            window.reserve(&[name(1)], at(day + 1)).await.is_new,
            [true],
            "a day later it is forgotten"
        );
    }

    #[tokio::test]
    async fn what_was_not_written_is_new_again() {
        let window = Window::default();
        drop(window.reserve(&[name(1)], at(0)).await);
        assert_eq!(window.reserve(&[name(1)], at(0)).await.is_new, [true]);
        assert!(window.lock().names.is_empty());
    }

    #[tokio::test]
    async fn a_repetition_waits_for_the_first_ones_outcome() {
        for is_written in [true, false] {
            let (window, names) = (Window::default(), [name(1)]);
            let first = window.reserve(&[name(1)], at(0)).await;
            let mut second = pin!(window.reserve(&names, at(0)));
            let early = tokio::time::timeout(Duration::from_millis(20), second.as_mut()).await;
            assert!(early.is_err(), "the outcome is not known");
            if is_written {
                first.settle(at(0))
            } else {
                drop(first)
            }
            assert_eq!(second.await.is_new, [!is_written]);
        }
    }

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many() {
        let mut state = State::default();
        for number in 0..u32::try_from(limits::WINDOW_EVENTS).unwrap() + 3 {
            let mut name = [0; store::EVENT_NAME_BYTES];
            name[..4].copy_from_slice(&number.to_be_bytes());
            state.keep(at(0), name);
        }
        state.forget(at(0));
        assert_eq!(state.order.len(), limits::WINDOW_EVENTS);
        assert_eq!(state.names.len(), limits::WINDOW_EVENTS);
        assert_eq!(state.order.front().unwrap().1[..4], 3u32.to_be_bytes());
    }
}
