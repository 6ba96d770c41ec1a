//! The words with which a person stops, restarts or asks about messages.
//!
//! Source: Twilio's default opt-out keywords for long codes. A word counts only when it is the whole message: "stop by
//! at nine" is a conversation, "STOP" is an order.

/// What a one-word message orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// Send nothing more from this sender.
    Stop,
    /// Messages are welcome again.
    Start,
    /// Say who this is.
    Help,
}

/// Every keyword in capitals.
const KEYWORDS: &[(&str, Keyword)] = &[
    ("STOP", Keyword::Stop),
    ("STOPALL", Keyword::Stop),
    ("UNSUBSCRIBE", Keyword::Stop),
    ("END", Keyword::Stop),
    ("QUIT", Keyword::Stop),
    ("CANCEL", Keyword::Stop),
    ("OPTOUT", Keyword::Stop),
    ("REVOKE", Keyword::Stop),
    ("START", Keyword::Start),
    ("YES", Keyword::Start),
    ("UNSTOP", Keyword::Start),
    ("HELP", Keyword::Help),
    ("INFO", Keyword::Help),
];

/// The keyword a message consists of: blanks around it and the case do not matter.
pub fn recognise(text: &str) -> Option<Keyword> {
    let word = text.trim();
    KEYWORDS.iter().find(|row| row.0.eq_ignore_ascii_case(word)).map(|row| row.1)
}

impl Keyword {
    /// The value of `OptOutType` in the inbound webhook.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    /// The answer sent when the account has set no text of its own. One GSM-7 segment, and no hint of who wrote to
    /// whom about what: the phone may lie on a table.
    pub fn default_reply(self) -> &'static str {
        match self {
            Self::Stop => "You will get no more messages from this number. To get them again, reply START.",
            Self::Start => {
                "Messages from this number are on again. For help reply HELP, to end them reply STOP."
            }
            Self::Help => {
                "To end messages from this number reply STOP, to get them again reply START. Rates may apply."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segments::{Encoding, Segmentation, segment};

    #[test]
    fn recognises_whole_messages_in_any_case() {
        for (text, expected) in [
            ("STOP", Some(Keyword::Stop)),
            ("stop", Some(Keyword::Stop)),
            (" \nStop\r\n", Some(Keyword::Stop)),
            ("StopAll", Some(Keyword::Stop)),
            ("unsubscribe", Some(Keyword::Stop)),
            ("end", Some(Keyword::Stop)),
            ("Quit", Some(Keyword::Stop)),
            ("cancel", Some(Keyword::Stop)),
            ("optout", Some(Keyword::Stop)),
            ("REVOKE", Some(Keyword::Stop)),
            ("start", Some(Keyword::Start)),
            ("Yes", Some(Keyword::Start)),
            ("unstop", Some(Keyword::Start)),
            ("help", Some(Keyword::Help)),
            ("Info", Some(Keyword::Help)),
            ("", None),
            (" ", None),
            ("stop by at nine", None),
            ("please stop", None),
            ("STOP ALL", None),
            ("STOPP", None),
            ("no", None),
            ("ſtop", None),
        ] {
            assert_eq!(recognise(text), expected, "{text:?}");
        }
    }

    #[test]
    fn wire_name_is_itself_a_keyword() {
        for keyword in [Keyword::Stop, Keyword::Start, Keyword::Help] {
            assert_eq!(recognise(keyword.as_str()), Some(keyword));
        }
    }

    #[test]
    fn replies_fit_one_segment_and_are_no_keyword() {
        for keyword in [Keyword::Stop, Keyword::Start, Keyword::Help] {
            let reply = keyword.default_reply();
            assert_eq!(segment(reply), Segmentation { encoding: Encoding::Gsm7, segments: 1 });
            assert_eq!(recognise(reply), None, "or two systems would answer each other for ever");
        }
    }
}
