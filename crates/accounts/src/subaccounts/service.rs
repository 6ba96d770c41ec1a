//! What making, renaming, suspending and closing an account does.

use std::sync::Arc;

use auth::provision::{NewAccount, add_account};
use auth::{
    Account, AccountContext, AccountStatus, Designation, DesignationMethod, Secret, Settings, load_account,
};
use base::{AccountSid, OrganizationSid, Sid, Timestamp};
use errors::{ApiError, Result, codes};
use store::{Document, IndexValue, Scope};

use crate::author::{Author, Fields};
use crate::designation::model::{inherited, note, settle};
use crate::designation::service::update_account;
use crate::organizations;

/// Makes a subaccount of `owner`. Whether it is a HIPAA project is decided by truth table T1 (DES-INH-1).
///
/// # Errors
/// 403 when `owner` is itself a subaccount.
pub(crate) async fn create_subaccount(
    author: &Author<'_>,
    owner: &AccountContext,
    name: Option<String>,
    fields: Fields,
) -> Result<Document<Account>> {
    if owner.account.facts.owner.0 != owner.sid() {
        return Err(ApiError::new(codes::FORBIDDEN).hint("a subaccount has no subaccounts"));
    }
    let now = author.now();
    let above = &owner.account.facts;
    // Later subaccounts start with their owner's redaction, older ones keep theirs (D-RED-6). What needs a
    // statement of its own is not handed down.
    let mut settings = Settings {
        body_redaction: above.settings.body_redaction,
        number_redaction: above.settings.number_redaction,
        ..Settings::default()
    };
    let mut designation = Designation::default();
    settle(&mut designation, &mut settings, inherited(owner));
    if designation.protected {
        note(&mut designation, DesignationMethod::Inherited, now, owner.sid().to_string());
    }
    let new = NewAccount {
        sid: AccountSid::generate(author.random()),
        owner: owner.sid(),
        organization: above.organization.map(|organization| organization.0),
        friendly_name: name.unwrap_or_else(|| default_name(now)),
        primary_token: Secret::generate(author.random()),
        designation,
        settings,
    };
    add(author, new, fields).await
}

/// Makes a main account in an organization; it starts as no HIPAA project (rows L7 and S1).
///
/// # Errors
/// 404 when there is no such organization.
pub(crate) async fn create_main(
    author: &Author<'_>,
    organization: OrganizationSid,
    friendly_name: String,
    fields: Fields,
) -> Result<Document<Account>> {
    organizations::find(author.store(), organization).await?;
    let sid = AccountSid::generate(author.random());
    let new = NewAccount {
        sid,
        owner: sid,
        organization: Some(organization),
        friendly_name,
        primary_token: Secret::generate(author.random()),
        designation: Designation::default(),
        settings: Settings::default(),
    };
    add(author, new, fields).await
}

async fn add(author: &Author<'_>, new: NewAccount, fields: Fields) -> Result<Document<Account>> {
    let (sid, owner) = (new.sid, new.owner);
    let mut batch = author.store().batch(Scope::account(owner));
    add_account(&mut batch, new, author.now());
    author.commit(batch, Scope::account(owner), vec![sid.to_string()], fields).await?;
    let found = load_account(author.store(), sid, author.now()).await?;
    Ok(Arc::unwrap_or_clone(found.ok_or(ApiError::new(codes::INTERNAL))?.account))
}

/// Twilio's default: `SubAccount Created at {YYYY-MM-DD HH:MM meridian}`.
fn default_name(now: Timestamp) -> String {
    let text = now.iso8601();
    let hour: u32 = text.get(11..13).and_then(|hour| hour.parse().ok()).unwrap_or_default();
    let (day, minute) = (text.get(..10).unwrap_or_default(), text.get(14..16).unwrap_or_default());
    let meridian = if hour < 12 { "am" } else { "pm" };
    format!("SubAccount Created at {day} {:02}:{minute} {meridian}", (hour + 11) % 12 + 1)
}

/// What is to change.
pub(crate) struct Change {
    pub(crate) friendly_name: Option<String>,
    pub(crate) status: Option<AccountStatus>,
}

/// Renames an account or changes its status.
///
/// # Errors
/// 409 when it is closed, which is for good, or when a main account is to be closed.
pub(crate) async fn update(
    author: &Author<'_>,
    context: &AccountContext,
    change: Change,
    fields: Fields,
) -> Result<Document<Account>> {
    let mut account = Document::clone(&context.account);
    if account.facts.status == AccountStatus::Closed {
        return Err(ApiError::new(codes::CONFLICT).hint("a closed account stays closed"));
    }
    if change.status == Some(AccountStatus::Closed) && account.facts.owner.0 == account.sid {
        return Err(ApiError::new(codes::CONFLICT).hint("only subaccounts can be closed"));
    }
    let mut batch = author.store().batch(Scope::account(account.facts.owner.0));
    if let Some(name) = change.friendly_name {
        let indexed = batch.free_text(&name);
        batch.reindex::<Account>(account.sid, "friendly_name", vec![indexed]);
        account.facts.friendly_name = name;
    }
    if let Some(status) = change.status {
        batch.reindex::<Account>(account.sid, "status", vec![IndexValue::Plain(status.as_str().to_owned())]);
        account.facts.status = status;
    }
    update_account(&mut batch, &account);
    author.commit(batch, context.scope(), vec![account.sid.to_string()], fields).await?;
    account.updated_at = author.now();
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_name_counts_twelve_hours() {
        for (hour, text) in [(0, "12:05 am"), (11, "11:05 am"), (12, "12:05 pm"), (23, "11:05 pm")] {
            let name = default_name(Timestamp::from_seconds(hour * 3_600 + 300));
            assert_eq!(name, format!("SubAccount Created at 1970-01-01 {text}"));
        }
    }
}
