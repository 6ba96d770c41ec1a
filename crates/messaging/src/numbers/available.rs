//! AvailablePhoneNumbers: what of the operator's inventory an account may take, by country and kind.

use std::collections::BTreeMap;

use base::{AccountSid, PhoneNumber};
use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Found, FromParams, Listing, PageRequest, Params, Path};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Query, Scope, Store, limits::PAGE_ROWS};

use super::inventory::InventoryNumber;
use super::kinds::{NumberKind, Pattern, pattern};
use crate::carrier::{Shared, can_mms};
use crate::limits::SEARCHED_NUMBERS;

/// The kinds that are searched for: the word of the path, the name of the link, and what it means here. The others are
/// published too, and of those the inventory has none.
const SEARCHES: [(&str, &str, Option<NumberKind>); 7] = [
    ("Local", "local", Some(NumberKind::Local)),
    ("MachineToMachine", "machine_to_machine", None),
    ("Mobile", "mobile", Some(NumberKind::Mobile)),
    ("National", "national", None),
    ("SharedCost", "shared_cost", None),
    ("TollFree", "toll_free", Some(NumberKind::TollFree)),
    ("Voip", "voip", None),
];

/// Names of countries whose numbers operators have; of others the code has to do.
const COUNTRIES: [(&str, &str); 16] = [
    ("AU", "Australia"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("ES", "Spain"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IE", "Ireland"),
    ("IN", "India"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("PR", "Puerto Rico"),
    ("US", "United States"),
];

/// The free numbers, oldest first, as far as they are looked through.
async fn free(store: &Store) -> Result<Vec<PhoneNumber>> {
    let mut numbers = Vec::new();
    let mut query = Query { limit: PAGE_ROWS, oldest_first: true, ..Query::default() };
    while numbers.len() < SEARCHED_NUMBERS {
        let listed = store.scope(Scope::SYSTEM).list::<InventoryNumber>(query.clone()).await?;
        numbers.extend(listed.documents.iter().filter_map(|number| PhoneNumber::parse(&number.facts).ok()));
        match listed.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    Ok(numbers)
}

/// A country of the inventory on the wire (`api.v2010.account.available_phone_number_country`).
#[derive(Serialize)]
pub struct CountryView {
    beta: bool,
    country: String,
    country_code: String,
    subresource_uris: BTreeMap<&'static str, String>,
    uri: String,
}

impl CountryView {
    fn new(account: AccountSid, code: &str, numbers: &[PhoneNumber]) -> Self {
        let path = format!("/2010-04-01/Accounts/{account}/AvailablePhoneNumbers/{code}");
        let has = |kind: Option<NumberKind>| {
            kind.is_some_and(|kind| {
                numbers
                    .iter()
                    .any(|number| number.country_iso() == Some(code) && NumberKind::of(number) == kind)
            })
        };
        let links = SEARCHES.iter().filter(|(_, _, kind)| has(*kind));
        let named = COUNTRIES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| *name);
        Self {
            beta: false,
            country: named.to_owned(),
            country_code: code.to_owned(),
            subresource_uris: links.map(|(word, link, _)| (*link, format!("{path}/{word}.json"))).collect(),
            uri: format!("{path}.json"),
        }
    }
}

/// The countries that there are numbers of.
pub async fn countries(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (_, _) = page.open::<kit::page::Unfiltered>(&ctx).await?;
    let numbers = free(&ctx.services.store).await?;
    let codes: std::collections::BTreeSet<&str> =
        numbers.iter().filter_map(PhoneNumber::country_iso).collect();
    let account = ctx.account().sid();
    let views: Vec<_> = codes.into_iter().map(|code| CountryView::new(account, code, &numbers)).collect();
    let uri = format!("/2010-04-01/Accounts/{account}/AvailablePhoneNumbers.json");
    Ok(Found(json!({ "countries": views, "uri": uri })))
}

/// One of them.
pub async fn country(ctx: Ctx, Path(CountryCode(code)): Path<CountryCode>) -> Answer<Found<CountryView>> {
    let numbers = free(&ctx.services.store).await?;
    if !numbers.iter().any(|number| number.country_iso() == Some(&*code)) {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    Ok(Found(CountryView::new(ctx.account().sid(), &code, &numbers)))
}

/// A country in a path: two letters.
pub struct CountryCode(String);

impl std::str::FromStr for CountryCode {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_code { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

/// What a search asks for.
pub struct Search {
    area_code: Option<String>,
    contains: Option<Pattern>,
    in_region: Option<String>,
    /// Whether something is asked for that no number here has.
    wants_more: bool,
    /// Whether it must take messages with media, or must not.
    mms: Option<bool>,
}

impl FromParams for Search {
    fn from_params(params: &mut Params) -> Result<Self> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        // Of no number it is known where it is at home, beyond its area code.
        params.not_supported(&[
            "NearNumber",
            "NearLatLong",
            "Distance",
            "InPostalCode",
            "InRateCenter",
            "InLata",
            "InLocality",
        ])?;
        let mut wants_more = false;
        for name in ["VoiceEnabled", "FaxEnabled"] {
            wants_more |= params.flag(name)? == Some(true);
        }
        wants_more |= params.flag("SmsEnabled")? == Some(false);
        // No number here asks for an address, and none is new to the platform.
        for name in [
            "ExcludeAllAddressRequired",
            "ExcludeLocalAddressRequired",
            "ExcludeForeignAddressRequired",
            "Beta",
        ] {
            params.flag(name)?;
        }
        let mms = params.flag("MmsEnabled")?;
        let area_code = params.integer("AreaCode", 200..=999)?.map(|code| code.to_string());
        Ok(Self {
            area_code,
            contains: pattern(params, "Contains")?,
            in_region: given(params.text("InRegion")?),
            wants_more,
            mms,
        })
    }
}

impl Search {
    fn finds(&self, number: &PhoneNumber, carrier: &Shared) -> bool {
        let has_area = |code: &String| number.as_str().starts_with(&format!("+1{code}"));
        !self.wants_more
            && self.mms.is_none_or(|mms| can_mms(carrier, number.as_str()) == mms)
            && self.area_code.as_ref().is_none_or(has_area)
            && self.contains.as_ref().is_none_or(|pattern| pattern.is_in(number.as_str()))
            && self.in_region.as_deref().is_none_or(|region| number.us_state() == Some(region))
    }
}

/// A number that can be had on the wire (`available_phone_number_local` and the like): every published key, always.
#[derive(Serialize)]
struct AvailableView {
    address_requirements: &'static str,
    beta: bool,
    capabilities: Capabilities,
    friendly_name: String,
    iso_country: String,
    lata: Option<String>,
    latitude: Option<String>,
    locality: Option<String>,
    longitude: Option<String>,
    phone_number: String,
    postal_code: Option<String>,
    rate_center: Option<String>,
    region: Option<&'static str>,
}

/// What a number can do here.
#[derive(Serialize)]
struct Capabilities {
    mms: bool,
    sms: bool,
    voice: bool,
}

impl AvailableView {
    fn new(number: &PhoneNumber, can_mms: bool) -> Self {
        Self {
            address_requirements: "none",
            beta: false,
            capabilities: Capabilities { mms: can_mms, sms: true, voice: false },
            friendly_name: number.national_format(),
            iso_country: number.country_iso().unwrap_or_default().to_owned(),
            lata: None,
            latitude: None,
            locality: None,
            longitude: None,
            phone_number: number.as_str().to_owned(),
            postal_code: None,
            rate_center: None,
            region: number.us_state(),
        }
    }
}

/// The numbers of a country and a kind that can be had.
pub async fn search(
    ctx: Ctx,
    carrier: Shared,
    Path(CountryCode(country)): Path<CountryCode>,
    page: PageRequest,
    word: &'static str,
) -> Answer<Found<Value>> {
    let (search, paging) = page.open::<Search>(&ctx).await?;
    let kind = SEARCHES.iter().find(|(known, _, _)| *known == word).and_then(|(_, _, kind)| *kind);
    let numbers = free(&ctx.services.store).await?;
    let fits = |number: &&PhoneNumber| {
        number.country_iso() == Some(&*country)
            && Some(NumberKind::of(number)) == kind
            && search.finds(number, &carrier)
    };
    let first = usize::try_from(paging.index).unwrap_or(usize::MAX).saturating_mul(paging.size);
    let mut found = numbers.iter().filter(fits).skip(first);
    let view = |number: &PhoneNumber| AvailableView::new(number, can_mms(&carrier, number.as_str()));
    let rows = found.by_ref().take(paging.size).map(view).collect();
    let has_more = found.next().is_some();
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/AvailablePhoneNumbers/{country}/{word}.json");
    let listing = Listing::computed(&ctx, paging, rows, has_more).await?;
    Ok(Found(listing.api2010(&path, "available_phone_numbers")))
}
