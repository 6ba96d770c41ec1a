//! How we prove to Vault who we are: a token from a file that an agent keeps fresh, or an AppRole's.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use phi::WrapError;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::exchange::{Answer, ConfigProblem, read_secret};
use crate::vault::is_path;

/// How we prove who we are.
#[derive(Clone, Debug)]
pub enum VaultLogin {
    /// A token in a file, read again whenever Vault refuses the one we have (Vault Agent's sink).
    TokenFile(PathBuf),
    /// An AppRole: a token is asked for when there is none, and when Vault refuses the one we have.
    AppRole {
        /// Where the auth method is mounted, usually `approle`.
        mount: String,
        /// The role's id; not a secret.
        role_id: String,
        /// The file that holds the secret id.
        secret_id_file: PathBuf,
    },
}

/// The token in use.
pub(crate) struct Tokens {
    login: VaultLogin,
    token: Mutex<Option<Zeroizing<String>>>,
}

/// Posts a body to a path without a token.
type Post<'a> = dyn Fn(&str, &str) -> Result<Answer, WrapError> + 'a;

impl Tokens {
    pub(crate) fn new(login: VaultLogin) -> Result<Self, ConfigProblem> {
        if let VaultLogin::AppRole { mount, .. } = &login
            && !is_path(mount.trim_matches('/'))
        {
            return Err(ConfigProblem("the AppRole's mount has characters that cannot be in one"));
        }
        Ok(Self { login, token: Mutex::default() })
    }

    /// The token we have, or a first one.
    pub(crate) fn present(&self, post: &Post<'_>) -> Result<Zeroizing<String>, WrapError> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        match &*token {
            Some(token) => Ok(token.clone()),
            None => Ok(token.insert(self.fresh(post)?).clone()),
        }
    }

    /// A token in place of a refused one; another thread may have got it meanwhile.
    pub(crate) fn renewed(&self, refused: &str, post: &Post<'_>) -> Result<Zeroizing<String>, WrapError> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        match &*token {
            Some(token) if token.as_str() != refused => Ok(token.clone()),
            _ => Ok(token.insert(self.fresh(post)?).clone()),
        }
    }

    fn fresh(&self, post: &Post<'_>) -> Result<Zeroizing<String>, WrapError> {
        match &self.login {
            VaultLogin::TokenFile(path) => Ok(Zeroizing::new(read_secret(path)?.trim().to_owned())),
            VaultLogin::AppRole { mount, role_id, secret_id_file } => {
                let secret_id = read_secret(secret_id_file)?;
                let body = json!({ "role_id": role_id, "secret_id": secret_id.trim() });
                let body = Zeroizing::new(body.to_string());
                let answer = post(&format!("/v1/auth/{}/login", mount.trim_matches('/')), &body)?;
                match answer.status {
                    200 => client_token(&answer.body),
                    _ => Err(WrapError::Unavailable("it refuses our AppRole")),
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
}

/// The token in the answer to a login.
///
/// # Errors
/// [`WrapError::Unavailable`] when there is none.
pub fn client_token(body: &[u8]) -> Result<Zeroizing<String>, WrapError> {
    serde_json::from_slice::<Login>(body)
        .map(|login| Zeroizing::new(login.auth.client_token))
        .map_err(|_| WrapError::Unavailable("its answer to our login holds no token"))
}
