//! Scopes and names: whose data a row is, and how a globally addressable name finds it.

use std::fmt;
use std::str::FromStr;

use base::{AccountSid, KeySid, OrganizationSid, WorkspaceSid};
use data_encoding::HEXLOWER;
use phi::Digest;

/// How the platform's own scope is written.
const SYSTEM: &str = "system";

/// Whose data a row is, and under whose key it is sealed: the platform's own, an account's, an
/// organization's or a workspace's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Scope(Owner);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Owner {
    System,
    Account(AccountSid),
    Organization(OrganizationSid),
    Workspace(WorkspaceSid),
}

impl Scope {
    /// The platform's own scope; its key exists as soon as the database does.
    pub const SYSTEM: Self = Self(Owner::System);

    /// The scope of an account.
    pub const fn account(sid: AccountSid) -> Self {
        Self(Owner::Account(sid))
    }

    /// The scope of an organization.
    pub const fn organization(sid: OrganizationSid) -> Self {
        Self(Owner::Organization(sid))
    }

    /// The scope of a workspace.
    pub const fn workspace(sid: WorkspaceSid) -> Self {
        Self(Owner::Workspace(sid))
    }

    /// The account this is the scope of, when it is an account's.
    pub const fn account_sid(self) -> Option<AccountSid> {
        match self.0 {
            Owner::Account(sid) => Some(sid),
            Owner::System | Owner::Organization(_) | Owner::Workspace(_) => None,
        }
    }

    /// The organization this is the scope of, when it is an organization's.
    pub const fn organization_sid(self) -> Option<OrganizationSid> {
        match self.0 {
            Owner::Organization(sid) => Some(sid),
            Owner::System | Owner::Account(_) | Owner::Workspace(_) => None,
        }
    }

    /// Reads what [`fmt::Display`] writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Owner::System => f.write_str(SYSTEM),
            Owner::Account(sid) => sid.fmt(f),
            Owner::Organization(sid) => sid.fmt(f),
            Owner::Workspace(sid) => sid.fmt(f),
        }
    }
}

/// Text that is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidScope;

impl fmt::Display for InvalidScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a scope")
    }
}

impl std::error::Error for InvalidScope {}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if text == SYSTEM {
            return Ok(Self::SYSTEM);
        }
        let account = text.parse().map(Self::account);
        account
            .or_else(|_| text.parse().map(Self::organization))
            .or_else(|_| text.parse().map(Self::workspace))
            .map_err(|_| InvalidScope)
    }
}

/// A name that is unique across all scopes: an account, an API key, a phone number in service.
///
/// The directory stores only its keyed digest, so names are not readable in the database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name of an account.
    pub fn account(sid: AccountSid) -> Self {
        Self(format!("account:{sid}"))
    }

    /// The name of an organization.
    pub fn organization(sid: OrganizationSid) -> Self {
        Self(format!("organization:{sid}"))
    }

    /// The name of an API key.
    pub fn key(sid: KeySid) -> Self {
        Self(format!("key:{sid}"))
    }

    /// The name of a phone number, given as its digest under the system's key
    /// ([`crate::Store::system_digest`]).
    pub fn number(digest: Digest) -> Self {
        Self(format!("number:{}", HEXLOWER.encode(&digest.0)))
    }

    /// Any other name; `kind` keeps the kinds apart.
    pub fn custom(kind: &'static str, value: &str) -> Self {
        Self(format!("custom:{kind}:{value}"))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[name]")
    }
}

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The scope the named document lives in.
    pub scope: Scope,
    /// Its SID, as text.
    pub sid: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{SeededRandom, Sid};

    #[test]
    fn scopes_read_back_what_they_print() {
        let random = SeededRandom::new(1);
        let account = Scope::account(AccountSid::generate(&random));
        let organization = Scope::organization(OrganizationSid::generate(&random));
        let workspace = Scope::workspace(WorkspaceSid::generate(&random));
        for scope in [Scope::SYSTEM, account, organization, workspace] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
        }
        for text in ["", "System", "AC", "SK0123456789abcdef0123456789abcdef"] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_different_kinds_differ() {
        assert_ne!(Name::custom("a", "b:c"), Name::custom("a:b", "c:d"));
        assert_ne!(Name::custom("a", "x"), Name::custom("b", "x"));
        assert_eq!(format!("{:?}", Name::custom("person", "x")), "[name]");
    }
}
