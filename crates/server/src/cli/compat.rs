//! `switchward compat`: which operations of each product are served.

use std::process::ExitCode;

use crate::compat::{ProductReport, report, route_table};
use crate::problem::{Problem, Result};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print JSON, with every operation
    #[arg(long)]
    json: bool,
}

#[allow(clippy::print_stdout)]
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let products = report(&route_table()?);
    if arguments.json {
        let text = serde_json::to_string_pretty(&products)
            .map_err(|_| Problem::new("the report cannot be encoded"))?;
        println!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:14}  served  published", "product");
    for product in &products {
        println!("{:14}  {:6}  {:9}", product.product, product.served, product.published);
    }
    let sum = |count: fn(&ProductReport) -> usize| products.iter().map(count).sum::<usize>();
    println!("{:14}  {:6}  {:9}", "all", sum(|product| product.served), sum(|product| product.published));
    Ok(ExitCode::SUCCESS)
}
