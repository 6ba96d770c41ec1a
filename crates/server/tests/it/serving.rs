//! The running server, over plain HTTP, TLS and `CONNECT`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::program::{PATIENCE, Server, exchange, init, parsed, problem_of, run, text};

/// The longest an idle server may take to stop.
const STOP: Duration = Duration::from_secs(5);

fn get(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").into_bytes()
}

/// TLS to the server, in a tunnel to `host` or directly, trusting the CA in the file `ca` alone.
fn over_tls(server: &Server, ca: &Path, host: &str, tunnel: bool, request: &[u8]) -> String {
    let pem = fs::read(ca).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("a CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut stream = TcpStream::connect(server.address).expect("the port is open");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    if tunnel {
        write!(stream, "CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n")
            .expect("the port takes bytes");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    }
    let name = ServerName::try_from(host.to_owned()).expect("a host");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    exchange(&mut StreamOwned::new(connection, stream), request)
}

#[test]
fn answers_on_one_port_over_http_tls_and_connect() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&data);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(parsed(&server.raw(&get("127.0.0.1", path))).0, 200, "{path}");
        assert_eq!(
            parsed(&over_tls(&server, &data.join("ca.pem"), "localhost", false, &get("localhost", path))).0,
            200,
            "{path}"
        );
    }
    // Without credentials: found, and refused.
    let list = get("api.twilio.com", "/2010-04-01/Accounts.json");
    let (status, body) = parsed(&over_tls(&server, &data.join("ca.pem"), "api.twilio.com", true, &list));
    assert_eq!((status, &body["code"]), (401, &20003.into()));
    let prefixed = get("127.0.0.1", "/lookups/v2/PhoneNumbers/+14155550142");
    assert_eq!(parsed(&server.raw(&prefixed)).0, 401);
}

/// A CA and a certificate of it for every product below `domain`, as files.
fn own_certificate(dir: &Path, domain: &str) -> [PathBuf; 3] {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let ca = authority.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec![format!("*.{domain}")]).expect("a name");
    let leaf = leaf.signed_by(&key, &issuer).expect("a certificate").pem();
    [("own-ca.pem", ca), ("own.pem", leaf), ("own.key", key.serialize_pem())].map(|(name, pem)| {
        let path = dir.join(name);
        fs::write(&path, pem).expect("a file");
        path
    })
}

#[test]
fn answers_below_the_operators_domain_as_sdks_with_a_region_ask() {
    let dir = tempfile::tempdir().expect("a folder");
    let domain = "comms.example.org";
    let [own_ca, certificate, key] = own_certificate(dir.path(), domain);
    let own = ["--base-domain", domain, "--tls-cert", text(&certificate), "--tls-key", text(&key)];
    let host = format!("api.{domain}");
    for (name, arguments, own_ca) in [("minted", &own[..2], None), ("own", &own[..], Some(own_ca.as_path()))]
    {
        let data = dir.path().join(name);
        let server = Server::start_with(&data, arguments);
        let private_ca = data.join("ca.pem");
        // Node leaves the dotted segment out, Python puts it in.
        for path in ["/2010-04-01/Accounts.json", "/.twilio.com/2010-04-01/Accounts.json"] {
            let answer = over_tls(&server, own_ca.unwrap_or(&private_ca), &host, false, &get(&host, path));
            assert_eq!(parsed(&answer).0, 401, "{name} {path}");
        }
        // The names of the real service are vouched for by the private CA all the same.
        let request = get("api.twilio.com", "/2010-04-01/Accounts.json");
        assert_eq!(
            parsed(&over_tls(&server, &private_ca, "api.twilio.com", true, &request)).0,
            401,
            "{name}"
        );
    }
}

#[test]
fn answers_the_first_accounts_credentials_with_links_as_they_came() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let word = |name: &str| account[name].as_str().expect("text");
    let server = Server::start(&data);
    let key = BASE64.encode(format!("{}:{}", word("api_key_sid"), word("api_key_secret")).as_bytes());
    let request = |host: &str, path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {key}\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    };
    let numbers = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", word("account_sid"));
    let (status, body) = parsed(&server.raw(&request("127.0.0.1", &numbers)));
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["incoming_phone_numbers"][0]["phone_number"], "+14155550100");
    for (host, path, base) in [
        ("127.0.0.1:8080", "/lookups/v2/PhoneNumbers/+14155550142", "http://127.0.0.1:8080/lookups"),
        ("lookups.twilio.com", "/v2/PhoneNumbers/+14155550142", "http://lookups.twilio.com"),
    ] {
        let (status, body) = parsed(&server.raw(&request(host, path)));
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["url"], format!("{base}/v2/PhoneNumbers/+14155550142"));
    }
}

#[test]
fn init_designates_at_once_or_later_or_not_at_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let runs: [(&str, &[&[&str]], bool); 3] =
        [("a", &[&["--hipaa"]], true), ("b", &[&[], &["--hipaa"]], true), ("c", &[&[]], false)];
    for (name, runs, expected) in runs {
        let data = dir.path().join(name);
        let mut made: Vec<Value> = runs.iter().map(|more| init(&data, more)).collect();
        made.dedup();
        let [account] = made.as_slice() else { panic!("init changed its mind: {made:?}") };
        let word = |name: &str| account[name].as_str().expect("text");
        let basic = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
        let request = format!(
            "GET /switchward/v1/Accounts/{}/Designation HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n",
            word("account_sid")
        );
        let (status, body) = parsed(&Server::start(&data).raw(request.as_bytes()));
        assert_eq!((status, &body["phi_permitted"]), (200, &expected.into()), "{name}: {body}");
    }
}

#[test]
fn says_not_found_in_the_apis_shape() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&dir.path().join("data"));
    for (host, path) in [
        ("127.0.0.1", "/nothing/here"),
        ("127.0.0.1", "/"),
        ("nothing.twilio.com", "/v1/Things"),
        ("api.twilio.com", "/2010-04-01/Things.json"),
        ("api.twilio.com", "/healthz"),
        ("127.0.0.1", "/switchward/v1/Nothing"),
    ] {
        let (status, body) = parsed(&server.raw(&get(host, path)));
        assert_eq!(
            (status, &body["code"], &body["status"]),
            (404, &20404.into(), &404.into()),
            "{host}{path}"
        );
    }
}

#[test]
fn stops_in_good_order_when_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let mut server = Server::start(&data);
    // A kept-alive connection must not hold the stop up.
    let mut idle = TcpStream::connect(server.address).expect("the port is open");
    let answer = exchange(&mut idle, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (status, elapsed) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(elapsed < STOP, "{elapsed:?}");
    assert!(run(&["ledger", "verify", "--data", text(&data)]).status.success());
}

#[test]
fn refuses_a_data_folder_in_use() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let before = init(&data, &[]);
    let server = Server::start(&data);
    let problem = problem_of(&["serve", "--data", text(&data), "--listen", "127.0.0.1:0", "--simulator"]);
    assert!(problem.contains("in use by another process"), "{problem}");
    // Credentials can be shown meanwhile.
    assert_eq!(init(&data, &[]), before);
    assert_eq!(parsed(&server.raw(&get("127.0.0.1", "/healthz"))).0, 200);
}

#[test]
fn refuses_a_port_in_use() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&dir.path().join("a"));
    let (other, listen) = (dir.path().join("b"), server.address.to_string());
    let problem = problem_of(&["serve", "--data", text(&other), "--listen", &listen, "--simulator"]);
    assert!(problem.contains("cannot listen on"), "{problem}");
}

#[test]
fn refuses_settings_it_cannot_use() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let serve = ["serve", "--data", text(&data), "--listen", "127.0.0.1:0", "--simulator"];
    let nothing = dir.path().join("nothing.pem");
    fs::write(&nothing, "no certificate").expect("a file");
    let table: [(&[&str], &str); 5] = [
        (&["--webhook-ca", text(&nothing)], "is not a certificate"),
        (&["--webhook-ca", "/does/not/exist"], "cannot read"),
        (&["--tls-cert", text(&nothing), "--tls-key", text(&nothing)], "holds no certificate"),
        (&["--lookup-table", text(&nothing)], "TOML"),
        (&["--database", "postgres://someone:canary-password@127.0.0.1:1/none"], "cannot be opened"),
    ];
    for (more, expected) in table {
        let problem = problem_of(&[&serve[..], more].concat());
        assert!(problem.contains(expected), "{more:?}: {problem}");
        assert!(!problem.contains("canary-password"), "{problem}");
    }
    // Wrong words are told by the parser, with its own status.
    for more in [&["--allow-webhook-to", "10.0.0.1/8"][..], &["--tls-cert", "x"], &["--surprise"]] {
        assert_eq!(run(&[&serve[..], more].concat()).status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn logs_the_route_and_nothing_of_the_request() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &[]);
    let word = |name: &str| account[name].as_str().expect("text").to_owned();
    let mut server = Server::start(&data);
    let basic = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
    for path in [
        "/lookups/v2/PhoneNumbers/+14155550142?Fields=canary-query".to_owned(),
        format!("/2010-04-01/Accounts/{}/Messages/canary-path.json", word("account_sid")),
        "/canary-product/v1".to_owned(),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: canary-host.twilio.com.example\r\nX-Canary: canary-header\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n"
        );
        server.raw(request.as_bytes());
    }
    let request = "CANARY-METHOD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    server.raw(request.as_bytes());
    server.terminate();
    let log = server.rest_of_log();
    assert!(log.contains("/v2/PhoneNumbers/{PhoneNumber}"), "{log}");
    let secrets = [word("auth_token"), word("account_sid"), basic];
    for absent in ["canary", "CANARY", "4155550142"].into_iter().chain(secrets.iter().map(String::as_str)) {
        assert!(!log.contains(absent), "{absent} is in the log:\n{log}");
    }
}

#[test]
fn makes_a_first_account_and_never_logs_its_secrets() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let mut server = Server::start(&data);
    server.terminate();
    let log = server.rest_of_log();
    let account = init(&data, &[]);
    for name in ["auth_token", "api_key_secret"] {
        assert!(!log.contains(account[name].as_str().expect("text")), "{name}");
    }
}
