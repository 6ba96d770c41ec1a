//! Bytes of a bounded number, without an allocation.

use std::ops::Deref;

/// At most `N` bytes.
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Adds all of `bytes`, or nothing when they do not fit.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> bool {
        let end = self.length + bytes.len();
        let Some(place) = self.bytes.get_mut(self.length..end) else { return false };
        place.copy_from_slice(bytes);
        self.length = end;
        true
    }

    /// Adds one, if there is room.
    pub(crate) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    /// The same with its letters in capitals.
    pub(crate) fn make_upper(&mut self) {
        self.bytes[..self.length].make_ascii_uppercase();
    }
}

impl<const N: usize> Deref for Short<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_fits_and_nothing_else() {
        let mut short = Short::<5>::new();
        assert!(short.extend(b"a1") && short.extend(b"xyz"));
        assert!(!short.extend(b"!"));
        short.make_upper();
        assert_eq!(*short, *b"A1XYZ");
    }
}
