//! The section `[traces]`: where spans are sent, and of how many requests.

use std::path::PathBuf;

use url::{Host, Url};

use super::sections::{Key, Section};

/// Where a collector takes traces over HTTP, unless the endpoint names a path (OTLP specification, OTLP/HTTP).
const PATH: &str = "/v1/traces";

/// Where traces go; nowhere without an endpoint.
#[derive(Debug)]
pub struct Traces {
    /// The collector.
    pub endpoint: Option<Url>,
    /// The authority of its certificate (PEM).
    pub ca: Option<PathBuf>,
    /// The share of traces that are recorded, 0 to 1.
    pub sample: f64,
}

impl Default for Traces {
    fn default() -> Self {
        Self { endpoint: None, ca: None, sample: 1.0 }
    }
}

/// The endpoint as it is asked; `None` when it is not one, or would be spoken to in the clear over a network.
fn endpoint(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.path() == "/" {
        url.set_path(PATH);
    }
    (is_private && is_plain).then_some(url)
}

pub(super) const SECTION: Section = Section {
    name: "traces",
    about: "OpenTelemetry traces, for a program that was built with them (docs/observability.md).",
    keys: &[
        Key::new(
            "endpoint",
            "Collector that takes OTLP over HTTP; without a path, /v1/traces. Plain http only on this machine.",
            "\"https://collector.example.org:4318\"",
            |config, value| {
                let wrong = || {
                    value.wrong(
                        "must be https://host[:port][/path] without credentials or query, or http:// on this machine",
                    )
                };
                config.traces.endpoint = Some(endpoint(value.text()?).ok_or_else(wrong)?);
                Ok(())
            },
        )
        .default("no traces"),
        Key::new("ca", "Authority (PEM) of its certificate.", "\"collector-ca.pem\"", |config, value| {
            config.traces.ca = Some(value.path()?);
            Ok(())
        })
        .default("the public ones"),
        Key::new(
            "sample",
            "Share of the traces that begin here which are recorded, from 0 to 1; those of callers who record \
             theirs always are.",
            "0.1",
            |config, value| {
                config.traces.sample = value.number(0.0..=1.0)?;
                Ok(())
            },
        )
        .default("1"),
    ],
};
