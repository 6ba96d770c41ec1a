//! The jitter buffer: audio in order and on time, out of packets that are neither.
//!
//! One octet of G.711 is one sample, so the buffer is a ring of octets by their RTP timestamps; packets may be of any
//! length. It waits for as many frames as the network asks for, between two limits.

use crate::limits::{FRAME_SAMPLES, JITTER_SAMPLES, LEAST_WAITING, MOST_WAITING, SHORTEN_AFTER};

/// What is there to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// A frame; samples that are missing in it are silent.
    Frame([u8; FRAME_SAMPLES]),
    /// The frame was lost: later ones are there.
    Lost,
    /// Nothing came yet, or nothing comes any more.
    Waiting,
}

/// Where packets wait for their time.
pub struct JitterBuffer {
    ring: Box<[Option<u8>]>,
    /// The timestamp that is played next.
    next: u32,
    /// The timestamp after the last sample that came.
    end: u32,
    /// The octet that is silence.
    silence: u8,
    is_filling: bool,
    has_begun: bool,
    /// Frames that are waited for.
    target: usize,
    /// The fewest frames that waited lately, and over how many frames.
    least: usize,
    looked: u32,
    late: u32,
}

impl JitterBuffer {
    /// An empty one; `silence` is the octet that is silence.
    pub fn new(silence: u8) -> Self {
        Self {
            ring: vec![None; JITTER_SAMPLES].into_boxed_slice(),
            next: 0,
            end: 0,
            silence,
            is_filling: true,
            has_begun: false,
            target: LEAST_WAITING,
            least: usize::MAX,
            looked: 0,
            late: 0,
        }
    }

    /// Forgets what waits: another stream begins.
    pub fn reset(&mut self) {
        self.ring.fill(None);
        self.has_begun = false;
        self.is_filling = true;
        self.least = usize::MAX;
        self.looked = 0;
    }

    /// Packets that came after their time.
    pub fn late(&self) -> u32 {
        self.late
    }

    /// Frames that are waited for now.
    pub fn target(&self) -> usize {
        self.target
    }

    /// Samples that wait.
    pub fn waiting(&self) -> usize {
        self.end.wrapping_sub(self.next) as usize
    }

    /// Adds the payload of a packet.
    pub fn push(&mut self, timestamp: u32, payload: &[u8]) {
        if payload.len() > JITTER_SAMPLES / 2 {
            return;
        }
        if !self.has_begun || (self.is_filling && self.waiting() == 0 && !self.is_before(timestamp)) {
            self.begin(timestamp);
        }
        let mut offset = timestamp.wrapping_sub(self.next) as i32;
        let length = payload.len() as i32;
        if offset.saturating_add(length) > JITTER_SAMPLES as i32 || offset < -(JITTER_SAMPLES as i32) {
            // A jump: the sender began anew, or was silent for long.
            self.begin(timestamp);
            offset = 0;
        }
        if offset + length <= 0 {
            self.late = self.late.saturating_add(1);
            self.target = (self.target + 1).min(MOST_WAITING);
            return;
        }
        for (at, octet) in payload.iter().enumerate().skip(usize::try_from(-offset).unwrap_or(0)) {
            let place = timestamp.wrapping_add(at as u32) as usize % JITTER_SAMPLES;
            self.ring[place] = Some(*octet);
        }
        let end = timestamp.wrapping_add(payload.len() as u32);
        if end.wrapping_sub(self.next) as i32 > self.waiting() as i32 {
            self.end = end;
        }
        // What waits longer than it ever may is left out.
        while self.waiting() > (MOST_WAITING + 2) * FRAME_SAMPLES {
            self.take();
        }
    }

    fn is_before(&self, timestamp: u32) -> bool {
        timestamp.wrapping_sub(self.next) as i32 <= -(FRAME_SAMPLES as i32) * MOST_WAITING as i32
            || (timestamp.wrapping_sub(self.next) as i32) < 0
    }

    fn begin(&mut self, timestamp: u32) {
        self.ring.fill(None);
        self.next = timestamp;
        self.end = timestamp;
        self.has_begun = true;
        self.is_filling = true;
    }

    /// What is to be played now; asked for once in 20 ms.
    pub fn pop(&mut self) -> Played {
        if !self.has_begun || (self.is_filling && self.waiting() < self.target * FRAME_SAMPLES) {
            return Played::Waiting;
        }
        self.is_filling = false;
        if self.waiting() == 0 {
            // It ran dry: the network needs more patience, or the sender is silent.
            self.is_filling = true;
            self.target = (self.target + 1).min(MOST_WAITING);
            return Played::Waiting;
        }
        self.shorten();
        self.take()
    }

    /// Leaves a frame out when there was one too many for some time, and waits for fewer when that goes well.
    fn shorten(&mut self) {
        self.least = self.least.min(self.waiting() / FRAME_SAMPLES);
        self.looked += 1;
        if self.looked < SHORTEN_AFTER {
            return;
        }
        if self.least > self.target {
            self.take();
        } else if self.least >= self.target.saturating_sub(1) && self.target > LEAST_WAITING {
            self.target -= 1;
        }
        self.least = usize::MAX;
        self.looked = 0;
    }

    fn take(&mut self) -> Played {
        let mut frame = [self.silence; FRAME_SAMPLES];
        let mut found = false;
        let samples = self.waiting().min(FRAME_SAMPLES);
        for (at, sample) in frame.iter_mut().enumerate().take(samples) {
            let place = self.next.wrapping_add(at as u32) as usize % JITTER_SAMPLES;
            if let Some(octet) = self.ring[place].take() {
                *sample = octet;
                found = true;
            }
        }
        self.next = self.next.wrapping_add(samples as u32);
        if found { Played::Frame(frame) } else { Played::Lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(octet: u8) -> [u8; FRAME_SAMPLES] {
        [octet; FRAME_SAMPLES]
    }

    #[test]
    fn puts_packets_in_order() {
        let mut buffer = JitterBuffer::new(0xff);
        buffer.push(u32::MAX - 159, &frame(1));
        assert_eq!(buffer.pop(), Played::Waiting);
        buffer.push(160, &frame(3));
        buffer.push(0, &frame(2));
        for octet in [1, 2, 3] {
            assert_eq!(buffer.pop(), Played::Frame(frame(octet)));
        }
        assert_eq!(buffer.pop(), Played::Waiting);
    }

    #[test]
    fn says_what_is_lost_and_waits_longer_after_running_dry() {
        let mut buffer = JitterBuffer::new(0xff);
        buffer.push(0, &frame(1));
        buffer.push(320, &frame(3));
        assert_eq!(buffer.pop(), Played::Frame(frame(1)));
        assert_eq!(buffer.pop(), Played::Lost);
        assert_eq!(buffer.pop(), Played::Frame(frame(3)));
        assert_eq!(buffer.pop(), Played::Waiting);
        assert_eq!(buffer.target(), LEAST_WAITING + 1);
    }

    #[test]
    fn counts_what_comes_too_late() {
        let mut buffer = JitterBuffer::new(0xff);
        for at in 0..4 {
            buffer.push(at * 160, &frame(1));
        }
        for _ in 0..3 {
            buffer.pop();
        }
        buffer.push(0, &frame(9));
        assert_eq!((buffer.late(), buffer.target()), (1, LEAST_WAITING + 1));
    }

    #[test]
    fn takes_packets_of_other_lengths() {
        let mut buffer = JitterBuffer::new(0xff);
        for at in 0..6_u8 {
            buffer.push(u32::from(at) * 240, &[at; 240]);
        }
        let Played::Frame(first) = buffer.pop() else { panic!("no frame") };
        let Played::Frame(second) = buffer.pop() else { panic!("no frame") };
        assert_eq!((first[159], second[79], second[80]), (0, 0, 1));
    }

    #[test]
    fn never_holds_more_than_its_limit() {
        let mut buffer = JitterBuffer::new(0xff);
        for at in 0..200 {
            buffer.push(at * 160, &frame(1));
        }
        assert!(buffer.waiting() <= (MOST_WAITING + 2) * FRAME_SAMPLES);
    }
}
