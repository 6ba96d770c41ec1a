//! Signers, signed attestations and exceptions: verified on arrival, kept for good.

use auth::Permission;
use serde_json::{Value, json};
use statements::{Answer, Attestation, sign, signing_key};
use store::Scope;
use test_kit::TestApp;

use crate::world::{delete, get, post, start, subaccount};

fn path(account: impl ToString, collection: &str) -> String {
    format!("Accounts/{}/{collection}", account.to_string())
}

/// An answer of Jane Roe, signed with this private key.
fn signed(key: &str, change: impl FnOnce(&mut Attestation)) -> Value {
    let day = |text| rulebook::Date::parse(text).unwrap();
    let mut attestation = Attestation {
        rule: "GEN-SUP-1".to_owned(),
        subjects: vec!["*".to_owned()],
        question: "Is it so?".to_owned(),
        answer: Answer::Yes,
        by: "Jane Roe".to_owned(),
        role: "Privacy officer".to_owned(),
        on: day("2026-01-01"),
        expires: day("2026-06-30"),
        evidence: "https://wiki.example.org/1".to_owned(),
        signature: Vec::new(),
    };
    change(&mut attestation);
    sign(&mut attestation, key).unwrap();
    serde_json::to_value(attestation).unwrap()
}

fn exception() -> Value {
    json!({
        "rule": "GEN-SUP-1",
        "subject": "*",
        "owner": "Jane Roe",
        "reason": "The new desk opens in March.",
        "expires": "2026-03-31",
    })
}

fn signer(public: &str) -> Value {
    json!({"name": "Jane Roe", "role": "Privacy officer", "key": public})
}

/// A signer, an answer, an exception and a party of this account, as the operator brings them in.
pub(crate) async fn state_everything(app: &TestApp, account: impl ToString) {
    let account = account.to_string();
    let (private, public) = signing_key();
    let party = json!({"name": "Own", "hosts": ["own.example.org"], "own": true, "contact": "it"});
    for (collection, body) in [
        ("Register", party),
        ("Signers", signer(&public)),
        ("Attestations", signed(&private, |_| ())),
        ("Exceptions", exception()),
    ] {
        post(app, &app.operator, &path(&account, collection), body).await.assert_status(201);
    }
}

#[tokio::test]
async fn a_signed_answer_is_kept_as_it_was_signed() {
    let app = start().await;
    let (private, public) = signing_key();
    post(&app, &app.owner, &path(app.owner.sid, "Signers"), signer(&public)).await.assert_status(201);
    let given = signed(&private, |_| ());
    let kept = post(&app, &app.owner, &path(app.owner.sid, "Attestations"), given.clone()).await;
    for (key, value) in given.as_object().unwrap() {
        assert_eq!(&kept.assert_status(201).json[key], value, "{key}");
    }
    assert_eq!(
        (&kept.json["expired"], &kept.json["received_at"]),
        (&json!(false), &json!(app.now().iso8601()))
    );
    let one = format!("{}/{}", path(app.owner.sid, "Attestations"), kept.json["sid"].as_str().unwrap());
    assert_eq!(get(&app, &app.keys.standard, &one).await.assert_status(200).json, kept.json);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: Vec<&str> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["create_signer", "create_attestation"]);
    // The same answer again is no second one.
    post(&app, &app.owner, &path(app.owner.sid, "Attestations"), given).await.assert_error(409, 20_409);
    get(&app, &app.other, &one).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn what_no_known_signer_signed_is_refused() {
    let app = start().await;
    let (private, public) = signing_key();
    let to = path(app.owner.sid, "Attestations");
    post(&app, &app.owner, &to, signed(&private, |_| ())).await.assert_error(400, 20_001);
    let made = post(&app, &app.owner, &path(app.owner.sid, "Signers"), signer(&public)).await;
    let (other, _) = signing_key();
    let mut altered = signed(&private, |_| ());
    altered["expires"] = json!("2027-06-30");
    for wrong in [
        signed(&other, |_| ()),
        altered,
        signed(&private, |it| it.by = "John Doe".to_owned()),
        signed(&private, |it| it.on = rulebook::Date::parse("2026-01-16").unwrap()),
        signed(&private, |it| it.expires = rulebook::Date::parse("2025-12-31").unwrap()),
        signed(&private, |it| it.rule = "GEN-SUP-99".to_owned()),
        // It can be read, so nobody's word counts.
        signed(&private, |it| it.rule = "SMS-CHAN-1".to_owned()),
        signed(&private, |it| it.evidence = "http://wiki.example.org".to_owned()),
        signed(&private, |it| it.subjects = Vec::new()),
    ] {
        post(&app, &app.owner, &to, wrong).await.assert_error(400, 20_001);
    }
    let signer = format!("{}/{}", path(app.owner.sid, "Signers"), made.json["sid"].as_str().unwrap());
    delete(&app, &app.owner, &signer).await.assert_status(204);
    post(&app, &app.owner, &to, signed(&private, |_| ())).await.assert_error(400, 20_001);
    let listed = get(&app, &app.owner, &to).await;
    assert_eq!(listed.assert_status(200).json["attestations"], json!([]));
}

#[tokio::test]
async fn statements_stay_for_good() {
    let app = start().await;
    state_everything(&app, app.owner.sid).await;
    // Longer than the six years of 45 CFR 164.316(b)(2)(i).
    app.advance(crate::world::DAY * 365 * 7);
    for collection in ["Attestations", "Exceptions"] {
        let member = collection.to_lowercase();
        let listed = get(&app, &app.owner, &path(app.owner.sid, collection)).await;
        let row = &listed.assert_status(200).json[&member][0];
        assert_eq!(row["expired"], true);
        let one = format!("{}/{}", path(app.owner.sid, collection), row["sid"].as_str().unwrap());
        delete(&app, &app.owner, &one).await.assert_error(405, 20_004);
        delete(&app, &app.operator, &one).await.assert_error(405, 20_004);
        post(&app, &app.owner, &one, exception()).await.assert_error(405, 20_004);
    }
}

#[tokio::test]
async fn exceptions_and_signers_take_full_credentials() {
    let app = start().await;
    let (_, public) = signing_key();
    let restricted = app.restricted_key(&app.owner, &[Permission::ComplianceWrite]).await;
    for who in [&app.keys.standard, &restricted] {
        post(&app, who, &path(app.owner.sid, "Exceptions"), exception()).await.assert_error(403, 20_003);
        post(&app, who, &path(app.owner.sid, "Signers"), signer(&public)).await.assert_error(403, 20_003);
    }
    for (key, value) in [("owner", ""), ("reason", " "), ("rule", "NO-RULE-1"), ("expires", "soon")] {
        let mut wrong = exception();
        wrong[key] = json!(value);
        post(&app, &app.owner, &path(app.owner.sid, "Exceptions"), wrong).await.assert_error(400, 20_001);
    }
    for key in ["", "AAAA", "no base64"] {
        post(&app, &app.owner, &path(app.owner.sid, "Signers"), signer(key)).await.assert_error(400, 20_001);
    }
    let kept = post(&app, &app.owner, &path(app.owner.sid, "Exceptions"), exception()).await;
    assert_eq!(kept.assert_status(201).json["reason"], exception()["reason"]);
    post(&app, &app.owner, &path(app.owner.sid, "Exceptions"), exception()).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn an_owners_signer_answers_for_its_subaccounts() {
    let app = start().await;
    let (private, public) = signing_key();
    let below = subaccount(&app, &app.owner).await;
    post(&app, &app.owner, &path(app.owner.sid, "Signers"), signer(&public)).await.assert_status(201);
    let to = path(&below.sid, "Attestations");
    post(&app, &below, &to, signed(&private, |_| ())).await.assert_status(201);
    let listed = get(&app, &app.owner, &path(app.owner.sid, "Attestations")).await;
    assert_eq!(listed.json["attestations"], json!([]), "each account has its own");
}

#[tokio::test]
async fn attestations_come_in_pages() {
    let app = start().await;
    let (private, public) = signing_key();
    post(&app, &app.owner, &path(app.owner.sid, "Signers"), signer(&public)).await.assert_status(201);
    let to = path(app.owner.sid, "Attestations");
    for question in ["One?", "Two?", "Three?"] {
        app.advance(crate::world::DAY / 24);
        let given = signed(&private, |it| it.question = question.to_owned());
        post(&app, &app.owner, &to, given).await.assert_status(201);
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = get(&app, &app.owner, &format!("{to}?PageSize=2{after}")).await;
        for row in page.assert_status(200).json["attestations"].as_array().unwrap() {
            seen.push(row["question"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.json["next_after"].as_str() else { break };
        after = format!("&After={next}");
    }
    assert_eq!(seen, ["Three?", "Two?", "One?"]);
    get(&app, &app.owner, &format!("{to}?After=AT{}", "0".repeat(32))).await.assert_error(400, 20_001);
}

/// What people write stands in no index and no name: on disk it is sealed.
#[tokio::test]
async fn reasons_and_contacts_are_sealed() {
    let app = start().await;
    let mut body = exception();
    body["reason"] = json!("Wolverhampton canary");
    post(&app, &app.owner, &path(app.owner.sid, "Exceptions"), body).await.assert_status(201);
    let party = json!({"name": "Wolverhampton canary", "hosts": ["wolverhampton.example"], "own": true, "contact": "canary"});
    post(&app, &app.owner, &path(app.owner.sid, "Register"), party).await.assert_status(201);
    for canary in ["Wolverhampton", "wolverhampton"] {
        assert!(!test_kit::contains_bytes(app.data_dir(), canary.as_bytes()), "{canary}");
    }
    let entries = app.ledger_actions(Scope::account(app.owner.sid)).await;
    assert_eq!(entries.len(), 2);
}
