//! Protected text leaves after its entry is on disk, or not at all.

use ledger::RecordedEntry;
use rusqlite::Connection;
use test_kit::{TestApp, contains_bytes};

use crate::product::{note, notes, products, written};

const CANARY: &str = "canary-4711";

/// Makes the journal refuse rows from now on, or take them again.
fn block(app: &TestApp, blocked: bool) {
    let connection = Connection::open(app.data_dir().join("switchward.db")).unwrap();
    let sql = match blocked {
        true => "CREATE TRIGGER blocked BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'blocked'); END",
        false => "DROP TRIGGER blocked",
    };
    connection.execute_batch(sql).unwrap();
}

async fn last(app: &TestApp) -> RecordedEntry {
    app.ledger_actions(app.hipaa.scope()).await.pop().unwrap()
}

#[tokio::test]
async fn art_ctrl_audit__refuses_disclosure_over_http_when_the_ledger_cannot_be_written() {
    let app = TestApp::start(products).await;
    let sid = written(&app, &app.hipaa, "name", CANARY).await;
    let before = app.ledger_actions(app.hipaa.scope()).await.len();
    block(&app, true);
    for path in [note(app.hipaa.sid, &sid), notes(app.hipaa.sid), "/v1/Notes".to_owned()] {
        let reply = app.get(&app.hipaa, "api", &path).await;
        reply.assert_error(503, 20503);
        assert!(!reply.text.contains(CANARY), "{path}");
    }
    // Nothing is changed without its entry either.
    let form = [("Text", "more"), ("Name", "name")];
    app.post_form(&app.hipaa, "api", &notes(app.hipaa.sid), &form).await.assert_error(503, 20503);
    app.delete(&app.hipaa, "api", &note(app.hipaa.sid, &sid)).await.assert_error(503, 20503);
    block(&app, false);
    let reply = app.get(&app.hipaa, "api", &notes(app.hipaa.sid)).await;
    assert_eq!(reply.assert_status(200).json["notes"], serde_json::json!([CANARY]), "as it was before");
    assert_eq!(app.ledger_actions(app.hipaa.scope()).await.len(), before + 1);
}

#[tokio::test]
async fn art_ctrl_audit__allows_disclosure_over_http_once_recorded() {
    let app = TestApp::start(products).await;
    let sid = written(&app, &app.hipaa, "name", CANARY).await;
    let created = last(&app).await;
    assert_eq!((created.act.as_str(), created.fields.len()), ("create_note", 0));
    let reply = app.get(&app.hipaa, "api", &note(app.hipaa.sid, &sid)).await;
    assert_eq!(reply.assert_status(200).json["text"], CANARY);
    let entry = last(&app).await;
    assert_eq!((entry.act.as_str(), entry.why.as_str()), ("fetch_note", "api-request"));
    assert_eq!((entry.who, entry.what), (app.hipaa.sid.to_string(), vec![sid]));
    assert_eq!((entry.fields, entry.from), (vec!["text".to_owned()], "127.0.0.1".parse().ok()));
    assert!(ledger::verify(&app.services.store).await.unwrap().is_intact());
}

#[tokio::test]
async fn a_refused_request_discloses_and_records_nothing() {
    let app = TestApp::start(products).await;
    let sid = written(&app, &app.hipaa, "name", CANARY).await;
    let before = app.ledger_actions(app.hipaa.scope()).await.len();
    for who in [app.owner.credentials(), app.other.credentials(), &app.keys.main] {
        let reply = app.get(who, "api", &note(app.hipaa.sid, &sid)).await;
        assert!(!reply.assert_error(404, 20404).text.contains(CANARY));
    }
    assert_eq!(app.ledger_actions(app.hipaa.scope()).await.len(), before);
    assert!(!contains_bytes(app.data_dir(), CANARY.as_bytes()));
}
