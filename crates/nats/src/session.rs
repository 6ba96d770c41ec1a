//! A connection to a server: log in, publish, and wait until the stream has what was published.

use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::limits;
use crate::protocol::{Info, Refusal, Said, publication, take};

/// Bytes that are read at once.
const READ: usize = 8 * 1024;

/// Who logs in. No Debug: it holds secrets.
#[derive(Clone, Copy)]
pub enum Login<'a> {
    /// Nobody.
    None,
    /// A user with a password.
    User(&'a str, &'a str),
    /// Whoever has this token.
    Token(&'a str),
}

/// How what is sent is kept from whoever is between.
pub enum Security {
    /// TLS with a certificate that is valid for this name.
    Tls(TlsConnector, ServerName<'static>),
    /// None: for connections within this machine.
    Local,
}

impl Security {
    /// TLS with a certificate that is valid for this host; `None` when no certificate can be.
    pub fn tls(connector: TlsConnector, host: &str) -> Option<Self> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        ServerName::try_from(host).ok().map(|name| Self::Tls(connector, name))
    }
}

/// A message. No Debug: it is full of protected data.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// What the stream knows it by: a second one with the same id is dropped there, for as long as the stream remembers
    /// ids. Visible ASCII.
    pub id: &'a str,
    /// What it says.
    pub payload: &'a [u8],
}

/// Why messages are not in the stream. Holds nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection could not be made or broke, or the server took too long or said what is not NATS.
    Connection,
    /// TLS failed, or the server does not talk in it.
    Tls,
    /// The login was refused.
    Login,
    /// No stream takes the subject, or not now.
    Later,
    /// A message is larger than the server takes.
    TooLarge,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection that is logged in.
pub struct Session {
    io: Box<dyn Io>,
    arrived: Vec<u8>,
    info: Info,
    /// Publications so far: their answers come to places of their own.
    published: u64,
}

#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<serde_json::Value>,
    seq: Option<u64>,
}

impl Session {
    /// Logs in over a connection that was opened to the server.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open(tcp: TcpStream, security: Security, login: Login<'_>) -> Result<Self, Failure> {
        timeout(limits::WAIT, Self::log_in(tcp, security, login)).await.unwrap_or(Err(Failure::Connection))
    }

    async fn log_in(tcp: TcpStream, security: Security, login: Login<'_>) -> Result<Self, Failure> {
        let mut session =
            Self { io: Box::new(tcp), arrived: Vec::new(), info: Info::default(), published: 0 };
        let Said::Info(info) = session.hear().await? else { return Err(Failure::Connection) };
        let is_tls = matches!(security, Security::Tls(..));
        if let Security::Tls(connector, name) = security {
            // It says what it is in the clear first; whatever else it said before TLS is nobody's.
            if !(info.tls_required || info.tls_available) || !session.arrived.is_empty() {
                return Err(Failure::Tls);
            }
            let Session { io, .. } = session;
            let tls = connector.connect(name, io).await.map_err(|_| Failure::Tls)?;
            session = Self { io: Box::new(tls), arrived: Vec::new(), info: info.clone(), published: 0 };
        }
        if !info.headers {
            return Err(Failure::Later);
        }
        session.info = info;
        let mut connect = json!({
            "verbose": false, "pedantic": false, "tls_required": is_tls, "headers": true, "no_responders": true,
            "name": "switchward", "lang": "rust", "version": env!("CARGO_PKG_VERSION"), "protocol": 1,
        });
        match login {
            Login::None => {}
            Login::User(user, password) => {
                connect["user"] = user.into();
                connect["pass"] = password.into();
            }
            Login::Token(token) => connect["auth_token"] = token.into(),
        }
        let inbox = session.info.inbox().ok_or(Failure::Connection)?;
        session.say(format!("CONNECT {connect}\r\nSUB {inbox}.> 1\r\nPING\r\n").as_bytes()).await?;
        loop {
            match session.hear().await? {
                Said::Pong => return Ok(session),
                Said::Ping => session.say(b"PONG\r\n").await?,
                Said::Refusal(Refusal::Login) => return Err(Failure::Login),
                Said::Refusal(_) => return Err(Failure::Later),
                Said::Info(_) | Said::Message { .. } => {}
            }
        }
    }

    /// Publishes messages, at most [`limits::MESSAGES`], and waits until the stream has acknowledged each.
    ///
    /// # Errors
    /// [`Failure`]; some of them may be in the stream, and may be published again under the same ids. The session is not
    /// to be used again then.
    pub async fn publish(&mut self, subject: &str, messages: &[Message<'_>]) -> Result<(), Failure> {
        timeout(limits::WAIT, self.send(subject, messages)).await.unwrap_or(Err(Failure::Connection))
    }

    async fn send(&mut self, subject: &str, messages: &[Message<'_>]) -> Result<(), Failure> {
        // Headers count, and are shorter than this.
        let most = usize::try_from(self.info.max_payload).unwrap_or(usize::MAX).saturating_sub(512);
        if messages.len() > limits::MESSAGES || messages.iter().any(|message| message.payload.len() > most) {
            return Err(Failure::TooLarge);
        }
        self.published += 1;
        let inbox = format!("{}.{}", self.info.inbox().ok_or(Failure::Connection)?, self.published);
        let mut out = Vec::new();
        for (number, message) in messages.iter().enumerate() {
            publication(subject, &format!("{inbox}.{number}"), message.id, message.payload, &mut out);
        }
        self.say(&out).await?;
        let mut waiting: std::collections::BTreeSet<usize> = (0..messages.len()).collect();
        while !waiting.is_empty() {
            match self.hear().await? {
                Said::Message { subject, status, payload } => {
                    let number = subject.strip_prefix(&inbox).and_then(|rest| rest.strip_prefix('.'));
                    let Some(number) = number.and_then(|number| number.parse().ok()) else { continue };
                    let answer = serde_json::from_slice::<Acknowledgement>(&payload).ok();
                    let is_kept = answer.is_some_and(|answer| answer.error.is_none() && answer.seq.is_some());
                    if status.is_some() || !is_kept {
                        tracing::debug!(status, "a stream does not take messages");
                        return Err(Failure::Later);
                    }
                    waiting.remove(&number);
                }
                Said::Ping => self.say(b"PONG\r\n").await?,
                Said::Refusal(Refusal::TooLarge) => return Err(Failure::TooLarge),
                Said::Refusal(Refusal::Login) => return Err(Failure::Login),
                Said::Refusal(_) => return Err(Failure::Later),
                Said::Pong | Said::Info(_) => {}
            }
        }
        Ok(())
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.io.write_all(bytes).await.map_err(|_| Failure::Connection)?;
        self.io.flush().await.map_err(|_| Failure::Connection)
    }

    async fn hear(&mut self) -> Result<Said, Failure> {
        loop {
            if let Some(said) = take(&mut self.arrived).map_err(|_| Failure::Connection)? {
                return Ok(said);
            }
            let mut bytes = [0; READ];
            let count = self.io.read(&mut bytes).await.map_err(|_| Failure::Connection)?;
            if count == 0 {
                return Err(Failure::Connection);
            }
            self.arrived.extend_from_slice(&bytes[..count]);
        }
    }
}
