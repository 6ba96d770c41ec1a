//! PostgreSQL databases: events as rows, in Segment's tables and columns (`warehouse`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use auth::{AccountContext, Secret};
use aws_lc_rs::digest;
use base::measure::Stopwatch;
use errors::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use warehouse::{Failure, Login, Security, Session};
use webhooks::WebhookUrl;

use crate::kinds::archive::is_local;
use crate::kinds::webhook::{NO_CONNECTION, NO_TLS, NOT_DONE};
use crate::kinds::{Reach, Ways};
use crate::limits;
use crate::records::PostgresSettings;
use crate::rules::SERVICE;
use crate::transport::{HandedOver, Parcel};
use crate::view::invalid;

const PORT: u16 = 5_432;
/// Characters of a name in PostgreSQL.
const NAME: usize = 63;

/// Which database, and who we are there. What is absent of a change stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    schema: Option<String>,
    /// `false` on this machine alone.
    tls: Option<bool>,
    batch_size: Option<u32>,
}

pub(crate) fn new(request: Request) -> Result<PostgresSettings> {
    let mut settings = PostgresSettings {
        host: String::new(),
        port: PORT,
        database: String::new(),
        user: String::new(),
        password: Secret::new(String::new()),
        schema: String::new(),
        tls: true,
        batch_size: *limits::LOAD_BATCH.end(),
    };
    change(&mut settings, request)?;
    Ok(settings)
}

pub(crate) fn change(settings: &mut PostgresSettings, request: Request) -> Result<()> {
    let host = request.host.unwrap_or_else(|| settings.host.clone());
    settings.port = request.port.unwrap_or(settings.port);
    settings.host = host_of(&host, settings.port).ok_or_else(|| invalid("host"))?;
    for (name, given, kept) in [
        ("database", request.database, &mut settings.database),
        ("user", request.user, &mut settings.user),
        ("schema", request.schema, &mut settings.schema),
    ] {
        if let Some(given) = given {
            *kept = given;
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if kept.is_empty() || kept.len() > NAME || !kept.bytes().all(is_word) {
            return Err(invalid(name));
        }
    }
    let is_column = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_schema = settings.schema.bytes().all(is_column) && !settings.schema.starts_with("pg_");
    if !is_schema || settings.schema == "information_schema" {
        return Err(invalid("schema"));
    }
    if let Some(password) = request.password {
        if password.len() > limits::HEADER {
            return Err(invalid("password"));
        }
        settings.password = Secret::new(password);
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

/// A host as a URL has it, so that what the register covers is what is connected to; `None` for what is more than a host.
pub(crate) fn host_of(host: &str, port: u16) -> Option<String> {
    let is_more = host.contains(['/', '\\', '@', '#', '?']) || (host.contains(':') && !host.starts_with('['));
    let url = WebhookUrl::parse(&format!("https://{host}:{port}/")).ok()?;
    (!host.is_empty() && !is_more && url.port() == port).then(|| url.host().to_owned())
}

pub(crate) fn reach(settings: &PostgresSettings) -> Reach {
    let PostgresSettings { host, port, database, schema, tls, .. } = settings;
    let plain = if *tls { "" } else { " without TLS" };
    Reach {
        host: host.clone(),
        place: format!("postgres {host}:{port} {database} {schema}{plain}"),
        // Without TLS it is this machine.
        is_encrypted: *tls || is_local(host),
        looks_like_phi: false,
    }
}

pub(crate) fn view(settings: &PostgresSettings) -> Value {
    json!({
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "user": settings.user,
        "has_password": !settings.password.reveal().is_empty(),
        "schema": settings.schema,
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
        (!session.is_closed() && since.elapsed() < limits::SESSION_IDLE).then_some(session)
    }

    fn put(&self, key: [u8; 32], session: Session) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (session, since)| !session.is_closed() && since.elapsed() < limits::SESSION_IDLE);
        if kept.len() < limits::SESSIONS {
            kept.insert(key, (session, Stopwatch::start()));
        }
    }
}

pub(crate) async fn hand_over(
    ways: &Ways,
    account: &AccountContext,
    settings: &PostgresSettings,
    parcel: Parcel<'_>,
) -> HandedOver {
    let payloads = parcel.payloads.iter().zip(parcel.ids);
    let rows: Vec<_> = payloads.flat_map(|(payload, id)| warehouse::rows(payload, id)).collect();
    let key = key(account, settings);
    let session = match ways.sessions.take(&key) {
        // A kept connection is no way around the register.
        Some(session) if !parcel.is_phi || account.is_registered(&settings.host, SERVICE) => Ok(session),
        _ => open(ways, account, settings, parcel.is_phi).await,
    };
    let mut session = match session {
        Ok(session) => session,
        Err(code) => return HandedOver::Later(code),
    };
    match session.load(&rows).await {
        Ok(()) => {
            ways.sessions.put(key, session);
            HandedOver::Taken
        }
        Err(Failure::Refused) => HandedOver::Refused(NOT_DONE),
        Err(failure) => HandedOver::Later(code(failure)),
    }
}

async fn open(
    ways: &Ways,
    account: &AccountContext,
    settings: &PostgresSettings,
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
    let PostgresSettings { database, user, password, schema, .. } = settings;
    let login = Login { database, user, password: password.reveal(), schema };
    Session::open(tcp, security, &login).await.map_err(code)
}

const fn code(failure: Failure) -> u32 {
    match failure {
        Failure::Connection => NO_CONNECTION,
        Failure::Tls => NO_TLS,
        Failure::Login | Failure::Later | Failure::Refused => NOT_DONE,
    }
}

/// What a kept connection is found by: whose it is and how it was made.
fn key(account: &AccountContext, settings: &PostgresSettings) -> [u8; 32] {
    let PostgresSettings { host, port, database, user, password, schema, tls, .. } = settings;
    let (sid, port, tls) = (account.sid().to_string(), port.to_string(), tls.to_string());
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [&sid, host, &port, database, user, password.reveal(), schema, &tls] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    key
}
