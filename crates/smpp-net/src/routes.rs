//! The operator's view of the binds. A password is never shown, and nothing of a message.

use std::sync::Arc;

use auth::Permission;
use errors::ApiError;
use errors::codes;
use kit::{Access, Answer, Caller, Extension, Found, Path, Product, Routes, Services};
use serde::Serialize;

use crate::carrier::SmppCarrier;
use crate::config::BindConfig;
use crate::link::{Condition, Link};

const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const MANY: &str = "/switchward/v1/SmppBinds";
const ONE: &str = "/switchward/v1/SmppBinds/{Name}";

/// The table.
pub fn routes(services: Arc<Services>, carrier: SmppCarrier) -> Routes {
    const fn operator(operation: &'static str) -> Access {
        Access::new(Permission::AlertsRead, operation).operator_only().administrative()
    }
    Routes::new(PRODUCT, services)
        .list(MANY, operator("list_smpp_bind"), list)
        .fetch(ONE, operator("fetch_smpp_bind"), fetch)
        .share(carrier)
}

/// The binds, the preferred ones first.
#[derive(Serialize)]
struct BindsView {
    binds: Vec<BindView>,
}

/// A bind as it is configured, and how it does.
#[derive(Serialize)]
struct BindView {
    name: String,
    network: String,
    host: String,
    port: u16,
    system_id: String,
    mode: String,
    tls: bool,
    interconnect_attested_by: Option<String>,
    /// Whether messages of HIPAA projects may leave by it.
    private: bool,
    state: &'static str,
    bound_since: Option<String>,
    window: usize,
    window_used: usize,
    parts_taken: u64,
    parts_throttled: u64,
    last_problem: Option<String>,
    last_problem_at: Option<String>,
}

impl BindView {
    fn new(link: &Link) -> Self {
        let config: &BindConfig = &link.config;
        let Condition { bound_since, unanswered, taken, throttled, last_problem, .. } = link.condition();
        let (last_problem_at, last_problem) = last_problem.unzip();
        Self {
            name: config.name.clone(),
            network: config.network().to_owned(),
            host: config.host.clone(),
            port: config.port,
            system_id: config.system_id.clone(),
            mode: format!("{:?}", config.mode).to_lowercase(),
            tls: config.tls,
            interconnect_attested_by: config.interconnect_attested_by.clone(),
            private: config.is_private(),
            state: match (bound_since.is_some(), link.is_silent()) {
                (false, _) => "down",
                (true, true) => "silent",
                (true, false) => "bound",
            },
            bound_since: bound_since.map(|at| at.iso8601()),
            window: config.window,
            window_used: unanswered,
            parts_taken: taken,
            parts_throttled: throttled,
            last_problem,
            last_problem_at: last_problem_at.map(|at| at.iso8601()),
        }
    }
}

async fn list(_caller: Caller, Extension(carrier): Extension<SmppCarrier>) -> Answer<Found<BindsView>> {
    Ok(Found(BindsView { binds: carrier.links().iter().map(BindView::new).collect() }))
}

async fn fetch(
    _caller: Caller,
    Extension(carrier): Extension<SmppCarrier>,
    Path(name): Path<String>,
) -> Answer<Found<BindView>> {
    let link = carrier.links().iter().find(|link| link.config.name == name);
    let link = link.ok_or_else(|| ApiError::new(codes::NOT_FOUND))?;
    Ok(Found(BindView::new(link)))
}
