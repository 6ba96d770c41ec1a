//! Vault's transit engine (or OpenBao's) as the holder of the master key.
//!
//! API: `POST /v1/{mount}/encrypt/{key}`, `/decrypt/{key}`, `/rewrap/{key}`. A key's identity goes along as
//! associated data, or, for transit keys made with `derived=true`, as the derivation context. Only the latter
//! can be re-wrapped without the scope key leaving Vault: `rewrap` takes no associated data.

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64;
use http::{HeaderName, HeaderValue};
use phi::{DataKey, KEY_BYTES, KeyWrapper, WrapError, WrappedKey};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::exchange::{Answer, ConfigProblem, Service, headers, secret_header};
use crate::vault_token::{Tokens, VaultLogin};

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Asked for by agents that guard against request forgery; others ignore it.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// What Vault's errors say when a ciphertext does not open. Everything else it says leaves open whether it
/// would, so the list is short on purpose.
const SEALED: [&str; 2] = ["message authentication failed", "invalid ciphertext"];

/// How a wrapped key is bound to its identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// As associated data: for keys of an AEAD type (`aes256-gcm96`, the default type).
    #[default]
    AssociatedData,
    /// As the derivation context: for keys made with `derived=true`.
    Context,
}

/// Where the transit key is.
#[derive(Clone, Debug)]
pub struct VaultConfig {
    /// `https://host[:port]`; plain http for an agent on this machine only.
    pub address: String,
    /// PEM of the authority of Vault's certificate; the public ones when absent.
    pub roots: Option<String>,
    /// The namespace (Vault Enterprise, OpenBao); none when absent.
    pub namespace: Option<String>,
    /// Where the transit engine is mounted, usually `transit`.
    pub mount: String,
    /// The name of the transit key.
    pub key: String,
    /// How keys are bound to their identities. Keys that were wrapped one way do not open the other way.
    pub binding: Binding,
    /// How we prove who we are.
    pub login: VaultLogin,
    /// How long one request may take; usually [`crate::limits::ANSWER`].
    pub timeout: Duration,
}

/// A transit key.
pub struct VaultTransit {
    service: Service,
    namespace: Option<HeaderValue>,
    mount: String,
    key: String,
    binding: Binding,
    tokens: Tokens,
    id: String,
}

impl VaultTransit {
    /// The transit key that `config` names. Vault is not asked yet.
    ///
    /// # Errors
    /// [`ConfigProblem`] when the settings cannot be right.
    pub fn new(config: VaultConfig) -> Result<Self, ConfigProblem> {
        let VaultConfig { address, roots, namespace, mount, key, binding, login, timeout } = config;
        let service = Service::new(&address, roots.as_deref(), timeout)?;
        let mount = mount.trim_matches('/').to_owned();
        if !is_path(&mount) || !is_name(&key) {
            return Err(ConfigProblem("the mount or the key's name has characters that cannot be in one"));
        }
        let place = namespace.as_ref().map_or(String::new(), |name| format!("{}/", name.trim_matches('/')));
        let id = format!("vault:{place}{mount}/{key}");
        let namespace = namespace
            .map(HeaderValue::try_from)
            .transpose()
            .map_err(|_| ConfigProblem("the namespace has characters that cannot be in one"))?;
        Ok(Self { service, namespace, mount, key, binding, tokens: Tokens::new(login)?, id })
    }

    /// Asks Vault, once more with a new token when it refuses the one we had.
    fn ask(&self, operation: &str, body: &Value) -> Result<Answer, WrapError> {
        let path = format!("/v1/{}/{operation}/{}", self.mount, self.key);
        let body = Zeroizing::new(body.to_string());
        let login = |path: &str, body: &str| self.post(path, body, None);
        let mut token = self.tokens.present(&login)?;
        let mut answer = self.post(&path, &body, Some(&token))?;
        if answer.status == 403 {
            token = self.tokens.renewed(&token, &login)?;
            answer = self.post(&path, &body, Some(&token))?;
        }
        Ok(answer)
    }

    fn post(&self, path: &str, body: &str, token: Option<&str>) -> Result<Answer, WrapError> {
        let mut list = vec![(REQUEST, HeaderValue::from_static("true"))];
        list.extend(self.namespace.clone().map(|name| (NAMESPACE, name)));
        if let Some(token) = token {
            list.push((TOKEN, secret_header(token)?));
        }
        let headers = headers(list);
        self.service.post(path, |_| false, || (headers.clone(), body.as_bytes().to_vec()))
    }

    fn bound(&self, identity: &[u8], mut body: Value) -> Value {
        let name = match self.binding {
            Binding::AssociatedData => "associated_data",
            Binding::Context => "context",
        };
        body[name] = BASE64.encode(identity).into();
        body
    }
}

impl fmt::Debug for VaultTransit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl KeyWrapper for VaultTransit {
    fn key_id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError> {
        let plain = Zeroizing::new(BASE64.encode(key.reveal_to_holder()));
        let answer = self.ask("encrypt", &self.bound(identity, json!({ "plaintext": plain.as_str() })))?;
        ciphertext(accepted(&answer)?).map(WrappedKey)
    }

    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError> {
        let sealed = self.readable(key_id, wrapped)?;
        let answer = self.ask("decrypt", &self.bound(identity, json!({ "ciphertext": sealed })))?;
        plaintext(accepted(&answer)?)
    }

    fn rewrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<WrappedKey, WrapError> {
        if self.binding == Binding::AssociatedData {
            return self.wrap(identity, &self.unwrap(key_id, identity, wrapped)?);
        }
        let sealed = self.readable(key_id, wrapped)?;
        let answer = self.ask("rewrap", &self.bound(identity, json!({ "ciphertext": sealed })))?;
        ciphertext(accepted(&answer)?).map(WrappedKey)
    }
}

impl VaultTransit {
    fn readable<'a>(&self, key_id: &str, wrapped: &'a WrappedKey) -> Result<&'a str, WrapError> {
        if key_id != self.id {
            return Err(WrapError::OtherMasterKey);
        }
        std::str::from_utf8(&wrapped.0).map_err(|_| WrapError::Sealed)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

pub(crate) fn is_path(text: &str) -> bool {
    text.split('/').all(is_name)
}

/// The body of an answer that grants what was asked for.
fn accepted(answer: &Answer) -> Result<&[u8], WrapError> {
    match answer.status {
        200 => Ok(&answer.body),
        400 if is_sealed(&answer.body) => Err(WrapError::Sealed),
        401 | 403 => Err(WrapError::Unavailable("it refuses our credentials for this key")),
        404 => Err(WrapError::Unavailable("it has no such engine or key")),
        _ => Err(WrapError::Unavailable("it refuses the request: its audit log says why")),
    }
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Plaintext {
    plaintext: String,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

/// What `encrypt` and `rewrap` answered.
///
/// # Errors
/// [`WrapError::Unavailable`] when it is not an answer of theirs.
pub fn ciphertext(body: &[u8]) -> Result<Vec<u8>, WrapError> {
    match serde_json::from_slice::<Reply<Ciphertext>>(body) {
        Ok(reply) if reply.data.ciphertext.starts_with("vault:v") => Ok(reply.data.ciphertext.into_bytes()),
        _ => Err(WrapError::Unavailable("its answer is not one of the transit engine")),
    }
}

/// What `decrypt` answered.
///
/// # Errors
/// [`WrapError::Unavailable`] when it is not an answer of its; [`WrapError::Sealed`] when what it opened is
/// no key of ours.
pub fn plaintext(body: &[u8]) -> Result<DataKey, WrapError> {
    let reply = serde_json::from_slice::<Reply<Plaintext>>(body)
        .map_err(|_| WrapError::Unavailable("its answer is not one of the transit engine"))?;
    let text = Zeroizing::new(reply.data.plaintext);
    key_of(&text)
}

/// A key from base64.
pub(crate) fn key_of(text: &str) -> Result<DataKey, WrapError> {
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| WrapError::Sealed)?);
    let mut key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| WrapError::Sealed)?;
    let made = DataKey::from_bytes(key);
    key.zeroize();
    Ok(made)
}

/// Whether a refusal says that the ciphertext does not open.
pub fn is_sealed(body: &[u8]) -> bool {
    serde_json::from_slice::<Errors>(body).is_ok_and(|refusal| {
        refusal.errors.iter().any(|error| SEALED.iter().any(|text| error.contains(text)))
    })
}
