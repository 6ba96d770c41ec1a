//! The table: every section and every key, with its meaning, an example, and how it is read.

use std::net::{IpAddr, SocketAddr};

use base::IpRange;
use edge::ca::checked_base_domain;
use tracing_subscriber::EnvFilter;

use super::value::{Read, Value};
use super::{Config, blobs, keys, limits, mm7, smpp, traces, upstream};

/// The default of a key that has none: it must be given.
pub(super) const REQUIRED: &str = "required";

/// A part of the file under one heading.
pub(super) struct Section {
    /// The heading; empty for the keys before the first one.
    pub(super) name: &'static str,
    /// What the section is for.
    pub(super) about: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
}

/// A key of a section.
pub(super) struct Key {
    /// Its name inside the section.
    pub(super) name: &'static str,
    /// What it means: whole sentences.
    pub(super) about: &'static str,
    /// A value as it may stand in the file.
    pub(super) example: &'static str,
    /// What holds without the key.
    pub(super) default: &'static str,
    /// The command-line flag that overrides it.
    pub(super) flag: Option<&'static str>,
    /// The environment variable that overrides it.
    pub(super) variable: Option<&'static str>,
    /// The keys of each entry, where the value is a list of tables.
    pub(super) entry: &'static [EntryKey],
    /// Puts the value into the configuration.
    pub(super) read: fn(&mut Config, &Value<'_>) -> Read,
}

/// A key of the tables in a list, which are read as a whole.
pub(super) struct EntryKey {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
    /// What holds without it; `None` when it must be there.
    pub(super) default: Option<&'static str>,
}

impl Key {
    /// A key that is read by `read`; without it, the setting is "none".
    pub(super) const fn new(
        name: &'static str,
        about: &'static str,
        example: &'static str,
        read: fn(&mut Config, &Value<'_>) -> Read,
    ) -> Self {
        Self { name, about, example, default: "none", flag: None, variable: None, entry: &[], read }
    }

    /// Says what holds without the key.
    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// Names the flag that overrides the key.
    pub(super) const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    /// Names the environment variable that overrides the key.
    pub(super) const fn variable(self, variable: &'static str) -> Self {
        Self { variable: Some(variable), ..self }
    }

    /// Says what each entry of the list has.
    pub(super) const fn entries(self, entry: &'static [EntryKey]) -> Self {
        Self { entry, ..self }
    }
}

/// Every section, in the order of the example.
pub(super) const SECTIONS: &[Section] = &[
    SERVER,
    TLS,
    WEBHOOKS,
    LOOKUP,
    smpp::SECTION,
    upstream::SECTION,
    mm7::SECTION,
    keys::KEYS,
    keys::VAULT,
    keys::AWS_KMS,
    blobs::SECTION,
    limits::LIMITS,
    limits::OPERATIONS,
    traces::SECTION,
];

/// What must hold between keys.
pub(super) enum Agreement {
    /// At most one of them may be there.
    OneOf(&'static [&'static str]),
    /// All of them are there, or none.
    Together(&'static [&'static str]),
    /// The first is of no use without the second.
    Needs(&'static str, &'static str),
}

/// What must hold between keys (whole names; a section's own name stands for any key of it).
pub(super) const AGREEMENTS: &[Agreement] = &[
    Agreement::OneOf(&["database", "database_file"]),
    Agreement::OneOf(&["simulator", "smpp"]),
    Agreement::OneOf(&["simulator", "upstream"]),
    Agreement::OneOf(&["simulator", "mm7"]),
    Agreement::Together(&["tls.certificate", "tls.key"]),
    Agreement::Together(&["webhooks.client_certificate", "webhooks.client_key"]),
    Agreement::OneOf(&["webhooks.proxy", "webhooks.proxy_file"]),
    Agreement::OneOf(&["smpp.file", "smpp.binds"]),
    Agreement::OneOf(&["smpp.file", "smpp.long_code_rate"]),
    Agreement::Needs("smpp.long_code_rate", "smpp.binds"),
    Agreement::OneOf(&["smpp.file", "smpp.toll_free_rate"]),
    Agreement::Needs("smpp.toll_free_rate", "smpp.binds"),
    Agreement::OneOf(&["smpp.file", "smpp.short_code_rate"]),
    Agreement::Needs("smpp.short_code_rate", "smpp.binds"),
    Agreement::OneOf(&["smpp.file", "smpp.alphanumeric_rate"]),
    Agreement::Needs("smpp.alphanumeric_rate", "smpp.binds"),
    Agreement::OneOf(&["smpp.file", "smpp.senders"]),
    Agreement::Needs("smpp.senders", "smpp.binds"),
    Agreement::OneOf(&["vault.token_file", "vault.role_id"]),
    Agreement::Together(&["vault.role_id", "vault.secret_id_file"]),
    Agreement::Together(&["blobs.bucket", "blobs.region"]),
    Agreement::Needs("blobs.endpoint", "blobs.bucket"),
    Agreement::Needs("blobs.prefix", "blobs.bucket"),
    Agreement::Needs("blobs.ca", "blobs.bucket"),
    Agreement::Needs("blobs.credentials_file", "blobs.bucket"),
    Agreement::Needs("blobs.profile", "blobs.credentials_file"),
    Agreement::Needs("blobs.timeout_s", "blobs.bucket"),
    Agreement::Needs("traces.ca", "traces.endpoint"),
    Agreement::Needs("traces.sample", "traces.endpoint"),
];

const SERVER: Section = Section {
    name: "",
    about: "",
    keys: &[
        Key::new(
            "data",
            "Folder for the database, keys and certificates; made on the first start.",
            "\"/var/lib/switchward\"",
            |config, value| {
                config.data = Some(value.path()?);
                Ok(())
            },
        )
        .default(REQUIRED)
        .flag("--data"),
        Key::new("listen", "Address and port to listen on.", "\"127.0.0.1:8080\"", |config, value| {
            config.listen = value.parsed::<SocketAddr>("an address and a port such as \"127.0.0.1:8080\"")?;
            Ok(())
        })
        .default("127.0.0.1:8080, which this machine alone can reach")
        .flag("--listen"),
        Key::new(
            "base_domain",
            "Domain of this server: products are reached as api.DOMAIN, lookups.DOMAIN and so on.",
            "\"comms.example.org\"",
            |config, value| {
                let domain = checked_base_domain(value.text()?);
                let wrong = |_| value.wrong("must be a host name of at least two labels, such as \"comms.example.org\"");
                config.base_domain = Some(domain.map_err(wrong)?);
                Ok(())
            },
        )
        .flag("--base-domain"),
        Key::new(
            "database",
            "PostgreSQL URL instead of the folder's own database. It holds a password: a secret.",
            "\"env:DATABASE_URL\"",
            |config, value| {
                config.database = Some(value.secret()?);
                Ok(())
            },
        )
        .default("SQLite in the data folder")
        .flag("--database")
        .variable("SWITCHWARD_DATABASE"),
        Key::new(
            "database_file",
            "File that holds the PostgreSQL URL, instead of `database`.",
            "\"/etc/switchward/database\"",
            |config, value| {
                config.database = Some(value.secret_file()?);
                Ok(())
            },
        ),
        Key::new(
            "simulator",
            "Deliver to simulated handsets instead of a network. Without this and [smpp], messages stay queued until their validity ends.",
            "true",
            |config, value| {
                config.simulator = value.boolean()?;
                Ok(())
            },
        )
        .default("false")
        .flag("--simulator"),
        Key::new("log", "What is logged, as a filter.", "\"warn,webhooks=debug\"", |config, value| {
            let filter = value.text()?;
            EnvFilter::try_new(filter)
                .map_err(|_| value.wrong("must be a log filter such as \"info\" or \"warn,webhooks=debug\""))?;
            config.log = Some(filter.to_owned());
            Ok(())
        })
        .default("info")
        .variable("SWITCHWARD_LOG"),
    ],
};

const TLS: Section = Section {
    name: "tls",
    about: "The certificate of the base domain.",
    keys: &[
        Key::new(
            "certificate",
            "Its chain (PEM), the server's own first.",
            "\"fullchain.pem\"",
            |config, value| {
                config.tls.certificate = Some(value.path()?);
                Ok(())
            },
        )
        .default("certificates of the private authority in the data folder")
        .flag("--tls-cert"),
        Key::new("key", "Its private key (PEM).", "\"privkey.pem\"", |config, value| {
            config.tls.key = Some(value.path()?);
            Ok(())
        })
        .flag("--tls-key"),
    ],
};

const WEBHOOKS: Section = Section {
    name: "webhooks",
    about: "Where webhooks may go, and whom they trust.",
    keys: &[
        Key::new(
            "allow_to",
            "Private address ranges that webhooks may reach; the public internet they reach anyway.",
            "[\"10.1.0.0/16\"]",
            |config, value| {
                config.webhooks.allow_to = value.list(|entry| {
                    entry.parsed::<IpRange>(
                        "an IP range such as \"10.1.0.0/16\" with no bits set behind the prefix",
                    )
                })?;
                Ok(())
            },
        )
        .flag("--allow-webhook-to"),
        Key::new(
            "ca",
            "Files with certificate authorities (PEM) that webhooks trust besides the public ones.",
            "[\"clinic-ca.pem\"]",
            |config, value| {
                config.webhooks.ca = value.list(Value::path)?;
                Ok(())
            },
        )
        .flag("--webhook-ca"),
        Key::new(
            "client_certificate",
            "Certificate chain (PEM) that is shown to servers that ask for one, our own first.",
            "\"client.pem\"",
            |config, value| {
                config.webhooks.client_certificate = Some(value.path()?);
                Ok(())
            },
        ),
        Key::new("client_key", "Its private key (PEM).", "\"client-key.pem\"", |config, value| {
            config.webhooks.client_key = Some(value.path()?);
            Ok(())
        }),
        Key::new(
            "source_addresses",
            "Addresses of this machine that webhooks leave from, the first of each family; a destination of a family \
             that is not among them is not reached.",
            "[\"203.0.113.7\"]",
            |config, value| {
                config.webhooks.source_addresses =
                    value.list(|entry| entry.parsed::<IpAddr>("an IP address such as \"203.0.113.7\""))?;
                Ok(())
            },
        )
        .default("the machine's own choice"),
        Key::new(
            "proxy",
            "HTTP proxy that all webhooks go through: http://host:port or http://user:password@host:port; it must \
             allow CONNECT to the ports of webhooks.",
            "\"env:WEBHOOK_PROXY\"",
            |config, value| {
                config.webhooks.proxy = Some(value.secret()?);
                Ok(())
            },
        ),
        Key::new("proxy_file", "File that holds the proxy instead.", "\"webhook-proxy\"", |config, value| {
            config.webhooks.proxy = Some(value.secret_file()?);
            Ok(())
        }),
    ],
};

const LOOKUP: Section = Section {
    name: "lookup",
    about: "What Lookup knows about phone numbers.",
    keys: &[Key::new(
        "table",
        "File (TOML with [[line]] entries) that says which carrier and kind a number or prefix has.",
        "\"numbers.toml\"",
        |config, value| {
            config.lookup.table = Some(value.path()?);
            Ok(())
        },
    )
    .flag("--lookup-table")],
};
