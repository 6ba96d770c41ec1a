//! What is asked and what is known: parameters, packages, lines and callers. Pure.

use std::convert::Infallible;
use std::str::FromStr;

use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use phi::Phi;
use serde::{Deserialize, Serialize};

/// The country of a number in national format when none is named (Lookup v2: "default is +1").
const DEFAULT_COUNTRY: &str = "US";

/// Parameters that only packages use which are not served: the personal data of `identity_match`,
/// and the options of `reassigned_number`, `pre_fill` and `sms_pumping_risk`.
const PARAMETERS_OF_OTHER_PACKAGES: &[&str] = &[
    "FirstName",
    "LastName",
    "AddressLine1",
    "AddressLine2",
    "City",
    "State",
    "PostalCode",
    "AddressCountryCode",
    "NationalId",
    "DateOfBirth",
    "LastVerifiedDate",
    "VerificationSid",
    "PartnerSubId",
];

/// The path's number, protected from the first moment on.
#[derive(Debug)]
pub struct GivenNumber(pub Phi<String>);

impl FromStr for GivenNumber {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Phi::new(text.to_owned())))
    }
}

/// What either version of the API asks. The rulebook sees the names before anything is refused for
/// other reasons, so that a HIPAA project is always told the rule.
#[derive(Debug)]
pub struct Asked {
    /// Where a number in national format is dialled.
    pub country: String,
    /// The packages, as they were named.
    pub packages: Vec<String>,
    /// Whether marketplace add-ons are asked for.
    pub add_ons: bool,
    /// Whether the parameters can be served, once the rulebook has nothing against them.
    pub served: Result<()>,
}

/// The query of v2.
#[derive(Debug)]
pub struct QueryV2(pub Asked);

impl FromParams for QueryV2 {
    fn from_params(params: &mut Params) -> Result<Self> {
        let served = params.not_supported(PARAMETERS_OF_OTHER_PACKAGES);
        // Refused by `served` after the rulebook was asked, so they need not be unknown as well.
        params.without_effect(PARAMETERS_OF_OTHER_PACKAGES);
        let fields = params.all("Fields").join(",");
        let packages = fields.split(',').map(str::trim).filter(|name| !name.is_empty());
        Ok(Self(Asked {
            country: country(params)?,
            packages: packages.map(str::to_owned).collect(),
            add_ons: false,
            served,
        }))
    }
}

/// The query of v1.
#[derive(Debug)]
pub struct QueryV1(pub Asked);

impl FromParams for QueryV1 {
    fn from_params(params: &mut Params) -> Result<Self> {
        let served = params.not_supported(&["AddOns"]);
        let add_ons = !params.all("AddOns").is_empty() | params.all_under("AddOns.");
        let packages = params.all("Type");
        if packages.iter().any(|name| !["carrier", "caller-name"].contains(&name.as_str())) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("Type"));
        }
        Ok(Self(Asked { country: country(params)?, packages, add_ons, served }))
    }
}

fn country(params: &mut Params) -> Result<String> {
    match params.text("CountryCode")? {
        None => Ok(DEFAULT_COUNTRY.to_owned()),
        Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => Ok(code),
        Some(_) => Err(ApiError::new(codes::INVALID_PARAMETER).parameter("CountryCode")),
    }
}

/// A data package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// Formatting and validation; part of every answer.
    Validation,
    /// Line type and carrier.
    Line,
    /// Caller name.
    Caller,
}

impl Package {
    /// Reads a package's name in either version.
    ///
    /// # Errors
    /// 20501 for a published package that is not served, 20001 for anything else.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "validation" => Ok(Self::Validation),
            "line_type_intelligence" | "carrier" => Ok(Self::Line),
            "caller_name" | "caller-name" => Ok(Self::Caller),
            "sim_swap"
            | "call_forwarding"
            | "line_status"
            | "live_activity"
            | "identity_match"
            | "reassigned_number"
            | "sms_pumping_risk"
            | "phone_number_quality_score"
            | "pre_fill" => Err(ApiError::new(codes::NOT_SUPPORTED).parameter("Fields")),
            _ => Err(ApiError::new(codes::INVALID_PARAMETER).parameter("Fields")),
        }
    }
}

/// Kinds of line, as v2 names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LineType {
    /// A fixed line.
    Landline,
    /// A mobile phone.
    Mobile,
    /// Internet telephony at a fixed place.
    FixedVoip,
    /// Internet telephony anywhere.
    NonFixedVoip,
    /// A personal number (5XX).
    Personal,
    /// Free for the caller.
    TollFree,
    /// Dearer than usual (900).
    Premium,
    /// Cost shared between caller and called.
    SharedCost,
    /// Universal access number.
    Uan,
    /// Voicemail.
    Voicemail,
    /// A pager.
    Pager,
}

impl LineType {
    /// The three words v1 knows; it has none for the rest.
    pub const fn v1(self) -> Option<&'static str> {
        match self {
            Self::Landline => Some("landline"),
            Self::Mobile => Some("mobile"),
            Self::FixedVoip | Self::NonFixedVoip => Some("voip"),
            _ => None,
        }
    }
}

/// What is known about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its kind.
    pub line_type: LineType,
    /// Who operates it.
    pub carrier: Option<String>,
    /// Mobile country code, three digits.
    pub mobile_country_code: Option<String>,
    /// Mobile network code, two or three digits.
    pub mobile_network_code: Option<String>,
}

/// Person or organization, as far as caller names tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallerType {
    /// A person.
    Consumer,
    /// An organization.
    Business,
}

/// Whose number it is. A name is protected data.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name.
    pub name: Phi<String>,
    /// Of whom.
    pub caller_type: Option<CallerType>,
}
