//! Webhooks that never leave: the host of hosted TwiML (`https://handler.twilio.com/twiml/EH…`) is the platform's own.
//! A document that is kept here answers a webhook without a connection, so that the guard against private addresses
//! needs no hole for it, and what names that host reaches nobody else who has the name.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use auth::AccountContext;
use base::measure::Stopwatch;
use bytes::Bytes;
use phi::{Phi, Proof};
use url::form_urlencoded;

use crate::client::Answer;
use crate::delivery::{Parameters, Webhooks};
use crate::error::SendError;
use crate::url::WebhookUrl;

/// The host that is answered here.
pub const HOST: &str = "handler.twilio.com";

/// The type of the documents.
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostedProblem {
    /// The account has none at this path.
    Missing,
    /// A rule of the guide stands against it; the error number.
    Refused(u32),
    /// It could not be read now.
    Unavailable,
}

/// A document on its way.
pub type HostedAnswer<'a> = Pin<Box<dyn Future<Output = Result<Bytes, HostedProblem>> + Send + 'a>>;

/// What keeps the documents.
pub trait Hosted: Send + Sync {
    /// The account's document at `path`, with these parameters in it. `proof` is of the ledger entry for the webhook.
    fn answer<'a>(
        &'a self,
        account: &'a AccountContext,
        path: &'a str,
        parameters: Phi<Parameters>,
        proof: &'a Proof,
    ) -> HostedAnswer<'a>;
}

impl Webhooks {
    /// Lets `hosted` answer what names [`HOST`]; without it everything there is missing. The first one stays.
    pub fn host(&self, hosted: Arc<dyn Hosted>) {
        // A second one would be the same program's, and the same.
        let _ = self.inner.hosted.set(hosted);
    }

    /// Answers a webhook whose URL names [`HOST`]: the parameters of its query first, then those of the webhook.
    pub(crate) async fn answer_here(
        &self,
        account: &AccountContext,
        url: &WebhookUrl,
        parameters: &Phi<Parameters>,
        proof: &Proof,
    ) -> Result<Answer, SendError> {
        let started = Stopwatch::start();
        let query: Parameters = form_urlencoded::parse(url.query().as_bytes()).into_owned().collect();
        let parameters = parameters.clone().map(|own| query.into_iter().chain(own).collect());
        let path = url.path();
        let answered = match self.inner.hosted.get() {
            Some(hosted) => hosted.answer(account, &path, parameters, proof).await,
            None => Err(HostedProblem::Missing),
        };
        let answer = |status, body| Answer {
            status,
            content_type: Some(CONTENT_TYPE.to_owned()),
            body,
            elapsed: started.elapsed(),
        };
        match answered {
            Ok(document) => Ok(answer(200, document)),
            Err(HostedProblem::Missing) => Ok(answer(404, Bytes::new())),
            Err(HostedProblem::Refused(code)) => Err(SendError::Refused(code)),
            // Asked again, as if nobody had taken the connection.
            Err(HostedProblem::Unavailable) => Err(SendError::Connect),
        }
    }
}
