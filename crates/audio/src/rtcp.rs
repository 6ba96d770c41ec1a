//! RTCP: what is measured of a stream that comes in, and the reports about it (RFC 3550 6 and appendix A).

use std::time::Duration;

use crate::limits::{RATE, REPORT_BLOCKS};

/// Type of a sender's report.
const SENDER_REPORT: u8 = 200;
/// Type of a receiver's report.
const RECEIVER_REPORT: u8 = 201;
/// Type of a description of sources.
const DESCRIPTION: u8 = 202;

/// What is measured of one stream (RFC 3550 A.1, A.3, A.8).
#[derive(Clone, Copy, Default)]
pub(crate) struct Reception {
    first: Option<u16>,
    highest: u16,
    rollovers: u32,
    received: u32,
    /// In sixteenths of a sample.
    jitter: u32,
    transit: Option<u32>,
    expected_before: u32,
    received_before: u32,
}

impl Reception {
    /// Notes a packet that came `arrival` samples after some fixed time.
    pub(crate) fn note(&mut self, sequence: u16, timestamp: u32, arrival: u32) {
        self.received = self.received.saturating_add(1);
        match self.first {
            None => {
                self.first = Some(sequence);
                self.highest = sequence;
            }
            Some(_) => {
                let ahead = sequence.wrapping_sub(self.highest);
                if ahead != 0 && ahead < 0x8000 {
                    self.rollovers = self.rollovers.wrapping_add(u32::from(sequence < self.highest));
                    self.highest = sequence;
                }
            }
        }
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A jump of timestamps is no jitter.
            if difference < RATE {
                self.jitter = self.jitter.saturating_add(difference).saturating_sub((self.jitter + 8) >> 4);
            }
        }
    }

    fn extended(&self) -> u32 {
        (self.rollovers << 16) | u32::from(self.highest)
    }

    fn expected(&self) -> u32 {
        self.first.map_or(0, |first| self.extended().wrapping_sub(u32::from(first)).wrapping_add(1))
    }

    pub(crate) fn received(&self) -> u32 {
        self.received
    }

    pub(crate) fn lost(&self) -> u32 {
        self.expected().saturating_sub(self.received)
    }

    pub(crate) fn jitter(&self) -> Duration {
        Duration::from_micros(u64::from(self.jitter >> 4) * 1_000_000 / u64::from(RATE))
    }

    /// The report about the stream; the fraction is of what was expected since the report before.
    fn block(&mut self, ssrc: u32, heard: Option<Heard>, now: u64) -> [u8; 24] {
        let (expected, received) = (self.expected(), self.received);
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = received.wrapping_sub(self.received_before);
        (self.expected_before, self.received_before) = (expected, received);
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (u64::from(lost_now) << 8).checked_div(u64::from(expected_now)).unwrap_or(0).min(255);
        let (last, delay) = heard.map_or((0, 0), |heard| {
            (heard.middle, u32::try_from(now.saturating_sub(heard.at) * 65_536 / 1_000).unwrap_or(u32::MAX))
        });
        let mut block = [0; 24];
        block[..4].copy_from_slice(&ssrc.to_be_bytes());
        block[4..8].copy_from_slice(&(((fraction as u32) << 24) | self.lost().min(0x7f_ffff)).to_be_bytes());
        block[8..12].copy_from_slice(&self.extended().to_be_bytes());
        block[12..16].copy_from_slice(&(self.jitter >> 4).to_be_bytes());
        block[16..20].copy_from_slice(&last.to_be_bytes());
        block[20..].copy_from_slice(&delay.to_be_bytes());
        block
    }
}

/// When the other side's last report came, and what time it said.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    /// The middle 32 bits of its time.
    pub(crate) middle: u32,
    /// Milliseconds of the session when it came.
    pub(crate) at: u64,
}

/// What a report needs to know of what was sent.
pub(crate) struct Sent {
    pub(crate) ssrc: u32,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// Milliseconds of the session as the time of a report. The other side compares it with itself only.
fn time_of(now: u64) -> u64 {
    ((now / 1_000) << 32) | (((now % 1_000) << 32) / 1_000)
}

/// A report: of a sender once something was sent, and about the stream that comes in, if one does.
pub(crate) fn report(sent: &Sent, about: Option<(u32, &mut Reception, Option<Heard>)>, now: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(80);
    let blocks = u8::from(about.is_some());
    let is_sender = sent.packets > 0;
    let words = (if is_sender { 6 } else { 1 }) + 6 * u16::from(blocks);
    bytes.extend_from_slice(&[0x80 | blocks, if is_sender { SENDER_REPORT } else { RECEIVER_REPORT }]);
    bytes.extend_from_slice(&words.to_be_bytes());
    bytes.extend_from_slice(&sent.ssrc.to_be_bytes());
    if is_sender {
        bytes.extend_from_slice(&time_of(now).to_be_bytes());
        for word in [sent.timestamp, sent.packets, sent.octets] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
    }
    if let Some((ssrc, reception, heard)) = about {
        bytes.extend_from_slice(&reception.block(ssrc, heard, now));
    }
    // A compound packet has a description with a canonical name (RFC 3550 6.1): the stream's number, which says nothing.
    bytes.extend_from_slice(&[0x81, DESCRIPTION, 0, 4]);
    bytes.extend_from_slice(&sent.ssrc.to_be_bytes());
    bytes.extend_from_slice(&[1, 8]);
    bytes.extend_from_slice(data_encoding::HEXLOWER.encode(&sent.ssrc.to_be_bytes()).as_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// What the other side reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The middle 32 bits of the time at which a sender's report left.
    pub sent_at: Option<u32>,
    /// What it says of our stream.
    pub ours: Option<ReportedStream>,
}

/// What the other side says of our stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedStream {
    /// Packets it lost in all.
    pub lost: u32,
    /// Its jitter, in samples.
    pub jitter: u32,
    /// The time of our report that it has, and how long it has had it, in units of 1/65536 s.
    pub last: (u32, u32),
}

impl ReportedStream {
    /// How long a packet takes to the other side and back; `now` in milliseconds of the session.
    pub(crate) fn round_trip(&self, now: u64) -> Option<Duration> {
        let now = (time_of(now) >> 16) as u32;
        let (last, delay) = self.last;
        let trip = (last != 0).then(|| now.wrapping_sub(last).wrapping_sub(delay))?;
        // Above a minute it is nonsense.
        (trip < 60 << 16).then(|| Duration::from_micros(u64::from(trip) * 1_000_000 / 65_536))
    }
}

/// Reads a compound packet; `None` when it is malformed. `ours` is the stream that we send.
pub fn parse(mut bytes: &[u8], ours: u32) -> Option<Reported> {
    let mut reported = Reported::default();
    while let [first, kind, high, low, ..] = *bytes {
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        if first >> 6 != 2 || length > bytes.len() {
            return None;
        }
        let (packet, rest) = bytes.split_at(length);
        bytes = rest;
        let blocks = match kind {
            SENDER_REPORT => {
                reported.sent_at = Some(word(packet, 8)? << 16 | word(packet, 12)? >> 16);
                28
            }
            RECEIVER_REPORT => 8,
            _ => continue,
        };
        for block in packet.get(blocks..)?.chunks_exact(24).take(usize::from(first & 0x1f).min(REPORT_BLOCKS))
        {
            if word(block, 0)? == ours {
                let lost = word(block, 4)? & 0xff_ffff;
                let lost = if lost > 0x7f_ffff { 0 } else { lost };
                let (jitter, last) = (word(block, 12)?, (word(block, 16)?, word(block, 20)?));
                reported.ours = Some(ReportedStream { lost, jitter, last });
            }
        }
    }
    bytes.is_empty().then_some(reported)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reception(sequences: &[u16]) -> Reception {
        let mut reception = Reception::default();
        for (at, sequence) in sequences.iter().enumerate() {
            reception.note(*sequence, u32::from(*sequence) * 160, at as u32 * 160);
        }
        reception
    }

    #[test]
    fn counts_loss_over_the_end_of_the_sequence() {
        let lost = |sequences: &[u16]| reception(sequences).lost();
        assert_eq!(lost(&[65_534, 65_535, 0, 1]), 0);
        assert_eq!(lost(&[65_534, 1]), 2);
        assert_eq!(lost(&[1, 3, 2, 4]), 0);
        assert_eq!(lost(&[]), 0);
    }

    #[test]
    fn jitter_is_the_one_of_the_standard() {
        assert_eq!(reception(&[1, 2, 3, 4]).jitter(), Duration::ZERO);
        let mut late = reception(&[1, 2]);
        late.note(3, 480, 480 + 160);
        // One packet late by 160 + 160 samples: a sixteenth of that.
        assert!(late.jitter() >= Duration::from_millis(1), "{:?}", late.jitter());
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let mut streams = reception(&[1, 2, 4]);
        let sent = Sent { ssrc: 77, timestamp: 160, packets: 3, octets: 480 };
        let heard = Some(Heard { middle: 5 << 16, at: 1_000 });
        let bytes = report(&sent, Some((42, &mut streams, heard)), 1_500);
        let reported = parse(&bytes, 42).unwrap();
        assert_eq!(reported.sent_at, Some(0x0001_8000));
        let ours = reported.ours.unwrap();
        assert_eq!((ours.lost, ours.last), (1, (5 << 16, 1 << 15)));
        assert_eq!(parse(&bytes, 43).unwrap().ours, None);
        assert_eq!(ours.round_trip(5_600), Some(Duration::from_micros(99_990)));
        assert_eq!(parse(&bytes[..bytes.len() - 1], 42), None);
    }
}
