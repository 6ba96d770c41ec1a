//! Bodies that come compressed (`Content-Encoding: gzip`), never made larger than a body may be.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Why a body could not be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is not gzip, or ends too early.
    Broken,
    /// It would be larger than allowed.
    TooLarge,
}

/// Decompresses at most `limit` bytes.
///
/// # Errors
/// [`InflateError`].
pub fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let mut body = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(compressed).take(bound).read_to_end(&mut body).map_err(|_| InflateError::Broken)?;
    if body.len() > limit { Err(InflateError::TooLarge) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_body_never_becomes_a_large_one() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 60_000);
        assert_eq!(inflate(&bomb, 1_000), Err(InflateError::TooLarge));
        assert_eq!(inflate(&gzip(b"{}"), 2).unwrap(), b"{}");
        assert_eq!(inflate(&gzip(b"{ }"), 2), Err(InflateError::TooLarge));
        let whole = gzip(b"some text that is long enough");
        assert_eq!(inflate(&whole[..whole.len() - 9], 100), Err(InflateError::Broken));
        assert_eq!(inflate(b"{}", 100), Err(InflateError::Broken));
    }
}
