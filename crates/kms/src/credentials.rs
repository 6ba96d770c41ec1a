//! Where the AWS credentials come from: given by the operator, or a file in the shared format.

use std::fmt;
use std::path::PathBuf;

use phi::WrapError;
use zeroize::Zeroizing;

use crate::exchange::read_secret;

/// An access key. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id; not a secret.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Zeroizing<String>,
    /// The token of a temporary key.
    pub session_token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[credentials]")
    }
}

/// Where the credentials come from.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// These, for the life of the process (from the environment).
    Given(Credentials),
    /// A profile of a credentials file, read for each request, so that whoever renews temporary keys only
    /// has to write the file.
    File {
        /// The file, for example `~/.aws/credentials`.
        path: PathBuf,
        /// The profile, usually `default`.
        profile: String,
    },
}

impl CredentialSource {
    /// The credentials as they are now.
    ///
    /// # Errors
    /// [`WrapError::Unavailable`] when the file cannot be read or does not hold them.
    pub fn read(&self) -> Result<Credentials, WrapError> {
        match self {
            Self::Given(credentials) => Ok(credentials.clone()),
            Self::File { path, profile } => parse(&read_secret(path)?, profile)
                .ok_or(WrapError::Unavailable("the credentials file has no key of this profile")),
        }
    }
}

/// The key of one profile in the shared credentials format: `[profile]` lines, `name = value` lines,
/// comments after `#` or `;` at the start of a line.
pub fn parse(text: &str, profile: &str) -> Option<Credentials> {
    let (mut id, mut secret, mut token) = (None, None, None);
    let mut is_ours = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            is_ours = name.trim() == profile;
        } else if is_ours
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            let value = value.trim();
            match name.trim() {
                "aws_access_key_id" => id = Some(value.to_owned()),
                "aws_secret_access_key" => secret = Some(Zeroizing::new(value.to_owned())),
                "aws_session_token" => token = Some(Zeroizing::new(value.to_owned())),
                _ => {}
            }
        }
    }
    Some(Credentials { access_key_id: id?, secret_access_key: secret?, session_token: token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_asked_for_profile_only() {
        let text = "; shared\n[default]\naws_access_key_id = A\naws_secret_access_key=s=1\n\
            [ other ]\n# no\naws_access_key_id=B\naws_secret_access_key = t\naws_session_token = u\nregion = x\n[half]\naws_access_key_id=C";
        let found = parse(text, "default").expect("a key");
        assert_eq!((found.access_key_id.as_str(), found.secret_access_key.as_str()), ("A", "s=1"));
        assert!(found.session_token.is_none());
        let found = parse(text, "other").expect("a key");
        assert_eq!(found.session_token.as_ref().map(|token| token.as_str()), Some("u"));
        for absent in ["half", "none", ""] {
            assert!(parse(text, absent).is_none(), "{absent}");
        }
        assert_eq!(format!("{found:?}"), "[credentials]");
    }
}
