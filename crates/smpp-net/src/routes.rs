//! The operator's binds: how each does, and those that are kept here instead of in the file. A password is
//! never shown, and nothing of a message.

use std::path::PathBuf;
use std::sync::Arc;

use auth::Permission;
use errors::ApiError;
use errors::codes;
use kit::{
    Access, Answer, Caller, Created, Deleted, Extension, Found, Json, Path, Product, Routes, Services,
};
use serde::Serialize;

use crate::carrier::SmppCarrier;
use crate::config::BindConfig;
use crate::link::{Condition, Link};
use crate::stored::{self, GivenBind};

const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const MANY: &str = "/switchward/v1/SmppBinds";
const ONE: &str = "/switchward/v1/SmppBinds/{Name}";

/// The table.
pub fn routes(services: Arc<Services>, carrier: SmppCarrier) -> Routes {
    const fn operator(permission: Permission, operation: &'static str) -> Access {
        Access::new(permission, operation).operator_only().administrative()
    }
    Routes::new(PRODUCT, services)
        .list(MANY, operator(Permission::AlertsRead, "list_smpp_bind"), list)
        .create(MANY, operator(Permission::ComplianceWrite, "create_smpp_bind"), create)
        .fetch(ONE, operator(Permission::AlertsRead, "fetch_smpp_bind"), fetch)
        .update(ONE, operator(Permission::ComplianceWrite, "update_smpp_bind"), update)
        .delete(ONE, operator(Permission::ComplianceWrite, "delete_smpp_bind"), delete)
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
    /// Where it is configured: `file` or `api`.
    source: &'static str,
    network: String,
    host: String,
    port: u16,
    system_id: String,
    system_type: String,
    mode: &'static str,
    version: &'static str,
    tls: bool,
    ca_file: Option<PathBuf>,
    interconnect: Vec<String>,
    interconnect_attested_by: Option<String>,
    /// Whether messages of HIPAA projects may leave by it.
    private: bool,
    rate_per_second: f64,
    enquire_seconds: u64,
    response_seconds: u64,
    concatenation: &'static str,
    message_id: &'static str,
    country_code: Option<String>,
    gsm7_data_coding: u8,
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
        let source = if link.stored.is_some() { "api" } else { "file" };
        Self::of(&link.config, source, link.condition(), link.is_silent())
    }

    /// A bind that was just made or changed: it is about to connect.
    fn fresh(config: &BindConfig) -> Self {
        Self::of(config, "api", Condition::default(), false)
    }

    fn of(config: &BindConfig, source: &'static str, condition: Condition, is_silent: bool) -> Self {
        let Condition { bound_since, unanswered, taken, throttled, last_problem, .. } = condition;
        let (last_problem_at, last_problem) = last_problem.unzip();
        Self {
            name: config.name.clone(),
            source,
            network: config.network().to_owned(),
            host: config.host.clone(),
            port: config.port,
            system_id: config.system_id.clone(),
            system_type: config.system_type.clone(),
            mode: config.mode.as_str(),
            version: config.version.as_str(),
            tls: config.tls,
            ca_file: config.ca_file.clone(),
            interconnect: config.interconnect.clone(),
            interconnect_attested_by: config.interconnect_attested_by.clone(),
            private: config.is_private(),
            rate_per_second: config.rate_per_second,
            enquire_seconds: config.enquire_seconds,
            response_seconds: config.response_seconds,
            concatenation: config.concatenation.as_str(),
            message_id: config.message_id.as_str(),
            country_code: config.country_code.clone(),
            gsm7_data_coding: config.gsm7_data_coding,
            state: match (bound_since.is_some(), is_silent) {
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
    Ok(Found(BindsView { binds: carrier.links().iter().map(|link| BindView::new(link)).collect() }))
}

async fn fetch(
    _caller: Caller,
    Extension(carrier): Extension<SmppCarrier>,
    Path(name): Path<String>,
) -> Answer<Found<BindView>> {
    let link = carrier.link(&name).ok_or_else(|| ApiError::new(codes::NOT_FOUND))?;
    Ok(Found(BindView::new(&link)))
}

async fn create(
    caller: Caller,
    Extension(carrier): Extension<SmppCarrier>,
    Json(given): Json<GivenBind>,
) -> Answer<Created<BindView>> {
    let bind = stored::create(&caller, &carrier, given).await?;
    Ok(Created(BindView::fresh(&bind)))
}

async fn update(
    caller: Caller,
    Extension(carrier): Extension<SmppCarrier>,
    Path(name): Path<String>,
    Json(given): Json<GivenBind>,
) -> Answer<Found<BindView>> {
    let bind = stored::update(&caller, &carrier, &name, given).await?;
    Ok(Found(BindView::fresh(&bind)))
}

async fn delete(
    caller: Caller,
    Extension(carrier): Extension<SmppCarrier>,
    Path(name): Path<String>,
) -> Answer<Deleted> {
    stored::delete(&caller, &carrier, &name).await?;
    Ok(Deleted)
}
