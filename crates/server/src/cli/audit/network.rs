//! How `switchward audit` reaches the service: by its flags, and by the variables that SDKs read and `switchward env`
//! prints.

use std::path::{Path, PathBuf};

use audit::Provider;
use audit::way::{Proxy, Way};
use audit::wire::{Trust, Wire};
use base::IpRange;
use url::{Host, Url};

use super::run::read_text;
use crate::environment::variable;
use crate::problem::{Problem, Result};

/// The way to the service.
pub(super) struct Network {
    /// Makes the requests.
    pub(super) wire: Wire,
    /// What stands between the product and the vendor's domain.
    pub(super) region: Option<String>,
    /// The host that a report names.
    pub(super) host: String,
}

impl Network {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable or a file cannot be used, or nothing says where the service is.
    pub(super) fn new(
        provider: Provider,
        base: Option<&Url>,
        ca: Option<&Path>,
        probes_may_reach: Vec<IpRange>,
    ) -> Result<Network> {
        if let Some(url) = base {
            check_base(url)?;
        }
        let proxy = either("https_proxy", "HTTPS_PROXY")?;
        let without_proxy = either("no_proxy", "NO_PROXY")?.unwrap_or_default();
        let ca = match ca {
            Some(file) => Some(file.to_owned()),
            None => variable("NODE_EXTRA_CA_CERTS")?.map(PathBuf::from),
        };
        let pem = ca.as_deref().map(read_text).transpose()?;
        let parsed = proxy.as_deref().map(|text| {
            Proxy::parse(text).ok_or_else(|| {
                Problem::new("HTTPS_PROXY must be http://host:port, perhaps with user:password@")
            })
        });
        let way = Way {
            proxy: parsed.transpose()?,
            without_proxy: without_proxy.split(',').map(str::to_owned).collect(),
            probes_may_reach,
        };
        let (trust, host) = match (provider, base, &pem) {
            // Without an address of its own it is reached as SDKs reach it: as their proxy, under the vendor's names.
            // Only its own authority counts then, so that the vendor itself, should it answer, is sent nothing.
            (Provider::Switchward, None, Some(pem)) if way.goes_through(VENDOR) => {
                (Trust::Only(pem), proxy_host(proxy.as_deref()))
            }
            (provider, None, _) if provider.needs_base() => return Err(nowhere(provider)),
            (_, _, Some(pem)) => (Trust::PublicAnd(pem), provider.host(base)),
            (_, _, None) => (Trust::Public, provider.host(base)),
        };
        let region = match (provider, base) {
            (Provider::Twilio, None) => region(variable("TWILIO_EDGE")?, variable("TWILIO_REGION")?)?,
            _ => None,
        };
        let host = region.as_ref().map_or(host.clone(), |region| format!("{region}.{host}"));
        let wire = Wire::new(trust, way).map_err(|what| {
            let file = ca.as_deref().unwrap_or(Path::new("")).display();
            Problem::new(format!("{file} {what}"))
        })?;
        Ok(Network { wire, region, host })
    }
}

/// A host of the vendor's, to ask whether its hosts are reached through the proxy.
const VENDOR: &str = "https://api.twilio.com";

fn nowhere(provider: Provider) -> Problem {
    let name = provider.as_str();
    Problem::new(match provider {
        Provider::Switchward => format!(
            "--base-url says where {name} is; without it, load what `switchward env` prints (HTTPS_PROXY and NODE_EXTRA_CA_CERTS, or --ca FILE)"
        ),
        _ => format!("--base-url says where {name} is"),
    })
}

/// Python's SDK reads the name in lower case first.
fn either(lower: &str, upper: &str) -> Result<Option<String>> {
    Ok(variable(lower)?.or(variable(upper)?))
}

fn proxy_host(proxy: Option<&str>) -> String {
    let url = proxy.and_then(|text| Url::parse(text).ok());
    Provider::Switchward.host(url.as_ref())
}

/// The labels that SDKs put before the domain: edge and region, of which a region alone may be given, and an edge alone
/// means the first region.
fn region(edge: Option<String>, region: Option<String>) -> Result<Option<String>> {
    let is_label = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !edge.iter().chain(&region).all(is_label) {
        return Err(Problem::new("TWILIO_EDGE and TWILIO_REGION must be letters, digits and hyphens"));
    }
    Ok(match (edge, region) {
        (None, None) => None,
        (None, Some(region)) => Some(region),
        (Some(edge), region) => Some(format!("{edge}.{}", region.as_deref().unwrap_or("us1"))),
    })
}

/// Credentials cross a network only encrypted (GEN-HTTPS-1).
fn check_base(url: &Url) -> Result<()> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        _ => Err(Problem::new("--base-url must be https: credentials go in clear to this machine only")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_regions_as_the_sdks_do() {
        let named =
            |edge: Option<&str>, it: Option<&str>| region(edge.map(str::to_owned), it.map(str::to_owned));
        assert_eq!(named(None, None).expect("none"), None);
        assert_eq!(named(None, Some("ie1")).expect("a region").as_deref(), Some("ie1"));
        assert_eq!(named(Some("dublin"), Some("ie1")).expect("both").as_deref(), Some("dublin.ie1"));
        assert_eq!(named(Some("ashburn"), None).expect("an edge").as_deref(), Some("ashburn.us1"));
        // Nothing that would lead to a host of somebody else.
        for text in ["evil.example.org/", "x:8080", "a b", "x@y"] {
            assert!(named(None, Some(text)).is_err(), "{text}");
        }
    }
}
