//! The four times of an event. The device's clock may be wrong; the time between making an event and sending it is
//! not, so that `timestamp = receivedAt - (sentAt - originalTimestamp)`.

use base::Timestamp;

/// When it was received, and what the sender says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) received_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) original: Option<Timestamp>,
}

impl Times {
    /// When it happened, by our clock.
    pub(crate) fn corrected(self) -> Timestamp {
        match (self.sent_at, self.original) {
            (Some(sent_at), Some(original)) => {
                let age = sent_at.micros().saturating_sub(original.micros());
                Timestamp::from_micros(self.received_at.micros().saturating_sub(age))
            }
            (None, Some(original)) => original,
            (_, None) => self.received_at,
        }
    }

    /// When it happened, for what is handed in later: as the sender says.
    pub(crate) fn as_sent(self) -> Timestamp {
        self.original.unwrap_or(self.received_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_corrected_by_what_is_right_about_it() {
        let at = Timestamp::from_seconds;
        let table = [
            // received, sent, original, corrected
            (1_000, Some(900), Some(890), 990),     // a clock that is late
            (1_000, Some(9_000), Some(8_990), 990), // a clock that is early
            (1_000, Some(900), None, 1_000),
            (1_000, None, Some(890), 890),
            (1_000, None, None, 1_000),
            (1_000, Some(890), Some(900), 1_010), // made after it was sent: its own affair
        ];
        for (received, sent, original, corrected) in table {
            let times =
                Times { received_at: at(received), sent_at: sent.map(at), original: original.map(at) };
            assert_eq!(times.corrected(), at(corrected), "{times:?}");
        }
        let extreme = Times {
            received_at: at(0),
            sent_at: Some(Timestamp::from_micros(i64::MAX)),
            original: Some(Timestamp::from_micros(i64::MIN)),
        };
        extreme.corrected();
    }
}
