//! Attestations: a named person's signed answer to what no API shows; and exceptions: failures that are known.
//!
//! They are only ever added to: what has expired stays, because it must be kept for six years (45 CFR
//! 164.316(b)(2)(i)).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::BASE64;
use rulebook::Date;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::check::{Problem, all_said, array, known_rule, problem, quoted, said};
use crate::file::{Mistake, Text};
use crate::limits;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestations {
    /// Answers, in the order of the file.
    #[serde(default, rename = "attestation")]
    pub attestations: Vec<Attestation>,
    /// Exceptions, in the order of the file.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<Exception>,
}

/// The one answer that is written down: what is not so is not attested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    #[default]
    Yes,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The rule it is about.
    pub rule: String,
    /// Ids of the subjects it is about; `*` for all.
    pub subjects: Vec<String>,
    /// The question.
    pub question: String,
    /// What was answered.
    pub answer: Answer,
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
    /// The signature over [`Attestation::signed_text`], in base64.
    #[serde(with = "base64")]
    pub signature: Vec<u8>,
}

/// A failure that is known and accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// Somebody whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Who.
    pub name: String,
    /// As what.
    pub role: String,
    /// The Ed25519 public key, in base64.
    #[serde(with = "base64")]
    pub key: Vec<u8>,
}

impl Signer {
    /// The signer as it is kept.
    ///
    /// # Errors
    /// The field that says nothing, says too much, or cannot be.
    pub fn checked(self) -> Result<Signer, Problem> {
        if self.key.len() != limits::PUBLIC_KEY {
            return problem(
                "key",
                "is not an Ed25519 public key in base64 (`switchward audit keygen` makes one)",
            );
        }
        Ok(Signer {
            name: said("name", &self.name, limits::LINE)?,
            role: said("role", &self.role, limits::LINE)?,
            key: self.key,
        })
    }
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
        lines("switchward attestation 1", fields)
    }

    /// The attestation, when it says all that it must. What is signed is not altered, not even by a blank.
    ///
    /// # Errors
    /// The field that says nothing, says too much, or cannot be.
    pub fn checked(self) -> Result<Attestation, Problem> {
        known_rule(&self.rule)?;
        if self.subjects.is_empty() {
            return problem("subjects", "names nobody; write ids, or \"*\" for all");
        }
        all_said("subjects", &self.subjects)?;
        for (field, text, limit) in [
            ("question", &self.question, limits::TEXT),
            ("by", &self.by, limits::LINE),
            ("role", &self.role, limits::LINE),
            ("evidence", &self.evidence, limits::LINE),
        ] {
            said(field, text, limit)?;
        }
        let is_digest = self
            .evidence
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if !is_digest && !self.evidence.starts_with("https://") {
            let what = "is neither an https link nor `sha256:` with the 64 digits of a file's digest";
            return problem("evidence", what);
        }
        if self.expires < self.on {
            return problem("expires", "is before the day of the answer");
        }
        if self.signature.len() != limits::SIGNATURE {
            return problem("signature", "is no Ed25519 signature");
        }
        Ok(self)
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
        format!(
            "[[attestation]]\nrule = {}\nsubjects = {}\nquestion = {}\nanswer = \"yes\"\nby = {}\nrole = {}\non = \"{}\"\nexpires = \"{}\"\nevidence = {}\nsignature = \"{}\"\n",
            quoted(&self.rule),
            array(&self.subjects),
            quoted(&self.question),
            quoted(&self.by),
            quoted(&self.role),
            self.on,
            self.expires,
            quoted(&self.evidence),
            BASE64.encode(&self.signature),
        )
    }
}

impl Exception {
    /// The exception as it is kept.
    ///
    /// # Errors
    /// The field that says nothing, says too much, or cannot be.
    pub fn checked(self) -> Result<Exception, Problem> {
        known_rule(&self.rule)?;
        Ok(Exception {
            rule: self.rule,
            subject: said("subject", &self.subject, limits::LINE)?,
            owner: said("owner", &self.owner, limits::LINE)?,
            reason: said("reason", &self.reason, limits::TEXT)?,
            expires: self.expires,
        })
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
    attestation.signature = signature(&attestation.signed_text(), key)?;
    Ok(())
}

/// The signature over a text with a key that [`signing_key`] made.
pub(crate) fn signature(text: &str, key: &str) -> Result<Vec<u8>, &'static str> {
    const NO_KEY: &str = "is not a key made by `switchward audit keygen`";
    let document = Zeroizing::new(BASE64.decode(key.trim().as_bytes()).map_err(|_| NO_KEY)?);
    let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| NO_KEY)?;
    Ok(pair.sign(text.as_bytes()).as_ref().to_vec())
}

/// A line per field, each with its name, so that nothing can move from one into another.
pub(crate) fn lines<'a>(title: &str, fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut text = format!("{title}\n");
    for (name, value) in fields {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(&value.replace(['\n', '\r'], " "));
        text.push('\n');
    }
    text
}

impl Attestations {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn read(file: &str, text: &str) -> Result<Attestations, Mistake> {
        let text = Text { file, text };
        let Attestations { attestations, exceptions } = text.parse()?;
        Ok(Attestations {
            attestations: text.checked("attestation", attestations, Attestation::checked)?,
            exceptions: text.checked("exception", exceptions, Exception::checked)?,
        })
    }

    /// The exception that a failure stands under on this day.
    pub fn exception(&self, rule: &str, subject: &str, today: Date) -> Option<&Exception> {
        let about = |it: &&Exception| it.rule == rule && (it.subject == "*" || it.subject == subject);
        self.exceptions.iter().filter(about).find(|it| today <= it.expires)
    }
}

/// Bytes as base64 in files and JSON.
pub(crate) mod base64 {
    use data_encoding::BASE64;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("is not base64"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn attestation() -> Attestation {
        Attestation {
            rule: "GEN-SUP-1".to_owned(),
            subjects: vec!["*".to_owned()],
            question: "Is it so?".to_owned(),
            answer: Answer::Yes,
            by: "Jane Roe".to_owned(),
            role: "Privacy officer".to_owned(),
            on: Date::parse("2026-01-01").unwrap(),
            expires: Date::parse("2026-06-30").unwrap(),
            evidence: "https://wiki.example.org/1".to_owned(),
            signature: Vec::new(),
        }
    }

    #[test]
    fn a_signature_survives_file_and_json_and_no_change() {
        let (private, public) = signing_key();
        let mut signed = attestation();
        sign(&mut signed, &private).unwrap();
        let key = BASE64.decode(public.as_bytes()).unwrap();
        let signers =
            [Signer { name: "Jane Roe".to_owned(), role: "any".to_owned(), key }.checked().unwrap()];
        let read = Attestations::read("a.toml", &signed.to_toml()).unwrap().attestations.remove(0);
        assert!(read == signed && read.is_signed(&signers));
        let json = serde_json::to_string(&signed).unwrap();
        assert!(serde_json::from_str::<Attestation>(&json).unwrap().is_signed(&signers));
        for changed in [
            Attestation { role: "Nurse".to_owned(), ..signed.clone() },
            Attestation { expires: Date::parse("2027-06-30").unwrap(), ..signed.clone() },
            Attestation { by: "John Doe".to_owned(), ..signed },
        ] {
            assert!(!changed.is_signed(&signers));
        }
    }

    #[test]
    fn mistakes_name_line_and_field() {
        let (private, _) = signing_key();
        let mut signed = attestation();
        sign(&mut signed, &private).unwrap();
        let good = format!(
            "# Answers\n{}\n[[exception]]\nrule = \"GEN-SUP-1\"\nsubject = \"*\"\nowner = \"Jane Roe\"\nreason = \"It is on its way.\"\nexpires = \"2026-06-30\"\n",
            signed.to_toml()
        );
        assert_eq!(Attestations::read("a.toml", &good).unwrap().exceptions.len(), 1);
        let shown = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            Attestations::read("a.toml", &good.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(shown("GEN-SUP-1", "GEN-SUP-99").starts_with("a.toml:3: `rule`: is not a rule"));
        assert!(shown("[\"*\"]", "[]").starts_with("a.toml:4: `subjects`: names nobody"));
        assert!(shown("\"yes\"", "\"no\"").starts_with("a.toml:6: `answer`: unknown variant"));
        assert!(shown("2026-06-30", "2025-06-30").starts_with("a.toml:10: `expires`: is before"));
        assert!(shown("https://", "http://").starts_with("a.toml:11: `evidence`: is neither"));
        assert!(
            shown("signature = \"", "signature = \"?").starts_with("a.toml:12: `signature`: is not base64")
        );
        assert!(shown("\"It is on its way.\"", "\"\"").starts_with("a.toml:18: `reason`: may not be empty"));
    }
}
