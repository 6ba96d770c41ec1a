//! The clinic's own web server: it listens for status callbacks over TLS, with a certificate of a
//! CA that the clinic registers for its account.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::form_urlencoded;
use webhooks::signature;

use crate::app::wall_clock;
use crate::problem::{Problem, Result};

/// Where callbacks are to be sent.
const PATH: &str = "/message-status";
/// Largest callback that is read, in bytes.
const MAX_CALLBACK: usize = 64 * 1024;
/// Callbacks that may wait to be looked at.
const WAITING: usize = 16;
/// Validity of the certificates, in days.
const DAYS: i64 = 2;

/// One callback as it arrived.
pub(super) struct Callback {
    /// The signature in its header.
    pub(super) signature: String,
    /// Its form.
    pub(super) parameters: Vec<(String, String)>,
}

impl Callback {
    /// A parameter; empty when absent.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }
}

/// The listening server; it ends when dropped.
pub(super) struct Sink {
    address: SocketAddr,
    ca_pem: String,
    callbacks: mpsc::Receiver<Callback>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// Listens on a free port of this machine.
    pub(super) async fn start() -> Result<Self> {
        let failed =
            |error: std::io::Error| Problem::new(format!("the clinic's server cannot be started: {error}"));
        let (ca_pem, tls) = certificates().map_err(|error| failed(std::io::Error::other(error)))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (sender, callbacks) = mpsc::channel(WAITING);
        let acceptor = TlsAcceptor::from(tls);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), sender.clone()));
            }
        });
        Ok(Self { address, ca_pem, callbacks, task })
    }

    /// The URL to configure.
    pub(super) fn url(&self) -> String {
        format!("https://{}{PATH}", self.address)
    }

    /// The certificate of the clinic's CA.
    pub(super) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The next callback.
    pub(super) async fn next(&mut self) -> Option<Callback> {
        self.callbacks.recv().await
    }
}

fn certificates() -> std::result::Result<(String, Arc<ServerConfig>), rcgen::Error> {
    let now = wall_clock();
    let valid = |mut params: CertificateParams| {
        params.not_before = now - Duration::days(1);
        params.not_after = now + Duration::days(DAYS);
        params
    };
    let mut authority = valid(CertificateParams::default());
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate()?;
    let ca = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut leaf = valid(CertificateParams::default());
    leaf.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private.into())
        })
        .expect("a certificate that was just made fits its key");
    Ok((ca.pem(), Arc::new(tls)))
}

/// Serves one connection; one that fails is the caller's to repeat.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, sender: mpsc::Sender<Callback>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(request, sender.clone()));
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    sender: mpsc::Sender<Callback>,
) -> std::result::Result<Response<Empty<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let signature =
        head.headers.get(signature::HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = Limited::new(body, MAX_CALLBACK).collect().await?.to_bytes();
    let parameters = form_urlencoded::parse(&body).into_owned().collect();
    let _full = sender.try_send(Callback { signature: signature.to_owned(), parameters });
    Ok(Response::new(Empty::new()))
}
