//! The rate of each sender: carriers cut off a number that is faster than its kind may be.
//!
//! What is too fast is not refused. It goes back into the queue, which is on disk, until its turn: the turns
//! of one sender are given out one after the other, so that each message is looked at once and not again and
//! again, and messages of other senders are not behind them.

use std::collections::HashMap;
use std::time::Duration;

use base::{Address, Region};
use messaging::carrier::Pace;
use smpp_proto::Bucket;

use crate::config::SmppConfig;
use crate::limits::{PACE_WAIT, SENDERS, SENDERS_FULL_WAIT};

/// How fast each sender may be.
pub(crate) struct Rates {
    long_code: f64,
    toll_free: f64,
    short_code: f64,
    alphanumeric: f64,
    named: HashMap<String, f64>,
}

impl Rates {
    pub(crate) fn of(config: &SmppConfig) -> Self {
        Self {
            long_code: config.long_code_rate,
            toll_free: config.toll_free_rate,
            short_code: config.short_code_rate,
            alphanumeric: config.alphanumeric_rate,
            named: config.senders.iter().map(|sender| (sender.number.clone(), sender.rate)).collect(),
        }
    }

    fn per_second(&self, sender: &str) -> f64 {
        if let Some(rate) = self.named.get(sender) {
            return *rate;
        }
        match Address::parse(sender) {
            Ok(Address::Phone(number)) if number.region() == Region::UsTollFree => self.toll_free,
            Ok(Address::ShortCode(_)) => self.short_code,
            Ok(Address::Alphanumeric(_)) => self.alphanumeric,
            Ok(Address::Phone(_) | Address::Channel(_)) | Err(_) => self.long_code,
        }
    }
}

/// The senders that were seen lately. Their numbers are ours, so nobody's secret; still never printed.
pub(crate) struct Senders {
    rates: Rates,
    known: HashMap<String, Sender>,
}

struct Sender {
    bucket: Bucket,
    /// When the last turn is that was given to a message seen for the first time.
    last_turn: Duration,
    /// The same for messages whose turn passed unused: after a restart, or while no bind was up.
    last_second_turn: Duration,
}

impl Senders {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, known: HashMap::new() }
    }

    /// Whether a message may go, which is counted then, or when its turn is. `again` says that it had a turn.
    pub(crate) fn pace(&mut self, sender: &str, segments: u32, again: bool, now: Duration) -> Pace {
        let Some(sender) = self.sender(sender, now) else { return Pace::Later(SENDERS_FULL_WAIT) };
        let wait = sender.bucket.wait(now);
        let is_first_in_line = again || sender.last_turn <= now;
        if is_first_in_line && wait <= PACE_WAIT {
            (0..segments.max(1)).for_each(|_| sender.bucket.take(now));
            return Pace::After(wait);
        }
        let last = if again { &mut sender.last_second_turn } else { &mut sender.last_turn };
        *last = (*last).max(now.saturating_add(wait.saturating_sub(sender.bucket.interval())));
        *last = last.saturating_add(sender.bucket.interval().saturating_mul(segments.max(1)));
        Pace::Later(last.saturating_sub(now))
    }

    fn sender(&mut self, sender: &str, now: Duration) -> Option<&mut Sender> {
        if !self.known.contains_key(sender) {
            if self.known.len() >= SENDERS {
                self.known.retain(|_, sender| !sender.bucket.is_full(now) || sender.last_turn > now);
            }
            if self.known.len() >= SENDERS {
                return None;
            }
            // What was sent before a restart is not known, so nothing is taken for granted.
            let bucket = Bucket::spent(self.rates.per_second(sender));
            let new = Sender { bucket, last_turn: Duration::ZERO, last_second_turn: Duration::ZERO };
            self.known.insert(sender.to_owned(), new);
        }
        self.known.get_mut(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "+14155550100";
    const START: Duration = Duration::from_secs(10);

    fn senders() -> Senders {
        let config = "[[binds]]\nname = \"a\"\nhost = \"a\"\nport = 1\nsystem_id = \"a\"\npassword = \"a\"\n\
                      [[senders]]\nnumber = \"+14155550199\"\nrate = 10.0\n";
        Senders::new(Rates::of(&SmppConfig::parse(config).unwrap()))
    }

    #[test]
    fn each_kind_of_sender_has_its_rate() {
        let rates = senders().rates;
        for (sender, expected) in
            [(LONG, 1.0), ("+18885550100", 3.0), ("12345", 100.0), ("Clinic", 10.0), ("+14155550199", 10.0)]
        {
            assert_eq!(rates.per_second(sender), expected, "{sender}");
        }
    }

    #[test]
    fn a_thousand_messages_get_a_turn_each_and_hold_nobody_up() {
        let mut senders = senders();
        let mut turns: Vec<Duration> = (0..1_000)
            .map(|_| match senders.pace(LONG, 1, false, START) {
                Pace::After(wait) | Pace::Later(wait) => START + wait,
            })
            .collect();
        let expected: Vec<Duration> = (0..1_000).map(|turn| START + Duration::from_secs(turn)).collect();
        assert_eq!(turns, expected);
        assert_eq!(senders.pace("+14155550101", 1, false, START), Pace::After(Duration::ZERO));
        // Each goes when its turn is, and one that comes between two turns goes to the end of the line.
        let newcomer = senders.pace(LONG, 1, false, START + Duration::from_millis(1_500));
        assert_eq!(newcomer, Pace::Later(Duration::from_millis(998_500)));
        for turn in turns.drain(1..) {
            assert_eq!(senders.pace(LONG, 1, true, turn), Pace::After(Duration::ZERO));
        }
    }

    #[test]
    fn turns_that_passed_unused_do_not_make_it_faster() {
        let mut senders = senders();
        let mut gone = 0;
        let mut waiting: Vec<Duration> = vec![START; 50];
        for second in 0..60 {
            let now = START + Duration::from_secs(second);
            for due in waiting.iter_mut().filter(|due| **due <= now) {
                match senders.pace(LONG, 1, true, now) {
                    Pace::After(_) => {
                        *due = Duration::MAX;
                        gone += 1;
                    }
                    Pace::Later(wait) => *due = now + wait,
                }
            }
            assert!(gone <= second + 1, "{gone} after {second} s");
        }
        assert_eq!(gone, 50);
    }

    #[test]
    fn after_a_start_nobody_is_let_through_at_once() {
        assert_eq!(senders().pace(LONG, 1, false, Duration::ZERO), Pace::Later(Duration::from_secs(1)));
    }

    #[test]
    fn parts_count_like_messages() {
        let mut senders = senders();
        assert_eq!(senders.pace(LONG, 3, false, START), Pace::After(Duration::ZERO));
        assert_eq!(senders.pace(LONG, 1, false, START), Pace::Later(Duration::from_secs(3)));
    }
}
