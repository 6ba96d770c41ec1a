//! Why registrations are turned down: numbers of the public error dictionary, texts of our own.

use serde::Serialize;

use crate::stage::Subject;

/// One reason.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) code: u32,
    subject: Subject,
    /// Whether what was turned down may be corrected and submitted again.
    pub(crate) is_editable: bool,
    /// What it is about, as the API names it.
    fields: &'static [&'static str],
    pub(crate) text: &'static str,
}

const fn row(
    code: u32,
    subject: Subject,
    is_editable: bool,
    fields: &'static [&'static str],
    text: &'static str,
) -> Failure {
    Failure { code, subject, is_editable, fields, text }
}

use Subject::{Brand, Campaign, Tollfree, Vetting};

const FAILURES: &[Failure] = &[
    row(30701, Brand, true, &["region"], "The state or region of the business address is not valid"),
    row(30729, Brand, true, &["iso_country"], "Businesses of this country cannot be registered"),
    row(30751, Brand, true, &["mobile_phone_number"], "The mobile number cannot take the verification code"),
    row(
        30799,
        Brand,
        true,
        &["business_registration_number"],
        "The details of the business could not be verified",
    ),
    row(30792, Vetting, false, &["vetting_id"], "The vetting could not be carried out"),
    row(30885, Campaign, false, &["DESCRIPTION"], "The campaign was taken for fraud or deception"),
    row(30886, Campaign, true, &["DESCRIPTION"], "The description does not say what the campaign is for"),
    row(
        30889,
        Campaign,
        true,
        &["MESSAGE_SAMPLES"],
        "Numbers in messages are announced, but no sample has one",
    ),
    row(30893, Campaign, true, &["MESSAGE_SAMPLES"], "The samples do not fit the use case"),
    row(30897, Campaign, true, &["MESSAGE_FLOW"], "The campaign is about something that may not be sent"),
    row(30900, Campaign, true, &["USE_CASE"], "This brand cannot register this use case"),
    row(30451, Tollfree, true, &["business_street_address"], "The address of the business is not valid"),
    row(30460, Tollfree, false, &["use_case_summary"], "Collecting debts for others may not be verified"),
    row(30464, Tollfree, false, &["use_case_summary"], "Cryptocurrency may not be verified"),
    row(
        30513,
        Tollfree,
        true,
        &["opt_in_type"],
        "The words of the opt-in do not ask for consent to messages",
    ),
    row(30836, Tollfree, true, &["opt_in_image_urls"], "The picture of the opt-in cannot be reached"),
];

/// The reason with this number.
pub(crate) fn find(code: u32) -> Option<&'static Failure> {
    FAILURES.iter().find(|failure| failure.code == code)
}

/// Whether this is a reason to turn something of this kind down.
pub(crate) fn is_of(code: u32, subject: Subject) -> bool {
    find(code).is_some_and(|failure| failure.subject == subject)
}

/// The reason a text ends with, if it is one for this subject: how the simulated registry is told what to do.
pub(crate) fn named_at_the_end(subject: Subject, text: &str) -> Option<u32> {
    let digits = text.trim_end().get(text.trim_end().len().checked_sub(5)?..)?;
    let failure = find(digits.parse().ok()?)?;
    (failure.subject == subject).then_some(failure.code)
}

/// A reason as brands and campaigns show it in `errors`.
#[derive(Serialize)]
pub(crate) struct ErrorView {
    error_code: u32,
    description: &'static str,
    fields: &'static [&'static str],
    url: String,
}

/// `errors`: empty when nothing is wrong.
pub(crate) fn errors(code: Option<u32>) -> Vec<ErrorView> {
    let failures = code.and_then(find).into_iter();
    failures
        .map(|failure| ErrorView {
            error_code: failure.code,
            description: failure.text,
            fields: failure.fields,
            url: format!("https://www.twilio.com/docs/api/errors/{}", failure.code),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_a_reason_of_its_kind_at_its_end() {
        for (subject, text, expected) in [
            (Campaign, "Reminders 30886", Some(30_886)),
            (Campaign, "Reminders 30886 \n", Some(30_886)),
            (Campaign, "30886 reminders", None),
            (Campaign, "Reminders 30836", None),
            (Tollfree, "30836", Some(30_836)),
            (Brand, "BU00000000000000000000000000030701", Some(30_701)),
            (Brand, "é", None),
            (Brand, "", None),
            (Brand, "éééé", None),
        ] {
            assert_eq!(named_at_the_end(subject, text), expected, "{text}");
        }
    }

    #[test]
    fn every_number_is_there_once() {
        let mut seen: Vec<u32> = FAILURES.iter().map(|failure| failure.code).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), FAILURES.len());
    }
}
