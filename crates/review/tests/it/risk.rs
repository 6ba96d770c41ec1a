//! Signs of risk open the way to a review, and open no text themselves.

use serde_json::json;
use statements::{Reason, ReviewRequest};

use crate::site::{CANARY, Site};

#[tokio::test]
async fn chg_mod_2__allows_a_review_when_too_many_messages_fail() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let mut last = String::new();
    for _ in 0..20 {
        last = site.message(owner, CANARY).await;
    }
    let wish = ReviewRequest {
        reason: Reason::RiskSign,
        messages: Vec::new(),
        newest: 5,
        ..site.wish(owner, "error-rate", &[])
    };
    site.ask(owner, wish.clone(), &site.jane).await.assert_refused("CHG-MOD-2", 77_085);
    site.hand_over(owner, false, 20).await;
    let before = site.app.ledger_actions(owner.scope()).await.len();
    let signs = site.get(owner, &format!("Accounts/{}/RiskSigns", owner.sid)).await;
    assert_eq!(signs.json["signs"], json!(["error-rate"]));
    assert_eq!(signs.json["account"], json!({"sent": 20, "ended": 20, "failed": 20}));
    assert_eq!(site.app.ledger_actions(owner.scope()).await.len(), before, "counting opens nothing");
    let asked = site.ask(owner, wish, &site.jane).await;
    let review = asked.assert_status(201).json.clone();
    assert_eq!(review["figures"]["account"]["failed"], 20);
    assert_eq!(review["messages"].as_array().unwrap().len(), 5);
    site.approve(owner, &review, &site.john).await.assert_status(200);
    let sid = review["sid"].as_str().unwrap();
    // All were made at the one instant of this clock, so which five are the newest is not said.
    let named = review["messages"][0].as_str().unwrap();
    let text = site.open(owner, sid, named, &site.john).await;
    assert_eq!(text.assert_status(201).json["body"], CANARY);
    assert!(last.starts_with("SM"));
}
