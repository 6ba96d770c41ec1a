//! Our simulated SMSC on a port, and what systems that are not ours do with it.

use std::path::PathBuf;
use std::time::Duration;

use messaging::segments::{Coding, decode};
use smpp_net::smsc::{Seen, Smsc, SmscSettings};
use smpp_proto::smsc::{Deliver, Submitted};
use smpp_proto::{Joined, Party};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::site::{OWN, PATIENT};

/// How long anything of a peer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running SMSC that ends with this value.
pub(crate) struct RunningSmsc {
    pub(crate) smsc: Smsc,
    pub(crate) port: u16,
    seen: mpsc::UnboundedReceiver<Seen>,
    task: JoinHandle<()>,
}

impl Drop for RunningSmsc {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RunningSmsc {
    /// An SMSC on a free port that behaves like this.
    pub(crate) async fn start(settings: SmscSettings) -> Self {
        let (watcher, seen) = mpsc::unbounded_channel();
        let smsc = Smsc::new(SmscSettings { watcher: Some(watcher), ..settings });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn({
            let smsc = smsc.clone();
            async move { smsc.serve(listener).await.unwrap() }
        });
        Self { smsc, port, seen, task }
    }

    /// An SMSC that knows one system.
    pub(crate) async fn start_with_password() -> Self {
        let credentials = Some(("peer".to_owned(), "secret".to_owned()));
        Self::start(SmscSettings { credentials, ..SmscSettings::default() }).await
    }

    async fn any(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv()).await.expect("something happens").expect("the SMSC runs")
    }

    /// Waits until a system is bound.
    pub(crate) async fn bound(&mut self) -> String {
        loop {
            if let Seen::Bound(system_id) = self.any().await {
                return system_id;
            }
        }
    }

    /// Waits for some attempts to connect, and fails when one is bound.
    pub(crate) async fn nobody_binds(&mut self) {
        assert!(timeout(Duration::from_secs(1), self.bound()).await.is_err(), "it was bound");
    }

    /// The next submission, with its id; other events are passed over.
    pub(crate) async fn submitted(&mut self) -> (String, Submitted) {
        loop {
            if let Seen::Submitted(id, submitted) = self.any().await {
                return (id, submitted);
            }
        }
    }

    /// The status of the next answer to a delivery.
    pub(crate) async fn answered(&mut self) -> u32 {
        loop {
            if let Seen::Answered(status) = self.any().await {
                return status;
            }
        }
    }

    /// The next text, joined from its parts.
    pub(crate) async fn text(&mut self) -> String {
        let (_, first) = self.submitted().await;
        let total = first.joined.map_or(1, |joined| joined.total);
        let mut parts = vec![first];
        while parts.len() < usize::from(total) {
            parts.push(self.submitted().await.1);
        }
        parts.sort_by_key(|part| part.joined.map(|joined| joined.number));
        let coding = if parts[0].data_coding == 8 { Coding::Ucs2 } else { Coding::Gsm7 };
        decode(coding, &parts.iter().flat_map(|part| part.text.clone()).collect::<Vec<_>>())
    }
}

/// A whole message of the handset to our number.
pub(crate) fn from_handset(data_coding: u8, octets: &[u8]) -> Deliver {
    let party = |number: &str| Party { ton: 1, address: number[1..].to_owned() };
    Deliver {
        source: party(PATIENT),
        destination: party(OWN),
        data_coding,
        esm_class: 0,
        octets: octets.to_vec(),
        sar: None,
        receipt: None,
    }
}

/// Both parts of a message of the handset, joined by header or by TLVs.
pub(crate) fn in_parts(data_coding: u8, halves: [&[u8]; 2], with_header: bool) -> Vec<Deliver> {
    let parts = halves.into_iter().zip(1..).map(|(octets, number)| {
        let mut deliver = from_handset(data_coding, octets);
        match with_header {
            true => {
                deliver.esm_class = 0x40;
                deliver.octets = [&[5, 0, 3, 9, 2, number][..], octets].concat();
            }
            false => deliver.sar = Some(Joined { reference: 9, total: 2, number }),
        }
        deliver
    });
    parts.collect()
}

/// What a variable names; `None`, said aloud, when the test cannot run here.
#[expect(clippy::disallowed_methods, reason = "how a test is told of software that it needs")]
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
pub(crate) fn given(variable: &str, what: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("skipped: {variable} does not name {what}");
    }
    path.map(PathBuf::from)
}
