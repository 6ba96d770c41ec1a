//! Writes every rendering of the test reports into a folder, for the checks in `conformance/audit`:
//! `cargo run -p audit --example evidence -- FOLDER`.

#![allow(clippy::unwrap_used, reason = "an aid of the tests, which may panic")]

use std::path::{Path, PathBuf};

use audit::report::Report;
use audit::{diff, render};

#[path = "../tests/render/fixture.rs"]
mod fixture;

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("usage: evidence FOLDER"));
    let earlier = fixture::earlier();
    let large = fixture::large(200, 0);
    write(&folder.join("small"), &fixture::small(), Some(&earlier));
    write(&folder.join("hostile"), &fixture::hostile(), Some(&earlier));
    write(&folder.join("medium"), &fixture::large(6, 0), Some(&fixture::large(6, 5)));
    write(&folder.join("large"), &large, None);
}

fn write(folder: &Path, report: &Report, previous: Option<&Report>) {
    std::fs::create_dir_all(folder).unwrap();
    let mut files = vec![
        ("report.txt", render::text(report, false, 100)),
        ("report.json", render::json(report)),
        ("report.csv", render::csv(report)),
        ("report.sarif", render::sarif(report)),
        ("oscal-results.json", render::oscal_results(report)),
        ("oscal-component.json", render::oscal_component(report)),
        ("report.html", render::html(report, previous)),
    ];
    if let Some(previous) = previous {
        let diff = diff::compare(previous, report).unwrap();
        files.push(("diff.txt", diff::text(&diff)));
        files.push(("diff.json", diff::json(&diff)));
    }
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}
