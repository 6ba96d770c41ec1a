//! Whether somebody speaks: by loudness over the noise of the line.

use std::time::Duration;

use crate::limits::FRAME;
use crate::tone::level;

/// Quieter than this is silence on any line, in dB.
const FLOOR: f32 = -48.0;
/// Louder than this is speech on any line, in dB.
const CEILING: f32 = -30.0;
/// How much louder than the noise speech is, in dB.
const OVER_NOISE: f32 = 9.0;
/// How fast the noise is taken to rise, in dB a frame.
const NOISE_RISES: f32 = 0.05;
/// Frames that must be loud before somebody speaks: a click is none.
const ONSET: u32 = 3;

/// What changed with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    Began,
    SilentFor(Duration),
}

/// Listens to one side.
pub(crate) struct Speaking {
    noise: f32,
    loud: u32,
    quiet: u32,
    is_speaking: bool,
    silence_after: u32,
    was_told: bool,
}

impl Speaking {
    /// Tells of silence once it has lasted for so long.
    pub(crate) fn new(silence_after: Duration) -> Self {
        let silence_after =
            u32::try_from(silence_after.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX).max(1);
        Self {
            noise: FLOOR - OVER_NOISE,
            loud: 0,
            quiet: 0,
            is_speaking: false,
            silence_after,
            was_told: false,
        }
    }

    /// Whether somebody speaks, or did a moment ago.
    pub(crate) fn is_speaking(&self) -> bool {
        self.is_speaking
    }

    pub(crate) fn hear(&mut self, frame: &[i16]) -> Change {
        let level = level(frame);
        self.noise =
            if level < self.noise { level.max(-70.0) } else { (self.noise + NOISE_RISES).min(CEILING) };
        if level > (self.noise + OVER_NOISE).clamp(FLOOR, CEILING) {
            self.loud += 1;
            if self.loud < ONSET {
                return Change::None;
            }
            self.quiet = 0;
            self.was_told = false;
            return match std::mem::replace(&mut self.is_speaking, true) {
                true => Change::None,
                false => Change::Began,
            };
        }
        self.loud = 0;
        self.quiet = self.quiet.saturating_add(1);
        // The end of a word is quiet.
        if self.quiet > 10 {
            self.is_speaking = false;
        }
        if self.quiet < self.silence_after || self.was_told {
            return Change::None;
        }
        self.was_told = true;
        Change::SilentFor(FRAME * self.quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::tone;

    fn hear(speaking: &mut Speaking, audio: &[i16]) -> Vec<Change> {
        audio.chunks(160).map(|frame| speaking.hear(frame)).filter(|change| *change != Change::None).collect()
    }

    #[test]
    fn speech_begins_and_silence_is_told_once() {
        let mut speaking = Speaking::new(Duration::from_millis(200));
        let loud = tone(&[300.0, 700.0], 6_000, Duration::from_millis(300));
        assert_eq!(hear(&mut speaking, &loud), [Change::Began]);
        assert_eq!(hear(&mut speaking, &[0; 160 * 30]), [Change::SilentFor(Duration::from_millis(200))]);
        assert_eq!(hear(&mut speaking, &loud), [Change::Began]);
    }

    #[test]
    fn noise_and_clicks_are_no_speech() {
        let mut speaking = Speaking::new(Duration::from_secs(9));
        let noise = tone(&[123.0], 60, Duration::from_secs(2));
        assert_eq!(hear(&mut speaking, &noise), []);
        assert_eq!(hear(&mut speaking, &tone(&[900.0], 9_000, Duration::from_millis(20))), []);
    }
}
