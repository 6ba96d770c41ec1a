//! Event Streams and the Salesforce package: where events go, and which.

use serde_json::Value;

use crate::check::{Check, Notes, each, never};
use crate::fact::Fact;
use crate::fact::Keep::{Urls, With, Words};
use crate::observations::Item;
use crate::resource::Resource;

/// Sinks.
pub static SINKS: Resource = Resource::list("Sinks", "events", "/v1/Sinks", "sinks").keep(&[
    ("sink_type", Words(&["kinesis", "webhook", "segment", "email"])),
    ("sink_configuration.destination", Urls),
]);

/// Subscriptions.
pub static SUBSCRIPTIONS: Resource =
    Resource::list("Subscriptions", "events", "/v1/Subscriptions", "subscriptions");

/// The types of events subscribed to.
pub static TYPES: Resource =
    Resource::list("SubscribedEvents", "events", "/v1/Subscriptions/{1}/SubscribedEvents", "types")
        .under(&SUBSCRIPTIONS)
        .id("type")
        .keep(&[("type", With(standing))]);

/// Connect Apps that may act on the account.
pub static CONNECT_APPS: Resource = Resource::list(
    "AuthorizedConnectApps",
    "api",
    "/2010-04-01/Accounts/{account}/AuthorizedConnectApps.json",
    "authorized_connect_apps",
)
.id("connect_app_sid")
.keep(&[("connect_app_homepage_url", Urls)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&SINKS, &SUBSCRIPTIONS, &TYPES, &CONNECT_APPS];

/// Whose events begin how, and whether that is an eligible service; what stands in no row is on no list.
///
/// The prefixes are those of the vendor's list of event types (twilio.com/docs/events/event-types). What it calls
/// Engagement Intelligence is Voice Intelligence.
const SYSTEMS: &[(&str, bool)] = &[
    ("com.twilio.accountsecurity.verify.", true),
    ("com.twilio.apiusage.taskrouter.", true),
    ("com.twilio.conversations.", true),
    ("com.twilio.engagement-intelligence.", false),
    ("com.twilio.error-logs.", true),
    ("com.twilio.iam.", true),
    ("com.twilio.intelligence.", false),
    ("com.twilio.lookup.", true),
    ("com.twilio.messaging.", true),
    ("com.twilio.notify.", false),
    ("com.twilio.studio.", true),
    ("com.twilio.taskrouter.", true),
    ("com.twilio.video.", true),
    ("com.twilio.voice.", true),
];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "EVT-REQ-1",
        &[each(&SINKS, |sink, notes| {
            if sink.word("sink_type") == Some("webhook") {
                let urls = sink.urls("sink_configuration.destination");
                let encrypted = !urls.is_empty() && urls.iter().all(|url| url.scheme == "https");
                notes.wants(encrypted, "sink_configuration.destination", "is not an https URL");
            }
        })],
    ),
    Check::new("EVT-SINK-1", &[each(&SINKS, sink)]).leaves("how each sink is set up at its vendor"),
    Check::new("EVT-TYPE-1", &[never(&TYPES, event_type)]),
    Check::new("EVT-TYPE-2", &[never(&TYPES, event_type)])
        .leaves("PHI that reaches ineligible products by other ways than events"),
    Check::new(
        "SF-BAA-1",
        &[never(&CONNECT_APPS, |app, notes| {
            let is_salesforce = |host: &str| host == "salesforce.com" || host.ends_with(".salesforce.com");
            if app.urls("connect_app_homepage_url").iter().any(|url| is_salesforce(&url.host)) {
                notes.wants(
                    notes.is_registered("salesforce.com"),
                    "connect_app_homepage_url",
                    "is an app of Salesforce and the register has no agreement with it (salesforce.com)",
                );
            }
        })],
    )
    .leaves("whether the Salesforce package is used with an ordinary API key"),
];

fn sink(sink: &Item, notes: &mut Notes<'_>) {
    match sink.word("sink_type") {
        Some("webhook") => {
            let urls = sink.urls("sink_configuration.destination");
            let registered = !urls.is_empty() && urls.iter().all(|url| notes.is_registered(&url.host));
            notes.wants(registered, "sink_configuration.destination", "has no agreement in the register");
        }
        Some("kinesis") => notes.wants(
            notes.is_registered("kinesis.amazonaws.com"),
            "sink_type",
            "is Kinesis and the register has no agreement with its vendor (kinesis.amazonaws.com)",
        ),
        Some("segment") => notes.wants(
            notes.is_registered("api.segment.io"),
            "sink_type",
            "is Segment and the register has no agreement with it (api.segment.io)",
        ),
        Some("email") => notes.fails("sink_type", "sends events by email, which is not eligible"),
        _ => notes.fails("sink_type", "is of a kind that the audit does not know"),
    }
}

fn event_type(event: &Item, notes: &mut Notes<'_>) {
    match event.word("type") {
        Some("eligible") => notes.holds(),
        Some("ineligible") => notes.fails("type", "is an event of a product that is not eligible"),
        Some(_) => notes.fails("type", "is an event of a product that is not on the list of eligible ones"),
        None => notes.fails("type", "has no type that the audit could read"),
    }
}

fn standing(kind: &Value) -> Option<Fact> {
    let kind = kind.as_str()?;
    let word = match SYSTEMS.iter().find(|(prefix, _)| kind.starts_with(prefix)) {
        Some((_, true)) => "eligible",
        Some((_, false)) => "ineligible",
        None => "unlisted",
    };
    Some(Fact::Words(vec![word.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_type_belongs_to_the_product_it_begins_with() {
        let cases = [
            ("com.twilio.messaging.message.delivered", "eligible"),
            // Mail is named in it, and it is about the registration of a sender.
            ("com.twilio.messaging.compliance.brand-registration.email-2fa-sent", "eligible"),
            ("com.twilio.engagement-intelligence.transcript.finished", "ineligible"),
            ("com.twilio.notify.notification.delivered", "ineligible"),
            ("com.twilio.daptbt.link-shortening.link-clicked", "unlisted"),
            ("com.twilio.iot.supersim.connection.data-session.started", "unlisted"),
            ("", "unlisted"),
        ];
        for (kind, word) in cases {
            assert_eq!(standing(&Value::from(kind)), Some(Fact::Words(vec![word.to_owned()])), "{kind}");
        }
    }
}
