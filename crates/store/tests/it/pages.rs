//! Lists: filters, ranges, keyset pages in both directions, and page tokens.

use std::time::Duration;

use base::Timestamp;
use store::{Cursor, Index, IndexValue, NewDocument, Query, Range, Store, StoreError};

use crate::harness::{Bench, Draft, Message, account, message, now, sid, store_with};

const DOCUMENTS: u64 = 1_000;

type Matches = Box<dyn Fn(u64) -> bool>;

fn entry(key: &'static str, value: String) -> Index {
    Index { key, value: IndexValue::Plain(value) }
}

/// A thousand messages with only twenty different times.
async fn filled(bench: &Bench) -> Store {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let start = now(&store);
    for chunk in 0..10 {
        let mut batch = store.batch(scope);
        for number in chunk * 100..(chunk + 1) * 100 {
            let at = start.plus(Duration::from_secs(number % 20));
            batch.insert::<Message>(NewDocument {
                parent: Some(format!("P{}", number % 3)),
                event_at: (number % 4 != 0).then(|| at.plus(Duration::from_secs(100))),
                index: vec![
                    entry("half", (number % 2).to_string()),
                    entry("fifth", (number % 5).to_string()),
                    entry("fifth", "any".into()),
                ],
                ..message(number, at, "x")
            });
        }
        store.commit(batch).await.unwrap();
    }
    store
}

/// All SID numbers that match, in the expected order.
fn expected(start: Timestamp, oldest_first: bool, matches: impl Fn(u64) -> bool) -> Vec<(Timestamp, String)> {
    let mut all: Vec<_> = (0..DOCUMENTS)
        .filter(|number| matches(*number))
        .map(|number| (start.plus(Duration::from_secs(number % 20)), sid(number).to_string()))
        .collect();
    all.sort();
    if !oldest_first {
        all.reverse();
    }
    all
}

async fn page(store: &Store, query: Query) -> (Vec<(Timestamp, String)>, Option<Cursor>, Option<Cursor>) {
    let listed = store.scope(account(1)).list::<Message>(query).await.unwrap();
    let rows = listed.documents.iter().map(|found| (found.created_at, found.sid.to_string())).collect();
    (rows, listed.next, listed.previous)
}

pub(crate) async fn pages_forward_and_backward_over_equal_times(bench: &Bench) {
    let store = filled(bench).await;
    let start = now(&store);
    let any = vec![entry("fifth", "any".into())];
    let two = vec![entry("fifth", "any".into()), entry("half", "1".into())];
    let always = Range::default();
    let since = Range { from: Some(start), until: None };
    for (filters, event, oldest_first, limit) in [
        (vec![], always, false, 70),
        (vec![], always, true, 250),
        (any.clone(), always, false, 333),
        (any.clone(), always, true, 70),
        (two.clone(), always, false, 70),
        (vec![], since, false, 70),
        (any, since, true, 70),
        (two.clone(), since, false, 33),
    ] {
        let (is_two, has_event) = (filters == two, event.from.is_some());
        let want = expected(start, oldest_first, |n| (!is_two || n % 2 == 1) && (!has_event || n % 4 != 0));
        let query = Query { filters, event, oldest_first, limit, ..Query::default() };
        let (mut forward, mut cursor, mut last_previous) = (Vec::new(), None, None);
        loop {
            let (rows, next, previous) = page(&store, Query { cursor, ..query.clone() }).await;
            assert_eq!(previous.is_some(), !forward.is_empty());
            forward.extend(rows);
            last_previous = previous.or(last_previous);
            if next.is_none() {
                break;
            }
            cursor = next;
        }
        assert_eq!(forward, want);

        let tail = match want.len() % limit {
            0 => limit,
            rest => rest,
        };
        let (mut backward, mut cursor) = (want[want.len() - tail..].to_vec(), last_previous);
        while cursor.is_some() {
            let (mut rows, next, previous) = page(&store, Query { cursor, ..query.clone() }).await;
            assert!(next.is_some());
            rows.extend(backward);
            backward = rows;
            cursor = previous;
        }
        assert_eq!(backward, want);
    }
    store.close().await;
}

pub(crate) async fn filters_and_ranges_hold_together(bench: &Bench) {
    let store = filled(bench).await;
    let start = now(&store);
    let second = |seconds| start.plus(Duration::from_secs(seconds));
    let limit = 1_000_000;
    let both = vec![entry("half", "1".into()), entry("fifth", "3".into())];
    let created = Range { from: Some(second(3)), until: Some(second(13)) };
    let event = Range { from: Some(second(105)), until: Some(second(110)) };

    let cases: Vec<(Query, Matches)> = vec![
        (Query { filters: both.clone(), ..Query::default() }, Box::new(|n| n % 2 == 1 && n % 5 == 3)),
        (Query { parent: Some("P2".into()), ..Query::default() }, Box::new(|n| n % 3 == 2)),
        (Query { created, ..Query::default() }, Box::new(|n| (3..13).contains(&(n % 20)))),
        (Query { event, ..Query::default() }, Box::new(|n| n % 4 != 0 && (5..10).contains(&(n % 20)))),
        (
            Query { filters: both.clone(), event, oldest_first: true, ..Query::default() },
            Box::new(|n| n % 4 != 0 && (5..10).contains(&(n % 20)) && n % 2 == 1 && n % 5 == 3),
        ),
        (
            Query {
                filters: both,
                parent: Some("P1".into()),
                created,
                oldest_first: true,
                ..Query::default()
            },
            Box::new(|n| n % 2 == 1 && n % 5 == 3 && n % 3 == 1 && (3..13).contains(&(n % 20))),
        ),
        (Query { filters: vec![entry("half", "2".into())], ..Query::default() }, Box::new(|_| false)),
    ];
    for (query, matches) in cases {
        let want = expected(start, query.oldest_first, matches);
        let (rows, next, previous) = page(&store, Query { limit, ..query }).await;
        assert_eq!(rows, want);
        assert_eq!((next, previous), (None, None));
    }
    let (rows, next, _) = page(&store, Query::default()).await;
    assert_eq!((rows.len(), next.is_some()), (1, true), "a limit of nothing is one row");
    let filters = vec![entry("half", "1".into()); store::limits::QUERY_FILTERS + 1];
    let refused = store.scope(account(1)).list::<Message>(Query { filters, ..Query::default() }).await;
    assert_eq!(refused.err(), Some(StoreError::TooLarge));
    store.close().await;
}

pub(crate) async fn entries_that_most_documents_have_are_looked_up_by_event_time(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    let start = now(&store);
    let count = store::limits::WALKED_ROWS + 100;
    for first in (0..count).step_by(1_000) {
        let mut batch = store.batch(scope);
        for number in first..count.min(first + 1_000) {
            batch.insert::<Message>(NewDocument {
                // The later they are made, the earlier they happen.
                event_at: Some(start.plus(Duration::from_secs(count - number))),
                index: vec![entry("all", "any".into()), entry("third", (number % 3).to_string())],
                content: None,
                ..message(number, start.plus(Duration::from_secs(number)), "x")
            });
        }
        store.commit(batch).await.unwrap();
    }
    let all = entry("all", "any".into());
    let event = Range { from: Some(start.plus(Duration::from_secs(50))), until: None };
    // One walks along the times, the other along the rarer entry; the order is the same.
    for (filters, step) in [(vec![all.clone()], 1), (vec![all, entry("third", "0".into())], 3)] {
        let query = Query { filters, event, oldest_first: true, limit: 40, ..Query::default() };
        let (first, next, _) = page(&store, query.clone()).await;
        let (second, _, previous) = page(&store, Query { cursor: next, ..query.clone() }).await;
        let (again, ..) = page(&store, Query { cursor: previous, ..query }).await;
        let newest = (0..=count - 50).rev().filter(|number| number % step == 0);
        let want: Vec<_> = newest.take(80).map(|number| sid(number).to_string()).collect();
        let got: Vec<_> = first.iter().chain(&second).map(|(_, sid)| sid.clone()).collect();
        assert_eq!(got, want);
        assert_eq!(again, first);
    }
    store.close().await;
}

pub(crate) async fn page_tokens_open_in_their_scope_and_kind_only(bench: &Bench) {
    let (ours, theirs) = (account(1), account(2));
    let store = store_with(bench, ours).await;
    let mut batch = store.batch(theirs);
    batch.create_scope(theirs);
    store.commit(batch).await.unwrap();

    let cursor = Cursor::new::<Message>(now(&store), sid(7), true);
    let token = store.scope(ours).seal_cursor(&cursor).await.unwrap();
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    bench.rotate(&store).await;
    assert_eq!(store.scope(ours).open_cursor(&token).await.unwrap(), cursor);
    assert_eq!(store.scope(theirs).open_cursor(&token).await, Err(StoreError::Sealed));
    for text in ["", "!", "AAAA", &token[..token.len() - 2], &"A".repeat(100_000)] {
        assert_eq!(store.scope(ours).open_cursor(text).await, Err(StoreError::Sealed));
    }
    let query = Query { cursor: Some(cursor), limit: 1, ..Query::default() };
    assert!(store.scope(ours).list::<Message>(query.clone()).await.is_ok());
    assert_eq!(store.scope(ours).list::<Draft>(query).await.err(), Some(StoreError::Sealed));
    store.close().await;
}
