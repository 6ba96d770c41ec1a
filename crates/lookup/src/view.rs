//! JSON shapes that leave the building; every key of the published schemas is always there.

use base::PhoneNumber;
use errors::{Result, codes};
use serde::Serialize;

use crate::model::{CallerType, LineType};
use crate::service::Found;

/// "Unprovisioned or out of coverage": the package was asked for and nothing is known.
const NOTHING_KNOWN: u32 = 60_600;

/// A package that is never served: always null.
type Never = ();

/// `LookupResponse` of v2.
#[derive(Serialize)]
pub(crate) struct PhoneNumberV2 {
    calling_country_code: Option<String>,
    country_code: Option<&'static str>,
    phone_number: String,
    national_format: Option<String>,
    valid: bool,
    validation_errors: Vec<&'static str>,
    caller_name: Option<CallerName>,
    line_type_intelligence: Option<LineTypeIntelligence>,
    sim_swap: Never,
    call_forwarding: Never,
    line_status: Never,
    identity_match: Never,
    reassigned_number: Never,
    sms_pumping_risk: Never,
    phone_number_quality_score: Never,
    pre_fill: Never,
    url: String,
}

impl PhoneNumberV2 {
    pub(crate) fn new(mut found: Found, link: impl FnOnce(&str) -> String) -> Self {
        let caller_name = CallerName::take(&mut found);
        let line_type_intelligence = found.line.map(|line| match line {
            None => {
                LineTypeIntelligence { error_code: Some(NOTHING_KNOWN), ..LineTypeIntelligence::default() }
            }
            Some(line) => LineTypeIntelligence {
                mobile_country_code: line.mobile_country_code,
                mobile_network_code: line.mobile_network_code,
                carrier_name: line.carrier,
                r#type: Some(line.line_type),
                error_code: None,
            },
        });
        let number = found.number.as_ref().ok();
        let phone_number = number.map_or(found.given, |number| number.as_str().to_owned());
        Self {
            calling_country_code: number
                .and_then(PhoneNumber::country_calling_code)
                .map(|code| code.to_string()),
            country_code: number.and_then(PhoneNumber::country_iso),
            national_format: number.map(PhoneNumber::national_format),
            valid: number.is_some(),
            validation_errors: found.number.as_ref().err().map(|fault| fault.as_str()).into_iter().collect(),
            url: link(&format!("/v2/PhoneNumbers/{phone_number}")),
            phone_number,
            caller_name,
            line_type_intelligence,
            sim_swap: (),
            call_forwarding: (),
            line_status: (),
            identity_match: (),
            reassigned_number: (),
            sms_pumping_risk: (),
            phone_number_quality_score: (),
            pre_fill: (),
        }
    }
}

/// `lookups.v1.phone_number`.
#[derive(Serialize)]
pub(crate) struct PhoneNumberV1 {
    caller_name: Option<CallerName>,
    country_code: Option<&'static str>,
    phone_number: String,
    national_format: String,
    carrier: Option<Carrier>,
    add_ons: Never,
    url: String,
}

impl PhoneNumberV1 {
    /// # Errors
    /// 20404 when it is no valid number: v1 has no other way to say so.
    pub(crate) fn new(mut found: Found, link: impl FnOnce(&str) -> String) -> Result<Self> {
        let caller_name = CallerName::take(&mut found);
        let number = found.number.map_err(|_| codes::NOT_FOUND)?;
        let carrier = found.line.map(|line| match line {
            None => Carrier { error_code: Some(NOTHING_KNOWN), ..Carrier::default() },
            Some(line) => Carrier {
                mobile_country_code: line.mobile_country_code,
                mobile_network_code: line.mobile_network_code,
                name: line.carrier,
                r#type: line.line_type.v1(),
                error_code: None,
            },
        });
        Ok(Self {
            caller_name,
            country_code: number.country_iso(),
            national_format: number.national_format(),
            carrier,
            add_ons: (),
            url: link(&format!("/v1/PhoneNumbers/{}", number.as_str())),
            phone_number: number.into_string(),
        })
    }
}

#[derive(Default, Serialize)]
struct LineTypeIntelligence {
    mobile_country_code: Option<String>,
    mobile_network_code: Option<String>,
    carrier_name: Option<String>,
    r#type: Option<LineType>,
    error_code: Option<u32>,
}

#[derive(Default, Serialize)]
struct Carrier {
    mobile_country_code: Option<String>,
    mobile_network_code: Option<String>,
    name: Option<String>,
    r#type: Option<&'static str>,
    error_code: Option<u32>,
}

#[derive(Serialize)]
struct CallerName {
    caller_name: Option<String>,
    caller_type: Option<CallerType>,
    error_code: Option<u32>,
}

impl CallerName {
    fn take(found: &mut Found) -> Option<Self> {
        found.caller.take().map(|caller| match caller {
            None => Self { caller_name: None, caller_type: None, error_code: Some(NOTHING_KNOWN) },
            Some(caller) => {
                Self { caller_name: Some(caller.name), caller_type: caller.caller_type, error_code: None }
            }
        })
    }
}
