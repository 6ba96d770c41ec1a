//! Rates: never more than allowed, never less than owed.

use std::num::NonZeroU32;
use std::time::Duration;

use base::Timestamp;
use proptest::prelude::*;
use throttle::limits::{SETS, WAYS};
use throttle::{Rate, RateLimiter};

fn count(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).unwrap()
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000).plus(Duration::from_micros(micros))
}

proptest! {
    #[test]
    fn no_window_holds_more_than_the_burst_and_what_the_rate_adds(
        per_second in 1_u32..5_000,
        burst in 1_u32..200,
        pauses in prop::collection::vec(0_u64..40_000, 1..400),
    ) {
        let (limiter, rate) = (RateLimiter::default(), Rate::new(count(per_second), count(burst)));
        let (mut now, mut taken) = (0, Vec::new());
        for pause in pauses {
            now += pause;
            if limiter.take(&"key", rate, at(now)).is_ok() {
                taken.push(now);
            }
        }
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let added = (to - from) as f64 * f64::from(per_second) / 1e6;
                prop_assert!((last - first + 1) as f64 <= f64::from(burst) + added + 1e-3);
            }
        }
    }

    #[test]
    fn who_waits_as_long_as_told_is_let_in_and_not_a_moment_earlier(
        per_second in 1_u32..5_000,
        burst in 1_u32..50,
    ) {
        let (limiter, rate) = (RateLimiter::default(), Rate::new(count(per_second), count(burst)));
        for _ in 0..burst {
            prop_assert_eq!(limiter.take(&1, rate, at(0)), Ok(()));
        }
        let wait = limiter.take(&1, rate, at(0)).unwrap_err();
        let micros = u64::try_from(wait.as_nanos().div_ceil(1_000)).unwrap();
        if micros > 1 {
            prop_assert!(limiter.take(&1, rate, at(micros - 2)).is_err());
        }
        prop_assert_eq!(limiter.take(&1, rate, at(micros)), Ok(()));
    }

    #[test]
    fn keys_do_not_share_a_rate(keys in prop::collection::hash_set(any::<u64>(), 1..20)) {
        let (limiter, rate) = (RateLimiter::default(), Rate::per_second(count(1)));
        // As many keys as one set has slots cannot push one another out.
        for key in keys.iter().take(WAYS) {
            prop_assert_eq!(limiter.take(key, rate, at(0)), Ok(()));
            prop_assert!(limiter.take(key, rate, at(0)).is_err());
        }
    }

    #[test]
    fn a_clock_that_is_set_back_costs_a_burst_at_most(back in 0_u64..10_000_000_000) {
        let (limiter, rate) = (RateLimiter::default(), Rate::per_second(count(10)));
        for _ in 0..10 {
            prop_assert_eq!(limiter.take(&1, rate, at(10_000_000_000)), Ok(()));
        }
        let wait = limiter.take(&1, rate, at(10_000_000_000 - back)).unwrap_err();
        prop_assert!(wait <= Duration::from_secs(1));
    }
}

#[test]
fn a_flood_of_keys_is_forgotten_before_a_key_that_has_used_its_rate_up() {
    let (limiter, slow) = (RateLimiter::default(), Rate::new(count(1), count(10)));
    for _ in 0..10 {
        assert_eq!(limiter.take(&"heavy", slow, at(0)), Ok(()));
    }
    for stranger in 0..SETS * WAYS * 4 {
        assert_eq!(limiter.take(&stranger, slow, at(0)), Ok(()));
    }
    assert!(limiter.take(&"heavy", slow, at(0)).is_err());
}

#[test]
fn many_threads_take_no_more_than_the_burst() {
    let (limiter, rate) = (RateLimiter::default(), Rate::new(count(1), count(1_000)));
    let taken: usize = std::thread::scope(|scope| {
        let take = || (0..1_000).filter(|_| limiter.take(&"key", rate, at(0)).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(taken, 1_000);
}
