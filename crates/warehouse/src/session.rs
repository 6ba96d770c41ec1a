//! A connection to a database, and one load: tables and columns that are missing are made, rows are written, all in one
//! transaction.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, NoTls, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, Transaction};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::columns::{Columns, Type, fitted, missing};
use crate::layout::{ID, OTHER, Row, WRITTEN};
use crate::limits;

const TABLES: &str = "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1";
const COLUMNS: &str = "SELECT column_name::text, data_type::text FROM information_schema.columns
    WHERE table_schema = $1 AND table_name = $2";

/// Who logs in where. No Debug: it holds a password.
pub struct Login<'a> {
    /// The database.
    pub database: &'a str,
    /// The role.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The schema that the tables are in; made when it is not there.
    pub schema: &'a str,
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

/// Why a load did not come about. Holds nothing of what was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection could not be made or broke, or the server took too long.
    Connection,
    /// The certificate is not one that is trusted for this name, or TLS failed otherwise.
    Tls,
    /// The login was refused.
    Login,
    /// The server does not do it now, or not as things are: no room, no permission, no such database.
    Later,
    /// The server will never take these rows.
    Refused,
}

/// A connection that loads into one schema.
pub struct Session {
    client: Client,
    schema: String,
    tables: BTreeMap<String, Columns>,
}

impl Session {
    /// Logs in over a connection that was opened to the server.
    ///
    /// # Errors
    /// [`Failure`]; nothing was written.
    pub async fn open(tcp: TcpStream, security: Security, login: &Login<'_>) -> Result<Self, Failure> {
        timeout(limits::LOAD, Self::log_in(tcp, security, login)).await.unwrap_or(Err(Failure::Connection))
    }

    async fn log_in(tcp: TcpStream, security: Security, login: &Login<'_>) -> Result<Self, Failure> {
        let mut config = Config::new();
        let password = Zeroizing::new(login.password.to_owned());
        config.dbname(login.database).user(login.user).password(password.as_bytes());
        config.application_name("switchward");
        let client = match security {
            Security::Local => {
                config.ssl_mode(SslMode::Disable);
                let (client, connection) =
                    config.connect_raw(tcp, NoTls).await.map_err(|error| failure(&error))?;
                tokio::spawn(async move { drop(connection.await) });
                client
            }
            Security::Tls(connector, name) => {
                config.ssl_mode(SslMode::Require);
                let tls = Tls { connector, name };
                let (client, connection) =
                    config.connect_raw(tcp, tls).await.map_err(|error| failure(&error))?;
                tokio::spawn(async move { drop(connection.await) });
                client
            }
        };
        let settings = format!(
            "SET statement_timeout = {}; SET client_min_messages = warning; SET timezone = 'UTC';
            SET standard_conforming_strings = on",
            limits::STATEMENT.as_millis()
        );
        client.batch_execute(&settings).await.map_err(|error| failure(&error))?;
        Ok(Self { client, schema: login.schema.to_owned(), tables: BTreeMap::new() })
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Writes rows, all or none. Rows that were written before under the same id stay as they are.
    ///
    /// # Errors
    /// [`Failure`]; nothing was written, unless the connection broke at the very end: the same rows may be loaded
    /// again. The session is not to be used again then.
    pub async fn load(&mut self, rows: &[Row]) -> Result<(), Failure> {
        timeout(limits::LOAD, self.write(rows)).await.unwrap_or(Err(Failure::Connection))
    }

    async fn write(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let mut by_table = BTreeMap::<&str, Vec<&Row>>::new();
        for row in rows {
            by_table.entry(&row.table).or_default().push(row);
        }
        let transaction = self.client.transaction().await.map_err(|error| failure(&error))?;
        for (table, rows) in by_table {
            let Some(mut known) = known(&transaction, &self.schema, table, &self.tables).await? else {
                tracing::debug!(
                    "a warehouse has as many tables as it may have; an event is in `tracks` alone"
                );
                continue;
            };
            let new = missing(&known, &rows);
            if !new.is_empty() {
                let added: Vec<_> = new
                    .iter()
                    .map(|(column, kind)| {
                        format!("ADD COLUMN IF NOT EXISTS {} {}", quoted(column), kind.sql())
                    })
                    .collect();
                let place = place(&self.schema, table);
                run(&transaction, &format!("ALTER TABLE {place} {}", added.join(", "))).await?;
                // Somebody else may have added one meanwhile, otherwise.
                known = columns(&transaction, &self.schema, table).await?;
            }
            insert(&transaction, &self.schema, table, &known, &rows).await?;
            self.tables.insert(table.to_owned(), known);
        }
        transaction.commit().await.map_err(|error| failure(&error))
    }
}

/// The columns of a table, which is made when it is not there; `None` when there are as many tables as may be.
async fn known(
    transaction: &Transaction<'_>,
    schema: &str,
    table: &str,
    remembered: &BTreeMap<String, Columns>,
) -> Result<Option<Columns>, Failure> {
    if let Some(known) = remembered.get(table) {
        return Ok(Some(known.clone()));
    }
    let found = columns(transaction, schema, table).await?;
    if !found.is_empty() {
        return Ok(Some(found));
    }
    let row = transaction.query_one(TABLES, &[&schema]).await.map_err(|error| failure(&error))?;
    let count: i64 = row.get(0);
    if count == 0 {
        run(transaction, &format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema))).await?;
    }
    if usize::try_from(count).unwrap_or(usize::MAX) >= limits::TABLES {
        return Ok(None);
    }
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {} ({} text PRIMARY KEY, received_at timestamptz,
        {WRITTEN} timestamptz NOT NULL DEFAULT now(), {} jsonb)",
        place(schema, table),
        quoted(ID),
        quoted(OTHER)
    );
    run(transaction, &create).await?;
    columns(transaction, schema, table).await.map(Some)
}

async fn columns(transaction: &Transaction<'_>, schema: &str, table: &str) -> Result<Columns, Failure> {
    let rows = transaction.query(COLUMNS, &[&schema, &table]).await.map_err(|error| failure(&error))?;
    let column = |row: tokio_postgres::Row| -> (String, Type) {
        let kind: String = row.get(1);
        (row.get(0), Type::named(&kind))
    };
    Ok(rows.into_iter().map(column).collect())
}

/// Makes what is missing. That somebody else made it at the same time is no reason to give rows up.
async fn run(transaction: &Transaction<'_>, statement: &str) -> Result<(), Failure> {
    transaction.batch_execute(statement).await.map_err(|error| match failure(&error) {
        Failure::Refused => Failure::Later,
        other => other,
    })
}

/// Writes the rows of one table by one statement.
async fn insert(
    transaction: &Transaction<'_>,
    schema: &str,
    table: &str,
    known: &Columns,
    rows: &[&Row],
) -> Result<(), Failure> {
    let mut made = BTreeMap::<String, BTreeMap<String, Value>>::new();
    for row in rows {
        let cells = fitted(known, row);
        let id = cells.get(ID).and_then(Value::as_str).unwrap_or_default().to_owned();
        match made.get_mut(&id) {
            None => {
                made.insert(id, cells);
            }
            // One statement may touch a row once.
            Some(before) if row.is_state => before.extend(cells),
            Some(_) => {}
        }
    }
    let used: std::collections::BTreeSet<&String> = made.values().flat_map(BTreeMap::keys).collect();
    let names: Vec<String> = used.iter().map(|column| quoted(column)).collect();
    let (place, list) = (place(schema, table), names.join(", "));
    let conflict = match rows.iter().any(|row| row.is_state) {
        false => "DO NOTHING".to_owned(),
        true => {
            let sets: Vec<_> = used
                .iter()
                .filter(|column| column.as_str() != ID)
                .map(|column| quoted(column))
                .map(|column| format!("{column} = COALESCE(EXCLUDED.{column}, present.{column})"))
                .chain([format!("{WRITTEN} = now()")])
                .collect();
            // What comes late does not undo what came later.
            format!(
                "DO UPDATE SET {} WHERE EXCLUDED.received_at IS NULL OR present.received_at IS NULL
                OR EXCLUDED.received_at >= present.received_at",
                sets.join(", ")
            )
        }
    };
    let statement = format!(
        "INSERT INTO {place} AS present ({list}) SELECT {list}
        FROM json_populate_recordset(NULL::{place}, $1::text::json) ON CONFLICT ({}) {conflict}",
        quoted(ID)
    );
    let rows: Vec<_> = made.into_values().collect();
    let json = serde_json::to_string(&rows).map_err(|_| Failure::Refused)?;
    transaction.execute(&statement, &[&json]).await.map(drop).map_err(|error| failure(&error))
}

/// Names here are of `a-z`, `0-9` and `_`, or were read from the settings and checked to be; quoted they may be words of
/// SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn place(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

fn failure(error: &tokio_postgres::Error) -> Failure {
    let Some(code) = error.code() else {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if wrapped.is_some_and(|inner| inner.is::<rustls::Error>()) || error.is::<rustls::Error>() {
                return Failure::Tls;
            }
            next = error.source();
        }
        // A server that has no TLS, where we want it, says so without a code.
        return if error.to_string().contains("TLS") { Failure::Tls } else { Failure::Connection };
    };
    // The code is a word of PostgreSQL's; the message may hold a value.
    tracing::debug!(code = code.code(), "a warehouse does not take rows");
    match code.code().get(..2) {
        Some("28") => Failure::Login,
        // Data that does not fit, constraints of somebody else's, limits of the program.
        Some("22" | "23" | "54") => Failure::Refused,
        _ => Failure::Later,
    }
}

/// A handshake to be made.
struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<TcpStream> for Tls {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, tcp: TcpStream) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.connect(self.name, tcp).await?;
            Ok(Encrypted(Box::new(stream)))
        })
    }
}

/// An encrypted connection.
struct Encrypted(Box<tokio_rustls::client::TlsStream<TcpStream>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
