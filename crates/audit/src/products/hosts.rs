//! Where a URL may lead: the questions that the URLs of every product are asked alike.
//!
//! They look at every URL that is kept of an item, so that a field that is added to a resource is asked too.

use crate::check::Notes;
use crate::fact::{Fact, UrlFacts};
use crate::observations::Item;

/// Domains whose hosts are the vendor's own. Functions (`twil.io`) are not among them: they are the code of whoever
/// wrote them, so the customer registers its own.
const VENDORS: &[&str] = &["twilio.com", "signalwire.com"];
/// Hosts of Runtime tools on the guide's list: Studio's flows and TwiML bins.
const RUNTIME: &[&str] = &["webhooks.twilio.com", "handler.twilio.com"];
/// Where TwiML bins are served.
const BINS: &str = "handler.twilio.com";
/// Where bots of the withdrawn Autopilot were served.
const AUTOPILOT: &str = "channels.autopilot.twilio.com";
/// Hosted TwiML that is on no list.
const TWIMLETS: &str = "twimlets.com";
/// Hosts of services that are not eligible: mail, other channels, and AI of vendors.
const INELIGIBLE: &[&str] = &[
    AUTOPILOT,
    "api.sendgrid.com",
    "api.sendgrid.net",
    "graph.facebook.com",
    "assistants.twilio.com",
    "intelligence.twilio.com",
];
/// Fields that name TwiML for calls or messages.
const TWIML: &[&str] = &[
    "voice_url",
    "voice_fallback_url",
    "sms_url",
    "sms_fallback_url",
    "inbound_request_url",
    "fallback_url",
];
/// Those of them, and callbacks, through which messages go.
const MESSAGES: &[&str] = &[
    "sms_url",
    "sms_fallback_url",
    "inbound_request_url",
    "fallback_url",
    "message_status_callback",
    "sms_status_callback",
];

fn urls(item: &Item) -> impl Iterator<Item = (&str, &UrlFacts)> {
    item.facts.iter().flat_map(|(field, fact)| {
        let urls = if let Fact::Urls(urls) = fact { urls.as_slice() } else { &[] };
        urls.iter().map(move |url| (field, url))
    })
}

/// Whether a host is the vendor's.
pub fn is_vendor(host: &str) -> bool {
    VENDORS
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Every URL is encrypted.
pub fn encrypted(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        notes.wants(url.is_encrypted(), field, "is not an https URL");
    }
}

/// No URL has a query that promises PHI.
pub fn silent(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        notes.wants(!url.telling, field, "has query parameters whose names promise PHI");
    }
}

/// Every URL that is not the vendor's leads to a party of the register.
pub fn registered(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        known(field, url, notes);
    }
}

/// As [`registered`], of the URLs through which messages go.
pub fn messages_registered(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item).filter(|(field, _)| MESSAGES.contains(field)) {
        known(field, url, notes);
    }
}

fn known(field: &str, url: &UrlFacts, notes: &mut Notes<'_>) {
    if !is_vendor(&url.host) {
        notes.wants(
            notes.is_registered(&url.host),
            field,
            "leads to a host that is not in the register of third parties under agreement",
        );
    }
}

/// No URL leads to a bot of Autopilot.
pub fn not_autopilot(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        notes.wants(url.host != AUTOPILOT, field, "leads to Autopilot, which is not eligible");
    }
}

/// No URL leads to a service that is not eligible.
pub fn not_ineligible(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        let leads = INELIGIBLE.contains(&url.host.as_str());
        notes.wants(!leads, field, "is an edge from an eligible service to one that is not eligible");
    }
}

/// A URL that is served by the vendor is served by a Runtime tool on the list.
pub fn runtime(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item) {
        if is_vendor(&url.host) || url.host == TWIMLETS {
            let listed = RUNTIME.contains(&url.host.as_str());
            notes.wants(listed, field, "is served by a tool of the vendor that is not on the list");
        }
    }
}

/// A TwiML bin is called with nothing that promises PHI.
pub fn bins(item: &Item, notes: &mut Notes<'_>) {
    for (field, url) in urls(item).filter(|(_, url)| url.host == BINS) {
        notes.wants(!url.telling, field, "calls a TwiML bin with query parameters whose names promise PHI");
    }
}

/// TwiML that the customer serves asks for a login. What the vendor serves cannot.
pub fn asks_for_login(item: &Item, notes: &mut Notes<'_>) {
    let own = urls(item).filter(|(field, url)| TWIML.contains(field) && !is_vendor(&url.host));
    for (field, url) in own {
        notes.wants(url.login, field, "carries no login, so whoever knows the URL can ask for the TwiML");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_host_is_its_domain_or_below_it() {
        assert!(is_vendor("webhooks.twilio.com"));
        assert!(is_vendor("twilio.com"));
        assert!(!is_vendor("nottwilio.com"), "another domain that ends alike");
        assert!(!is_vendor("twilio.com.example.org"));
        assert!(!is_vendor("shop-1234.twil.io"), "functions are somebody's code");
        assert!(!is_vendor(""));
    }
}
