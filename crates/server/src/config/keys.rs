//! The sections `[keys]`, `[vault]` and `[aws_kms]`: what holds the master key.

use std::path::PathBuf;
use std::time::Duration;

use kms::Binding;

use super::Config;
use super::sections::{Key, Section};
use super::value::{Read, Value};

/// What holds a master key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// The file `master.key` of the data folder, or the environment variable in its place.
    #[default]
    File,
    /// Vault's transit engine.
    Vault,
    /// AWS KMS.
    AwsKms,
}

/// What holds the master key now, and what held it before.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// What wraps keys.
    pub holder: Holder,
    /// What still opens keys that were wrapped before.
    pub earlier: Vec<Holder>,
    /// Vault's transit engine.
    pub vault: Vault,
    /// AWS KMS.
    pub aws_kms: AwsKms,
}

/// Where the transit key is; paths are not opened yet.
#[derive(Clone, Debug)]
pub struct Vault {
    /// `https://host[:port]`.
    pub address: Option<String>,
    /// The authority of its certificate (PEM).
    pub ca: Option<PathBuf>,
    /// The namespace.
    pub namespace: Option<String>,
    /// Where the engine is mounted.
    pub mount: String,
    /// The key's name.
    pub key: String,
    /// How keys are bound to what they are for.
    pub binding: Binding,
    /// A file with a token.
    pub token_file: Option<PathBuf>,
    /// Where AppRole is mounted.
    pub role_mount: String,
    /// An AppRole's id.
    pub role_id: Option<String>,
    /// The file with its secret id.
    pub secret_id_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            address: None,
            ca: None,
            namespace: None,
            mount: "transit".to_owned(),
            key: "switchward".to_owned(),
            binding: Binding::default(),
            token_file: None,
            role_mount: "approle".to_owned(),
            role_id: None,
            secret_id_file: None,
            timeout: kms::limits::ANSWER,
        }
    }
}

/// Which KMS key; paths are not opened yet.
#[derive(Clone, Debug)]
pub struct AwsKms {
    /// The region.
    pub region: Option<String>,
    /// The key's id, ARN or alias.
    pub key: Option<String>,
    /// Another endpoint than the region's.
    pub endpoint: Option<String>,
    /// The authority of the endpoint's certificate (PEM).
    pub ca: Option<PathBuf>,
    /// A file in the shared format of AWS.
    pub credentials_file: Option<PathBuf>,
    /// The profile in it.
    pub profile: String,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for AwsKms {
    fn default() -> Self {
        Self {
            region: None,
            key: None,
            endpoint: None,
            ca: None,
            credentials_file: None,
            profile: "default".to_owned(),
            timeout: kms::limits::ANSWER,
        }
    }
}

fn holder(value: &Value<'_>) -> Read<Holder> {
    match value.text() {
        Ok("file") => Ok(Holder::File),
        Ok("vault") => Ok(Holder::Vault),
        Ok("aws-kms") => Ok(Holder::AwsKms),
        _ => Err(value.wrong("must be \"file\", \"vault\" or \"aws-kms\"")),
    }
}

fn seconds(value: &Value<'_>) -> Read<Duration> {
    value.number(0.1..=60.0).map(Duration::from_secs_f64)
}

pub(super) const KEYS: Section = Section {
    name: "keys",
    about: "What holds the master key, which wraps all others. See docs/keys-and-backup.md.",
    keys: &[
        Key::new(
            "holder",
            "\"file\" (master.key in the data folder, or SWITCHWARD_MASTER_KEY), \"vault\" or \"aws-kms\".",
            "\"vault\"",
            |config: &mut Config, value| {
                config.keys.holder = holder(value)?;
                Ok(())
            },
        )
        .default("file"),
        Key::new(
            "earlier",
            "Holders that still open what they wrapped before; `switchward keys rewrap` moves it to the present one.",
            "[\"file\"]",
            |config, value| {
                config.keys.earlier = value.list(holder)?;
                Ok(())
            },
        ),
    ],
};

pub(super) const VAULT: Section = Section {
    name: "vault",
    about: "Vault's (or OpenBao's) transit engine as a holder of the master key.",
    keys: &[
        Key::new(
            "address",
            "Its address; plain http only for an agent on this machine.",
            "\"https://vault.example.org:8200\"",
            |config, value| {
                config.keys.vault.address = Some(value.text()?.to_owned());
                Ok(())
            },
        ),
        Key::new("ca", "Authority (PEM) of its certificate.", "\"vault-ca.pem\"", |config, value| {
            config.keys.vault.ca = Some(value.path()?);
            Ok(())
        })
        .default("the public ones"),
        Key::new("namespace", "Its namespace.", "\"clinic\"", |config, value| {
            config.keys.vault.namespace = Some(value.text()?.to_owned());
            Ok(())
        }),
        Key::new("mount", "Where the engine is mounted.", "\"transit\"", |config, value| {
            config.keys.vault.mount = value.text()?.to_owned();
            Ok(())
        })
        .default("transit"),
        Key::new("key", "Name of the transit key.", "\"switchward\"", |config, value| {
            config.keys.vault.key = value.text()?.to_owned();
            Ok(())
        })
        .default("switchward"),
        Key::new(
            "binding",
            "How keys are bound to what they are for: \"associated-data\", or \"context\" for a key made with derived=true.",
            "\"context\"",
            |config, value| {
                config.keys.vault.binding = match value.text() {
                    Ok("associated-data") => Binding::AssociatedData,
                    Ok("context") => Binding::Context,
                    _ => return Err(value.wrong("must be \"associated-data\" or \"context\"")),
                };
                Ok(())
            },
        )
        .default("associated-data"),
        Key::new(
            "token_file",
            "File with a token, read again when Vault refuses the one we have (Vault Agent's sink).",
            "\"/run/vault/token\"",
            |config, value| {
                config.keys.vault.token_file = Some(value.path()?);
                Ok(())
            },
        ),
        Key::new("role_id", "AppRole to log in with, instead of a token.", "\"switchward\"", |config, value| {
            config.keys.vault.role_id = Some(value.text()?.to_owned());
            Ok(())
        }),
        Key::new(
            "secret_id_file",
            "File with the AppRole's secret id.",
            "\"/etc/switchward/vault-secret-id\"",
            |config, value| {
                config.keys.vault.secret_id_file = Some(value.path()?);
                Ok(())
            },
        ),
        Key::new("role_mount", "Where AppRole is mounted.", "\"approle\"", |config, value| {
            config.keys.vault.role_mount = value.text()?.to_owned();
            Ok(())
        })
        .default("approle"),
        Key::new("timeout_s", "Seconds that one request may take.", "2.5", |config, value| {
            config.keys.vault.timeout = seconds(value)?;
            Ok(())
        })
        .default("5"),
    ],
};

pub(super) const AWS_KMS: Section = Section {
    name: "aws_kms",
    about: "AWS KMS as a holder of the master key.",
    keys: &[
        Key::new("region", "Its region.", "\"eu-central-1\"", |config, value| {
            config.keys.aws_kms.region = Some(value.text()?.to_owned());
            Ok(())
        }),
        Key::new(
            "key",
            "The key's id, ARN or alias. It names the key in the database: keep what you wrote.",
            "\"alias/switchward\"",
            |config, value| {
                config.keys.aws_kms.key = Some(value.text()?.to_owned());
                Ok(())
            },
        ),
        Key::new(
            "endpoint",
            "Another endpoint than the region's.",
            "\"https://kms.internal\"",
            |config, value| {
                config.keys.aws_kms.endpoint = Some(value.text()?.to_owned());
                Ok(())
            },
        )
        .default("the region's"),
        Key::new(
            "ca",
            "Authority (PEM) of the endpoint's certificate.",
            "\"kms-ca.pem\"",
            |config, value| {
                config.keys.aws_kms.ca = Some(value.path()?);
                Ok(())
            },
        )
        .default("the public ones"),
        Key::new(
            "credentials_file",
            "File with credentials in the shared format, read for each request.",
            "\"/etc/switchward/aws-credentials\"",
            |config, value| {
                config.keys.aws_kms.credentials_file = Some(value.path()?);
                Ok(())
            },
        )
        .default("the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"),
        Key::new("profile", "The profile in it.", "\"switchward\"", |config, value| {
            config.keys.aws_kms.profile = value.text()?.to_owned();
            Ok(())
        })
        .default("default"),
        Key::new("timeout_s", "Seconds that one request may take.", "2.5", |config, value| {
            config.keys.aws_kms.timeout = seconds(value)?;
            Ok(())
        })
        .default("5"),
    ],
};
