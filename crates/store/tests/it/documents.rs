//! Documents: what is written is read back, by its scope alone, and nobody else reads it anywhere.

use base::Timestamp;
use phi::Phi;
use store::{Index, IndexValue, Name, NewDocument, Query, Scope, StoreError};

use crate::harness::{Bench, Content, Draft, Facts, Message, account, body, message, now, sid, store_with};

fn status(value: &str) -> Index {
    Index { key: "status", value: IndexValue::Plain(value.into()) }
}

pub(crate) async fn a_document_comes_back_as_it_was_written(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let event_at = Some(Timestamp::from_seconds(5));
    let mut batch = store.batch(scope);
    batch.insert::<Message>(NewDocument {
        parent: Some("SVx".into()),
        event_at,
        index: vec![status("queued")],
        ..message(1, now(&store), "hello")
    });
    batch.insert::<Message>(NewDocument { content: None, ..message(2, now(&store), "") });
    store.commit(batch).await.unwrap();

    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!((found.sid, found.revision, found.event_at), (sid(1), 1, event_at));
    assert_eq!((found.created_at, found.updated_at), (now(&store), now(&store)));
    assert_eq!(found.parent.as_deref(), Some("SVx"));
    assert_eq!(found.facts, Facts { status: "queued".into() });
    assert_eq!(body(&found).as_deref(), Some("hello"));
    let by_index =
        store.scope(scope).find::<Message>("status", IndexValue::Plain("queued".into())).await.unwrap();
    assert_eq!(by_index.map(|found| found.sid), Some(sid(1)));
    assert!(store.scope(scope).get::<Message>(sid(2)).await.unwrap().unwrap().content.is_none());
    assert!(store.scope(scope).get::<Message>(sid(3)).await.unwrap().is_none());
    assert!(store.scope(scope).get::<Draft>(sid(1)).await.unwrap().is_none());
    store.close().await;
}

pub(crate) async fn an_update_of_an_old_revision_conflicts_and_writes_nothing(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "hello"));
    store.commit(batch).await.unwrap();
    let old = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();

    bench.clock.advance(std::time::Duration::from_secs(1));
    let mut changed = old.clone();
    changed.facts.status = "sent".into();
    let mut batch = store.batch(scope);
    batch.update(&changed);
    store.commit(batch).await.unwrap();

    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(2, now(&store), "neighbour in the same batch"));
    batch.update(&old);
    assert_eq!(store.commit(batch).await, Err(StoreError::Conflict));
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!((found.facts.status.as_str(), found.revision), ("sent", 2));
    assert_eq!((found.created_at, found.updated_at), (old.created_at, now(&store)));
    assert_eq!(body(&found).as_deref(), Some("hello"));
    assert!(store.scope(scope).get::<Message>(sid(2)).await.unwrap().is_none());

    let mut batch = store.batch(scope);
    batch.delete(&old);
    assert_eq!(store.commit(batch).await, Err(StoreError::Conflict));
    store.close().await;
}

pub(crate) async fn a_taken_sid_or_name_exists(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let name = || Name::custom("person", "jane");
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "first"));
    batch.name(name(), "US1".into());
    store.commit(batch).await.unwrap();

    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "second"));
    assert_eq!(store.commit(batch).await, Err(StoreError::Exists));
    let mut batch = store.batch(Scope::SYSTEM);
    batch.name(name(), "US2".into());
    assert_eq!(store.commit(batch).await, Err(StoreError::Exists));

    let located = store.locate(&name()).await.unwrap().unwrap();
    assert_eq!((located.scope, located.sid.as_str()), (scope, "US1"));
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert_eq!(body(&found).as_deref(), Some("first"));

    let mut batch = store.batch(Scope::SYSTEM);
    batch.unname(name());
    store.commit(batch).await.unwrap();
    assert!(store.locate(&name()).await.unwrap().is_some(), "only its own scope gives a name up");
    let mut batch = store.batch(scope);
    batch.unname(name());
    store.commit(batch).await.unwrap();
    assert_eq!(store.locate(&name()).await.unwrap(), None);
    store.close().await;
}

pub(crate) async fn a_failing_batch_harms_no_neighbour(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut tasks = Vec::new();
    // Every SID is written twice, all at once: one of each pair fails, in whatever group it is.
    for number in 0..200_u64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut batch = store.batch(scope);
            batch.insert::<Message>(message(number / 2, now(&store), "x"));
            batch.record(number.to_be_bytes().to_vec());
            store.commit(batch).await
        }));
    }
    let (mut written, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => written += 1,
            Err(error) => {
                assert_eq!(error, StoreError::Exists);
                refused += 1;
            }
        }
    }
    assert_eq!((written, refused), (100, 100));
    assert_eq!(bench.number("SELECT count(*) FROM documents").await, 100);
    assert_eq!(store.journal().head().await.unwrap().sequence, 100);
    store.close().await;
}

pub(crate) async fn of_many_updates_of_one_revision_one_is_written(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(0, now(&store), "x"));
    store.commit(batch).await.unwrap();
    let document = store.scope(scope).get::<Message>(sid(0)).await.unwrap().unwrap();
    let mut tasks = Vec::new();
    for number in 1..=100_u64 {
        let (store, document) = (store.clone(), document.clone());
        tasks.push(tokio::spawn(async move {
            let mut batch = store.batch(scope);
            // With what is only added before the journal's head is locked, and what is changed after.
            batch.insert::<Message>(message(number, now(&store), "x"));
            batch.update(&document);
            batch.record(number.to_be_bytes().to_vec());
            store.commit(batch).await
        }));
    }
    let mut written = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => written += 1,
            Err(error) => assert_eq!(error, StoreError::Conflict),
        }
    }
    assert_eq!(written, 1);
    assert_eq!(bench.number("SELECT count(*) FROM documents").await, 2);
    assert_eq!(bench.number("SELECT max(revision) FROM documents").await, 2);
    assert_eq!(store.journal().head().await.unwrap().sequence, 1);
    store.close().await;
}

pub(crate) async fn shredded_content_is_gone_and_so_is_its_key(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "hello"));
    store.commit(batch).await.unwrap();
    let wrapped = bench.bytes("SELECT wrapped FROM document_keys").await;
    let content = bench.bytes("SELECT content FROM documents").await;

    let mut batch = store.batch(scope);
    batch.shred::<Message>(sid(1));
    store.commit(batch).await.unwrap();
    assert_eq!(bench.number("SELECT count(*) FROM document_keys").await, 0);
    assert_eq!(bench.number("SELECT count(*) FROM documents WHERE content IS NOT NULL").await, 0);
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    assert!(found.content.is_none());
    assert_eq!(found.facts.status, "queued");

    // A backup's sealed content is no use without the key.
    let hex = data_encoding::HEXLOWER.encode(&content);
    let literal = match bench.database {
        store::Database::Sqlite(_) => format!("x'{hex}'"),
        store::Database::Postgres(_) => format!("'\\x{hex}'"),
    };
    bench.execute(&format!("UPDATE documents SET content = {literal}")).await;
    assert!(store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap().content.is_none());
    store.close().await;
    assert!(!bench.keeps(&wrapped).await, "the wrapped key left the database's files");
}

pub(crate) async fn deleting_removes_row_index_and_key(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(NewDocument { index: vec![status("a")], ..message(1, now(&store), "x") });
    store.commit(batch).await.unwrap();
    let found = store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap();
    let mut batch = store.batch(scope);
    batch.delete(&found);
    store.commit(batch).await.unwrap();
    for table in ["documents", "document_index", "document_keys"] {
        assert_eq!(bench.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    store.close().await;
}

pub(crate) async fn reindexing_replaces_the_entries_of_one_key(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let other = Index { key: "color", value: IndexValue::Plain("red".into()) };
    let mut batch = store.batch(scope);
    let index = vec![status("a"), status("b"), other];
    batch.insert::<Message>(NewDocument { index, ..message(1, now(&store), "x") });
    store.commit(batch).await.unwrap();
    let mut batch = store.batch(scope);
    batch.reindex::<Message>(sid(1), "status", vec![IndexValue::Plain("c".into())]);
    store.commit(batch).await.unwrap();
    for (key, value, is_found) in
        [("status", "a", false), ("status", "b", false), ("status", "c", true), ("color", "red", true)]
    {
        let found = store.scope(scope).find::<Message>(key, IndexValue::Plain(value.into())).await.unwrap();
        assert_eq!(found.is_some(), is_found, "{key} {value}");
    }
    store.close().await;
}

pub(crate) async fn another_scope_sees_nothing(bench: &Bench) {
    let (ours, theirs) = (account(1), account(2));
    let store = store_with(bench, ours).await;
    let mut batch = store.batch(theirs);
    batch.create_scope(theirs);
    batch.in_scope(ours);
    batch.insert::<Message>(NewDocument { index: vec![status("a")], ..message(1, now(&store), "x") });
    store.commit(batch).await.unwrap();
    let found = store.scope(ours).get::<Message>(sid(1)).await.unwrap().unwrap();

    let scoped = store.scope(theirs);
    assert!(scoped.get::<Message>(sid(1)).await.unwrap().is_none());
    assert!(scoped.find::<Message>("status", IndexValue::Plain("a".into())).await.unwrap().is_none());
    assert!(scoped.list::<Message>(store::Query::default()).await.unwrap().documents.is_empty());
    let mut batch = store.batch(theirs);
    batch.update(&found);
    assert_eq!(store.commit(batch).await, Err(StoreError::Conflict));
    let mut batch = store.batch(theirs);
    batch.shred::<Message>(sid(1));
    store.commit(batch).await.unwrap();
    assert_eq!(body(&store.scope(ours).get::<Message>(sid(1)).await.unwrap().unwrap()).as_deref(), Some("x"));

    let digest = |key: &phi::DigestKey| key.digest("to", b"+14155550100");
    let ours = store.scope(ours).digest_key().await.unwrap();
    assert_ne!(digest(&ours), digest(&scoped.digest_key().await.unwrap()));
    assert_ne!(digest(&ours), store.system_digest("to", b"+14155550100"));
    store.close().await;
}

pub(crate) async fn a_row_moved_to_another_sid_does_not_open(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    batch.insert::<Message>(message(1, now(&store), "one"));
    batch.insert::<Message>(message(2, now(&store), "two"));
    store.commit(batch).await.unwrap();
    let swap = |column: &str| {
        format!(
            "UPDATE documents SET {column} = (SELECT o.{column} FROM documents o WHERE o.sid = '{}') WHERE sid = '{}'",
            sid(2),
            sid(1)
        )
    };
    bench.execute(&swap("content")).await;
    assert_eq!(store.scope(scope).get::<Message>(sid(1)).await.unwrap_err(), StoreError::Sealed);
    assert!(store.scope(scope).get::<Message>(sid(2)).await.is_ok());
    bench.execute("DELETE FROM document_keys").await;
    assert!(store.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap().content.is_none());
    bench.execute(&swap("facts")).await;
    assert_eq!(store.scope(scope).get::<Message>(sid(1)).await.unwrap_err(), StoreError::Sealed);
    store.close().await;
}

pub(crate) async fn no_plaintext_is_found_in_the_database(bench: &Bench) {
    const CANARIES: [&str; 5] = ["CANARYbody", "CANARYfact", "CANARYjob", "CANARYname", "CANARYindex"];
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let digests = store.scope(scope).digest_key().await.unwrap();
    let digest = digests.digest("to", b"CANARYindex");
    let mut batch = store.batch(scope);
    batch.insert::<Message>(NewDocument {
        facts: Facts { status: "CANARYfact".into() },
        content: Some(Phi::new(Content { body: "CANARYbody".into() })),
        index: vec![Index { key: "to", value: IndexValue::Digest(digest) }],
        ..message(1, now(&store), "")
    });
    batch.name(Name::custom("login", "CANARYname"), "US1".into());
    batch.enqueue(store::NewJob {
        queue: "send",
        lane: None,
        ordering_key: Some("CANARYjob".into()),
        due_at: now(&store),
        payload: b"CANARYjob".to_vec(),
    });
    batch.record(b"entries are kept as they are".to_vec());
    store.commit(batch).await.unwrap();
    let found = store.scope(scope).find::<Message>("to", IndexValue::Digest(digest)).await.unwrap();
    assert!(found.is_some());

    for canary in CANARIES {
        assert!(!bench.keeps(canary.as_bytes()).await, "{canary} while open");
    }
    assert!(bench.keeps(b"entries are kept as they are").await, "the search finds what is there");
    store.close().await;
    for canary in CANARIES {
        assert!(!bench.keeps(canary.as_bytes()).await, "{canary} after closing");
    }
}

pub(crate) async fn parent_and_child_are_written_in_two_scopes_at_once(bench: &Bench) {
    let (parent, child) = (account(1), account(2));
    let store = store_with(bench, parent).await;
    let mut batch = store.batch(parent);
    batch.insert::<Message>(message(1, now(&store), "parent's"));
    batch.create_scope(child);
    batch.in_scope(child).insert::<Message>(message(2, now(&store), "child's"));
    batch.name(Name::custom("account", "child"), "AC2".into());
    batch.record(b"child made".to_vec());
    store.commit(batch).await.unwrap();
    for (scope, number) in [(parent, 1), (child, 2)] {
        assert!(store.scope(scope).get::<Message>(sid(number)).await.unwrap().is_some());
    }
    assert_eq!(store.journal().read(0, 10).await.unwrap()[0].scope, child);
    assert_eq!(store.locate(&Name::custom("account", "child")).await.unwrap().unwrap().scope, child);

    let mut batch = store.batch(child);
    batch.create_scope(child);
    assert_eq!(store.commit(batch).await, Err(StoreError::Exists));
    store.close().await;
}

pub(crate) async fn oversized_batches_are_refused(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(scope);
    for number in 0..=store::limits::BATCH_STEPS {
        batch.record(number.to_be_bytes().to_vec());
    }
    assert_eq!(store.commit(batch).await, Err(StoreError::TooLarge));
    let mut batch = store.batch(scope);
    batch.record(vec![0; store::limits::BATCH_BYTES + 1]);
    assert_eq!(store.commit(batch).await, Err(StoreError::TooLarge));
    assert_eq!(store.journal().head().await.unwrap().sequence, 0);
    store.close().await;
}

pub(crate) async fn the_oldest_are_removed_with_their_index_and_keys(bench: &Bench) {
    let (scope, other) = (account(1), account(2));
    let store = store_with(bench, scope).await;
    let mut batch = store.batch(other);
    batch.create_scope(other);
    batch.insert::<Message>(message(100, Timestamp::from_seconds(1), "another scope"));
    batch.in_scope(scope).insert::<Draft>(message(100, Timestamp::from_seconds(1), "another kind"));
    for number in 0..10_u32 {
        let at = Timestamp::from_seconds(i64::from(number));
        let entry = Index { key: "status", value: IndexValue::Plain("queued".into()) };
        let new = message(u64::from(number), at, "text");
        batch.insert::<Message>(NewDocument { index: vec![entry], ..new });
    }
    store.commit(batch).await.unwrap();
    assert_eq!(store.scopes().await.unwrap().len(), 3);
    let scoped = store.scope(scope);
    let left = async || {
        let documents =
            scoped.list::<Message>(Query { limit: 100, ..Query::default() }).await.unwrap().documents;
        documents.iter().map(|document| document.created_at.seconds()).collect::<Vec<_>>()
    };
    let at = Timestamp::from_seconds;
    // (before, newest to keep, at most) and what is removed and left.
    for (before, keep, limit, removed, first) in [
        (at(0), 100, 100, 0, 0),
        (at(5), 100, 2, 2, 2),
        (at(5), 100, 100, 3, 5),
        (at(0), 3, 100, 2, 7),
        (at(0), 3, 100, 0, 7),
    ] {
        assert_eq!(scoped.expire::<Message>(before, keep, limit).await.unwrap(), removed);
        assert_eq!(left().await.last(), Some(&first));
    }
    assert_eq!(bench.number("SELECT count(*) FROM document_index").await, 3);
    assert_eq!(bench.number("SELECT count(*) FROM document_keys").await, 5);
    assert!(store.scope(other).get::<Message>(sid(100)).await.unwrap().is_some());
    store.close().await;
}
