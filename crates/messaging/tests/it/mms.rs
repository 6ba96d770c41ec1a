//! Which numbers take messages with media, as they are shown and as they are chosen; and media that are gone before
//! their turn.

use std::sync::Arc;
use std::time::Duration;

use messaging::carrier::{AtHand, Carrier, InForce, Submission, Submitting};
use messaging::{add_to_inventory, claim_number};
use serde_json::{Value, json};
use test_kit::{Reply, TestApp};

use crate::media::{PICTURE, file};
use crate::site::{API, FREE, MESSAGING, OWN, PATIENT, Site, message_path};

/// A number of the ordinary account whose carrier takes texts only.
const TEXTS: &str = "+14155550130";
/// One in the inventory, likewise.
const FREE_TEXTS: &str = "+14155550131";

/// A carrier that takes media from some numbers.
struct FromSome;

impl Carrier for FromSome {
    fn submit(&self, _: Submission) -> Submitting<'_> {
        Box::pin(async { Ok(()) })
    }

    fn is_covered(&self, _: &InForce) -> bool {
        true
    }

    fn takes_mms(&self, from: &str) -> bool {
        [OWN, FREE].contains(&from)
    }
}

/// A platform with that carrier at hand, or with none.
async fn app(carrier: Option<Arc<dyn Carrier>>) -> TestApp {
    let app = TestApp::start(move |services| {
        let at_hand = AtHand(carrier);
        vec![
            messaging::routes(Arc::clone(&services)).share(at_hand.clone()),
            messaging::service_routes(services).share(at_hand),
        ]
    })
    .await;
    add_to_inventory(&app.services, &[OWN, TEXTS, FREE, FREE_TEXTS]).await.expect("new numbers");
    for number in [OWN, TEXTS] {
        claim_number(&app.services, app.owner.sid, number).await.expect("a free number");
    }
    app
}

fn api(app: &TestApp, path: &str) -> String {
    format!("/2010-04-01/Accounts/{}/{path}", app.owner.sid)
}

async fn numbers(app: &TestApp) -> Vec<Value> {
    let listed = app.get(&app.owner, API, &api(app, "IncomingPhoneNumbers.json")).await;
    listed.assert_status(200).json["incoming_phone_numbers"].as_array().expect("a list").clone()
}

/// The numbers of a list whose capabilities say MMS.
fn able(listed: &[Value]) -> Vec<&str> {
    let able = listed.iter().filter(|number| number["capabilities"]["mms"] == true);
    able.filter_map(|number| number["phone_number"].as_str()).collect()
}

#[tokio::test]
async fn a_number_says_whether_its_carrier_takes_mms() {
    let app = app(Some(Arc::new(FromSome))).await;
    let listed = numbers(&app).await;
    assert_eq!((listed.len(), able(&listed)), (2, vec![OWN]));
    let sid = listed.iter().find(|number| number["phone_number"] == OWN).expect("it")["sid"]
        .as_str()
        .expect("a SID");
    let one = app.get(&app.owner, API, &api(&app, &format!("IncomingPhoneNumbers/{sid}.json"))).await;
    assert_eq!(one.json["capabilities"], json!({ "fax": false, "mms": true, "sms": true, "voice": false }));
    let search = async |query: &str| -> Vec<String> {
        let path = api(&app, &format!("AvailablePhoneNumbers/US/Local.json{query}"));
        let found =
            app.get(&app.owner, API, &path).await.assert_status(200).json["available_phone_numbers"].clone();
        found
            .as_array()
            .expect("a list")
            .iter()
            .map(|number| {
                format!("{} {}", number["phone_number"].as_str().expect("one"), number["capabilities"]["mms"])
            })
            .collect()
    };
    assert_eq!(search("?MmsEnabled=true").await, [format!("{FREE} true")]);
    assert_eq!(search("?MmsEnabled=false").await, [format!("{FREE_TEXTS} false")]);
    assert_eq!(search("").await.len(), 2);
}

#[tokio::test]
async fn without_a_carrier_no_number_says_mms() {
    let app = app(None).await;
    assert!(able(&numbers(&app).await).is_empty());
}

/// A service of the ordinary account with these senders.
async fn service(app: &TestApp, senders: &[&str]) -> (String, Vec<Reply>) {
    let made = app.post_form(&app.owner, MESSAGING, "/v1/Services", &[("FriendlyName", "Pictures")]).await;
    let service = made.assert_status(201).json["sid"].as_str().expect("a SID").to_owned();
    let owned = numbers(app).await;
    let mut members = Vec::new();
    for sender in senders {
        let number = owned.iter().find(|number| number["phone_number"] == *sender).expect("a number");
        let fields = [("PhoneNumberSid", number["sid"].as_str().expect("a SID"))];
        let path = format!("/v1/Services/{service}/PhoneNumbers");
        members.push(app.post_form(&app.owner, MESSAGING, &path, &fields).await);
    }
    (service, members)
}

#[tokio::test]
async fn a_message_with_media_leaves_from_a_number_that_can() {
    let app = app(Some(Arc::new(FromSome))).await;
    let (both, members) = service(&app, &[TEXTS, OWN]).await;
    assert_eq!(members[0].json["capabilities"], json!(["SMS"]));
    assert_eq!(members[1].json["capabilities"], json!(["MMS", "SMS"]));
    let post = async |fields: &[(&str, &str)]| {
        let fields = [&[("To", PATIENT), ("Body", "Look"), ("SendAsMms", "true")], fields].concat();
        app.post_form(&app.owner, API, &api(&app, "Messages.json"), &fields).await
    };
    for _ in 0..4 {
        let reply = post(&[("MessagingServiceSid", &both)]).await;
        assert_eq!(reply.assert_status(201).json["from"], OWN);
    }
    post(&[("From", TEXTS)]).await.assert_error(400, 21_612);
    post(&[("From", TEXTS), ("MessagingServiceSid", &both)]).await.assert_error(400, 21_612);
    post(&[("From", OWN)]).await.assert_status(201);
    app.delete(&app.owner, MESSAGING, &format!("/v1/Services/{both}")).await.assert_status(204);
    let (texts, _) = service(&app, &[TEXTS]).await;
    post(&[("MessagingServiceSid", &texts)]).await.assert_error(400, 21_612);
}

/// Goal: nobody gets a message of which something is missing. Method: the carrier cannot be reached while one of two
/// media is deleted.
#[tokio::test]
async fn a_message_whose_medium_was_deleted_before_its_turn_fails() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.set_unbound(true);
    site.sink.answer("/a.png", file(PICTURE));
    let url = site.sink.url("/a.png");
    let message = site.accepted(owner, "Look", &[("MediaUrl", &url), ("MediaUrl", &url)]).await;
    let list = message_path(owner, message).replace(".json", "/Media.json");
    let listed = async || {
        site.app.get(owner, API, &list).await.json["media_list"].as_array().cloned().unwrap_or_default()
    };
    crate::site::eventually("both are fetched", async || listed().await.len() == 2).await;
    let uri = listed().await[0]["uri"].as_str().expect("a path").to_owned();
    site.app.delete(owner, API, &uri).await.assert_status(204);
    site.carrier.set_unbound(false);
    site.app.advance(Duration::from_secs(10));
    let failed = site.wait_status(owner, message, "failed").await;
    assert_eq!((&failed["error_code"], &failed["num_media"]), (&json!(63_019), &json!("2")));
    assert!(site.carrier.taken().is_empty());
    assert_eq!(site.only_alert(owner).await, 63_019);
}

#[tokio::test]
async fn content_that_the_carrier_finds_too_large_is_said_and_raises_an_alert() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[crate::site::Step::Reject(30_019)]);
    let message = site.accepted(owner, "Look", &[("SendAsMms", "true")]).await;
    let failed = site.wait_status(owner, message, "failed").await;
    assert_eq!(failed["error_code"], 30_019);
    assert_eq!(failed["error_message"], "The content is larger than the carrier takes");
    assert_eq!(site.only_alert(owner).await, 30_019);
}
