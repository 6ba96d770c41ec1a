//! The header of WAV files: recordings are written as such.

use crate::limits::RATE;

/// Octets before the audio of a recording.
pub(crate) const HEADER_BYTES: usize = 44;

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
