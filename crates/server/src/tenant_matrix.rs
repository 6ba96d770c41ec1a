//! The tenant matrix: every route of every product, driven as everybody who may not use it, and as those who
//! may. What is expected follows from what the route's row declares; nothing is listed by hand but exceptions.
//!
//! A new route needs no line here when it names objects of a known collection and carries no body. Otherwise the
//! test says what is missing: an object in `site.rs`, or a request that works in `samples.rs`.

mod registrations;
mod reviews;
mod samples;
mod site;

use std::collections::BTreeSet;

use auth::{Permission, Secret};
use futures_util::{StreamExt, stream};
use kit::{Access, RouteRow};
use test_kit::{Credentials, Reply};

use samples::Sample;
use site::{Site, Tenant, Values, parameters, sample};

/// What differs from the rule: operation, cell, status and why. One that no longer differs fails the test.
const EXCEPTIONS: &[(&str, Cell, u16, &str)] = &[
    // A credential makes none that can do more than itself, and none that outlives it.
    ("create_key", Cell::Exact, 403, MORE),
    ("create_signing_key", Cell::Exact, 403, MORE),
    ("create_iam_key", Cell::Exact, 403, MORE),
    ("create_account_key", Cell::Exact, 403, MORE),
    ("create_secondary_auth_token", Cell::Exact, 403, MORE),
    ("delete_secondary_auth_token", Cell::Exact, 403, MORE),
    ("update_auth_token_promotion", Cell::Exact, 403, MORE),
    // What binds the organization takes full credentials of a main account in it.
    ("create_agreement", Cell::Exact, 403, BINDING),
    ("terminate_agreement", Cell::Exact, 403, BINDING),
    ("update_organization_link", Cell::Exact, 403, BINDING),
    ("delete_organization_link", Cell::Exact, 403, BINDING),
    ("create_designation", Cell::Exact, 403, BINDING),
    ("create_agreement", Cell::Below, 403, BINDING),
    ("terminate_agreement", Cell::Below, 403, BINDING),
    // What webhooks are signed with is as good as an auth token.
    ("create_webhook_key", Cell::Exact, 403, SIGNING),
    ("update_webhook_key", Cell::Exact, 403, SIGNING),
    ("delete_webhook_key", Cell::Exact, 403, SIGNING),
    ("diagnose_webhook_signature", Cell::Exact, 403, SIGNING),
    // Whom data may go to, whose word counts and what may fail takes full credentials too.
    ("create_party", Cell::Exact, 403, STATED),
    ("update_party", Cell::Exact, 403, STATED),
    ("delete_party", Cell::Exact, 403, STATED),
    ("import_register", Cell::Exact, 403, STATED),
    ("create_signer", Cell::Exact, 403, STATED),
    ("delete_signer", Cell::Exact, 403, STATED),
    ("create_exception", Cell::Exact, 403, STATED),
    // A subaccount is in its parent's organization and sees what it stands under.
    ("list_account", Cell::Below, 200, "its own record names its owner"),
    ("fetch_organization", Cell::Below, 200, MEMBER),
    ("list_agreement", Cell::Below, 200, MEMBER),
    ("fetch_agreement", Cell::Below, 200, MEMBER),
    // Self-service is the customer's; the operator has a route of its own (DES-SUP-2).
    ("create_designation", Cell::Operator, 403, "the operator designates on a recorded request"),
    // What no request can bring about here.
    ("create_incoming_phone_number_mobile", Cell::Owner, 400, "no number is known to be a mobile one"),
    ("create_handset_keys", Cell::Owner, 404, NO_CALL),
    ("create_handset_keys", Cell::Standard, 404, NO_CALL),
    ("create_handset_keys", Cell::Exact, 404, NO_CALL),
    ("create_handset_keys", Cell::Main, 404, NO_CALL),
    ("delete_handset_call", Cell::Owner, 404, NO_CALL),
    ("delete_handset_call", Cell::Standard, 404, NO_CALL),
    ("delete_handset_call", Cell::Exact, 404, NO_CALL),
    ("delete_handset_call", Cell::Main, 404, NO_CALL),
    // Rules of the guide and states that one request cannot bring about.
    (
        "delete_designation",
        Cell::Owner,
        409,
        "designation stays while protected data may remain (DES-SCOPE-1)",
    ),
    ("create_migration", Cell::Operator, 409, "it takes an agreement from before self-service"),
    ("create_designation_by_support", Cell::Operator, 403, "it takes an agreement from before self-service"),
];

/// Rows that are driven at the same time: their commits share the disk.
const AT_ONCE: usize = 16;

const MORE: &str = "it could do more than the key that makes it";
const BINDING: &str = "it binds the whole organization";
const SIGNING: &str = "it concerns the secrets that webhooks are signed with";
const STATED: &str = "it takes full credentials of the account";
const NO_CALL: &str = "no call goes on at the phone";
const MEMBER: &str = "a subaccount is a member of its parent's organization";

/// Collections whose members are nobody's objects, by product: phone numbers of the whole world.
const UNOWNED: &[(&str, &str)] = &[
    ("lookups", "PhoneNumbers"),
    ("api", "AvailablePhoneNumbers"),
    ("switchward", "handsets"),
    ("switchward", "UpstreamStatuses"),
    ("switchward", "UpstreamMessages"),
    ("switchward", "MediaLinks"),
];

/// A column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Nobody,
    WrongPassword,
    WrongSecret,
    /// Another account of the server names this account's objects.
    Other,
    /// Another account names this account's objects as its own.
    Crossed,
    /// The subaccount's credentials on the parent.
    Below,
    /// The parent's standard key on the subaccount: keys other than main ones do not reach down.
    StandardBelow,
    /// A restricted key with every permission but the one needed.
    Lacking,
    Standard,
    Suspended,
    Closed,
    /// Those who may: the account itself, its main key, a restricted key, the parent, the operator.
    Owner,
    Main,
    Exact,
    Parent,
    Operator,
}

/// What a cell must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// This status and code.
    Error(u16, u64),
    /// As for something that does not exist, word for word.
    Unknown,
    /// Refused, whatever the reason.
    Refused,
    /// Whatever it does with its own things, with nothing of the tenant in it.
    Own,
    /// Let in: a 2xx, or a 4xx that is not about who asks.
    LetIn,
    /// It works: a 2xx. Without this a refusal could be about a request that works for nobody.
    Works,
}

const UNAUTHORIZED: Expected = Expected::Error(401, 20_003);
const FORBIDDEN: Expected = Expected::Error(403, 20_003);
const INACTIVE: Expected = Expected::Error(403, 20_005);

/// What the row is about.
struct Facts {
    /// The path names an account.
    in_account: bool,
    /// The path, the query or the body names an object of the tenant.
    names_object: bool,
    /// The path names an object in the account.
    in_path: bool,
    /// The query or the body names an object besides the account.
    in_body: bool,
}

fn facts(row: &RouteRow) -> Facts {
    let in_path: BTreeSet<&str> = parameters(row.path)
        .filter(|(collection, _)| !UNOWNED.contains(&(row.product, collection)))
        .map(|(_, name)| name)
        .collect();
    let carried: Vec<&str> = match sample(row) {
        Sample::Bare => Vec::new(),
        Sample::Query(text) | Sample::Json(text) => vec![text],
        Sample::Form(fields) => fields.iter().map(|(_, value)| *value).collect(),
    };
    let carries = |name: &str| {
        let written = [format!("{{{name}}}"), format!("<{name}>")];
        carried.iter().any(|text| written.iter().any(|name| text.contains(name)))
    };
    let in_body = carries("OrganizationSid") || carries("Number");
    Facts {
        in_account: in_path.contains("AccountSid"),
        names_object: !in_path.is_empty() || in_body || carries("AccountSid"),
        in_path: in_path.iter().any(|name| *name != "AccountSid"),
        in_body,
    }
}

/// What the row's declaration says about a cell; `None` where the cell makes no sense for the row.
fn expected(row: &RouteRow, cell: Cell) -> Option<Expected> {
    let (access, facts) = (row.access, facts(row));
    // Where no account is named, the caller is in its own, and what it may not do is said first.
    let stranger = match (facts.in_account, facts.names_object) {
        (true, _) => Expected::Unknown,
        (false, _) if access.operator_only => FORBIDDEN,
        (false, true) => Expected::Unknown,
        (false, false) => Expected::Own,
    };
    let let_in = if access.operator_only { FORBIDDEN } else { Expected::LetIn };
    let refused = Expected::Error(access.refusal.code.status, u64::from(access.refusal.code.number));
    if access.by_signature {
        // Credentials open nothing where a signature is asked for.
        return Some(FORBIDDEN);
    }
    Some(match cell {
        Cell::Nobody | Cell::WrongPassword | Cell::WrongSecret => UNAUTHORIZED,
        Cell::Standard if access.permission.is_administrative() => FORBIDDEN,
        // There is nothing behind it, so no objects are looked for: all who may call it are told the same.
        Cell::Other | Cell::Below if !access.served && !facts.in_account => refused,
        Cell::Crossed | Cell::Parent | Cell::Operator if !access.served && facts.in_account => refused,
        Cell::Standard | Cell::Owner | Cell::Main | Cell::Exact if !access.served => refused,
        Cell::Other | Cell::Below => stranger,
        Cell::Crossed if facts.in_account && access.operator_only => FORBIDDEN,
        Cell::Crossed if facts.in_account && facts.in_path => Expected::Unknown,
        Cell::Crossed if facts.in_account && facts.in_body => Expected::Refused,
        Cell::StandardBelow if facts.in_account => Expected::Unknown,
        Cell::Crossed | Cell::StandardBelow => return None,
        Cell::Lacking => FORBIDDEN,
        Cell::Suspended | Cell::Closed if access.operator_only => FORBIDDEN,
        // Its own credentials open nothing, also where its owner's still do.
        Cell::Suspended | Cell::Closed => INACTIVE,
        Cell::Owner if !access.operator_only => Expected::Works,
        Cell::Operator if access.operator_only => Expected::Works,
        Cell::Standard | Cell::Owner | Cell::Main | Cell::Exact => let_in,
        Cell::Parent if facts.in_account => let_in,
        Cell::Operator if facts.in_account => Expected::LetIn,
        // Without an account in the path the operator is nowhere.
        Cell::Parent | Cell::Operator => return None,
    })
}

#[tokio::test]
async fn every_route_answers_everybody_as_it_declares() {
    let site = Site::start().await;
    let stranger = site.tenant(Permission::Simulator).await;
    let rows = site.app.table().to_vec();
    let (site, stranger) = (&site, &stranger);
    let drive = |row| async move { (row, Matrix::of(site, stranger, row).await.run().await) };
    let mut driven = stream::iter(&rows).map(drive).buffer_unordered(AT_ONCE);
    let (mut failures, mut excepted) = (Vec::new(), BTreeSet::new());
    while let Some((row, findings)) = driven.next().await {
        excepted.extend(findings.excepted);
        let place = format!("{} {} {}", row.product, row.method, row.path);
        failures.extend(findings.wrong.into_iter().map(|wrong| format!("{place}: {wrong}")));
    }
    for (operation, cell, _, _) in EXCEPTIONS {
        if !excepted.contains(&(*operation, *cell)) {
            failures.push(format!("{operation} {cell:?} is no exception: take it off the list"));
        }
    }
    assert!(failures.is_empty(), "{} of {} rows:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// What a product beside `accounts` serves in our own API has exactly the members that are described.
#[tokio::test]
async fn answers_of_our_own_api_have_the_described_members() {
    let site = Site::start().await;
    let tenant = site.tenant(Permission::AlertsRead).await;
    let document: serde_json::Value = serde_json::from_str(accounts::OPENAPI).expect("JSON");
    let members = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    for (operation, schema) in [
        ("list_smpp_bind", "SmppBindList"),
        ("fetch_smpp_bind", "SmppBind"),
        ("fetch_parked_job", "ParkedJob"),
        ("list_parked_job", "ParkedJobList"),
        ("fetch_webhook_delivery", "WebhookDelivery"),
        ("list_webhook_delivery", "WebhookDeliveryList"),
        ("fetch_service_opt_out", "ServiceOptOut"),
        ("list_undecided_registration", "RegistrationList"),
        ("update_registration_verdict", "Registration"),
        ("list_reviewer", "ReviewerList"),
        ("list_every_review", "ReviewList"),
        ("fetch_risk_signs", "RiskSigns"),
        ("list_complaint", "ComplaintList"),
        ("fetch_complaint", "Complaint"),
        ("list_review", "ReviewList"),
        ("fetch_review", "Review"),
        ("fetch_twiml_bin", "TwimlBin"),
        ("list_twiml_bin", "TwimlBinList"),
        ("create_media_link", "MediaLink"),
    ] {
        let row = site.app.table().iter().find(|row| row.access.operation == operation).expect("a route");
        let values = site.objects(row, tenant.organization, tenant.sid, &tenant.login).await;
        let who = if row.access.operator_only { &site.app.operator } else { &tenant.login };
        let reply = site.drive(who, row, &values).await;
        let described = &document["components"]["schemas"][schema]["properties"];
        assert!([200, 201].contains(&reply.status), "{schema}: {}", reply.text);
        assert_eq!(members(&reply.json), members(described), "{schema}");
    }
}

#[tokio::test]
async fn the_matrix_sees_a_route_that_does_not_do_as_it_declares() {
    let site = Site::start().await;
    let stranger = site.tenant(Permission::Simulator).await;
    let row = |operation: &str| {
        let found = site.app.table().iter().find(|row| row.access.operation == operation);
        found.expect("a route").clone()
    };
    let keys = row("list_key");
    let lies = [
        // Another permission than the one that is asked for.
        RouteRow { access: Access::new(Permission::MessagesRead, "list_key"), ..keys.clone() },
        // Said to be the operator's, and everybody may.
        RouteRow { access: keys.access.operator_only(), ..keys },
    ];
    for lie in lies {
        let findings = Matrix::of(&site, &stranger, &lie).await.run().await;
        assert!(!findings.wrong.is_empty(), "{lie:?}");
    }
}

/// What driving a row has shown.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    /// Exceptions that were needed.
    excepted: Vec<(&'static str, Cell)>,
}

/// One row, its tenant and the others.
struct Matrix<'a> {
    site: &'a Site,
    row: &'a RouteRow,
    tenant: Tenant,
    /// The tenant's objects.
    objects: Values,
    /// The subaccount's.
    below: Values,
    stranger: &'a Tenant,
}

impl<'a> Matrix<'a> {
    async fn of(site: &'a Site, stranger: &'a Tenant, row: &'a RouteRow) -> Self {
        let tenant = site.tenant(row.access.permission).await;
        let objects = site.objects(row, tenant.organization, tenant.sid, &tenant.login).await;
        let below = site.objects(row, tenant.organization, tenant.below, &tenant.login_below).await;
        Self { site, row, tenant, objects, below, stranger }
    }

    /// Drives every cell: first those that must change nothing.
    async fn run(&self) -> Findings {
        let (tenant, stranger) = (&self.tenant, self.stranger);
        let (nobody, wrong) = (Credentials::nobody(), || Secret::new("0".repeat(32)));
        let wrong_password = Credentials::new(tenant.sid, wrong());
        let wrong_secret = Credentials::new(&tenant.main_sid, wrong());
        let mut crossed = self.objects.clone();
        crossed.insert("AccountSid".to_owned(), stranger.sid.to_string());
        let closed = [
            (Cell::Nobody, &nobody, &self.objects),
            (Cell::WrongPassword, &wrong_password, &self.objects),
            (Cell::WrongSecret, &wrong_secret, &self.objects),
            (Cell::Other, &stranger.main, &self.objects),
            (Cell::Crossed, &stranger.main, &crossed),
            (Cell::Below, &tenant.login_below, &self.objects),
            (Cell::StandardBelow, &tenant.standard, &self.below),
            (Cell::Lacking, &tenant.lacking, &self.objects),
        ];
        let mut findings = Findings::default();
        let before = self.site.recorded(tenant).await;
        for (cell, who, values) in closed {
            self.cell(cell, who, values, &mut findings).await;
        }
        let after = self.site.recorded(tenant).await;
        // The subaccount may have done something with its own things.
        if (before[0], before[2]) != (after[0], after[2]) {
            findings.wrong.push(format!("the ledger grew from {before:?} to {after:?}"));
        }
        // Who may, may also take things away: new ones for each.
        let operator = &self.site.app.operator;
        for (cell, who) in [
            (Cell::Owner, &tenant.login),
            (Cell::Standard, &tenant.standard),
            (Cell::Exact, &tenant.exact),
            (Cell::Main, &tenant.main),
            (Cell::Operator, operator),
        ] {
            let objects = self.site.objects(self.row, tenant.organization, tenant.sid, &tenant.main).await;
            self.cell(cell, who, &objects, &mut findings).await;
        }
        // The main key, because the auth token may be another one by now.
        self.cell(Cell::Parent, &tenant.main, &self.below, &mut findings).await;
        for (cell, status) in [(Cell::Suspended, "suspended"), (Cell::Closed, "closed")] {
            self.site.set_status(tenant, status).await;
            self.cell(cell, &tenant.main_below, &self.below, &mut findings).await;
        }
        findings
    }

    async fn cell(&self, cell: Cell, who: &Credentials, values: &Values, findings: &mut Findings) {
        let Some(expected) = expected(self.row, cell) else { return };
        let reply = self.site.drive(who, self.row, values).await;
        let Some(wrong) = self.judge(expected, who, values, &reply).await else { return };
        let operation = self.row.access.operation;
        match EXCEPTIONS.iter().find(|(o, c, status, _)| (*o, *c, *status) == (operation, cell, reply.status))
        {
            Some(_) => findings.excepted.push((operation, cell)),
            None => findings.wrong.push(format!("{cell:?}: {wrong}: {} {}", reply.status, reply.text)),
        }
    }

    async fn judge(
        &self,
        expected: Expected,
        who: &Credentials,
        values: &Values,
        reply: &Reply,
    ) -> Option<String> {
        let is_right = match expected {
            Expected::Error(status, code) => reply.status == status && reply.code() == Some(code),
            Expected::Refused => (400..500).contains(&reply.status),
            Expected::Own => reply.status < 500 && !self.shows_the_tenant(reply),
            Expected::LetIn => is_let_in(reply),
            Expected::Works => (200..300).contains(&reply.status),
            Expected::Unknown => return self.is_unknown(who, values, reply).await,
        };
        (!is_right).then(|| format!("must be {expected:?}"))
    }

    /// Whether the answer is that for something that does not exist, word for word.
    async fn is_unknown(&self, who: &Credentials, values: &Values, reply: &Reply) -> Option<String> {
        if reply.status != 404 {
            return Some("must be not found".to_owned());
        }
        let own = self.stranger.sid.to_string();
        let other = |(name, value): (&String, &String)| {
            let value = if *value == own { own.clone() } else { made_up(name, value) };
            (name.clone(), value)
        };
        let made_up: Values = values.iter().map(other).collect();
        let twin = self.site.drive(who, self.row, &made_up).await;
        let plain = |reply: &Reply, values: &Values| {
            values.iter().fold(reply.text.clone(), |text, (name, value)| text.replace(value, name))
        };
        let (real, twin) = (plain(reply, values), plain(&twin, &made_up));
        (real != twin).then(|| format!("is told from what does not exist, which is answered {twin}"))
    }

    /// Whether something of the tenant stands in the answer.
    fn shows_the_tenant(&self, reply: &Reply) -> bool {
        let unowned = ["Pem", "PhoneNumber", "FreeNumber", "FreeTollFree"];
        self.objects
            .iter()
            .any(|(name, value)| !unowned.contains(&name.as_str()) && reply.text.contains(value))
    }
}

/// Whether the answer is not about who asked. A rule of the guide may refuse whoever it is.
fn is_let_in(reply: &Reply) -> bool {
    match reply.status {
        403 => reply.rule().is_some() && !matches!(reply.code(), Some(20_003 | 20_005)),
        status => status < 500 && !matches!(status, 401 | 404 | 405 | 429),
    }
}

/// A value of the same form that names nothing.
fn made_up(name: &str, value: &str) -> String {
    match name {
        "Pem" | "PhoneNumber" | "Receipt" => value.to_owned(),
        "Number" | "FreeNumber" => "+14155569999".to_owned(),
        "FreeTollFree" => "+18005569999".to_owned(),
        "JobId" => "0".repeat(value.len()),
        _ => format!("{}{}", &value[..2], "0".repeat(32)),
    }
}
