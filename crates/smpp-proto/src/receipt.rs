//! Delivery receipts: the TLVs of SMPP 3.4 §5.3.2, or the text of its appendix B.

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The SMSC's name of the message, as it stood in `submit_sm_resp`.
    pub message_id: String,
    /// What became of it.
    pub state: State,
    /// The network's error, when it is given as a number; its meaning is the carrier's own.
    pub error: Option<u32>,
}

/// What became of a message (SMPP 3.4 §5.2.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is under way, or accepted by somebody who will see to it: not the end.
    UnderWay,
    /// It reached the handset.
    Delivered,
    /// Its validity ended.
    Expired,
    /// It was deleted at the SMSC.
    Deleted,
    /// It cannot be delivered.
    Undeliverable,
    /// It was rejected.
    Rejected,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// The state that a `message_state` TLV gives.
    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            0 | 1 | 6 => Self::UnderWay,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Undeliverable,
            8 | 9 => Self::Rejected,
            _ => Self::Unknown,
        }
    }

    /// How a `message_state` TLV writes the state.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::UnderWay => 1,
            Self::Delivered => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Undeliverable => 5,
            Self::Unknown => 7,
            Self::Rejected => 8,
        }
    }

    /// How the text of a receipt writes the state (SMPP 3.4, appendix B).
    pub fn word(self) -> &'static str {
        match self {
            Self::UnderWay => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
        }
    }

    fn from_word(word: &str) -> Self {
        match word.to_ascii_uppercase().get(..5).unwrap_or_default() {
            "DELIV" => Self::Delivered,
            "EXPIR" => Self::Expired,
            "DELET" => Self::Deleted,
            "UNDEL" => Self::Undeliverable,
            "REJEC" | "SKIPP" => Self::Rejected,
            "ACCEP" | "ENROU" | "SCHED" => Self::UnderWay,
            _ => Self::Unknown,
        }
    }
}

/// Reads a receipt. The TLVs go before the text; `None` when neither names the message.
pub(crate) fn read(receipted_id: Option<&str>, state: Option<u8>, text: &[u8]) -> Option<Notice> {
    let text = String::from_utf8_lossy(text);
    let message_id = match receipted_id {
        Some(id) if !id.is_empty() => id,
        _ => field(&text, "id:")?,
    };
    let state = match state {
        Some(code) => State::from_code(code),
        None => State::from_word(field(&text, "stat:")?),
    };
    let error = field(&text, "err:").and_then(|error| error.parse().ok());
    Some(Notice { message_id: message_id.to_owned(), state, error })
}

/// The value of the first field of this name: what follows it up to the next blank.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    // What was sent stands at the end and may look like anything.
    let end = find(text, "text:").unwrap_or(text.len());
    let text = &text[..end];
    let start = find(text, name)? + name.len();
    let value = text[start..].split_ascii_whitespace().next()?;
    (!value.is_empty()).then_some(value)
}

/// Where a word stands: at the start, or after a blank; in any case of letters.
fn find(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(word.len() - 1)).find(|&at| {
        bytes[at..at + word.len()].eq_ignore_ascii_case(word.as_bytes()) && (at == 0 || bytes[at - 1] == b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: Option<&str>, state: Option<u8>, text: &str, expected: Option<(&str, State, Option<u32>)>) {
        let notice = read(id, state, text.as_bytes());
        let expected = expected.map(|(id, state, error)| Notice { message_id: id.to_owned(), state, error });
        assert_eq!(notice, expected, "{text}");
    }

    #[test]
    fn reads_the_customary_text() {
        let text = "id:0a1B2 sub:001 dlvrd:001 submit date:2601151200 done date:2601151201 stat:DELIVRD err:000 text:hi";
        check(None, None, text, Some(("0a1B2", State::Delivered, Some(0))));
        check(None, None, "ID:7 STAT:undeliv ERR:034", Some(("7", State::Undeliverable, Some(34))));
        check(None, None, "id:7 stat:EXPIRED err:A1", Some(("7", State::Expired, None)));
        check(None, None, "id:7 stat:ACCEPTD err:000", Some(("7", State::UnderWay, Some(0))));
        check(None, None, "id:7 stat:??", Some(("7", State::Unknown, None)));
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        use State::{Deleted, Delivered, Expired, Rejected, Undeliverable, UnderWay, Unknown};
        for state in [UnderWay, Delivered, Expired, Deleted, Undeliverable, Rejected, Unknown] {
            assert_eq!((State::from_code(state.code()), State::from_word(state.word())), (state, state));
        }
    }

    #[test]
    fn what_was_sent_is_not_read() {
        check(None, None, "sub:001 text:id:7 stat:DELIVRD", None);
        check(None, None, "id:7 err:001 Text:stat:DELIVRD", None);
    }

    #[test]
    fn tlvs_go_before_text() {
        check(Some("a"), Some(2), "id:b stat:UNDELIV err:011", Some(("a", State::Delivered, Some(11))));
        check(Some("a"), Some(5), "", Some(("a", State::Undeliverable, None)));
        check(None, Some(2), "", None);
        check(Some("a"), None, "", None);
    }
}
