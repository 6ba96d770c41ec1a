//! How names of events, properties and traits become identifiers: in snake case, as Segment's warehouses have them.

use crate::limits;

/// The identifier for a name: words in lower case with `_` between them, of `a-z`, `0-9` and `_` alone, so that it needs
/// no escaping anywhere. `None` when nothing is left of it.
///
/// `Order Completed`, `orderCompleted` and `order-completed` are one name: `order_completed`.
pub fn identifier(name: &str) -> Option<String> {
    let mut made = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (at, character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            separate(&mut made);
            continue;
        }
        if character.is_ascii_uppercase() {
            let before = at.checked_sub(1).and_then(|before| characters.get(before));
            let after = characters.get(at + 1);
            let ends_word =
                before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit());
            let ends_acronym =
                before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase);
            if ends_word || ends_acronym {
                separate(&mut made);
            }
        }
        made.push(character.to_ascii_lowercase());
    }
    let made = made.trim_end_matches('_');
    let made = match made.as_bytes().first() {
        None => return None,
        Some(first) if first.is_ascii_digit() => format!("_{made}"),
        Some(_) => made.to_owned(),
    };
    Some(cut(made))
}

/// At most [`limits::NAME`] characters. Names that begin alike for so long are told apart by a checksum at the end.
pub fn cut(name: String) -> String {
    if name.len() <= limits::NAME {
        return name;
    }
    // FNV-1a: it tells names apart and protects nothing.
    let checksum =
        name.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let kept: String = name.chars().take(limits::NAME - 9).collect();
    format!("{kept}_{checksum:08x}")
}

fn separate(made: &mut String) {
    if !made.is_empty() && !made.ends_with('_') {
        made.push('_');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        let table = [
            ("Order Completed", "order_completed"),
            ("orderCompleted", "order_completed"),
            ("order-completed!", "order_completed"),
            ("userId", "user_id"),
            ("HTTPServer", "http_server"),
            ("orderID", "order_id"),
            ("order2Go", "order2_go"),
            ("__x__y__", "x_y"),
            ("1st", "_1st"),
            ("a.b/c", "a_b_c"),
            ("Größe", "gr_e"),
        ];
        for (name, expected) in table {
            assert_eq!(identifier(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", "   ", "äö", "_"] {
            assert_eq!(identifier(name), None, "{name}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let (one, other) = ("x".repeat(80) + "a", "x".repeat(80) + "b");
        let (one, other) = (identifier(&one).unwrap(), identifier(&other).unwrap());
        assert_eq!((one.len(), other.len()), (limits::NAME, limits::NAME));
        assert_ne!(one, other);
    }
}
