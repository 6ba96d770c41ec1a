//! Messages of a Messaging Service: which sender they go out with, what they inherit, and where answers go.

use std::collections::BTreeSet;
use std::time::Duration;

use test_kit::{Reply, SinkReply, TestAccount};

use crate::site::{API, FREE, MESSAGING, OWN, PATIENT, Site, Step, sid};

const OAKLAND: &str = "+15105550100";
const NEW_YORK: &str = "+12125550100";
pub const TORONTO: &str = "+14165550100";
const NEW_YORK_PATIENT: &str = "+12125550177";
const LONDON: &str = "+442071838750";
const IN_TURN: [(&str, &str); 1] = [("StickySender", "false")];

pub fn from(reply: &Reply) -> String {
    reply.assert_status(201).json["from"].as_str().expect("a sender").to_owned()
}

/// The senders that these recipients get.
pub async fn senders(site: &Site, account: &TestAccount, service: &str, to: &[&str]) -> Vec<String> {
    let mut senders = Vec::new();
    for to in to {
        senders.push(from(&site.send_with(account, service, to, &[]).await));
    }
    senders
}

#[tokio::test]
async fn a_message_names_its_service_and_its_sender() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let callback = site.sink.url("/status");
    let service = site.service_with(owner, &[OWN], &[("StatusCallback", &callback)]).await;
    let reply = site.send_with(owner, &service, PATIENT, &[]).await;
    assert_eq!(reply.assert_status(201).json["messaging_service_sid"], service);
    assert_eq!((&reply.json["from"], &reply.json["status"]), (&OWN.into(), &"queued".into()));
    let message = sid(&reply);
    let sent = site.wait_status(owner, message, "sent").await;
    assert_eq!(sent["messaging_service_sid"], service);
    assert_eq!(site.handed(1).await[0].from, OWN);
    // The service's callback is told, unless the message has one of its own.
    let told = site.requests(2).await;
    for request in &told {
        assert_eq!(request.path, "/status");
        assert_eq!(request.parameter("MessagingServiceSid"), Some(service.clone()));
        assert_eq!(request.parameter("From").as_deref(), Some(OWN));
    }
    let own = site.sink.url("/own");
    site.send_with(owner, &service, PATIENT, &[("StatusCallback", &own)]).await.assert_status(201);
    let told = site.requests(4).await;
    assert!(told[2..].iter().all(|request| request.path == "/own"));
}

#[tokio::test]
async fn each_way_to_have_no_sender_has_its_code() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    let send =
        async |service: &str, more: &[(&str, &str)]| site.send_with(owner, service, PATIENT, more).await;
    send("MG00000000000000000000000000000000", &[]).await.assert_error(400, 21701);
    send("MG1", &[]).await.assert_error(400, 21705);
    send(&service, &[]).await.assert_error(400, 21704);
    let names = format!("/v1/Services/{service}/AlphaSenders");
    site.app.post_form(owner, MESSAGING, &names, &[("AlphaSender", "Clinic")]).await.assert_status(201);
    // There is a sender, but none that arrives in the United States.
    send(&service, &[]).await.assert_error(400, 21703);
    send(&service, &[("From", OWN)]).await.assert_error(400, 21711);
    send(&service, &[("From", "!")]).await.assert_error(400, 21212);
    site.join(owner, &service, OWN).await.assert_status(201);
    assert_eq!(from(&send(&service, &[("From", OWN)]).await), OWN);
    // The service may stand in From.
    let reply = site.post(owner, &[("To", PATIENT), ("From", &service), ("Body", "x")]).await;
    assert_eq!((from(&reply), &reply.json["messaging_service_sid"]), (OWN.to_owned(), &service.into()));
}

#[tokio::test]
async fn senders_take_turns() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let all = [OWN, OAKLAND, FREE];
    let service = site.service_with(owner, &all, &[IN_TURN[0], ("AreaCodeGeomatch", "false")]).await;
    let got = senders(&site, owner, &service, &[PATIENT; 6]).await;
    assert_eq!(got[..3].iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(got[..3], got[3..]);
}

#[tokio::test]
async fn country_and_area_code_narrow_the_choice() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    site.open_countries(&["GB", "DE"]).await;
    let all = [OWN, NEW_YORK, TORONTO, LONDON];
    let service = site.service_with(owner, &all, &IN_TURN).await;
    let to = ["+14155550177", "+12125550177", "+14375550177", "+442071838751"];
    for _ in 0..2 {
        assert_eq!(senders(&site, owner, &service, &to).await, all);
    }
    // Nothing of the recipient's country: any number does.
    let abroad = from(&site.send_with(owner, &service, "+4930123456", &[]).await);
    assert!(all.contains(&abroad.as_str()));
    // Without the area code every number of the country takes its turn.
    let path = format!("/v1/Services/{service}");
    site.app.post_form(owner, MESSAGING, &path, &[("AreaCodeGeomatch", "false")]).await.assert_status(200);
    let got = senders(&site, owner, &service, &[NEW_YORK_PATIENT; 2]).await;
    assert_eq!(got.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from([OWN, NEW_YORK]));
}

#[tokio::test]
async fn a_name_is_shown_where_names_are() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[]).await;
    let names = format!("/v1/Services/{service}/AlphaSenders");
    site.app.post_form(owner, MESSAGING, &names, &[("AlphaSender", "Clinic")]).await.assert_status(201);
    site.open_countries(&["GB"]).await;
    let to = ["+442071838751", PATIENT];
    assert_eq!(senders(&site, owner, &service, &to).await, ["Clinic", OWN]);
    let taken = site.handed(2).await;
    assert!(taken.iter().any(|taken| taken.from == "Clinic" && taken.to == "+442071838751"));
    // A name outside a service is nobody's.
    let alone = [("To", "+442071838751"), ("From", "Clinic"), ("Body", "x")];
    site.post(owner, &alone).await.assert_error(501, 20501);
    // In the United States none is shown, whoever it belongs to.
    let home = [("To", PATIENT), ("From", "Clinic"), ("Body", "x")];
    site.post(owner, &home).await.assert_error(400, 21612);
    site.send_with(owner, &service, PATIENT, &[("From", "Clinic")]).await.assert_error(400, 21612);
}

#[tokio::test]
async fn a_recipient_keeps_its_sender() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN, OAKLAND, FREE], &[]).await;
    let first = from(&site.send_with(owner, &service, "+13125550177", &[]).await);
    // Also when a nearer sender and others come later.
    for number in ["+13125550100", "+13125550101", "+16505550100"] {
        site.join(owner, &service, number).await.assert_status(201);
    }
    let got = senders(&site, owner, &service, &["+13125550177"; 5]).await;
    assert!(got.iter().all(|sender| *sender == first), "{got:?}");
    // Somebody new gets the nearer one.
    let new = from(&site.send_with(owner, &service, "+13125550178", &[]).await);
    assert!(["+13125550100", "+13125550101"].contains(&new.as_str()));
    // Switched off it is not looked at, and is still known when it is on again.
    let path = format!("/v1/Services/{service}");
    let set = async |value| {
        site.app.post_form(owner, MESSAGING, &path, &[("StickySender", value)]).await.assert_status(200);
    };
    set("false").await;
    let got = senders(&site, owner, &service, &["+13125550177"; 2]).await;
    assert!(got.iter().all(|sender| sender.starts_with("+1312")), "{got:?}");
    set("true").await;
    assert_eq!(from(&site.send_with(owner, &service, "+13125550177", &[]).await), first);
    // A sender that left the service is kept no longer.
    let member = format!("{path}/PhoneNumbers/{}", site.number_sid(owner, &first).await);
    site.app.delete(owner, MESSAGING, &member).await.assert_status(204);
    assert_ne!(from(&site.send_with(owner, &service, "+13125550177", &[]).await), first);
}

#[tokio::test]
async fn recipients_are_spread_over_the_senders() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN, FREE], &[]).await;
    let to: Vec<String> = (0..40).map(|number| format!("+1312555{:04}", 100 + number)).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let got = senders(&site, owner, &service, &to).await;
    let of_own = got.iter().filter(|sender| *sender == OWN).count();
    assert!((8..=32).contains(&of_own), "{of_own} of 40");
    assert_eq!(senders(&site, owner, &service, &to).await, got);
}

#[tokio::test]
async fn a_first_message_sent_twice_at_once_has_one_sender() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN, OAKLAND, FREE], &[]).await;
    let send = || site.send_with(owner, &service, NEW_YORK_PATIENT, &[]);
    let (first, second, third) = tokio::join!(send(), send(), send());
    assert_eq!((from(&first), from(&first)), (from(&second), from(&third)));
}

#[tokio::test]
async fn smart_encoding_shortens_the_text() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[]).await;
    let typed = format!("“Don’t forget” – {}", "a".repeat(100));
    let plain = format!("\"Don't forget\" - {}", "a".repeat(100));
    let fields = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![("To", PATIENT), ("Body", typed.as_str())];
        fields.extend(more);
        fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect::<Vec<_>>()
    };
    let send = async |mut fields: Vec<(&'static str, String)>, service: Option<&str>| {
        match service {
            Some(service) => fields.push(("MessagingServiceSid", service.to_owned())),
            None => fields.push(("From", OWN.to_owned())),
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = site.post(owner, &fields).await;
        reply.assert_status(201);
        (reply.json["body"].clone(), reply.json["num_segments"].clone())
    };
    let short = (plain.as_str().into(), "1".into());
    let long = (typed.as_str().into(), "2".into());
    assert_eq!(send(fields(&[]), Some(&service)).await, short);
    assert_eq!(site.handed(1).await[0].body, plain);
    assert_eq!(send(fields(&[("SmartEncoded", "false")]), Some(&service)).await, long);
    assert_eq!(send(fields(&[]), None).await, long);
    assert_eq!(send(fields(&[("SmartEncoded", "true")]), None).await, short);
}

#[tokio::test]
async fn a_message_waits_as_long_as_its_service_says() {
    let mut site = Site::idle().await;
    let service = site.service_with(&site.app.owner, &[OWN], &[("ValidityPeriod", "60")]).await;
    let inherits = sid(&site.send_with(&site.app.owner, &service, PATIENT, &[]).await);
    let own = sid(&site.send_with(&site.app.owner, &service, PATIENT, &[("ValidityPeriod", "120")]).await);
    site.app.advance(Duration::from_secs(61));
    site.run();
    let failed = site.wait_status(&site.app.owner, inherits, "failed").await;
    assert_eq!(failed["error_code"], 30036);
    site.wait_status(&site.app.owner, own, "sent").await;
}

#[tokio::test]
async fn a_carrier_that_stays_away_ends_the_message_with_its_validity() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Busy; 40]);
    let service = site.service_with(owner, &[OWN], &[("ValidityPeriod", "5")]).await;
    let message = sid(&site.send_with(owner, &service, PATIENT, &[]).await);
    site.handed(1).await;
    site.app.advance(Duration::from_secs(600));
    let failed = site.wait_status(owner, message, "failed").await;
    assert_eq!(failed["error_code"], 30036);
}

#[tokio::test]
async fn another_sender_takes_over_when_one_has_left() {
    let mut site = Site::idle().await;
    let owner = site.app.owner.clone();
    let service = site.service_with(&owner, &[FREE], &[]).await;
    let message = sid(&site.send_with(&owner, &service, PATIENT, &[]).await);
    site.join(&owner, &service, OWN).await.assert_status(201);
    let number = site.number_sid(&owner, FREE).await;
    let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{number}.json", owner.sid);
    site.app.delete(&owner, API, &path).await.assert_status(204);
    site.run();
    let sent = site.wait_status(&owner, message, "sent").await;
    assert_eq!((&sent["from"], &site.handed(1).await[0].from.as_str()), (&OWN.into(), &OWN));
    // It is found by the sender that it has.
    for (from, count) in [(OWN, 1), (FREE, 0)] {
        let from = from.replace('+', "%2B");
        let path = format!("/2010-04-01/Accounts/{}/Messages.json?From={from}", owner.sid);
        let page = site.app.get(&owner, API, &path).await.json;
        assert_eq!(page["messages"].as_array().map(Vec::len), Some(count));
    }
}

#[tokio::test]
async fn no_other_sender_takes_over_from_one_that_was_asked_for() {
    let mut site = Site::idle().await;
    let owner = site.app.owner.clone();
    let service = site.service_with(&owner, &[FREE, OWN], &[]).await;
    let message = sid(&site.send_with(&owner, &service, PATIENT, &[("From", FREE)]).await);
    let number = site.number_sid(&owner, FREE).await;
    let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{number}.json", owner.sid);
    site.app.delete(&owner, API, &path).await.assert_status(204);
    site.run();
    assert_eq!(site.wait_status(&owner, message, "failed").await["error_code"], 21606);
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn a_message_whose_service_has_no_sender_any_more_fails() {
    let mut site = Site::idle().await;
    let owner = site.app.owner.clone();
    let service = site.service_with(&owner, &[FREE], &[]).await;
    let message = sid(&site.send_with(&owner, &service, PATIENT, &[]).await);
    let number = site.number_sid(&owner, FREE).await;
    let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{number}.json", owner.sid);
    site.app.delete(&owner, API, &path).await.assert_status(204);
    site.run();
    assert_eq!(site.wait_status(&owner, message, "failed").await["error_code"], 21606);
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn what_comes_in_goes_to_the_service_unless_the_number_is_to_have_it() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (of_number, of_service) = (site.sink.url("/number"), site.sink.url("/service"));
    site.configure(owner, &[("SmsUrl", &of_number)]).await.assert_status(200);
    let service = site.service_with(owner, &[OWN], &[("InboundRequestUrl", &of_service)]).await;
    let set = async |field: &str, value: &str| {
        let path = format!("/v1/Services/{service}");
        site.app.post_form(owner, MESSAGING, &path, &[(field, value)]).await.assert_status(200);
    };
    let message = site.arrive(owner, "Hello").await;
    let request = site.requests(1).await.remove(0);
    assert_eq!((request.path.as_str(), request.method.as_str()), ("/service", "POST"));
    assert_eq!(request.parameter("MessagingServiceSid"), Some(service.clone()));
    assert_eq!(site.fetch(owner, message).await["messaging_service_sid"], service);

    set("UseInboundWebhookOnNumber", "true").await;
    site.arrive(owner, "Hello").await;
    let request = site.requests(2).await.remove(1);
    assert_eq!(request.path, "/number");
    assert_eq!(request.parameter("MessagingServiceSid"), Some(service.clone()));

    set("UseInboundWebhookOnNumber", "false").await;
    set("InboundMethod", "GET").await;
    site.arrive(owner, "Hello").await;
    let request = site.requests(3).await.remove(2);
    assert!(request.path.starts_with("/service?") && request.method == "GET");

    // Nobody is asked when the service has no webhook; the message is kept.
    set("InboundRequestUrl", "").await;
    let kept = site.arrive(owner, "Anybody there?").await;
    site.settle().await;
    assert_eq!((site.sink.requests().len(), site.alerts(owner).await.len()), (3, 0));
    assert_eq!(site.fetch(owner, kept).await["body"], "Anybody there?");
}

#[tokio::test]
async fn the_services_fallback_is_asked_and_replies_go_out_with_the_service() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (url, fallback) = (site.sink.url("/service"), site.sink.url("/fallback"));
    let fields = [("InboundRequestUrl", url.as_str()), ("FallbackUrl", fallback.as_str())];
    let service = site.service_with(owner, &[OWN], &fields).await;
    site.sink.answer("/service", SinkReply::status(503));
    site.sink.answer("/fallback", SinkReply::twiml("<Response><Message>Sorry</Message></Response>"));
    site.arrive(owner, "Hello").await;
    let taken = site.handed(1).await.remove(0);
    assert_eq!((taken.from.as_str(), taken.body.as_str()), (OWN, "Sorry"));
    let reply = site.wait_status(owner, taken.reference.message, "sent").await;
    assert_eq!(
        (&reply["direction"], &reply["messaging_service_sid"]),
        (&"outbound-reply".into(), &service.into())
    );
}

#[tokio::test]
async fn a_stop_to_one_sender_stops_the_service() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN, FREE], &IN_TURN).await;
    let waiting = site.send_with(owner, &service, PATIENT, &[("From", FREE)]).await;
    site.wait_status(owner, sid(&waiting), "sent").await;
    site.arrive(owner, "STOP").await;
    site.handed(2).await;
    for more in [&[][..], &[("From", FREE)], &[("From", OWN)]] {
        site.send_with(owner, &service, PATIENT, more).await.assert_error(400, 21610);
    }
    // Also without naming the service, because the sender is in it.
    let direct = [("To", PATIENT), ("From", FREE), ("Body", "x")];
    site.post(owner, &direct).await.assert_error(400, 21610);
    site.send_with(owner, &service, "+14155550188", &[]).await.assert_status(201);
    site.arrive(owner, "START").await;
    site.send_with(owner, &service, PATIENT, &[("From", FREE)]).await.assert_status(201);
}

#[tokio::test]
async fn a_stop_from_before_the_number_joined_still_counts() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.arrive(owner, "STOP").await;
    let service = site.service_with(owner, &[OWN], &[]).await;
    site.send_with(owner, &service, PATIENT, &[]).await.assert_error(400, 21610);
    // Said again it counts for the whole service; confirmed it was already.
    site.arrive(owner, "STOP").await;
    site.join(owner, &service, FREE).await.assert_status(201);
    site.send_with(owner, &service, PATIENT, &[("From", FREE)]).await.assert_error(400, 21610);
    site.settle().await;
    assert_eq!(site.carrier.taken().len(), 1);
    site.arrive(owner, "START").await;
    for from in [OWN, FREE] {
        site.send_with(owner, &service, PATIENT, &[("From", from)]).await.assert_status(201);
    }
}

#[tokio::test]
async fn a_message_of_a_service_that_was_queued_before_stop_is_not_sent() {
    let mut site = Site::idle().await;
    let owner = site.app.owner.clone();
    let service = site.service_with(&owner, &[OWN, FREE], &[]).await;
    let message = sid(&site.send_with(&owner, &service, PATIENT, &[("From", FREE)]).await);
    site.arrive(&owner, "STOP").await;
    site.run();
    assert_eq!(site.wait_status(&owner, message, "failed").await["error_code"], 21610);
}
