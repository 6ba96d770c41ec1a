//! The words with which a person stops, restarts or asks about messages.
//!
//! Source: Twilio's default opt-out keywords for long codes, and its Advanced Opt-Out. A word counts only when it is the
//! whole message: "stop by at nine" is a conversation, "STOP" is an order. The default words are English; a Messaging
//! Service may have others, in several languages and for single countries ([`Words`]).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_KEYWORD, MAX_KEYWORD_REPLY, MAX_KEYWORDS, MAX_WORD_COUNTRIES, MAX_WORD_VARIANTS};

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
    /// The same in other languages, or for other countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

/// Words in another language, everywhere or in some countries alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The language, as ISO 639-1.
    pub language: String,
    /// Where they count, as ISO 3166-1 alpha-2; everywhere when it is empty.
    pub countries: Vec<String>,
    /// For [`Keyword::Stop`].
    pub stop: Order,
    /// For [`Keyword::Start`].
    pub start: Order,
    /// For [`Keyword::Help`].
    pub help: Order,
}

/// What a message orders, and what is answered to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meant<'a> {
    /// The order.
    pub keyword: Keyword,
    /// The answer, in the language of the word.
    pub reply: &'a str,
}

impl Keyword {
    /// It is meant, and answered with the default text.
    pub fn meant(self) -> Meant<'static> {
        Meant { keyword: self, reply: self.default_reply() }
    }
}

/// Three orders as they belong together.
type Orders<'a> = [(Keyword, &'a Order); 3];

fn meant<'a>(orders: Orders<'a>, word: &str) -> Option<Meant<'a>> {
    let is_meant = |order: &Order| order.keywords.iter().any(|keyword| keyword.to_lowercase() == word);
    let (keyword, order) = orders.into_iter().find(|(_, order)| is_meant(order))?;
    Some(Meant { keyword, reply: order.reply.as_deref().unwrap_or(keyword.default_reply()) })
}

impl Variant {
    fn orders(&self) -> Orders<'_> {
        [(Keyword::Stop, &self.stop), (Keyword::Start, &self.start), (Keyword::Help, &self.help)]
    }

    /// Whether its language and its countries are written as such.
    fn is_somewhere(&self) -> bool {
        let is_language =
            self.language.len() == 2 && self.language.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_country = |country: &String| {
            country.bytes().all(|byte| byte.is_ascii_uppercase()) && base::calling_code_of(country).is_some()
        };
        is_language && self.countries.len() <= MAX_WORD_COUNTRIES && self.countries.iter().all(is_country)
    }
}

impl Default for Words {
    fn default() -> Self {
        let order = |wanted: Keyword| {
            let rows = KEYWORDS.iter().filter(|row| row.1 == wanted);
            Order { keywords: rows.map(|row| row.0.to_owned()).collect(), reply: None }
        };
        Self {
            stop: order(Keyword::Stop),
            start: order(Keyword::Start),
            help: order(Keyword::Help),
            variants: Vec::new(),
        }
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
    /// A language is no two letters, a country is none, or there are too many variants.
    Variant,
}

impl Words {
    fn orders(&self) -> Orders<'_> {
        [(Keyword::Stop, &self.stop), (Keyword::Start, &self.start), (Keyword::Help, &self.help)]
    }

    /// What a message from this country orders when it consists of one keyword: blanks around it and the case do not
    /// matter. Words for the country go first, so that STOP is answered there in its language.
    pub fn recognise(&self, text: &str, country: Option<&str>) -> Option<Meant<'_>> {
        let word = text.trim().to_lowercase();
        let is_of = |variant: &&Variant| variant.countries.iter().any(|it| Some(it.as_str()) == country);
        let of_country = self.variants.iter().filter(is_of);
        let of_all = self.variants.iter().filter(|variant| variant.countries.is_empty());
        let orders = of_country.map(Variant::orders);
        let mut orders = orders.chain([self.orders()]).chain(of_all.map(Variant::orders));
        orders.find_map(|orders| meant(orders, &word))
    }

    /// Whether a service may have these words.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check(&self) -> Result<(), WordsProblem> {
        if self.variants.len() > MAX_WORD_VARIANTS || !self.variants.iter().all(Variant::is_somewhere) {
            return Err(WordsProblem::Variant);
        }
        let own = std::iter::once(self.orders());
        let all: Vec<Orders<'_>> = own.chain(self.variants.iter().map(Variant::orders)).collect();
        let meanings = meanings(&all)?;
        let has_own = |(keyword, order): &(Keyword, &Order)| {
            order.keywords.iter().any(|word| word.eq_ignore_ascii_case(keyword.as_str()))
        };
        if !self.orders().iter().all(has_own) {
            return Err(WordsProblem::Missing);
        }
        let is_bad = |reply: &String| {
            reply.trim().is_empty()
                || reply.chars().count() > MAX_KEYWORD_REPLY
                || meanings.contains_key(&reply.trim().to_lowercase())
                || recognise(reply).is_some()
        };
        let mut replies = all.iter().flatten().filter_map(|(_, order)| order.reply.as_ref());
        if replies.any(is_bad) { Err(WordsProblem::Reply) } else { Ok(()) }
    }
}

/// What every word means. Two languages may share a word, but never for two things.
fn meanings(all: &[Orders<'_>]) -> Result<HashMap<String, Keyword>, WordsProblem> {
    let fits = |word: &String| !word.is_empty() && word.trim() == word && word.chars().count() <= MAX_KEYWORD;
    let mut meanings = HashMap::new();
    for orders in all {
        let mut words = HashSet::new();
        for (keyword, order) in orders {
            if order.keywords.len() > MAX_KEYWORDS || !order.keywords.iter().all(fits) {
                return Err(WordsProblem::Keyword);
            }
            for word in order.keywords.iter().map(|word| word.to_lowercase()) {
                let is_new = words.insert(word.clone());
                if !is_new || *meanings.entry(word).or_insert(*keyword) != *keyword {
                    return Err(WordsProblem::Ambiguous);
                }
            }
        }
    }
    Ok(meanings)
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
            assert_eq!(words.recognise(text, None), Some(keyword.meant()));
            assert_eq!(recognise(text), Some(*keyword));
        }
        for text in ["", "please stop", "ſtop", "PARAR"] {
            assert_eq!(words.recognise(text, Some("US")), None, "{text:?}");
        }
        assert_eq!(words.check(), Ok(()));
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
            assert_eq!(words.recognise(text, None).map(|meant| meant.keyword), expected, "{text:?}");
        }
        assert_eq!(words.recognise("stop", None).map(|meant| meant.reply), Some("C'est fini."));
    }

    /// Words whose STOP is this one.
    fn variant(language: &str, countries: &[&str], stop: &str) -> Variant {
        let order = |keywords: &[&str], reply| Order {
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
            reply,
        };
        Variant {
            language: language.to_owned(),
            countries: countries.iter().map(|country| (*country).to_owned()).collect(),
            stop: order(&[stop], Some(format!("{language} {}", countries.join(" ")))),
            start: order(&[], None),
            help: order(&[], None),
        }
    }

    #[test]
    fn words_of_a_country_go_first_and_those_of_languages_last() {
        let mut words = Words::default();
        words.variants.push(variant("es", &[], "ALTO"));
        words.variants.push(variant("pt", &[], "ALTO"));
        words.variants.push(variant("es", &["MX", "ES"], "STOP"));
        assert_eq!(words.check(), Ok(()));
        let reply = |text: &str, country: Option<&str>| {
            words.recognise(text, country).map(|meant| (meant.keyword, meant.reply.to_owned()))
        };
        let stop = |reply: &str| Some((Keyword::Stop, reply.to_owned()));
        assert_eq!(reply("stop", Some("MX")), stop("es MX ES"));
        for country in [None, Some("US")] {
            assert_eq!(reply("stop", country), stop(Keyword::Stop.default_reply()));
            assert_eq!(reply("Alto", country), stop("es "));
        }
        // What is left out for a country counts there as well.
        assert_eq!(words.recognise("unsubscribe", Some("MX")), Some(Keyword::Stop.meant()));
        assert_eq!(reply("parar", Some("MX")), None);
    }

    #[test]
    fn words_that_were_kept_before_there_were_languages_are_read() {
        let old =
            r#"{"stop":{"keywords":["STOP"]},"start":{"keywords":["START"]},"help":{"keywords":["HELP"]}}"#;
        let words: Words = serde_json::from_str(old).expect("words");
        assert!(words.variants.is_empty());
        assert_eq!(words.check(), Ok(()));
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
            (|words| words.variants.push(variant("es", &[], "START")), WordsProblem::Ambiguous),
            (|words| words.variants.push(variant("es", &[], "")), WordsProblem::Keyword),
            (|words| words.variants.push(variant("Spanish", &[], "ALTO")), WordsProblem::Variant),
            (|words| words.variants.push(variant("es", &["mx"], "ALTO")), WordsProblem::Variant),
            (|words| words.variants.push(variant("es", &["XX"], "ALTO")), WordsProblem::Variant),
            (|words| words.variants.push(variant("es", &["MX"; 60], "ALTO")), WordsProblem::Variant),
            (
                |words| words.variants.extend((0..=MAX_WORD_VARIANTS).map(|_| variant("es", &[], "ALTO"))),
                WordsProblem::Variant,
            ),
            (
                |words| {
                    words.variants.push(variant("es", &[], "ALTO"));
                    words.help.reply = Some("alto".to_owned());
                },
                WordsProblem::Reply,
            ),
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
