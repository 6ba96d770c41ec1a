//! Why a signature does not match: makes the mistakes that receivers make, one or two at a time, until one explains it.
//!
//! Pure and bounded: at most [`limits::DIAGNOSIS_VARIANTS`] signatures are computed, each is compared in constant time,
//! and none is handed out: the answer names mistakes. What is given here may be protected; nothing of it is kept, and
//! nothing here can print it.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use phi::PublicFact;
use serde::Serialize;
use url::form_urlencoded;

use crate::limits;
use crate::request::encode_form;
use crate::signature::{append_query, form_text, signed_url};

/// Bytes of an HMAC with SHA-1.
const SHA1_BYTES: usize = 20;
/// Bytes of an HMAC with SHA-256.
const SHA256_BYTES: usize = 32;

/// What a developer has before him. No Debug: it may hold protected data.
pub struct Evidence {
    /// The URL that was checked against.
    pub url: String,
    /// What came, or was thought to come, with it.
    pub content: Content,
    /// The signature: received, or computed by the developer's own code.
    pub signature: String,
}

/// The body of a request, as the developer has it.
pub enum Content {
    /// The parameters of a form, decoded; none for a GET.
    Parameters(Vec<(String, String)>),
    /// A body that is not a form.
    Body(String),
}

/// The secrets of the account that may have signed. No Debug.
pub struct Secrets<'a> {
    /// The primary auth token.
    pub primary: &'a str,
    /// The secondary one.
    pub secondary: Option<&'a str>,
    /// The shared key that signs now.
    pub shared: Option<&'a str>,
    /// Shared keys that do not sign now.
    pub idle: Vec<&'a str>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Whether the signature is right for exactly what was given.
    pub matches: bool,
    /// The fewest differences that explain it; empty when it matches, and when nothing we know explains it.
    pub findings: Vec<Finding>,
}

impl PublicFact for Diagnosis {} // which mistake was made says nothing about the content

/// What two findings exclude each other in: one mistake is made in each at most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Key,
    Scheme,
    Port,
    Path,
    Query,
    Content,
}

macro_rules! findings {
    ($($name:ident, $part:ident, $text:literal;)+) => {
        /// One difference between what was signed and what was given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Finding {
            $(#[doc = $text] $name,)+
        }

        impl Finding {
            /// All of them; where several explain a signature, the first is named.
            pub const ALL: &[Finding] = &[$(Finding::$name,)+];

            /// What to mend.
            pub const fn text(self) -> &'static str {
                match self { $(Finding::$name => $text,)+ }
            }

            const fn part(self) -> Part {
                match self { $(Finding::$name => Part::$part,)+ }
            }
        }
    };
}

findings! {
    SignatureUnreadable, Text, "The signature is neither Base64 nor hexadecimal of 20 or 32 bytes; pass the header's value as it is.";
    SignatureInHexadecimal, Text, "The signature is hexadecimal; the header has Base64.";
    SignatureInBase64Url, Text, "The signature is in the URL-safe alphabet of Base64, or lacks its padding; the header has the standard one.";
    SignatureWithSpaces, Text, "White space stands around the signature.";
    SecondaryToken, Key, "Made with the secondary auth token; webhooks are signed with the primary one until it is promoted.";
    TokenInsteadOfSharedKey, Key, "Made with the auth token and SHA-256; SHA-256 goes with a shared key.";
    SharedKeyNotInUse, Key, "Made with a shared key that does not sign now; look at the key's id in X-Twilio-Webhooks-Signature-Settings.";
    SharedKeyWithSha1, Key, "Made with a shared key and SHA-1; shared keys go with HMAC_SHA256, which the validator must be told.";
    Scheme, Scheme, "Belongs to the URL with the other scheme: behind a proxy that ends TLS the application sees http, but https was signed.";
    PortAdded, Port, "Belongs to the URL without its port.";
    PortLeftOut, Port, "Belongs to the URL with the scheme's port written out.";
    TrailingSlash, Path, "Belongs to the URL whose path ends differently: with a slash, or without.";
    UserInfoOrFragment, Text, "Belongs to the URL with its user:password@ or #fragment; both are left out before signing.";
    BodyHashLeftOut, Query, "Belongs to the URL with bodySHA256 in its query; validate with the URL as it was requested.";
    QueryLeftOut, Query, "Belongs to the URL without its query.";
    QueryDecoded, Query, "Belongs to the URL with its query decoded; it is signed as it stands on the wire.";
    QueryEncodedAnew, Query, "Belongs to the URL with its query encoded anew; it is signed as it stands on the wire.";
    QueryInAnotherOrder, Query, "Belongs to the URL with its query sorted; it is signed in the order on the wire.";
    ParametersLeftOut, Content, "Belongs to the URL alone, without the parameters of the form.";
    QueryAsParameters, Content, "The query's parameters were appended as if they were a form's; those of a GET are in the URL already.";
    SpacesTrimmed, Content, "White space around values was lost on one side; many frameworks trim form fields.";
    PlusAsSpace, Content, "A plus sign in a value was turned into a space, or a space into a plus sign: values were decoded once too often or not at all.";
    ValuesStillEncoded, Content, "Values were not decoded before they were appended.";
    EmptyParametersLeftOut, Content, "Parameters with an empty value were left out.";
    LineEndings, Content, "Line endings in values differ: CR LF on one side, LF on the other.";
    DuplicatesRepeated, Content, "A value that a name has twice was appended twice; each distinct value is signed once.";
    NotSorted, Content, "The parameters were not sorted by name.";
    SortedIgnoringCase, Content, "The parameters were sorted without regard to case; capitals come first.";
    FirstOfDuplicates, Content, "Only the first of several values of a name was used; every distinct one is signed.";
    LastOfDuplicates, Content, "Only the last of several values of a name was used; every distinct one is signed.";
    BodyAppended, Content, "The body was appended to the URL; a body that is not a form is covered by bodySHA256 alone.";
    BodyAsParameters, Content, "The JSON body's members were appended as if they were a form's; validate with the raw body.";
    BodyDiffers, Content, "The signature is right, but bodySHA256 is not the hash of this body: use the raw bytes, before any parsing.";
}

/// What a signature may have been made of.
#[derive(Clone)]
struct Case {
    url: String,
    text: Appended,
}

/// What is appended to the URL.
#[derive(Clone)]
enum Appended {
    Sorted(Vec<(String, String)>),
    AsGiven(Vec<(String, String)>),
    Text(String),
    Nothing,
}

impl Case {
    fn signed_text(&self) -> String {
        match &self.text {
            Appended::Sorted(pairs) => form_text(&self.url, pairs),
            Appended::AsGiven(pairs) => {
                let mut text = self.url.clone();
                pairs.iter().for_each(|(name, value)| text.extend([name.as_str(), value.as_str()]));
                text
            }
            Appended::Text(more) => format!("{}{more}", self.url),
            Appended::Nothing => self.url.clone(),
        }
    }
}

/// Explains a signature.
pub fn diagnose(evidence: &Evidence, secrets: &Secrets<'_>) -> Diagnosis {
    let Some((tag, oddity)) = read_signature(&evidence.signature) else {
        return Diagnosis { matches: false, findings: vec![Finding::SignatureUnreadable] };
    };
    let right = Case {
        url: signed_url(&evidence.url),
        text: match &evidence.content {
            Content::Parameters(pairs) => Appended::Sorted(pairs.clone()),
            Content::Body(_) => Appended::Nothing,
        },
    };
    let keys = keys(secrets, &tag);
    let mut search = Search { evidence, tag: &tag, variants_left: limits::DIAGNOSIS_VARIANTS };
    let one_mistake = keys.iter().find_map(|(finding, key)| {
        let found = search.one_mistake(&right, key)?;
        Some(oddity.into_iter().chain(*finding).chain(found).collect())
    });
    let right_key = keys.iter().find(|(finding, _)| finding.is_none());
    let explained: Option<Vec<Finding>> = one_mistake.or_else(|| {
        let found = search.two_mistakes(&right, &right_key?.1)?;
        Some(oddity.into_iter().chain(found).collect())
    });
    let Some(mut findings) = explained else { return Diagnosis { matches: false, findings: Vec::new() } };
    let is_about_body =
        |finding: &Finding| finding.part() == Part::Content || *finding == Finding::BodyHashLeftOut;
    let body_differs = matches!(&evidence.content, Content::Body(body) if !has_hash_of(&evidence.url, body));
    if body_differs && !findings.iter().any(is_about_body) {
        findings.push(Finding::BodyDiffers);
    }
    Diagnosis { matches: findings.is_empty(), findings }
}

/// The bytes of a signature, and what is odd about how they are written.
fn read_signature(text: &str) -> Option<(Vec<u8>, Option<Finding>)> {
    let trimmed = text.trim();
    let spaced = (trimmed.len() != text.len()).then_some(Finding::SignatureWithSpaces);
    let is_tag = |bytes: &Vec<u8>| matches!(bytes.len(), SHA1_BYTES | SHA256_BYTES);
    let standard = BASE64.decode(trimmed.as_bytes()).ok().filter(is_tag).map(|tag| (tag, spaced));
    let hexadecimal = || {
        let tag = HEXLOWER_PERMISSIVE.decode(trimmed.as_bytes()).ok().filter(is_tag);
        tag.map(|tag| (tag, Some(Finding::SignatureInHexadecimal)))
    };
    let url_safe = || {
        let plain = trimmed.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let tag = BASE64URL_NOPAD.decode(plain.as_bytes()).ok().filter(is_tag);
        tag.map(|tag| (tag, Some(Finding::SignatureInBase64Url)))
    };
    standard.or_else(hexadecimal).or_else(url_safe)
}

/// The keys that may have made a signature of this length, each with what is wrong about it; the right one first.
fn keys(secrets: &Secrets<'_>, tag: &[u8]) -> Vec<(Option<Finding>, hmac::Key)> {
    let is_sha1 = tag.len() == SHA1_BYTES;
    let algorithm = if is_sha1 { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY } else { hmac::HMAC_SHA256 };
    let with_token = |finding| if is_sha1 { finding } else { Some(Finding::TokenInsteadOfSharedKey) };
    let with_shared_key = |finding| if is_sha1 { Some(Finding::SharedKeyWithSha1) } else { finding };
    let mut named = vec![(with_token(None), secrets.primary)];
    named.extend(secrets.secondary.map(|secret| (with_token(Some(Finding::SecondaryToken)), secret)));
    named.extend(secrets.shared.map(|secret| (with_shared_key(None), secret)));
    named.extend(
        secrets.idle.iter().map(|secret| (with_shared_key(Some(Finding::SharedKeyNotInUse)), *secret)),
    );
    named.sort_by_key(|(finding, _)| finding.is_some());
    named
        .into_iter()
        .map(|(finding, secret)| (finding, hmac::Key::new(algorithm, secret.as_bytes())))
        .collect()
}

struct Search<'a> {
    evidence: &'a Evidence,
    tag: &'a [u8],
    variants_left: usize,
}

impl Search<'_> {
    /// Whether the signature was made of this, or else the one mistake that leads to it.
    fn one_mistake(&mut self, right: &Case, key: &hmac::Key) -> Option<Option<Finding>> {
        if self.is_made_of(right, key) {
            return Some(None);
        }
        let found = Finding::ALL
            .iter()
            .find(|finding| self.made(**finding, right).iter().any(|case| self.is_made_of(case, key)));
        found.map(|finding| Some(*finding))
    }

    /// The two mistakes that lead to it together.
    fn two_mistakes(&mut self, right: &Case, key: &hmac::Key) -> Option<[Finding; 2]> {
        for first in Finding::ALL {
            for case in self.made(*first, right) {
                let others = Finding::ALL.iter().filter(|second| second.part() != first.part());
                for second in others {
                    if self.made(*second, &case).iter().any(|case| self.is_made_of(case, key)) {
                        return Some([*first, *second]);
                    }
                }
            }
        }
        None
    }

    fn is_made_of(&mut self, case: &Case, key: &hmac::Key) -> bool {
        let Some(left) = self.variants_left.checked_sub(1) else { return false };
        self.variants_left = left;
        hmac::verify(key, case.signed_text().as_bytes(), self.tag).is_ok()
    }

    /// The cases in which this mistake was made as well; none where it makes no difference.
    fn made(&self, finding: Finding, case: &Case) -> Vec<Case> {
        let urls = altered_urls(finding, &case.url, self.evidence);
        let urls = urls.into_iter().filter(|url| *url != case.url);
        let with_url = urls.map(|url| Case { url, text: case.text.clone() });
        let texts = altered_texts(finding, case, &self.evidence.content);
        with_url.chain(texts.into_iter().map(|text| Case { url: case.url.clone(), text })).collect()
    }
}

fn altered_urls(finding: Finding, url: &str, evidence: &Evidence) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return Vec::new() };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let with_query = |query: String| vec![format!("{scheme}://{authority}{path}?{query}")];
    let pairs = || form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned();
    match (finding, query) {
        (Finding::Scheme, _) => {
            let other = if scheme.eq_ignore_ascii_case("https") { "http" } else { "https" };
            vec![format!("{other}://{authority}{target}")]
        }
        (Finding::PortAdded, _) if port.is_some() => vec![format!("{scheme}://{host}{target}")],
        (Finding::PortLeftOut, _) if port.is_none() => {
            let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
            vec![format!("{scheme}://{authority}:{port}{target}")]
        }
        (Finding::TrailingSlash, _) => {
            let path = match path.strip_suffix('/') {
                Some(path) => path.to_owned(),
                None => format!("{path}/"),
            };
            let query = query.map_or(String::new(), |query| format!("?{query}"));
            vec![format!("{scheme}://{authority}{path}{query}")]
        }
        (Finding::UserInfoOrFragment, _) => {
            vec![evidence.url.clone(), evidence.url.split('#').next().unwrap_or_default().to_owned()]
        }
        (Finding::BodyHashLeftOut, _) => match &evidence.content {
            Content::Body(body) if !url.contains("bodySHA256=") => {
                let mut url = url.to_owned();
                append_query(&mut url, &format!("bodySHA256={}", hash_of(body)));
                vec![url]
            }
            _ => Vec::new(),
        },
        (Finding::QueryLeftOut, Some(_)) => vec![format!("{scheme}://{authority}{path}")],
        (Finding::QueryDecoded, Some(_)) => {
            let decoded: Vec<String> = pairs().map(|(name, value)| format!("{name}={value}")).collect();
            with_query(decoded.join("&"))
        }
        (Finding::QueryEncodedAnew, Some(_)) => {
            let encoded = encode_form(&pairs().collect::<Vec<_>>());
            [encoded.replace('+', "%20"), encoded].into_iter().flat_map(with_query).collect()
        }
        (Finding::QueryInAnotherOrder, Some(query)) => {
            let mut parts: Vec<&str> = query.split('&').collect();
            parts.sort_unstable();
            with_query(parts.join("&"))
        }
        _ => Vec::new(),
    }
}

fn altered_texts(finding: Finding, case: &Case, content: &Content) -> Vec<Appended> {
    match content {
        Content::Parameters(pairs) => altered_parameters(finding, case, pairs),
        Content::Body(body) => match finding {
            Finding::BodyAppended => vec![Appended::Text(body.clone())],
            Finding::BodyAsParameters => members(body).map(Appended::Sorted).into_iter().collect(),
            _ => Vec::new(),
        },
    }
}

fn altered_parameters(finding: Finding, case: &Case, pairs: &[(String, String)]) -> Vec<Appended> {
    let values = |change: &dyn Fn(&str) -> String| {
        let changed = pairs.iter().map(|(name, value)| (name.clone(), change(value))).collect();
        vec![Appended::Sorted(changed)]
    };
    let only = |keep: &dyn Fn(usize, &(String, String)) -> bool| {
        let kept = pairs.iter().enumerate().filter(|(at, pair)| keep(*at, pair));
        Appended::Sorted(kept.map(|(_, pair)| pair.clone()).collect())
    };
    if pairs.is_empty() {
        let query = case.url.split_once('?').map_or("", |(_, query)| query);
        let parsed = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        return if finding == Finding::QueryAsParameters {
            vec![Appended::Sorted(parsed)]
        } else {
            Vec::new()
        };
    }
    match finding {
        Finding::ParametersLeftOut => vec![Appended::Nothing],
        Finding::SpacesTrimmed => {
            let mut cases = values(&|value| value.trim().to_owned());
            // What was lost cannot be known, but it is nearly always one character at one end of one value.
            for at in 0..pairs.len().min(limits::DIAGNOSIS_TRIMMED) {
                for (before, after) in [("", " "), ("", "\n"), (" ", ""), ("", "\r\n")] {
                    let mut restored = pairs.to_vec();
                    restored[at].1 = format!("{before}{}{after}", restored[at].1);
                    cases.push(Appended::Sorted(restored));
                }
            }
            cases
        }
        Finding::PlusAsSpace => [
            values(&|value| value.replace('+', " ")),
            values(&|value| value.replace(' ', "+")),
            values(&restore_plus),
        ]
        .concat(),
        Finding::ValuesStillEncoded => {
            let encode = |value: &str| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
            [values(&encode), values(&|value| encode(value).replace('+', "%20"))].concat()
        }
        Finding::EmptyParametersLeftOut => vec![only(&|_, (_, value)| !value.is_empty())],
        Finding::LineEndings => [
            values(&|value| value.replace("\r\n", "\n")),
            values(&|value| value.replace("\r\n", "\n").replace('\n', "\r\n")),
        ]
        .concat(),
        Finding::NotSorted => vec![Appended::AsGiven(pairs.to_vec())],
        Finding::SortedIgnoringCase => {
            let mut sorted = pairs.to_vec();
            sorted.sort_by_key(|(name, _)| name.to_lowercase());
            vec![Appended::AsGiven(sorted)]
        }
        Finding::FirstOfDuplicates => {
            vec![only(&|at, (name, _)| !pairs[..at].iter().any(|(other, _)| other == name))]
        }
        Finding::LastOfDuplicates => {
            vec![only(&|at, (name, _)| !pairs[at + 1..].iter().any(|(other, _)| other == name))]
        }
        Finding::DuplicatesRepeated => {
            let mut sorted = pairs.to_vec();
            sorted.sort_unstable();
            vec![Appended::AsGiven(sorted)]
        }
        _ => Vec::new(),
    }
}

/// A number's plus sign that became a space: only the one in front.
fn restore_plus(value: &str) -> String {
    match value.strip_prefix(' ') {
        Some(rest) => format!("+{rest}"),
        None => value.to_owned(),
    }
}

/// The members of a JSON object that are texts or numbers, as a form would have them.
fn members(body: &str) -> Option<Vec<(String, String)>> {
    let serde_json::Value::Object(members) = serde_json::from_str(body).ok()? else { return None };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Some(members.into_iter().map(|(name, value)| (name, text(value))).collect())
}

fn hash_of(body: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, body.as_bytes()).as_ref())
}

/// Whether the URL's last `bodySHA256` is of this body.
fn has_hash_of(url: &str, body: &str) -> bool {
    let signed = signed_url(url);
    let query = signed.split_once('?').map_or("", |(_, query)| query);
    query.split('&').rev().find_map(|pair| pair.strip_prefix("bodySHA256=")) == Some(hash_of(body).as_str())
}
