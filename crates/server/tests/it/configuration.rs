//! The configuration file from outside: what a start takes from it, and what goes before it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::program::{Server, problem_of, run, stdout_of, switchward, text};

/// A configuration file that only this user may read.
fn file(dir: &Path, content: &str) -> PathBuf {
    let path = dir.join("switchward.toml");
    fs::write(&path, content).expect("a file");
    set_mode(&path, 0o600);
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn a_server_starts_from_a_file_alone_and_stops_in_good_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let config =
        file(dir.path(), "data = \"data\"\nlisten = \"127.0.0.1:0\"\nsimulator = true\nlog = \"info\"\n");
    let mut server = Server::start_from(&["serve", "--config", text(&config)]);
    assert!(dir.path().join("data/switchward.db").exists(), "relative to the file's folder");
    let alive = server.raw(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    assert!(server.terminate().0.success());
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let unreachable = "postgres://file@127.0.0.1:1/none";
    let config = file(
        dir.path(),
        &format!("data = \"from-file\"\nlisten = \"192.0.2.1:1\"\ndatabase = \"{unreachable}\"\n"),
    );
    // The flag for the folder and the address hold: what the file says could not even be bound.
    let other = dir.path().join("from-flag");
    let command = ["serve", "--config", text(&config), "--data", text(&other), "--listen", "127.0.0.1:0"];
    let from_file = problem_of(&command);
    assert!(from_file.contains("database"), "{from_file}");
    assert!(other.exists() && !dir.path().join("from-file").exists());
    let from_environment =
        switchward(&command).env("SWITCHWARD_DATABASE", "not a url").output().expect("the binary runs");
    let from_flag = switchward(&[&command[..], &["--database", "not even that"]].concat())
        .env("SWITCHWARD_DATABASE", unreachable)
        .output()
        .expect("the binary runs");
    let message = |output: std::process::Output| {
        let text = String::from_utf8(output.stderr).expect("text");
        text.lines().last().expect("a complaint").to_owned()
    };
    let (from_environment, from_flag) = (message(from_environment), message(from_flag));
    assert!(!from_file.contains(&from_environment), "{from_file}");
    assert_eq!(from_environment, from_flag, "both are no URL");
}

#[test]
fn a_file_with_a_secret_must_be_private() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = file(dir.path(), "database = \"postgres://user:secret@127.0.0.1:1/none\"\n");
    for (mode, fine) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false), (0o604, false)] {
        set_mode(&config, mode);
        let output = run(&["config", "check", text(&config)]);
        assert_eq!(output.status.success(), fine, "{mode:o}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(fine || said.contains("key `database`"), "{said}");
        assert!(!said.contains("secret@"), "{said}");
    }
    let without = file(dir.path(), "listen = \"127.0.0.1:0\"\n");
    set_mode(&without, 0o644);
    stdout_of(&["config", "check", text(&without)]);
}

#[test]
fn check_names_the_place_and_opens_what_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = file(dir.path(), "listen = 1\n[webhooks]\nalow_to = []\n");
    let problem = problem_of(&["config", "check", text(&config)]);
    assert!(problem.contains("switchward.toml:1:10: key `listen`: must be"), "{problem}");
    assert!(problem.contains("switchward.toml:3:1: key `webhooks.alow_to`: is not known"), "{problem}");
    for (content, expected) in [
        ("[webhooks]\nca = [\"none.pem\"]", "none.pem"),
        ("[tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"", "cannot use the certificate"),
        ("[lookup]\ntable = \"none.toml\"", "none.toml"),
        ("[smpp]\nfile = \"none.toml\"", "none.toml"),
        ("database_file = \"none\"", "does not exist"),
        ("database = \"env:SWITCHWARD_TEST_NO_SUCH\"", "SWITCHWARD_TEST_NO_SUCH is not set"),
    ] {
        let problem = problem_of(&["config", "check", text(&file(dir.path(), content))]);
        assert!(problem.contains(expected), "{content}\n{problem}");
    }
    let binds = dir.path().join("smpp.toml");
    fs::write(&binds, "[[binds]]\nname = \"main\"\nport = \"x\"\npassword = \"env:HOME\"").expect("a file");
    let config = file(dir.path(), "[smpp]\nfile = \"smpp.toml\"");
    let problem = problem_of(&["config", "check", text(&config)]);
    assert!(problem.contains("smpp.toml:3:8: key `smpp.binds.port`"), "{problem}");
}

#[test]
fn the_printed_example_can_be_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = file(dir.path(), &stdout_of(&["config", "example"]));
    assert!(stdout_of(&["config", "check", text(&config)]).contains("can be used"));
}

#[test]
fn without_a_data_folder_nothing_starts() {
    assert!(problem_of(&["serve"]).contains("the data folder is missing"));
}
