//! `switchward audit keygen` and `switchward audit attest`: signed answers to what no API shows.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use audit::files::{Answer, Attestation, Attestations, sign, signing_key};
use aws_lc_rs::digest::{SHA256, digest};
use base::{Clock, SystemClock};
use data_encoding::HEXLOWER;
use rulebook::{Date, Rulebook};
use statements::day;

use super::run::read_text;
use crate::problem::{Problem, Result};
use crate::secret_file;
use crate::terminal::show;

#[derive(clap::Args)]
pub(super) struct KeygenArguments {
    /// File for the private key; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn keygen(arguments: &KeygenArguments) -> Result<ExitCode> {
    let (private, public) = signing_key();
    if !secret_file::create(&arguments.out, &private)? {
        return Err(Problem::new(format!("{} exists already", arguments.out.display())));
    }
    show(&format!(
        "The private key is in {}. For the designation file:\n\n[[signer]]\nname = \"...\"\nrole = \"...\"\nkey = \"{public}\"\n",
        arguments.out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The rule, for example GEN-SUP-1; its question is printed before it is answered
    rule: String,
    /// Answer the question with yes; without it the question is only shown
    #[arg(long)]
    yes: bool,
    /// Id of an account or workspace it is about; may be given several times
    #[arg(long = "subject", value_name = "ID")]
    subjects: Vec<String>,
    /// It is about every account and workspace
    #[arg(long, conflicts_with = "subjects")]
    everywhere: bool,
    /// Who answers; a `signer` of the designation file
    #[arg(long, value_name = "NAME", default_value = "")]
    by: String,
    /// As what; the role the rule asks for, unless given
    #[arg(long)]
    role: Option<String>,
    /// Last day of the answer, YYYY-MM-DD
    #[arg(long, value_name = "DAY", default_value = "")]
    expires: String,
    /// The evidence: an https link, or a file whose digest is recorded
    #[arg(long, value_name = "LINK|FILE", default_value = "")]
    evidence: String,
    /// The private key that `audit keygen` made
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The attestations; the answer is added at its end
    #[arg(long, value_name = "FILE", default_value = "attestations.toml")]
    attestations: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let note = Rulebook::embedded().latest().note(&arguments.rule);
    let note = note.ok_or_else(|| Problem::new("there is no such rule; `switchward rules` lists them"))?;
    if !note.attestable {
        return Err(Problem::new(
            "nobody's word can settle this rule: it can be read, or it allows no exception",
        ));
    }
    if !arguments.yes {
        show(&format!(
            "{}\n{}\n\nAnswered by: {}. Stands for: {} days at most.\nAnswer with --yes and --by, --expires, --evidence, --key, and --subject or --everywhere.\n",
            note.title, note.question, note.role, note.attest_days
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let subjects = if arguments.everywhere { vec!["*".to_owned()] } else { arguments.subjects.clone() };
    if subjects.is_empty() {
        return Err(Problem::new("whom it is about is missing: --subject ID, or --everywhere"));
    }
    if arguments.by.trim().is_empty() {
        return Err(Problem::new("who answers is missing: --by NAME"));
    }
    let expires =
        Date::parse(&arguments.expires).map_err(|error| Problem::new(format!("--expires: {error}")))?;
    let key = arguments.key.as_deref().map(secret_file::read).transpose()?.flatten();
    let key =
        key.ok_or_else(|| Problem::new("the key is missing: --key FILE, made by `switchward audit keygen`"))?;
    let mut attestation = Attestation {
        rule: arguments.rule.clone(),
        subjects,
        question: note.question.clone(),
        answer: Answer::Yes,
        by: arguments.by.clone(),
        role: arguments.role.clone().unwrap_or_else(|| note.role.clone()),
        on: day(SystemClock.now()),
        expires,
        evidence: evidence(&arguments.evidence)?,
        signature: Vec::new(),
    };
    sign(&mut attestation, &key).map_err(|what| Problem::new(format!("the key {what}")))?;
    let table = attestation.to_toml();
    // Read as it will be read, together with what is there, before a byte is written.
    let before =
        if arguments.attestations.exists() { read_text(&arguments.attestations)? } else { String::new() };
    let name = arguments.attestations.display().to_string();
    Attestations::read(&name, &format!("{before}\n{table}"))
        .map_err(|mistake| Problem::new(mistake.to_string()))?;
    append(&arguments.attestations, &format!("\n{table}"))?;
    show(&format!("{} is attested until {expires} by {}, in {name}\n", arguments.rule, arguments.by))?;
    Ok(ExitCode::SUCCESS)
}

fn evidence(given: &str) -> Result<String> {
    if given.starts_with("https://") {
        return Ok(given.to_owned());
    }
    let path = Path::new(given);
    let bytes =
        std::fs::read(path).map_err(|error| Problem::file("cannot read the evidence", path, &error))?;
    Ok(format!("sha256:{}", HEXLOWER.encode(digest(&SHA256, &bytes).as_ref())))
}

fn append(path: &Path, text: &str) -> Result<()> {
    let failed = |error| Problem::file("cannot write", path, &error);
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
