//! WAV files: recordings are written as such, prompts may be such.

use crate::g711::Codec;
use crate::limits::{LEAST_PROMPT_RATE, MOST_PROMPT_RATE, RATE, WAV_CHUNKS};

/// Octets before the audio of a recording.
pub const HEADER_BYTES: usize = 44;

/// What a recording's file begins with: 16-bit PCM, 8 kHz.
pub(crate) fn header(channels: u8, audio_bytes: u64) -> [u8; HEADER_BYTES] {
    let audio = u32::try_from(audio_bytes).unwrap_or(u32::MAX - HEADER_BYTES as u32);
    let frame = u16::from(channels) * 2;
    let mut header = [0; HEADER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(audio + 36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16_u32.to_le_bytes());
    put(&1_u16.to_le_bytes());
    put(&u16::from(channels).to_le_bytes());
    put(&RATE.to_le_bytes());
    put(&(RATE * u32::from(frame)).to_le_bytes());
    put(&frame.to_le_bytes());
    put(&16_u16.to_le_bytes());
    put(b"data");
    put(&audio.to_le_bytes());
    header
}

/// Why a file is no WAV that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WavProblem {
    /// Not a WAV file, or one without audio.
    Malformed,
    /// Audio of a coding, rate or number of channels that is not played.
    Unsupported,
}

/// Audio of a file, one channel, at the rate of the file.
pub struct Decoded {
    /// Samples a second.
    pub rate: u32,
    /// The samples; both channels are made one.
    pub samples: Vec<i16>,
}

#[derive(Clone, Copy)]
enum Coding {
    Bits16,
    Bits8,
    Law(Codec),
}

/// Decodes a WAV file: 16-bit or 8-bit PCM, u-law or A-law, one or two channels. A `data` chunk that ends before it says
/// so is taken as it is, since programs that write to a pipe do not know its length.
///
/// # Errors
/// [`WavProblem`].
pub fn decode(file: &[u8]) -> Result<Decoded, WavProblem> {
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(WavProblem::Malformed);
    }
    let mut rest = &file[12..];
    let mut format = None;
    for _ in 0..WAV_CHUNKS {
        let (head, body) = rest.split_at_checked(8).ok_or(WavProblem::Malformed)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let chunk = &body[..length.min(body.len())];
        match &head[..4] {
            b"fmt " => format = Some(format_of(chunk)?),
            b"data" => {
                let (coding, channels, rate) = format.ok_or(WavProblem::Malformed)?;
                return Ok(Decoded { rate, samples: samples_of(chunk, coding, channels) });
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = body.get(length.saturating_add(length % 2)..).ok_or(WavProblem::Malformed)?;
    }
    Err(WavProblem::Malformed)
}

fn format_of(chunk: &[u8]) -> Result<(Coding, usize, u32), WavProblem> {
    let &[tag, tag_high, channels, 0, a, b, c, d, _, _, _, _, _, _, bits, 0, ..] = chunk else {
        return Err(if chunk.len() < 16 { WavProblem::Malformed } else { WavProblem::Unsupported });
    };
    let rate = u32::from_le_bytes([a, b, c, d]);
    // An extensible format has its coding later.
    let tag = match (u16::from_le_bytes([tag, tag_high]), chunk.get(24..26)) {
        (0xfffe, Some(inner)) => u16::from_le_bytes([inner[0], inner[1]]),
        (tag, _) => tag,
    };
    let coding = match (tag, bits) {
        (1, 16) => Coding::Bits16,
        (1, 8) => Coding::Bits8,
        (6, 8) => Coding::Law(Codec::Pcma),
        (7, 8) => Coding::Law(Codec::Pcmu),
        _ => return Err(WavProblem::Unsupported),
    };
    match (1..=2).contains(&channels) && (LEAST_PROMPT_RATE..=MOST_PROMPT_RATE).contains(&rate) {
        true => Ok((coding, usize::from(channels), rate)),
        false => Err(WavProblem::Unsupported),
    }
}

fn samples_of(audio: &[u8], coding: Coding, channels: usize) -> Vec<i16> {
    let mix = |frame: &[u8], width: usize, sample: &dyn Fn(&[u8]) -> i16| {
        let sum: i32 = frame.chunks_exact(width).map(|octets| i32::from(sample(octets))).sum();
        (sum / channels as i32) as i16
    };
    let all = |width: usize, sample: &dyn Fn(&[u8]) -> i16| {
        audio.chunks_exact(width * channels).map(|frame| mix(frame, width, sample)).collect()
    };
    match coding {
        Coding::Bits16 => all(2, &|octets| i16::from_le_bytes([octets[0], octets[1]])),
        Coding::Bits8 => all(1, &|octets| (i16::from(octets[0]) - 128) << 8),
        Coding::Law(codec) => all(1, &|octets| codec.decode(octets[0])),
    }
}
