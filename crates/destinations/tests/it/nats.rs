//! Events in a stream of NATS JetStream, at a server that is not ours: `nats-server`, on its path or where
//! `SWITCHWARD_NATS_SERVER` says.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Place, World, order, track};

const SUBJECT: &str = "clinic.events";
const START: Duration = Duration::from_secs(20);

/// A server; it ends with the test.
struct Server {
    running: Child,
    port: u16,
    folder: Arc<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.running.kill());
        drop(self.running.wait());
    }
}

impl Server {
    /// `None` where there is none.
    async fn start(more: &str) -> Option<Self> {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), more).await
    }

    /// The same on what is in a folder.
    #[expect(clippy::disallowed_methods, reason = "the peer is named by the environment")]
    async fn start_in(folder: Arc<tempfile::TempDir>, more: &str) -> Option<Self> {
        let program = std::env::var("SWITCHWARD_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join("nats.conf");
        let store = folder.path().display();
        let text = format!("host: 127.0.0.1\nport: {port}\njetstream {{ store_dir: \"{store}\" }}\n{more}\n");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let running = command.spawn().ok()?;
        let server = Self { running, port, folder };
        let end = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < end, "it does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(server)
    }

    /// Asks JetStream's own API for something, as its command line does.
    async fn ask(&self, subject: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let login = json!({"verbose": false, "user": "u", "pass": "p"});
        let said =
            format!("CONNECT {login}\r\nSUB answer 1\r\nPUB {subject} answer {}\r\n{body}\r\n", body.len());
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut text = String::new();
        loop {
            let mut bytes = [0; 4_096];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            let Some((_, answer)) = text.split_once("MSG answer 1 ") else { continue };
            let Some((_, body)) = answer.split_once("\r\n") else { continue };
            if let Some((body, _)) = body.split_once("\r\n") {
                return serde_json::from_str(body).unwrap();
            }
        }
    }

    async fn make_stream(&self) {
        let stream = json!({"name": "EVENTS", "subjects": ["clinic.>"], "retention": "limits",
            "storage": "file", "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "num_replicas": 1,
            "discard": "old", "max_age": 0});
        let made = self.ask("$JS.API.STREAM.CREATE.EVENTS", &stream.to_string()).await;
        assert!(made.get("error").is_none(), "{made}");
    }

    /// What the stream holds, in order.
    async fn held(&self) -> Vec<Value> {
        let info = self.ask("$JS.API.STREAM.INFO.EVENTS", "").await;
        let mut held = Vec::new();
        for sequence in 1..=info["state"]["messages"].as_u64().unwrap() {
            let asked = json!({"seq": sequence}).to_string();
            let answer = self.ask("$JS.API.STREAM.MSG.GET.EVENTS", &asked).await;
            let data = data_encoding::BASE64.decode(answer["message"]["data"].as_str().unwrap().as_bytes());
            held.push(serde_json::from_slice(&data.unwrap()).unwrap());
        }
        held
    }
}

async fn ordinary(world: &World, server: &Server, more: Value) -> Place {
    let mut place = world.place(&world.app.owner, false).await;
    let mut settings = json!({"host": "localhost", "port": server.port, "subject": SUBJECT, "tls": false});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    place.destination = world.destination_of(&place, "Stream", "nats", settings).await;
    world.switch(&place, true).await.assert_status(201);
    place
}

fn totals(held: &[Value]) -> Vec<u64> {
    held.iter().map(|event| event["properties"]["total"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn events_are_in_the_stream_once_and_in_order() {
    let Some(server) = Server::start("authorization { user: u, password: p }").await else { return };
    server.make_stream().await;
    let world = World::start().await;
    let place = ordinary(&world, &server, json!({"user": "u", "password": "p"})).await;
    let shown = world.show(&place, "").await.json;
    assert_eq!(
        (&shown["settings"]["has_password"], &shown["settings"].get("password")),
        (&json!(true), &None)
    );
    let events: Vec<_> = (0..150).map(|number| order("u", number)).collect();
    world.send(&place, json!(events)).await;
    world.deliver().await;
    assert_eq!(totals(&server.held().await), (0..150).collect::<Vec<_>>());
    // Another destination publishes the same events under the same ids: the stream has them already.
    let mut second = place.clone();
    let settings = world.show(&place, "").await.json["settings"].clone();
    let again = json!({"host": "localhost", "port": settings["port"], "subject": SUBJECT, "tls": false, "user": "u",
        "password": "p"});
    second.destination = world.destination_of(&place, "Again", "nats", again).await;
    world.switch(&second, true).await.assert_status(201);
    world.send(&place, json!([order("u", 150)])).await;
    world.deliver().await;
    assert_eq!(world.count(&second, "delivered").await, 1);
    assert_eq!(totals(&server.held().await), (0..151).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_no_stream_takes_waits_until_one_does() {
    let Some(server) = Server::start("").await else { return };
    let world = World::start().await;
    let place = ordinary(&world, &server, json!({})).await;
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    assert_eq!(world.count(&place, "delivered").await, 0);
    assert_eq!(world.count(&place, "retried").await, 1);
    server.make_stream().await;
    world.app.advance(destinations::limits::LONGEST_PAUSE);
    world.deliver().await;
    assert_eq!(totals(&server.held().await), [1]);
}

#[tokio::test]
async fn a_wrong_login_waits_and_a_message_that_is_too_large_is_given_up() {
    let Some(server) = Server::start("authorization { user: u, password: p }\nmax_payload: 2048").await
    else {
        return;
    };
    server.make_stream().await;
    let world = World::start().await;
    let place = ordinary(&world, &server, json!({"user": "u", "password": "wrong", "batch_size": 1})).await;
    world.send(&place, json!([track("u", "Large", json!({"note": "x".repeat(4_000)})), order("u", 1)])).await;
    world.deliver().await;
    assert_eq!(world.count(&place, "retried").await, 1);
    world.change(&place, "", json!({"settings": {"password": "p"}})).await.assert_status(201);
    world.app.advance(destinations::limits::LONGEST_PAUSE);
    world.deliver().await;
    assert_eq!((world.count(&place, "rejected").await, world.count(&place, "delivered").await), (1, 1));
    assert_eq!(totals(&server.held().await), [1]);
}

#[tokio::test]
async fn gen_https_2__refuses_a_stream_elsewhere_without_tls() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    for (host, subject, tls, status) in [
        ("nats.example.org", "a.b", true, 201),
        ("nats.example.org", "a.b", false, 400),
        ("127.0.0.1", "a.b", false, 201),
        ("nats.example.org:1", "a.b", true, 400),
        ("nats.example.org", "a.*", true, 400),
        ("nats.example.org", "$JS.API.X", true, 400),
    ] {
        let settings = json!({"host": host, "subject": subject, "tls": tls});
        let name = format!("{host} {subject} {tls}");
        let body = json!({"name": name, "source_sid": place.source.to_string(), "kind": "nats", "settings": settings});
        assert_eq!(world.post(&place.account, &path, body).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn gen_https_3__refuses_a_stream_whose_certificate_is_not_trusted_and_allows_one_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let Some((authority, files)) = certificate(folder.path()) else { return };
    let Some(plain) = Server::start("").await else { return };
    plain.make_stream().await;
    let kept = Arc::clone(&plain.folder);
    drop(plain);
    let server = Server::start_in(kept, &format!("tls {{ {files} timeout: 5 }}")).await.unwrap();
    for (world, delivered) in [(World::start().await, 0), (World::start_trusting(&authority).await, 1)] {
        let place = ordinary(&world, &server, json!({"tls": true})).await;
        world.send(&place, json!([order("u", 1)])).await;
        world.deliver().await;
        assert_eq!(world.count(&place, "delivered").await, delivered);
    }
}

/// An authority and the files of a certificate of it, by `openssl`.
fn certificate(folder: &std::path::Path) -> Option<(String, String)> {
    let run = |arguments: &[&str]| {
        let status =
            Command::new("openssl").args(arguments).current_dir(folder).stderr(Stdio::null()).status();
        status.ok().filter(std::process::ExitStatus::success)
    };
    run(&[
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
        "/CN=CA", "-days", "2",
    ])?;
    run(&[
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=localhost",
    ])?;
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost").unwrap();
    run(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "2",
        "-extfile",
        "names",
    ])?;
    let files = format!("cert_file: \"{0}/server.pem\"\nkey_file: \"{0}/server.key\"\n", folder.display());
    Some((std::fs::read_to_string(folder.join("ca.pem")).unwrap(), files))
}
