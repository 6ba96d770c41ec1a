//! The binary `switchward`.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back is zeroed first: what was redacted is not left in it (docs/keys-and-backup.md).
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    server::run()
}
