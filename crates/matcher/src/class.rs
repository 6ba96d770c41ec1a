//! What can be found.

use std::ops::Range;

/// A class of identifier, in the order of 45 CFR 164.514(b)(2)(i), then what is clinical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// (A) Names of persons. Clinicians (`Dr. Smith`) are left out: they are not the individual.
    Name,
    /// (B) Geographic subdivisions smaller than a state.
    Geography,
    /// (C) Elements of dates except the year.
    Date,
    /// (C) Ages over 89.
    Age,
    /// (D) Telephone numbers. Toll-free ones are left out: they are not a person's.
    Telephone,
    /// (E) Fax numbers.
    Fax,
    /// (F) Email addresses.
    Email,
    /// (G) Social security numbers, and the tax numbers in their place.
    SocialSecurity,
    /// (H) Medical record numbers.
    MedicalRecord,
    /// (I) Health plan beneficiary numbers.
    HealthPlan,
    /// (J) Account numbers, cards included.
    Account,
    /// (K) Certificate and license numbers.
    License,
    /// (L) Vehicle identifiers and license plates.
    Vehicle,
    /// (M) Device identifiers and serial numbers.
    Device,
    /// (N) Web addresses.
    Url,
    /// (O) IP addresses.
    IpAddress,
    /// (P) Biometric identifiers.
    Biometric,
    /// (Q) Photographs of the face.
    Photograph,
    /// (R) Any other unique identifying number.
    OtherIdentifier,
    /// Codes of diagnoses (ICD-10-CM).
    Diagnosis,
    /// Codes of drugs (NDC).
    Drug,
}

impl Class {
    /// All of them, in order.
    pub const ALL: [Class; 21] = [
        Self::Name,
        Self::Geography,
        Self::Date,
        Self::Age,
        Self::Telephone,
        Self::Fax,
        Self::Email,
        Self::SocialSecurity,
        Self::MedicalRecord,
        Self::HealthPlan,
        Self::Account,
        Self::License,
        Self::Vehicle,
        Self::Device,
        Self::Url,
        Self::IpAddress,
        Self::Biometric,
        Self::Photograph,
        Self::OtherIdentifier,
        Self::Diagnosis,
        Self::Drug,
    ];

    /// The word for it in reports and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Geography => "geography",
            Self::Date => "date",
            Self::Age => "age",
            Self::Telephone => "telephone",
            Self::Fax => "fax",
            Self::Email => "email",
            Self::SocialSecurity => "social_security",
            Self::MedicalRecord => "medical_record",
            Self::HealthPlan => "health_plan",
            Self::Account => "account",
            Self::License => "license",
            Self::Vehicle => "vehicle",
            Self::Device => "device",
            Self::Url => "url",
            Self::IpAddress => "ip_address",
            Self::Biometric => "biometric",
            Self::Photograph => "photograph",
            Self::OtherIdentifier => "other_identifier",
            Self::Diagnosis => "diagnosis",
            Self::Drug => "drug",
        }
    }

    /// The letter of its paragraph in 45 CFR 164.514(b)(2)(i); `None` for what is clinical.
    pub const fn safe_harbor(self) -> Option<char> {
        Some(match self {
            Self::Name => 'A',
            Self::Geography => 'B',
            Self::Date | Self::Age => 'C',
            Self::Telephone => 'D',
            Self::Fax => 'E',
            Self::Email => 'F',
            Self::SocialSecurity => 'G',
            Self::MedicalRecord => 'H',
            Self::HealthPlan => 'I',
            Self::Account => 'J',
            Self::License => 'K',
            Self::Vehicle => 'L',
            Self::Device => 'M',
            Self::Url => 'N',
            Self::IpAddress => 'O',
            Self::Biometric => 'P',
            Self::Photograph => 'Q',
            Self::OtherIdentifier => 'R',
            Self::Diagnosis | Self::Drug => return None,
        })
    }

    /// Whether it is found by its own form or a word before it, and not by a guess at what is a name.
    pub const fn is_structured(self) -> bool {
        !matches!(self, Self::Name | Self::Geography | Self::Photograph)
    }
}

/// Something found. It holds no text, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub class: Class,
    /// Where: bytes of the text.
    pub span: Range<usize>,
    /// The name of the detector.
    pub detector: &'static str,
}
