//! Who may ask for work now: rates of one address, and the work that is under way in all.
//!
//! A server that takes each INVITE while it is too slow to finish those that it has finishes none. So new work is
//! refused early and cheaply (503 without any state), and what belongs to a call that exists is never refused here.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Timestamp;
use throttle::{FailurePolicy, FailureThrottle, Rate, RateLimiter};

use crate::limits::FREE_FAILURES;

/// How much may be under way, and how fast one address may ask.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Requests without a final answer, and final answers without their ACK.
    pub transactions: usize,
    /// Calls that ring or talk.
    pub calls: usize,
    /// Calls that ring here.
    pub pending_invites: usize,
    /// INVITEs a second from one address.
    pub invites_per_second: NonZeroU32,
    /// INVITEs at once from one address.
    pub invite_burst: NonZeroU32,
    /// Other requests outside of calls a second from one address.
    pub requests_per_second: NonZeroU32,
    /// Such requests at once from one address.
    pub request_burst: NonZeroU32,
}

/// What counts against a limit for as long as it is held.
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One number that may not pass its limit.
#[derive(Default)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    pub(crate) fn now(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// A seat, if there is one.
    pub(crate) fn sit(&self, limit: usize) -> Option<Seat> {
        let taken =
            self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < limit).then_some(now + 1));
        taken.ok().map(|_| Seat(Arc::clone(&self.0)))
    }
}

/// Decides about each request that is outside of a call.
pub(crate) struct Admission {
    pub(crate) capacity: Capacity,
    pub(crate) transactions: Gauge,
    pub(crate) calls: Gauge,
    pub(crate) pending: Gauge,
    invites: RateLimiter,
    requests: RateLimiter,
    failures: FailureThrottle,
}

const FAILURES: FailurePolicy = FailurePolicy { free: FREE_FAILURES };

impl Admission {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            transactions: Gauge::default(),
            calls: Gauge::default(),
            pending: Gauge::default(),
            invites: RateLimiter::default(),
            requests: RateLimiter::default(),
            failures: FailureThrottle::default(),
        }
    }

    /// Whether this address may begin something now.
    pub(crate) fn is_within_rate(&self, is_invite: bool, source: IpAddr, now: Timestamp) -> bool {
        let capacity = &self.capacity;
        let taken = if is_invite {
            self.invites.take(&source, Rate::new(capacity.invites_per_second, capacity.invite_burst), now)
        } else {
            self.requests.take(&source, Rate::new(capacity.requests_per_second, capacity.request_burst), now)
        };
        taken.is_ok()
    }

    /// Whether this address has to wait because of passwords that were wrong.
    pub(crate) fn is_penalised(&self, source: IpAddr, now: Timestamp) -> bool {
        self.failures.wait(&source, FAILURES, now).is_some()
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&self, source: IpAddr, now: Timestamp) {
        self.failures.failed(&source, FAILURES, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_it_is_left() {
        let gauge = Gauge::default();
        let first = gauge.sit(2).unwrap();
        let second = gauge.sit(2).unwrap();
        assert!(gauge.sit(2).is_none());
        drop(first);
        assert!(gauge.sit(2).is_some());
        drop(second);
        assert_eq!(gauge.now(), 0);
    }
}
