//! `bench matcher`: what the PHI matcher finds and how fast, beside presidio-analyzer's pattern recognisers on texts
//! that presidio-evaluator generates. The recognisers that need a model are not here, so neither is the model.

mod compared;

use std::process::Command;

use serde_json::{Value, json};

use crate::bench::Setup;
use crate::bench::process::finished;
use crate::bench::table::{Table, number};
use crate::{sdk, shell};

const SEED: &str = "20261122";
const GENERATED: &str = "5000";

/// What the figures must hold.
const QUALITY: f64 = 0.95;
const FALSE_ALARMS_PERCENT: f64 = 0.5;
const SPEED: f64 = 50.0;
/// How many times as long a byte of the longest worst text may take as one of the shortest, which has a sixteenth of
/// its bytes: caches and chance. Quadratic work would make it sixteen.
const GROWTH: f64 = 2.0;

/// Files of texts, and what is in them.
const TEXTS: [(&str, &str); 3] = [
    ("ordinary", "ordinary messages of the corpus"),
    ("corpus", "messages of the corpus with a marked value, and their twins"),
    ("generated", "texts of presidio-evaluator"),
];

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let folder = setup.folder.join("matcher");
    shell::fresh_folder(&folder)?;
    let source = setup.root.join("conformance").join("matcher");
    let python = match shell::on_path("python3") {
        Some(_) => {
            let venv = setup.target.join("matcher-python");
            sdk::prepare_python(&source, &venv)?;
            Some(venv.join("bin").join("python"))
        }
        None => None,
    };
    let theirs = |command: &str, numbers: &[&str]| {
        let Some(python) = &python else { return Ok(None) };
        let mut driver = Command::new(python);
        // The order of Python's sets, and so what is generated, follows this.
        driver
            .env("PYTHONHASHSEED", "0")
            .arg(source.join("compare.py"))
            .arg(command)
            .arg(&folder)
            .args(numbers);
        finished("compare.py", &mut driver).map(|(answer, _)| Some(answer))
    };
    let marked = theirs("generate", &[SEED, GENERATED])?;
    let mut program = Command::new(setup.programs.join("examples").join("matcher_figures"));
    let (ours, _) = finished("matcher_figures", program.arg(&folder))?;
    let theirs = theirs("analyze", &[&setup.seconds.to_string()])?;

    let mut table = Table::new("bytes");
    let mut text = classes(&mut table, &ours)?;
    text.push_str(&speeds(&mut table, &ours, theirs.as_ref())?);
    text.push_str(&worst(&mut table, &ours)?);
    match (&marked, &theirs) {
        (Some(marked), Some(theirs)) => {
            text.push_str(&compared::markdown(marked, &ours["found"], &theirs["found"])?)
        }
        _ => table.notes.push("Presidio was not measured: there is no python3.".to_owned()),
    }
    let figure = |name: &str| ours[name].clone();
    let figures = json!({
        "classes": figure("classes"), "ordinary": figure("ordinary"), "mb_per_s": figure("mb_per_s"),
        "worst": figure("worst"), "presidio_mb_per_s": theirs.map(|theirs| theirs["mb_per_s"].clone()),
    });
    table.others = Some((text, figures));
    Ok(table)
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    value[name].as_array().map(Vec::as_slice).ok_or_else(|| format!("there is no list `{name}`"))
}

fn figure(value: &Value, name: &str) -> Result<f64, String> {
    value[name].as_f64().ok_or_else(|| format!("there is no figure `{name}`"))
}

/// Precision and recall over our own corpus, and false alarms on its ordinary messages.
fn classes(table: &mut Table, ours: &Value) -> Result<String, String> {
    let mut text = "| class | messages with it | recall | precision |\n|---|--:|--:|--:|\n".to_owned();
    let mut least = (1.0_f64, 1.0_f64);
    for class in list(ours, "classes")? {
        let (marked, hit) = (figure(class, "marked")?, figure(class, "hit")?);
        let (recall, precision) = (hit / marked, hit / (hit + figure(class, "alarms")?));
        if class["structured"] == json!(true) {
            least = (least.0.min(recall), least.1.min(precision));
        }
        let name = class["class"].as_str().unwrap_or_default();
        text.push_str(&format!("| `{name}` | {} | {recall:.3} | {precision:.3} |\n", number(marked)));
    }
    table.at_least("recall of every structured class", least.0, QUALITY, "of the marked values");
    table.at_least("precision of every structured class", least.1, QUALITY, "of the findings");
    let (messages, alarms) = (figure(&ours["ordinary"], "messages")?, figure(&ours["ordinary"], "alarms")?);
    table.at_most("ordinary messages with a finding", alarms / messages * 100.0, FALSE_ALARMS_PERCENT, "%");
    text.push_str(&format!(
        "\n{} of {} ordinary messages had a finding.\n",
        number(alarms).trim_end_matches(".00"),
        number(messages)
    ));
    Ok(text)
}

/// Millions of bytes in a second on one core, one text at a time.
fn speeds(table: &mut Table, ours: &Value, theirs: Option<&Value>) -> Result<String, String> {
    let mut text = "\n| one core, text by text | matcher MB/s | Presidio MB/s |\n|---|--:|--:|\n".to_owned();
    for (name, about) in TEXTS {
        let Some(rate) = ours["mb_per_s"][name].as_f64() else { continue };
        table.at_least(&format!("speed on {about}"), rate, SPEED, "MB/s");
        let other = theirs.and_then(|theirs| theirs["mb_per_s"][name].as_f64());
        let other = other.map_or_else(|| "–".to_owned(), number);
        text.push_str(&format!("| {about} | {} | {other} |\n", number(rate)));
    }
    Ok(text)
}

/// Time for a byte of the worst texts, from 64 KiB doubled up to 1 MiB.
fn worst(table: &mut Table, ours: &Value) -> Result<String, String> {
    let mut text = "\n| repeated, ns for a byte | 64 KiB | 128 KiB | 256 KiB | 512 KiB | 1 MiB |\n|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    let mut most = 0.0_f64;
    for row in list(ours, "worst")? {
        let times: Option<Vec<f64>> = list(row, "ns_per_byte")?.iter().map(Value::as_f64).collect();
        let times = times.filter(|times| !times.is_empty()).ok_or("a worst text has no times")?;
        most = most.max(times[times.len() - 1] / times[0]);
        let cells: Vec<String> = times.iter().map(|time| number(*time)).collect();
        text.push_str(&format!(
            "| `{}` | {} |\n",
            row["unit"].as_str().unwrap_or_default(),
            cells.join(" | ")
        ));
    }
    table.at_most("a byte of a worst text of 1 MiB, beside one of 64 KiB", most, GROWTH, "times as long");
    Ok(text)
}
