//! How much of the published API is served, counted from the real route tables.
//!
//! What is published stands in `data/published`, one file per product and one line per operation:
//! method, path (without the 2010 API's `.json`), operation id. A path parameter matches whatever
//! its name is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::SystemClock;
use kit::{Refusal, RouteRow};
use serde::Serialize;
use store::Database;

use crate::app::open_services;
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};
use crate::products::Connections;
use crate::temporary::TemporaryFolder;

macro_rules! published {
    ($($label:literal)*) => {
        /// The published operations by product.
        const PUBLISHED: &[(&str, &str)] =
            &[$(($label, include_str!(concat!("../data/published/", $label, ".txt")))),*];
    };
}

published! {
    "accounts" "api" "assistants" "bulkexports" "chat" "content" "conversations" "events" "flex-api"
    "frontline-api" "iam" "insights" "intelligence" "lookups" "marketplace" "messaging" "monitor"
    "notify" "numbers" "oauth" "preview-iam" "pricing" "proxy" "routes" "serverless" "studio" "sync"
    "taskrouter" "trunking" "trusthub" "verify" "video" "voice"
}

/// One published operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Operation {
    /// HTTP method.
    pub(crate) method: &'static str,
    /// Path with `{Parameters}`.
    pub(crate) path: &'static str,
    /// Its name in the published documents.
    pub(crate) operation: &'static str,
    /// Whether it is served here.
    pub(crate) served: bool,
    /// Whether who asks is told that it is not served, instead of that there is no such path.
    pub(crate) refused: bool,
    /// With which status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused_with: Option<u16>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ProductReport {
    /// Its label: the first label of its host.
    pub(crate) product: &'static str,
    /// Operations served.
    pub(crate) served: usize,
    /// Operations published.
    pub(crate) published: usize,
    /// All of them, in the order of their paths.
    pub(crate) operations: Vec<Operation>,
}

/// Every product that is published, compared with what is served.
pub(crate) fn report(table: &[RouteRow]) -> Vec<ProductReport> {
    let shape_of = |row: &RouteRow| shape(row.product, row.method.as_str(), row.path);
    let served: BTreeSet<Shape> = table.iter().filter(|row| row.access.served).map(shape_of).collect();
    let refused: BTreeMap<Shape, Refusal> = table
        .iter()
        .filter(|row| !row.access.served)
        .map(|row| (shape_of(row), row.access.refusal))
        .collect();
    PUBLISHED
        .iter()
        .map(|(product, text)| {
            let operations: Vec<Operation> = lines(text)
                .map(|(method, path, operation)| {
                    let shape = shape(product, method, path);
                    let refusal = refused.get(&shape);
                    Operation {
                        method,
                        path,
                        operation,
                        served: served.contains(&shape),
                        refused: refusal.is_some(),
                        refused_with: refusal.map(|refusal| refusal.code.status),
                        reason: refusal.and_then(|refusal| refusal.reason),
                    }
                })
                .collect();
            let count = operations.iter().filter(|operation| operation.served).count();
            ProductReport { product, served: count, published: operations.len(), operations }
        })
        .collect()
}

/// Rows of the table under a published product's label that the product does not have.
#[cfg(test)]
pub(crate) fn unpublished(table: &[RouteRow]) -> Vec<&RouteRow> {
    let known: BTreeSet<Shape> = PUBLISHED
        .iter()
        .flat_map(|(product, text)| lines(text).map(|(method, path, _)| shape(product, method, path)))
        .collect();
    table
        .iter()
        .filter(|row| PUBLISHED.iter().any(|(product, _)| *product == row.product))
        .filter(|row| !known.contains(&shape(row.product, row.method.as_str(), row.path)))
        .collect()
}

/// Every route of this binary. Routes hold the services they work on, so an empty store is opened.
///
/// # Errors
/// When the temporary store cannot be opened.
pub(crate) fn route_table() -> Result<Vec<RouteRow>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let folder = TemporaryFolder::create()?;
        let data = DataFolder::open(folder.path())?;
        let database = Database::Sqlite(data.database_file());
        let services =
            open_services(database, data.master_key(None)?, Arc::new(SystemClock), None, data.blobs()?)
                .await?;
        let connections =
            Connections::none(&services.store).map_err(|error| Problem::new(error.to_string()))?;
        let table = connections.table(&services);
        services.store.clone().close().await;
        Ok(table)
    })
}

/// Product, method, and path with the parameters' names removed.
type Shape = (String, String, String);

fn shape(product: &str, method: &str, path: &str) -> Shape {
    let segments = path.split('/').map(|segment| match segment.starts_with('{') && segment.ends_with('}') {
        true => "{}",
        false => segment,
    });
    (product.to_owned(), method.to_owned(), segments.collect::<Vec<_>>().join("/"))
}

fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_line_is_read() {
        for (product, text) in PUBLISHED {
            assert_eq!(lines(text).count(), text.lines().count(), "{product}");
            assert!(
                lines(text)
                    .all(|(method, path, _)| method.parse::<http::Method>().is_ok() && path.starts_with('/'))
            );
        }
        let total: usize = PUBLISHED.iter().map(|(_, text)| lines(text).count()).sum();
        assert_eq!(total, 1264);
    }

    #[test]
    fn parameters_match_whatever_their_name() {
        let ours = shape("api", "GET", "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}");
        assert_eq!(ours, shape("api", "GET", "/2010-04-01/Accounts/{Sid}/Messages/{Sid}"));
        assert_ne!(ours, shape("api", "POST", "/2010-04-01/Accounts/{Sid}/Messages/{Sid}"));
        assert_ne!(ours, shape("api", "GET", "/2010-04-01/Accounts/{Sid}/Calls/{Sid}"));
    }

    #[test]
    fn nothing_is_served_under_a_published_label_that_is_not_published() {
        let mut table = route_table().expect("the routes");
        assert_eq!(shown(&unpublished(&table)), "");
        let row = table.iter().find(|row| row.product == "api").expect("the 2010 API is served").clone();
        table.push(RouteRow { path: "/2010-04-01/Surprise", ..row.clone() });
        table.push(RouteRow { product: "switchward", path: "/switchward/v1/Surprise", ..row });
        assert_eq!(shown(&unpublished(&table)), "api GET /2010-04-01/Surprise");
    }

    #[test]
    fn our_own_api_is_described_exactly() {
        let document: serde_json::Value = serde_json::from_str(accounts::OPENAPI).expect("JSON");
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                if let Some(id) = operation["operationId"].as_str() {
                    described.insert(format!("{} {path} {id}", method.to_uppercase()));
                }
            }
        }
        let served: BTreeSet<String> = route_table()
            .expect("the routes")
            .iter()
            .filter(|row| row.product == "switchward")
            .map(|row| format!("{} {} {}", row.method, row.path, row.access.operation))
            .collect();
        assert_eq!(described, served);
    }

    fn shown(rows: &[&RouteRow]) -> String {
        let lines: Vec<String> =
            rows.iter().map(|row| format!("{} {} {}", row.product, row.method, row.path)).collect();
        lines.join("\n")
    }
}
