//! AWS KMS, against a stub of its documented JSON API that checks every signature.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base::{Timestamp, VirtualClock};
use data_encoding::BASE64;
use kms::sigv4::{Signable, Signer};
use kms::{AwsKms, AwsKmsConfig, CredentialSource, Credentials, answers, limits};
use phi::{DataKey, KeyWrapper, SystemRandom, WrapError};
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::stub::{Fault, Received, Stub};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY: &str = "alias/switchward";

struct Kms {
    stub: Stub,
    folder: TempDir,
    secret: Arc<Mutex<&'static str>>,
}

fn error(kind: &str) -> (u16, String) {
    (400, json!({ "__type": kind, "message": "words" }).to_string())
}

/// Whether the request is signed with this secret, over all headers that the protocol needs.
fn is_signed(request: &Received, secret: &str) -> bool {
    let header = request.header("authorization");
    let names = header.split_once("SignedHeaders=").unwrap().1.split_once(',').unwrap().0;
    for needed in ["content-type", "host", "x-amz-date", "x-amz-target"] {
        assert!(names.split(';').any(|name| name == needed), "{needed} is signed");
    }
    assert_eq!(!request.header("x-amz-security-token").is_empty(), names.contains("x-amz-security-token"));
    let headers: Vec<_> = names.split(';').map(|name| (name, request.header(name))).collect();
    let signer = Signer {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: secret,
        region: "eu-central-1",
        service: "kms",
    };
    let signable = Signable { method: "POST", path: "/", query: "", headers: &headers, body: &request.body };
    header == signer.authorization(&signable, request.header("x-amz-date"))
}

impl Kms {
    fn start() -> Self {
        let master = DataKey::generate(&SystemRandom);
        let secret = Arc::new(Mutex::new(SECRET));
        let expected = Arc::clone(&secret);
        let stub = Stub::start(move |request| {
            assert_eq!(request.header("content-type"), "application/x-amz-json-1.1");
            if !is_signed(request, *expected.lock().unwrap()) {
                return error("InvalidSignatureException");
            }
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            if body["KeyId"] != KEY {
                return error("com.amazonaws.kms#NotFoundException");
            }
            let context = body["EncryptionContext"].to_string();
            let bytes = |name: &str| BASE64.decode(body[name].as_str().unwrap().as_bytes()).unwrap();
            match request.header("x-amz-target") {
                "TrentService.Encrypt" => {
                    let blob = master.seal(context.as_bytes(), &bytes("Plaintext")).unwrap();
                    (200, json!({ "CiphertextBlob": BASE64.encode(&blob), "KeyId": KEY }).to_string())
                }
                "TrentService.Decrypt" => match master.unseal(context.as_bytes(), &bytes("CiphertextBlob")) {
                    Ok(plain) => {
                        (200, json!({ "Plaintext": BASE64.encode(&plain), "KeyId": KEY }).to_string())
                    }
                    Err(_) => error("InvalidCiphertextException"),
                },
                _ => error("UnknownOperationException"),
            }
        });
        Self { stub, folder: tempfile::tempdir().unwrap(), secret }
    }

    fn config(&self) -> AwsKmsConfig {
        AwsKmsConfig {
            region: "eu-central-1".to_owned(),
            key_id: KEY.to_owned(),
            endpoint: Some(self.stub.url.clone()),
            roots: Some(self.stub.authority.clone()),
            credentials: CredentialSource::Given(Credentials {
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: Zeroizing::new(SECRET.to_owned()),
                session_token: None,
            }),
            timeout: limits::ANSWER,
        }
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("credentials");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn holder(config: AwsKmsConfig) -> AwsKms {
    let clock = VirtualClock::standing_at(Timestamp::from_seconds(1_760_000_000));
    AwsKms::new(config, Arc::new(clock)).unwrap()
}

#[test]
fn wraps_and_opens_a_key_for_its_identity_only() {
    let kms = Kms::start();
    let holder = holder(kms.config());
    let key = DataKey::generate(&SystemRandom);
    let wrapped = holder.wrap(b"AC1", &key).unwrap();
    assert_eq!(holder.key_id(), "aws-kms:alias/switchward");
    let opened = holder.unwrap(holder.key_id(), b"AC1", &wrapped).unwrap();
    assert_eq!(opened.unseal(b"x", &key.seal(b"x", b"y").unwrap()).unwrap(), b"y");
    assert_eq!(holder.unwrap(holder.key_id(), b"AC2", &wrapped).err(), Some(WrapError::Sealed));
    let other = "aws-kms:alias/other";
    assert_eq!(holder.unwrap(other, b"AC1", &wrapped).err(), Some(WrapError::OtherMasterKey));
    let moved = holder.rewrap(holder.key_id(), b"AC1", &wrapped).unwrap();
    assert!(holder.unwrap(holder.key_id(), b"AC1", &moved).is_ok());
}

#[test]
fn temporary_credentials_come_from_a_file_that_may_change() {
    let kms = Kms::start();
    let path = kms.file("[default]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=old\n");
    let credentials = CredentialSource::File { path, profile: "default".to_owned() };
    let holder = holder(AwsKmsConfig { credentials, ..kms.config() });
    let key = DataKey::generate(&SystemRandom);
    let refused = Some(WrapError::Unavailable("it refuses our credentials for this key"));
    assert_eq!(holder.wrap(b"AC1", &key).err(), refused);
    let renewed = format!(
        "[default]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key={SECRET}\naws_session_token=t/1\n"
    );
    kms.file(&renewed);
    assert!(holder.wrap(b"AC1", &key).is_ok());
    kms.file("[other]\n");
    let absent = WrapError::Unavailable("the credentials file has no key of this profile");
    assert_eq!(holder.wrap(b"AC1", &key).err(), Some(absent));
}

#[test]
fn outages_are_tried_again_and_are_never_taken_for_destroyed_data() {
    const THROTTLED: &str = r#"{"__type":"ThrottlingException"}"#;
    let kms = Kms::start();
    let holder = holder(kms.config());
    let wrapped = holder.wrap(b"AC1", &DataKey::generate(&SystemRandom)).unwrap();
    let open = || holder.unwrap(holder.key_id(), b"AC1", &wrapped).map(drop);
    kms.stub
        .fail([Fault::Status(400, THROTTLED), Fault::Status(500, r#"{"__type":"KMSInternalException"}"#)]);
    assert_eq!(open(), Ok(()), "the third attempt is answered");
    for (fault, tries) in [
        (|| Fault::Status(400, THROTTLED), limits::ATTEMPTS),
        (|| Fault::Status(500, r#"{"__type":"InvalidCiphertextException"}"#), limits::ATTEMPTS),
        (|| Fault::HangUp, limits::ATTEMPTS),
        (|| Fault::Status(400, r#"{"__type":"DisabledException"}"#), 1),
        (|| Fault::Status(400, r#"{"__type":"com.amazonaws.kms#KMSInvalidStateException"}"#), 1),
        (|| Fault::Status(400, r#"{"__type":"AccessDeniedException"}"#), 1),
        (|| Fault::Status(400, "not json"), 1),
        (|| Fault::Status(200, "{}"), 1),
    ] as [(fn() -> Fault, u32); 8]
    {
        kms.stub.requests();
        kms.stub.fail((0..tries).map(|_| fault()));
        assert!(matches!(open(), Err(WrapError::Unavailable(_))));
        assert_eq!(kms.stub.requests().len(), tries as usize);
    }
    *kms.secret.lock().unwrap() = "another";
    assert_eq!(open(), Err(WrapError::Unavailable("it refuses our credentials for this key")));
}

#[test]
fn only_the_refusal_that_says_so_means_that_a_key_does_not_open() {
    let refusal = |kind: &str| answers::refusal(json!({ "__type": kind }).to_string().as_bytes());
    assert_eq!(refusal("com.amazonaws.kms#InvalidCiphertextException"), WrapError::Sealed);
    assert_eq!(refusal("IncorrectKeyException"), WrapError::OtherMasterKey);
    for kind in ["NotFoundException", "InvalidKeyUsageException", "ValidationException", "", "x#"] {
        assert!(matches!(refusal(kind), WrapError::Unavailable(_)), "{kind}");
    }
    assert!(answers::encrypted(br#"{"CiphertextBlob":""}"#).is_err());
    assert_eq!(answers::decrypted(br#"{"Plaintext":"AA=="}"#).err(), Some(WrapError::Sealed));
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let kms = Kms::start();
    let clock = || Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(0)));
    for (region, key_id, endpoint) in [
        ("", "k", None),
        ("eu central", "k", None),
        ("eu-central-1", "", None),
        ("eu-central-1", "k", Some("http://kms.example.org")),
    ] {
        let (region, key_id) = (region.to_owned(), key_id.to_owned());
        let endpoint = endpoint.map(str::to_owned);
        assert!(AwsKms::new(AwsKmsConfig { region, key_id, endpoint, ..kms.config() }, clock()).is_err());
    }
    assert!(AwsKms::new(AwsKmsConfig { endpoint: None, ..kms.config() }, clock()).is_ok());
}
