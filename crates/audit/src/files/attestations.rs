//! Attestations: a named person's signed answer to what no API shows; and exceptions: failures that are known.
//!
//! The file is only ever added to: what has expired stays, because it must be kept for six years (45 CFR
//! 164.316(b)(2)(i)).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::BASE64;
use rulebook::Date;
use serde::Deserialize;
use toml::Spanned;
use zeroize::Zeroizing;

use super::designation::Signer;
use super::read::{Mistake, Text};

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attestations {
    /// Answers, in the order of the file.
    pub attestations: Vec<Attestation>,
    /// Exceptions, in the order of the file.
    pub exceptions: Vec<Exception>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The rule it is about.
    pub rule: String,
    /// Ids of the subjects it is about; `*` for all.
    pub subjects: Vec<String>,
    /// The question that was answered with yes.
    pub question: String,
    /// Who answered.
    pub by: String,
    /// As what.
    pub role: String,
    /// When.
    pub on: Date,
    /// Until when it stands.
    pub expires: Date,
    /// A link, or `sha256:` and the digest of a file.
    pub evidence: String,
    /// The signature over [`Attestation::signed_text`].
    pub signature: Vec<u8>,
}

/// A failure that is known and accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The rule that fails.
    pub rule: String,
    /// Where; `*` for everywhere.
    pub subject: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Date,
}

impl Attestation {
    /// What is signed: a line per field, each with its name, so that nothing can move from one into another.
    pub fn signed_text(&self) -> String {
        let fields = [
            ("rule", self.rule.clone()),
            ("subjects", self.subjects.join(" ")),
            ("question", self.question.clone()),
            ("answer", "yes".to_owned()),
            ("by", self.by.clone()),
            ("role", self.role.clone()),
            ("on", self.on.to_string()),
            ("expires", self.expires.to_string()),
            ("evidence", self.evidence.clone()),
        ];
        let mut text = String::from("switchward attestation 1\n");
        for (name, value) in fields {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(&value.replace(['\n', '\r'], " "));
            text.push('\n');
        }
        text
    }

    /// Whether one of these people signed it, under the name that it bears.
    pub fn is_signed(&self, signers: &[Signer]) -> bool {
        signers.iter().filter(|signer| signer.name == self.by).any(|signer| {
            let key = UnparsedPublicKey::new(&ED25519, &signer.key);
            key.verify(self.signed_text().as_bytes(), &self.signature).is_ok()
        })
    }

    /// Whether it is about this subject.
    pub fn is_about(&self, rule: &str, subject: &str) -> bool {
        self.rule == rule && self.subjects.iter().any(|it| it == "*" || it == subject)
    }

    /// Its table in the file.
    pub fn to_toml(&self) -> String {
        // A JSON string without control characters is a TOML string.
        let text = |text: &str| serde_json::Value::String(text.replace(char::is_control, " ")).to_string();
        let subjects: Vec<String> = self.subjects.iter().map(|subject| text(subject)).collect();
        format!(
            "[[attestation]]\nrule = {}\nsubjects = [{}]\nquestion = {}\nanswer = \"yes\"\nby = {}\nrole = {}\non = \"{}\"\nexpires = \"{}\"\nevidence = {}\nsignature = \"{}\"\n",
            text(&self.rule),
            subjects.join(", "),
            text(&self.question),
            text(&self.by),
            text(&self.role),
            self.on,
            self.expires,
            text(&self.evidence),
            BASE64.encode(&self.signature),
        )
    }
}

/// A new Ed25519 key: the private one (PKCS #8 in base64) and the public one (base64).
pub fn signing_key() -> (Zeroizing<String>, String) {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the system has randomness");
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key just made can be read");
    (Zeroizing::new(BASE64.encode(document.as_ref())), BASE64.encode(pair.public_key().as_ref()))
}

/// Signs an attestation with a key that [`signing_key`] made.
///
/// # Errors
/// When the text is not such a key.
pub fn sign(attestation: &mut Attestation, key: &str) -> Result<(), &'static str> {
    const NO_KEY: &str = "is not a key made by `switchward audit keygen`";
    let document = Zeroizing::new(BASE64.decode(key.trim().as_bytes()).map_err(|_| NO_KEY)?);
    let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| NO_KEY)?;
    attestation.signature = pair.sign(attestation.signed_text().as_bytes()).as_ref().to_vec();
    Ok(())
}

impl Attestations {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn read(file: &str, text: &str) -> Result<Attestations, Mistake> {
        let text = Text { file, text };
        let shape: Shape = text.parse()?;
        Ok(Attestations {
            attestations: shape
                .attestation
                .iter()
                .map(|row| attestation(&text, row))
                .collect::<Result<_, _>>()?,
            exceptions: shape.exception.iter().map(|row| exception(&text, row)).collect::<Result<_, _>>()?,
        })
    }

    /// The exception that a failure stands under on this day.
    pub fn exception(&self, rule: &str, subject: &str, today: Date) -> Option<&Exception> {
        let about = |it: &&Exception| it.rule == rule && (it.subject == "*" || it.subject == subject);
        self.exceptions.iter().filter(about).find(|it| today <= it.expires)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    attestation: Vec<AttestationShape>,
    #[serde(default)]
    exception: Vec<ExceptionShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationShape {
    rule: Spanned<String>,
    subjects: Spanned<Vec<String>>,
    question: Spanned<String>,
    answer: Spanned<String>,
    by: Spanned<String>,
    role: Spanned<String>,
    on: Spanned<String>,
    expires: Spanned<String>,
    evidence: Spanned<String>,
    signature: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionShape {
    rule: Spanned<String>,
    subject: Spanned<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<String>,
}

fn attestation(text: &Text<'_>, row: &AttestationShape) -> Result<Attestation, Mistake> {
    if row.answer.get_ref() != "yes" {
        return Err(text.at(&row.answer.span(), "must be \"yes\": what is not so is not attested"));
    }
    if row.subjects.get_ref().is_empty() {
        return Err(text.at(&row.subjects.span(), "names nobody; write ids, or \"*\" for all"));
    }
    let evidence = text.said(&row.evidence)?;
    let is_digest = evidence
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_digest && !evidence.starts_with("https://") {
        let what = "is neither an https link nor `sha256:` with the 64 digits of a file's digest";
        return Err(text.at(&row.evidence.span(), what));
    }
    let signature = BASE64.decode(row.signature.get_ref().as_bytes());
    let signature = signature.map_err(|_| text.at(&row.signature.span(), "is not base64"))?;
    let attestation = Attestation {
        rule: text.rule(&row.rule)?,
        subjects: row.subjects.get_ref().clone(),
        question: text.said(&row.question)?,
        by: text.said(&row.by)?,
        role: text.said(&row.role)?,
        on: text.day(&row.on)?,
        expires: text.day(&row.expires)?,
        evidence,
        signature,
    };
    if attestation.expires < attestation.on {
        return Err(text.at(&row.expires.span(), "is before the day of the answer"));
    }
    Ok(attestation)
}

fn exception(text: &Text<'_>, row: &ExceptionShape) -> Result<Exception, Mistake> {
    Ok(Exception {
        rule: text.rule(&row.rule)?,
        subject: text.said(&row.subject)?,
        owner: text.said(&row.owner)?,
        reason: text.said(&row.reason)?,
        expires: text.day(&row.expires)?,
    })
}
