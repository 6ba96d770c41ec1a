//! Reviews for the tenant matrix: two people with keys, and what they sign.

use base::AccountSid;
use kit::RouteRow;
use serde_json::Value;
use statements::{Approval, Opening, Reason, ReviewRequest, Signable, Signed, signing_key};
use test_kit::TestApp;

use super::site::{JSON, Values, word};

const JANE: &str = "Jane Roe";
const JOHN: &str = "John Doe";

/// The private keys of the two.
pub(super) struct Signers {
    jane: String,
    john: String,
}

/// A new key: the private half, and the JSON that makes its owner a reviewer.
pub(super) fn reviewer(name: &str) -> (String, String) {
    let (private, public) = signing_key();
    let body = format!(r#"{{"name": "{name}", "role": "Trust and safety", "key": "{public}"}}"#);
    (private.as_str().to_owned(), body)
}

async fn post(app: &TestApp, path: &str, body: String) -> Value {
    let path = format!("/switchward/v1/{path}");
    let reply = app.post_raw(&app.operator, "switchward", &path, body.into(), JSON).await;
    assert!([200, 201].contains(&reply.status), "{path}: {}", reply.text);
    reply.json
}

impl Signers {
    pub(super) async fn enrol(app: &TestApp) -> Self {
        let ((jane, first), (john, second)) = (reviewer(JANE), reviewer(JOHN));
        post(app, "Reviewers", first).await;
        post(app, "Reviewers", second).await;
        Self { jane, john }
    }

    /// One more reviewer; the SID.
    pub(super) async fn another(&self, app: &TestApp, number: u32) -> String {
        word(&post(app, "Reviewers", reviewer(&format!("Person {number}")).1).await, "sid")
    }

    pub(super) async fn complaint(&self, app: &TestApp, account: AccountSid) -> String {
        let body = r#"{"from": "carrier", "reference": "T-1"}"#.to_owned();
        word(&post(app, &format!("Accounts/{account}/Complaints"), body).await, "sid")
    }

    /// Jane's signed wish to see a message.
    pub(super) async fn request(
        &self,
        app: &TestApp,
        account: AccountSid,
        message: &str,
        number: u32,
    ) -> String {
        let stated = ReviewRequest {
            account: account.to_string(),
            reason: Reason::CarrierComplaint,
            cause: self.complaint(app, account).await,
            reference: format!("CASE-{number}"),
            messages: vec![message.to_owned()],
            newest: 0,
            hours: 4,
        };
        signed(app, stated, JANE, &self.jane)
    }

    /// A review, as far as the route takes it, and what else the route's body is made of.
    pub(super) async fn review(
        &self,
        app: &TestApp,
        account: AccountSid,
        message: &str,
        row: &RouteRow,
        number: u32,
    ) -> Values {
        let path = format!("Accounts/{account}/Reviews");
        let made = post(app, &path, self.request(app, account, message, number).await).await;
        let review = word(&made, "sid");
        let approval = Approval { review: review.clone(), digest: word(&made, "digest") };
        let approval = signed(app, approval, JOHN, &self.john);
        if row.access.operation == "open_reviewed_message" {
            post(app, &format!("{path}/{review}/Approval"), approval.clone()).await;
        }
        let opening = Opening { review: review.clone(), message: message.to_owned() };
        Values::from([
            ("ReviewSid".to_owned(), review),
            ("ReviewApproval".to_owned(), approval),
            ("ReviewOpening".to_owned(), signed(app, opening, JANE, &self.jane)),
        ])
    }
}

fn signed<S: Signable + serde::Serialize>(app: &TestApp, stated: S, by: &str, key: &str) -> String {
    let signed = Signed::new(stated, by, &app.now().iso8601(), key).expect("a key");
    serde_json::to_string(&signed).expect("strings always encode")
}
