//! The operations address: metrics, and readiness with reasons, for the operator's own network.
//!
//! It is a port of its own, closed unless configured, because whoever scrapes metrics should not hold the
//! operator's token, which opens every account. It knows no account and no protected data, takes no
//! credentials, and answers until the very end of a shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use edge::EdgeConfig;
use http::{Method, StatusCode, header};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use crate::metrics::Sources;
use crate::problem::{Problem, Result};

/// Connections at the same time: a few scrapers and probes.
const MAX_CONNECTIONS: usize = 32;
/// Prometheus's text format, as its documentation names it.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A bound operations address.
pub(crate) struct Operations {
    listener: TcpListener,
}

impl Operations {
    /// Binds `address`.
    ///
    /// # Errors
    /// When it is taken.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let failed = |error| Problem::new(format!("cannot listen on {address} for operations: {error}"));
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "metrics and readiness");
        Ok(Self { listener })
    }

    /// Answers until `shutdown` completes.
    pub(crate) async fn serve(
        self,
        sources: Arc<Sources>,
        config: EdgeConfig,
        shutdown: impl Future<Output = ()>,
    ) {
        let service = tower::service_fn(move |request: http::Request<Incoming>| {
            let sources = Arc::clone(&sources);
            async move { Ok::<_, Infallible>(answer(&sources, &request).await) }
        });
        let config = EdgeConfig { max_connections: MAX_CONNECTIONS, ..config };
        if let Err(error) = edge::serve(self.listener, config, service, shutdown).await {
            tracing::error!(%error, "the operations address could not be served");
        }
    }
}

async fn answer(sources: &Sources, request: &http::Request<Incoming>) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match request.uri().path() {
        "/metrics" => ([(header::CONTENT_TYPE, TEXT_FORMAT)], sources.page().await).into_response(),
        "/healthz" => StatusCode::OK.into_response(),
        "/readyz" => {
            let report = sources.readiness.report().await;
            let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            match serde_json::to_vec(&report) {
                Ok(json) => {
                    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response()
                }
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
