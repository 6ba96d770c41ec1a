//! Asking the account's application: documents, files to be played, and those who are only told.

use ledger::Purpose;
use store::StoreError;
use twiml::interpreter::{FetchId, Fetched, MediaId, Request};
use webhooks::{Answer, LogLevel, NewAlert, SendError, Webhook, WebhookUrl};

use super::{Driver, Happened, method};
use crate::calls::events;
use crate::limits::MAX_SOUND_BYTES;
use crate::switchboard::entry;

/// What is opened for a request about a call, as the ledger names it.
const ASKED: &[&str] = &["digits", "from", "to"];
/// Something here failed, and not the application.
const INTERNAL: u32 = 20_500;

impl Driver {
    fn webhook(&self, request: &Request) -> Webhook {
        let added: Vec<_> =
            request.parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let parameters = events::of_request(self.account.sid(), &self.call);
        Webhook {
            resource_sid: self.sid().to_string(),
            url: request.target.url.clone(),
            method: method(request.target.method),
            params: parameters.map(|mut parameters| {
                parameters.extend(added);
                parameters
            }),
            event: "call-document",
        }
    }

    /// Asks for a document, beside the call. The ledger has an entry first.
    pub(super) fn fetch(&mut self, fetch: FetchId, request: &Request) {
        let webhook = self.webhook(request);
        self.requests += 1;
        let (switchboard, happened, time) = (self.switchboard.clone(), self.happened.clone(), self.requests);
        let (sid, account) = (self.sid(), self.account.sid());
        tokio::spawn(async move {
            let asking = async {
                // By the account as it is now.
                let account = switchboard.account(account).await.map_err(|_| INTERNAL)?.ok_or(INTERNAL)?;
                let opened = ledger::Entry {
                    fields: ASKED,
                    ..entry("ask_voice_webhook", vec![sid.to_string()], Purpose::Webhook)
                };
                let store = &switchboard.services().store;
                let proof = ledger::disclose(store, account.scope(), &opened).await.map_err(|_| INTERNAL)?;
                let answer = switchboard.inner.webhooks.call_again(&account, &webhook, time, &proof).await;
                read(answer)
            };
            let document = asking.await;
            if happened.send(Happened::Document(fetch, document)).await.is_err() {
                tracing::debug!(call = %sid, "a document came after the end of its call");
            }
        });
    }

    /// Tells the application something; its answer has no effect. It is told even when this process dies.
    pub(super) async fn notify(&self, request: &Request) -> Result<(), StoreError> {
        let store = &self.switchboard.services().store;
        let mut batch = store.batch(self.account.scope());
        let webhook = Webhook { event: "call-notice", ..self.webhook(request) };
        webhooks::enqueue(&mut batch, webhook, self.now(), Some(self.sid().to_string()));
        store.commit(batch).await.map(drop)
    }

    /// Fetches a file that is to be played.
    pub(super) fn fetch_file(&self, media: MediaId, url: String) {
        let (switchboard, happened) = (self.switchboard.clone(), self.happened.clone());
        let (sid, account) = (self.sid(), self.account.sid());
        tokio::spawn(async move {
            let fetching = async {
                let account = switchboard.account(account).await.map_err(|_| INTERNAL)?.ok_or(INTERNAL)?;
                let opened = ledger::Entry {
                    fields: &["url"],
                    ..entry("fetch_sound", vec![sid.to_string()], Purpose::Webhook)
                };
                let store = &switchboard.services().store;
                let proof = ledger::disclose(store, account.scope(), &opened).await.map_err(|_| INTERNAL)?;
                let webhooks = &switchboard.inner.webhooks;
                let answer = webhooks.fetch(&account, &sid.to_string(), &url, MAX_SOUND_BYTES, &proof).await;
                let answer = answered(answer)?;
                Ok((answer.content_type.unwrap_or_default(), answer.body.to_vec()))
            };
            let file = fetching.await;
            if happened.send(Happened::File(media, file)).await.is_err() {
                tracing::debug!(call = %sid, "a file came after the end of its call");
            }
        });
    }

    /// Tells the account that something is wrong with the call's document.
    pub(super) async fn raise(&self, code: u32, url: Option<&str>) -> Result<(), StoreError> {
        let store = &self.switchboard.services().store;
        let mut batch = store.batch(self.account.scope());
        let url = url.and_then(|url| WebhookUrl::parse(url).ok()).map(|url| url.without_secrets());
        let new = NewAlert::now(store, code, LogLevel::Error);
        let resource_sid = Some(self.sid().to_string());
        webhooks::alert::raise(&mut batch, NewAlert { resource_sid, request_url: url, ..new });
        store.commit(batch).await.map(drop)
    }
}

fn answered(answer: Result<Answer, SendError>) -> Result<Answer, u32> {
    match answer {
        Ok(answer) => match answer.alert_code() {
            None => Ok(answer),
            Some(code) => Err(code),
        },
        Err(error) => Err(error.alert_code()),
    }
}

/// What an answer is: a sound, a text, or TwiML as anything else.
fn read(answer: Result<Answer, SendError>) -> Result<Fetched, u32> {
    let answer = answered(answer)?;
    let kind = answer.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("audio/") {
        return Ok(Fetched::Audio);
    }
    if kind.starts_with("text/plain") {
        return Ok(Fetched::Text(String::from_utf8_lossy(&answer.body).into_owned()));
    }
    Ok(Fetched::Twiml(answer.body.to_vec()))
}
