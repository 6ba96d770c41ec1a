//! Digits of a keypad: named events of RFC 4733, received and sent.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::limits::{DIGIT_ENDS, DIGIT_GAP, DIGIT_LASTS, DIGITS, FRAME, FRAME_SAMPLES};

/// A key. What somebody keys in may be protected, so it has no text of its own: `Debug` says that it is one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digit(u8);

/// Keys by the number of their event (RFC 4733 3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// The key with this character: `0` to `9`, `*`, `#`, `A` to `D`.
    pub fn of(key: char) -> Option<Self> {
        let key = u8::try_from(key.to_ascii_uppercase()).ok()?;
        KEYS.iter().position(|known| *known == key).and_then(|code| u8::try_from(code).ok()).map(Self)
    }

    /// Its character.
    pub fn key(self) -> char {
        char::from(KEYS[usize::from(self.0 & 0x0f)])
    }

    pub(crate) const fn from_event(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    pub(crate) const fn event(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digit]")
    }
}

/// What is to be keyed in: keys, and pauses (`w` half a second, `W` a second, as Twilio's `SendDigits`).
#[derive(Clone)]
pub struct Digits(Vec<Stroke>);

#[derive(Clone, Copy)]
enum Stroke {
    Key(Digit),
    Pause(Duration),
}

impl Digits {
    /// Reads them; `None` when a character is none, or there are more than [`DIGITS`].
    pub fn parse(text: &str) -> Option<Self> {
        let stroke = |character| match character {
            'w' => Some(Stroke::Pause(Duration::from_millis(500))),
            'W' => Some(Stroke::Pause(Duration::from_secs(1))),
            key => Digit::of(key).map(Stroke::Key),
        };
        let strokes: Option<Vec<_>> = text.chars().take(DIGITS + 1).map(stroke).collect();
        strokes.filter(|strokes| strokes.len() <= DIGITS).map(Self)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digits]")
    }
}

/// Tells the digits of a stream apart: many packets are one digit, and the timestamp says which (RFC 4733 2.5.1.2).
#[derive(Default)]
pub(crate) struct DigitReceiver {
    last: Option<u32>,
}

impl DigitReceiver {
    /// The digit that begins with this packet. Any packet of it will do, since the others may be lost.
    pub(crate) fn receive(&mut self, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let digit = Digit::from_event(*payload.first()?)?;
        if payload.len() < 4 {
            return None;
        }
        // The same one, or one that came out of order after a later one.
        if self.last.is_some_and(|last| timestamp.wrapping_sub(last).wrapping_sub(1) > u32::MAX / 2) {
            return None;
        }
        self.last = Some(timestamp);
        Some(digit)
    }
}

/// One packet of a digit that is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) payload: [u8; 4],
    pub(crate) is_first: bool,
    /// How many samples ago the digit began: its packets have the timestamp of its beginning.
    pub(crate) began: u32,
}

/// What the sender does with the time of one frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// Nothing is to be keyed in: the frame is audio's.
    Nothing,
    /// A gap: the frame is silent.
    Gap,
    /// So much of a digit.
    Event(EventPacket),
}

/// Keys digits in, a frame at a time.
#[derive(Default)]
pub(crate) struct DigitSender {
    waiting: VecDeque<Stroke>,
    current: Option<(Digit, u32)>,
    ends: u8,
    gap: u32,
}

/// Frames in so much time.
fn frames(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX)
}

/// How loud a sent digit says it is, in dB below the loudest (RFC 4733 2.3.3).
const VOLUME: u8 = 10;

impl DigitSender {
    /// Adds digits; `false` when there is no room for all of them.
    pub(crate) fn add(&mut self, digits: &Digits) -> bool {
        let fits = self.waiting.len() + digits.0.len() <= DIGITS;
        if fits {
            self.waiting.extend(&digits.0);
        }
        fits
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.current.is_none() && self.gap == 0
    }

    pub(crate) fn next(&mut self) -> Keyed {
        if self.gap > 0 {
            self.gap -= 1;
            return Keyed::Gap;
        }
        let is_first = self.current.is_none();
        let (digit, frame) = match self.current {
            Some(current) => current,
            None => match self.waiting.pop_front() {
                None => return Keyed::Nothing,
                Some(Stroke::Pause(time)) => {
                    self.gap = frames(time).saturating_sub(1);
                    return Keyed::Gap;
                }
                Some(Stroke::Key(digit)) => (digit, 1),
            },
        };
        let is_end = frame >= frames(DIGIT_LASTS);
        let samples = frame * FRAME_SAMPLES as u32;
        let [high, low] = u16::try_from(samples).unwrap_or(u16::MAX).to_be_bytes();
        let payload = [digit.event(), (u8::from(is_end) << 7) | VOLUME, high, low];
        // The repetitions of the end are later packets of the same event.
        let began = (frame - 1 + u32::from(self.ends)) * FRAME_SAMPLES as u32;
        if is_end {
            self.ends += 1;
            self.current = Some((digit, frame));
            if self.ends == DIGIT_ENDS {
                self.current = None;
                self.ends = 0;
                self.gap = frames(DIGIT_GAP);
            }
        } else {
            self.current = Some((digit, frame + 1));
        }
        Keyed::Event(EventPacket { payload, is_first, began })
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.current = None;
        self.ends = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_received_once_whatever_is_lost() {
        let mut receiver = DigitReceiver::default();
        let mut receive =
            |timestamp, code, end: u8| receiver.receive(timestamp, &[code, end << 7, 0, 160]).map(Digit::key);
        assert_eq!(receive(1_000, 5, 0), Some('5'));
        assert_eq!(receive(1_000, 5, 0), None);
        assert_eq!(receive(1_000, 5, 1), None);
        assert_eq!(receive(2_000, 5, 1), Some('5'));
        assert_eq!(receive(1_000, 5, 1), None);
        assert_eq!(receive(3_000, 11, 1), Some('#'));
        assert_eq!(receive(4_000, 16, 1), None);
        assert_eq!(receiver.receive(5_000, &[1, 0, 0]).map(Digit::key), None);
    }

    #[test]
    fn what_is_sent_is_received() {
        let mut sender = DigitSender::default();
        let mut receiver = DigitReceiver::default();
        assert!(sender.add(&Digits::parse("1w*D#").unwrap()));
        let mut received = String::new();
        let mut firsts = 0;
        for frame in 0..200_u32 {
            let now = frame * 160;
            if let Keyed::Event(packet) = sender.next() {
                firsts += u32::from(packet.is_first);
                received.extend(receiver.receive(now - packet.began, &packet.payload).map(Digit::key));
            }
        }
        assert!(sender.is_idle());
        assert_eq!((received.as_str(), firsts), ("1*D#", 4));
    }

    #[test]
    fn a_digit_ends_three_times() {
        let mut sender = DigitSender::default();
        sender.add(&Digits::parse("7").unwrap());
        let packets: Vec<_> = std::iter::repeat_with(|| sender.next()).take(14).collect();
        let ends =
            packets.iter().filter(|keyed| matches!(keyed, Keyed::Event(p) if p.payload[1] & 0x80 != 0));
        assert_eq!(ends.count(), 3);
        let Keyed::Event(last) = &packets[6] else { panic!("{:?}", packets[6]) };
        assert_eq!((last.payload, last.began), ([7, 0x8a, 3, 32], 6 * 160));
        assert_eq!(packets[7..12], [Keyed::Gap, Keyed::Gap, Keyed::Gap, Keyed::Gap, Keyed::Gap]);
        assert_eq!(packets[12], Keyed::Nothing);
    }

    #[test]
    fn digits_do_not_print() {
        assert_eq!(format!("{:?} {:?}", Digit::of('5'), Digits::parse("12")), "Some([digit]) Some([digits])");
        assert!(Digits::parse("1x").is_none());
        assert!(Digits::parse(&"1".repeat(DIGITS + 1)).is_none());
    }
}
