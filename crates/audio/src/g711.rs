//! G.711: sixteen bits of a sample as eight, by the laws of North America and Japan (u) and of the rest (A).

/// How audio is coded in the packets of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 u-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
}

impl Codec {
    /// The payload type that the profile gives it (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// Its name in an SDP `rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The code of a sample.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => ulaw_of(sample),
            Self::Pcma => alaw_of(sample),
        }
    }

    /// The sample of a code.
    pub const fn decode(self, code: u8) -> i16 {
        match self {
            Self::Pcmu => ULAW[code as usize],
            Self::Pcma => ALAW[code as usize],
        }
    }

    /// The code of a code of the other law, so that a relay need not know samples.
    pub const fn transcode(self, other: Codec, code: u8) -> u8 {
        match (self, other) {
            (Self::Pcmu, Self::Pcmu) | (Self::Pcma, Self::Pcma) => code,
            _ => self.encode(other.decode(code)),
        }
    }
}

const ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = ulaw_sample(code as u8);
        code += 1;
    }
    table
};

const ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_sample(code as u8);
        code += 1;
    }
    table
};

/// What u-law adds to a magnitude, so that every segment is a power of two.
const BIAS: i32 = 132;

const fn ulaw_of(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample as i32).abs();
    let magnitude = if magnitude > 32_635 { 32_635 } else { magnitude } + BIAS;
    let segment = 24 - (magnitude as u32).leading_zeros();
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | ((segment as u8) << 4) | step as u8)
}

const fn ulaw_sample(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((((code & 0x0f) as i32) << 3) + BIAS) << ((code >> 4) & 7);
    let magnitude = magnitude - BIAS;
    (if code & 0x80 == 0 { magnitude } else { -magnitude }) as i16
}

const fn alaw_of(sample: i16) -> u8 {
    let value = (sample >> 3) as i32;
    let (value, mask) = if value >= 0 { (value, 0xd5) } else { (-value - 1, 0x55) };
    let segment = if value < 32 { 0 } else { 27 - (value as u32).leading_zeros() };
    let step = value >> if segment < 2 { 1 } else { segment };
    (((segment as u8) << 4) | (step & 0x0f) as u8) ^ mask
}

const fn alaw_sample(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = ((code & 0x0f) as i32) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    (if code & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_code_of_its_own_sample() {
        for code in 0..=255 {
            let again = Codec::Pcmu.encode(Codec::Pcmu.decode(code));
            // Both zeros of u-law are silence.
            assert!(again == code || (code == 0x7f && again == 0xff), "{code}");
            assert_eq!(Codec::Pcma.encode(Codec::Pcma.decode(code)), code);
        }
    }

    #[test]
    fn the_laws_have_the_values_of_the_standard() {
        for (code, sample) in [(0xff, 0), (0x80, 32_124), (0x00, -32_124), (0xf0, 120), (0x70, -120)] {
            assert_eq!(Codec::Pcmu.decode(code), sample, "{code}");
        }
        for (code, sample) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256), (0x80, 5_504)] {
            assert_eq!(Codec::Pcma.decode(code), sample, "{code}");
        }
    }

    #[test]
    fn no_sample_is_further_off_than_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs();
            for codec in [Codec::Pcmu, Codec::Pcma] {
                let off = (i32::from(codec.decode(codec.encode(sample))) - i32::from(sample)).abs();
                assert!(off <= magnitude / 32 + 16 || magnitude > 32_000, "{codec:?} {sample} {off}");
            }
        }
    }

    #[test]
    fn transcoding_there_and_back_changes_little() {
        for code in 0..=255 {
            let a = Codec::Pcma.transcode(Codec::Pcmu, code);
            let back = Codec::Pcmu.transcode(Codec::Pcma, a);
            let (was, is) = (Codec::Pcmu.decode(code), Codec::Pcmu.decode(back));
            assert!((i32::from(was) - i32::from(is)).abs() <= i32::from(was).abs() / 16 + 16, "{was} {is}");
        }
    }
}
