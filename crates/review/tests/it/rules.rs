//! CHG-MOD-1 and CHG-MOD-2: what is allowed, and everything that is not.

use std::time::Duration;

use serde_json::json;
use statements::{Reason, ReviewRequest};

use crate::site::{CANARY, Person, Site};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn chg_mod_1__allows_texts_of_a_project_to_go_unread_from_request_to_carrier() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    site.hand_over(hipaa, true, 1).await;
    site.get(hipaa, &format!("Accounts/{}/RiskSigns", hipaa.sid)).await.assert_status(200);
    let entries = site.app.ledger_actions(hipaa.scope()).await;
    let opened: Vec<_> =
        entries.iter().filter(|it| it.fields.iter().any(|field| field.to_lowercase() == "body")).collect();
    assert!(opened.iter().any(|it| it.what.contains(&message)), "{entries:?}");
    for entry in opened {
        assert!(["api-request", "carriage", "webhook"].contains(&entry.why.as_str()), "{entry:?}");
    }
}

#[tokio::test]
async fn chg_mod_1__refuses_the_operators_token_a_look_at_the_messages_of_a_project() {
    let site = Site::start().await;
    let message = site.message(&site.app.hipaa, CANARY).await;
    let path = |account| format!("/2010-04-01/Accounts/{account}/Messages");
    let many = path(site.app.hipaa.sid);
    for path in [format!("{many}/{message}.json"), format!("{many}.json")] {
        let refused = site.app.get(&site.app.operator, "api", &path).await;
        refused.assert_refused("CHG-MOD-2", 77_084);
        assert!(!refused.text.contains(CANARY));
    }
    // The project itself, and the operator elsewhere.
    site.app.get(&site.app.hipaa, "api", &format!("{many}/{message}.json")).await.assert_status(200);
    let other = format!("{}.json", path(site.app.owner.sid));
    site.app.get(&site.app.operator, "api", &other).await.assert_status(200);
}

#[tokio::test]
async fn chg_mod_2__allows_two_people_to_read_a_text_after_a_complaint() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let review = site.opened(hipaa, &[&message]).await;
    for reader in [&site.jane, &site.john] {
        let text = site.open(hipaa, &review, &message, reader).await;
        assert_eq!(text.assert_status(201).json["body"], CANARY);
        site.app.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn chg_mod_2__refuses_a_review_without_a_cause() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let complaint = site.complaint(hipaa).await;
    let of_another = site.complaint(&site.app.owner).await;
    let wish = site.wish(hipaa, &complaint, &[&message]);
    for without in [
        ReviewRequest { cause: of_another, ..wish.clone() },
        // A carrier's complaint is no consumer's.
        ReviewRequest { reason: Reason::ConsumerComplaint, ..wish.clone() },
        ReviewRequest { reason: Reason::RiskSign, cause: "error-rate".to_owned(), ..wish.clone() },
        ReviewRequest { reason: Reason::RiskSign, cause: "stop-rate".to_owned(), ..wish.clone() },
    ] {
        site.ask(hipaa, without, &site.jane).await.assert_refused("CHG-MOD-2", 77_085);
    }
    let vague = ReviewRequest { reason: Reason::RiskSign, cause: "a feeling".to_owned(), ..wish.clone() };
    site.ask(hipaa, vague, &site.jane).await.assert_error(400, 20_001);
    // A complaint does not count for ever.
    site.app.advance(91 * 24 * HOUR);
    site.ask(hipaa, wish, &site.jane).await.assert_refused("CHG-MOD-2", 77_085);
}

#[tokio::test]
async fn chg_mod_2__refuses_the_approval_of_whoever_asked() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let complaint = site.complaint(hipaa).await;
    let asked = site.ask(hipaa, site.wish(hipaa, &complaint, &[&message]), &site.jane).await;
    let review = asked.assert_status(201).json.clone();
    site.approve(hipaa, &review, &site.jane).await.assert_refused("CHG-MOD-2", 77_086);
    // Nor is she two people under another key or another name.
    let again = Person::new("jane roe");
    site.enrol(&again).await.assert_error(409, 20_409);
    let same_key =
        Person { name: "Janet", private: site.jane.private.clone(), public: site.jane.public.clone() };
    site.enrol(&same_key).await.assert_error(409, 20_409);
    // Nor does a signature count that no reviewer made, or that was made over something else.
    site.approve(hipaa, &review, &Person::new("John Doe")).await.assert_error(400, 20_001);
    let mut other = review.clone();
    other["digest"] = json!("0".repeat(64));
    site.approve(hipaa, &other, &site.john).await.assert_error(400, 20_001);
    let sid = review["sid"].as_str().unwrap();
    site.open(hipaa, sid, &message, &site.jane).await.assert_refused("CHG-MOD-2", 77_087);
    site.approve(hipaa, &review, &site.john).await.assert_status(200);
    site.approve(hipaa, &review, &site.john).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn chg_mod_2__refuses_every_text_that_is_not_of_the_review() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let (message, other) = (site.message(hipaa, CANARY).await, site.message(hipaa, CANARY).await);
    let review = site.opened(hipaa, &[&message]).await;
    site.open(hipaa, &review, &other, &site.jane).await.assert_refused("CHG-MOD-2", 77_087);
    let third = Person::new("Third Person");
    site.enrol(&third).await.assert_status(201);
    site.open(hipaa, &review, &message, &third).await.assert_refused("CHG-MOD-2", 77_087);
    // In another account there is no such review, and no such message.
    site.open(&site.app.owner, &review, &message, &site.jane).await.assert_error(404, 20_404);
    let complaint = site.complaint(&site.app.owner).await;
    let wish = site.wish(&site.app.owner, &complaint, &[&message]);
    site.ask(&site.app.owner, wish, &site.jane).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn chg_mod_2__refuses_outside_of_its_time() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let review = site.opened(hipaa, &[&message]).await;
    site.app.advance(4 * HOUR - Duration::from_secs(1));
    site.open(hipaa, &review, &message, &site.jane).await.assert_status(201);
    site.app.advance(Duration::from_secs(1));
    site.open(hipaa, &review, &message, &site.jane).await.assert_refused("CHG-MOD-2", 77_087);
    let one = format!("Accounts/{}/Reviews/{review}", hipaa.sid);
    assert_eq!(site.get(hipaa, &one).await.json["state"], "over");
    // Closed before its time.
    let review = site.opened(hipaa, &[&message]).await;
    let closure = format!("Accounts/{}/Reviews/{review}/Closure", hipaa.sid);
    let closed = site.post(&site.app.operator, &closure, json!({})).await;
    assert_eq!(closed.assert_status(200).json["state"], "closed");
    site.open(hipaa, &review, &message, &site.jane).await.assert_refused("CHG-MOD-2", 77_087);
    // Nobody approved it in a day.
    let complaint = site.complaint(hipaa).await;
    let asked = site.ask(hipaa, site.wish(hipaa, &complaint, &[&message]), &site.jane).await;
    let review = asked.assert_status(201).json.clone();
    site.app.advance(24 * HOUR);
    site.approve(hipaa, &review, &site.john).await.assert_error(409, 20_409);
    // More than a day is no box.
    let long = ReviewRequest { hours: 25, ..site.wish(hipaa, &complaint, &[&message]) };
    site.ask(hipaa, long, &site.jane).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn chg_mod_2__refuses_a_signature_that_is_old_or_was_used() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.message(hipaa, CANARY).await;
    let complaint = site.complaint(hipaa).await;
    let signed = site.signed(site.wish(hipaa, &complaint, &[&message]), &site.jane);
    let path = format!("Accounts/{}/Reviews", hipaa.sid);
    site.post(&site.app.operator, &path, signed.clone()).await.assert_status(201);
    site.post(&site.app.operator, &path, signed.clone()).await.assert_error(409, 20_409);
    site.app.advance(Duration::from_secs(601));
    site.post(&site.app.operator, &path, signed).await.assert_error(400, 20_001);
    // Somebody who is no reviewer any more signs nothing.
    let review = site.opened(hipaa, &[&message]).await;
    let reviewers = site.get(&site.app.operator, "Reviewers").await;
    let all = reviewers.assert_status(200).json["reviewers"].as_array().unwrap().clone();
    let jane = all.iter().find(|it| it["name"] == "Jane Roe").unwrap()["sid"].as_str().unwrap();
    let path = format!("/switchward/v1/Reviewers/{jane}");
    site.app.delete(&site.app.operator, "switchward", &path).await.assert_status(204);
    site.open(hipaa, &review, &message, &site.jane).await.assert_error(400, 20_001);
    site.open(hipaa, &review, &message, &site.john).await.assert_status(201);
}

#[tokio::test]
async fn what_is_redacted_stays_gone() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.message(owner, CANARY).await;
    site.hand_over(owner, true, 1).await;
    let review = site.opened(owner, &[&message]).await;
    let path = format!("/2010-04-01/Accounts/{}/Messages/{message}.json", owner.sid);
    site.app.post_form(owner, "api", &path, &[("Body", "")]).await.assert_status(200);
    site.open(owner, &review, &message, &site.jane).await.assert_error(404, 20_404);
    let one = format!("Accounts/{}/Reviews/{review}", owner.sid);
    assert_eq!(site.get(owner, &one).await.json["openings"], json!([]));
}
