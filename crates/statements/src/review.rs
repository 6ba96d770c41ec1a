//! What the operator's people sign before they see a customer's text: the request, its approval by another one, and
//! each opening (CHG-MOD-2).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::attestations::{base64, lines, signature};
use crate::check::{Problem, problem, said};
use crate::{Signer, limits};

/// Why texts may be looked at: the guide names these and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A carrier has complained.
    CarrierComplaint,
    /// Somebody who got a message has complained.
    ConsumerComplaint,
    /// The account shows a sign of risk, such as a high error rate.
    RiskSign,
}

impl Reason {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CarrierComplaint => "carrier-complaint",
            Self::ConsumerComplaint => "consumer-complaint",
            Self::RiskSign => "risk-sign",
        }
    }
}

/// The wish to see texts of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// The account.
    pub account: String,
    /// Why.
    pub reason: Reason,
    /// What shows it: the SID of a recorded complaint, or the name of a risk sign.
    pub cause: String,
    /// The ticket under which the operator keeps the case.
    pub reference: String,
    /// The messages, by SID. Empty when `newest` says which.
    #[serde(default)]
    pub messages: Vec<String>,
    /// So many of the account's newest messages instead.
    #[serde(default)]
    pub newest: usize,
    /// How long the review is open once it is approved, in hours.
    #[serde(default = "usual_hours")]
    pub hours: u64,
}

const fn usual_hours() -> u64 {
    limits::REVIEW_HOURS
}

impl ReviewRequest {
    /// The request, when it says all that it must. What is signed is not altered.
    ///
    /// # Errors
    /// The field that says nothing, says too much, or cannot be.
    pub fn checked(self) -> Result<Self, Problem> {
        said("account", &self.account, limits::LINE)?;
        said("cause", &self.cause, limits::LINE)?;
        said("reference", &self.reference, limits::LINE)?;
        if self.messages.is_empty() == (self.newest == 0) {
            return problem("messages", "and `newest` exclude each other, and one of them is needed");
        }
        if self.messages.len().max(self.newest) > limits::REVIEWED {
            return problem("messages", "are more than one review may name");
        }
        if !(1..=limits::REVIEW_HOURS_MOST).contains(&self.hours) {
            return problem("hours", "is not a time for which a review may be open");
        }
        Ok(self)
    }
}

/// A second person's consent to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The review.
    pub review: String,
    /// The digest of what is approved, as the review shows it: the signed request and the messages it names.
    pub digest: String,
}

/// One look at one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The review.
    pub review: String,
    /// The message.
    pub message: String,
}

/// What can be signed.
pub trait Signable {
    /// What it is, and the layout's version.
    const TITLE: &'static str;

    /// Its fields, by name.
    fn fields(&self) -> Vec<(&'static str, String)>;
}

impl Signable for ReviewRequest {
    const TITLE: &'static str = "switchward review request 1";

    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("account", self.account.clone()),
            ("reason", self.reason.as_str().to_owned()),
            ("cause", self.cause.clone()),
            ("reference", self.reference.clone()),
            ("messages", self.messages.join(" ")),
            ("newest", self.newest.to_string()),
            ("hours", self.hours.to_string()),
        ]
    }
}

impl Signable for Approval {
    const TITLE: &'static str = "switchward review approval 1";

    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("review", self.review.clone()), ("digest", self.digest.clone())]
    }
}

impl Signable for Opening {
    const TITLE: &'static str = "switchward review opening 1";

    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("review", self.review.clone()), ("message", self.message.clone())]
    }
}

/// A statement with who made it, when, and the signature over all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<S> {
    /// What is stated.
    pub stated: S,
    /// By whom: the name of a reviewer.
    pub by: String,
    /// When, in ISO 8601.
    pub at: String,
    /// The Ed25519 signature over [`Signed::text`], in base64.
    #[serde(with = "base64")]
    pub signature: Vec<u8>,
}

impl<S: Signable> Signed<S> {
    /// Signs with a key that [`crate::signing_key`] made.
    ///
    /// # Errors
    /// When the text is not such a key.
    pub fn new(stated: S, by: &str, at: &str, key: &str) -> Result<Self, &'static str> {
        let mut signed = Self { stated, by: by.to_owned(), at: at.to_owned(), signature: Vec::new() };
        signed.signature = signature(&signed.text(), key)?;
        Ok(signed)
    }

    /// What is signed.
    pub fn text(&self) -> String {
        let whose = [("by", self.by.clone()), ("at", self.at.clone())];
        lines(S::TITLE, self.stated.fields().into_iter().chain(whose))
    }

    /// Whether this person signed it, under the name that it bears.
    pub fn is_signed_by(&self, signer: &Signer) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &signer.key);
        signer.name == self.by && key.verify(self.text().as_bytes(), &self.signature).is_ok()
    }

    /// The digest of the statement and of what was found to belong to it, in hexadecimal.
    pub fn digest_with(&self, more: &[String]) -> String {
        let text = format!("{}messages found: {}\n", self.text(), more.join(" "));
        HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::signing_key;
    use data_encoding::BASE64;

    fn request() -> ReviewRequest {
        ReviewRequest {
            account: "AC1".to_owned(),
            reason: Reason::RiskSign,
            cause: "error-rate".to_owned(),
            reference: "T-1".to_owned(),
            messages: vec!["SM1".to_owned()],
            newest: 0,
            hours: 4,
        }
    }

    #[test]
    fn a_signature_holds_for_its_text_and_its_name_only() {
        let (private, public) = signing_key();
        let key = BASE64.decode(public.as_bytes()).unwrap();
        let signer = Signer { name: "Jane Roe".to_owned(), role: "any".to_owned(), key };
        let signed = Signed::new(request(), "Jane Roe", "2026-01-15T12:00:00Z", &private).unwrap();
        let json = serde_json::to_string(&signed).unwrap();
        let read: Signed<ReviewRequest> = serde_json::from_str(&json).unwrap();
        assert!(read == signed && read.is_signed_by(&signer));
        let changed = |change: fn(&mut Signed<ReviewRequest>)| {
            let mut other = signed.clone();
            change(&mut other);
            other.is_signed_by(&signer)
        };
        assert!(!changed(|it| it.by = "John Doe".to_owned()));
        assert!(!changed(|it| it.at = "2026-01-16T12:00:00Z".to_owned()));
        assert!(!changed(|it| it.stated.hours = 24));
        assert!(!changed(|it| it.stated.messages.push("SM2".to_owned())));
        assert_ne!(signed.digest_with(&[]), signed.digest_with(&["SM1".to_owned()]));
    }

    #[test]
    fn a_request_names_messages_or_a_number_of_them_for_a_while() {
        assert!(request().checked().is_ok());
        assert!(ReviewRequest { messages: Vec::new(), newest: 100, ..request() }.checked().is_ok());
        for (field, wrong) in [
            ("messages", ReviewRequest { messages: Vec::new(), ..request() }),
            ("messages", ReviewRequest { newest: 1, ..request() }),
            ("messages", ReviewRequest { messages: Vec::new(), newest: 101, ..request() }),
            ("hours", ReviewRequest { hours: 0, ..request() }),
            ("hours", ReviewRequest { hours: 25, ..request() }),
            ("reference", ReviewRequest { reference: " ".to_owned(), ..request() }),
            ("cause", ReviewRequest { cause: String::new(), ..request() }),
        ] {
            assert_eq!(wrong.checked().unwrap_err().field, field);
        }
    }
}
