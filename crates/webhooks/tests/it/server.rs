//! A small webhook receiver that keeps every byte it was sent, and certificates to give it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::SystemClock;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use webhooks::{Answer, Client, ClientConfig, Cookies, Delivery, Payload, SendError, SigningKey, WebhookUrl};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// One request as received: after TLS, before any interpretation.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Starts a receiver; an empty answer means: keep the connection open and say nothing.
pub(crate) async fn start(
    tls: Option<Arc<ServerConfig>>,
    answer: impl Fn(u16, &Seen) -> String + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let server = Server { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
    let (answer, started) = (Arc::new(answer), server.clone());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (answer, server, tls) = (answer.clone(), server.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, server, &*answer).await,
                    // A client that refuses the certificate ends here: there is no byte of HTTP to record.
                    Some(tls) => {
                        if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                            serve(stream, server, &*answer).await;
                        }
                    }
                }
            });
        }
    });
    started
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    server: Server,
    answer: &(dyn Fn(u16, &Seen) -> String + Send + Sync),
) {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
        bytes.extend_from_slice(&buffer[..count]);
        let Some(request) = complete_request(&bytes) else { continue };
        bytes.clear();
        server.seen.lock().unwrap().push(request.clone());
        let text = answer(server.port, &request);
        if text.is_empty() {
            std::future::pending::<()>().await;
        }
        if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        if text.contains("Connection: close") {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

fn complete_request(bytes: &[u8]) -> Option<Seen> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let seen = Seen { head: head.to_owned(), body: body.to_owned() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    (body.len() == length).then_some(seen)
}

pub(crate) fn answer_with(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A private certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
}

pub(crate) fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test authority");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let (pem, certificate) = (certificate.pem(), certificate.der().clone());
    Authority { issuer: Issuer::new(params, key), certificate, pem }
}

impl Authority {
    /// A server certificate for these names, expired or not.
    pub(crate) fn server(&self, names: &[&str], expired: bool) -> Arc<ServerConfig> {
        let mut params = leaf(names);
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        server_config(params.signed_by(&key, &self.issuer).unwrap().der().clone(), &key)
    }
}

impl Authority {
    /// A server that serves only clients with a certificate of this authority.
    pub(crate) fn server_asking(
        &self,
        names: &[&str],
        clients: &Authority,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(clients.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(names).signed_by(&key, &self.issuer).unwrap().der().clone();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        Arc::new(config)
    }

    /// A certificate of this authority, as PEM.
    pub(crate) fn sign(&self, params: CertificateParams, key: &KeyPair) -> String {
        params.signed_by(key, &self.issuer).unwrap().pem()
    }
}

/// A server certificate that vouches for itself.
pub(crate) fn self_signed(names: &[&str]) -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(names).self_signed(&key).unwrap().der().clone();
    (server_config(certificate.clone(), &key), certificate)
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    Arc::new(config)
}

/// Lets the client reach the receiver, which listens on 127.0.0.1 only.
pub(crate) fn config() -> ClientConfig {
    ClientConfig { allowed_private: vec!["127.0.0.1/32".parse().unwrap()], ..ClientConfig::default() }
}

pub(crate) fn client(config: ClientConfig) -> Client {
    Client::new(config).unwrap()
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn form() -> Payload {
    Payload::Form(parameters(&[("MessageSid", "SM1"), ("Body", "naïve & + é"), ("From", "+15005550006")]))
}

pub(crate) const FORM_BODY: &str = "MessageSid=SM1&Body=na%C3%AFve+%26+%2B+%C3%A9&From=%2B15005550006";

pub(crate) async fn send(client: &Client, url: &str, payload: &Payload) -> Result<Answer, SendError> {
    send_with(client, url, payload, false, None).await
}

/// With the retries that the URL asks for.
pub(crate) async fn retry(client: &Client, url: &str, payload: &Payload) -> Result<Answer, SendError> {
    let (url, cookies) = (WebhookUrl::parse(url).unwrap(), Cookies::new(Arc::new(SystemClock)));
    client.send_with_retries(delivery(&url, payload, &cookies), &mut Vec::new()).await
}

pub(crate) async fn send_with(
    client: &Client,
    url: &str,
    payload: &Payload,
    https_only: bool,
    time_left: Option<Duration>,
) -> Result<Answer, SendError> {
    let (url, cookies) = (WebhookUrl::parse(url).unwrap(), Cookies::new(Arc::new(SystemClock)));
    client.send(Delivery { https_only, time_left, ..delivery(&url, payload, &cookies) }).await
}

/// A delivery of its own, with nothing special about it.
pub(crate) fn delivery<'a>(url: &'a WebhookUrl, payload: &'a Payload, cookies: &'a Cookies) -> Delivery<'a> {
    Delivery {
        url,
        payload,
        signing_key: SigningKey::AuthToken(TOKEN),
        idempotency_token: "delivery-1",
        https_only: false,
        register: None,
        cookies: cookies.conversation([0; 32]),
        answer_limit: webhooks::limits::ANSWER_BYTES,
        time_left: None,
    }
}
