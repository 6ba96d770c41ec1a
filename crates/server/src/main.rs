//! The binary `switchward`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::run()
}
