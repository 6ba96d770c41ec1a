//! Sørensen-Dice similarity of two words, over pairs of neighbouring characters: Segment's measure for *similar*.

/// Between 0 and 1; 1 for equal words. Words of one character are equal or not.
pub(crate) fn score(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let (ours, mut theirs) = (pairs(one), pairs(other));
    let all = ours.len() + theirs.len();
    if ours.is_empty() || theirs.is_empty() {
        return 0.0;
    }
    let mut common = 0_usize;
    for pair in ours {
        if let Some(place) = theirs.iter().position(|their| *their == pair) {
            theirs.swap_remove(place);
            common += 1;
        }
    }
    (2 * common) as f64 / all as f64
}

fn pairs(word: &str) -> Vec<(char, char)> {
    word.chars().zip(word.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores() {
        let check = |one: &str, other: &str, expected: f64| {
            assert!((score(one, other) - expected).abs() < 0.001, "{one} {other} {}", score(one, other));
        };
        check("night", "nacht", 0.25);
        check("medication", "medications", 0.947);
        check("email", "e", 0.0);
        check("a", "a", 1.0);
        check("aaaa", "aa", 0.5);
    }
}
