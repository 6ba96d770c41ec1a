//! Deterministic sampling: the same value always falls on the same side.

use md5::{Digest, Md5};
use serde_json::Value;

/// A number in `[0, 1]` that depends on nothing but `value`, evenly spread over values: the MD5 of its JSON text,
/// read as a random real (the method of Campbell, "Uniform random floats"). Not a secret and not meant to be one.
pub(crate) fn position(value: &Value) -> f64 {
    let digest: [u8; 16] = Md5::digest(value.to_string()).into();
    let digest = u128::from_be_bytes(digest);
    // The first 64 bits after the leading zeros of the first half, and how far they were moved.
    let zeros = ((digest >> 64) as u64).leading_zeros();
    let significand = ((digest << zeros) >> 64) as u64 | 1;
    significand as f64 * 2f64.powi(-64 - i32::try_from(zeros).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_spread_evenly_and_stay_where_they_are() {
        let positions: Vec<f64> =
            (0..10_000).map(|id| position(&Value::from(format!("user-{id}")))).collect();
        for percent in [0.1, 0.25, 0.5, 0.9] {
            let kept = positions.iter().filter(|&&position| position < percent).count() as f64;
            assert!((kept / 10_000.0 - percent).abs() < 0.02, "{percent}: {kept}");
        }
        assert_eq!(position(&Value::from("user-1")), positions[1]);
        assert!(positions.iter().all(|position| (0.0..=1.0).contains(position)));
    }
}
