//! What is the same for everybody: the rulebook, the list of systems, and the description of this API.

use std::sync::OnceLock;

use kit::{Answer, Caller, Found};
use rulebook::load::{Counts, Listing};
use rulebook::records::{Change, PolicySwitch};
use rulebook::{Date, Rulebook, System};
use serde::Serialize;
use serde_json::Value;

/// The OpenAPI 3.1 document of `/switchward/v1`.
pub const OPENAPI: &str = include_str!("../openapi/switchward-v1.json");

/// Which edition an answer speaks of (CON-EDITION-1).
#[derive(Serialize)]
struct EditionView {
    id: Date,
    title: &'static str,
}

fn edition() -> EditionView {
    let latest = Rulebook::embedded().latest();
    EditionView { id: latest.id, title: &latest.title }
}

/// Every rule with its status, and the edition's readings and history.
#[derive(Serialize)]
pub(crate) struct RulebookView {
    edition: EditionView,
    counts: Counts,
    policies: &'static [PolicySwitch],
    changes: &'static [Change],
    rules: Vec<Listing<'static>>,
}

/// `GET /Rulebook`.
pub(crate) async fn fetch_rulebook(_caller: Caller) -> Answer<Found<RulebookView>> {
    let book = Rulebook::embedded();
    Ok(Found(RulebookView {
        edition: edition(),
        counts: book.counts(),
        policies: &book.latest().policies,
        changes: &book.latest().changes,
        rules: book.listing(),
    }))
}

/// The complete list of systems and their eligibility (CON-LIST-1).
#[derive(Serialize)]
pub(crate) struct SystemList {
    edition: EditionView,
    systems: &'static [System],
}

/// `GET /Systems`.
pub(crate) async fn list_systems(_caller: Caller) -> Answer<Found<SystemList>> {
    Ok(Found(SystemList { edition: edition(), systems: &Rulebook::embedded().latest().systems }))
}

/// `GET /openapi.json`.
pub(crate) async fn fetch_openapi(_caller: Caller) -> Answer<Found<&'static Value>> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Ok(Found(DOCUMENT.get_or_init(|| serde_json::from_str(OPENAPI).expect("a test reads the document"))))
}
