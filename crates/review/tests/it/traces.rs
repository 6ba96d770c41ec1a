//! What a review leaves: in the account's ledger, in its Debugger, in its own list; and no text anywhere.

use std::time::Duration;

use serde_json::json;

use crate::site::{CANARY, Site};

#[tokio::test]
async fn each_opening_is_on_the_accounts_ledger_and_in_its_debugger() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let review = site.opened(hipaa, &[&message]).await;
    // Alerts of one instant come in any order.
    site.app.advance(Duration::from_secs(1));
    site.open(hipaa, &review, &message, &site.jane).await.assert_status(201);
    let entries = site.app.ledger_actions(hipaa.scope()).await;
    let acts: Vec<_> = entries.iter().map(|it| (it.act.as_str(), it.why.as_str())).collect();
    let why = "review-carrier-complaint";
    let tail = &acts[acts.len() - 4..];
    assert_eq!(
        tail,
        [
            ("create_complaint", "administration"),
            ("create_review", why),
            ("approve_review", why),
            ("open_reviewed_message", why),
        ]
    );
    let opened = entries.last().unwrap();
    assert_eq!(
        (&opened.what, &opened.fields),
        (&vec![message.clone(), review.clone()], &vec!["body".to_owned()])
    );
    // Two people, each under a name of their own.
    let people: std::collections::BTreeSet<_> =
        entries[entries.len() - 3..].iter().map(|it| &it.who).collect();
    assert!(people.len() == 2 && people.iter().all(|it| it.starts_with("US")), "{people:?}");
    let alerts = site.alerts(hipaa).await.unwrap();
    assert_eq!(alerts, [(77_904, Some(review.clone())), (77_905, Some(message.clone()))]);
    // The account sees all of it, and nobody else does.
    let one = format!("Accounts/{}/Reviews/{review}", hipaa.sid);
    let seen = site.get(hipaa, &one).await;
    assert_eq!(seen.assert_status(200).json["openings"][0]["message_sid"], json!(message));
    assert_eq!(seen.json["requested_by"]["name"], "Jane Roe");
    assert_eq!(seen.json["approved_by"]["name"], "John Doe");
    assert!(!seen.text.contains(CANARY));
    let listed = site.get(hipaa, &format!("Accounts/{}/Reviews", hipaa.sid)).await;
    assert_eq!(listed.assert_status(200).json["reviews"], json!([seen.json]));
    let every = site.get(&site.app.operator, "Reviews").await;
    assert_eq!(every.assert_status(200).json["reviews"], json!([seen.json]));
    for path in [one, format!("Accounts/{}/Reviews", hipaa.sid)] {
        site.get(&site.app.other, &path).await.assert_error(404, 20_404);
    }
    site.get(hipaa, "Reviews").await.assert_error(403, 20_003);
    assert!(!test_kit::contains_bytes(site.app.data_dir(), CANARY.as_bytes()));
}

#[tokio::test]
async fn the_account_cannot_review_itself() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let review = site.opened(hipaa, &[&message]).await;
    for path in ["Complaints", "Reviews"] {
        let path = format!("Accounts/{}/{path}", hipaa.sid);
        site.post(hipaa, &path, json!({})).await.assert_error(403, 20_003);
    }
    for step in ["Approval", "Openings", "Closure"] {
        let path = format!("Accounts/{}/Reviews/{review}/{step}", hipaa.sid);
        site.post(hipaa, &path, json!({})).await.assert_error(403, 20_003);
    }
}

#[tokio::test]
async fn a_reader_that_dies_at_any_moment_leaves_all_of_an_opening_or_nothing() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let review = site.opened(hipaa, &[&message]).await;
    let mut shown = 0;
    for microseconds in (0..4_000).step_by(200) {
        // A signature counts once, so each attempt has an instant of its own.
        site.app.advance(Duration::from_secs(1));
        let opening = site.open(hipaa, &review, &message, &site.jane);
        // Where the time is over the request is dropped, wherever it was.
        if let Ok(reply) = tokio::time::timeout(Duration::from_micros(microseconds), opening).await {
            shown += usize::from(reply.status == 201);
        }
    }
    // One that was dropped while it was being written is in the way for a moment: 409.
    let last = loop {
        site.app.advance(Duration::from_secs(1));
        let reply = site.open(hipaa, &review, &message, &site.john).await;
        if reply.status != 409 {
            break reply;
        }
    };
    assert_eq!(last.assert_status(201).json["body"], CANARY);
    let entries = site.app.ledger_actions(hipaa.scope()).await;
    let recorded = entries.iter().filter(|it| it.act == "open_reviewed_message").count();
    let seen = site.get(hipaa, &format!("Accounts/{}/Reviews/{review}", hipaa.sid)).await;
    let alerts = site.alerts(hipaa).await.unwrap();
    let told = alerts.iter().filter(|(code, _)| *code == 77_905).count();
    assert_eq!((recorded, told), (seen.json["openings"].as_array().unwrap().len(), recorded));
    assert!(recorded > shown, "nothing was shown that is not on the ledger");
}
