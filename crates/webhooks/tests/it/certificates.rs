//! Only verified certificates: rule GEN-HTTPS-3.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webhooks::signature::validate;
use webhooks::{Client, ClientConfig, Payload, SendError, TrustProblem, read_authorities};

use crate::server::{
    FORM_BODY, OK, TOKEN, answer_with, authority, client, config, form, self_signed, send, send_with,
};
use crate::server::{Server, start};

fn trusting(root: &CertificateDer<'static>) -> Client {
    client(ClientConfig { extra_roots: vec![root.clone()], ..config() })
}

async fn receiver(tls: Arc<ServerConfig>) -> Server {
    start(Some(tls), |_, _| OK.to_owned()).await
}

/// Sends to `https://localhost`, expects this alert, and that the receiver saw no byte of a request.
async fn check_refused(client: &Client, tls: Arc<ServerConfig>, expected: SendError, code: u32) {
    let server = receiver(tls).await;
    let error =
        send(client, &format!("https://localhost:{}/hook", server.port), &form()).await.err().unwrap();
    assert_eq!((error, error.alert_code()), (expected, code));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn gen_https_3__allows_registered_private_ca() {
    let authority = authority();
    let server = receiver(authority.server(&["localhost", "127.0.0.1"], false)).await;
    let client = trusting(&authority.certificate);
    let Payload::Form(parameters) = form() else { unreachable!() };
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/hook?b=2&a=%7e", server.port);
        let answer = send_with(&client, &url, &form(), true, None).await.ok().unwrap();
        assert_eq!(answer.status, 204);
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.request_line(), "POST /hook?b=2&a=%7e HTTP/1.1");
        assert_eq!(seen.body, FORM_BODY);
        assert_eq!(seen.header("host"), Some(&*format!("{host}:{}", server.port)));
        assert_eq!(seen.header("user-agent"), Some("TwilioProxy/1.1"));
        assert_eq!(seen.header("accept"), Some("*/*"));
        assert_eq!(seen.header("i-twilio-idempotency-token"), Some("delivery-1"));
        assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded; charset=UTF-8"));
        assert!(validate(TOKEN, &url, &parameters, seen.header("x-twilio-signature").unwrap()));
    }
}

#[tokio::test]
async fn gen_https_3__refuses_self_signed_certificate() {
    let (tls, _) = self_signed(&["localhost"]);
    check_refused(&client(config()), tls, SendError::CertificateUntrusted, 11237).await;
}

#[tokio::test]
async fn gen_https_3__refuses_private_ca_that_is_not_registered() {
    let (theirs, ours) = (authority(), authority());
    let tls = theirs.server(&["localhost"], false);
    check_refused(&trusting(&ours.certificate), tls, SendError::CertificateUntrusted, 11237).await;
}

#[tokio::test]
async fn gen_https_3__refuses_expired_certificate() {
    let authority = authority();
    let tls = authority.server(&["localhost"], true);
    check_refused(&trusting(&authority.certificate), tls, SendError::CertificateExpired, 11236).await;
}

#[tokio::test]
async fn gen_https_3__refuses_certificate_of_another_host() {
    let authority = authority();
    let tls = authority.server(&["example.org"], false);
    check_refused(&trusting(&authority.certificate), tls, SendError::CertificateName, 11235).await;
}

#[tokio::test]
async fn gen_https_3__refuses_to_register_what_is_no_authority() {
    let (_, own) = self_signed(&["localhost"]);
    let problem = |config| Client::new(config).err();
    assert_eq!(
        problem(ClientConfig { extra_roots: vec![own], ..config() }),
        Some(TrustProblem::RootIsNotAuthority)
    );
    let junk = CertificateDer::from(b"not a certificate".to_vec());
    assert_eq!(
        problem(ClientConfig { extra_roots: vec![junk], ..config() }),
        Some(TrustProblem::RootUnreadable)
    );
    assert_eq!(problem(ClientConfig { public_roots: false, ..config() }), Some(TrustProblem::NoRoots));
}

#[test]
fn gen_https_3__reads_only_authorities_from_pem() {
    let (one, two) = (authority(), authority());
    let both = format!("{}\n{}", one.pem, two.pem);
    assert_eq!(read_authorities(&both), Ok(vec![one.certificate, two.certificate]));
    let server_pem = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    assert_eq!(read_authorities(&server_pem), Err(TrustProblem::RootIsNotAuthority));
    let broken = both.replacen("MII", "M*I", 1);
    for text in ["", "not a certificate", broken.as_str()] {
        assert_eq!(read_authorities(text), Err(TrustProblem::RootUnreadable), "{text}");
    }
}

#[tokio::test]
async fn reports_a_server_that_speaks_no_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 mail.example.org ready\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let error = send(&client(config()), &format!("https://127.0.0.1:{port}/"), &form()).await.err();
    assert_eq!(error.map(SendError::alert_code), Some(11220));
}

#[tokio::test]
async fn refuses_plain_http_when_the_account_demands_https() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let url = format!("http://127.0.0.1:{}/hook", server.port);
    let client = client(config());
    let refused = send_with(&client, &url, &form(), true, None).await;
    assert_eq!(refused.err(), Some(SendError::PlainHttpRefused));
    assert!(server.seen().is_empty());
    assert!(send_with(&client, &url, &form(), false, None).await.is_ok());
}

#[tokio::test]
async fn refuses_redirect_from_https_to_plain_http_when_the_account_demands_https() {
    let authority = authority();
    let plain = start(None, |_, _| OK.to_owned()).await;
    let location = format!("Location: http://127.0.0.1:{}/\r\n", plain.port);
    let tls = authority.server(&["127.0.0.1"], false);
    let secure = start(Some(tls), move |_, _| answer_with("307 Temporary Redirect", &location, "")).await;
    let url = format!("https://127.0.0.1:{}/", secure.port);
    let client = trusting(&authority.certificate);
    let refused = send_with(&client, &url, &form(), true, None).await;
    assert_eq!(refused.err(), Some(SendError::PlainHttpRefused));
    assert!(plain.seen().is_empty());
    assert!(send_with(&client, &url, &form(), false, None).await.is_ok());
    assert_eq!(plain.seen().len(), 1);
}
