//! Streams of NATS JetStream: a payload is a message, with its event's id, by which the stream drops what comes again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use auth::{AccountContext, Secret};
use aws_lc_rs::digest;
use base::measure::Stopwatch;
use errors::Result;
use nats::protocol::is_subject;
use nats::{Failure, Login, Message, Security, Session};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kinds::archive::is_local;
use crate::kinds::postgres::host_of;
use crate::kinds::webhook::{NO_CONNECTION, NO_TLS, NOT_DONE};
use crate::kinds::{Reach, Ways};
use crate::limits;
use crate::records::NatsSettings;
use crate::rules::SERVICE;
use crate::transport::{HandedOver, Parcel};
use crate::view::invalid;

const PORT: u16 = 4_222;

/// Which server, and who we are there. What is absent of a change stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    host: Option<String>,
    port: Option<u16>,
    subject: Option<String>,
    user: Option<String>,
    password: Option<String>,
    token: Option<String>,
    /// `false` on this machine alone.
    tls: Option<bool>,
    batch_size: Option<u32>,
}

pub(crate) fn new(request: Request) -> Result<NatsSettings> {
    let mut settings = NatsSettings {
        host: String::new(),
        port: PORT,
        subject: String::new(),
        user: String::new(),
        password: Secret::new(String::new()),
        token: None,
        tls: true,
        batch_size: *limits::BATCH.end(),
    };
    change(&mut settings, request)?;
    Ok(settings)
}

pub(crate) fn change(settings: &mut NatsSettings, request: Request) -> Result<()> {
    settings.port = request.port.unwrap_or(settings.port);
    let host = request.host.unwrap_or_else(|| settings.host.clone());
    settings.host = host_of(&host, settings.port).ok_or_else(|| invalid("host"))?;
    if let Some(subject) = request.subject {
        settings.subject = subject;
    }
    // What begins with `$` is the server's own.
    if !is_subject(&settings.subject) || settings.subject.starts_with('$') {
        return Err(invalid("subject"));
    }
    if let Some(user) = request.user {
        if user.chars().count() > limits::NAME {
            return Err(invalid("user"));
        }
        settings.user = user;
    }
    if let Some(password) = request.password {
        if password.len() > limits::HEADER {
            return Err(invalid("password"));
        }
        settings.password = Secret::new(password);
    }
    if let Some(token) = request.token {
        if token.len() > limits::HEADER {
            return Err(invalid("token"));
        }
        settings.token = (!token.is_empty()).then(|| Secret::new(token));
    }
    if settings.token.is_some() && !settings.user.is_empty() {
        return Err(invalid("token"));
    }
    settings.tls = request.tls.unwrap_or(settings.tls);
    if !settings.tls && !is_local(&settings.host) {
        return Err(invalid("tls"));
    }
    if let Some(size) = request.batch_size {
        if !limits::LOAD_BATCH.contains(&size) {
            return Err(invalid("batch_size"));
        }
        settings.batch_size = size;
    }
    Ok(())
}

pub(crate) fn reach(settings: &NatsSettings) -> Reach {
    let NatsSettings { host, port, subject, tls, .. } = settings;
    let plain = if *tls { "" } else { " without TLS" };
    Reach {
        host: host.clone(),
        place: format!("nats {host}:{port} {subject}{plain}"),
        // Without TLS it is this machine.
        is_encrypted: *tls || is_local(host),
        looks_like_phi: false,
    }
}

pub(crate) fn view(settings: &NatsSettings) -> Value {
    json!({
        "host": settings.host,
        "port": settings.port,
        "subject": settings.subject,
        "user": settings.user,
        "has_password": !settings.password.reveal().is_empty(),
        "has_token": settings.token.is_some(),
        "tls": settings.tls,
        "batch_size": settings.batch_size,
    })
}

/// Connections that are kept for a while, each for one account and its settings.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], (Session, Stopwatch)>>);

impl Sessions {
    fn take(&self, key: &[u8; 32]) -> Option<Session> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, since) = kept.remove(key)?;
        (since.elapsed() < limits::SESSION_IDLE).then_some(session)
    }

    fn put(&self, key: [u8; 32], session: Session) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, since)| since.elapsed() < limits::SESSION_IDLE);
        if kept.len() < limits::SESSIONS {
            kept.insert(key, (session, Stopwatch::start()));
        }
    }
}

pub(crate) async fn hand_over(
    ways: &Ways,
    account: &AccountContext,
    settings: &NatsSettings,
    parcel: Parcel<'_>,
) -> HandedOver {
    let payloads: Vec<Vec<u8>> =
        parcel.payloads.iter().map(|payload| serde_json::to_vec(payload).unwrap_or_default()).collect();
    let messages: Vec<_> =
        payloads.iter().zip(parcel.ids).map(|(payload, id)| Message { id, payload }).collect();
    let key = key(account, settings);
    let kept =
        ways.streams.take(&key).filter(|_| !parcel.is_phi || account.is_registered(&settings.host, SERVICE));
    // A connection that was kept may have ended meanwhile: then there is another.
    if let Some(mut session) = kept
        && session.publish(&settings.subject, &messages).await.is_ok()
    {
        ways.streams.put(key, session);
        return HandedOver::Taken;
    }
    let mut session = match open(ways, account, settings, parcel.is_phi).await {
        Ok(session) => session,
        Err(code) => return HandedOver::Later(code),
    };
    match session.publish(&settings.subject, &messages).await {
        Ok(()) => {
            ways.streams.put(key, session);
            HandedOver::Taken
        }
        Err(Failure::TooLarge) => HandedOver::Refused(NOT_DONE),
        Err(failure) => HandedOver::Later(code(failure)),
    }
}

async fn open(
    ways: &Ways,
    account: &AccountContext,
    settings: &NatsSettings,
    is_phi: bool,
) -> std::result::Result<Session, u32> {
    let phi_for = is_phi.then_some(SERVICE);
    let dialled = ways.webhooks.dial(account, &settings.host, settings.port, phi_for).await;
    let (tcp, connector) = dialled.map_err(|error| error.alert_code())?;
    let security = match settings.tls {
        true => Security::tls(connector, &settings.host).ok_or(NO_TLS)?,
        // Whatever the name resolved to, it is this machine.
        false if tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => Security::Local,
        false => return Err(NO_TLS),
    };
    let login = match (&settings.token, settings.user.as_str()) {
        (Some(token), _) => Login::Token(token.reveal()),
        (None, "") => Login::None,
        (None, user) => Login::User(user, settings.password.reveal()),
    };
    Session::open(tcp, security, login).await.map_err(code)
}

const fn code(failure: Failure) -> u32 {
    match failure {
        Failure::Connection => NO_CONNECTION,
        Failure::Tls => NO_TLS,
        Failure::Login | Failure::Later | Failure::TooLarge => NOT_DONE,
    }
}

/// What a kept connection is found by: whose it is and how it was made.
fn key(account: &AccountContext, settings: &NatsSettings) -> [u8; 32] {
    let NatsSettings { host, port, user, password, token, tls, .. } = settings;
    let (sid, port, tls) = (account.sid().to_string(), port.to_string(), tls.to_string());
    let token = token.as_ref().map_or("", Secret::reveal);
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [sid.as_str(), host, &port, user, password.reveal(), token, &tls] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    key
}
