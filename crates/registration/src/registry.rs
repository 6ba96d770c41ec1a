//! The port to whoever decides about registrations, and the simulated one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base::AccountSid;

use crate::failures;
use crate::limits::SIMULATED_PACE;
use crate::record::{Record, text};
use crate::stage::Subject;

/// What is submitted. The registry is given the record in the clear, after the ledger has recorded that; whoever
/// implements this over a network needs an agreement with the other side. No `Debug`: it holds opened text.
pub struct Submission<'a> {
    /// Whose it is.
    pub account: AccountSid,
    /// The SID of what is registered.
    pub sid: &'a str,
    /// What it is.
    pub subject: Subject,
    /// Counts submissions from 1.
    pub attempt: u32,
    /// The bundle a brand is described by.
    pub profile: Option<&'a str>,
    /// What the business says; empty for a brand, which says it in its bundle.
    pub record: &'a Record,
}

/// What the registry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is registered, under this name of the registry's.
    Registered(String),
    /// It was turned down, for a reason of the public error dictionary.
    Refused(u32),
}

/// A registry that could not be asked. Says no more: its words might hold what was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registry could not be asked")
    }
}

impl std::error::Error for Unreachable {}

/// A verdict, some time later.
pub type Deciding<'a> = Pin<Box<dyn Future<Output = Result<Verdict, Unreachable>> + Send + 'a>>;

/// Who decides. A submission may come twice, after a crash: it is told by its SID and attempt.
pub trait Registry: Send + Sync + 'static {
    /// How long a step of a review takes, before it is worth asking.
    fn pace(&self) -> Duration;

    /// Decides.
    fn decide<'a>(&'a self, submission: Submission<'a>) -> Deciding<'a>;
}

/// A registry that decides by what is submitted alone: everything is registered, but for a text that ends in the number
/// of a published reason, which is turned down for it. Nobody outside is ever asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Registry for Simulated {
    fn pace(&self) -> Duration {
        SIMULATED_PACE
    }

    fn decide<'a>(&'a self, submission: Submission<'a>) -> Deciding<'a> {
        Box::pin(async move { Ok(verdict(&submission)) })
    }
}

fn verdict(submission: &Submission<'_>) -> Verdict {
    let Submission { subject, attempt, profile, record, sid, account: _ } = submission;
    let telling = match subject {
        // The bundle keeps its SID when it is corrected, so a brand that is submitted again was.
        Subject::Brand => profile.filter(|_| *attempt == 1),
        Subject::Vetting => text(record, "vetting_id"),
        Subject::Campaign => text(record, "description").or_else(|| text(record, "campaign_id")),
        Subject::Tollfree => text(record, "additional_information"),
    };
    match telling.and_then(|telling| failures::named_at_the_end(*subject, telling)) {
        Some(code) => Verdict::Refused(code),
        None => {
            let letter = if *subject == Subject::Brand { 'B' } else { 'C' };
            let digits: String = sid.chars().skip(2).take(6).collect();
            Verdict::Registered(format!("{letter}{}", digits.to_uppercase()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(subject: Subject, attempt: u32, profile: Option<&str>, record: serde_json::Value) -> Verdict {
        let serde_json::Value::Object(record) = record else { panic!("an object") };
        let account = "AC0123456789abcdef0123456789abcdef".parse().expect("a SID");
        let sid = "QE0123456789abcdef0123456789abcdef";
        verdict(&Submission { account, sid, subject, attempt, profile, record: &record })
    }

    #[test]
    fn what_is_submitted_decides() {
        let passed = |letter| Verdict::Registered(format!("{letter}012345"));
        let bundle = Some("BU00000000000000000000000000030701");
        for (subject, attempt, profile, record, expected) in [
            (Subject::Brand, 1, bundle, json!({}), Verdict::Refused(30_701)),
            (Subject::Brand, 2, bundle, json!({}), passed('B')),
            (Subject::Brand, 1, Some("BU00000000000000000000000000000001"), json!({}), passed('B')),
            (Subject::Campaign, 1, None, json!({"description": "x 30886"}), Verdict::Refused(30_886)),
            (Subject::Campaign, 1, None, json!({"description": "x"}), passed('C')),
            (Subject::Campaign, 1, None, json!({"campaign_id": "C30900"}), Verdict::Refused(30_900)),
            (Subject::Vetting, 1, None, json!({"vetting_id": "30792"}), Verdict::Refused(30_792)),
            (
                Subject::Tollfree,
                1,
                None,
                json!({"additional_information": "30836"}),
                Verdict::Refused(30_836),
            ),
            (Subject::Tollfree, 1, None, json!({}), passed('C')),
        ] {
            assert_eq!(check(subject, attempt, profile, record), expected, "{subject:?} {attempt}");
        }
    }
}
