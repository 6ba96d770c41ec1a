//! What people have stated to a running Switchward: its register, signers, attestations and exceptions, by API.
//!
//! The rows have the keys of the files, and are checked as those are; a few keys besides tell what the server knows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use statements::{Attestation, Attestations, Exception, Party, Problem, Register, Signer};
use url::Url;

use crate::limits;
use crate::provider::Provider;
use crate::wire::{Credential, Wire};

/// Keys of a row that stand in no file.
const BESIDES: [&str; 4] = ["sid", "covered", "expired", "received_at"];

/// An account of a Switchward, and who may read it.
pub struct Place<'a> {
    /// Makes the requests.
    pub wire: &'a Wire,
    /// Where the server is, unless it is the proxy through which the vendor's hosts are asked.
    pub base: Option<&'a Url>,
    /// The account.
    pub account: &'a str,
    /// With what.
    pub credential: &'a Credential,
}

/// Why something stated could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no answer.
    NoAnswer,
    /// The server refuses.
    Status(u16),
    /// It answers something else than is documented, or more than is read.
    Malformed,
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAnswer => f.write_str("the server does not answer"),
            Self::Status(status) => write!(f, "the server answers with status {status}"),
            Self::Malformed => f.write_str("the server does not answer as documented"),
        }
    }
}

impl std::error::Error for Unread {}

/// What became of a statement that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server keeps it.
    Taken,
    /// It had it already.
    Known,
    /// The server does not take it.
    Refused {
        /// HTTP status.
        status: u16,
        /// What it says.
        message: String,
    },
}

impl Place<'_> {
    /// The register that the account obeys.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn register(&self) -> Result<Register, Unread> {
        let mut answer = self.get("Register").await?;
        let parties = rows(&mut answer, "parties", Party::checked)?;
        Ok(Register { parties })
    }

    /// Whose attestations the server takes.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn signers(&self) -> Result<Vec<Signer>, Unread> {
        rows(&mut self.get("Signers").await?, "signers", Signer::checked)
    }

    /// Every signed answer and every exception.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn attestations(&self) -> Result<Attestations, Unread> {
        let attestations = self.pages("Attestations", "attestations", Attestation::checked).await?;
        let exceptions = self.pages("Exceptions", "exceptions", Exception::checked).await?;
        Ok(Attestations { attestations, exceptions })
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        collection: &str,
        member: &str,
        check: fn(T) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Unread> {
        let mut all = Vec::new();
        let mut path = format!("{collection}?PageSize={}", limits::PAGE_STATEMENTS);
        for _ in 0..limits::STATEMENT_PAGES {
            let mut answer = self.get(&path).await?;
            all.extend(rows(&mut answer, member, check)?);
            match answer["next_after"].as_str() {
                None => return Ok(all),
                Some(after) => {
                    path = format!("{collection}?PageSize={}&After={after}", limits::PAGE_STATEMENTS);
                }
            }
        }
        Err(Unread::Malformed)
    }

    /// Sends one statement.
    ///
    /// # Errors
    /// [`Unread::NoAnswer`].
    pub async fn send(&self, collection: &str, stated: &impl Serialize) -> Result<Sent, Unread> {
        let body = serde_json::to_vec(stated).map_err(|_| Unread::Malformed)?;
        let url = self.url(collection)?;
        let reply = self.wire.post_json(&url, self.credential, body.into()).await;
        let reply = reply.map_err(|_| Unread::NoAnswer)?;
        Ok(match reply.status {
            200 | 201 => Sent::Taken,
            409 if collection != "Register/Import" => Sent::Known,
            status => {
                let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                let message = answer["message"].as_str().unwrap_or("it does not say why").to_owned();
                Sent::Refused { status, message }
            }
        })
    }

    /// What the server answers under a path of our own API, to a document or to nothing: status and JSON.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn answer(&self, path: &str, sent: Option<&impl Serialize>) -> Result<(u16, Value), Unread> {
        let path = format!("/switchward/v1/{path}");
        let url = Provider::Switchward.place(self.base, "switchward", &path).ok_or(Unread::NoAnswer)?;
        let reply = match sent {
            None => self.wire.get(&url, Some(self.credential)).await,
            Some(sent) => {
                let body = serde_json::to_vec(sent).map_err(|_| Unread::Malformed)?;
                self.wire.post_json(&url, self.credential, body.into()).await
            }
        };
        let reply = reply.map_err(|_| Unread::NoAnswer)?;
        Ok((reply.status, serde_json::from_slice(&reply.body).map_err(|_| Unread::Malformed)?))
    }

    fn url(&self, path: &str) -> Result<String, Unread> {
        let path = format!("/switchward/v1/Accounts/{}/{path}", self.account);
        Provider::Switchward.place(self.base, "switchward", &path).ok_or(Unread::NoAnswer)
    }

    async fn get(&self, path: &str) -> Result<Value, Unread> {
        let reply = self.wire.get(&self.url(path)?, Some(self.credential)).await;
        let reply = reply.map_err(|_| Unread::NoAnswer)?;
        match reply.status {
            200 => serde_json::from_slice(&reply.body).map_err(|_| Unread::Malformed),
            status => Err(Unread::Status(status)),
        }
    }
}

/// The rows under a member of an answer, without what stands in no file.
fn rows<T: DeserializeOwned>(
    answer: &mut Value,
    member: &str,
    check: fn(T) -> Result<T, Problem>,
) -> Result<Vec<T>, Unread> {
    let Value::Array(rows) = answer[member].take() else { return Err(Unread::Malformed) };
    let read = |mut row: Value| {
        let keys = row.as_object_mut().ok_or(Unread::Malformed)?;
        keys.retain(|key, _| !BESIDES.contains(&key.as_str()));
        let row = serde_json::from_value(row).map_err(|_| Unread::Malformed)?;
        check(row).map_err(|_| Unread::Malformed)
    };
    rows.into_iter().map(read).collect()
}
