//! A change of settings without I/O: what it may say, and what comes of it.

use auth::Settings;
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use serde::Deserialize;
use webhooks::{Client, ClientConfig};

use crate::limits;
use crate::statement::{GivenStatement, StatementFacts};
use crate::text::invalid;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The members that may be changed; one that is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateSettings {
    body_redaction: Option<bool>,
    number_redaction: Option<bool>,
    us_territories: Option<bool>,
    inherit_self_service: Option<bool>,
    webhook_authorities: Option<Vec<String>>,
    enforce_client_validation: Option<bool>,
    enforce_registration: Option<bool>,
    attestation: Option<GivenStatement>,
}

impl UpdateSettings {
    /// The settings as they would be, with the statement that comes with them.
    ///
    /// # Errors
    /// 20001 when a value is not acceptable, or a switch is turned on without a statement.
    pub(crate) fn apply(self, now: &Settings) -> Result<(Settings, Option<StatementFacts>)> {
        let us_territories = self.us_territories.unwrap_or(now.us_territories);
        let inherit_self_service = self.inherit_self_service.unwrap_or(now.inherit_self_service);
        let turned_on = [
            ("us_territories", us_territories && !now.us_territories),
            ("inherit_self_service", inherit_self_service && !now.inherit_self_service),
        ];
        let subjects: Vec<&str> = turned_on.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        let attestation = match self.attestation {
            Some(statement) if !subjects.is_empty() => Some(statement.about(&subjects.join(", "))?),
            Some(_) => {
                let hint = "an attestation belongs to a switch that is turned on with it";
                return Err(ApiError::new(codes::INVALID_PARAMETER).hint(hint));
            }
            None if subjects.is_empty() => None,
            None => {
                let hint = "this switch needs an attestation: a statement and its signer";
                return Err(ApiError::new(codes::INVALID_PARAMETER).hint(hint));
            }
        };
        let settings = Settings {
            body_redaction: self.body_redaction.unwrap_or(now.body_redaction),
            number_redaction: self.number_redaction.unwrap_or(now.number_redaction),
            us_territories,
            inherit_self_service,
            webhook_authorities: match self.webhook_authorities {
                Some(authorities) => checked_authorities(authorities)?,
                None => now.webhook_authorities.clone(),
            },
            former_hosts: now.former_hosts.clone(),
            enforce_client_validation: self
                .enforce_client_validation
                .unwrap_or(now.enforce_client_validation),
            enforce_registration: self.enforce_registration.unwrap_or(now.enforce_registration),
            countries: now.countries.clone(),
        };
        Ok((settings, attestation))
    }
}

/// Certificates that webhooks could really be checked against: the webhook client itself says so.
fn checked_authorities(authorities: Vec<String>) -> Result<Vec<String>> {
    let bad = || invalid("webhook_authorities");
    if authorities.len() > limits::AUTHORITIES {
        return Err(bad());
    }
    for pem in &authorities {
        let der = certificate(pem).ok_or_else(bad)?;
        let config =
            ClientConfig { extra_roots: vec![der.into()], public_roots: false, ..ClientConfig::default() };
        Client::new(config).map_err(|_| bad())?;
    }
    Ok(authorities)
}

/// The one certificate of a PEM text (RFC 7468 §5.1).
fn certificate(pem: &str) -> Option<Vec<u8>> {
    if pem.len() > limits::PEM {
        return None;
    }
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    BASE64.decode(body.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_text_holds_exactly_one_certificate() {
        assert_eq!(certificate(&format!("{BEGIN}\nAAEC\n{END}\n")), Some(vec![0, 1, 2]));
        for bad in [
            String::new(),
            "AAEC".into(),
            format!("{BEGIN}\n?\n{END}"),
            format!("{BEGIN}\nAAEC\n{END}\n{BEGIN}\nAAEC\n{END}"),
        ] {
            assert_eq!(certificate(&bad), None, "{bad}");
        }
    }
}
