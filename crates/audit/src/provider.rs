//! Whose API is read, and where its parts are.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::report::SubjectKind;
use crate::resource::{Purpose, Resource};

/// What SignalWire's published document of its compatibility API lists of the 2010 API, below the account. Keys, short
/// codes, usage, SIP and connect apps are not among it.
const OF_SIGNALWIRE: &[&str] = &[
    ".json",
    "/Applications.json",
    "/Calls.json",
    "/IncomingPhoneNumbers.json",
    "/Messages.json",
    "/Recordings.json",
];

/// A vendor whose API the audit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Twilio itself.
    Twilio,
    /// SignalWire's compatibility API: the 2010 API under `/api/laml`, and nothing else of Twilio's.
    SignalWire,
    /// This platform.
    Switchward,
    /// Segment's Public API.
    Segment,
}

impl Provider {
    /// All of them.
    pub const ALL: [Provider; 4] =
        [Provider::Twilio, Provider::SignalWire, Provider::Switchward, Provider::Segment];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Twilio => "twilio",
            Provider::SignalWire => "signalwire",
            Provider::Switchward => "switchward",
            Provider::Segment => "segment",
        }
    }

    /// The provider of this name.
    pub fn named(name: &str) -> Option<Provider> {
        Provider::ALL.into_iter().find(|provider| provider.as_str() == name)
    }

    /// What its subjects are.
    pub const fn subjects(self) -> SubjectKind {
        match self {
            Provider::Segment => SubjectKind::Workspace,
            Provider::Twilio | Provider::SignalWire | Provider::Switchward => SubjectKind::Account,
        }
    }

    /// Whether one has to say where it is, because there is no public place.
    pub const fn needs_base(self) -> bool {
        matches!(self, Provider::SignalWire | Provider::Switchward)
    }

    /// Whether it has an API that this is read from.
    pub fn has(self, resource: &Resource) -> bool {
        match (self, resource.product) {
            (Provider::Segment, product) => product == "segment",
            (Provider::Switchward, product) => product != "segment",
            (Provider::Twilio, product) => !matches!(product, "segment" | "switchward"),
            (Provider::SignalWire, "api") => {
                let below = resource.path.strip_prefix("/2010-04-01/Accounts/{account}");
                resource.purpose == Purpose::Probe
                    || below.is_some_and(|below| OF_SIGNALWIRE.contains(&below))
            }
            (Provider::SignalWire, _) => false,
        }
    }

    /// Where a path of a product is; none when this provider has no such API.
    ///
    /// With a base, the product is its first path segment, as Switchward routes requests without a product's host.
    pub fn place(self, base: Option<&Url>, product: &str, path: &str) -> Option<String> {
        let has_it = match product {
            "segment" => self == Provider::Segment,
            "switchward" => self == Provider::Switchward,
            _ => self != Provider::Segment,
        };
        if !has_it {
            return None;
        }
        let base = base.map(|base| base.as_str().trim_end_matches('/'));
        Some(match (self, base) {
            (Provider::Segment, None) => format!("https://api.segmentapis.com{path}"),
            (Provider::Segment, Some(base)) => format!("{base}{path}"),
            (Provider::SignalWire, base) if product == "api" => format!("{}/api/laml{path}", base?),
            (Provider::SignalWire, _) => return None,
            // Switchward stands in for the vendor's hosts when it is the client's proxy.
            (Provider::Twilio | Provider::Switchward, None) => format!("https://{product}.twilio.com{path}"),
            (Provider::Twilio | Provider::Switchward, base) => match product {
                "api" | "switchward" => format!("{}{path}", base?),
                _ => format!("{}/{product}{path}", base?),
            },
        })
    }

    /// The host that a report names.
    pub fn host(self, base: Option<&Url>) -> String {
        match (self, base) {
            (_, Some(base)) => match (base.host_str(), base.port()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                (host, _) => host.unwrap_or_default().to_owned(),
            },
            (Provider::Segment, None) => "api.segmentapis.com".to_owned(),
            (_, None) => "twilio.com".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_its_places() {
        let base = Url::parse("http://127.0.0.1:8080/").unwrap();
        let place = |provider: Provider, base: Option<&Url>, product| provider.place(base, product, "/v1/X");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(place(Provider::Twilio, None, "video"), text("https://video.twilio.com/v1/X"));
        assert_eq!(place(Provider::Twilio, Some(&base), "video"), text("http://127.0.0.1:8080/video/v1/X"));
        assert_eq!(place(Provider::Switchward, Some(&base), "api"), text("http://127.0.0.1:8080/v1/X"));
        assert_eq!(
            place(Provider::Switchward, Some(&base), "switchward"),
            text("http://127.0.0.1:8080/v1/X")
        );
        assert_eq!(
            place(Provider::Switchward, None, "switchward"),
            text("https://switchward.twilio.com/v1/X"),
            "by the vendor's names, of which its proxy answers for all"
        );
        assert_eq!(
            place(Provider::SignalWire, Some(&base), "api"),
            text("http://127.0.0.1:8080/api/laml/v1/X")
        );
        assert_eq!(place(Provider::SignalWire, Some(&base), "video"), None, "it has no such API");
        assert_eq!(place(Provider::Segment, None, "segment"), text("https://api.segmentapis.com/v1/X"));
        assert_eq!(place(Provider::Segment, None, "api"), None);
        assert_eq!(place(Provider::Twilio, None, "segment"), None);
        assert_eq!(place(Provider::Twilio, None, "switchward"), None);
    }

    #[test]
    fn signalwire_has_what_its_document_lists() {
        let has = |name: &str| {
            let resource = crate::products::resources().find(|it| it.name == name).unwrap();
            Provider::SignalWire.has(resource)
        };
        assert!(
            has("IncomingPhoneNumbers") && has("Messages") && has("Account") && has("Probe of plain HTTP")
        );
        assert!(!has("Keys") && !has("UsageRecords") && !has("Recording AddOnResults"));
        assert!(!has("Probe of video media") && !has("Flows") && !has("Sources"));
    }
}
