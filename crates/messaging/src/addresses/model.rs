//! What an address is, and what a request may change of it. Pure.

use base::AddressSid;
use errors::{ApiError, Code, Result, codes};
use kit::{FromParams, Params};
use phi::{Phi, PublicFact};
use serde::{Deserialize, Serialize};
use store::Kind;

use crate::limits::{MAX_ADDRESS_PART, MAX_CUSTOMER_NAME_BYTES, MAX_FRIENDLY_NAME};

/// The kind of address documents; they live in the account's scope.
#[derive(Debug)]
pub enum PostalAddress {}

impl Kind for PostalAddress {
    const NAME: &'static str = "postal-address";
    type Sid = AddressSid;
    type Facts = AddressFacts;
    type Content = AddressParts;
}

/// What is known without opening it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddressFacts {
    /// Two letters (ISO 3166-1).
    pub iso_country: String,
}

/// The address itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddressParts {
    /// A name for people.
    pub friendly_name: String,
    /// Whose address it is.
    pub customer_name: String,
    /// Number and street.
    pub street: String,
    /// What else belongs to the street.
    pub street_secondary: Option<String>,
    /// The city.
    pub city: String,
    /// The state or region.
    pub region: String,
    /// The postal code.
    pub postal_code: String,
}

/// What a request gives; what is not given stays as it is.
pub struct Given {
    friendly_name: Option<String>,
    customer_name: Option<String>,
    street: Option<String>,
    street_secondary: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
}

/// What is wrong with an address: which parameter, never what stood in it.
#[derive(Clone, Copy)]
pub struct Fault(Option<(&'static Code, &'static str)>);

impl PublicFact for Fault {}

impl Fault {
    /// The error, if there is one.
    pub fn into_result(self) -> Result<()> {
        match self.0 {
            Some((code, field)) => Err(ApiError::new(code).parameter(field)),
            None => Ok(()),
        }
    }
}

impl Given {
    fn read(params: &mut Params) -> Result<Phi<Self>> {
        // There is no directory of addresses here: nothing is corrected, and `validated` says so.
        params.word("AutoCorrectAddress", &["", "true", "True", "false", "False"])?;
        if params.flag("EmergencyEnabled")? == Some(true) {
            // Nobody can be called in an emergency here, and saying yes would promise that.
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("EmergencyEnabled"));
        }
        Ok(Phi::new(Self {
            friendly_name: params.text("FriendlyName")?,
            customer_name: params.text("CustomerName")?,
            street: params.text("Street")?,
            street_secondary: params.text("StreetSecondary")?,
            city: params.text("City")?,
            region: params.text("Region")?,
            postal_code: params.text("PostalCode")?,
        }))
    }

    fn apply(self, parts: &mut AddressParts) {
        for (part, given) in [
            (&mut parts.friendly_name, self.friendly_name),
            (&mut parts.customer_name, self.customer_name),
            (&mut parts.street, self.street),
            (&mut parts.city, self.city),
            (&mut parts.region, self.region),
            (&mut parts.postal_code, self.postal_code),
        ] {
            if let Some(given) = given {
                *part = given;
            }
        }
        if let Some(second) = self.street_secondary {
            parts.street_secondary = Some(second).filter(|text| !text.is_empty());
        }
    }

    /// The address with what was given.
    pub fn onto(given: Phi<Self>, parts: Option<Phi<AddressParts>>) -> Phi<AddressParts> {
        let before = parts.unwrap_or_else(|| Phi::new(AddressParts::empty()));
        before.zip(given).map(|(mut parts, given)| {
            given.apply(&mut parts);
            parts
        })
    }
}

impl AddressParts {
    fn empty() -> Self {
        Self {
            friendly_name: String::new(),
            customer_name: String::new(),
            street: String::new(),
            street_secondary: None,
            city: String::new(),
            region: String::new(),
            postal_code: String::new(),
        }
    }

    /// Whether it can be an address of this country.
    pub fn fault(&self, iso_country: &str) -> Fault {
        let invalid = codes::INVALID_PARAMETER;
        let second = self.street_secondary.as_deref().unwrap_or_default();
        if self.friendly_name.chars().count() > MAX_FRIENDLY_NAME {
            return Fault(Some((invalid, "FriendlyName")));
        }
        if self.customer_name.is_empty() || self.customer_name.len() > MAX_CUSTOMER_NAME_BYTES {
            return Fault(Some((invalid, "CustomerName")));
        }
        if second.chars().count() > MAX_ADDRESS_PART {
            return Fault(Some((invalid, "StreetSecondary")));
        }
        for (part, field) in [
            (&self.street, "Street"),
            (&self.city, "City"),
            (&self.region, "Region"),
            (&self.postal_code, "PostalCode"),
        ] {
            if part.is_empty() || part.chars().count() > MAX_ADDRESS_PART {
                return Fault(Some((invalid, field)));
            }
        }
        if iso_country == "US" && !is_zip(&self.postal_code) {
            return Fault(Some((codes::ADDRESS_INVALID, "PostalCode")));
        }
        Fault(None)
    }
}

/// Five digits, or nine as `12345-6789`.
fn is_zip(text: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((first, second)) => digits(first, 5) && digits(second, 4),
        None => digits(text, 5),
    }
}

/// A new address.
pub struct NewAddress {
    /// `IsoCountry`.
    pub iso_country: String,
    /// The rest.
    pub given: Phi<Given>,
}

impl FromParams for NewAddress {
    fn from_params(params: &mut Params) -> Result<Self> {
        let iso_country =
            country(params)?.ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("IsoCountry"))?;
        Ok(Self { iso_country, given: Given::read(params)? })
    }
}

fn country(params: &mut Params) -> Result<Option<String>> {
    let Some(text) = params.text("IsoCountry")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(Some(text.to_ascii_uppercase())),
        false => Err(ApiError::new(codes::INVALID_PARAMETER).parameter("IsoCountry")),
    }
}

/// A change of an address; its country stays.
pub struct Change(pub Phi<Given>);

impl FromParams for Change {
    fn from_params(params: &mut Params) -> Result<Self> {
        Given::read(params).map(Self)
    }
}

/// Filters of a list.
pub struct Filter {
    /// `CustomerName`: the whole name.
    pub customer_name: Option<Phi<String>>,
    /// `FriendlyName`: the whole name.
    pub friendly_name: Option<Phi<String>>,
    /// `IsoCountry`.
    pub iso_country: Option<String>,
    /// `EmergencyEnabled=true`, which no address is.
    pub emergency_only: bool,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let mut present = |name| -> Result<Option<Phi<String>>> {
            Ok(params.phi(name)?.filter(|value| value.learn(|text| !text.is_empty())))
        };
        Ok(Self {
            customer_name: present("CustomerName")?,
            friendly_name: present("FriendlyName")?,
            iso_country: country(params)?,
            emergency_only: params.flag("EmergencyEnabled")? == Some(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_that_is_missing_or_too_long_is_named() {
        let whole = AddressParts {
            friendly_name: "Main office".to_owned(),
            customer_name: "Clinic".to_owned(),
            street: "1 Main St".to_owned(),
            street_secondary: None,
            city: "Boston".to_owned(),
            region: "MA".to_owned(),
            postal_code: "02108".to_owned(),
        };
        let field = |change: &dyn Fn(&mut AddressParts), country| {
            let mut parts = whole.clone();
            change(&mut parts);
            parts.fault(country).0.map(|(code, field)| (code.number, field))
        };
        assert_eq!(field(&|_| {}, "US"), None);
        assert_eq!(field(&|parts| parts.postal_code = "02108-1234".to_owned(), "US"), None);
        assert_eq!(field(&|parts| parts.postal_code = "SW1A 1AA".to_owned(), "GB"), None);
        assert_eq!(
            field(&|parts| parts.postal_code = "SW1A 1AA".to_owned(), "US"),
            Some((21_628, "PostalCode"))
        );
        assert_eq!(field(&|parts| parts.city = String::new(), "US"), Some((20_001, "City")));
        assert_eq!(field(&|parts| parts.street = "x".repeat(256), "US"), Some((20_001, "Street")));
        assert_eq!(
            field(&|parts| parts.friendly_name = "x".repeat(65), "US"),
            Some((20_001, "FriendlyName"))
        );
        // 64 bytes: 21 characters of three.
        assert_eq!(field(&|parts| parts.customer_name = "\u{4e00}".repeat(21), "US"), None);
        assert_eq!(
            field(&|parts| parts.customer_name = "\u{4e00}".repeat(22), "US"),
            Some((20_001, "CustomerName"))
        );
    }
}
