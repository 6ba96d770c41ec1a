//! What is handed out beside the binary: that it names things which exist, and means what it should.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{PATIENCE, Server, run, switchward, text};

/// The exposure, out of 100, that `systemd-analyze security` may find at most.
const EXPOSURE: &str = "20";
/// Where the unit says that the binary is.
const INSTALLED: &str = "/usr/bin/switchward";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the source tree")
}

fn packaged(name: &str) -> String {
    fs::read_to_string(root().join("packaging").join(name)).expect(name)
}

#[test]
fn systemd_takes_the_unit_and_finds_it_confined() {
    let unit = packaged("switchward.service");
    assert!(unit.contains(&format!("ExecStart={INSTALLED} serve --config ")));
    // Where there is no systemd there is nobody to ask; the step `test` says so.
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("switchward.service");
    fs::write(&path, unit.replace(INSTALLED, env!("CARGO_BIN_EXE_switchward"))).expect("a file");
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no", text(&path)]).output();
    let verified = verified.expect("it runs");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("switchward.service:"), "{said}");
    let threshold = format!("--threshold={EXPOSURE}");
    let confined =
        Command::new("systemd-analyze").args(["security", "--offline=yes", &threshold, text(&path)]).output();
    let confined = confined.expect("it runs");
    let said = String::from_utf8_lossy(&confined.stdout);
    assert!(confined.status.success(), "{said}\n{}", String::from_utf8_lossy(&confined.stderr));
}

#[test]
fn the_service_manager_hears_when_the_server_is_ready_and_when_it_stops() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = UnixDatagram::bind(dir.path().join("notify")).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let heard = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("a datagram");
        String::from_utf8(buffer[..length].to_vec()).expect("text")
    };
    let data = dir.path().join("data");
    let mut command = switchward(&["serve", "--data", text(&data), "--listen", "127.0.0.1:0", "--simulator"]);
    command.env("NOTIFY_SOCKET", dir.path().join("notify"));
    let mut server = Server::start_command(command);
    assert_eq!(heard(), "READY=1");
    assert!(server.terminate().0.success());
    assert_eq!(heard(), "STOPPING=1");
}

#[test]
fn health_says_by_its_status_whether_the_server_is_ready() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&dir.path().join("data"));
    let address = server.address.to_string();
    let healthy = || run(&["health", "--listen", &address]).status.success();
    assert!(healthy());
    assert!(server.terminate().0.success());
    assert!(!healthy());
}

#[test]
fn the_image_is_built_from_files_that_exist() {
    let (dockerfile, ignored) = (packaged("Dockerfile"), fs::read_to_string(root().join(".dockerignore")));
    let let_in: Vec<String> = ignored
        .expect("a file")
        .lines()
        .filter_map(|line| line.strip_prefix('!').map(|pattern| pattern.trim_end_matches('*').to_owned()))
        .collect();
    let mut copied = 0;
    for line in dockerfile.lines().filter(|line| line.starts_with("COPY ")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        if words.iter().any(|word| word.starts_with("--from=")) {
            continue;
        }
        let (_target, sources) = words.split_last().expect("COPY has a target");
        for source in sources.iter().filter(|word| !word.starts_with("--")) {
            assert!(root().join(source).exists(), "{source} does not exist");
            assert!(
                let_in.iter().any(|pattern| source.starts_with(pattern.as_str())),
                "{source} is left out"
            );
            copied += 1;
        }
    }
    assert!(copied > 0);
    // Everything that the build reads is there: the workspace's members, and what they include from outside.
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).expect("a file")).expect("TOML");
    for member in manifest["workspace"]["members"].as_array().expect("a list") {
        let member = member.as_str().expect("text").trim_end_matches("/*");
        assert!(dockerfile.contains(&format!("COPY {member} {member}\n")), "{member} is not copied");
    }
    let version = manifest["workspace"]["package"]["rust-version"].as_str().expect("text");
    assert!(dockerfile.contains(&format!("FROM rust:{version}-")), "the image has another toolchain");
    // The commands in it are ones that this binary has.
    for command in dockerfile.lines().filter_map(|line| line.split_once("CMD [")) {
        let words: Vec<&str> = command.1.split('"').skip(1).step_by(2).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| *word != INSTALLED).collect();
        assert!(run(&[words[0], "--help"]).status.success(), "{words:?}");
    }
    assert!(dockerfile.contains("\nUSER nonroot") && !dockerfile.contains(":latest"));
}
