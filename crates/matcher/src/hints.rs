//! Words that say what the value behind them is.

use crate::class::Class;
use crate::limits::LABEL_WORDS;
use crate::tokens::Text;
use crate::words::Trait;

/// What a word announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A value of this class, with or without a word such as `number` between.
    Value(Class),
    /// A value of this class, but only with `number`, `id`, `#` or a colon between: alone the word says little.
    Numbered(Class),
    /// A National Provider Identifier.
    Provider,
    /// A bank's routing number.
    Routing,
    /// A date of birth.
    Birth,
    /// An age.
    Aged,
    /// A month's name.
    Month,
}

use Hint::{Aged, Birth, Month, Numbered, Provider, Routing, Value};

pub(crate) const WORDS: &[(&str, Hint)] = &[
    ("account", Numbered(Class::Account)),
    ("acct", Value(Class::Account)),
    ("iban", Value(Class::Account)),
    ("routing", Routing),
    ("aba", Routing),
    ("accession", Numbered(Class::OtherIdentifier)),
    ("badge", Numbered(Class::OtherIdentifier)),
    ("case", Numbered(Class::OtherIdentifier)),
    ("claim", Numbered(Class::OtherIdentifier)),
    ("employee", Numbered(Class::OtherIdentifier)),
    ("encounter", Numbered(Class::OtherIdentifier)),
    ("passport", Value(Class::OtherIdentifier)),
    ("specimen", Numbered(Class::OtherIdentifier)),
    ("student", Numbered(Class::OtherIdentifier)),
    ("subject", Numbered(Class::OtherIdentifier)),
    ("visit", Numbered(Class::OtherIdentifier)),
    ("prescription", Numbered(Class::OtherIdentifier)),
    ("rx", Value(Class::OtherIdentifier)),
    ("aged", Aged),
    ("age", Aged),
    ("birth", Birth),
    ("birthdate", Birth),
    ("birthday", Birth),
    ("born", Birth),
    ("dob", Birth),
    ("biometric", Value(Class::Biometric)),
    ("faceprint", Value(Class::Biometric)),
    ("fingerprint", Value(Class::Biometric)),
    ("iris", Value(Class::Biometric)),
    ("retina", Value(Class::Biometric)),
    ("retinal", Value(Class::Biometric)),
    ("voiceprint", Value(Class::Biometric)),
    ("call", Value(Class::Telephone)),
    ("callback", Value(Class::Telephone)),
    ("cell", Value(Class::Telephone)),
    ("contact", Value(Class::Telephone)),
    ("dial", Value(Class::Telephone)),
    ("mobile", Value(Class::Telephone)),
    ("phone", Value(Class::Telephone)),
    ("reach", Value(Class::Telephone)),
    ("sms", Value(Class::Telephone)),
    ("tel", Value(Class::Telephone)),
    ("telephone", Value(Class::Telephone)),
    ("text", Value(Class::Telephone)),
    ("facsimile", Value(Class::Fax)),
    ("fax", Value(Class::Fax)),
    ("certificate", Numbered(Class::License)),
    ("certification", Numbered(Class::License)),
    ("dea", Value(Class::License)),
    ("dl", Value(Class::License)),
    ("licence", Value(Class::License)),
    ("license", Value(Class::License)),
    ("npi", Provider),
    ("chart", Numbered(Class::MedicalRecord)),
    ("mrn", Value(Class::MedicalRecord)),
    ("patient", Numbered(Class::MedicalRecord)),
    ("record", Numbered(Class::MedicalRecord)),
    ("beneficiary", Numbered(Class::HealthPlan)),
    ("group", Numbered(Class::HealthPlan)),
    ("insurance", Numbered(Class::HealthPlan)),
    ("mbi", Value(Class::HealthPlan)),
    ("medicaid", Value(Class::HealthPlan)),
    ("medicare", Value(Class::HealthPlan)),
    ("member", Numbered(Class::HealthPlan)),
    ("policy", Numbered(Class::HealthPlan)),
    ("subscriber", Numbered(Class::HealthPlan)),
    ("security", Numbered(Class::SocialSecurity)),
    ("ssn", Value(Class::SocialSecurity)),
    ("device", Numbered(Class::Device)),
    ("imei", Value(Class::Device)),
    ("implant", Numbered(Class::Device)),
    ("pacemaker", Numbered(Class::Device)),
    ("serial", Value(Class::Device)),
    ("udi", Value(Class::Device)),
    ("plate", Value(Class::Vehicle)),
    ("vehicle", Numbered(Class::Vehicle)),
    ("vin", Value(Class::Vehicle)),
    ("diagnosed", Value(Class::Diagnosis)),
    ("diagnosis", Value(Class::Diagnosis)),
    ("dx", Value(Class::Diagnosis)),
    ("icd", Value(Class::Diagnosis)),
    ("ndc", Value(Class::Drug)),
    ("postal", Numbered(Class::Geography)),
    ("zip", Value(Class::Geography)),
    ("zipcode", Value(Class::Geography)),
    ("face", Value(Class::Photograph)),
    ("headshot", Value(Class::Photograph)),
    ("photo", Value(Class::Photograph)),
    ("photograph", Value(Class::Photograph)),
    ("picture", Value(Class::Photograph)),
    ("portrait", Value(Class::Photograph)),
    ("selfie", Value(Class::Photograph)),
    ("jan", Month),
    ("january", Month),
    ("feb", Month),
    ("february", Month),
    ("mar", Month),
    ("march", Month),
    ("apr", Month),
    ("april", Month),
    ("may", Month),
    ("jun", Month),
    ("june", Month),
    ("jul", Month),
    ("july", Month),
    ("aug", Month),
    ("august", Month),
    ("sep", Month),
    ("sept", Month),
    ("september", Month),
    ("oct", Month),
    ("october", Month),
    ("nov", Month),
    ("november", Month),
    ("dec", Month),
    ("december", Month),
];

/// Words that may stand between a label and its value and make a number of it.
pub(crate) const NUMBERING: &[&str] = &["id", "ids", "no", "num", "number", "identifier", "code", "mrn"];
/// Words that may stand there and say nothing.
pub(crate) const FILLING: &[&str] = &[
    "is", "was", "my", "your", "the", "of", "for", "at", "on", "to", "me", "us", "him", "her", "them", "a",
    "s", // For pictures and biometrics.
    "attached", "file", "hash", "template", "scan", "pattern", "data", "driver", "drivers", "plate", "10",
    "cm", "home", "work", "cell",
];

/// The label in front of a token: the nearest word that announces something, with nothing between but words that fill.
pub(crate) fn label(text: &Text<'_>, index: usize) -> Option<Hint> {
    let mut numbered = false;
    let mut at = index;
    for _ in 0..=LABEL_WORDS {
        at = at.checked_sub(1)?;
        let token = text.token(at);
        if text.joint(at) != b' ' {
            if !text.is_close(at) {
                return None;
            }
            numbered |= text.gap(at).bytes().any(|byte| matches!(byte, b'#' | b':' | b'='));
        }
        match token.hint {
            Some(Numbered(class)) if numbered => return qualified(text, at, class).then_some(Value(class)),
            // A word like "case" that nothing makes a label of.
            Some(Numbered(_) | Month) => return None,
            Some(hint) => return Some(hint),
            None if token.is(Trait::Numbering) => numbered = true,
            None if token.is(Trait::Filling) => {}
            None => return None,
        }
    }
    None
}

/// Whether the word before makes the label what it is taken for: `medical record`, `social security`.
fn qualified(text: &Text<'_>, at: usize, class: Class) -> bool {
    let before = text.word_before(at);
    let is_any = |words: &[&str]| words.iter().any(|word| before.eq_ignore_ascii_case(word));
    match class {
        Class::SocialSecurity => is_any(&["social"]),
        Class::MedicalRecord if text.is_word(at, "record") => {
            is_any(&["medical", "health", "patient", "hospital"])
        }
        _ => true,
    }
}
