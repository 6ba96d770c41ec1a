//! The vocabulary itself: everyone in the test's world is who they are said to be, and the sink is an HTTPS server.

use std::sync::Arc;
use std::time::Duration;

use auth::{Permission, load_account};
use kit::{Access, Answer, Ctx, Found, Product, Routes, Services};
use test_kit::{Credentials, SinkReply, TestApp, WebhookSink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const READ: Access = Access::new(Permission::MessagesRead, "fetch_thing");

async fn own(ctx: Ctx) -> Answer<Found<String>> {
    Ok(Found(ctx.account().sid().to_string()))
}

fn things(services: Arc<Services>) -> Vec<Routes> {
    let product = Product { label: "things", service: "messaging" };
    vec![Routes::new(product, services).fetch("/2010-04-01/Accounts/{AccountSid}/Thing", READ, own)]
}

#[tokio::test]
async fn everyone_reaches_what_is_theirs() {
    let app = TestApp::start(things).await;
    let path = |sid: base::AccountSid| format!("/2010-04-01/Accounts/{sid}/Thing.json");
    for account in [&app.owner, &app.hipaa, &app.subaccount, &app.other] {
        let reply = app.get(account, "things", &path(account.sid)).await;
        reply.assert_status(200);
        assert_eq!(reply.json, account.sid.to_string());
    }
    for key in [&app.keys.main, &app.keys.standard, &app.keys.restricted, &app.operator] {
        app.get(key, "things", &path(app.owner.sid)).await.assert_status(200);
    }
    app.get(&app.owner, "things", &path(app.subaccount.sid)).await.assert_status(200);
    app.get(&app.owner, "things", &path(app.other.sid)).await.assert_error(404, 20404);
    app.get(Credentials::nobody(), "things", &path(app.owner.sid)).await.assert_error(401, 20003);
}

#[tokio::test]
async fn only_the_hipaa_project_is_one() {
    let app = TestApp::start(things).await;
    for (account, protected, covered) in
        [(&app.owner, false, true), (&app.hipaa, true, true), (&app.other, false, false)]
    {
        let context = load_account(&app.services.store, account.sid, app.now()).await.expect("readable");
        let facts = context.expect("an account").facts("messaging");
        assert_eq!(
            (facts.protected, facts.phi_permitted, facts.agreement_active),
            (protected, protected, covered)
        );
    }
    let before = app.now();
    app.advance(Duration::from_secs(60));
    assert_eq!(app.now().since(before), Duration::from_secs(60));
}

/// One request over TLS, trusting only the sink's authority.
async fn send(sink: &WebhookSink, request: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(sink.authority_pem().as_bytes()).expect("a certificate");
    roots.add(authority).expect("a certificate authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(sink.address()).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, socket).await.expect("a trusted certificate");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn the_sink_records_and_answers_as_told() {
    let sink = WebhookSink::start().await;
    sink.answer("/hook", SinkReply::twiml("<Response/>"));
    sink.answer_once("/hook", SinkReply::status(500));
    let post =
        "POST /hook?a=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 7\r\n\r\nBody=x+";
    assert!(send(&sink, post).await.starts_with("HTTP/1.1 500"));
    let second = send(&sink, post).await;
    assert!(second.starts_with("HTTP/1.1 200") && second.ends_with("<Response/>"), "{second}");
    let requests = sink.wait_for(2).await;
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/hook?a=1"));
    assert_eq!(requests[1].parameter("Body").as_deref(), Some("x "));
    assert_eq!(sink.requests().len(), 2);
}
