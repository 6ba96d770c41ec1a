//! `switchward compat`: which operations of each product are served.

use std::process::ExitCode;

use crate::compat::{ProductReport, report, route_table};
use crate::problem::Result;
use crate::terminal::{show, show_json};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print JSON, with every operation
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let products = report(&route_table()?);
    match arguments.json {
        true => show_json(&products, true)?,
        false => show(&table(&products))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn table(products: &[ProductReport]) -> String {
    let line =
        |name: &str, served: usize, published: usize| format!("{name:14}  {served:6}  {published:9}\n");
    let mut text = format!("{:14}  served  published\n", "product");
    for product in products {
        text.push_str(&line(product.product, product.served, product.published));
    }
    let sum = |count: fn(&ProductReport) -> usize| products.iter().map(count).sum();
    text.push_str(&line("all", sum(|product| product.served), sum(|product| product.published)));
    text
}
