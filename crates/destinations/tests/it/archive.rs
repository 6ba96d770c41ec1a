//! Events in a bucket: what is sent, under which name, how it is signed and encrypted; and that another S3 than ours takes
//! it, when `SWITCHWARD_S3_PEER` names one (`cargo xtask ci` starts moto).

use std::io::Read;

use flate2::read::GzDecoder;
use kms::sigv4::{Signable, Signer};
use serde_json::{Value, json};
use test_kit::{SinkReply, SinkRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{Place, World, order};

const BUCKET: &str = "clinic-events";
const SECRET: &str = "k/secret+canary";

fn settings(endpoint: &str) -> Value {
    json!({"bucket": BUCKET, "region": "us-east-1", "endpoint": endpoint, "prefix": "website",
        "access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET})
}

fn lines(body: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    GzDecoder::new(body).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn ordinary(world: &World, endpoint: &str) -> Place {
    let mut place = world.place(&world.app.owner, false).await;
    place.destination = world.destination_of(&place, "Archive", "s3", settings(endpoint)).await;
    world.switch(&place, true).await.assert_status(201);
    place
}

fn origin(world: &World) -> String {
    world.sink.url("").trim_end_matches('/').to_owned()
}

/// Whether what was sent is what was signed.
fn assert_signed(request: &SinkRequest) {
    let header = |name: &str| request.headers[name].to_str().unwrap();
    let authorization = header("authorization");
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let headers: Vec<_> = names.split(';').map(|name| (name, header(name))).collect();
    let signer = Signer {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: SECRET,
        region: "us-east-1",
        service: "s3",
    };
    let signable =
        Signable { method: "PUT", path: &request.path, query: "", headers: &headers, body: &request.body };
    assert_eq!(signer.authorization(&signable, header("x-amz-date")), authorization);
    assert!(names.contains("host") && names.contains("x-amz-content-sha256"), "{names}");
}

#[tokio::test]
async fn a_request_is_an_object_of_lines_under_the_hour_it_was_received_in() {
    let world = World::start().await;
    let place = ordinary(&world, &origin(&world)).await;
    assert!(!world.show(&place, "").await.text.contains("canary"));
    world.sink.answer("/", SinkReply::status(200));
    world.send(&place, json!([order("u", 1), order("v", 2)])).await;
    world.deliver().await;
    let request = world.sink.requests().remove(0);
    assert_eq!(request.method, "PUT");
    let at = world.app.services.now().iso8601();
    let folder = format!("/{BUCKET}/website/{}/{}/", at[..10].replace('-', "/"), &at[11..13]);
    assert!(request.path.starts_with(&folder) && request.path.ends_with(".jsonl.gz"), "{}", request.path);
    assert_eq!(request.headers["x-amz-server-side-encryption"], "AES256");
    assert_eq!(request.headers["content-type"], "application/gzip");
    assert_signed(&request);
    let totals: Vec<_> = lines(&request.body).iter().map(|it| it["properties"]["total"].clone()).collect();
    assert_eq!(totals, [1, 2]);
    assert_eq!(world.count(&place, "delivered").await, 2);
}

#[tokio::test]
async fn a_second_attempt_writes_the_same_object() {
    let world = World::start().await;
    let place = ordinary(&world, &origin(&world)).await;
    let change = json!({"settings": {"every": "day", "encryption": "aws:kms", "kms_key_id": "alias/events"}});
    world.change(&place, "", change).await.assert_status(201);
    world.send(&place, json!([order("u", 1)])).await;
    let at = world.app.services.now().iso8601();
    // Whatever a bucket says, events wait: nothing of it is about them.
    for status in [403, 404, 503] {
        let requests = world.sink.requests().len();
        let path = world.sink.requests().first().map(|request| request.path.clone());
        match path {
            Some(path) => world.sink.answer_once(&path, SinkReply::status(status)),
            None => world.sink.answer_all(SinkReply::status(status)),
        }
        world.deliver().await;
        assert_eq!(world.sink.requests().len(), requests + 1);
        world.app.advance(std::time::Duration::from_secs(3_600));
    }
    world.sink.answer_all(SinkReply::status(200));
    world.deliver().await;
    let requests = world.sink.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|it| it.path == requests[0].path && it.body == requests[0].body));
    let folder = format!("/{BUCKET}/website/{}/", at[..10].replace('-', "/"));
    let name = requests[0].path.strip_prefix(&folder).unwrap();
    assert!(!name.contains('/'), "{name}");
    assert_eq!(requests[0].headers["x-amz-server-side-encryption-aws-kms-key-id"], "alias/events");
    assert_signed(&requests[3]);
    assert_eq!(world.count(&place, "delivered").await, 1);
}

#[tokio::test]
async fn gen_https_2__refuses_a_bucket_without_tls_elsewhere() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    let path = format!("Workspaces/{}/Destinations", place.workspace);
    for (change, expected) in [
        (json!({}), 201),
        (json!({"endpoint": "http://127.0.0.1:9000"}), 201),
        (json!({"endpoint": "http://s3.example.org"}), 400),
        (json!({"endpoint": "https://s3.example.org/x"}), 400),
        (json!({"endpoint": "https://a:b@s3.example.org"}), 400),
        (json!({"bucket": "A"}), 400),
        (json!({"prefix": "../x"}), 400),
        (json!({"encryption": "none"}), 400),
        (json!({"secret_access_key": ""}), 400),
        (json!({"unknown": 1}), 400),
    ] {
        let mut settings = settings("https://s3.example.org");
        for (name, value) in change.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let body = json!({"name": change.to_string().replace('"', ""), "source_sid": place.source.to_string(),
            "kind": "s3", "settings": settings});
        assert_eq!(world.post(&place.account, &path, body).await.status, expected, "{change}");
    }
}

/// One request to the peer, and the body of its answer.
async fn ask(endpoint: &str, method: &str, target: &str) -> Vec<u8> {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the peer is named by the environment")]
async fn another_s3_takes_it() {
    let Ok(peer) = std::env::var("SWITCHWARD_S3_PEER") else { return };
    ask(&peer, "PUT", &format!("/{BUCKET}")).await;
    let world = World::start().await;
    let place = ordinary(&world, &peer).await;
    world.send(&place, json!([order("u", 1), order("v", 2)])).await;
    world.deliver().await;
    assert_eq!(world.count(&place, "delivered").await, 2);
    let list =
        String::from_utf8(ask(&peer, "GET", &format!("/{BUCKET}?list-type=2&prefix=website")).await).unwrap();
    let key = list.split("<Key>").nth(1).unwrap().split("</Key>").next().unwrap();
    let answer = ask(&peer, "GET", &format!("/{BUCKET}/{key}")).await;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    assert!(
        head.starts_with("http/1.1 200") && head.contains("x-amz-server-side-encryption: aes256"),
        "{head}"
    );
    assert_eq!(lines(&answer[end + 4..]).len(), 2);
}
