//! The token of public key client validation: a compact JWS (RFC 7515 §3.1) read strictly, since anyone
//! can send one. What it says is checked elsewhere; here it is only taken apart.

use auth::SignatureAlgorithm;
use base::{AccountSid, PublicKeySid};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::limits::{MAX_SIGNED_HEADERS, MAX_VALIDATION};

/// `cty` of the token: version 1 of Twilio's "public key request validation".
const CONTENT_TYPE: &str = "twilio-pkrv;v=1";

/// Headers that must be signed: who asks, and whom.
const REQUIRED: [&str; 2] = ["authorization", "host"];

/// What a text is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// A token of this kind.
    Form,
    /// A token with the claims it needs.
    Claims,
}

/// A token, taken apart and not verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) key: PublicKeySid,
    /// User name of the credentials it goes with.
    pub(crate) issuer: String,
    pub(crate) subject: AccountSid,
    /// Names of the signed headers: lower case, ascending, each once, with the required ones among them.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) request_hash: [u8; 32],
    /// Seconds since the epoch.
    pub(crate) expires_at: i64,
    /// The later of `nbf` and `iat`, in seconds since the epoch.
    pub(crate) not_before: Option<i64>,
    /// What the signature is over.
    pub(crate) message: String,
    pub(crate) signature: Vec<u8>,
}

/// Unknown members are refused: one of them might be `crit` (RFC 7515 §4.1.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    cty: String,
    kid: String,
    typ: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    hrh: String,
    rqh: String,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
}

impl Token {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_VALIDATION {
            return Err(Malformed::Form);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Malformed::Form)?;
        let (header, claims) = message.split_once('.').ok_or(Malformed::Form)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| Malformed::Form)?;
        let header: Header = object(header).ok_or(Malformed::Form)?;
        let algorithm = match header.alg.as_str() {
            "RS256" => SignatureAlgorithm::Rs256,
            "PS256" => SignatureAlgorithm::Ps256,
            _ => return Err(Malformed::Form),
        };
        if header.cty != CONTENT_TYPE || header.typ.is_some_and(|name| name != "JWT") {
            return Err(Malformed::Form);
        }
        let key = header.kid.parse().map_err(|_| Malformed::Form)?;
        let claims: Claims = object(claims).ok_or(Malformed::Claims)?;
        let mut request_hash = [0; 32];
        let hash = HEXLOWER.decode(claims.rqh.as_bytes()).map_err(|_| Malformed::Claims)?;
        request_hash.copy_from_slice(hash.get(..32).filter(|_| hash.len() == 32).ok_or(Malformed::Claims)?);
        Ok(Self {
            algorithm,
            key,
            issuer: claims.iss,
            subject: claims.sub.parse().map_err(|_| Malformed::Claims)?,
            signed_headers: names(&claims.hrh).ok_or(Malformed::Claims)?,
            request_hash,
            expires_at: claims.exp,
            not_before: claims.nbf.max(claims.iat),
            message: message.to_owned(),
            signature,
        })
    }
}

/// A segment with a JSON object of this form. A member that is there twice is an error of `serde`.
fn object<T: DeserializeOwned>(segment: &str) -> Option<T> {
    let bytes = BASE64URL_NOPAD.decode(segment.as_bytes()).ok()?;
    // Derived structs can be read from arrays too; a token's segments are objects (RFC 7519 §7.2).
    bytes.starts_with(b"{").then(|| serde_json::from_slice(&bytes).ok())?
}

/// The names of `hrh`, sorted.
fn names(text: &str) -> Option<Vec<String>> {
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    let mut names: Vec<&str> = text.split(';').take(MAX_SIGNED_HEADERS + 1).collect();
    names.sort_unstable();
    let is_good = names.len() <= MAX_SIGNED_HEADERS
        && names.iter().all(is_name)
        && names.windows(2).all(|pair| pair[0] != pair[1])
        && REQUIRED.iter().all(|name| names.contains(name));
    is_good.then(|| names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn header() -> Value {
        json!({"alg": "RS256", "cty": CONTENT_TYPE, "kid": format!("CR{}", "0".repeat(32)), "typ": "JWT"})
    }

    fn claims() -> Value {
        json!({
            "iss": "SK", "sub": format!("AC{}", "0".repeat(32)), "hrh": "host;authorization",
            "rqh": "0".repeat(64), "exp": 300, "nbf": 1, "iat": 2, "jti": "any",
        })
    }

    fn segment(value: &Value) -> String {
        BASE64URL_NOPAD.encode(value.to_string().as_bytes())
    }

    fn parse(header: &Value, claims: &Value) -> Result<Token, Malformed> {
        Token::parse(&format!("{}.{}.AAEC", segment(header), segment(claims)))
    }

    #[test]
    fn takes_a_token_apart() {
        let token = parse(&header(), &claims()).unwrap();
        assert_eq!(token.signed_headers, ["authorization", "host"]);
        assert_eq!((token.expires_at, token.not_before), (300, Some(2)));
        assert_eq!(token.signature, [0, 1, 2]);
        assert_eq!(token.message, format!("{}.{}", segment(&header()), segment(&claims())));
        let mut header = header();
        header["alg"] = json!("PS256");
        header.as_object_mut().unwrap().remove("typ");
        assert_eq!(parse(&header, &claims()).unwrap().algorithm, SignatureAlgorithm::Ps256);
    }

    #[test]
    fn refuses_other_headers() {
        for (member, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("rs256")),
            ("alg", Value::Null),
            ("cty", json!("twilio-fpa;v=1")),
            ("typ", json!("JWE")),
            ("kid", json!("SK00000000000000000000000000000000")),
            ("crit", json!(["exp"])),
            ("jwk", json!({})),
        ] {
            let mut header = header();
            header[member] = value;
            assert_eq!(parse(&header, &claims()), Err(Malformed::Form), "{member}");
        }
    }

    #[test]
    fn refuses_other_claims() {
        for (member, value) in [
            ("sub", json!("SK00000000000000000000000000000000")),
            ("hrh", json!("host")),
            ("hrh", json!("authorization;host;host")),
            ("hrh", json!("Authorization;Host")),
            ("hrh", json!("authorization;host;")),
            ("hrh", json!(format!("authorization;host{}", ";a".repeat(40)))),
            ("rqh", json!("0".repeat(62))),
            ("rqh", json!("0".repeat(66))),
            ("rqh", json!("G".repeat(64))),
            ("exp", json!("300")),
            ("exp", json!(1.5)),
            ("exp", Value::Null),
        ] {
            let mut claims = claims();
            claims[member] = value;
            assert_eq!(parse(&header(), &claims), Err(Malformed::Claims), "{member}");
        }
        for member in ["iss", "sub", "hrh", "rqh", "exp"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(member);
            assert_eq!(parse(&header(), &claims), Err(Malformed::Claims), "{member}");
        }
    }

    #[test]
    fn refuses_other_forms() {
        let (header, claims) = (segment(&header()), segment(&claims()));
        for text in [
            String::new(),
            "..".to_owned(),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.AAE="),
            format!("{header}.{claims}.AA.AA"),
            format!("{}.{claims}.AAEC", BASE64URL_NOPAD.encode(br#"["RS256","twilio-pkrv;v=1","x"]"#)),
            format!("{header}.{claims}.{}", "A".repeat(MAX_VALIDATION)),
        ] {
            assert!(Token::parse(&text).is_err(), "{text}");
        }
        let twice = br#"{"alg":"RS256","alg":"RS256","cty":"twilio-pkrv;v=1","kid":"CR00000000000000000000000000000000"}"#;
        let text = format!("{}.{claims}.AAEC", BASE64URL_NOPAD.encode(twice));
        assert_eq!(Token::parse(&text), Err(Malformed::Form));
    }

    proptest! {
        #[test]
        fn never_panics_on_any_text(text in any::<String>()) {
            let _ = Token::parse(&text);
        }

        #[test]
        fn never_panics_on_any_segments(
            header in any::<Vec<u8>>(), claims in any::<Vec<u8>>(), signature in any::<Vec<u8>>()
        ) {
            let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
            let _ = Token::parse(&format!("{}.{}.{}", encode(&header), encode(&claims), encode(&signature)));
        }

        #[test]
        fn never_panics_on_claims_of_any_text(iss in any::<String>(), hrh in any::<String>(), rqh in any::<String>(), exp in any::<i64>()) {
            let mut claims = claims();
            claims["iss"] = iss.into();
            claims["hrh"] = hrh.into();
            claims["rqh"] = rqh.into();
            claims["exp"] = exp.into();
            let _ = parse(&header(), &claims);
        }
    }
}
