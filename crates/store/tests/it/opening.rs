//! Opening and closing: what was acknowledged is there, and what does not fit is refused.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use base::MessageSid;
use store::{Database, Index, IndexValue, Kind, Name, NewJob, OpenError, Query, StoreError};

use crate::harness::{
    Bench, Content, Facts, Holder, Message, account, block_on, body, master_key, message, now, sid,
    store_with,
};
use phi::{KeyWrapper, WrapError};

/// Tells the process that is going to be killed which database to write to.
const VICTIM: &str = "SWITCHWARD_TEST_VICTIM";
/// Acknowledged commits before the kill.
const BEFORE_THE_KILL: usize = 200;

pub(crate) async fn what_was_committed_is_there_after_reopening(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "hello"));
    batch.name(Name::custom("person", "jane"), "US1".into());
    batch.enqueue(NewJob {
        queue: "send",
        lane: None,
        ordering_key: None,
        due_at: now(&store),
        payload: b"x".to_vec(),
    });
    batch.record(b"entry".to_vec());
    store.commit(batch).await.unwrap();
    let digest = store.system_digest("label", b"value");
    if let Database::Sqlite(path) = &bench.database {
        assert_eq!(bench.try_open(Arc::clone(&bench.wrapper)).await.err(), Some(OpenError::Locked));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    store.close().await;

    let store = bench.open().await;
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!(body(&found).as_deref(), Some("hello"));
    assert!(store.locate(&Name::custom("person", "jane")).await.unwrap().is_some());
    assert_eq!(store.jobs().depth("send").await.unwrap(), 1);
    assert_eq!(store.journal().read(0, 10).await.unwrap()[0].entry, b"entry");
    assert_eq!(store.system_digest("label", b"value"), digest);
    store.close().await;
}

pub(crate) async fn another_master_key_is_refused(bench: &Bench) {
    bench.open().await.close().await;
    let wanted = bench.wrapper.key_id().to_owned();
    let other = master_key(9);
    let impostor = Holder::failing(&wanted, WrapError::Sealed);
    for wrapper in [other, impostor as Arc<dyn KeyWrapper>] {
        let given = wrapper.key_id().to_owned();
        let refused = bench.try_open(wrapper).await.err();
        assert_eq!(refused, Some(OpenError::MasterKey { wanted: wanted.clone(), given }));
    }
    let silent = Holder::failing(&wanted, WrapError::Unavailable("it does not answer"));
    assert!(matches!(bench.try_open(silent).await.err(), Some(OpenError::Unavailable(_))));
    bench.open().await.close().await;
}

pub(crate) async fn a_newer_database_is_refused(bench: &Bench) {
    bench.open().await.close().await;
    bench
        .execute("INSERT INTO migrations (number, name, checksum, applied_at) SELECT 99, name, checksum, 0 FROM migrations WHERE number = 1")
        .await;
    let refused = bench.try_open(Arc::clone(&bench.wrapper)).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
    assert!(refused.to_string().contains("newer program"));
}

/// What an older version called an account.
struct Named;

impl Kind for Named {
    const NAME: &'static str = "account";
    type Sid = MessageSid;
    type Facts = Facts;
    type Content = Content;
}

/// Goal: no name stays in clear text in the index of a database that an older version wrote. Method: entries as that
/// version made them, more than one step takes, in the layout of that version.
pub(crate) async fn names_in_clear_of_an_older_version_become_digests(bench: &Bench) {
    const ENTRIES: u64 = 250;
    let scopes = [account(1), account(2)];
    let store = store_with(bench, scopes[0]).await;
    let mut batch = store.batch(scopes[1]);
    batch.create_scope(scopes[1]);
    let name = |number: u64| format!("Throckmorton {number}");
    let plain = |key, value: String| Index { key, value: IndexValue::Plain(value) };
    for scope in scopes {
        batch.in_scope(scope);
        for number in 0..ENTRIES {
            let mut new = message::<Named>(number, now(&store), "x");
            new.index = vec![plain("friendly_name", name(number)), plain("status", "active".into())];
            batch.insert::<Named>(new);
        }
    }
    store.commit(batch).await.unwrap();
    store.close().await;
    bench
        .execute(
            "DROP TABLE conversions; DROP INDEX documents_event; DROP TABLE counters; DROP TABLE events;
            DROP TABLE consumers; DROP TABLE delivery_counts; DROP TABLE disclosures;
            DELETE FROM migrations WHERE number >= 5",
        )
        .await;
    assert!(bench.keeps(b"Throckmorton").await, "as the older version left it");

    for _ in 0..2 {
        let store = bench.open().await;
        for scope in scopes {
            let scoped = store.scope(scope);
            for (filter, found) in [
                (Index { key: "friendly_name", value: scoped.free_text(&name(7)) }, 1),
                (plain("friendly_name", name(7)), 0),
                (plain("status", "active".into()), ENTRIES as usize),
            ] {
                let query = Query { filters: vec![filter], limit: 1_000, ..Query::default() };
                assert_eq!(scoped.list::<Named>(query).await.unwrap().documents.len(), found);
            }
        }
        store.close().await;
        assert!(!bench.keeps(b"Throckmorton").await);
        assert_eq!(bench.number("SELECT count(*) FROM conversions").await, 1);
    }
}

pub(crate) async fn an_altered_migration_is_refused(bench: &Bench) {
    bench.open().await.close().await;
    bench.execute("UPDATE migrations SET checksum = (SELECT mac FROM journal_head) WHERE number = 1").await;
    let refused = bench.try_open(Arc::clone(&bench.wrapper)).await.err();
    assert_eq!(refused, Some(OpenError::AlteredMigration { number: 1 }));
}

pub(crate) async fn a_closed_store_says_so(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let clone = store.clone();
    store.close().await;
    let mut batch = clone.batch(scope);
    batch.record(b"too late".to_vec());
    assert!(matches!(clone.commit(batch).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(clone.scope(scope).get::<Message>(sid(1)).await, Err(StoreError::Unavailable(_))));
}

pub(crate) async fn broken_connections_are_made_anew(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    for number in 1..=3 {
        bench.break_connections().await;
        let mut batch = store.batch(scope);
        batch.insert::<Message>(message(number, now(&store), "x"));
        batch.record(b"x".to_vec());
        assert_eq!(store.commit(batch).await.unwrap().sequences, [number]);
        bench.break_connections().await;
        assert!(store.scope(scope).get::<Message>(sid(number)).await.unwrap().is_some());
    }
    store.close().await;
}

/// Goal: acknowledged means on disk. Method: another process of this test writes and says what was
/// acknowledged; it is killed in the middle, and everything it said must be there.
pub(crate) async fn what_was_acknowledged_survives_a_kill(bench: &Bench) {
    let scope = account(1);
    store_with(bench, scope).await.close().await;
    let database = match &bench.database {
        Database::Sqlite(path) => path.display().to_string(),
        Database::Postgres(url) => url.clone(),
    };
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::victim", "--nocapture"])
        .env(VICTIM, database)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let acknowledged = |line: String| line.split_once("acknowledged ")?.1.parse::<u64>().ok();
    let mut said: Vec<u64> =
        lines.by_ref().map_while(Result::ok).filter_map(acknowledged).take(BEFORE_THE_KILL).collect();
    victim.kill().unwrap();
    said.extend(lines.map_while(Result::ok).filter_map(acknowledged));
    victim.wait().unwrap();
    assert!(said.len() >= BEFORE_THE_KILL);

    let store = bench.open().await;
    for number in &said {
        let found = store.scope(scope).get::<Message>(sid(*number)).await.unwrap();
        assert_eq!(found.as_ref().and_then(body).as_deref(), Some("acknowledged"), "{number}");
    }
    let head = store.journal().head().await.unwrap();
    let rows = store.journal().read(0, 10_000).await.unwrap();
    assert!(head.mac_valid && head.sequence == rows.len() as u64 && rows.len() >= said.len());
    store.close().await;
}

/// The process that is killed; without its variable it is no test at all.
#[test]
fn victim() {
    let Ok(database) = std::env::var(VICTIM) else { return };
    let is_url = database.contains("://") || database.contains('=');
    let database = if is_url { Database::Postgres(database) } else { Database::Sqlite(database.into()) };
    block_on(async move {
        let bench = Bench::on(database);
        let store = bench.open().await;
        let mut writers = Vec::new();
        for writer in 0..8_u64 {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                for number in 0..1_000 {
                    let number = writer * 1_000 + number;
                    let mut batch = store.batch(account(1));
                    batch.insert::<Message>(message(number, now(&store), "acknowledged"));
                    batch.record(number.to_be_bytes().to_vec());
                    store.commit(batch).await.unwrap();
                    writeln!(std::io::stdout(), "acknowledged {number}").unwrap();
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
    });
}
