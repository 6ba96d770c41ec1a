//! Why does the signature of my webhook not match? The answer names mistakes, never a signature.
//!
//! Whoever may ask holds the auth token, or could read it, so the answer tells him nothing that he could not compute;
//! a standard or restricted key could use it to test guesses about what is signed, and may not ask. What is given is
//! PHI as far as we know: it is read, compared and dropped, neither stored nor logged; the ledger says who asked.

use std::collections::BTreeMap;

use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Found, Json};
use phi::Phi;
use serde::{Deserialize, Serialize};
use webhooks::diagnosis::{Content, Diagnosis, Evidence, Finding, Secrets, diagnose};

use crate::author::{Author, NOTHING};
use crate::limits;
use crate::subaccounts::sees_tokens;
use crate::text::invalid;

/// What the developer has before him. No Debug.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiagnoseSignature {
    url: String,
    signature: String,
    parameters: Option<BTreeMap<String, OneOrMany>>,
    body: Option<String>,
}

/// The values of a parameter.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// What was found.
#[derive(Serialize)]
pub(crate) struct DiagnosisView {
    matches: bool,
    findings: Vec<FindingView>,
}

/// One difference, and what to do about it.
#[derive(Serialize)]
struct FindingView {
    finding: Finding,
    advice: &'static str,
}

impl DiagnoseSignature {
    /// Sealed at once: from here on nobody can print it.
    fn seal(self) -> Result<Phi<Evidence>> {
        let content = match (self.parameters, self.body) {
            (Some(parameters), None) => Content::Parameters(pairs(parameters)),
            (None, Some(body)) => Content::Body(body),
            (None, None) => Content::Parameters(Vec::new()),
            (Some(_), Some(_)) => {
                let hint = "parameters or a body: a request has one of them";
                return Err(ApiError::new(codes::INVALID_PARAMETER).hint(hint));
            }
        };
        let content_bytes = match &content {
            Content::Body(body) => body.len(),
            Content::Parameters(pairs) => pairs.iter().map(|(name, value)| name.len() + value.len()).sum(),
        };
        if self.url.len() + content_bytes > limits::DIAGNOSIS {
            return Err(invalid("url"));
        }
        Ok(Phi::new(Evidence { url: self.url, content, signature: self.signature }))
    }
}

fn pairs(parameters: BTreeMap<String, OneOrMany>) -> Vec<(String, String)> {
    let values = |values| match values {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    };
    let named = parameters.into_iter().map(|(name, given)| (name, values(given)));
    named.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value))).collect()
}

/// `POST …/WebhookSignatures/Diagnosis`.
pub(crate) async fn diagnosis(
    ctx: Ctx,
    Json(request): Json<DiagnoseSignature>,
) -> Answer<Found<DiagnosisView>> {
    if !sees_tokens(&ctx) {
        return Err(ApiError::new(codes::FORBIDDEN).into());
    }
    let evidence = request.seal()?;
    let facts = &ctx.account().account.facts;
    let idle = facts.webhook_keys.iter().filter(|key| !key.signs);
    let secrets = Secrets {
        primary: facts.primary_token.reveal(),
        secondary: facts.secondary_token.as_ref().map(|token| token.reveal()),
        shared: facts.webhook_signing_key().map(|key| key.secret.reveal()),
        idle: idle.map(|key| key.secret.reveal()).collect(),
    };
    let sids = vec![ctx.account().sid().to_string()];
    Author::of(&ctx).commit(ctx.batch(), ctx.scope(), sids, NOTHING).await?;
    let Diagnosis { matches, findings } = evidence.learn(|evidence| diagnose(evidence, &secrets));
    let findings =
        findings.into_iter().map(|finding| FindingView { finding, advice: finding.text() }).collect();
    Ok(Found(DiagnosisView { matches, findings }))
}
