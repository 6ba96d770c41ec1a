//! Tones: made (beeps and the keys of a telephone), and found again (Goertzel's algorithm).

use std::f32::consts::TAU;
use std::time::Duration;

use crate::Digit;
use crate::limits::RATE;

/// Samples in so much time.
pub(crate) fn samples(time: Duration) -> usize {
    usize::try_from(time.as_micros() * u128::from(RATE) / 1_000_000).unwrap_or(usize::MAX)
}

/// Time of so many samples.
pub(crate) fn time_of(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(RATE))
}

/// A tone of these frequencies, in Hz, each of this height out of 32767. It begins and ends softly, so that it does not
/// click.
pub fn tone(frequencies: &[f32], height: i16, lasts: Duration) -> Vec<i16> {
    let count = samples(lasts);
    let ramp = (count / 2).clamp(1, 40) as f32;
    let sample = |at: usize| {
        let edge = (at.min(count - 1 - at) as f32 / ramp).min(1.0);
        let sum: f32 = frequencies.iter().map(|hz| (TAU * hz * at as f32 / RATE as f32).sin()).sum();
        (sum * edge * f32::from(height)).clamp(-32_768.0, 32_767.0) as i16
    };
    (0..count).map(sample).collect()
}

/// The beep before a recording: 1,000 Hz for half a second.
pub fn beep() -> Vec<i16> {
    tone(&[1_000.0], 8_000, Duration::from_millis(500))
}

/// The rows of a keypad, in Hz (ITU-T Q.23).
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// Its columns.
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// Its keys, row by row.
const PAD: &[u8; 16] = b"123A456B789C*0#D";

/// A key as two tones, for lines that take digits as audio.
pub fn dtmf(digit: Digit, lasts: Duration) -> Vec<i16> {
    let place = PAD.iter().position(|key| char::from(*key) == digit.key()).unwrap_or(0);
    tone(&[ROWS[place / 4], COLUMNS[place % 4]], 8_000, lasts)
}

/// How much of the power of these samples is at a frequency, between 0 and 1.
pub fn share_of(samples: &[i16], frequency: f32) -> f32 {
    let power: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    if power == 0.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * frequency / RATE as f32).cos();
    let (one, two) = samples
        .iter()
        .fold((0.0_f32, 0.0_f32), |(one, two), sample| (f32::from(*sample) + coefficient * one - two, one));
    let at_it = one.powi(2) + two.powi(2) - coefficient * one * two;
    (2.0 * at_it / (power * samples.len() as f32)).clamp(0.0, 1.0)
}

/// How loud a frame is, in dB below the loudest sine; -100 for silence.
pub fn level(samples: &[i16]) -> f32 {
    let power: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    let mean = power / samples.len().max(1) as f32;
    (10.0 * (mean / (32_767.0 * 32_767.0 / 2.0)).log10()).max(-100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;

    #[test]
    fn a_tone_is_found_at_its_frequency_and_nowhere_else() {
        let tone = tone(&[440.0], 8_000, Duration::from_millis(200));
        assert_eq!(tone.len(), 1_600);
        assert!(share_of(&tone, 440.0) > 0.9, "{}", share_of(&tone, 440.0));
        assert!(share_of(&tone, 880.0) < 0.05);
        assert!(share_of(&[0; 160], 440.0) == 0.0);
    }

    #[test]
    fn the_two_tones_of_a_key_survive_coding() {
        for key in "0123456789*#ABCD".chars() {
            let tone = dtmf(Digit::of(key).unwrap(), Duration::from_millis(100));
            for codec in [Codec::Pcmu, Codec::Pcma] {
                let heard: Vec<_> = tone.iter().map(|sample| codec.decode(codec.encode(*sample))).collect();
                let loud = ROWS.iter().chain(&COLUMNS).filter(|hz| share_of(&heard, **hz) > 0.3).count();
                assert_eq!(loud, 2, "{key}");
            }
        }
    }

    #[test]
    fn loudness_is_in_decibels() {
        assert!(level(&tone(&[500.0], 32_767, Duration::from_secs(1))).abs() < 0.5);
        assert!((level(&tone(&[500.0], 3_277, Duration::from_secs(1))) + 20.0).abs() < 0.5);
        assert!(level(&[0; 160]) <= -100.0);
    }
}
