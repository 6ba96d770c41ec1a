//! What MMSCs tell: what became of messages, and messages of handsets. An MMSC proves itself by HTTP Basic, and by its
//! address where the operator says so, before anything that it sends is read; it is answered when what it told is on
//! disk.

use std::sync::Arc;

use auth::Permission;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base::Timestamp;
use bytes::Bytes;
use data_encoding::BASE64;
use errors::codes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kit::{Access, Extension, Origin, Path, Product, Routes, Services};
use messaging::carrier::{Arrival, ArrivedMedia};
use messaging::{ArrivalError, Inbox};
use store::{Batch, Store, StoreError};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::carrier::Mm7Carrier;
use crate::config::RelayConfig;
use crate::limits::{INBOUND_BYTES, INBOUND_READ};
use crate::mime::{self, Leaf};
use crate::record::{self, Found};
use crate::soap::{self, Delivered, Incoming, Report, Told};
use crate::status::{
    ADDRESS_ERROR, CONTENT_REFUSED, CORRUPT, MESSAGE_UNKNOWN, SUCCESS, UNAVAILABLE, UNSUPPORTED, receipt,
};

const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
/// Where an MMSC tells everything; the operator gives it to the carrier.
const TELL: &str = "/switchward/v1/Mm7/{Name}";
/// The message of an error that belongs to no request.
const ERROR: &str = "VASPErrorRsp";
/// After how many seconds to come again.
const AGAIN: &str = "5";

/// The table.
pub fn routes(services: Arc<Services>, carrier: Mm7Carrier, inbox: Inbox) -> Routes {
    let access = Access::new(Permission::MessagesWrite, "receive_mm7").by_signature().unread();
    Routes::new(PRODUCT, services).create(TELL, access, tell).share(carrier).share(inbox)
}

/// An answer: the name of its message, and the code.
struct Said(&'static str, u32);

async fn tell(
    Extension(carrier): Extension<Mm7Carrier>,
    Extension(inbox): Extension<Inbox>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    // Which MMSCs there are is nobody's business who is none of them.
    let relay = carrier.relay(&name).filter(|relay| is_known(&relay.config, &request));
    let Some(relay) = relay else {
        tracing::warn!("a request to the MM7 door is not an MMSC's");
        return kit::respond::error_response(&codes::FORBIDDEN.into());
    };
    let Ok(_reading) = carrier.inner.reading.try_acquire() else {
        return answer(None, &Said(ERROR, UNAVAILABLE));
    };
    let (parts, body) = request.into_parts();
    let content_type = content_type(&parts.headers).to_owned();
    let body = match timeout(INBOUND_READ, Limited::new(body, INBOUND_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Ok(Err(_)) | Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let Some((told, leaves)) = read(&content_type, &body) else {
        tracing::warn!(mmsc = relay.config.name, "what an MMSC told cannot be read");
        return answer(None, &Said(ERROR, CORRUPT));
    };
    drop(body);
    let transaction = told.transaction.clone();
    let said =
        Telling { store: &carrier.inner.store, inbox: &inbox, relay: &relay.config }.take(told, leaves).await;
    answer(transaction.as_deref(), &said)
}

/// Whether a request is this MMSC's.
fn is_known(relay: &RelayConfig, request: &Request) -> bool {
    let (Some(user), Some(password)) = (&relay.inbound_username, &relay.inbound_password) else {
        return false;
    };
    let peer = request.extensions().get::<Origin>().map(|origin| origin.peer.to_canonical());
    if !relay.inbound_from.is_empty() && !peer.is_some_and(|peer| relay.inbound_from.contains(&peer)) {
        return false;
    }
    let mut given = request.headers().get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return false };
    let Some((scheme, encoded)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return false;
    };
    let pair = Zeroizing::new(format!("{user}:{}", password.reveal()));
    let expected = Zeroizing::new(BASE64.encode(pair.as_bytes()));
    scheme.eq_ignore_ascii_case("basic")
        && phi::constant_time_eq(expected.as_bytes(), encoded.trim().as_bytes())
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn read(content_type: &str, body: &Bytes) -> Option<(Told, Vec<Leaf>)> {
    let related = mime::read(content_type, body).ok()?;
    let told = soap::read_told(&related.root).ok()?;
    Some((told, related.leaves))
}

/// What is needed to take something.
struct Telling<'a> {
    store: &'a Store,
    inbox: &'a Inbox,
    relay: &'a RelayConfig,
}

impl Telling<'_> {
    async fn take(&self, told: Told, leaves: Vec<Leaf>) -> Said {
        match told.what {
            Incoming::Message(message) => {
                let named = message.linked_id.clone().or(told.transaction).unwrap_or_default();
                Said("DeliverRsp", self.done(self.message(&named, message, leaves).await))
            }
            Incoming::Report(report) => Said("DeliveryReportRsp", self.done(self.report(report).await)),
            Incoming::Read => Said("ReadReplyRsp", SUCCESS),
            Incoming::Other => Said(ERROR, UNSUPPORTED),
        }
    }

    /// What is not on disk is not taken, and is to be told again.
    fn done(&self, result: Result<u32, StoreError>) -> u32 {
        result.unwrap_or_else(|error| {
            tracing::warn!(mmsc = self.relay.name, %error, "what an MMSC told could not be kept");
            UNAVAILABLE
        })
    }

    async fn report(&self, report: Report) -> Result<u32, StoreError> {
        let relay = self.relay.name.as_str();
        let pair = report.from.as_deref().zip(report.to.as_deref());
        let pair = pair.map(|(from, to)| record::pair(self.store, relay, from, to));
        let reference = match record::of_report(self.store, relay, &report.message_id, pair).await? {
            Found::Message(reference) => reference,
            Found::Later => return Ok(UNAVAILABLE),
            Found::Nobody => return Ok(MESSAGE_UNKNOWN),
        };
        if let Some(receipt) = receipt(&report.status) {
            self.inbox.receipt(reference, receipt).await?;
        }
        Ok(SUCCESS)
    }

    /// Takes a message for each of its recipients that is ours.
    async fn message(&self, named: &str, message: Delivered, leaves: Vec<Leaf>) -> Result<u32, StoreError> {
        let (text, media) = content(&message, leaves);
        let mut code = ADDRESS_ERROR;
        for to in &message.to {
            if !self.inbox.is_ours(to).await? {
                continue;
            }
            let arrival = Arrival {
                from: message.from.clone(),
                to: to.clone(),
                body: text.clone(),
                media: media.iter().map(|bytes| ArrivedMedia { bytes: bytes.clone() }).collect(),
            };
            code = self.arrival(named, arrival).await?;
            if code != SUCCESS {
                break;
            }
        }
        Ok(code)
    }

    async fn arrival(&self, named: &str, arrival: Arrival) -> Result<u32, StoreError> {
        let record = record::arrival(self.store, &identity(&self.relay.name, named, &arrival));
        let now: Timestamp = self.store.clock().now();
        let remember = move |batch: &mut Batch| record::remember(batch, record, now);
        match self.inbox.arrival_with(arrival, &remember).await {
            // Told again: it is here already.
            Ok(_) | Err(ArrivalError::Store(StoreError::Exists)) => Ok(SUCCESS),
            Err(ArrivalError::Store(error)) => Err(error),
            Err(ArrivalError::UnknownNumber | ArrivalError::InvalidNumber) => Ok(ADDRESS_ERROR),
            Err(ArrivalError::TooLarge) => Ok(CONTENT_REFUSED),
        }
    }
}

/// What makes a message the same one when it is told again: its name, who sent it to whom, and what it says, since there
/// are MMSCs that give many messages one name.
fn identity(relay: &str, named: &str, arrival: &Arrival) -> Zeroizing<Vec<u8>> {
    let mut identity = Zeroizing::new(Vec::new());
    let words = [relay, named, &arrival.from, &arrival.to, &arrival.body].map(str::as_bytes);
    let media = arrival.media.iter().map(|medium| medium.bytes.as_slice());
    for part in words.into_iter().chain(media) {
        identity.extend_from_slice(&(part.len() as u64).to_be_bytes());
        identity.extend_from_slice(part);
    }
    identity
}

/// The text of a message, and its media. The presentation (SMIL) says where they stand on a screen, and is left. What
/// stands above a message counts as its text where it has none.
fn content(message: &Delivered, leaves: Vec<Leaf>) -> (String, Vec<Vec<u8>>) {
    let (mut texts, mut media) = (Vec::new(), Vec::new());
    for leaf in leaves {
        match leaf.content_type.kind.as_str() {
            "application/smil" | "application/smil+xml" => {}
            "text/plain" => texts.push(mime::text(&leaf)),
            _ if leaf.bytes.is_empty() => {}
            _ => media.push(leaf.bytes),
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    let text = match texts.is_empty() {
        true => message.subject.clone().unwrap_or_default(),
        false => texts.join("\n"),
    };
    (text, media)
}

/// The answer: what is to be told again says so in HTTP's words too, for those who read nothing else.
fn answer(transaction: Option<&str>, Said(name, code): &Said) -> Response {
    let xml = soap::answer(transaction, name, *code);
    let headers = [(CONTENT_TYPE, "text/xml; charset=utf-8")];
    match *code {
        UNAVAILABLE => {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, AGAIN)], headers, xml).into_response()
        }
        CORRUPT => (StatusCode::BAD_REQUEST, headers, xml).into_response(),
        _ => (headers, xml).into_response(),
    }
}
