//! The rulebook, the list of systems, the API's description and the ledger.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{SWITCHWARD, get, members, post, start};

#[tokio::test]
async fn con_edition_1__keeps_the_edition_in_every_answer() {
    let app = start().await;
    for path in ["Rulebook", "Systems"] {
        let reply = get(&app, &app.owner, path).await;
        assert_eq!(reply.assert_status(200).json["edition"]["id"], "2024-12-11", "{path}");
    }
    let reply = get(&app, &app.keys.standard, "Rulebook").await;
    assert_eq!(reply.json["rules"].as_array().unwrap().len(), reply.json["counts"]["total"]);
    assert!(reply.json["changes"].as_array().unwrap().len() >= 22);
    for rule in reply.json["rules"].as_array().unwrap() {
        assert!(rule["status"].is_string() && rule["id"].is_string() && rule["level"].is_string());
    }
}

#[tokio::test]
async fn con_edition_1__refuses_to_be_changed_by_api() {
    let app = start().await;
    post(&app, &app.operator, "Rulebook", json!({})).await.assert_error(405, 20_004);
}

#[tokio::test]
async fn con_list_1__keeps_one_verdict_for_every_system() {
    let app = start().await;
    let reply = get(&app, &app.owner, "Systems").await;
    let systems = reply.json["systems"].as_array().unwrap();
    let ids: BTreeSet<&str> = systems.iter().map(|system| system["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), systems.len());
    for system in systems {
        let verdict = system["verdict"].as_str().unwrap();
        assert!(["eligible", "conditions", "not-eligible"].contains(&verdict), "{}", system["id"]);
    }
    for (id, verdict) in [("programmable-sms", "conditions"), ("channels-whatsapp", "not-eligible")] {
        let system = systems.iter().find(|system| system["id"] == id).unwrap();
        assert_eq!(system["verdict"], verdict);
    }
}

#[tokio::test]
async fn con_list_1__refuses_to_be_changed_by_api() {
    let app = start().await;
    post(&app, &app.operator, "Systems", json!({})).await.assert_error(405, 20_004);
}

#[tokio::test]
async fn the_openapi_document_is_answered_and_describes_every_route() {
    let app = start().await;
    let reply = get(&app, &app.owner, "openapi.json").await;
    let document: Value = serde_json::from_str(accounts::OPENAPI).unwrap();
    assert_eq!(reply.assert_status(200).json, document);
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if method != "parameters" {
                let id = operation["operationId"].as_str().unwrap();
                described.insert((path.clone(), method.to_uppercase(), id.to_owned()));
            }
        }
    }
    let served: BTreeSet<_> = app
        .table()
        .iter()
        .filter(|row| row.product == SWITCHWARD)
        .map(|row| (row.path.to_owned(), row.method.to_string(), row.access.operation.to_owned()))
        .collect();
    // Other crates serve more of it; what the program serves is compared where it is put together.
    let missing: Vec<_> = served.difference(&described).collect();
    assert!(missing.is_empty() && !served.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn the_openapi_document_refers_only_to_what_it_has() {
    let document: Value = serde_json::from_str(accounts::OPENAPI).unwrap();
    let mut open = vec![&document];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    seen += 1;
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    assert!(seen > 0);
}

/// What is served has exactly the members that are described.
#[tokio::test]
async fn answers_have_the_described_members() {
    let app = start().await;
    let document: Value = serde_json::from_str(accounts::OPENAPI).unwrap();
    let (account, organization) = (app.hipaa.sid, app.organization);
    let settings = format!("Accounts/{account}/Settings");
    let attestation = json!({"statement": "Yes.", "signer": "P. Officer"});
    let turned_on = json!({"us_territories": true, "attestation": attestation});
    post(&app, &app.hipaa, &settings, turned_on).await.assert_status(200);
    crate::world::organization(&app, true).await;
    crate::evidence::state_everything(&app, account).await;
    for (path, pointer, schema) in [
        ("Organizations".to_owned(), "", "OrganizationList"),
        ("Organizations".to_owned(), "/organizations/0", "Organization"),
        (format!("Organizations/{organization}/Agreements"), "", "AgreementList"),
        (format!("Organizations/{organization}/Agreements"), "/agreements/0", "Agreement"),
        (format!("Accounts/{account}/Organization"), "", "OrganizationLink"),
        (format!("Accounts/{account}/Designation"), "", "Designation"),
        (settings, "", "Settings"),
        (format!("Accounts/{account}/Statements"), "", "StatementList"),
        (format!("Accounts/{account}/Statements"), "/statements/0", "KeptStatement"),
        (format!("Accounts/{account}/Register"), "", "Register"),
        (format!("Accounts/{account}/Register"), "/parties/0", "RegisteredParty"),
        (format!("Accounts/{account}/Signers"), "", "SignerList"),
        (format!("Accounts/{account}/Signers"), "/signers/0", "RegisteredSigner"),
        (format!("Accounts/{account}/Attestations"), "", "AttestationList"),
        (format!("Accounts/{account}/Attestations"), "/attestations/0", "StatedAttestation"),
        (format!("Accounts/{account}/Exceptions"), "", "ExceptionList"),
        (format!("Accounts/{account}/Exceptions"), "/exceptions/0", "StatedException"),
        (format!("Accounts/{account}/Ledger"), "", "LedgerPage"),
        (format!("Accounts/{account}/Ledger"), "/entries/0", "LedgerEntry"),
        ("Rulebook".to_owned(), "", "Rulebook"),
        ("Rulebook".to_owned(), "/edition", "Edition"),
        ("Rulebook".to_owned(), "/rules/0", "Rule"),
        ("Systems".to_owned(), "", "SystemList"),
    ] {
        let reply = get(&app, &app.operator, &path).await;
        let value = reply.assert_status(200).json.pointer(pointer).unwrap();
        let described = &document["components"]["schemas"][schema]["properties"];
        assert_eq!(members(value), members(described), "{schema}");
    }
}

#[tokio::test]
async fn d_seg_4__allows_an_account_to_read_its_own_ledger() {
    let app = start().await;
    let settings = format!("Accounts/{}/Settings", app.owner.sid);
    for on in [true, false, true] {
        post(&app, &app.owner, &settings, json!({"body_redaction": on})).await.assert_status(200);
    }
    let ledger = format!("Accounts/{}/Ledger", app.owner.sid);
    let all = get(&app, &app.keys.standard, &ledger).await;
    let entries = all.assert_status(200).json["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["action"], "update_settings");
    assert_eq!(entries[0]["actor"], app.owner.sid.to_string());
    assert_eq!(entries[0]["at"], app.now().iso8601());
    assert_eq!(entries[0]["purpose"], "administration");
    assert_eq!(entries[0]["source"], "127.0.0.1");
    assert!(all.json["next_after"].is_null());

    let page = get(&app, &app.owner, &format!("{ledger}?PageSize=2")).await;
    assert_eq!(page.json["entries"].as_array().unwrap().len(), 2);
    let after = page.json["next_after"].as_u64().unwrap();
    let rest = get(&app, &app.owner, &format!("{ledger}?PageSize=2&After={after}")).await;
    assert_eq!(rest.json["entries"].as_array().unwrap(), &entries[2..]);
    get(&app, &app.owner, &format!("{ledger}?After=-1")).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn d_seg_4__hides_the_ledger_of_other_accounts() {
    let app = start().await;
    get(&app, &app.other, &format!("Accounts/{}/Ledger", app.owner.sid)).await.assert_error(404, 20_404);
    get(&app, &app.keys.restricted, &format!("Accounts/{}/Ledger", app.owner.sid))
        .await
        .assert_error(403, 20_003);
    let settings = format!("Accounts/{}/Settings", app.owner.sid);
    post(&app, &app.owner, &settings, json!({"body_redaction": true})).await.assert_status(200);
    let sub = get(&app, &app.subaccount, &format!("Accounts/{}/Ledger", app.subaccount.sid)).await;
    assert_eq!(sub.assert_status(200).json["entries"], json!([]));
}
