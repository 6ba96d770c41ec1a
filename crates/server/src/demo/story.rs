//! The story, step by step.

use std::fs;
use std::future::Future;
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use webhooks::signature;

use super::client::{Client, Payload, Reply};
use super::sink::{Callback, Sink};
use super::{Running, Screen, traces};
use crate::data_folder::{DataFolder, Identity};
use crate::problem::{Problem, Result};
use crate::temporary::TemporaryFolder;

/// A patient who does not exist, with a number that is set aside for fiction.
const PATIENT: &str = "Marguerite Okonkwo-Delacroix";
const DIAGNOSIS: &str = "gestational diabetes";
const NUMBER: &str = "+14155550142";
/// What is searched for besides the name: the digits, however the number may be written.
const DIGITS: &str = "4155550142";
/// How long anything may take to happen.
const WAIT: Duration = Duration::from_secs(10);
/// How often one looks whether it has.
const LOOK: Duration = Duration::from_millis(25);
/// What the ledger calls the sending of a message: the word that is altered in the copy.
const SENDING: &str = "create_message";

/// What is wrong with a request, the rule that refuses it, and its parameters but the text.
type Variant<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// Everyone who takes part.
struct Cast {
    identity: Identity,
    clinic: Client,
    operator: Client,
    sink: Sink,
}

impl Cast {
    fn messages(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages.json", self.identity.account_sid)
    }

    fn reminder() -> String {
        format!(
            "Dear {PATIENT}, your appointment about {DIAGNOSIS} is tomorrow at 9:30. Reply STOP to opt out."
        )
    }

    async fn send(&self, pairs: &[(&str, &str)]) -> Result<Reply> {
        self.clinic.api(Method::POST, &self.messages(), Payload::Form(pairs)).await
    }
}

/// Tells the story with a running server, and stops the server at its end.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) async fn tell(screen: &mut Screen, data: &DataFolder, running: Running) -> Result<()> {
    let mut cast = invite(data, &running).await?;
    account(screen, &cast).await?;
    let sid = reminder(screen, &cast).await?;
    handset(screen, &cast, &sid).await?;
    callback(screen, &mut cast, &sid).await?;
    refusals(screen, &cast).await?;
    afterwards(screen, &cast, &sid).await?;
    search(screen, data)?;
    drop(cast);
    running.stop().await?;
    ledger(screen, data).await
}

async fn invite(data: &DataFolder, running: &Running) -> Result<Cast> {
    let identity = running.identity.clone();
    let ca = data.ca_certificate();
    let ca_pem = fs::read_to_string(&ca).map_err(|error| Problem::file("cannot read", &ca, &error))?;
    let clinic = Client::new(running.address, &ca_pem, &identity.account_sid, &identity.auth_token)?;
    let operator = clinic.with_credentials("operator", data.operator_token()?.reveal());
    Ok(Cast { identity, clinic, operator, sink: Sink::start().await? })
}

async fn account(screen: &mut Screen, cast: &Cast) -> Result<()> {
    screen.step("A clinic signs an agreement and gets an account for protected data")?;
    let Identity { organization, account_sid, .. } = &cast.identity;
    let agreements = format!("/switchward/v1/Organizations/{organization}/Agreements");
    let agreements = cast.operator.ours(Method::GET, &agreements, Payload::Nothing).await?;
    let agreements = agreements.expect(200, "listing agreements")?;
    let signed = agreements.body["agreements"].as_array().map_or(0, Vec::len);
    ensure(signed == 1, "the organization has one agreement")?;
    let designation = format!("/switchward/v1/Accounts/{account_sid}/Designation");
    let designation = cast.operator.ours(Method::GET, &designation, Payload::Nothing).await?;
    let designation = designation.expect(200, "reading the designation")?;
    ensure(designation.body["phi_permitted"] == json!(true), "the account is designated for PHI")?;
    screen.detail("organization", organization)?;
    screen.detail("account", account_sid)?;
    screen.holds("the agreement is on record, and the account is designated as a HIPAA project")?;

    let settings = format!("/switchward/v1/Accounts/{account_sid}/Settings");
    let authorities = json!({ "webhook_authorities": [cast.sink.ca_pem()] });
    let settings = cast.clinic.ours(Method::POST, &settings, Payload::Json(authorities)).await?;
    settings.expect(200, "registering the clinic's CA")?;
    screen.holds("the clinic registers the CA of its own web server for callbacks")?;
    Ok(())
}

async fn reminder(screen: &mut Screen, cast: &Cast) -> Result<String> {
    screen.step("The clinic's program sends a reminder, as any SDK would")?;
    let (body, url) = (Cast::reminder(), cast.sink.url());
    let from = &cast.identity.phone_number;
    let pairs = [("To", NUMBER), ("From", from), ("Body", &body), ("StatusCallback", &url)];
    let created = cast.send(&pairs).await?.expect(201, "sending the reminder")?;
    let sid = created.text("sid").to_owned();
    ensure(sid.starts_with("SM"), "the message has a SID")?;
    screen.detail("POST", &format!("https://api.twilio.com{}", cast.messages()))?;
    screen.detail("To", NUMBER)?;
    screen.detail("Body", &body)?;
    screen.holds(&format!("201 {sid}, through the CONNECT proxy and TLS under our own CA"))?;
    Ok(sid)
}

async fn handset(screen: &mut Screen, cast: &Cast, sid: &str) -> Result<()> {
    screen.step("The patient's handset shows it")?;
    let path = handset_path();
    let message = eventually("the handset shows the message", || async {
        let shown = cast.clinic.ours(Method::GET, &path, Payload::Nothing).await?;
        let shown = shown.expect(200, "looking at the handset")?;
        let messages = shown.body["messages"].as_array().cloned().unwrap_or_default();
        Ok(messages.into_iter().find(|message| message["sid"] == json!(sid)))
    })
    .await?;
    ensure(message["body"] == json!(Cast::reminder()), "the text arrived as it was sent")?;
    screen.detail(NUMBER, message["body"].as_str().unwrap_or_default())?;
    screen.holds("delivered by the simulated carrier, word for word")?;
    Ok(())
}

async fn callback(screen: &mut Screen, cast: &mut Cast, sid: &str) -> Result<()> {
    screen.step("The clinic's web server is told, over TLS and signed")?;
    let delivered = timeout(WAIT, delivered_callback(cast, sid))
        .await
        .map_err(|_| Problem::new("no `delivered` callback arrived in time"))??;
    let url = cast.sink.url();
    let valid = |token: &str, callback: &Callback| {
        signature::validate(token, &url, &callback.parameters, &callback.signature)
    };
    ensure(valid(&cast.identity.auth_token, &delivered), "the callback's signature is valid")?;
    ensure(!valid("another token", &delivered), "another token does not verify it")?;
    screen.detail("MessageStatus", delivered.parameter("MessageStatus"))?;
    screen.detail(signature::HEADER, &delivered.signature)?;
    screen.holds("the certificate was verified by the server, the signature by the clinic")?;
    Ok(())
}

async fn delivered_callback(cast: &mut Cast, sid: &str) -> Result<Callback> {
    loop {
        let callback = cast.sink.next().await.ok_or_else(|| Problem::new("the clinic's server has ended"))?;
        if callback.parameter("MessageSid") == sid && callback.parameter("MessageStatus") == "delivered" {
            return Ok(callback);
        }
    }
}

async fn refusals(screen: &mut Screen, cast: &Cast) -> Result<()> {
    screen.step("Five requests that the HIPAA guide forbids are refused, each by its rule")?;
    let from = cast.identity.phone_number.as_str();
    let whatsapp = format!("whatsapp:{from}");
    let variants: [Variant<'_>; 4] = [
        (
            "a callback over http",
            "GEN-HTTPS-2",
            vec![("From", from), ("To", NUMBER), ("StatusCallback", "http://clinic.example/status")],
        ),
        ("a British number", "SMS-GEO-1", vec![("From", from), ("To", "+442079460018")]),
        ("a WhatsApp sender", "SMS-CHAN-1", vec![("From", &whatsapp), ("To", NUMBER)]),
        ("message tags", "SMS-TAG-1", vec![("From", from), ("To", NUMBER), ("Tags", "{\"ward\":\"3\"}")]),
    ];
    let body = Cast::reminder();
    for (what, rule, mut pairs) in variants {
        pairs.push(("Body", &body));
        refused(screen, what, rule, cast.send(&pairs).await?)?;
    }

    let accounts = "/2010-04-01/Accounts.json";
    let subaccount = [("FriendlyName", "Newsletter")];
    let subaccount = cast.clinic.api(Method::POST, accounts, Payload::Form(&subaccount)).await?;
    let subaccount = subaccount.expect(201, "creating a subaccount")?;
    let messages = format!("/2010-04-01/Accounts/{}/Messages.json", subaccount.text("sid"));
    let pairs = [("From", from), ("To", NUMBER), ("Body", &body)];
    let reply = cast.clinic.api(Method::POST, &messages, Payload::Form(&pairs)).await?;
    refused(screen, "a subaccount that is not designated", "DES-SCOPE-1", reply)
}

fn refused(screen: &Screen, what: &str, rule: &str, reply: Reply) -> Result<()> {
    let named = reply.text("rule");
    ensure(
        reply.status == 403 && named == rule,
        &format!("{what} is refused by {rule} (got {} {} {named:?})", reply.status, reply.body["code"]),
    )?;
    screen.holds(&format!("{what}: {named}, error {}: {}", reply.body["code"], reply.text("message")))?;
    Ok(())
}

async fn afterwards(screen: &mut Screen, cast: &Cast, sid: &str) -> Result<()> {
    screen.step("Once delivered, the text is gone and the number is masked; STOP is obeyed")?;
    let path = format!("/2010-04-01/Accounts/{}/Messages/{sid}.json", cast.identity.account_sid);
    let message = eventually("the message is delivered", || async {
        let message = cast.clinic.api(Method::GET, &path, Payload::Nothing).await?;
        let message = message.expect(200, "fetching the message")?;
        Ok(Some(message).filter(|message| message.text("status") == "delivered"))
    })
    .await?;
    let to = message.text("to");
    ensure(message.text("body").is_empty(), "the body is empty after delivery")?;
    ensure(!to.is_empty() && to != NUMBER && !to.contains("0142"), "the number is masked after delivery")?;
    screen.detail("status", message.text("status"))?;
    screen.detail("to", to)?;
    screen.detail("body", "(empty)")?;
    screen.holds("the text cannot be fetched any more, and of the number only the masked form is left")?;

    let from = cast.identity.phone_number.as_str();
    let reply = json!({ "to": from, "body": "STOP" });
    let reply = cast.clinic.ours(Method::POST, &handset_path(), Payload::Json(reply)).await?;
    reply.expect(201, "replying STOP")?;
    let pairs = [("To", NUMBER), ("From", from), ("Body", "One more thing")];
    let refusal = eventually("a further message is refused", || async {
        let reply = cast.send(&pairs).await?;
        Ok(Some(reply).filter(|reply| reply.status != 201))
    })
    .await?;
    ensure(refusal.body["code"] == json!(21610), "the refusal is 21610")?;
    screen.holds(&format!(
        "the patient replies STOP, and the next message is refused: 21610 {}",
        refusal.text("message")
    ))?;
    Ok(())
}

fn search(screen: &mut Screen, data: &DataFolder) -> Result<()> {
    screen.step("Every byte of the data folder is searched for the patient")?;
    for (what, needle) in [("the name", PATIENT), ("the diagnosis", DIAGNOSIS), ("the number", DIGITS)] {
        let (hits, bytes) = traces::search(data.path(), needle)?;
        ensure(hits == 0, &format!("{what} stands nowhere in the data folder"))?;
        screen.holds(&format!("{what}: 0 hits in {bytes} bytes"))?;
    }
    // A search that never finds anything would prove nothing.
    let control = data.path().join("control");
    let written = fs::write(&control, format!("to: {PATIENT}"));
    written.map_err(|error| Problem::file("cannot write", &control, &error))?;
    let found = traces::search(data.path(), PATIENT);
    fs::remove_file(&control).map_err(|error| Problem::file("cannot remove", &control, &error))?;
    ensure(found?.0 == 1, "the search finds a name that is there")?;
    screen.holds("control: the same search finds the name in a file made for it (1 hit)")?;
    Ok(())
}

async fn ledger(screen: &mut Screen, data: &DataFolder) -> Result<()> {
    screen.step("The server stops, and its ledger is verified")?;
    let report = traces::verify(data).await?;
    ensure(report.is_intact(), "the ledger is intact")?;
    screen
        .holds(&format!("intact: {} entries, {} signed checkpoints", report.entries, report.checkpoints))?;
    for (what, needle) in [("the name", PATIENT), ("the diagnosis", DIAGNOSIS), ("the number", DIGITS)] {
        ensure(
            traces::search(data.path(), needle)?.0 == 0,
            &format!("{what} stands nowhere after the stop"),
        )?;
    }

    let elsewhere = TemporaryFolder::create()?;
    let copy = traces::tamper(data, &elsewhere.path().join("copy"), SENDING)?;
    let report = traces::verify(&copy).await?;
    let fault =
        report.faults.first().ok_or_else(|| Problem::new("an altered byte of the ledger went unnoticed"))?;
    screen.detail("altered", "one byte of one entry, in a copy")?;
    screen.detail("fault", &fault.to_string())?;
    screen.holds("not intact: the altered byte was found")?;
    Ok(())
}

fn handset_path() -> String {
    format!("/switchward/v1/simulator/handsets/{NUMBER}/messages")
}

/// Fails with the claim when it does not hold.
fn ensure(holds: bool, claim: &str) -> Result<()> {
    match holds {
        true => Ok(()),
        false => Err(Problem::new(format!("this does not hold: {claim}"))),
    }
}

/// Repeats `attempt` until it gives something, for a bounded time.
async fn eventually<T, F>(what: &str, attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + WAIT;
    loop {
        if let Some(found) = attempt().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(Problem::new(format!("this did not happen in time: {what}")));
        }
        sleep(LOOK).await;
    }
}
