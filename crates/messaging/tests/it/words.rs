//! Advanced opt-out: words and answers of a Messaging Service.

use serde_json::{Value, json};
use test_kit::{Reply, TestAccount};

use crate::site::{CLINIC, FREE, OWN, PATIENT, Site};

fn path(account: &TestAccount, service: &str) -> String {
    format!("/switchward/v1/Accounts/{}/MessagingServices/{service}/OptOut", account.sid)
}

async fn set(site: &Site, account: &TestAccount, service: &str, words: &Value) -> Reply {
    let body = words.to_string().into_bytes();
    site.app.post_raw(account, "switchward", &path(account, service), body, "application/json").await
}

#[tokio::test]
async fn a_service_begins_with_the_default_words() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    let shown = site.app.get(owner, "switchward", &path(owner, &service)).await;
    let words = &shown.assert_status(200).json;
    assert_eq!(words["help"]["keywords"], json!(["HELP", "INFO"]));
    assert!(words["stop"]["reply"].as_str().expect("a text").contains("START"));
    site.app.get(&site.app.other, "switchward", &path(owner, &service)).await.assert_error(404, 20404);
    let theirs = path(&site.app.other, &service);
    site.app.get(&site.app.other, "switchward", &theirs).await.assert_error(404, 20404);
}

#[tokio::test]
async fn words_that_would_not_work_are_refused_and_change_nothing() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[]).await;
    let before = site.app.get(owner, "switchward", &path(owner, &service)).await.json;
    for words in [
        json!({"stop": {"keywords": ["PARAR"]}}),
        json!({"stop": {"keywords": ["STOP", ""]}}),
        json!({"start": {"keywords": ["START", "STOP"]}}),
        json!({"help": {"keywords": ["HELP"], "reply": "STOP"}}),
        json!({"help": {"keywords": ["HELP"], "language": "es"}}),
        json!({"pause": {"keywords": ["PAUSE"]}}),
        json!({"variants": [{"language": "tlh"}]}),
        json!({"variants": [{"language": "it"}]}),
        json!({"variants": [{"language": "es", "countries": ["XX"]}]}),
        json!({"variants": [{"language": "es", "stop": {"keywords": ["HELP"]}}]}),
        json!({"variants": [{"language": "es", "words": []}]}),
        json!([]),
    ] {
        set(&site, owner, &service, &words).await.assert_error(400, 20001);
    }
    assert_eq!(site.app.get(owner, "switchward", &path(owner, &service)).await.json, before);
}

#[tokio::test]
async fn words_of_the_service_are_heeded_at_its_numbers_alone() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service(owner, &[("InboundRequestUrl", &site.sink.url("/in"))]).await;
    let words = json!({
        "stop": {"keywords": ["STOP", "PARAR"], "reply": "No recibirá más mensajes."},
        "help": {"keywords": ["HELP", "AYUDA"], "reply": "Llame a la clínica."},
    });
    let set = set(&site, owner, &service, &words).await;
    assert_eq!(set.assert_status(200).json["stop"]["keywords"], words["stop"]["keywords"]);
    // The number is in no service yet: the word is a conversation.
    site.arrive(owner, "Parar").await;
    site.send(owner, "x", &[]).await.assert_status(201);
    site.handed(1).await;

    for number in [OWN, FREE] {
        site.join(owner, &service, number).await.assert_status(201);
    }
    site.arrive(owner, "ayuda").await;
    assert_eq!(site.handed(2).await[1].body, "Llame a la clínica.");
    site.arrive(owner, "Parar").await;
    assert_eq!(site.handed(3).await[2].body, "No recibirá más mensajes.");
    for from in [OWN, FREE] {
        let reply = site.send_with(owner, &service, PATIENT, &[("From", from)]).await;
        reply.assert_error(400, 21610);
    }
    // A default word that the service left out is a conversation; START still works.
    site.arrive(owner, "END").await;
    site.arrive(owner, "START").await;
    site.handed(4).await;
    site.send_with(owner, &service, PATIENT, &[]).await.assert_status(201);
    let told = site.requests(4).await;
    let words: Vec<_> = told.iter().map(|request| request.parameter("OptOutType")).collect();
    assert_eq!(words, [Some("HELP"), Some("STOP"), None, Some("START")].map(|word| word.map(str::to_owned)));
}

#[tokio::test]
async fn each_language_and_country_has_its_words_and_answers() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[("InboundRequestUrl", &site.sink.url("/in"))]).await;
    let variants = json!({"variants": [
        {"language": "es"},
        {"language": "fr", "help": {"keywords": ["AIDE"], "reply": "Appelez la clinique."}},
        {"language": "fr", "countries": ["CA"], "stop": {"keywords": ["STOP"], "reply": "Au revoir."}},
    ]});
    let set = set(&site, owner, &service, &variants).await.assert_status(200).json.clone();
    // What was not given is filled in, and the English words are as they were.
    assert_eq!(set["variants"][0]["help"]["keywords"], json!(["AYUDA"]));
    assert_eq!(set["help"]["keywords"], json!(["HELP", "INFO"]));
    assert_eq!(set["variants"].as_array().map(Vec::len), Some(3));

    let canadian = "+14165550177";
    for (place, (from, text, answer, kind)) in [
        (PATIENT, "ayuda", set["variants"][0]["help"]["reply"].clone(), "HELP"),
        (PATIENT, "Aide", json!("Appelez la clinique."), "HELP"),
        (canadian, "Stop", json!("Au revoir."), "STOP"),
        (PATIENT, "ARRÊT", set["variants"][1]["stop"]["reply"].clone(), "STOP"),
    ]
    .into_iter()
    .enumerate()
    {
        site.arrive_from(from, owner, text).await;
        assert_eq!(json!(site.handed(place + 1).await[place].body), answer, "{text}");
        let told = site.requests(place + 1).await;
        assert_eq!(told[place].parameter("OptOutType").as_deref(), Some(kind), "{text}");
    }
    for to in [PATIENT, canadian] {
        site.send_with(owner, &service, to, &[]).await.assert_error(400, 21610);
    }
    site.arrive(owner, "reanudar").await;
    site.handed(5).await;
    site.send_with(owner, &service, PATIENT, &[]).await.assert_status(201);
}

#[tokio::test]
async fn d_red_1__refuses_who_stopped_in_another_language_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC], &[]).await;
    let words = json!({"variants": [{"language": "es"}]});
    set(&site, hipaa, &service, &words).await.assert_status(200);
    site.arrive(hipaa, "Alto").await;
    site.handed(1).await;
    site.settle().await;
    site.send_with(hipaa, &service, PATIENT, &[]).await.assert_error(400, 21610);
    crate::redaction::assert_no_trace(&site);
}

#[tokio::test]
async fn d_red_1__refuses_who_stopped_with_a_word_of_the_service_under_redaction() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let service = site.service_with(hipaa, &[CLINIC], &[]).await;
    let words = json!({"stop": {"keywords": ["STOP", "PARAR"], "reply": "Hasta luego."}});
    set(&site, hipaa, &service, &words).await.assert_status(200);
    site.arrive(hipaa, "parar").await;
    site.handed(1).await;
    site.settle().await;
    site.send_with(hipaa, &service, PATIENT, &[]).await.assert_error(400, 21610);
    crate::redaction::assert_no_trace(&site);
}
