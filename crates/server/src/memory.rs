//! What the system is asked for so that this process's memory stays in it: no core dump, and no reading by other programs
//! of the same user.

/// Nobody but root reads this process's memory from now on, and no core dump is written, whatever limits say: a dump that is
/// piped to a program heeds none (core(5), prctl(2)). Elsewhere than on Linux it is for whoever runs the server to forbid.
pub(crate) fn keep_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "core dumps could not be switched off: a dump would hold messages and keys");
        }
    }
}
