//! `switchward review`: the operator's people ask for a look at texts, approve it, look, and end it.
//!
//! What they state is signed here, with keys that stay with them; the operator's token alone opens nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use base::{Clock, SystemClock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use statements::{Approval, Opening, Reason, ReviewRequest, Signable, Signed};
use url::Url;

use super::audit::OfServer;
use crate::cli;
use crate::problem::{Problem, Result};
use crate::secret_file;
use crate::terminal::show;

/// What `--help` says at its end.
const AFTER: &str = "Credentials, from the environment:
  SWITCHWARD_OPERATOR_TOKEN  the token in operator.token of the server's data folder
The private key is each person's own, made by `switchward audit keygen`; `review enrol` takes the public one.";

#[derive(clap::Subcommand)]
#[command(after_help = AFTER)]
pub(super) enum ReviewCommand {
    /// Make somebody a reviewer
    Enrol(Enrol),
    /// Record a complaint about an account's messages
    Complaint(ComplaintArguments),
    /// Ask for a review; another reviewer has to approve it
    Request(Request),
    /// Approve what another reviewer asks for, once it was printed and looks right
    Approve(Approve),
    /// Show a review, or with --message the text of one message in it
    Show(Show),
    /// End a review before its time
    Close(One),
    /// List the reviews of an account, or of all
    List(List),
}

#[derive(clap::Args)]
pub(super) struct Server {
    /// Where the server is, unless what `switchward env` prints is loaded
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// Trust the certificate authorities in this PEM file too, unless NODE_EXTRA_CA_CERTS names one
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct Person {
    /// Your name, as it was enrolled
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Your private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct Enrol {
    #[arg(long)]
    name: String,
    #[arg(long)]
    role: String,
    /// The public key that `switchward audit keygen` printed
    #[arg(long, value_name = "BASE64")]
    public: String,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Complainer {
    Carrier,
    Consumer,
}

#[derive(clap::Args)]
pub(super) struct ComplaintArguments {
    #[arg(long, value_name = "SID")]
    account: String,
    /// Who complained
    #[arg(long)]
    from: Complainer,
    /// The ticket that holds the complaint; its words are not kept here
    #[arg(long)]
    reference: String,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum GivenReason {
    CarrierComplaint,
    ConsumerComplaint,
    RiskSign,
}

#[derive(clap::Args)]
pub(super) struct Request {
    #[arg(long, value_name = "SID")]
    account: String,
    #[arg(long)]
    reason: GivenReason,
    /// SID of the recorded complaint, or `error-rate` or `stop-rate`
    #[arg(long)]
    cause: String,
    /// The ticket of the case
    #[arg(long)]
    reference: String,
    /// SID of a message; may be given several times
    #[arg(
        long = "message",
        value_name = "SID",
        conflicts_with = "newest",
        required_unless_present = "newest"
    )]
    messages: Vec<String>,
    /// So many of the newest messages instead
    #[arg(long, value_name = "COUNT")]
    newest: Option<usize>,
    /// How long it is open once it is approved
    #[arg(long, default_value_t = statements::limits::REVIEW_HOURS)]
    hours: u64,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
pub(super) struct One {
    /// SID of the review
    review: String,
    /// SID of its account
    #[arg(long, value_name = "SID")]
    account: String,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
pub(super) struct Approve {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    person: Person,
    /// Approve; without it the review is only shown
    #[arg(long)]
    yes: bool,
}

#[derive(clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    one: One,
    /// Open this message's text; that goes on the account's ledger first
    #[arg(long, value_name = "SID", requires = "by", requires = "key")]
    message: Option<String>,
    /// Your name, as it was enrolled
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Your private key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct List {
    /// Only this account's
    #[arg(long, value_name = "SID")]
    account: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Server {
    /// What the server answers; a refusal is a problem.
    fn answer(&self, path: &str, sent: Option<&impl Serialize>) -> Result<Value> {
        let server = OfServer::operated(None, self.base_url.as_ref(), self.ca.as_deref())?;
        let asked = cli::runtime()?.block_on(server.place().answer(path, sent));
        match asked.map_err(|unread| Problem::new(unread.to_string()))? {
            (200 | 201, answer) => Ok(answer),
            (status, answer) => {
                let message = answer["message"].as_str().unwrap_or("it does not say why");
                Err(Problem::new(format!("refused with status {status}: {message}")))
            }
        }
    }
}

impl One {
    fn path(&self) -> String {
        format!("Accounts/{}/Reviews/{}", self.account, self.review)
    }

    fn fetch(&self) -> Result<Value> {
        self.server.answer(&self.path(), None::<&Value>)
    }
}

impl Person {
    fn sign<S: Signable>(&self, stated: S) -> Result<Signed<S>> {
        let missing = || Problem::new(format!("{} does not exist", self.key.display()));
        let key = secret_file::read(&self.key)?.ok_or_else(missing)?;
        Signed::new(stated, &self.by, &SystemClock.now().iso8601(), &key)
            .map_err(|what| Problem::new(format!("the key {what}")))
    }
}

pub(super) fn run(command: &ReviewCommand) -> Result<ExitCode> {
    let answer = match command {
        ReviewCommand::Enrol(Enrol { name, role, public, server }) => {
            server.answer("Reviewers", Some(&json!({"name": name, "role": role, "key": public})))?
        }
        ReviewCommand::Complaint(ComplaintArguments { account, from, reference, server }) => {
            let from = match from {
                Complainer::Carrier => "carrier",
                Complainer::Consumer => "consumer",
            };
            let body = json!({"from": from, "reference": reference});
            server.answer(&format!("Accounts/{account}/Complaints"), Some(&body))?
        }
        ReviewCommand::Request(asked) => request(asked)?,
        ReviewCommand::Approve(asked) => approve(asked)?,
        ReviewCommand::Show(asked) => shown(asked)?,
        ReviewCommand::Close(one) => {
            one.server.answer(&format!("{}/Closure", one.path()), Some(&json!({})))?
        }
        ReviewCommand::List(List { account, server }) => {
            let path = account.as_ref().map(|account| format!("Accounts/{account}/Reviews"));
            server.answer(path.as_deref().unwrap_or("Reviews"), None::<&Value>)?
        }
    };
    show(&format!("{answer:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn request(asked: &Request) -> Result<Value> {
    let stated = ReviewRequest {
        account: asked.account.clone(),
        reason: match asked.reason {
            GivenReason::CarrierComplaint => Reason::CarrierComplaint,
            GivenReason::ConsumerComplaint => Reason::ConsumerComplaint,
            GivenReason::RiskSign => Reason::RiskSign,
        },
        cause: asked.cause.clone(),
        reference: asked.reference.clone(),
        messages: asked.messages.clone(),
        newest: asked.newest.unwrap_or_default(),
        hours: asked.hours,
    };
    let stated =
        stated.checked().map_err(|problem| Problem::new(format!("`{}` {}", problem.field, problem.what)))?;
    let signed = asked.person.sign(stated)?;
    asked.server.answer(&format!("Accounts/{}/Reviews", asked.account), Some(&signed))
}

fn approve(asked: &Approve) -> Result<Value> {
    let review = asked.one.fetch()?;
    if !asked.yes {
        return Ok(review);
    }
    // What is signed is what was printed, and not whatever the server calls its digest.
    let request: Signed<ReviewRequest> = member(&review, "request")?;
    let messages: Vec<String> = member(&review, "messages")?;
    let digest = request.digest_with(&messages);
    let signed = asked.person.sign(Approval { review: asked.one.review.clone(), digest })?;
    asked.one.server.answer(&format!("{}/Approval", asked.one.path()), Some(&signed))
}

fn shown(asked: &Show) -> Result<Value> {
    let (Some(message), Some(by), Some(key)) = (&asked.message, &asked.by, &asked.key) else {
        return asked.one.fetch();
    };
    let person = Person { by: by.clone(), key: key.clone() };
    let signed = person.sign(Opening { review: asked.one.review.clone(), message: message.clone() })?;
    asked.one.server.answer(&format!("{}/Openings", asked.one.path()), Some(&signed))
}

fn member<T: DeserializeOwned>(answer: &Value, name: &str) -> Result<T> {
    serde_json::from_value(answer[name].clone())
        .map_err(|_| Problem::new(format!("the server's answer has no `{name}`")))
}
