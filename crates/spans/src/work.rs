//! The closed set: what a span can be about, and what it can say.

use base::AccountSid;

/// What was done. Every text is a word of the program: it stands in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A request was answered.
    Request {
        /// The product's label.
        product: &'static str,
        /// The HTTP method.
        method: &'static str,
        /// The route's template, never the path.
        route: &'static str,
        /// The status of the answer; `None` when the caller was gone before there was one.
        status: Option<u16>,
    },
    /// The guard has decided.
    Guard {
        /// What was asked.
        action: &'static str,
        /// The rule that refused; `None` when the action was allowed.
        rule: Option<&'static str>,
    },
    /// A unit of work was handed to the database.
    Commit {
        /// What became of it.
        outcome: &'static str,
        /// How many were committed together; 0 when it was not committed.
        group: usize,
    },
    /// A job ran.
    Job {
        /// Its queue.
        queue: &'static str,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// How the run ended.
        outcome: &'static str,
    },
    /// A customer's server was told.
    Webhook {
        /// What became of it.
        outcome: &'static str,
        /// The status of its answer, when there was one.
        status: Option<u16>,
        /// The code of the alert, when there is one.
        code: Option<u32>,
    },
    /// A message was handed to the carrier.
    HandOver {
        /// What the carrier said.
        outcome: &'static str,
        /// The code of its refusal.
        code: Option<u32>,
    },
}

/// What a span can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word of the program.
    Word(&'static str),
    /// A number that the program counted or gave out.
    Number(u64),
    /// An account.
    Account(AccountSid),
}

/// Who is at the other end, as OpenTelemetry has it (`Span.SpanKind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody: inside this program.
    Internal,
    /// Somebody asks us.
    Server,
    /// We ask somebody.
    Client,
    /// We take up what was left for later.
    Consumer,
}

impl Work {
    /// The span's name: few different ones, whatever happens.
    pub fn name(&self) -> String {
        match self {
            Self::Request { method, route, .. } => format!("{method} {route}"),
            Self::Guard { .. } => "guard".to_owned(),
            Self::Commit { .. } => "store commit".to_owned(),
            Self::Job { queue, .. } => format!("job {queue}"),
            Self::Webhook { .. } => "webhook delivery".to_owned(),
            Self::HandOver { .. } => "carrier hand-over".to_owned(),
        }
    }

    /// Who is at the other end.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Request { .. } => Kind::Server,
            Self::Guard { .. } | Self::Commit { .. } => Kind::Internal,
            Self::Job { .. } => Kind::Consumer,
            Self::Webhook { .. } | Self::HandOver { .. } => Kind::Client,
        }
    }

    /// What it says, by name. The names of OpenTelemetry's HTTP conventions where they fit, ours elsewhere.
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        use Value::{Number, Word};
        let mut told = Vec::new();
        match *self {
            Self::Request { product, method, route, status } => {
                told.extend([
                    ("switchward.product", Word(product)),
                    ("http.request.method", Word(method)),
                    ("http.route", Word(route)),
                ]);
                told.extend(status.map(|status| ("http.response.status_code", Number(status.into()))));
            }
            Self::Guard { action, rule } => {
                let outcome = if rule.is_some() { "refused" } else { "allowed" };
                told.extend([("switchward.action", Word(action)), ("switchward.outcome", Word(outcome))]);
                told.extend(rule.map(|rule| ("switchward.rule", Word(rule))));
            }
            Self::Commit { outcome, group } => told.extend([
                ("switchward.outcome", Word(outcome)),
                ("switchward.group_size", Number(group as u64)),
            ]),
            Self::Job { queue, attempt, outcome } => told.extend([
                ("switchward.queue", Word(queue)),
                ("switchward.attempt", Number(attempt.into())),
                ("switchward.outcome", Word(outcome)),
            ]),
            Self::Webhook { outcome, status, code } => {
                told.push(("switchward.outcome", Word(outcome)));
                told.extend(status.map(|status| ("http.response.status_code", Number(status.into()))));
                told.extend(code.map(|code| ("switchward.code", Number(code.into()))));
            }
            Self::HandOver { outcome, code } => {
                told.push(("switchward.outcome", Word(outcome)));
                told.extend(code.map(|code| ("switchward.code", Number(code.into()))));
            }
        }
        told
    }

    /// Whether an operator should look: not when a caller made a mistake or was refused.
    pub fn is_error(&self) -> bool {
        match self {
            Self::Request { status, .. } => status.is_some_and(|status| status >= 500),
            Self::Guard { .. } => false,
            Self::Commit { outcome, .. } => *outcome == "unavailable",
            Self::Job { outcome, .. } => !matches!(*outcome, "done" | "retried"),
            Self::Webhook { outcome, .. } => *outcome != "delivered",
            Self::HandOver { outcome, .. } => *outcome != "taken",
        }
    }
}
