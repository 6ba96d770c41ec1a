//! Permissions: one per kind of resource and direction, named on the wire as restricted keys name them.

use std::fmt;
use std::str::FromStr;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $wire:literal;)*) => {
        /// What a route needs and a credential may hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$doc])* $name),* }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &[Permission] = &[$(Permission::$name),*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Permission::$name => $wire),* }
            }
        }
    };
}

permissions! {
    /// See accounts and subaccounts.
    AccountsRead = "/switchward/accounts/read";
    /// Create, change, suspend and close accounts; rotate auth tokens.
    AccountsWrite = "/switchward/accounts/write";
    /// See API keys (never their secrets).
    KeysRead = "/switchward/keys/read";
    /// Create, change and delete API keys.
    KeysWrite = "/switchward/keys/write";
    /// Read messages: a disclosure of protected data.
    MessagesRead = "/switchward/messages/read";
    /// Send, redact, cancel and delete messages.
    MessagesWrite = "/switchward/messages/write";
    /// See the account's phone numbers.
    NumbersRead = "/switchward/numbers/read";
    /// Configure the account's phone numbers.
    NumbersWrite = "/switchward/numbers/write";
    /// Read calls: a disclosure of protected data.
    CallsRead = "/switchward/calls/read";
    /// Place, change, end and delete calls.
    CallsWrite = "/switchward/calls/write";
    /// See SIP domains and who may call them (never passwords).
    SipRead = "/switchward/sip/read";
    /// Configure SIP domains and who may call them.
    SipWrite = "/switchward/sip/write";
    /// See Messaging Services and their senders.
    ServicesRead = "/switchward/messaging-services/read";
    /// Configure Messaging Services and their senders.
    ServicesWrite = "/switchward/messaging-services/write";
    /// See brands, campaigns and verifications of toll-free numbers: a disclosure of business contacts.
    RegistrationsRead = "/switchward/registrations/read";
    /// Submit, edit and delete brands, campaigns and verifications of toll-free numbers.
    RegistrationsWrite = "/switchward/registrations/write";
    /// Look a number up.
    Lookup = "/switchward/lookup/read";
    /// See what an account has used, and its usage triggers.
    UsageRead = "/switchward/usage/read";
    /// Make, change and delete usage triggers.
    UsageWrite = "/switchward/usage/write";
    /// Read the Debugger's alerts.
    AlertsRead = "/switchward/alerts/read";
    /// Read organization, agreements, designation and settings.
    ComplianceRead = "/switchward/compliance/read";
    /// Change agreements, designation and settings.
    ComplianceWrite = "/switchward/compliance/write";
    /// Read the ledger.
    LedgerRead = "/switchward/ledger/read";
    /// See Segment workspaces and their sources, write keys included.
    WorkspacesRead = "/switchward/workspaces/read";
    /// Make and change workspaces and sources; suppress people and delete what is known of them.
    WorkspacesWrite = "/switchward/workspaces/write";
    /// Approve what can leave to destinations of events.
    ManifestsApprove = "/switchward/manifests/approve";
    /// Read the events of a workspace's sources: a disclosure of protected data.
    EventsRead = "/switchward/events/read";
    /// See in events what is classified red or yellow, which is masked for everybody else.
    PiiRead = "/switchward/pii/read";
    /// Drive the simulator, when it is enabled.
    Simulator = "/switchward/simulator/write";
}

impl Permission {
    /// Whether a route with it shows texts of messages or who called whom, which the operator of a HIPAA project does not
    /// see outside of a review (CHG-MOD-2).
    pub const fn shows_messages(self) -> bool {
        matches!(self, Self::MessagesRead | Self::MessagesWrite | Self::CallsRead | Self::CallsWrite)
    }

    /// Whether this one concerns accounts or keys, which standard keys may not touch
    /// (Twilio's API keys page: standard keys cannot manage accounts and keys).
    pub const fn is_administrative(self) -> bool {
        matches!(
            self,
            Self::AccountsRead
                | Self::AccountsWrite
                | Self::KeysRead
                | Self::KeysWrite
                | Self::ComplianceWrite
        )
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A permission name that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|p| p.as_str() == text).ok_or(UnknownPermission)
    }
}
