//! AWS Signature Version 4 over a request's headers and body, for one chunk sent at once.
//!
//! Source: "Create a signed AWS API request" in the IAM user guide; the tests hold the values that AWS
//! published with it and in its test suite.

use aws_lc_rs::{digest, hmac};
use base::Timestamp;
use data_encoding::HEXLOWER;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request to be signed. Path and query are in canonical form already: an absolute path with reserved
/// characters escaped, parameters escaped and sorted by name.
pub struct Signable<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path; `/` for a service without resources in the path.
    pub path: &'a str,
    /// The query without `?`.
    pub query: &'a str,
    /// Names in lower case, sorted; `host` and `x-amz-date` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// Whose request it is, and for whom.
pub struct Signer<'a> {
    /// The access key's id.
    pub access_key_id: &'a str,
    /// The access key's secret.
    pub secret_access_key: &'a str,
    /// For example `us-east-1`.
    pub region: &'a str,
    /// For example `kms`.
    pub service: &'a str,
}

/// An instant as `x-amz-date` has it: `20150830T123600Z`.
pub fn amz_date(at: Timestamp) -> String {
    at.iso8601().chars().filter(|character| !matches!(character, '-' | ':')).collect()
}

impl Signer<'_> {
    /// The `Authorization` header of a request whose `x-amz-date` is `date`.
    pub fn authorization(&self, request: &Signable<'_>, date: &str) -> String {
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers: String =
            request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{names}\n{}",
            request.method,
            request.path,
            request.query,
            sha256(request.body)
        );
        let day = date.get(..8).unwrap_or(date);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let signature = hmac::sign(&self.key(day), to_sign.as_bytes());
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key_id,
            HEXLOWER.encode(signature.as_ref())
        )
    }

    fn key(&self, day: &str) -> hmac::Key {
        let secret = zeroize::Zeroizing::new(format!("AWS4{}", self.secret_access_key));
        let first = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        [day, self.region, self.service, "aws4_request"].iter().fold(first, |key, part| {
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        })
    }
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "20150830T123600Z";
    const SUITE_HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const AMZ_DATE: (&str, &str) = ("x-amz-date", DATE);

    fn signature(service: &str, request: &Signable<'_>) -> String {
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service,
        };
        let header = signer.authorization(request, DATE);
        assert!(header.starts_with(&format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, SignedHeaders="
        )));
        header.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn agrees_with_the_published_test_suite() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        for (name, method, query, headers, body, expected) in [
            (
                "get-vanilla",
                "GET",
                "",
                &[SUITE_HOST, AMZ_DATE][..],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-vanilla",
                "POST",
                "",
                &[SUITE_HOST, AMZ_DATE],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                "",
                &[form, SUITE_HOST, AMZ_DATE],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "Param1=value1&Param2=value2",
                &[SUITE_HOST, AMZ_DATE],
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ] {
            let request = Signable { method, path: "/", query, headers, body: body.as_bytes() };
            assert_eq!(signature("service", &request), expected, "{name}");
        }
    }

    #[test]
    fn agrees_with_the_worked_example_of_the_guide() {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            AMZ_DATE,
        ];
        let request = Signable {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
        };
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(signature("iam", &request), expected);
    }

    #[test]
    fn dates_have_the_basic_form() {
        let at = Timestamp::parse_iso8601("2015-08-30T12:36:00Z").expect("a time");
        assert_eq!(amz_date(at), DATE);
    }
}
