//! Traces from the binary, when it is built with them; and what it says when it is not.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::text;

fn config(dir: &Path, traces: &str) -> PathBuf {
    let file = dir.join("switchward.toml");
    let settings = format!(
        "data = {:?}\nlisten = \"127.0.0.1:0\"\nsimulator = true\n[operations]\nlisten = \"127.0.0.1:0\"\n\
         [traces]\n{traces}\n",
        text(&dir.join("data"))
    );
    fs::write(&file, settings).expect("a file");
    file
}

#[cfg(not(feature = "otel"))]
#[test]
fn traces_are_refused_by_a_program_without_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = config(dir.path(), "endpoint = \"http://127.0.0.1:4318\"");
    for arguments in [&["config", "check", text(&file)][..], &["serve", "--config", text(&file)]] {
        let problem = crate::program::problem_of(arguments);
        assert!(problem.contains("`traces.endpoint`") && problem.contains("--features otel"), "{problem}");
    }
}

#[cfg(feature = "otel")]
mod with_them {
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    use data_encoding::BASE64;
    use test_kit::WebhookSink;

    use super::config;
    use crate::collector::Collector;
    use crate::operations::{get, sample};
    use crate::program::{PATIENCE, Server, init, parsed, text};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const CALLER: &str = "00f067aa0ba902b7";

    /// A request to send a message, with this header line more.
    fn send(server: &Server, account: &serde_json::Value, to: &str, header: &str) -> u16 {
        let word = |name: &str| account[name].as_str().expect("text");
        let (sid, token) = (word("account_sid"), word("auth_token"));
        let key = BASE64.encode(format!("{sid}:{token}").as_bytes());
        let form = format!("To=%2B{to}&From=%2B{}&Body=Tomorrow", &word("phone_number")[1..]);
        let request = format!(
            "POST /2010-04-01/Accounts/{sid}/Messages.json?canary-query HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Basic {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n{header}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
            form.len()
        );
        parsed(&server.raw(request.as_bytes())).0
    }

    fn traceparent(flags: &str) -> String {
        format!("traceparent: 00-{TRACE}-{CALLER}-{flags}\r\nbaggage: patient=canary-baggage\r\n")
    }

    #[test]
    fn a_request_its_jobs_and_the_hand_over_are_one_trace() {
        let dir = tempfile::tempdir().expect("a folder");
        let account = init(&dir.path().join("data"), &[]);
        let collector = Collector::start(200);
        let file = config(dir.path(), &format!("endpoint = \"http://{}\"\nsample = 0.0", collector.address));
        let server = Server::start_from(&["serve", "--config", text(&file)]);
        let operations = server.operations();
        assert_eq!(send(&server, &account, "14155550142", &traceparent("00")), 201, "recorded by nobody");
        assert_eq!(send(&server, &account, "14155550142", &traceparent("01")), 201);
        let spans = collector.wait_for(|spans| spans.iter().any(|span| span.name == "job messages.send"));
        assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
        let named = |name: &str| {
            spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name}: {spans:#?}"))
        };
        let request = named("POST /2010-04-01/Accounts/{AccountSid}/Messages");
        assert_eq!(request.parent, CALLER);
        assert_eq!(request.attribute("http.response.status_code"), Some("201"));
        assert_eq!(request.attribute("switchward.account"), account["account_sid"].as_str());
        let (job, hand_over) = (named("job messages.send"), named("carrier hand-over"));
        assert_eq!((&job.parent, &hand_over.parent), (&request.id, &job.id));
        assert_eq!(job.attribute("switchward.account"), account["account_sid"].as_str());
        assert_eq!(hand_over.attribute("switchward.outcome"), Some("taken"));
        assert!(spans.iter().any(|span| span.name == "guard" && span.parent == request.id));
        assert!(spans.iter().any(|span| span.name == "store commit" && span.parent == request.id));
        let taken = String::from_utf8(collector.bytes()).expect("text");
        for canary in ["canary", "4155550142", "Tomorrow", "tracestate"] {
            assert!(!taken.contains(canary), "{canary}");
        }
        assert!(
            sample(&get(operations, "/metrics").1, "switchward_spans_total{outcome=\"exported\"}")
                > Some(0.0)
        );
    }

    #[test]
    fn a_refusal_names_its_rule() {
        let dir = tempfile::tempdir().expect("a folder");
        let account = init(&dir.path().join("data"), &["--hipaa"]);
        let collector = Collector::start(200);
        let file = config(dir.path(), &format!("endpoint = \"http://{}/custom\"", collector.address));
        let mut server = Server::start_from(&["serve", "--config", text(&file)]);
        assert_eq!(send(&server, &account, "442079460018", ""), 403);
        server.terminate();
        let spans = collector.spans();
        let refused = |rule| spans.iter().any(|span| span.attribute("switchward.rule") == Some(rule));
        assert!(refused("SMS-GEO-1"), "sent when it stopped, at the latest: {spans:#?}");
        assert!(collector.bytes().starts_with(b"POST /custom HTTP/1.1\r\n"));
    }

    #[test]
    fn a_collector_over_tls_is_believed_by_its_authority_alone() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (sink, other) =
            runtime.block_on(async { (WebhookSink::start().await, WebhookSink::start().await) });
        for (authority, is_believed) in [(sink.authority_pem(), true), (other.authority_pem(), false)] {
            let dir = tempfile::tempdir().expect("a folder");
            std::fs::write(dir.path().join("ca.pem"), authority).expect("a file");
            let account = init(&dir.path().join("data"), &[]);
            let traces = format!("endpoint = \"{}\"\nca = \"ca.pem\"", sink.url("/"));
            let mut server = Server::start_from(&["serve", "--config", text(&config(dir.path(), &traces))]);
            let before = sink.requests().len();
            assert_eq!(send(&server, &account, "14155550142", ""), 201);
            // A stop sends what is left, or gives it up.
            assert!(server.terminate().0.success());
            let taken = &sink.requests()[before..];
            assert_eq!(taken.is_empty(), !is_believed);
            assert!(taken.iter().all(|request| request.path == "/v1/traces"), "{taken:?}");
        }
    }

    #[test]
    fn a_collector_that_is_away_or_refuses_slows_nothing() {
        // A port that takes connections and never answers; one that nobody listens on; one that refuses.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let gone = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
        let refusing = Collector::start(400);
        for (address, fails) in
            [(silent.local_addr().expect("an address"), false), (gone, false), (refusing.address, true)]
        {
            let dir = tempfile::tempdir().expect("a folder");
            let account = init(&dir.path().join("data"), &[]);
            let file = config(dir.path(), &format!("endpoint = \"http://{address}\""));
            let mut server = Server::start_from(&["serve", "--config", text(&file)]);
            let operations = server.operations();
            for _ in 0..20 {
                let asked = Instant::now();
                assert_eq!(send(&server, &account, "14155550142", ""), 201);
                assert!(asked.elapsed() < Duration::from_secs(2));
            }
            let failed = "switchward_spans_total{outcome=\"failed\"}";
            let deadline = Instant::now() + PATIENCE;
            while fails && sample(&get(operations, "/metrics").1, failed) < Some(20.0) {
                assert!(Instant::now() < deadline);
                thread::sleep(Duration::from_millis(50));
            }
            let (status, took) = server.terminate();
            assert!(status.success() && took < PATIENCE, "{took:?}");
        }
    }
}
