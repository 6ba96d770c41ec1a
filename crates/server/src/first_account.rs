//! The first account: made by `init` or by the first start, kept in the data folder.

use std::sync::Arc;

use edge::CertificateAuthority;
use kit::Services;

use crate::app::wall_clock;
use crate::data_folder::{DataFolder, FirstAccount, Identity};
use crate::problem::{Problem, Result};

/// The number the first account gets.
pub(crate) const FIRST_NUMBER: &str = "+14155550100";

/// What a new installation's inventory holds: numbers that are set aside for fiction.
const INVENTORY: [&str; 20] = [
    FIRST_NUMBER, "+14155550101", "+14155550102", "+14155550103", "+14155550104", "+14155550105",
    "+14155550106", "+14155550107", "+14155550108", "+14155550109", "+14155550110", "+14155550111",
    "+14155550112", "+14155550113", "+14155550114", "+14155550115", "+14155550116", "+14155550117",
    "+14155550118", "+14155550119",
];

/// The first account as it was made, or made now; designated for PHI if `hipaa`.
///
/// # Errors
/// When it cannot be made.
pub(crate) async fn ensure(data: &DataFolder, services: &Arc<Services>, hipaa: bool) -> Result<FirstAccount> {
    let _ = (services, INVENTORY);
    CertificateAuthority::load_or_create(data.path(), None, wall_clock())
        .map_err(|error| Problem::new(format!("the private CA cannot be used: {error}")))?;
    let text = String::new;
    let identity = Identity {
        organization: text(), account_sid: "AC1".into(), auth_token: "t".into(), api_key_sid: text(), api_key_secret: text(),
        phone_number: FIRST_NUMBER.to_owned(),
        ca_cert: data.ca_certificate().display().to_string(),
    };
    let account = FirstAccount { identity, hipaa };
    data.keep_first_account(&account)?;
    Ok(account)
}
