//! What the configuration stands for: the files and secrets that it names, opened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edge::tls::load_certificate;
use lookup::{LocalTable, Provider};
use mm7::Mm7Config;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use smpp_net::SmppConfig;
use upstream::UpstreamConfig;
use webhooks::{ClientIdentity, Egress, Proxy, WebhooksConfig, read_authorities};
use zeroize::Zeroizing;

use crate::bucket;
use crate::config::{self, Config, Mm7, SecretSource, Smpp, Tls, Upstream};
use crate::problem::{Problem, Result};
use crate::traces::Collector;

/// The settings of a server that is about to start.
pub(crate) struct Settings {
    /// The PostgreSQL URL, when one is used.
    pub(crate) database: Option<Zeroizing<String>>,
    /// The certificate of the base domain.
    pub(crate) certificate: Option<Arc<CertifiedKey>>,
    /// Where webhooks may go.
    pub(crate) webhooks: WebhooksConfig,
    /// What is known about phone numbers.
    pub(crate) numbers: Arc<dyn Provider>,
    /// The SMSCs.
    pub(crate) smpp: Option<SmppConfig>,
    /// The vendors who speak Twilio's API.
    pub(crate) upstream: Option<UpstreamConfig>,
    /// The MMSCs.
    pub(crate) mm7: Option<Mm7Config>,
    /// Where traces go.
    pub(crate) collector: Option<Collector>,
}

impl Settings {
    /// Opens everything that the configuration names, and changes nothing.
    ///
    /// # Errors
    /// When a file or a variable cannot be used.
    pub(crate) fn load(config: &mut Config) -> Result<Self> {
        let database = config.database.as_ref().map(|source| source.reveal());
        let webhooks = std::mem::take(&mut config.webhooks);
        let identity = client_identity(&webhooks)?;
        bucket::bucket(&config.blobs)?;
        Ok(Self {
            database: database
                .transpose()
                .map_err(|problem| Problem::new(format!("the database: {problem}")))?,
            certificate: certificate(&config.tls)?,
            webhooks: WebhooksConfig {
                allowed_private: webhooks.allow_to,
                operator_roots: authorities(&webhooks.ca)?,
                identity,
                egress: Egress { sources: webhooks.source_addresses, proxy: webhook_proxy(webhooks.proxy)? },
            },
            numbers: lookup_table(config.lookup.table.as_deref())?,
            collector: Collector::load(&config.traces)?,
            smpp: config.smpp.take().map(Smpp::load).transpose()?,
            upstream: config.upstream.take().map(Upstream::load).transpose()?,
            mm7: config.mm7.take().map(Mm7::load).transpose()?,
        })
    }
}

fn client_identity(webhooks: &config::Webhooks) -> Result<Option<ClientIdentity>> {
    let (Some(chain), Some(key)) = (&webhooks.client_certificate, &webhooks.client_key) else {
        return Ok(None);
    };
    let read = |path: &Path| {
        let text = fs::read_to_string(path).map(Zeroizing::new);
        text.map_err(|error| Problem::file("cannot read", path, &error))
    };
    let identity = ClientIdentity::from_pem(&read(chain)?, &read(key)?);
    identity.map(Some).map_err(|problem| Problem::new(format!("{}: {problem}", chain.display())))
}

fn webhook_proxy(source: Option<SecretSource>) -> Result<Option<Proxy>> {
    let Some(source) = source else { return Ok(None) };
    let text =
        source.reveal().map_err(|problem| Problem::new(format!("the proxy for webhooks: {problem}")))?;
    let proxy = text.parse().map_err(|error| Problem::new(format!("the proxy for webhooks: {error}")));
    proxy.map(Some)
}

fn certificate(tls: &Tls) -> Result<Option<Arc<CertifiedKey>>> {
    match (&tls.certificate, &tls.key) {
        (Some(chain), Some(key)) => {
            let (shown, key_shown) = (chain.display(), key.display());
            load_certificate(chain, key).map(Some).map_err(|error| {
                Problem::new(format!("cannot use the certificate {shown} with the key {key_shown}: {error}"))
            })
        }
        (None, None) => Ok(None),
        _ => Err(Problem::new("a TLS certificate and its key go together: give both")),
    }
}

/// The certificate authorities in these PEM files.
fn authorities(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    for file in files {
        let pem = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
        let read = read_authorities(&pem);
        found.extend(read.map_err(|error| Problem::new(format!("{}: {error}", file.display())))?);
    }
    Ok(found)
}

/// What the operator knows about phone numbers; nothing without a file.
fn lookup_table(file: Option<&Path>) -> Result<Arc<dyn Provider>> {
    let Some(file) = file else { return Ok(Arc::new(LocalTable::default())) };
    let text = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
    let table = LocalTable::parse(&text);
    Ok(Arc::new(table.map_err(|error| Problem::new(format!("{}: {error}", file.display())))?))
}
