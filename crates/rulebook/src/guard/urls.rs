//! Decisions about URLs and about requests over plain HTTP.

use super::{AccountFacts, Check, refuse};
use crate::codes;

/// What a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPurpose {
    /// The platform sends events to it.
    Callback,
    /// The platform fetches media from it.
    Media,
}

/// What the guard needs to know about a URL.
#[derive(Clone, Copy, Debug)]
pub struct UrlFact {
    /// The parameter that holds it, for the refusal.
    pub field: &'static str,
    /// What it is for.
    pub purpose: UrlPurpose,
    /// Its scheme is `https` (or `wss`).
    pub scheme_https: bool,
    /// Its host is in the account's register.
    pub host_registered: bool,
    /// [`query_looks_like_phi`] says so.
    pub has_phi_like_query: bool,
    /// It is called by GET with the parameters of a message or a call, which would put them in a query string.
    pub get_message_webhook: bool,
}

/// What the guard needs to know about a request that came without TLS.
#[derive(Clone, Copy, Debug)]
pub struct PlainHttpFacts {
    /// It carries credentials.
    pub credentials: bool,
    /// It came from the machine itself, as inside the tunnel of the proxy.
    pub loopback: bool,
}

pub(super) fn configure(account: &AccountFacts, url: &UrlFact) -> Check {
    if account.protected { check(account, url, "ART-CTRL-INTEG") } else { Ok(()) }
}

/// As [`configure`], for a URL of a call.
pub(super) fn check_call_url(account: &AccountFacts, url: &UrlFact) -> Check {
    check(account, url, "ART-CTRL-INTEG")
}

pub(super) fn check_message_url(account: &AccountFacts, url: &UrlFact) -> Check {
    check(account, url, "SMS-BOT-1")
}

pub(super) fn plain_http(account: &AccountFacts, facts: &PlainHttpFacts) -> Check {
    if account.protected && facts.credentials && !facts.loopback {
        return Err(refuse("GEN-HTTPS-1", codes::REQUEST_NOT_HTTPS, None));
    }
    Ok(())
}

fn check(account: &AccountFacts, url: &UrlFact, register_rule: &'static str) -> Check {
    if !url.scheme_https {
        return Err(refuse("GEN-HTTPS-2", codes::CALLBACK_NOT_HTTPS, Some(url.field)));
    }
    if url.has_phi_like_query {
        return Err(refuse("ART-RESTR-TRACK", codes::PHI_IN_URL, Some(url.field)));
    }
    if account.policy.registered_hosts_only && !url.host_registered {
        return Err(refuse(register_rule, codes::HOST_NOT_REGISTERED, Some(url.field)));
    }
    if url.get_message_webhook {
        return Err(refuse("D-RED-3", codes::GET_WEBHOOK_REFUSED, Some(url.field)));
    }
    Ok(())
}

/// Words that mark a parameter as PHI wherever they stand in its name.
const PHI_WORDS: [&str; 22] = [
    "address",
    "birthdate",
    "birthday",
    "birth",
    "diagnosis",
    "diagnoses",
    "dob",
    "email",
    "icd",
    "icd10",
    "insurance",
    "medication",
    "mrn",
    "patient",
    "patients",
    "phone",
    "prescription",
    "ssn",
    "surname",
    "firstname",
    "lastname",
    "fullname",
];

/// Words that mark it only in company, as the second of `first_name`; alone they mark it too.
const NAME_WORDS: [(&str, &str); 7] = [
    ("first", "name"),
    ("last", "name"),
    ("full", "name"),
    ("given", "name"),
    ("family", "name"),
    ("middle", "name"),
    ("member", "id"),
];

/// Whether a query string (without its `?`) has a parameter whose name promises PHI (ART-RESTR-TRACK).
///
/// Looks at names only: values are not read, so an opaque token under an innocent name passes.
pub fn query_looks_like_phi(query: &str) -> bool {
    query
        .split(['&', ';'])
        .any(|pair| parameter_looks_like_phi(&percent_decoded(pair.split('=').next().unwrap_or_default())))
}

fn parameter_looks_like_phi(name: &str) -> bool {
    let words = words(name);
    let whole = words.concat();
    matches!(whole.as_str(), "name")
        || PHI_WORDS.contains(&whole.as_str())
        || words.iter().any(|word| PHI_WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| NAME_WORDS.contains(&(pair[0].as_str(), pair[1].as_str())))
}

/// `patientName`, `patient_name` and `patient[name]` all read as `patient`, `name`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        let starts_word = !letter.is_ascii_alphanumeric() || (after_small && letter.is_ascii_uppercase());
        if starts_word {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
        after_small = letter.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Undoes `%64`, so that an escape does not hide a name; bytes that are not ASCII become separators.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = String::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let escaped = (byte == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let plain = escaped.unwrap_or(byte);
        decoded.push(if plain.is_ascii() { char::from(plain) } else { ' ' });
        index += if escaped.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::query_looks_like_phi;

    #[test]
    fn finds_names_that_promise_phi() {
        let found = [
            "name=x",
            "dob=1",
            "a=1&ssn=2",
            "mrn",
            "patient_id=1",
            "patientName=x",
            "PatientName=x",
            "first-name=x",
            "firstName=x",
            "FIRSTNAME=x",
            "u[email]=x",
            "user.email=x",
            "phone=1",
            "diagnosis=x",
            "%64ob=1",
            "do%62=1",
            "a=1;dob=2",
            "DOB=1",
            "icd10=J45",
        ];
        for query in found {
            assert!(query_looks_like_phi(query), "{query}");
        }
    }

    #[test]
    fn leaves_opaque_and_technical_names_alone() {
        for query in [
            "",
            "token=name",
            "t=abc123",
            "template_name=reminder",
            "filename=a.png",
            "utm_source=sms",
            "sid=SM1",
            "%=1",
            "%zz=1",
            "é=1",
            "callback=dob",
        ] {
            assert!(!query_looks_like_phi(query), "{query}");
        }
    }
}
