//! Running requests: counted while they run, forgotten when they end.

use std::sync::Arc;

use throttle::InFlight;

#[test]
fn seats_are_numbered_per_key_and_leave_nothing_behind() {
    let counter = Arc::new(InFlight::default());
    let first = counter.sit("a");
    let second = counter.sit("a");
    let other = counter.sit("b");
    assert_eq!([first.number(), second.number(), other.number()], [1, 2, 1]);
    assert_eq!(counter.keys(), 2);
    drop(first);
    assert_eq!(counter.sit("a").number(), 2);
    drop((second, other));
    assert_eq!(counter.keys(), 0);
}
