//! `switchward keys`: how the keys are kept, and moving them while everything goes on.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::place::Place;
use crate::maintenance::Order;
use crate::problem::Result;
use crate::terminal::{show, show_json};
use crate::{cli, log};

#[derive(clap::Subcommand)]
pub(super) enum KeysCommand {
    /// Say which master key wraps how many keys, and how old the keys are
    Status(StatusArguments),
    /// Give every account and organization a new key for what is written from now on
    Rotate(RotateArguments),
    /// Move all keys to the master key that the configuration names now
    Rewrap(RewrapArguments),
}

#[derive(clap::Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct RotateArguments {
    #[command(flatten)]
    place: Place,
    /// Only keys that are at least so old
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    older_than_days: u32,
}

#[derive(clap::Args)]
pub(super) struct RewrapArguments {
    #[command(flatten)]
    place: Place,
    /// Also keys that the present master key wrapped: after its service has made a newer version of it
    #[arg(long)]
    all: bool,
}

/// Seconds of a day.
const DAY: u64 = 86_400;

pub(super) fn run(command: &KeysCommand) -> Result<ExitCode> {
    log::hide_panics();
    let runtime = cli::runtime()?;
    match command {
        KeysCommand::Status(arguments) => {
            let status = runtime.block_on(arguments.place.carry_out(Order::KeysStatus))?;
            match arguments.json {
                true => show_json(&status, true)?,
                false => show(&readable(&status))?,
            }
        }
        KeysCommand::Rotate(arguments) => {
            let older_than_s = u64::from(arguments.older_than_days) * DAY;
            let done = runtime.block_on(arguments.place.carry_out(Order::KeysRotate { older_than_s }))?;
            show(&format!(
                "{} keys were made. What was sealed under older ones stays readable.\n",
                done["rotated"]
            ))?;
        }
        KeysCommand::Rewrap(arguments) => {
            let order = Order::KeysRewrap { all: arguments.all };
            let done = runtime.block_on(arguments.place.carry_out(order))?;
            let master_key = done["master_key"].as_str().unwrap_or_default();
            show(&format!("{} keys were moved to {master_key}.\n", done["rewrapped"]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn readable(status: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let mut lines = format!(
        "master key   {}\nscopes       {}\noldest key   {}\n",
        text(&status["master_key"]),
        status["scopes"],
        text(&status["oldest_key_made_at"])
    );
    for wrapped in status["wrapped"].as_array().into_iter().flatten() {
        lines.push_str(&format!("wrapped      {} by {}\n", wrapped["keys"], text(&wrapped["master_key"])));
    }
    lines
}
