//! RTP packets (RFC 3550 5.1), read within limits and written without any extra.

use crate::limits::PACKET_BYTES;

/// Octets of a header without contributing sources and extension.
pub const HEADER_BYTES: usize = 12;

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpProblem {
    /// Shorter than what it says it holds.
    TooShort,
    /// Longer than [`PACKET_BYTES`].
    TooLong,
    /// Of another version than 2.
    Version,
    /// Its padding is longer than its payload, or nothing.
    Padding,
}

/// A packet, or what is to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Which coding its payload has; 0 to 127.
    pub payload_type: u8,
    /// The first packet after silence, or of an event.
    pub marker: bool,
    /// Its place in the stream.
    pub sequence: u16,
    /// When its first sample was taken, in samples.
    pub timestamp: u32,
    /// Which stream it belongs to.
    pub ssrc: u32,
    /// What it carries, without padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet. Contributing sources and the extension are skipped.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpProblem> {
        let header = header_length(bytes)?;
        let mut payload = bytes.get(header..).ok_or(RtpProblem::TooShort)?;
        if bytes[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last().ok_or(RtpProblem::Padding)?);
            if padding == 0 {
                return Err(RtpProblem::Padding);
            }
            payload = payload.get(..payload.len().wrapping_sub(padding)).ok_or(RtpProblem::Padding)?;
        }
        Ok(Self {
            payload_type: bytes[1] & 0x7f,
            marker: bytes[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([bytes[2], bytes[3]]),
            timestamp: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
            ssrc: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
            payload,
        })
    }

    /// Writes the packet into `out`, in place of what was there.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[0x80, (self.payload_type & 0x7f) | (u8::from(self.marker) << 7)]);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

/// Octets of a packet's header, contributing sources and extension included.
///
/// # Errors
/// When the bytes do not begin with a header of version 2.
pub(crate) fn header_length(bytes: &[u8]) -> Result<usize, RtpProblem> {
    if bytes.len() > PACKET_BYTES {
        return Err(RtpProblem::TooLong);
    }
    if bytes.len() < HEADER_BYTES {
        return Err(RtpProblem::TooShort);
    }
    if bytes[0] >> 6 != 2 {
        return Err(RtpProblem::Version);
    }
    let mut length = HEADER_BYTES + 4 * usize::from(bytes[0] & 0x0f);
    if bytes[0] & 0x10 != 0 {
        let words = bytes.get(length + 2..length + 4).ok_or(RtpProblem::TooShort)?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    if length > bytes.len() { Err(RtpProblem::TooShort) } else { Ok(length) }
}

/// Whether what came to a port that RTP and RTCP share is RTCP (RFC 5761 4).
pub(crate) fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: &[u8]) -> Packet<'_> {
        Packet { payload_type: 101, marker: true, sequence: 7, timestamp: 8, ssrc: 9, payload }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        packet(&[1, 2, 3]).write(&mut bytes);
        assert_eq!(Packet::parse(&bytes), Ok(packet(&[1, 2, 3])));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let mut bytes = Vec::new();
        packet(&[]).write(&mut bytes);
        bytes[0] |= 0x30 | 2;
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
        bytes.extend_from_slice(&[5, 6, 0, 2]);
        assert_eq!(Packet::parse(&bytes).map(|packet| packet.payload), Ok(&[5, 6][..]));
    }

    #[test]
    fn says_why_bytes_are_no_packet() {
        let mut bytes = Vec::new();
        packet(&[1]).write(&mut bytes);
        assert_eq!(Packet::parse(&bytes[..11]), Err(RtpProblem::TooShort));
        let with = |first: u8| {
            let mut bytes = bytes.clone();
            bytes[0] = first;
            Packet::parse(&bytes).map(drop)
        };
        assert_eq!(with(0x40), Err(RtpProblem::Version));
        assert_eq!(with(0x8f), Err(RtpProblem::TooShort));
        assert_eq!(with(0x90), Err(RtpProblem::TooShort));
        assert_eq!(with(0xa0), Ok(()));
        bytes[12] = 0;
        assert_eq!(Packet::parse(&[&[0xa0], &bytes[1..]].concat()), Err(RtpProblem::Padding));
        bytes[12] = 2;
        assert_eq!(Packet::parse(&[&[0xa0], &bytes[1..]].concat()), Err(RtpProblem::Padding));
        assert_eq!(Packet::parse(&[0x80; PACKET_BYTES + 1]), Err(RtpProblem::TooLong));
    }
}
