//! Every route of messaging is closed to those it does not belong to.

use test_kit::policy::{closed_to_strangers, for_every_route};

use crate::site::{API, Site};

#[tokio::test]
async fn every_route_is_closed_to_strangers() {
    let site = Site::idle().await;
    let list = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", site.app.owner.sid);
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    let numbers = site.app.get(&site.app.owner, API, &list).await;
    let number = numbers.json["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
    site.app.set_placeholder("MessageSid", message);
    for sid in [message.to_string(), number] {
        site.app.set_placeholder("Sid", sid);
        let failures = for_every_route(&site.app, closed_to_strangers(&site.app)).await;
        assert!(failures.is_empty(), "{failures:#?}");
    }
    assert_eq!(site.app.table().len(), 11);
    site.fetch(&site.app.owner, message).await;
}
