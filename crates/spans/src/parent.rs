//! The header `traceparent` (W3C Trace Context §3.2): the one thing that a caller may say about a trace.
//! `tracestate` and `baggage` are not read: they hold what their writers like, and travel on.

use crate::recorder::{SpanId, TraceId};

/// Length of version 00: `00-{32 hex}-{16 hex}-{2 hex}`.
const LENGTH: usize = 55;
/// The flag that says that the caller records this trace (§3.2.2.5.1).
const SAMPLED: u8 = 1;

/// Where a trace came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) is_sampled: bool,
}

/// Reads the header; anything that is not as it should be is as if it were not there (§4.3).
///
/// Ids are random, so one that is written in decimal digits alone is none: it could be somebody's number.
pub(crate) fn parse(header: &[u8]) -> Option<Parent> {
    let version = hex::<1>(header.get(..2)?)?[0];
    // Later versions begin in the same way (§3.2.4).
    let ends = header.len() == LENGTH || (version != 0 && header.get(LENGTH) == Some(&b'-'));
    if version == 0xff || !ends || [2, 35, 52].iter().any(|at| header[*at] != b'-') {
        return None;
    }
    let (trace, span) = (&header[3..35], &header[36..52]);
    if trace.iter().all(u8::is_ascii_digit) || span.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let is_sampled = hex::<1>(&header[53..55])?[0] & SAMPLED != 0;
    Some(Parent { trace: TraceId(hex(trace)?), span: SpanId(hex(span)?), is_sampled })
}

/// Lower-case hexadecimal digits, as the header must have them.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = (digit(pair[0])? << 4) | digit(*pair.get(1)?)?;
    }
    (digits.len() == 2 * N).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn reads_the_example_of_the_recommendation() {
        let parent = parse(GOOD.as_bytes()).expect("it is right");
        assert_eq!(parent.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.span.to_string(), "00f067aa0ba902b7");
        assert!(parent.is_sampled);
        assert!(!parse(GOOD.replace("-01", "-00").as_bytes()).expect("it is right").is_sampled);
        let later = format!("cc{}-more", &GOOD[2..]);
        assert!(parse(later.as_bytes()).is_some(), "a later version begins in the same way");
    }

    #[test]
    fn anything_else_is_as_if_it_were_not_there() {
        for wrong in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-00000000000000000000014155550142-00f067aa0ba902b7-01",
            "é0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
