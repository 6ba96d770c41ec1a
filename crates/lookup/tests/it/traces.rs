//! What a lookup leaves behind: one entry that says who looked, and nothing of whom was looked for.

use test_kit::contains_bytes;

use crate::{NUMBER, PRODUCT, start, v1, v2};

/// The number without its `+`, in case anything drops that, and the name that belongs to it.
const CANARIES: &[&str] = &["14155550100", "4155550100", "555-0100", "Canary Clinic"];

#[tokio::test]
async fn each_lookup_is_one_entry_about_the_account() {
    let app = start().await;
    let before = app.ledger_actions(app.hipaa.scope()).await.len();
    for (path, fields) in [
        (v2(""), vec!["phone_number"]),
        (v2("?Fields=line_type_intelligence"), vec!["phone_number"]),
        (v2("?Fields=caller_name"), vec!["phone_number", "caller_name"]),
        (v1("?Type=carrier"), vec!["phone_number"]),
    ] {
        app.get(&app.hipaa, PRODUCT, &path).await.assert_status(200);
        let entries = app.ledger_actions(app.hipaa.scope()).await;
        let entry = entries.last().expect("an entry");
        assert_eq!(entry.act, "fetch_phone_number", "{path}");
        assert_eq!(entry.what, [app.hipaa.sid.to_string()], "{path}");
        assert_eq!(entry.fields, fields, "{path}");
    }
    assert_eq!(app.ledger_actions(app.hipaa.scope()).await.len(), before + 4);
}

#[tokio::test]
async fn a_refused_lookup_discloses_nothing() {
    let app = start().await;
    let before = app.ledger_actions(app.hipaa.scope()).await.len();
    app.get(&app.hipaa, PRODUCT, &v1("?AddOns=example")).await.assert_status(403);
    assert_eq!(app.ledger_actions(app.hipaa.scope()).await.len(), before);
}

#[tokio::test]
async fn no_number_and_no_name_stays_behind() {
    let app = start().await;
    for path in [v2("?Fields=caller_name,line_type_intelligence"), v1("?Type=carrier&Type=caller-name")] {
        let reply = app.get(&app.hipaa, PRODUCT, &path).await;
        assert!(reply.text.contains(NUMBER) && reply.text.contains("Canary Clinic"), "{path}");
    }
    app.get(&app.hipaa, PRODUCT, &v2("?Fields=pre_fill")).await.assert_status(403);
    for entry in app.ledger_actions(app.hipaa.scope()).await {
        let text = serde_json::to_string(&entry).expect("an entry encodes");
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{text}");
    }
    for canary in CANARIES {
        assert!(!contains_bytes(app.data_dir(), canary.as_bytes()), "{canary}");
    }
    // The account's SID is there in the clear, so the search looks at the right files.
    assert!(contains_bytes(app.data_dir(), app.hipaa.sid.to_string().as_bytes()));
}
