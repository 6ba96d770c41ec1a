//! `switchward audit` itself: what is asked, of whom, and where the evidence goes.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Read, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use audit::files::{Attestations, Designation, Files, Mistake, Register};
use audit::inside::Inside;
use audit::observations::Observations;
use audit::observe::{Order, Progress, observe, plan};
use audit::report::{Report, Verdict};
use audit::resource::Purpose;
use audit::service::{Live, Recorded};
use audit::stated::Unread;
use audit::wire::Credential;
use audit::{Provider, judge, limits, render};
use base::measure::Stopwatch;
use base::{Clock, IpRange, SystemClock};
use rulebook::Date;
use statements::day;
use url::Url;

use super::login::{OfServer, account_named, credentials};
use super::network::Network;
use crate::cli::place::Place;
use crate::environment::variable;
use crate::maintenance::Order as Errand;
use crate::problem::{Problem, Result};
use crate::terminal::{show, show_written};
use crate::{cli, log};

/// Exit status when a verdict is as bad as `--fail-on`, or worse.
const FOUND: u8 = 3;
/// What is asked of a Switchward in place of files.
const STATED: &str = "  GET /switchward/v1/Accounts/{account}/Register, unless --register is given
  GET /switchward/v1/Accounts/{account}/Attestations, unless --attestations is given
  GET /switchward/v1/Accounts/{account}/Exceptions, unless --attestations is given
  GET /switchward/v1/Accounts/{account}/Signers, unless --designation is given
";
/// How often what was seen is saved while accounts are read, at most.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// The host that a report names which asked no API.
const HERE: &str = "this machine";
/// Columns of the report on a terminal that does not tell its width.
const WIDTH: usize = 120;

#[derive(clap::Args)]
pub(super) struct RunArguments {
    /// Whose API
    #[arg(long, default_value = "twilio", value_parser = ["twilio", "signalwire", "switchward", "segment"])]
    provider: String,
    /// SID of the account, unless TWILIO_ACCOUNT_SID has it
    #[arg(long, value_name = "SID")]
    account: Option<String>,
    /// Where the API is: of a SignalWire space, of Switchward, or of a proxy
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// Trust the certificate authorities in this PEM file too, unless NODE_EXTRA_CA_CERTS names one
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Credentials of subaccounts: a table `credential` each, with account, user and secret (mode 0600)
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Which accounts and workspaces are HIPAA projects
    #[arg(long, value_name = "FILE")]
    designation: Option<PathBuf>,
    /// Judge every account as if it were designated
    #[arg(long)]
    assume_designated: bool,
    /// Signed answers, and exceptions
    #[arg(long, value_name = "FILE")]
    attestations: Option<PathBuf>,
    /// Third parties under agreement
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    /// Print the requests that would be made, and make none
    #[arg(long)]
    plan: bool,
    /// Look at content too (messages, calls, tasks); it is reduced to verdicts in memory
    #[arg(long)]
    sample: bool,
    /// Make active probes with synthetic data; --plan lists them
    #[arg(long)]
    probe: bool,
    /// Addresses inside this network that callback probes may reach; may be given several times
    #[arg(long, value_name = "RANGE", requires = "probe")]
    allow_probe_to: Vec<IpRange>,
    /// Most requests
    #[arg(long, value_name = "N", default_value_t = limits::BUDGET)]
    budget: usize,
    /// Keep what was seen in this file, and go on from it when the audit was interrupted
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    // A Switchward itself: settings, designation, ledger and keys are then read from its store, and each rule names the
    // tests that prove it. Without --base-url no API is asked.
    #[command(flatten)]
    place: Place,
    /// Judge what an earlier --state file saw, without any request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "state", "fixtures", "data", "config", "database"])]
    observations: Option<PathBuf>,
    /// Read recorded answers (JSON) in place of the network
    #[arg(long, value_name = "FILE")]
    fixtures: Option<PathBuf>,
    /// Day of the audit, YYYY-MM-DD, with --fixtures
    #[arg(long, value_name = "DAY", requires = "fixtures")]
    today: Option<String>,
    /// The report before this one (report.json), for the trend
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Write all forms of the evidence into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed
    #[arg(long, default_value = "text", value_parser = ["text", "json", "csv", "sarif", "oscal-results", "oscal-component", "html"])]
    format: String,
    /// Exit with status 3 when a rule comes to this or worse
    #[arg(long, default_value = "fail", value_parser = ["fail", "error", "attestation_expired", "not_observed", "never"])]
    fail_on: String,
}

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode> {
    let provider =
        Provider::named(&arguments.provider).ok_or_else(|| Problem::new("there is no such provider"))?;
    if arguments.plan {
        show(&planned(provider, arguments))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut files = files(arguments)?;
    let inside = look_inside(provider, arguments)?;
    if let (Some(inside), None) = (&inside, &arguments.designation) {
        // The store knows who is designated; what the register and the attestations name is still the customer's.
        files.designation = inside.designation();
    }
    let asks_api = arguments.observations.is_none() && (inside.is_none() || arguments.base_url.is_some());
    if asks_api && provider == Provider::Switchward && arguments.fixtures.is_none() {
        read_stated(arguments, &mut files)?;
    }
    let seen = match (&arguments.observations, inside) {
        (Some(path), _) => read_observations(path)?,
        (None, Some(inside)) if !asks_api => inside.alone(HERE, day(SystemClock.now())),
        (None, inside) => Observations { inside, ..look(provider, arguments, &files)? },
    };
    if arguments.assume_designated {
        files.designation.assume(&seen);
    }
    let report = judge(&seen, &files);
    // With many accounts there is no room for both while the report is rendered.
    drop(seen);
    let previous = arguments.previous.as_deref().map(read_report).transpose()?;
    if let Some(folder) = &arguments.out {
        write_all(folder, &report, previous.as_ref())?;
    }
    let color = stdout().is_terminal();
    show_written(|out| write_form(&arguments.format, &report, previous.as_ref(), color, out))?;
    Ok(exit(&arguments.fail_on, &report))
}

/// The direct evidence, when a place was named.
fn look_inside(provider: Provider, arguments: &RunArguments) -> Result<Option<Inside>> {
    let place = &arguments.place;
    if place.data.is_none() && place.config.is_none() {
        return match place.database {
            Some(_) => Err(Problem::new("--database needs --data DIR or --config FILE beside it")),
            None => Ok(None),
        };
    }
    if provider != Provider::Switchward {
        return Err(Problem::new("--data and --config are of a Switchward: --provider switchward"));
    }
    log::hide_panics();
    let seen = cli::runtime()?.block_on(place.carry_out(Errand::Evidence))?;
    let seen = serde_json::from_value(seen);
    seen.map(Some).map_err(|_| Problem::new("the server is of another version than this program"))
}

fn exit(fail_on: &str, report: &Report) -> ExitCode {
    let threshold = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == fail_on);
    match threshold {
        Some(threshold) if report.headline >= threshold => ExitCode::from(FOUND),
        _ => ExitCode::SUCCESS,
    }
}

fn write_form(
    format: &str,
    report: &Report,
    previous: Option<&Report>,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = match format {
        "sarif" => return render::write_sarif(report, out),
        "oscal-results" => return render::write_oscal_results(report, out),
        "json" => return render::write_json(report, out),
        "csv" => render::csv(report),
        "oscal-component" => render::oscal_component(report),
        "html" => render::html(report, previous),
        _ => render::text(report, color, WIDTH),
    };
    out.write_all(text.as_bytes())
}

fn write_all(folder: &Path, report: &Report, previous: Option<&Report>) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Problem::file("cannot make", folder, &error))?;
    let names = [
        ("json", "report.json"),
        ("csv", "report.csv"),
        ("sarif", "report.sarif"),
        ("oscal-results", "oscal-assessment-results.json"),
        ("oscal-component", "oscal-component-definition.json"),
        ("html", "report.html"),
        ("text", "report.txt"),
    ];
    for (format, name) in names {
        let path = folder.join(name);
        let failed = |error| Problem::file("cannot write", &path, &error);
        let mut file = BufWriter::new(fs::File::create(&path).map_err(failed)?);
        write_form(format, report, previous, false, &mut file).and_then(|()| file.flush()).map_err(failed)?;
    }
    Ok(())
}

/// What would be asked, as `--plan` prints it.
fn planned(provider: Provider, arguments: &RunArguments) -> String {
    let plan = plan(provider, arguments.sample, arguments.probe);
    let mut text = String::from("Once:\n");
    let first = match provider {
        Provider::Segment => "GET / (the workspace of the token)".to_owned(),
        _ => format!("GET /2010-04-01/Accounts.json, up to {} pages", limits::PAGES),
    };
    let _ = writeln!(text, "  {first}");
    if provider == Provider::Switchward {
        text.push_str(STATED);
    }
    let _ = writeln!(text, "\nOf each designated account or workspace:");
    for planned in &plan {
        let purpose = match planned.purpose {
            Purpose::Settings => "",
            Purpose::Sample => " [content, reduced in memory]",
            Purpose::Probe => " [probe]",
        };
        let _ = writeln!(
            text,
            "  {:<12} {}{purpose}, up to {} requests, for {}",
            planned.product,
            planned.request,
            planned.at_most,
            planned.rules.join(" ")
        );
    }
    let most: usize = plan.iter().map(|planned| planned.at_most).sum();
    let _ = writeln!(
        text,
        "\nAt most {most} requests per account, and {} in all (--budget), {} at a time.",
        arguments.budget,
        limits::AT_ONCE
    );
    text
}

fn files(arguments: &RunArguments) -> Result<Files> {
    let read = |path: &Option<PathBuf>| -> Result<Option<(String, String)>> {
        path.as_deref().map(|path| Ok((path.display().to_string(), read_text(path)?))).transpose()
    };
    let wrong = |mistake: Mistake| Problem::new(mistake.to_string());
    let mut files = Files::default();
    if let Some((name, text)) = read(&arguments.designation)? {
        files.designation = Designation::read(&name, &text).map_err(wrong)?;
    }
    if let Some((name, text)) = read(&arguments.attestations)? {
        files.attestations = Attestations::read(&name, &text).map_err(wrong)?;
    }
    if let Some((name, text)) = read(&arguments.register)? {
        files.register = Register::read(&name, &text).map_err(wrong)?;
    }
    Ok(files)
}

/// What a Switchward itself keeps of the files that are not given.
fn read_stated(arguments: &RunArguments, files: &mut Files) -> Result<()> {
    let server =
        OfServer::new(arguments.account.as_deref(), arguments.base_url.as_ref(), arguments.ca.as_deref())?;
    cli::runtime()?.block_on(async {
        let place = server.place();
        let instead = |file: &'static str| {
            move |unread: Unread| Problem::new(format!("{unread}, so {file} must be given"))
        };
        if arguments.register.is_none() {
            files.register = place.register().await.map_err(instead("--register"))?;
        }
        if arguments.attestations.is_none() {
            files.attestations = place.attestations().await.map_err(instead("--attestations"))?;
        }
        if arguments.designation.is_none() {
            files.designation.signers = place.signers().await.map_err(instead("--designation"))?;
        }
        Ok(())
    })
}

/// Where answers come from.
enum Source {
    Network(Network),
    Recorded(Recorded),
}

fn recorded(path: &Path) -> Result<Recorded> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Problem::new(format!("{}: {error}", path.display())))
}

/// Reads the account, or what was recorded of one.
fn look(provider: Provider, arguments: &RunArguments, files: &Files) -> Result<Observations> {
    let today = match &arguments.today {
        Some(today) => Date::parse(today).map_err(|error| Problem::new(format!("--today: {error}")))?,
        None => day(SystemClock.now()),
    };
    let account = account_named(arguments.account.as_deref())?;
    let mut credentials = match arguments.fixtures {
        Some(_) => vec![Credential::basic(&account, "", "")],
        None => credentials(provider, &account, arguments.credentials.as_deref())?,
    };
    if let Some(sid) = &files.designation.organization
        && let Some(token) = variable("TWILIO_ORGANIZATION_TOKEN")?
    {
        credentials.push(Credential::of_organization(sid, &token));
    }
    let base = arguments.base_url.as_ref();
    let source = match &arguments.fixtures {
        Some(path) => Source::Recorded(recorded(path)?),
        None => {
            let probes_may_reach = arguments.allow_probe_to.clone();
            Source::Network(Network::new(provider, base, arguments.ca.as_deref(), probes_may_reach)?)
        }
    };
    let order = Order {
        provider,
        host: match &source {
            Source::Network(network) => network.host.clone(),
            Source::Recorded(_) => provider.host(base),
        },
        account,
        credentials,
        sample: arguments.sample,
        probe: arguments.probe,
        assume_designated: arguments.assume_designated,
        budget: arguments.budget,
        today,
    };
    let before = match &arguments.state {
        Some(path) if path.exists() => Some(resumable(read_observations(path)?, &order, path)?),
        _ => None,
    };
    let shows = stderr().is_terminal();
    let mut unsaved = Ok(());
    let mut saved: Option<Stopwatch> = None;
    let save = |seen: &Observations, progress: Progress| {
        // All of it is written each time: with many accounts that is too much to do after every one.
        let is_due = saved.is_none_or(|saved| saved.elapsed() >= SAVE_EVERY)
            || progress.subjects_done == progress.subjects;
        if let (Some(path), Ok(()), true) = (&arguments.state, &unsaved, is_due) {
            unsaved = write_state(path, seen);
            saved = Some(Stopwatch::start());
        }
        if shows {
            let Progress { subjects_done, subjects, requests } = progress;
            // There is nobody left to tell when that fails.
            let _unheard =
                write!(stderr(), "\r{subjects_done} of {subjects} accounts, {requests} requests   ");
        }
    };
    let seen = cli::runtime()?.block_on(async {
        match &source {
            Source::Recorded(recorded) => observe(&order, recorded, files, before, save).await,
            Source::Network(network) => {
                let (wire, region) = (&network.wire, network.region.as_deref());
                let live = Live { wire, provider, base, today: order.today, region };
                observe(&order, &live, files, before, save).await
            }
        }
    });
    if shows {
        let _unheard = writeln!(stderr());
    }
    unsaved?;
    Ok(seen)
}

/// What was seen before, when it is of the same account and provider.
fn resumable(before: Observations, order: &Order, path: &Path) -> Result<Observations> {
    let is_same = before.provider == order.provider.as_str()
        && before.host == order.host
        && (order.account.is_empty() || before.subjects.iter().any(|it| it.id == order.account));
    if is_same {
        Ok(before)
    } else {
        Err(Problem::new(format!("{} is of another account or provider; name another file", path.display())))
    }
}

/// Reads a file of ours whole.
pub(in crate::cli) fn read_text(path: &Path) -> Result<String> {
    let failed = |error| Problem::file("cannot read", path, &error);
    let file = fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    let read = file.take(limits::FILE_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > limits::FILE_BYTES {
        return Err(Problem::new(format!("{} is too large to be what it should be", path.display())));
    }
    Ok(text)
}

/// Reads a report that `--out` or `--format json` wrote.
pub(super) fn read_report(path: &Path) -> Result<Report> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Problem::new(format!("{} is not a report of this program: {error}", path.display())))
}

fn read_observations(path: &Path) -> Result<Observations> {
    let seen: Observations = serde_json::from_str(&read_text(path)?).map_err(|error| {
        Problem::new(format!("{} is not a --state file of this program: {error}", path.display()))
    })?;
    if seen.format == audit::observations::FORMAT {
        Ok(seen)
    } else {
        Err(Problem::new(format!("{} was written by another version of this program", path.display())))
    }
}

/// Written whole or not at all.
fn write_state(path: &Path, seen: &Observations) -> Result<()> {
    let failed = |error| Problem::file("cannot write", path, &error);
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = BufWriter::new(fs::File::create(&new).map_err(failed)?);
    serde_json::to_writer(&mut file, seen)
        .map_err(io::Error::from)
        .and_then(|()| file.flush())
        .map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
