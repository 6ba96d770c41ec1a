//! A bound on identical alerts: a destination that refuses a thousand webhooks is told of a few times, and counted.
//!
//! Alerts of one account with one code about one destination are identical. In a window of [`ALERT_WINDOW`], the first
//! [`ALERTS_PER_WINDOW`] are raised. The others are counted, and the count is part of the next alert: of the first one
//! after the window, or of one that is raised for that alone when nothing follows. The count is in memory; what it
//! counts is in the delivery log, one by one.
//!
//! Pure: instants come in, decisions go out.

use std::collections::HashMap;

use base::Timestamp;
use store::{Lane, Scope};

use crate::delivery::Method;
use crate::limits::{ALERT_WINDOW, ALERT_WINDOWS, ALERTS_PER_WINDOW};

/// What makes alerts identical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) scope: Scope,
    pub(crate) lane: Lane,
    pub(crate) error_code: u32,
}

/// The windows that are not over, or have something to tell.
#[derive(Debug, Default)]
pub(crate) struct Floods {
    windows: HashMap<Subject, Window>,
}

#[derive(Debug)]
struct Window {
    since: Timestamp,
    raised: u32,
    untold: Untold,
}

/// Alerts that were not raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) count: u64,
    /// How and where the last of them was called; scheme, host and path only.
    pub(crate) method: Option<Method>,
    pub(crate) url: Option<String>,
}

impl Floods {
    /// Whether an alert is raised, and how many identical ones before it were not.
    pub(crate) fn admit(
        &mut self,
        subject: Subject,
        method: Method,
        url: Option<&str>,
        now: Timestamp,
    ) -> Option<u64> {
        if !self.windows.contains_key(&subject) && self.windows.len() >= ALERT_WINDOWS {
            self.windows
                .retain(|_, window| window.untold.count > 0 || now.since(window.since) < ALERT_WINDOW);
            if self.windows.len() >= ALERT_WINDOWS {
                return Some(0);
            }
        }
        let fresh = || Window { since: now, raised: 0, untold: Untold::default() };
        let window = self.windows.entry(subject).or_insert_with(fresh);
        let mut told = 0;
        if now.since(window.since) >= ALERT_WINDOW {
            told = window.untold.count;
            *window = fresh();
        }
        if window.raised < ALERTS_PER_WINDOW {
            window.raised += 1;
            return Some(told);
        }
        window.untold.count += 1;
        window.untold.method = Some(method);
        window.untold.url = url.map(str::to_owned);
        None
    }

    /// Takes out what windows that are over at `now` have to tell.
    pub(crate) fn over(&mut self, now: Timestamp) -> Vec<(Subject, Untold)> {
        let mut told = Vec::new();
        self.windows.retain(|subject, window| {
            let is_over = now.since(window.since) >= ALERT_WINDOW;
            if is_over && window.untold.count > 0 {
                told.push((*subject, std::mem::take(&mut window.untold)));
            }
            !is_over
        });
        told
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn subject(error_code: u32) -> Subject {
        Subject { scope: Scope::SYSTEM, lane: Lane::NONE, error_code }
    }

    fn admit(floods: &mut Floods, error_code: u32, now: Timestamp) -> Option<u64> {
        floods.admit(subject(error_code), Method::Post, Some("https://a.example/b"), now)
    }

    #[test]
    fn raises_a_few_and_counts_the_rest() {
        let mut floods = Floods::default();
        for _ in 0..ALERTS_PER_WINDOW {
            assert_eq!(admit(&mut floods, 11205, NOW), Some(0));
        }
        for _ in 0..500 {
            assert_eq!(admit(&mut floods, 11205, NOW.plus(ALERT_WINDOW - Duration::from_secs(1))), None);
        }
        assert_eq!(admit(&mut floods, 11200, NOW), Some(0), "another code is another matter");
        assert_eq!(admit(&mut floods, 11205, NOW.plus(ALERT_WINDOW)), Some(500));
        assert_eq!(admit(&mut floods, 11205, NOW.plus(ALERT_WINDOW)), Some(0), "told once");
    }

    #[test]
    fn tells_the_count_when_nothing_follows() {
        let mut floods = Floods::default();
        for _ in 0..ALERTS_PER_WINDOW + 7 {
            admit(&mut floods, 11205, NOW);
        }
        assert!(floods.over(NOW).is_empty(), "the window is not over");
        let untold =
            Untold { count: 7, method: Some(Method::Post), url: Some("https://a.example/b".to_owned()) };
        assert_eq!(floods.over(NOW.plus(ALERT_WINDOW)), [(subject(11205), untold)]);
        assert!(floods.over(NOW.plus(ALERT_WINDOW)).is_empty() && floods.windows.is_empty());
    }

    #[test]
    fn remembers_so_many_windows_and_no_more() {
        let mut floods = Floods::default();
        for code in 0..u32::try_from(ALERT_WINDOWS).expect("a small limit") + 5 {
            assert_eq!(admit(&mut floods, code, NOW), Some(0));
        }
        assert_eq!(floods.windows.len(), ALERT_WINDOWS);
    }
}
