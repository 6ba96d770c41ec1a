//! The demonstration checks itself; here it is only run.

use std::process::Stdio;

use crate::program::{run, switchward, text, wait};

#[test]
fn demonstration_holds() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = switchward(&["demo", "--exit", "--data", text(&dir.path().join("data"))])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut shown = String::new();
    let mut stdout = child.stdout.take().expect("it was asked for");
    std::io::Read::read_to_string(&mut stdout, &mut shown).expect("text");
    assert!(wait(&mut child).success(), "{shown}");
    for rule in ["GEN-HTTPS-2", "SMS-GEO-1", "SMS-CHAN-1", "SMS-TAG-1", "DES-SCOPE-1", "21610"] {
        assert!(shown.contains(rule), "{rule}");
    }
    assert!(shown.ends_with("Everything held.\n"), "{shown}");
    assert!(!shown.contains('\x1b'), "no colours into a pipe");
}

#[test]
fn demonstration_leaves_a_used_folder_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("mine"), "mine").expect("a file");
    let output = run(&["demo", "--exit", "--data", text(dir.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"));
}
