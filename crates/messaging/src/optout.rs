//! The words with which a person stops, restarts or asks about messages.
//!
//! Source: Twilio's default opt-out keywords for long codes; a Messaging Service may have others. A word counts only
//! when it is the whole message: "stop by at nine" is a conversation, "STOP" is an order.

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_KEYWORD, MAX_KEYWORD_REPLY, MAX_KEYWORDS};

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

/// The keyword a message consists of, where no Messaging Service has words of its own: blanks around it and
/// the case do not matter.
pub fn recognise(text: &str) -> Option<Keyword> {
    let word = text.trim();
    KEYWORDS.iter().find(|row| row.0.eq_ignore_ascii_case(word)).map(|row| row.1)
}

/// The words for one order, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Each of them alone is the order.
    pub keywords: Vec<String>,
    /// What is answered; the default text when there is none.
    #[serde(default)]
    pub reply: Option<String>,
}

/// The words of a Messaging Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// For [`Keyword::Stop`].
    pub stop: Order,
    /// For [`Keyword::Start`].
    pub start: Order,
    /// For [`Keyword::Help`].
    pub help: Order,
}

impl Default for Words {
    fn default() -> Self {
        let order = |wanted: Keyword| {
            let rows = KEYWORDS.iter().filter(|row| row.1 == wanted);
            Order { keywords: rows.map(|row| row.0.to_owned()).collect(), reply: None }
        };
        Self { stop: order(Keyword::Stop), start: order(Keyword::Start), help: order(Keyword::Help) }
    }
}

/// Why words cannot be those of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordsProblem {
    /// A word is empty, has blanks around it or is too long, or there are too many.
    Keyword,
    /// STOP, START or HELP is not among those of its order.
    Missing,
    /// One word means two things.
    Ambiguous,
    /// A reply is empty, too long, or a keyword itself: two systems would answer each other for ever.
    Reply,
}

impl Words {
    fn orders(&self) -> [(Keyword, &Order); 3] {
        [(Keyword::Stop, &self.stop), (Keyword::Start, &self.start), (Keyword::Help, &self.help)]
    }

    /// The keyword a message consists of: blanks around it and the case do not matter.
    pub fn recognise(&self, text: &str) -> Option<Keyword> {
        let word = text.trim().to_lowercase();
        let is_meant = |order: &Order| order.keywords.iter().any(|keyword| keyword.to_lowercase() == word);
        self.orders().into_iter().find(|(_, order)| is_meant(order)).map(|(keyword, _)| keyword)
    }

    /// What is answered.
    pub fn reply(&self, keyword: Keyword) -> &str {
        let orders = self.orders();
        let found = orders.iter().find(|(which, _)| *which == keyword);
        found.and_then(|(_, order)| order.reply.as_deref()).unwrap_or(keyword.default_reply())
    }

    /// Whether a service may have these words.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check(&self) -> Result<(), WordsProblem> {
        let mut seen = Vec::new();
        for (keyword, order) in self.orders() {
            let fits = |word: &String| {
                !word.is_empty() && word.trim() == word && word.chars().count() <= MAX_KEYWORD
            };
            if order.keywords.len() > MAX_KEYWORDS || !order.keywords.iter().all(fits) {
                return Err(WordsProblem::Keyword);
            }
            if !order.keywords.iter().any(|word| word.eq_ignore_ascii_case(keyword.as_str())) {
                return Err(WordsProblem::Missing);
            }
            seen.extend(order.keywords.iter().map(|word| word.to_lowercase()));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < count {
            return Err(WordsProblem::Ambiguous);
        }
        let is_bad = |reply: &String| {
            reply.trim().is_empty()
                || reply.chars().count() > MAX_KEYWORD_REPLY
                || self.recognise(reply).is_some()
                || recognise(reply).is_some()
        };
        let replies = self.orders().into_iter().filter_map(|(_, order)| order.reply.as_ref());
        if replies.into_iter().any(is_bad) { Err(WordsProblem::Reply) } else { Ok(()) }
    }
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
    fn words_of_a_service_are_the_default_ones_until_it_says_otherwise() {
        let words = Words::default();
        for (text, keyword) in KEYWORDS {
            assert_eq!((words.recognise(text), recognise(text)), (Some(*keyword), Some(*keyword)));
        }
        for text in ["", "please stop", "ſtop", "PARAR"] {
            assert_eq!(words.recognise(text), None, "{text:?}");
        }
        assert_eq!(words.check(), Ok(()));
        for keyword in [Keyword::Stop, Keyword::Start, Keyword::Help] {
            assert_eq!(words.reply(keyword), keyword.default_reply());
        }
    }

    #[test]
    fn words_of_other_languages_are_recognised_in_any_case() {
        let mut words = Words::default();
        words.stop.keywords.push("ARRÊT".to_owned());
        words.stop.reply = Some("C'est fini.".to_owned());
        words.start.keywords.retain(|word| word != "YES");
        assert_eq!(words.check(), Ok(()));
        for (text, expected) in
            [("arrêt", Some(Keyword::Stop)), (" Arrêt\n", Some(Keyword::Stop)), ("yes", None)]
        {
            assert_eq!(words.recognise(text), expected, "{text:?}");
        }
        assert_eq!(words.reply(Keyword::Stop), "C'est fini.");
    }

    #[test]
    fn words_that_would_not_work_are_told() {
        let check = |change: fn(&mut Words)| {
            let mut words = Words::default();
            change(&mut words);
            words.check()
        };
        let many = |words: &mut Words| {
            words.help.keywords.extend((0..MAX_KEYWORDS).map(|number| format!("H{number}")));
        };
        for (change, problem) in [
            ((|words| words.stop.keywords.push(String::new())) as fn(&mut Words), WordsProblem::Keyword),
            (|words| words.stop.keywords.push(" ALTO".to_owned()), WordsProblem::Keyword),
            (|words| words.stop.keywords.push("x".repeat(MAX_KEYWORD + 1)), WordsProblem::Keyword),
            (many, WordsProblem::Keyword),
            (|words| words.stop.keywords.retain(|word| word != "STOP"), WordsProblem::Missing),
            (|words| words.help.keywords.clear(), WordsProblem::Missing),
            (|words| words.start.keywords.push("stop".to_owned()), WordsProblem::Ambiguous),
            (|words| words.stop.reply = Some(" ".to_owned()), WordsProblem::Reply),
            (|words| words.stop.reply = Some("Start".to_owned()), WordsProblem::Reply),
            (|words| words.help.reply = Some("x".repeat(MAX_KEYWORD_REPLY + 1)), WordsProblem::Reply),
        ] {
            assert_eq!(check(change), Err(problem));
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
