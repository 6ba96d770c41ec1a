//! Command `dist`: the archive that is handed out, the same bytes from the same files.
//!
//! Everything that could differ between two machines is taken out: times, owners and order in the archive, and
//! the paths of the machine in the binary. The compiler's version is the toolchain's.

mod notices;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::metadata::Metadata;
use crate::shell;

/// A link-time optimised build on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(7200);
/// Packing and asking.
const LIMIT: Duration = Duration::from_secs(300);
/// Modification time of everything in the archive, in seconds since 1970: 2000-01-01, which every tool can show.
const TIME: &str = "@946684800";
/// What the binary may be linked to at run time: parts of glibc, and the compiler's own library.
const LIBRARIES: &[&str] = &[
    "linux-vdso.so",
    "ld-linux",
    "libc.so",
    "libm.so",
    "libgcc_s.so",
    "libpthread.so",
    "libdl.so",
    "librt.so",
];

/// What lies in the archive beside the binary and the notices: from where, to where.
const FILES: &[(&str, &str)] = &[
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("docs/configuration.md", "configuration.md"),
    ("docs/install.md", "install.md"),
    ("packaging/switchward.service", "switchward.service"),
    ("packaging/switchward.sysusers", "switchward.sysusers"),
    ("packaging/switchward.toml", "switchward.toml"),
];
const SUMS: &str = "SHA256SUMS";

pub(crate) fn command(arguments: &[String]) -> Result<bool, String> {
    if !arguments.is_empty() {
        println!(
            "Usage: cargo xtask dist\n\nBuilds the binary with the profile `dist` and packs it with the unit, the example configuration,\nthe licences and check sums into target/dist/switchward-VERSION-ARCHITECTURE-linux.tar.gz."
        );
        return Ok(arguments == ["--help"]);
    }
    let metadata = Metadata::of_everything(Path::new("."))?;
    let binary = build(&metadata)?;
    check_libraries(&shell::output(Command::new("ldd").arg(&binary), LIMIT)?)?;
    let version =
        metadata.packages.iter().find(|package| package.source.is_none() && package.name == "server");
    let version = version.map(|package| package.version.clone()).ok_or("there is no package `server`")?;
    let name = format!("switchward-{version}-{}-linux", std::env::consts::ARCH);
    let folder = metadata.target_directory.join("dist").join(&name);
    shell::fresh_folder(&folder)?;
    copy(&binary, &folder.join("switchward"))?;
    for (from, to) in FILES {
        copy(&metadata.workspace_root.join(from), &folder.join(to))?;
    }
    let notices = folder.join("THIRD-PARTY.txt");
    fs::write(&notices, notices::of(&metadata)?).map_err(|e| format!("cannot write the notices: {e}"))?;
    let archive = pack(&folder)?;
    for path in [&folder.join("switchward"), &archive] {
        println!("{:>12} bytes  {}", size(path)?, path.display());
    }
    Ok(true)
}

/// Builds the binary, without this machine's paths in it.
fn build(metadata: &Metadata) -> Result<PathBuf, String> {
    let root = &metadata.workspace_root;
    let home = match (shell::environment("CARGO_HOME"), shell::environment("HOME")) {
        (Some(home), _) => PathBuf::from(home),
        (None, Some(home)) => Path::new(&home).join(".cargo"),
        (None, None) => {
            return Err("neither CARGO_HOME nor HOME says where cargo keeps its sources".to_owned());
        }
    };
    let places = [(root.as_path(), "/switchward"), (home.as_path(), "/cargo")];
    let prefixes = |flag: &str| -> String {
        places.map(|(from, to)| format!("{flag}={}={to}", from.display())).join(" ")
    };
    // A target folder of its own: with other flags everything is another build.
    let target = metadata.target_directory.join("dist-build");
    let mut cargo = shell::cargo(root, &["build", "--locked", "--profile", "dist", "--package", "server"]);
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", prefixes("--remap-path-prefix"));
    cargo.env("CFLAGS", prefixes("-ffile-prefix-map"));
    shell::run(&mut cargo, BUILD_LIMIT)?;
    Ok(target.join("dist").join("switchward"))
}

/// Fails when the binary needs a library that a plain glibc system may lack.
fn check_libraries(listing: &str) -> Result<(), String> {
    for line in listing.lines() {
        let path = line.split_whitespace().next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        if !name.is_empty() && !LIBRARIES.iter().any(|library| name.starts_with(library)) {
            return Err(format!("the binary needs {name}, which is no part of glibc"));
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|e| format!("cannot copy {}: {e}", from.display()))
}

fn size(path: &Path) -> Result<u64, String> {
    fs::metadata(path).map(|file| file.len()).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// Adds the check sums to a folder of plain files and packs it; gives the archive's path.
fn pack(folder: &Path) -> Result<PathBuf, String> {
    let cannot = |e| format!("cannot read {}: {e}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        names.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let sums = shell::output(Command::new("sha256sum").args(&names).current_dir(folder), LIMIT)?;
    fs::write(folder.join(SUMS), sums).map_err(|e| format!("cannot write {SUMS}: {e}"))?;
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(format!("{} has no name", folder.display()));
    };
    let name = name.to_string_lossy();
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.args(["--mode=u=rwX,go=rX", &format!("--mtime={TIME}"), "--file", &format!("{name}.tar"), &name]);
    shell::run(tar.current_dir(parent), LIMIT)?;
    shell::run(
        Command::new("gzip")
            .args(["--no-name", "--best", "--force", &format!("{name}.tar")])
            .current_dir(parent),
        LIMIT,
    )?;
    let archive = parent.join(format!("{name}.tar.gz"));
    let sum =
        shell::output(Command::new("sha256sum").arg(format!("{name}.tar.gz")).current_dir(parent), LIMIT)?;
    fs::write(parent.join(format!("{name}.tar.gz.sha256")), &sum)
        .map_err(|e| format!("cannot write the sum: {e}"))?;
    print!("{sum}");
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_archive() {
        let mut archives = Vec::new();
        for (index, order) in [["a", "b"], ["b", "a"]].iter().enumerate() {
            let scratch = tempfile::tempdir().expect("a folder");
            let folder = scratch.path().join("switchward-1");
            fs::create_dir(&folder).expect("a folder");
            for name in order {
                fs::write(folder.join(name), format!("content of {name}")).expect("a file");
            }
            let old = ["--date", if index == 0 { "2001-02-03" } else { "2011-12-13" }];
            let touched = Command::new("touch").args(old).arg(folder.join("a")).status().expect("it runs");
            assert!(touched.success());
            archives.push(fs::read(pack(&folder).expect("packed")).expect("an archive"));
        }
        assert!(archives[0] == archives[1]);
    }

    #[test]
    fn only_parts_of_glibc_may_be_needed() {
        let good = "\tlinux-vdso.so.1 (0x00)\n\tlibgcc_s.so.1 => /lib/libgcc_s.so.1 (0x00)\n\tlibc.so.6 => /lib/libc.so.6\n\t/lib64/ld-linux-x86-64.so.2 (0x00)\n";
        assert_eq!(check_libraries(good), Ok(()));
        assert!(check_libraries("\tlibssl.so.3 => /lib/libssl.so.3 (0x00)").is_err());
    }

    #[test]
    fn everything_that_is_packed_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (from, _) in FILES {
            assert!(root.join(from).exists(), "{from}");
        }
    }
}
