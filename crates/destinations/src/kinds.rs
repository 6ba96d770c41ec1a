//! The kinds of destinations: how each is set up, where it is, how it is shown, and how it is handed events.
//!
//! A kind is a variant of [`Settings`] with a file here. Everything else (grants, the manifest and its approval, the
//! register, the accounting, delivery) is the same for all of them.

pub(crate) mod archive;
pub(crate) mod nats;
pub(crate) mod postgres;
pub(crate) mod webhook;

use auth::AccountContext;
use errors::Result;
use rulebook::guard::urls;
use serde_json::Value;
use tokio::time::timeout;
use webhooks::Webhooks;

use crate::limits;
use crate::records::{DestinationFacts, Settings};
use crate::transport::{HandedOver, Parcel, Sending, Transport};
use crate::view::invalid;

/// Where a destination is, as far as anybody has to agree to it.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Who receives: what the register is asked about. IPv6 is in brackets.
    pub(crate) host: String,
    /// The whole place, without secrets: a line of the manifest.
    pub(crate) place: String,
    /// Whether nobody between can read what is sent.
    pub(crate) is_encrypted: bool,
    /// Whether the place itself looks as if it held PHI.
    pub(crate) looks_like_phi: bool,
}

impl Settings {
    /// The word for the kind.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Postgres(_) => "postgres",
            Self::Archive(_) => "s3",
            Self::Nats(_) => "nats",
        }
    }

    /// Settings of a new destination.
    ///
    /// # Errors
    /// The parameter that is not acceptable.
    pub(crate) fn new(kind: &str, request: Value) -> Result<Self> {
        match kind {
            "webhook" => webhook::new(read(request)?).map(Self::Webhook),
            "postgres" => postgres::new(read(request)?).map(Self::Postgres),
            "s3" => archive::new(read(request)?).map(Self::Archive),
            "nats" => nats::new(read(request)?).map(Self::Nats),
            _ => Err(invalid("kind")),
        }
    }

    /// Takes a change. What is absent stays as it is.
    ///
    /// # Errors
    /// The parameter that is not acceptable.
    pub(crate) fn change(&mut self, request: Value) -> Result<()> {
        match self {
            Self::Webhook(settings) => webhook::change(settings, read(request)?),
            Self::Postgres(settings) => postgres::change(settings, read(request)?),
            Self::Archive(settings) => archive::change(settings, read(request)?),
            Self::Nats(settings) => nats::change(settings, read(request)?),
        }
    }

    /// Where it is; `None` when that cannot be read.
    pub(crate) fn reach(&self) -> Option<Reach> {
        match self {
            Self::Webhook(settings) => webhook::reach(settings),
            Self::Postgres(settings) => Some(postgres::reach(settings)),
            Self::Archive(settings) => archive::reach(settings),
            Self::Nats(settings) => Some(nats::reach(settings)),
        }
    }

    /// As it is shown: secrets are not in it.
    pub(crate) fn view(&self) -> Value {
        match self {
            Self::Webhook(settings) => webhook::view(settings),
            Self::Postgres(settings) => postgres::view(settings),
            Self::Archive(settings) => archive::view(settings),
            Self::Nats(settings) => nats::view(settings),
        }
    }

    /// Payloads of one request at most.
    pub(crate) const fn batch_size(&self) -> u32 {
        match self {
            Self::Webhook(settings) => settings.batch_size,
            Self::Postgres(settings) => settings.batch_size,
            Self::Archive(settings) => settings.batch_size,
            Self::Nats(settings) => settings.batch_size,
        }
    }
}

/// Where a destination is.
pub(crate) fn reach(facts: &DestinationFacts) -> Option<Reach> {
    facts.settings.reach()
}

fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T> {
    serde_json::from_value(request).map_err(|_| invalid("settings"))
}

/// Reaches destinations of every kind, by the connections, checks and authorities of the accounts' webhooks.
pub struct Ways {
    pub(crate) webhooks: Webhooks,
    pub(crate) sessions: postgres::Sessions,
    pub(crate) streams: nats::Sessions,
}

impl Ways {
    /// The ways out of this process.
    pub fn new(webhooks: Webhooks) -> Self {
        Self { webhooks, sessions: postgres::Sessions::default(), streams: nats::Sessions::default() }
    }
}

impl Transport for Ways {
    fn hand_over<'a>(
        &'a self,
        account: &'a AccountContext,
        settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a> {
        let handing: Sending<'a> = match settings {
            Settings::Webhook(settings) => Box::pin(webhook::hand_over(self, account, settings, parcel)),
            Settings::Postgres(settings) => Box::pin(postgres::hand_over(self, account, settings, parcel)),
            Settings::Archive(settings) => Box::pin(archive::hand_over(self, account, settings, parcel)),
            Settings::Nats(settings) => Box::pin(nats::hand_over(self, account, settings, parcel)),
        };
        Box::pin(async move {
            let late = HandedOver::Later(webhook::NO_CONNECTION);
            timeout(limits::REQUEST, handing).await.unwrap_or(late)
        })
    }
}

/// Whether a query's parameters are called as if they held PHI.
pub(crate) fn query_looks_like_phi(query: &str) -> bool {
    urls::query_looks_like_phi(query)
}
