//! `switchward audit` itself: what is asked, of whom, and where the evidence goes.

use std::fmt::Write as _;
use std::fs;
use std::io::{IsTerminal, Read, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use audit::files::{Attestations, Designation, Files, Mistake, Register};
use audit::observations::Observations;
use audit::observe::{Order, Progress, observe, plan};
use audit::report::{Report, Verdict};
use audit::resource::Purpose;
use audit::service::{Live, Recorded};
use audit::stated::{Place, Unread};
use audit::wire::{Credential, Wire};
use audit::{Provider, judge, limits, render};
use base::{Clock, SystemClock, Timestamp};
use rulebook::Date;
use serde::Deserialize;
use url::{Host, Url};
use zeroize::ZeroizeOnDrop;

use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::terminal::show;
use crate::{cli, secret_file};

/// Exit status when a verdict is as bad as `--fail-on`, or worse.
const FOUND: u8 = 3;
/// What is asked of a Switchward in place of files.
const STATED: &str = "  GET /switchward/v1/Accounts/{account}/Register, unless --register is given
  GET /switchward/v1/Accounts/{account}/Attestations and /Exceptions, unless --attestations is given
  GET /switchward/v1/Accounts/{account}/Signers, unless --designation is given
";
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
    /// Trust the certificate authorities in this PEM file too
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
    /// Most requests
    #[arg(long, value_name = "N", default_value_t = limits::BUDGET)]
    budget: usize,
    /// Keep what was seen in this file, and go on from it when the audit was interrupted
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Judge what an earlier --state file saw, without any request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "state", "fixtures"])]
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
    read_stated(provider, arguments, &mut files)?;
    let seen = match &arguments.observations {
        Some(path) => read_observations(path)?,
        None => look(provider, arguments, &files)?,
    };
    if arguments.assume_designated {
        files.designation.assume(&seen);
    }
    let report = judge(&seen, &files);
    let previous = arguments.previous.as_deref().map(read_report).transpose()?;
    if let Some(folder) = &arguments.out {
        write_all(folder, &report, previous.as_ref())?;
    }
    let color = stdout().is_terminal();
    show(&rendered(&arguments.format, &report, previous.as_ref(), color))?;
    Ok(exit(&arguments.fail_on, &report))
}

fn exit(fail_on: &str, report: &Report) -> ExitCode {
    let threshold = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == fail_on);
    match threshold {
        Some(threshold) if report.headline >= threshold => ExitCode::from(FOUND),
        _ => ExitCode::SUCCESS,
    }
}

fn rendered(format: &str, report: &Report, previous: Option<&Report>, color: bool) -> String {
    match format {
        "json" => render::json(report),
        "csv" => render::csv(report),
        "sarif" => render::sarif(report),
        "oscal-results" => render::oscal_results(report),
        "oscal-component" => render::oscal_component(report),
        "html" => render::html(report, previous),
        _ => render::text(report, color, WIDTH),
    }
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
        fs::write(&path, rendered(format, report, previous, false))
            .map_err(|error| Problem::file("cannot write", &path, &error))?;
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
fn read_stated(provider: Provider, arguments: &RunArguments, files: &mut Files) -> Result<()> {
    let is_live = arguments.fixtures.is_none() && arguments.observations.is_none();
    let Some(base) = arguments.base_url.as_ref().filter(|_| is_live && provider == Provider::Switchward)
    else {
        return Ok(());
    };
    let place = OfServer::new(arguments.account.as_deref(), base, arguments.ca.as_deref())?;
    cli::runtime()?.block_on(async {
        let place = place.place();
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

/// A running Switchward, with everything that requests to it take.
pub(in crate::cli) struct OfServer {
    wire: Wire,
    base: Url,
    account: String,
    credential: Credential,
}

impl OfServer {
    /// Reads the credentials from the environment.
    pub(in crate::cli) fn new(account: Option<&str>, base: &Url, ca: Option<&Path>) -> Result<Self> {
        check_base(base)?;
        let account = account_named(account)?;
        let credential = credentials(Provider::Switchward, &account, None)?.swap_remove(0);
        Ok(Self { wire: wire(ca)?, base: base.clone(), account, credential })
    }

    /// What statements are read through.
    pub(in crate::cli) fn place(&self) -> Place<'_> {
        let Self { wire, base, account, credential } = self;
        Place { wire, base, account, credential }
    }
}

fn account_named(given: Option<&str>) -> Result<String> {
    match given {
        Some(account) => Ok(account.to_owned()),
        None => Ok(variable("TWILIO_ACCOUNT_SID")?.unwrap_or_default()),
    }
}

fn wire(ca: Option<&Path>) -> Result<Wire> {
    let pem = ca.map(read_text).transpose()?;
    Wire::new(pem.as_deref()).map_err(|what| Problem::new(format!("--ca {what}")))
}

/// Reads the account, or what was recorded of one.
fn look(provider: Provider, arguments: &RunArguments, files: &Files) -> Result<Observations> {
    let today = match &arguments.today {
        Some(today) => Date::parse(today).map_err(|error| Problem::new(format!("--today: {error}")))?,
        None => day(SystemClock.now())?,
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
    if provider.needs_base() && arguments.base_url.is_none() && arguments.fixtures.is_none() {
        return Err(Problem::new(format!("--base-url says where {} is", provider.as_str())));
    }
    if let Some(url) = &arguments.base_url {
        check_base(url)?;
    }
    let order = Order {
        provider,
        host: provider.host(arguments.base_url.as_ref()),
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
    let save = |seen: &Observations, progress: Progress| {
        if let (Some(path), Ok(())) = (&arguments.state, &unsaved) {
            unsaved = write_state(path, seen);
        }
        if shows {
            let Progress { subjects_done, subjects, requests } = progress;
            // There is nobody left to tell when that fails.
            let _unheard =
                write!(stderr(), "\r{subjects_done} of {subjects} accounts, {requests} requests   ");
        }
    };
    let wire = wire(arguments.ca.as_deref())?;
    let seen = cli::runtime()?.block_on(async {
        match &arguments.fixtures {
            Some(path) => {
                let recorded: Recorded = serde_json::from_str(&read_text(path)?)
                    .map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
                Ok(observe(&order, &recorded, files, before, save).await)
            }
            None => {
                let today = order.today;
                let live = Live { wire: &wire, provider, base: arguments.base_url.as_ref(), today };
                Ok::<_, Problem>(observe(&order, &live, files, before, save).await)
            }
        }
    })?;
    if shows {
        let _unheard = writeln!(stderr());
    }
    unsaved?;
    Ok(seen)
}

/// Credentials cross a network only encrypted (GEN-HTTPS-1).
fn check_base(url: &Url) -> Result<()> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        _ => Err(Problem::new("--base-url must be https: credentials go in clear to this machine only")),
    }
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialFile {
    credential: Vec<CredentialRow>,
}

#[derive(Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct CredentialRow {
    account: String,
    user: String,
    secret: String,
}

fn credentials(provider: Provider, account: &str, file: Option<&Path>) -> Result<Vec<Credential>> {
    let mut credentials = Vec::new();
    if provider == Provider::Segment {
        let token = variable("SEGMENT_TOKEN")?.ok_or_else(|| Problem::new("SEGMENT_TOKEN is not set"))?;
        return Ok(vec![Credential::bearer(&token)]);
    }
    if account.is_empty() {
        return Err(Problem::new("the account is missing: --account SID, or TWILIO_ACCOUNT_SID"));
    }
    match (variable("TWILIO_API_KEY")?, variable("TWILIO_API_SECRET")?, variable("TWILIO_AUTH_TOKEN")?) {
        (Some(key), Some(secret), _) => credentials.push(Credential::basic(account, &key, &secret)),
        (_, _, Some(token)) => credentials.push(Credential::basic(account, account, &token)),
        _ => {}
    }
    if let Some(path) = file {
        let text = secret_file::read_given(path)?
            .ok_or_else(|| Problem::new(format!("{} does not exist", path.display())))?;
        // The parser's own message would quote the line.
        let rows: CredentialFile = toml::from_str(&text).map_err(|_| {
            Problem::new(format!(
                "{}: must hold tables [[credential]] with account, user and secret, and nothing else",
                path.display()
            ))
        })?;
        credentials.extend(
            rows.credential.iter().map(|row| Credential::basic(&row.account, &row.user, &row.secret)),
        );
    }
    if credentials.is_empty() {
        return Err(Problem::new(
            "there are no credentials: set TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_AUTH_TOKEN), or give --credentials",
        ));
    }
    Ok(credentials)
}

/// The day of an instant, in UTC.
pub(super) fn day(at: Timestamp) -> Result<Date> {
    let iso = at.iso8601();
    Date::parse(iso.get(..10).unwrap_or_default()).map_err(|error| Problem::new(error.to_string()))
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
    let text = serde_json::to_vec(seen).map_err(|_| Problem::new("what was seen cannot be encoded"))?;
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    fs::write(&new, text).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
