//! `cargo xtask audit-fixtures`: the answers of made-up accounts, a good and a bad one per vendor, generated from the
//! vendors' published schemas.
//!
//! What matters to a check stands in `overlay/*.toml`; every other member of an item comes from its schema, so that
//! the fixtures have the shape of real answers and an overlay cannot name a member that no answer has.

mod answers;
mod models;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audit::Provider;
use audit::service::Recorded;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::metadata::Metadata;
use crate::{shell, source};
use answers::Account;
use schema::Documents;

const FIXTURES: &str = "crates/audit/tests/fixtures";
/// Where the published documents are when nobody says otherwise, seen from the workspace.
const DOCUMENTS: &str = "../shared";

const HELP: &str = "Usage: cargo xtask audit-fixtures [--documents DIR] [--check]

Makes crates/audit/tests/fixtures/*.json from overlay/*.toml and the vendors' published API documents.

  --documents DIR  the folder with (../shared):
                     twilio-oai/twilio_*_v*.json  spec/json of twilio/twilio-oai
                     signalwire/openapi.json      fern/apis/compatibility/openapi.yaml of signalwire/docs, as JSON
                     segment-sdk/*.ts             model of segmentio/public-api-sdk-typescript (73.2.0)
  --check          compare with what is there instead of writing
";

/// One overlay file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    answer: Vec<Answer>,
}

/// What an account answers to one path.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    account: Who,
    product: String,
    /// With `{account}` for the account's SID.
    path: String,
    /// The schema: of one item for Twilio, of the whole answer for the others; empty when nothing is published.
    schema: String,
    /// The member with the list; empty for a single object.
    list: String,
    items: Vec<Map<String, Value>>,
}

/// Whose answer it is.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Who {
    Good,
    Bad,
    Both,
}

/// Whether the committed fixtures are what the generator makes.
pub(crate) enum Checked {
    /// They are.
    Current,
    /// The documents are not there.
    NoDocuments(String),
}

/// `cargo xtask audit-fixtures`.
pub(crate) fn command(arguments: &[String]) -> Result<bool, String> {
    let mut documents = None;
    let mut only_check = false;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(true);
            }
            "--check" => only_check = true,
            "--documents" => documents = Some(rest.next().ok_or("`--documents` wants a folder")?),
            other => return Err(format!("unknown argument `{other}`\n\n{HELP}")),
        }
    }
    let root = Metadata::of_workspace()?.workspace_root;
    let folder = documents.map_or_else(|| root.join(DOCUMENTS), PathBuf::from);
    if let Some(missing) = Documents::missing(&folder) {
        return Err(no_documents(&missing));
    }
    let files = make(&root, &folder)?;
    if only_check {
        compare(&root, &files)?;
        return Ok(true);
    }
    for (name, text) in &files {
        std::fs::write(root.join(name), text).map_err(|e| format!("cannot write {name}: {e}"))?;
        println!("wrote {name}");
    }
    Ok(true)
}

/// What the step `generated` asks. With `write` it writes what is not current.
pub(crate) fn keep(root: &Path, write: bool) -> Result<Checked, String> {
    let folder = root.join(DOCUMENTS);
    if let Some(missing) = Documents::missing(&folder) {
        return Ok(Checked::NoDocuments(no_documents(&missing)));
    }
    let files = make(root, &folder)?;
    if !write {
        return compare(root, &files).map(|()| Checked::Current);
    }
    for (name, text) in &files {
        std::fs::write(root.join(name), text).map_err(|e| format!("cannot write {name}: {e}"))?;
    }
    Ok(Checked::Current)
}

fn no_documents(missing: &str) -> String {
    format!(
        "there is no {missing}; `cargo xtask audit-fixtures --help` says where the API documents come from"
    )
}

fn compare(root: &Path, files: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, text) in files {
        if shell::read(&root.join(name))? != *text {
            return Err(format!("{name} is not current: run `cargo xtask audit-fixtures`"));
        }
    }
    Ok(())
}

/// The text of every fixture, by its path.
fn make(root: &Path, documents: &Path) -> Result<BTreeMap<String, String>, String> {
    let overlays = overlays(root)?;
    let mut documents = Documents::of(documents);
    let mut files = BTreeMap::new();
    let mut mistakes = Vec::new();
    for account in &answers::ACCOUNTS {
        let mut made = Recorded::default();
        mistakes.extend(answers::lay(account, &overlays, &mut documents, &mut made));
        answers::fill(account, &mut documents, &mut made)?;
        let name = format!("{FIXTURES}/{}-{}.json", account.provider.as_str(), account.name);
        files.insert(name, text(made.answers)?);
    }
    if mistakes.is_empty() {
        return Ok(files);
    }
    mistakes.sort();
    mistakes.dedup();
    Err(format!("overlays that do not fit the published documents:\n{}", mistakes.join("\n")))
}

fn text(answers: BTreeMap<String, audit::service::RecordedAnswer>) -> Result<String, String> {
    // By way of a value, whose members are in the order of their names.
    let value = serde_json::to_value(BTreeMap::from([("answers", answers)]));
    let text = value.and_then(|value| serde_json::to_string_pretty(&value));
    text.map(|text| text + "\n").map_err(|e| format!("cannot write answers as JSON: {e}"))
}

/// Whose answers an overlay has: a file with the name of a provider is that provider's, every other one Twilio's.
fn provider_of(file: &str) -> Provider {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    Provider::named(stem).unwrap_or(Provider::Twilio)
}

/// Every overlay's answers, each with its file.
fn overlays(root: &Path) -> Result<Vec<(String, Answer)>, String> {
    let mut paths = Vec::new();
    source::files_below(&root.join(FIXTURES).join("overlay"), "toml", &mut paths)?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = source::relative(root, &path);
        let overlay: Overlay = toml::from_str(&shell::read(&path)?).map_err(|e| format!("{name}: {e}"))?;
        all.extend(overlay.answer.into_iter().map(|answer| (name.clone(), answer)));
    }
    Ok(all)
}

impl Who {
    fn is(self, account: &Account) -> bool {
        self == Who::Both || self == account.who
    }
}
