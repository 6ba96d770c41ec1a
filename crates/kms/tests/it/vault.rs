//! Vault's transit engine, against a stub of its documented API: encrypt, decrypt, rewrap, AppRole login.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use kms::{Binding, VaultConfig, VaultLogin, VaultTransit, answers, limits};
use phi::{DataKey, KeyWrapper, SystemRandom, WrapError, WrappedKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stub::{Fault, Received, Stub};

const MAC_FAILED: &str = r#"{"errors":["cipher: message authentication failed"]}"#;
const DENIED: &str = r#"{"errors":["permission denied"]}"#;
const SECRET_ID: &str = "a-secret-id";

/// What Vault holds: the versions of one transit key, and the tokens it honours.
struct Engine {
    versions: Vec<DataKey>,
    tokens: HashSet<String>,
    issued: usize,
    derived: bool,
}

impl Engine {
    fn answer(&mut self, request: &Received) -> (u16, String) {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(request.header("x-vault-request"), "true");
        assert_eq!(request.header("x-vault-namespace"), "team");
        if request.path == "/v1/auth/approle/login" {
            if body["role_id"] != "role" || body["secret_id"] != SECRET_ID {
                return (400, r#"{"errors":["invalid role or secret ID"]}"#.to_owned());
            }
            self.issued += 1;
            let token = format!("token-{}", self.issued);
            self.tokens.insert(token.clone());
            return (200, json!({ "auth": { "client_token": token, "lease_duration": 60 } }).to_string());
        }
        if !self.tokens.contains(request.header("x-vault-token")) {
            return (403, DENIED.to_owned());
        }
        let binding = if self.derived { "context" } else { "associated_data" };
        let identity = BASE64.decode(body[binding].as_str().unwrap().as_bytes()).unwrap();
        match request.path.as_str() {
            "/v1/transit/encrypt/switchward" => {
                let plain = BASE64.decode(body["plaintext"].as_str().unwrap().as_bytes()).unwrap();
                (200, self.encrypted(&identity, &plain))
            }
            "/v1/transit/decrypt/switchward" => match self.decrypt(&identity, &body) {
                Some(plain) => (200, json!({ "data": { "plaintext": BASE64.encode(&plain) } }).to_string()),
                None => (400, MAC_FAILED.to_owned()),
            },
            // As in Vault, associated data is not looked at here.
            "/v1/transit/rewrap/switchward" if self.derived => match self.decrypt(&identity, &body) {
                Some(plain) => (200, self.encrypted(&identity, &plain)),
                None => (400, MAC_FAILED.to_owned()),
            },
            _ => (404, r#"{"errors":[]}"#.to_owned()),
        }
    }

    fn encrypted(&self, identity: &[u8], plain: &[u8]) -> String {
        let version = self.versions.len();
        let sealed = self.versions[version - 1].seal(identity, plain).unwrap();
        json!({ "data": { "ciphertext": format!("vault:v{version}:{}", BASE64.encode(&sealed)) } })
            .to_string()
    }

    fn decrypt(&self, identity: &[u8], body: &Value) -> Option<Vec<u8>> {
        let text = body["ciphertext"].as_str()?.strip_prefix("vault:v")?;
        let (version, sealed) = text.split_once(':')?;
        let key = self.versions.get(version.parse::<usize>().ok()? - 1)?;
        key.unseal(identity, &BASE64.decode(sealed.as_bytes()).ok()?).ok()
    }
}

struct Vault {
    stub: Stub,
    engine: Arc<Mutex<Engine>>,
    folder: TempDir,
}

impl Vault {
    fn start(derived: bool) -> Self {
        let tokens = HashSet::from(["root".to_owned()]);
        let versions = vec![DataKey::generate(&SystemRandom)];
        let engine = Arc::new(Mutex::new(Engine { versions, tokens, issued: 0, derived }));
        let shared = Arc::clone(&engine);
        let stub = Stub::start(move |request| shared.lock().unwrap().answer(request));
        Self { stub, engine, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn config(&self) -> VaultConfig {
        let derived = self.engine.lock().unwrap().derived;
        VaultConfig {
            address: self.stub.url.clone(),
            roots: Some(self.stub.authority.clone()),
            namespace: Some("team".to_owned()),
            mount: "transit".to_owned(),
            key: "switchward".to_owned(),
            binding: if derived { Binding::Context } else { Binding::AssociatedData },
            login: VaultLogin::TokenFile(self.file("token", "root\n")),
            timeout: limits::ANSWER,
        }
    }

    fn transit(&self) -> VaultTransit {
        VaultTransit::new(self.config()).unwrap()
    }
}

/// What a holder gave back is the key that was wrapped.
fn same(a: &DataKey, b: &DataKey) -> bool {
    a.unseal(b"x", &b.seal(b"x", b"y").unwrap()).is_ok()
}

#[test]
fn wraps_and_opens_a_key_for_its_identity_only() {
    for derived in [false, true] {
        let vault = Vault::start(derived);
        let transit = vault.transit();
        let key = DataKey::generate(&SystemRandom);
        let wrapped = transit.wrap(b"AC1", &key).unwrap();
        assert!(wrapped.0.starts_with(b"vault:v1:"));
        assert_eq!(transit.key_id(), "vault:team/transit/switchward");
        assert!(same(&transit.unwrap(transit.key_id(), b"AC1", &wrapped).unwrap(), &key));
        assert_eq!(transit.unwrap(transit.key_id(), b"AC2", &wrapped).err(), Some(WrapError::Sealed));
        let other = "vault:transit/other";
        assert_eq!(transit.unwrap(other, b"AC1", &wrapped).err(), Some(WrapError::OtherMasterKey));
        vault.engine.lock().unwrap().versions = vec![DataKey::generate(&SystemRandom)];
        assert_eq!(
            transit.unwrap(transit.key_id(), b"AC1", &wrapped).err(),
            Some(WrapError::Sealed),
            "a transit key that was made anew under the same name"
        );
    }
}

#[test]
fn rewraps_to_the_newest_version_and_shows_the_key_only_where_vault_asks_for_it() {
    for (derived, expected) in [
        (true, &["/v1/transit/rewrap/switchward"][..]),
        (false, &["/v1/transit/decrypt/switchward", "/v1/transit/encrypt/switchward"]),
    ] {
        let vault = Vault::start(derived);
        let transit = vault.transit();
        let key = DataKey::generate(&SystemRandom);
        let wrapped = transit.wrap(b"AC1", &key).unwrap();
        vault.engine.lock().unwrap().versions.push(DataKey::generate(&SystemRandom));
        vault.stub.requests();
        let moved = transit.rewrap(transit.key_id(), b"AC1", &wrapped).unwrap();
        assert_eq!(vault.stub.requests(), expected);
        assert!(moved.0.starts_with(b"vault:v2:"));
        for wrapped in [wrapped, moved] {
            assert!(same(&transit.unwrap(transit.key_id(), b"AC1", &wrapped).unwrap(), &key));
        }
    }
}

#[test]
fn an_app_role_logs_in_again_when_its_token_is_refused() {
    let vault = Vault::start(false);
    let secret_id_file = vault.file("secret-id", SECRET_ID);
    let login = VaultLogin::AppRole { mount: "approle".into(), role_id: "role".into(), secret_id_file };
    let transit = VaultTransit::new(VaultConfig { login: login.clone(), ..vault.config() }).unwrap();
    let key = DataKey::generate(&SystemRandom);
    transit.wrap(b"AC1", &key).unwrap();
    transit.wrap(b"AC1", &key).unwrap();
    assert_eq!(vault.engine.lock().unwrap().issued, 1, "a token is used until it is refused");
    vault.engine.lock().unwrap().tokens.clear();
    transit.wrap(b"AC1", &key).unwrap();
    assert_eq!(vault.engine.lock().unwrap().issued, 2);

    vault.file("secret-id", "another");
    let transit = VaultTransit::new(VaultConfig { login, ..vault.config() }).unwrap();
    assert_eq!(transit.wrap(b"AC1", &key).err(), Some(WrapError::Unavailable("it refuses our AppRole")));
}

#[test]
fn a_refused_token_is_read_again_once_and_then_an_outage() {
    let vault = Vault::start(false);
    let transit = vault.transit();
    let key = DataKey::generate(&SystemRandom);
    let wrapped = transit.wrap(b"AC1", &key).unwrap();
    {
        let mut engine = vault.engine.lock().unwrap();
        engine.tokens.clear();
        engine.tokens.insert("renewed".to_owned());
    }
    let refused = WrapError::Unavailable("it refuses our credentials for this key");
    vault.stub.requests();
    assert_eq!(transit.unwrap(transit.key_id(), b"AC1", &wrapped).err(), Some(refused));
    assert_eq!(vault.stub.requests().len(), 2);
    vault.file("token", "renewed");
    assert!(transit.unwrap(transit.key_id(), b"AC1", &wrapped).is_ok());
}

#[test]
fn outages_are_tried_again_and_are_never_taken_for_destroyed_data() {
    let vault = Vault::start(false);
    let transit = vault.transit();
    let wrapped = transit.wrap(b"AC1", &DataKey::generate(&SystemRandom)).unwrap();
    let open = || transit.unwrap(transit.key_id(), b"AC1", &wrapped).map(drop);

    vault.stub.fail([Fault::Status(503, r#"{"errors":["Vault is sealed"]}"#), Fault::HangUp]);
    assert_eq!(open(), Ok(()), "the third attempt is answered");
    for (fault, tries) in [
        (|| Fault::Status(503, r#"{"errors":["Vault is sealed"]}"#), limits::ATTEMPTS),
        (|| Fault::Status(500, MAC_FAILED), limits::ATTEMPTS),
        (|| Fault::Status(429, ""), limits::ATTEMPTS),
        (|| Fault::HangUp, limits::ATTEMPTS),
        (|| Fault::Status(400, r#"{"errors":["encryption key not found"]}"#), 1),
        (|| Fault::Status(400, "not json"), 1),
        (|| Fault::Status(404, r#"{"errors":[]}"#), 1),
        (|| Fault::Status(302, ""), 1),
        (|| Fault::Status(200, "{}"), 1),
        (|| Fault::Status(200, r#"{"data":{"ciphertext":"x"}}"#), 1),
    ] as [(fn() -> Fault, u32); 10]
    {
        vault.stub.requests();
        vault.stub.fail((0..tries).map(|_| fault()));
        assert!(matches!(open(), Err(WrapError::Unavailable(_))));
        assert_eq!(vault.stub.requests().len(), tries as usize);
    }
    assert_eq!(open(), Ok(()));
}

#[test]
fn silence_ends_at_the_deadline() {
    let vault = Vault::start(false);
    vault.stub.fail((0..limits::ATTEMPTS).map(|_| Fault::Silence));
    let started = Instant::now();
    let timeout = Duration::from_millis(100);
    let transit = VaultTransit::new(VaultConfig { timeout, ..vault.config() }).unwrap();
    let refused = transit.wrap(b"AC1", &DataKey::generate(&SystemRandom)).err();
    assert_eq!(refused, Some(WrapError::Unavailable("it does not answer in time")));
    let most = limits::ATTEMPTS * (limits::CONNECT + timeout) + Duration::from_secs(5);
    assert!(started.elapsed() < most);
}

#[test]
fn only_the_own_authority_is_believed() {
    let vault = Vault::start(false);
    let strangers = Stub::start(|_| (500, String::new())).authority;
    for roots in [None, Some(strangers)] {
        let transit = VaultTransit::new(VaultConfig { roots, ..vault.config() }).unwrap();
        let refused = transit.wrap(b"AC1", &DataKey::generate(&SystemRandom)).err();
        assert_eq!(refused, Some(WrapError::Unavailable("TLS fails: is its authority known?")));
    }
    assert!(vault.stub.requests().is_empty());
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let vault = Vault::start(false);
    let with = |address: &str, mount: &str, key: &str| {
        let (address, mount, key) = (address.to_owned(), mount.to_owned(), key.to_owned());
        VaultTransit::new(VaultConfig { address, mount, key, ..vault.config() }).map(drop)
    };
    for address in ["https://vault.example.org:8200", "http://127.0.0.1:8100", "http://[::1]:8100"] {
        assert_eq!(with(address, "transit", "switchward"), Ok(()), "{address}");
    }
    for (address, mount, key) in [
        ("http://vault.example.org", "transit", "switchward"),
        ("https://vault.example.org/v1", "transit", "switchward"),
        ("https://user@vault.example.org", "transit", "switchward"),
        ("vault.example.org", "transit", "switchward"),
        ("https://vault.example.org", "", "switchward"),
        ("https://vault.example.org", "a/../b c", "switchward"),
        ("https://vault.example.org", "transit", "a/b"),
        ("https://vault.example.org", "transit", "a?b"),
    ] {
        assert!(with(address, mount, key).is_err(), "{address} {mount} {key}");
    }
    let roots = Some("no certificate".to_owned());
    assert!(VaultTransit::new(VaultConfig { roots, ..vault.config() }).is_err());
}

#[test]
fn what_vault_sends_is_read_strictly() {
    assert!(answers::ciphertext(br#"{"data":{"ciphertext":"vault:v1:AA=="}}"#).is_ok());
    assert!(matches!(
        answers::ciphertext(br#"{"data":{"ciphertext":"AA=="}}"#),
        Err(WrapError::Unavailable(_))
    ));
    let short = answers::plaintext(br#"{"data":{"plaintext":"AA=="}}"#);
    assert_eq!(short.err(), Some(WrapError::Sealed), "what it opened is no key of ours");
    assert!(answers::client_token(br#"{"auth":null}"#).is_err());
    assert!(answers::is_sealed(MAC_FAILED.as_bytes()));
    assert!(!answers::is_sealed(DENIED.as_bytes()));
    let transit = Vault::start(false).transit();
    let binary = WrappedKey(vec![0xff, 0xfe]);
    assert_eq!(transit.unwrap(transit.key_id(), b"AC1", &binary).err(), Some(WrapError::Sealed));
}
