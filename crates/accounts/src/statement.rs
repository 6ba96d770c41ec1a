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

/// The kind of the documents; they live in the scope of the account or organization they are about.
#[derive(Debug)]
pub enum Statement {}

impl Kind for Statement {
    // What is stored keeps the name that it was stored under.
    const NAME: &'static str = "attestation";
    type Sid = AttestationSid;
    type Facts = StatementFacts;
    type Content = ();
}

/// A named person's statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementFacts {
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
pub(crate) struct GivenStatement {
    statement: String,
    signer: String,
}

impl GivenStatement {
    /// The statement about `subject`.
    pub(crate) fn about(self, subject: &str) -> Result<StatementFacts> {
        Ok(StatementFacts {
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
    pub(crate) fn about(self, subject: &str) -> Result<StatementFacts> {
        let reference =
            filled("request_reference", self.request_reference.unwrap_or_default(), limits::LINE)?;
        Ok(StatementFacts {
            subject: subject.to_owned(),
            statement: "Requested from the operator".to_owned(),
            signer: filled("requester", self.requester.unwrap_or_default(), limits::LINE)?,
            reference: Some(reference),
        })
    }
}

/// Adds a statement to the batch's present scope.
pub(crate) fn add(batch: &mut Batch, author: &Author<'_>, facts: StatementFacts) -> AttestationSid {
    let sid = AttestationSid::generate(author.random());
    batch.insert::<Statement>(NewDocument::of(sid, author.now(), facts));
    sid
}

#[derive(Serialize)]
struct StatementView {
    sid: String,
    subject: String,
    statement: String,
    signer: String,
    reference: Option<String>,
    stated_at: String,
}

impl StatementView {
    fn new(document: Document<Statement>) -> Self {
        let facts = document.facts;
        Self {
            sid: document.sid.to_string(),
            subject: facts.subject,
            statement: facts.statement,
            signer: facts.signer,
            reference: facts.reference,
            stated_at: document.created_at.iso8601(),
        }
    }
}

/// An account's statements, newest first.
#[derive(Serialize)]
pub(crate) struct StatementList {
    statements: Vec<StatementView>,
}

/// `GET …/Statements`.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<StatementList>> {
    let query = Query { limit: limits::STATEMENTS, ..Query::default() };
    let listed = ctx.store().list::<Statement>(query).await?;
    let statements = listed.documents.into_iter().map(StatementView::new).collect();
    Ok(Found(StatementList { statements }))
}
