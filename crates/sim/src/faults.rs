//! Fault scripts: what the next submissions meet instead of what their numbers decide.

use std::time::Duration;

use base::{AccountSid, PhoneNumber};

use crate::limits::FAULTS_PER_ACCOUNT;

/// What a fault does to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The carrier cannot take it now.
    Unavailable,
    /// The carrier will never take it, with this code.
    Reject(u32),
    /// The carrier takes it; a receipt says later, with this code, that it was not delivered.
    Undelivered(u32),
    /// The handset gets it, but no receipt is ever given.
    Silent,
    /// The handset gets it, and the receipt is given, so much later; the number decides the rest.
    Delay(Duration),
}

/// A fault script.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The account whose submissions it applies to; `None`, the operator's, applies to all.
    pub account: Option<AccountSid>,
    /// What it does.
    pub kind: FaultKind,
    /// How many submissions are left for it.
    pub count: u32,
    /// The only recipient it applies to, when there is one.
    pub to: Option<PhoneNumber>,
}

/// The account has as many fault scripts as it may have ([`crate::limits::FAULTS_PER_ACCOUNT`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyFaults;

/// The scripts, oldest first.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), TooManyFaults> {
        if self.0.iter().filter(|other| other.account == fault.account).count() == FAULTS_PER_ACCOUNT {
            return Err(TooManyFaults);
        }
        self.0.push(fault);
        Ok(())
    }

    /// What this submission meets, from the oldest script that applies; that is used up by one.
    pub(crate) fn take(&mut self, account: AccountSid, to: &PhoneNumber) -> Option<FaultKind> {
        let applies = |fault: &Fault| {
            fault.account.is_none_or(|owner| owner == account)
                && fault.to.as_ref().is_none_or(|only| only == to)
        };
        let position = self.0.iter().position(applies)?;
        let fault = &mut self.0[position];
        let kind = fault.kind;
        fault.count = fault.count.saturating_sub(1);
        if fault.count == 0 {
            self.0.remove(position);
        }
        Some(kind)
    }

    /// The scripts of an account; all of them for the operator.
    pub(crate) fn list(&self, owner: Option<AccountSid>) -> Vec<Fault> {
        self.0.iter().filter(|fault| owner.is_none() || fault.account == owner).cloned().collect()
    }

    /// Ends the scripts of an account; all of them for the operator.
    pub(crate) fn clear(&mut self, owner: Option<AccountSid>) {
        self.0.retain(|fault| owner.is_some() && fault.account != owner);
    }
}
