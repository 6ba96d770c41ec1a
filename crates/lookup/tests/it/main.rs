//! Lookup through its public edge: what is served, what the rules refuse, and that no number stays behind.

mod answers;
mod rules;
mod traces;

use std::sync::Arc;

use lookup::LocalTable;
use test_kit::TestApp;

const PRODUCT: &str = "lookups";
const NUMBER: &str = "+14155550100";

const TABLE: &str = r#"
[[line]]
number = "+1415555"
type = "mobile"
carrier = "Example Wireless"
mobile_country_code = "310"
mobile_network_code = "456"

[[line]]
number = "+14155550100"
caller_name = "Canary Clinic"
caller_type = "BUSINESS"

[[line]]
number = "+44"
type = "nonFixedVoip"
"#;

async fn start() -> TestApp {
    let table = Arc::new(LocalTable::parse(TABLE).expect("a table"));
    TestApp::start(|services| vec![lookup::routes(services, table)]).await
}

fn v2(query: &str) -> String {
    format!("/v2/PhoneNumbers/{NUMBER}{query}")
}

fn v1(query: &str) -> String {
    format!("/v1/PhoneNumbers/{NUMBER}{query}")
}
