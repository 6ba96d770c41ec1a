//! Failures: free at first, then each one doubles the wait.

use std::time::Duration;

use base::Timestamp;
use proptest::prelude::*;
use throttle::limits::{FORGET_AFTER, LONGEST_DELAY};
use throttle::{FailurePolicy, FailureThrottle};

const POLICY: FailurePolicy = FailurePolicy { free: 3 };
const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

#[test]
fn delays_double_up_to_the_longest() {
    let throttle = FailureThrottle::default();
    let mut now = START;
    for (failures, seconds) in (1..=15).zip([0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
        let wait = Duration::from_secs(seconds);
        assert_eq!(throttle.failed(&"key", POLICY, now), (failures, wait));
        assert_eq!(throttle.wait(&"key", POLICY, now), (seconds > 0).then_some(wait));
        now = now.plus(wait);
        assert_eq!(throttle.wait(&"key", POLICY, now), None);
    }
    assert_eq!(throttle.wait(&"another", POLICY, START), None);
}

#[test]
fn success_and_time_forgive() {
    let throttle = FailureThrottle::default();
    for _ in 0..6 {
        throttle.failed(&"key", POLICY, START);
    }
    throttle.forgive(&"key");
    assert_eq!(throttle.wait(&"key", POLICY, START), None);
    assert_eq!(throttle.failed(&"key", POLICY, START), (1, Duration::ZERO));
    for _ in 0..6 {
        throttle.failed(&"key", POLICY, START);
    }
    assert_eq!(throttle.failed(&"key", POLICY, START.plus(FORGET_AFTER)), (1, Duration::ZERO));
}

proptest! {
    #[test]
    fn no_clock_makes_anybody_wait_longer_than_the_longest_delay(
        instants in prop::collection::vec(any::<i64>(), 1..60),
        asked in any::<i64>(),
    ) {
        let throttle = FailureThrottle::default();
        for instant in instants {
            throttle.failed(&"key", POLICY, Timestamp::from_micros(instant));
        }
        let wait = throttle.wait(&"key", POLICY, Timestamp::from_micros(asked));
        prop_assert!(wait.unwrap_or_default() <= LONGEST_DELAY);
    }
}
