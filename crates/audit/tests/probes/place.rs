//! An API that answers as a test tells it, and a probe of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use audit::Provider;
use audit::fact::Fact;
use audit::observations::{Observed, Reading};
use audit::report::SubjectKind;
use audit::service::{Live, Service};
use audit::way::Way;
use audit::wire::{Credential, Trust, Wire};
use rulebook::Date;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use url::Url;

pub const ACCOUNT: &str = "AC00000000000000000000000000000a11";
pub const TODAY: &str = "2026-11-26";

/// A status and a body for a path with its query, and whether the request had credentials.
type Answers = dyn Fn(&str, bool) -> (u16, String) + Send + Sync;

/// An API on this machine.
pub struct Place {
    pub base: Url,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Place {
    /// One that answers like this.
    pub async fn answering(answers: impl Fn(&str, bool) -> (u16, String) + Send + Sync + 'static) -> Place {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, log): (Arc<Answers>, _) = (Arc::new(answers), Arc::clone(&asked));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                tokio::spawn(serve(stream, answers, log));
            }
        });
        Place { base, asked }
    }

    /// What a probe finds here, where it may reach this machine: its items by id, and the requests that it counted.
    pub async fn probed(&self, name: &str) -> (Reading, usize) {
        let inside = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap());
        self.probed_by(name, Way { probes_may_reach: inside.to_vec(), ..Way::default() }).await
    }

    /// The same, that way.
    pub async fn probed_by(&self, name: &str, way: Way) -> (Reading, usize) {
        let wire = Wire::new(Trust::Public, way).unwrap();
        let today = Date::parse(TODAY).unwrap();
        let provider = Provider::Switchward;
        let live = Live { wire: &wire, provider, base: Some(&self.base), today, region: None };
        probed_by(&live, name).await
    }
}

/// What a probe finds, and the requests that it counted.
pub async fn probed_by(live: &Live<'_>, name: &str) -> (Reading, usize) {
    let probe = audit::products::resources().find(|it| it.name == name).unwrap();
    let subject = Observed {
        id: ACCOUNT.to_owned(),
        kind: SubjectKind::Account,
        parent: None,
        created: None,
        readings: BTreeMap::new(),
    };
    let made = AtomicUsize::new(0);
    let credential = Credential::basic(ACCOUNT, "key", "secret");
    let reading = live.probe(probe, &subject, &credential, &made).await;
    let planned = audit::observe::plan(live.provider, true, true);
    let most = planned.iter().find(|it| it.request == probe.path).unwrap().at_most;
    let made = made.load(Ordering::Relaxed);
    assert!(made <= most, "{made} requests, {most} were announced");
    (reading, made)
}

/// Items as pairs of id and answer.
pub fn answers(reading: &Reading) -> Vec<(&str, &str)> {
    let word = |fact: &'_ Fact| match fact {
        Fact::Words(words) => words[0].clone(),
        other => panic!("{other:?}"),
    };
    let known = [
        "open",
        "refused",
        "gone",
        "old",
        "weak",
        "modern",
        "unreachable",
        "bounded",
        "longer",
        "unclear",
        "inside",
    ];
    let known = |found: String| *known.iter().find(|known| **known == found).unwrap();
    reading
        .items
        .iter()
        .map(|item| (item.id.as_str(), known(word(item.facts.get("answer").expect("probes answer")))))
        .collect()
}

async fn serve(stream: tokio::net::TcpStream, answers: Arc<Answers>, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length, mut signed_in) = (String::new(), 0, false);
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            signed_in |= line.starts_with("authorization:");
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let (status, body) = answers(&path, signed_in);
        log.lock().unwrap().push(path);
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
    }
}
