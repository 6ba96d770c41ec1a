//! The program with its master key in a key service, from its own configuration file: made, served, restarted, moved,
//! and refused while the service is away. The services are stubs of the documented APIs of Vault and AWS KMS.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use kms::sigv4::{Signable, Signer};
use phi::{DataKey, SystemRandom};
use serde_json::{Value, json};

use crate::program::{Server, parsed, problem_of, stdout_of, text};
use crate::stub::{Fault, Received, Stub};

const TEXT: &str = "Tomorrow+at+nine";
const TOKEN: &str = "a-token-of-vault";
const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// More than a request to a key service is tried.
const TRIES: usize = 8;

/// A part of a request, which is base64 in both APIs.
fn bytes(body: &Value, name: &str) -> Vec<u8> {
    BASE64.decode(body[name].as_str().expect("text").as_bytes()).expect("base64")
}

/// Vault's transit engine with one key, and a token that opens it.
fn vault() -> Stub {
    let master = DataKey::generate(&SystemRandom);
    Stub::start(move |request: &Received| {
        if request.header("x-vault-token") != TOKEN {
            return (403, "{\"errors\":[\"permission denied\"]}".to_owned());
        }
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let identity = bytes(&body, "associated_data");
        match request.path.as_str() {
            "/v1/transit/encrypt/switchward" => {
                let sealed = master.seal(&identity, &bytes(&body, "plaintext")).expect("it can be sealed");
                let ciphertext = format!("vault:v1:{}", BASE64.encode(&sealed));
                (200, json!({ "data": { "ciphertext": ciphertext } }).to_string())
            }
            "/v1/transit/decrypt/switchward" => {
                let text = body["ciphertext"].as_str().expect("text").strip_prefix("vault:v1:");
                let sealed = BASE64.decode(text.expect("version 1").as_bytes()).expect("base64");
                match master.unseal(&identity, &sealed) {
                    Ok(plain) => (200, json!({ "data": { "plaintext": BASE64.encode(&plain) } }).to_string()),
                    Err(_) => (400, "{\"errors\":[\"cipher: message authentication failed\"]}".to_owned()),
                }
            }
            _ => (404, "{\"errors\":[]}".to_owned()),
        }
    })
}

/// AWS KMS with one key; it checks signatures.
fn aws_kms() -> Stub {
    let master = DataKey::generate(&SystemRandom);
    let error = |kind: &str| (400, json!({ "__type": kind }).to_string());
    Stub::start(move |request: &Received| {
        if !is_signed(request) {
            return error("InvalidSignatureException");
        }
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        if body["KeyId"] != "alias/switchward" {
            return error("NotFoundException");
        }
        let context = body["EncryptionContext"].to_string();
        match request.header("x-amz-target") {
            "TrentService.Encrypt" => {
                let blob = master.seal(context.as_bytes(), &bytes(&body, "Plaintext")).expect("it is sealed");
                (200, json!({ "CiphertextBlob": BASE64.encode(&blob) }).to_string())
            }
            "TrentService.Decrypt" => {
                match master.unseal(context.as_bytes(), &bytes(&body, "CiphertextBlob")) {
                    Ok(plain) => (200, json!({ "Plaintext": BASE64.encode(&plain) }).to_string()),
                    Err(_) => error("InvalidCiphertextException"),
                }
            }
            _ => error("UnknownOperationException"),
        }
    })
}

fn is_signed(request: &Received) -> bool {
    let header = request.header("authorization");
    let Some((_, names)) = header.split_once("SignedHeaders=") else { return false };
    let names = names.split(',').next().unwrap_or_default();
    let headers: Vec<_> = names.split(';').map(|name| (name, request.header(name))).collect();
    let (access_key_id, secret_access_key) = (ACCESS_KEY, SECRET);
    let signer = Signer { access_key_id, secret_access_key, region: "eu-central-1", service: "kms" };
    let signable = Signable { method: "POST", path: "/", query: "", headers: &headers, body: &request.body };
    header == signer.authorization(&signable, request.header("x-amz-date"))
}

/// A configuration file with this in it about keys, and what else a server needs.
fn config(dir: &Path, keys: &str) -> PathBuf {
    let file = dir.join("switchward.toml");
    fs::write(&file, format!("data = \"data\"\nlisten = \"127.0.0.1:0\"\nsimulator = true\n{keys}"))
        .expect("a file");
    file
}

fn vault_keys(dir: &Path, stub: &Stub, keys: &str) -> String {
    fs::write(dir.join("authority.pem"), &stub.authority).expect("a file");
    fs::write(dir.join("token"), format!("{TOKEN}\n")).expect("a file");
    format!(
        "[keys]\n{keys}\n[vault]\naddress = \"{}\"\nca = \"authority.pem\"\ntoken_file = \"token\"\n",
        stub.url
    )
}

fn aws_keys(dir: &Path, stub: &Stub) -> String {
    fs::write(dir.join("authority.pem"), &stub.authority).expect("a file");
    let credentials =
        format!("[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n");
    fs::write(dir.join("credentials"), credentials).expect("a file");
    format!(
        "[keys]\nholder = \"aws-kms\"\n[aws_kms]\nregion = \"eu-central-1\"\nkey = \"alias/switchward\"\n\
         endpoint = \"{}\"\nca = \"authority.pem\"\ncredentials_file = \"credentials\"\n",
        stub.url
    )
}

fn serve(config: &Path) -> Server {
    Server::start_from(&["serve", "--config", text(config)])
}

/// The first account, made by the configuration alone.
fn init(config: &Path) -> Value {
    serde_json::from_str(&stdout_of(&["init", "--config", text(config), "--json"])).expect("JSON")
}

fn ask(server: &Server, account: &Value, method: &str, path: &str, form: &str) -> (u16, Value) {
    let word = |name: &str| account[name].as_str().expect("text");
    let key = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
    let request = format!(
        "{method} /2010-04-01/Accounts/{}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Authorization: Basic {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        word("account_sid"),
        form.len()
    );
    parsed(&server.raw(request.as_bytes()))
}

fn send(server: &Server, account: &Value) -> String {
    let form = format!("To=%2B14155550142&From=%2B14155550100&Body={TEXT}");
    let (status, message) = ask(server, account, "POST", "Messages.json", &form);
    assert_eq!(status, 201, "{message}");
    message["sid"].as_str().expect("a SID").to_owned()
}

fn body(server: &Server, account: &Value, sid: &str) -> String {
    let (status, message) = ask(server, account, "GET", &format!("Messages/{sid}.json"), "");
    assert_eq!(status, 200, "{message}");
    message["body"].as_str().expect("text").to_owned()
}

/// From nothing to a restart, with the service away at the end.
fn made_served_and_restarted(dir: &Path, config: &Path, stub: &Stub, named: &str) {
    let account = init(config);
    let data = dir.join("data");
    assert!(!data.join("master.key").exists(), "the master key is where the configuration says");
    let mut server = serve(config);
    let sid = send(&server, &account);
    let status = stdout_of(&["keys", "status", "--config", text(config)]);
    assert!(status.starts_with(&format!("master key   {named}")), "{status}");
    let backups = dir.join("backups");
    stdout_of(&["backup", "create", "--config", text(config), "--to", text(&backups)]);
    assert!(server.terminate().0.success());
    stub.requests();

    let mut server = serve(config);
    assert_eq!(body(&server, &account, &sid), TEXT.replace('+', " "));
    send(&server, &account);
    assert!(!stub.requests().is_empty(), "after a restart the service is asked for the keys");
    assert!(server.terminate().0.success());
    assert!(stdout_of(&["ledger", "verify", "--config", text(config)]).ends_with("The ledger is intact.\n"));
    let without = problem_of(&["ledger", "verify", "--data", text(&data)]);
    assert!(without.contains("master.key is missing") && without.contains("--config FILE"), "{without}");

    stub.fail((0..TRIES).map(|_| Fault::HangUp));
    let away = problem_of(&["serve", "--config", text(config)]);
    assert!(away.contains("broke") && !away.contains(TOKEN) && !away.contains(SECRET), "{away}");
}

#[test]
fn vault_holds_the_master_key_of_a_server() {
    let (dir, stub) = (tempfile::tempdir().expect("a folder"), vault());
    let config = config(dir.path(), &vault_keys(dir.path(), &stub, "holder = \"vault\""));
    made_served_and_restarted(dir.path(), &config, &stub, "vault:");
}

#[test]
fn aws_kms_holds_the_master_key_of_a_server() {
    let (dir, stub) = (tempfile::tempdir().expect("a folder"), aws_kms());
    let config = config(dir.path(), &aws_keys(dir.path(), &stub));
    made_served_and_restarted(dir.path(), &config, &stub, "aws");
}

#[test]
fn a_running_server_is_moved_from_a_file_to_vault() {
    let (dir, stub) = (tempfile::tempdir().expect("a folder"), vault());
    let file = config(dir.path(), "");
    let account = init(&file);
    let mut server = serve(&file);
    let sid = send(&server, &account);
    config(dir.path(), &vault_keys(dir.path(), &stub, "holder = \"vault\"\nearlier = [\"file\"]"));
    let moved = stdout_of(&["keys", "rewrap", "--config", text(&file)]);
    assert!(moved.contains("keys were moved to vault:"), "{moved}");
    assert_eq!(body(&server, &account, &sid), TEXT.replace('+', " "));
    assert!(server.terminate().0.success());
    fs::remove_file(dir.path().join("data/master.key")).expect("it was there");
    config(dir.path(), &vault_keys(dir.path(), &stub, "holder = \"vault\""));
    let server = serve(&file);
    assert_eq!(body(&server, &account, &sid), TEXT.replace('+', " "));
    send(&server, &account);
}
