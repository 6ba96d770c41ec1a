//! Feedback on a message: whether its recipient did what the message was sent for. It says nothing of the person, so
//! it is taken under redaction too, and also after the message was redacted.

use base::MessageSid;
use errors::{Result, codes};
use kit::{Answer, Ctx, Form, Found, FromParams, Params, Path};
use serde::{Deserialize, Serialize};
use store::{Document, Kind, NewDocument};

use super::service;

/// The kind of feedback documents; same SID as their message, so that a message has one at most.
#[derive(Debug)]
pub enum MessageFeedback {}

impl Kind for MessageFeedback {
    const NAME: &'static str = "message-feedback";
    type Sid = MessageSid;
    type Facts = FeedbackFacts;
    type Content = ();
}

/// What is known.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FeedbackFacts {
    /// Whether it was done.
    pub outcome: Outcome,
}

/// `Outcome`; confirmed when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The recipient has done it.
    Confirmed,
    /// Not as far as is known.
    Unconfirmed,
}

impl FromParams for Outcome {
    fn from_params(params: &mut Params) -> Result<Self> {
        let word = params.word("Outcome", &["confirmed", "unconfirmed"])?;
        Ok(if word == Some("unconfirmed") { Self::Unconfirmed } else { Self::Confirmed })
    }
}

/// Feedback on the wire (`api.v2010.account.message.message_feedback`).
#[derive(Serialize)]
pub struct FeedbackView {
    account_sid: String,
    message_sid: String,
    outcome: Outcome,
    date_created: String,
    date_updated: String,
    uri: String,
}

/// Keeps the latest word on a message.
pub async fn create(
    ctx: Ctx,
    Path(sid): Path<MessageSid>,
    Form(outcome): Form<Outcome>,
) -> Answer<Found<FeedbackView>> {
    service::exists(&ctx, sid).await?;
    let mut batch = ctx.batch();
    match ctx.store().get::<MessageFeedback>(sid).await? {
        Some(known) => {
            batch.update::<MessageFeedback>(&Document { facts: FeedbackFacts { outcome }, ..known });
        }
        None => batch.insert::<MessageFeedback>(NewDocument::of(sid, ctx.now(), FeedbackFacts { outcome })),
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    let kept =
        ctx.store().get::<MessageFeedback>(sid).await?.ok_or(errors::ApiError::new(codes::NOT_FOUND))?;
    let account = ctx.account().sid();
    Ok(Found(FeedbackView {
        account_sid: account.to_string(),
        message_sid: sid.to_string(),
        outcome: kept.facts.outcome,
        date_created: kept.created_at.rfc2822(),
        date_updated: kept.updated_at.rfc2822(),
        uri: format!("/2010-04-01/Accounts/{account}/Messages/{sid}/Feedback.json"),
    }))
}
