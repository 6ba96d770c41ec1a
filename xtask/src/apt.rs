//! Packages of the distribution, installed where that needs no question: on Debian and its relatives, as root.

use std::process::Command;
use std::time::Duration;

use crate::shell;

const INSTALL_LIMIT: Duration = Duration::from_secs(900);
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// Installs a package without starting what it brings. Whether it is there now; what went wrong is printed.
pub(crate) fn install(package: &str) -> bool {
    let Some(apt) = shell::on_path("apt-get").filter(|_| is_root()) else { return false };
    [&["update"][..], &["install", "-y", "--no-install-recommends", package][..]].iter().all(|arguments| {
        let mut command = Command::new(&apt);
        // In this runlevel services are not started (deb-systemd-invoke and invoke-rc.d heed it).
        command.args(*arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        shell::run(&mut command, INSTALL_LIMIT).inspect_err(|problem| println!("{problem}")).is_ok()
    })
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    shell::output(Command::new("id").arg("-u"), COMMAND_LIMIT).is_ok_and(|id| id.trim() == "0")
}
