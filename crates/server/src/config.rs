//! The configuration file: one TOML file with every setting of `switchward serve`.
//!
//! Reading order: `sections` (the table: every key with its meaning, an example, and the function that
//! reads it), [`Config`] (what comes of it), `reader` (how a document is walked along the table), `value`
//! (a value and where it stands), `mistake` (what the operator is told), `secret` (what may stand
//! elsewhere), `smpp`, `upstream`, `keys` and `blobs` (long sections), `page` (the example and the documentation, from the same table).
//!
//! # Adding a section
//!
//! 1. A struct with documented fields and a `Default`, as a field of [`Config`]. Usually it is the
//!    `Config` of the component that it is for.
//! 2. A `Section` in `sections.rs`, or in a file of its own beside it when it is long, with one row per
//!    key, and its name in `SECTIONS`. Keys that exclude or need each other go into `AGREEMENTS`.
//! 3. Whoever uses it takes it from [`Config`] in `cli/serve.rs`. Files that it names are opened by
//!    `settings::Settings::load`, so that `switchward config check` tries them too.
//!
//! Nothing else: the example, the page `docs/configuration.md` and the tests go through the table.
//!
//! What this module must not do: put a value into an error (it may be a secret), or let a command-line
//! flag be more than a key.

mod blobs;
mod keys;
mod limits;
mod mistake;
mod mm7;
pub(crate) mod page;
mod reader;
mod secret;
mod sections;
mod smpp;
#[cfg(test)]
mod tests;
mod traces;
mod upstream;
mod value;

use std::fs;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base::IpRange;
use kit::GateConfig;
use zeroize::Zeroizing;

pub use blobs::BucketSettings;
pub use keys::{AwsKms, Holder, Keys, Vault};
pub use limits::Operations;
pub use mistake::{Mistake, Mistakes};
pub use mm7::Mm7;
pub use secret::SecretSource;
pub use smpp::{Smpp, SmppBinds};
pub use traces::Traces;
pub use upstream::Upstream;

use crate::problem::{Problem, Result};

/// Largest configuration file, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Mistakes that are reported at a time; whoever has made more goes on after mending these.
pub const MAX_MISTAKES: usize = 20;
/// Entries of one list.
pub const MAX_LIST: usize = 256;
/// Permission bits that the file must not have when a secret stands in it: its group may read it.
const FORBIDDEN_MODE: u32 = 0o027;

/// Every setting of the server.
#[derive(Debug)]
pub struct Config {
    /// The data folder. There is no default: a database must not appear where nobody expects it.
    pub data: Option<PathBuf>,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// PostgreSQL URL instead of the folder's own database.
    pub database: Option<SecretSource>,
    /// The operator's own domain.
    pub base_domain: Option<String>,
    /// What is logged, as a filter.
    pub log: Option<String>,
    /// Whether messages go to simulated handsets.
    pub simulator: bool,
    /// The certificate of the base domain.
    pub tls: Tls,
    /// Where webhooks may go.
    pub webhooks: Webhooks,
    /// What is known about phone numbers.
    pub lookup: Lookup,
    /// The SMSCs.
    pub smpp: Option<Smpp>,
    /// The vendors who speak Twilio's API.
    pub upstream: Option<Upstream>,
    /// The MMSCs.
    pub mm7: Option<Mm7>,
    /// How much anybody may ask for.
    pub limits: GateConfig,
    /// Who may watch.
    pub operations: Operations,
    /// Where traces go.
    pub traces: Traces,
    /// What holds the master key.
    pub keys: Keys,
    /// The bucket in place of the folder of media.
    pub blobs: BucketSettings,
}

/// The certificate of the base domain; both or neither.
#[derive(Debug, Default)]
pub struct Tls {
    /// Its chain (PEM).
    pub certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
}

/// Where webhooks may go, and whom they trust.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// Ranges outside the public internet that may be reached all the same.
    pub allow_to: Vec<IpRange>,
    /// Certificate authorities (PEM) that are trusted besides the public ones.
    pub ca: Vec<PathBuf>,
    /// The certificate chain (PEM) shown to servers that ask for one.
    pub client_certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub client_key: Option<PathBuf>,
    /// Addresses that webhooks leave from.
    pub source_addresses: Vec<IpAddr>,
    /// The proxy that they go through.
    pub proxy: Option<SecretSource>,
}

/// What is known about phone numbers.
#[derive(Debug, Default)]
pub struct Lookup {
    /// A table in TOML.
    pub table: Option<PathBuf>,
}

/// Where the server listens unless told otherwise: this machine alone can reach it.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

impl Default for Config {
    fn default() -> Self {
        Self {
            data: None,
            listen: DEFAULT_LISTEN,
            database: None,
            base_domain: None,
            log: None,
            simulator: false,
            tls: Tls::default(),
            webhooks: Webhooks::default(),
            lookup: Lookup::default(),
            smpp: None,
            upstream: None,
            mm7: None,
            limits: GateConfig::default(),
            operations: Operations::default(),
            traces: Traces::default(),
            keys: Keys::default(),
            blobs: BucketSettings::default(),
        }
    }
}

/// What a file says, and whether a secret stands in it.
#[derive(Debug)]
pub struct Parsed {
    /// The settings; those that the file leaves out have their defaults.
    pub config: Config,
    /// A key whose value is itself a secret, if there is one: the file must then be private.
    pub secret_key: Option<String>,
}

/// Reads the text of a configuration file. Relative paths in it start at `folder`.
///
/// A function of its arguments: no file is opened and no variable read. This is what is fuzzed.
///
/// # Errors
/// [`Mistakes`], each with its place: up to [`MAX_MISTAKES`] of them.
pub fn parse(text: &str, folder: &Path) -> Result<Parsed, Mistakes> {
    reader::read(text, folder, "")
}

/// Reads a configuration file.
///
/// # Errors
/// When it cannot be read, has mistakes, or holds a secret and is open to other users.
pub(crate) fn read(path: &Path) -> Result<Config> {
    read_part(path, "")
}

/// Reads a file that holds one section of the configuration.
fn read_part(path: &Path, section: &str) -> Result<Config> {
    let failed = |error| Problem::file("cannot read", path, &error);
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 1));
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::new(format!("{} is not UTF-8, as TOML must be", path.display())))?;
    // Relative to what the name stands for, not to where a link to it lies.
    let real = path.canonicalize().map_err(failed)?;
    let folder = real.parent().unwrap_or(Path::new("/"));
    let parsed =
        reader::read(text, folder, section).map_err(|mistakes| Problem::new(mistakes.in_file(path)))?;
    match parsed.secret_key {
        Some(key) if mode & FORBIDDEN_MODE != 0 => Err(Problem::new(format!(
            "{} holds a secret (key `{key}`) and is open to other users: `chmod 600` it, or move the secret to a file of its own",
            path.display()
        ))),
        _ => Ok(parsed.config),
    }
}
