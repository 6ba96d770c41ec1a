//! Whether a document is TwiML that is obeyed here, and what in it may identify a person (RT-BIN-1). Pure.

use std::collections::BTreeSet;

use matcher::Class;
use rulebook::guard::urls::query_looks_like_phi;
use twiml::{MessagingVerb, TwimlError};

use crate::limits::MAX_CHARACTERS;
use crate::template::Template;

/// What stands in for every parameter when a document is read before anybody has asked for it.
const SAMPLE: &str = "x";

/// Why a document is not kept. Says nothing of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is empty, or longer than [`MAX_CHARACTERS`].
    Length,
    /// Braces that are no placeholder.
    Placeholder,
    /// It is not TwiML that is obeyed here.
    Twiml(TwimlError),
}

/// Reads a document, and says which classes of identifiers its literal text holds: once as it is written, so that
/// nothing hides in a comment, and once as it is read, so that nothing hides in a character reference.
///
/// # Errors
/// [`Fault`].
pub fn inspect(document: &str) -> Result<BTreeSet<Class>, Fault> {
    if document.trim().is_empty() || document.chars().count() > MAX_CHARACTERS {
        return Err(Fault::Length);
    }
    let template = Template::parse(document).map_err(|_| Fault::Placeholder)?;
    let sample = template.literal(SAMPLE);
    twiml::parse_messaging(sample.as_bytes()).map_err(Fault::Twiml)?;
    let literal = template.literal(" ");
    // The same document again: a space may stand wherever the sample did, but in a method, which was refused above.
    let verbs = twiml::parse_messaging(literal.as_bytes()).map_err(Fault::Twiml)?;
    let (texts, urls) = read(verbs);
    let mut classes = BTreeSet::new();
    for text in std::iter::once(&literal).chain(&texts).chain(&urls) {
        matcher::scan(text, |finding| {
            // Where to ask next is not whom it is about; the guard has the word on such URLs.
            let is_target = finding.class == Class::Url
                && text.get(finding.span.clone()).is_some_and(|found| {
                    // As it is written, an ampersand has its long form.
                    let found = found.replace("&amp;", "&");
                    urls.iter().any(|url| url.contains(&found))
                });
            if !is_target {
                classes.insert(finding.class);
            }
        });
    }
    let query = |url: &String| url.split_once('?').is_some_and(|(_, query)| query_looks_like_phi(query));
    if urls.iter().any(query) {
        classes.insert(Class::Url);
    }
    Ok(classes)
}

/// The texts of a document as it is read, and the URLs in it.
fn read(verbs: Vec<MessagingVerb>) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut urls) = (Vec::new(), Vec::new());
    for verb in verbs {
        match verb {
            MessagingVerb::Message(message) => {
                texts.extend(message.bodies.into_iter().chain(message.to).chain(message.from));
                urls.extend(message.action.into_iter().chain(message.status_callback).chain(message.media));
            }
            MessagingVerb::Redirect(redirect) => urls.push(redirect.url),
        }
    }
    (texts, urls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(inner: &str) -> Vec<&'static str> {
        let classes = inspect(&format!("<Response>{inner}</Response>")).expect("TwiML");
        classes.into_iter().map(Class::as_str).collect()
    }

    #[test]
    fn finds_identifiers_wherever_they_hide() {
        for (inner, expected) in [
            ("<Message>Thank you, {{From}}.</Message>", &[][..]),
            ("<Message>Your visit is at {{Time}}. Reply {{Body}}</Message>", &[]),
            ("<Message>Your MRN is 00123456</Message>", &["medical_record"]),
            ("<!-- SSN 219-09-9999 --><Message>Hi</Message>", &["social_security"]),
            ("<Message>SSN 219-09-&#57;999</Message>", &["social_security"]),
            ("<Message to=\"+14155550177\">{{Body}}</Message>", &["telephone"]),
            ("<Redirect>https://app.clinic.example/next?step=2</Redirect>", &[]),
            ("<Redirect>https://app.clinic.example/next?a=1&amp;b=2</Redirect>", &[]),
            ("<Redirect>https://app.clinic.example/next?patient_id=7</Redirect>", &["url"]),
            ("<Message>See https://clinic.example/jane-roe</Message>", &["url"]),
        ] {
            assert_eq!(found(inner), expected, "{inner}");
        }
    }

    #[test]
    fn refuses_what_is_not_obeyed_here() {
        let code = |document: &str| match inspect(document) {
            Err(Fault::Twiml(error)) => error.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code("<Response><Message>"), 12100);
        assert_eq!(code("<Response><Say>Hi</Say></Response>"), 12200);
        assert_eq!(code("<Response><Message method=\"{{Method}}\">Hi</Message></Response>"), 12200);
        assert_eq!(inspect(" "), Err(Fault::Length));
        assert_eq!(inspect("<Response>{{#A}}{{/A}}</Response>"), Err(Fault::Placeholder));
        let long = format!("<Response><Message>{}</Message></Response>", "x".repeat(MAX_CHARACTERS));
        assert_eq!(inspect(&long), Err(Fault::Length));
        assert!(inspect("<Response/>").is_ok());
    }
}
