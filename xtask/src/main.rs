//! Automation for the workspace: `cargo xtask ci` is the whole pipeline, and each step runs alone.
//!
//! A step is one file with one `run` function; so is a command, which takes arguments of its own. Both
//! print what they do, wait for nothing without a limit, and write nothing outside the target folder.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an automation program talks to its user")]

mod apt;
mod audit_fixtures;
mod bench;
mod carrier_peers;
mod commands;
mod crash;
mod deps;
mod dist;
mod evidence;
mod faults;
mod fmt;
mod fuzz;
mod generated;
mod layers;
mod leak;
mod lint;
mod metadata;
mod postgres;
mod proofs;
mod s3_peer;
mod sdk;
mod segment;
mod shell;
mod source;
mod spdx;
mod steps;
mod test;
mod tidy;
mod traces;

use std::process::ExitCode;

use commands::COMMANDS;
use steps::{Options, STEPS};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((name, rest)) = arguments.split_first()
        && let Some(command) = COMMANDS.iter().find(|command| command.name == name)
    {
        return ended((command.run)(rest));
    }
    let options = match parse(&arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", help());
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{}", help());
            return ExitCode::from(2);
        }
    };
    ended(steps::run(&options))
}

fn ended(result: Result<bool, String>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments ask for; `None` when they ask for help.
fn parse(arguments: &[String]) -> Result<Option<Options>, String> {
    let mut options = Options { steps: Vec::new(), keep_going: false, write: false };
    let mut all = false;
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" | "help" => return Ok(None),
            "--keep-going" => options.keep_going = true,
            "--write" => options.write = true,
            "ci" => all = true,
            name => match STEPS.iter().find(|step| step.name == name) {
                Some(step) => options.steps.push(step.name),
                None => return Err(format!("unknown argument `{name}`")),
            },
        }
    }
    if all {
        options.steps = STEPS.iter().map(|step| step.name).collect();
    }
    if options.write && !options.steps.contains(&"generated") {
        return Err("`--write` belongs to the step `generated`".to_owned());
    }
    Ok((!options.steps.is_empty()).then_some(options))
}

fn help() -> String {
    let mut text = String::from(
        "Usage: cargo xtask ci [--keep-going]\n       cargo xtask STEP... [--keep-going] [--write]\n       cargo xtask COMMAND [ARGUMENTS]\n\nSteps, in the order `ci` runs them:\n",
    );
    for step in STEPS {
        text.push_str(&format!("  {:<10} {}\n", step.name, step.about));
    }
    text.push_str("\nCommands, which say more with --help:\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<10} {}\n", command.name, command.about));
    }
    text.push_str(
        "\nOptions:\n  --keep-going  run the remaining steps after a failure\n  --write       `generated` writes the files instead of comparing them\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Options>, String> {
        parse(&arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn ci_means_every_step() {
        let options = parsed(&["ci", "--keep-going"]).expect("valid").expect("not help");
        assert_eq!(options.steps.len(), STEPS.len());
        assert!(options.keep_going);
    }

    #[test]
    fn rejects_an_unknown_step() {
        assert!(parsed(&["tidi"]).is_err());
        assert!(parsed(&["tidy", "--write"]).is_err());
    }

    #[test]
    fn nothing_and_help_ask_for_help() {
        assert!(matches!(parsed(&[]), Ok(None)));
        assert!(matches!(parsed(&["tidy", "--help"]), Ok(None)));
    }
}
