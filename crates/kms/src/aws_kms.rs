//! AWS KMS as the holder of the master key: `Encrypt` and `Decrypt` of its JSON 1.1 protocol, signed with
//! Signature Version 4.
//!
//! A key's identity is the encryption context, so KMS itself refuses a wrapped key in another's place. The
//! context appears in CloudTrail: it holds SIDs and epochs, nothing else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use phi::{DataKey, KeyWrapper, WrapError, WrappedKey};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::credentials::CredentialSource;
use crate::exchange::{Answer, ConfigProblem, Service, headers, secret_header};
use crate::sigv4::{Signable, Signer, amz_date};
use crate::vault::key_of;

const JSON: &str = "application/x-amz-json-1.1";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// The name of our one pair in the encryption context.
const CONTEXT: &str = "switchward";

/// Which KMS key.
#[derive(Clone, Debug)]
pub struct AwsKmsConfig {
    /// The region, for example `us-east-1`.
    pub region: String,
    /// The key's id, its ARN, or an alias. What is written here names the key in the database: keep it.
    pub key_id: String,
    /// Another endpoint than the region's, for example of a VPC: `https://host[:port]`.
    pub endpoint: Option<String>,
    /// PEM of the authority of the endpoint's certificate; the public ones when absent.
    pub roots: Option<String>,
    /// Who we are.
    pub credentials: CredentialSource,
    /// How long one request may take; usually [`crate::limits::ANSWER`].
    pub timeout: Duration,
}

/// A KMS key.
pub struct AwsKms {
    service: Service,
    region: String,
    key: String,
    credentials: CredentialSource,
    clock: Arc<dyn Clock>,
    id: String,
}

impl AwsKms {
    /// The key that `config` names. KMS is not asked yet. `clock` is the machine's: signatures hold the time.
    ///
    /// # Errors
    /// [`ConfigProblem`] when the settings cannot be right.
    pub fn new(config: AwsKmsConfig, clock: Arc<dyn Clock>) -> Result<Self, ConfigProblem> {
        let AwsKmsConfig { region, key_id, endpoint, roots, credentials, timeout } = config;
        let is_region = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_region) {
            return Err(ConfigProblem("its region has characters that cannot be in one"));
        }
        if key_id.is_empty() {
            return Err(ConfigProblem("its key has no id"));
        }
        let endpoint = endpoint.unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com"));
        let service = Service::new(&endpoint, roots.as_deref(), timeout)?;
        let id = format!("aws-kms:{key_id}");
        Ok(Self { service, region, key: key_id, credentials, clock, id })
    }

    fn ask(
        &self,
        operation: &str,
        mut body: Value,
        identity: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        body["KeyId"] = self.key.as_str().into();
        body["EncryptionContext"] = json!({ CONTEXT: BASE64.encode(identity) });
        let body = Zeroizing::new(body.to_string());
        let credentials = self.credentials.read()?;
        let token = match &credentials.session_token {
            Some(token) => Some((token.as_str(), secret_header(token)?)),
            None => None,
        };
        let target = format!("TrentService.{operation}");
        let target_header =
            HeaderValue::try_from(&target).map_err(|_| WrapError::Unavailable("no request"))?;
        let sign = || -> Result<HeaderMap, WrapError> {
            let date = amz_date(self.clock.now());
            let mut signed = vec![
                ("content-type", JSON),
                ("host", self.service.authority()),
                ("x-amz-date", date.as_str()),
            ];
            signed.extend(token.as_ref().map(|(text, _)| ("x-amz-security-token", *text)));
            signed.push(("x-amz-target", &target));
            let signer = Signer {
                access_key_id: &credentials.access_key_id,
                secret_access_key: &credentials.secret_access_key,
                region: &self.region,
                service: "kms",
            };
            let request =
                Signable { method: "POST", path: "/", query: "", headers: &signed, body: body.as_bytes() };
            let authorization = secret_header(&signer.authorization(&request, &date))?;
            let date = HeaderValue::try_from(&date).map_err(|_| WrapError::Unavailable("no request"))?;
            let mut list = vec![
                (CONTENT_TYPE, HeaderValue::from_static(JSON)),
                (DATE, date),
                (TARGET, target_header.clone()),
                (AUTHORIZATION, authorization),
            ];
            list.extend(token.as_ref().map(|(_, header)| (TOKEN, header.clone())));
            Ok(headers(list))
        };
        // What cannot be signed once cannot be signed at all.
        sign()?;
        let answer =
            self.service.post("/", is_busy, || (sign().unwrap_or_default(), body.as_bytes().to_vec()))?;
        accepted(answer)
    }
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl KeyWrapper for AwsKms {
    fn key_id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError> {
        let plain = Zeroizing::new(BASE64.encode(key.reveal_to_holder()));
        let answer = self.ask("Encrypt", json!({ "Plaintext": plain.as_str() }), identity)?;
        encrypted(&answer).map(WrappedKey)
    }

    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError> {
        if key_id != self.id {
            return Err(WrapError::OtherMasterKey);
        }
        let answer = self.ask("Decrypt", json!({ "CiphertextBlob": BASE64.encode(&wrapped.0) }), identity)?;
        decrypted(&answer)
    }
}

fn accepted(answer: Answer) -> Result<Zeroizing<Vec<u8>>, WrapError> {
    match answer.status {
        200 => Ok(answer.body),
        _ => Err(refusal(&answer.body)),
    }
}

#[derive(Deserialize)]
struct Encrypted {
    #[serde(rename = "CiphertextBlob")]
    blob: String,
}

#[derive(Deserialize)]
struct Decrypted {
    #[serde(rename = "Plaintext")]
    plain: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
}

/// What `Encrypt` answered.
///
/// # Errors
/// [`WrapError::Unavailable`] when it is not an answer of its.
pub fn encrypted(body: &[u8]) -> Result<Vec<u8>, WrapError> {
    serde_json::from_slice::<Encrypted>(body)
        .ok()
        .and_then(|reply| BASE64.decode(reply.blob.as_bytes()).ok())
        .filter(|blob| !blob.is_empty())
        .ok_or(WrapError::Unavailable("its answer is not one of KMS"))
}

/// What `Decrypt` answered.
///
/// # Errors
/// [`WrapError::Unavailable`] when it is not an answer of its; [`WrapError::Sealed`] when what it opened is
/// no key of ours.
pub fn decrypted(body: &[u8]) -> Result<DataKey, WrapError> {
    let reply = serde_json::from_slice::<Decrypted>(body)
        .map_err(|_| WrapError::Unavailable("its answer is not one of KMS"))?;
    key_of(&Zeroizing::new(reply.plain))
}

/// The name of an error, without the namespace some endpoints put before it.
fn kind(body: &[u8]) -> String {
    let kind = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.kind).unwrap_or_default();
    kind.rsplit('#').next().unwrap_or_default().to_owned()
}

/// KMS refuses what comes too fast with 400, not 429.
fn is_busy(body: &[u8]) -> bool {
    kind(body) == "ThrottlingException"
}

/// What a refusal means. Only the one that says so means that the ciphertext does not open.
pub fn refusal(body: &[u8]) -> WrapError {
    match kind(body).as_str() {
        "InvalidCiphertextException" => WrapError::Sealed,
        "IncorrectKeyException" => WrapError::OtherMasterKey,
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "IncompleteSignature"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "MissingAuthenticationTokenException" => {
            WrapError::Unavailable("it refuses our credentials for this key")
        }
        "NotFoundException" => WrapError::Unavailable("it has no such key"),
        "DisabledException" | "KMSInvalidStateException" => {
            WrapError::Unavailable("the key is disabled or about to be deleted")
        }
        _ => WrapError::Unavailable("it refuses the request: CloudTrail says why"),
    }
}
