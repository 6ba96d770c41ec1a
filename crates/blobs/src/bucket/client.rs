//! The way to the bucket: hyper over our TLS, with an end for each request. Answers are read whole, so that one that breaks
//! off is a failure of its request, and is tried again as such.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Response, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpService,
};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::BucketProblem;
use crate::limits;

/// Why there is no answer; the text is fixed, because what a service says may hold our signature.
#[derive(Clone, Copy, Debug)]
struct Trouble(&'static str);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Trouble {}

/// Makes requests, over connections that are kept for a while. Clones share them.
#[derive(Clone)]
pub(super) struct Client {
    pool: legacy::Client<Connector, HttpRequestBody>,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[client]")
    }
}

impl Client {
    pub(super) fn new(roots: Option<&str>, timeout: Duration) -> Result<Self, BucketProblem> {
        let connector = Connector { tls: kms::connector(roots).map_err(|problem| BucketProblem(problem.0))? };
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::IDLE)
            .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
            .build(connector);
        Ok(Self { pool, timeout })
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |kind, text| HttpError::new(kind, Trouble(text));
        let answer = self.pool.request(request).await.map_err(|error| match error.is_connect() {
            true => failed(HttpErrorKind::Connect, "it cannot be reached, or TLS fails"),
            false => failed(HttpErrorKind::Interrupted, "the connection broke"),
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, limits::ANSWER_BYTES).collect().await;
        let body = body
            .map_err(|_| failed(HttpErrorKind::Interrupted, "its answer broke off or is too long"))?
            .to_bytes();
        Ok(Response::from_parts(parts, body.into()))
    }
}

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// The future of `object_store`'s interface.
type Asking<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Client {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Asking<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let late = |_| HttpError::new(HttpErrorKind::Timeout, Trouble("it does not answer in time"));
            timeout(self.timeout, self.ask(request)).await.map_err(late)?
        })
    }
}

/// Opens connections.
#[derive(Clone)]
struct Connector {
    tls: TlsConnector,
}

impl Connector {
    async fn open(self, uri: Uri) -> io::Result<Stream> {
        let host = uri.host().unwrap_or_default();
        // URIs write IPv6 in brackets, resolvers and certificates do not.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_https = uri.scheme_str() != Some("http");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        if !is_https {
            return Ok(Stream(TokioIo::new(Box::new(tcp))));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tls = self.tls.connect(name, tcp).await?;
        Ok(Stream(TokioIo::new(Box::new(tls))))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let opening = self.clone().open(uri);
        Box::pin(async {
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            timeout(limits::CONNECT, opening).await.map_err(late)?
        })
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection, with TLS or on this machine.
struct Stream(TokioIo<Box<dyn Io>>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}
