//! Work that is done again and again beside the queues, and loses nothing when it is not: sweeps, looks, checkpoints.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// When such work is due: now, and then every so often, counted from the beginning of one round to that of the next.
pub struct Rounds {
    ticks: Interval,
    stop: watch::Receiver<bool>,
}

impl Rounds {
    /// Rounds that end when `stop` becomes true or nobody holds its other end any more.
    pub fn every(time: Duration, stop: watch::Receiver<bool>) -> Self {
        let mut ticks = interval(time);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, stop }
    }

    /// Waits for the next round; false when there is none any more.
    pub async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.ticks.tick() => true,
            _ = self.stop.wait_for(|stop| *stop) => false,
        }
    }
}
