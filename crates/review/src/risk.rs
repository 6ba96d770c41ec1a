//! Signs of risk, from facts alone: how many messages failed, and how many people said STOP.
//!
//! The guide names high error rates (CHG-MOD-2). No text is looked at for this, in no account.

use std::collections::BTreeMap;

use axum::Extension;
use base::Timestamp;
use errors::Result;
use kit::{Answer, Ctx, Found};
use serde::{Deserialize, Serialize};
use store::{Range, Scoped};

use crate::limits;
use crate::messages::Outcome;
use crate::routes::Port;

/// The sign that too many messages fail.
pub(crate) const ERROR_RATE: &str = "error-rate";
/// The sign that too many people opt out.
pub(crate) const STOP_RATE: &str = "stop-rate";

/// Counts of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Sent or to be sent.
    sent: u64,
    /// Ended, well or not.
    ended: u64,
    /// Ended badly.
    failed: u64,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        self.sent += 1;
        self.ended += u64::from(outcome.ended_well.is_some());
        self.failed += u64::from(outcome.ended_well == Some(false));
    }

    fn fails_too_often(&self) -> bool {
        self.ended >= limits::ENOUGH_ENDED && self.failed * 100 >= self.ended * limits::ERROR_PERCENT
    }
}

/// What was counted, and what it is a sign of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// From when on.
    since: String,
    /// The whole account.
    account: Counts,
    /// Opt-outs that came.
    opt_outs: u64,
    /// Whether there were more messages than are looked at; the newest were.
    in_part: bool,
    /// By sender; those beyond a limit count for the account only.
    senders: BTreeMap<String, Counts>,
    /// The signs that show, by name.
    signs: Vec<String>,
}

impl Figures {
    /// Counts.
    fn of(since: Timestamp, outcomes: &[Outcome], opt_outs: u64) -> Self {
        let (mut account, mut senders) = (Counts::default(), BTreeMap::<String, Counts>::new());
        for outcome in outcomes {
            account.add(outcome);
            if senders.len() < limits::RISK_SENDERS || senders.contains_key(&outcome.sender) {
                senders.entry(outcome.sender.clone()).or_default().add(outcome);
            }
        }
        let mut signs = Vec::new();
        if account.fails_too_often() || senders.values().any(Counts::fails_too_often) {
            signs.push(ERROR_RATE.to_owned());
        }
        if account.sent >= limits::ENOUGH_SENT && opt_outs * 100 >= account.sent * limits::STOP_PERCENT {
            signs.push(STOP_RATE.to_owned());
        }
        let in_part = outcomes.len() >= limits::RISK_MESSAGES;
        Self { since: since.iso8601(), account, opt_outs, in_part, senders, signs }
    }

    /// Whether this sign shows.
    pub(crate) fn shows(&self, sign: &str) -> bool {
        self.signs.iter().any(|it| it == sign)
    }
}

/// What an account's messages came to lately.
pub(crate) async fn figures(port: &Port, scoped: Scoped, now: Timestamp) -> Result<Figures> {
    let since = now.minus(limits::RISK_WINDOW);
    let made = Range { from: Some(since), until: None };
    let outcomes = port.0.outcomes(scoped.clone(), made, limits::RISK_MESSAGES).await?;
    let opt_outs = port.0.opt_outs(scoped, made, limits::RISK_OPT_OUTS).await?;
    Ok(Figures::of(since, &outcomes, opt_outs))
}

/// `GET …/RiskSigns`.
pub(crate) async fn fetch(ctx: Ctx, Extension(port): Extension<Port>) -> Answer<Found<Figures>> {
    Ok(Found(figures(&port, ctx.store(), ctx.now()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(well: u64, badly: u64, opt_outs: u64) -> Vec<String> {
        let outcome = |ended_well| Outcome { sender: "+14155550100".to_owned(), ended_well };
        let good = (0..well).map(|_| outcome(Some(true)));
        let all: Vec<Outcome> = good.chain((0..badly).map(|_| outcome(Some(false)))).collect();
        Figures::of(Timestamp::from_seconds(0), &all, opt_outs).signs
    }

    #[test]
    fn a_sign_takes_a_rate_and_enough_messages() {
        let none: [&str; 0] = [];
        assert_eq!(signs(16, 4, 0), [ERROR_RATE]);
        assert_eq!(signs(17, 3, 0), none);
        assert_eq!(signs(0, 19, 0), none);
        assert_eq!(signs(100, 0, 3), [STOP_RATE]);
        assert_eq!(signs(100, 0, 2), none);
        assert_eq!(signs(99, 0, 50), none);
        assert_eq!(signs(80, 20, 3), [ERROR_RATE, STOP_RATE]);
    }

    #[test]
    fn one_bad_sender_shows_among_good_ones() {
        let mut all = vec![Outcome { sender: "good".to_owned(), ended_well: Some(true) }; 1_000];
        all.extend(vec![Outcome { sender: "bad".to_owned(), ended_well: Some(false) }; 20]);
        assert!(Figures::of(Timestamp::from_seconds(0), &all, 0).shows(ERROR_RATE));
    }
}
