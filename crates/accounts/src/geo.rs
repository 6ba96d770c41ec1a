//! Which countries messages may go to: `Messaging/GeoPermissions` of accounts v1 (SMS-GEO-2).

use auth::Settings;
use base::countries;
use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Form, Found, FromParams, Params, Query};
use rulebook::Action;
use rulebook::guard::SettingChange;
use serde::{Deserialize, Serialize};
use store::Document;

use crate::author::{Author, NOTHING};
use crate::designation::service::update_account;
use crate::limits::MAX_COUNTRIES;

const PERMISSIONS: &str = "Permissions";
const COUNTRY: &str = "country";
const UNITED_STATES: &str = "US";
/// The vendor's number for a country whose permission cannot be changed.
const NOT_CHANGED: u32 = 30_649;

/// `CountryCode`: the countries that are asked about; all when it is absent.
pub(crate) struct Asked(Option<Vec<String>>);

impl FromParams for Asked {
    fn from_params(params: &mut Params) -> Result<Self> {
        let text = params.text("CountryCode")?.filter(|text| !text.is_empty());
        Ok(Self(text.map(|text| text.split(',').map(|code| code.trim().to_ascii_uppercase()).collect())))
    }
}

/// One country of a request.
#[derive(Deserialize)]
struct Wanted {
    country_code: String,
    #[serde(rename = "type")]
    kind: String,
    enabled: bool,
}

/// `Permissions`: a JSON object each.
pub(crate) struct UpdatePermissions(Vec<Wanted>);

impl FromParams for UpdatePermissions {
    fn from_params(params: &mut Params) -> Result<Self> {
        let invalid = || ApiError::new(codes::INVALID_PARAMETER).parameter(PERMISSIONS);
        let given = params.all(PERMISSIONS);
        if given.is_empty() || given.len() > MAX_COUNTRIES {
            return Err(invalid());
        }
        let read = given.iter().map(|text| serde_json::from_str(text).map_err(|_| invalid()));
        let wanted = read.collect::<Result<Vec<Wanted>>>()?;
        if wanted.iter().any(|wanted| wanted.kind != COUNTRY) {
            return Err(invalid());
        }
        Ok(Self(wanted))
    }
}

/// `accounts.v1.messaging_geopermissions`.
#[derive(Serialize)]
pub(crate) struct PermissionsView<P> {
    permissions: Vec<P>,
}

/// A country as it is.
#[derive(Serialize)]
pub(crate) struct PermissionView {
    country_code: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    enabled: bool,
    prefix: String,
    message: &'static str,
}

/// A country as it was to be changed.
#[derive(Serialize)]
pub(crate) struct ChangedView {
    country_code: String,
    #[serde(rename = "type")]
    kind: &'static str,
    enabled: bool,
    error_code: u32,
    error_messages: Vec<&'static str>,
}

/// `GET /v1/Messaging/GeoPermissions`.
pub(crate) async fn fetch(
    ctx: Ctx,
    Query(Asked(asked)): Query<Asked>,
) -> Answer<Found<PermissionsView<PermissionView>>> {
    let settings = &ctx.account().account.facts.settings;
    let is_asked =
        |country: &str| asked.as_ref().is_none_or(|asked| asked.iter().any(|code| code == country));
    let permissions = countries().into_iter().filter(|(country, _)| is_asked(country));
    let permissions = permissions.map(|(country_code, prefix)| PermissionView {
        country_code,
        kind: COUNTRY,
        enabled: settings.may_message(country_code),
        prefix: format!("+{prefix}"),
        message: "",
    });
    Ok(Found(PermissionsView { permissions: permissions.collect() }))
}

/// `PATCH /v1/Messaging/GeoPermissions`. A country that there is not is told beside the others, as published; what the
/// guard refuses is refused as a whole.
pub(crate) async fn update(
    ctx: Ctx,
    Form(UpdatePermissions(wanted)): Form<UpdatePermissions>,
) -> Answer<Found<PermissionsView<ChangedView>>> {
    let mut account = Document::clone(&ctx.account().account);
    let permissions = wanted
        .into_iter()
        .map(|Wanted { country_code, enabled, .. }| {
            change(&ctx, &mut account.facts.settings, country_code.to_ascii_uppercase(), enabled)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut batch = ctx.batch();
    update_account(&mut batch, &account);
    let sids = vec![account.sid.to_string()];
    Author::of(&ctx).commit(batch, ctx.scope(), sids, NOTHING).await?;
    Ok(Found(PermissionsView { permissions }))
}

fn change(ctx: &Ctx, settings: &mut Settings, country_code: String, enabled: bool) -> Result<ChangedView> {
    let united_states = country_code == UNITED_STATES;
    ctx.guard(&Action::ChangeSetting(SettingChange::CountryPermission { united_states, enabled }))?;
    let known = countries().contains_key(country_code.as_str());
    let (error_code, error_messages) = match known {
        true => (0, Vec::new()),
        false => (NOT_CHANGED, vec!["There is no such country"]),
    };
    if known {
        settings.countries.insert(country_code.clone(), enabled);
    }
    Ok(ChangedView { country_code, kind: COUNTRY, enabled: enabled && known, error_code, error_messages })
}
