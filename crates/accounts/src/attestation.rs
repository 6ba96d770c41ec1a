//! What a named person has stated: the reason behind a reading of the guide or a request to the operator.
//!
//! A switch that the guide leaves open (`us_territories`, `inherit_self_service`) and a designation by
//! request are only accepted with one. They are never changed or deleted.

use base::{AttestationSid, Sid};
use errors::Result;
use kit::{Answer, Ctx, Found};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Kind, NewDocument, Query};

use crate::author::Author;
use crate::limits;
use crate::text::filled;

/// The kind of attestation documents; they live in the scope of the account or organization they are about.
#[derive(Debug)]
pub enum Attestation {}

impl Kind for Attestation {
    const NAME: &'static str = "attestation";
    type Sid = AttestationSid;
    type Facts = AttestationFacts;
    type Content = ();
}

/// A named person's statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationFacts {
    /// What it is about: a setting, `designation`, `migration`.
    pub subject: String,
    /// What was stated; for a request, what was asked for.
    pub statement: String,
    /// Who stated it.
    pub signer: String,
    /// The ticket or schedule that holds the original, if there is one.
    pub reference: Option<String>,
}

/// A statement as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    statement: String,
    signer: String,
}

impl Statement {
    /// The statement about `subject`.
    pub(crate) fn about(self, subject: &str) -> Result<AttestationFacts> {
        Ok(AttestationFacts {
            subject: subject.to_owned(),
            statement: filled("attestation", self.statement, limits::TEXT)?,
            signer: filled("attestation", self.signer, limits::LINE)?,
            reference: None,
        })
    }
}

/// A request to the operator: who asked, and where that is on record (DES-SUP-2).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorRequest {
    /// Ticket or agreement schedule; its absence is the guard's to refuse.
    pub(crate) request_reference: Option<String>,
    /// Who asked, by name.
    requester: Option<String>,
}

impl OperatorRequest {
    /// The request on record. `reference` has been found to be there.
    pub(crate) fn about(self, subject: &str) -> Result<AttestationFacts> {
        let reference =
            filled("request_reference", self.request_reference.unwrap_or_default(), limits::LINE)?;
        Ok(AttestationFacts {
            subject: subject.to_owned(),
            statement: "Requested from the operator".to_owned(),
            signer: filled("requester", self.requester.unwrap_or_default(), limits::LINE)?,
            reference: Some(reference),
        })
    }
}

/// Adds an attestation to the batch's present scope.
pub(crate) fn add(batch: &mut Batch, author: &Author<'_>, facts: AttestationFacts) -> AttestationSid {
    let sid = AttestationSid::generate(author.random());
    batch.insert::<Attestation>(NewDocument {
        sid,
        parent: None,
        created_at: author.now(),
        event_at: None,
        facts,
        content: None,
        index: Vec::new(),
    });
    sid
}

#[derive(Serialize)]
struct AttestationView {
    sid: String,
    subject: String,
    statement: String,
    signer: String,
    reference: Option<String>,
    attested_at: String,
}

impl AttestationView {
    fn new(document: Document<Attestation>) -> Self {
        let facts = document.facts;
        Self {
            sid: document.sid.to_string(),
            subject: facts.subject,
            statement: facts.statement,
            signer: facts.signer,
            reference: facts.reference,
            attested_at: document.created_at.iso8601(),
        }
    }
}

/// An account's attestations, newest first.
#[derive(Serialize)]
pub(crate) struct AttestationList {
    attestations: Vec<AttestationView>,
}

/// `GET …/Attestations`.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<AttestationList>> {
    let query = Query { limit: limits::ATTESTATIONS, ..Query::default() };
    let listed = ctx.store().list::<Attestation>(query).await?;
    let attestations = listed.documents.into_iter().map(AttestationView::new).collect();
    Ok(Found(AttestationList { attestations }))
}
