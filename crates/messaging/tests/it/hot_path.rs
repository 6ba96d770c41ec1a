//! What a message costs the database, counted and not timed: one statement, transaction or fsync more on the hot path
//! fails here. Whoever changes a figure knowingly writes the new one, and says why in the commit.
//!
//! Messages go one after the other, so nothing shares a commit; that many at once do is tested where groups are made
//! (`store`: a group is one commit, and sends as many statements as one batch).

use messaging::carrier::Receipt;
use test_kit::TestDatabase;

use crate::site::Site;

/// Statements that read, statements of transactions that write, those transactions, and commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    reads: u64,
    statements: u64,
    transactions: u64,
    commits: u64,
}

/// From the request to the answer.
const ACCEPTED_SQLITE: Cost = Cost { reads: 1, statements: 13, transactions: 1, commits: 1 };
const ACCEPTED_POSTGRES: Cost = Cost { reads: 4, statements: 9, transactions: 1, commits: 1 };
/// From the request to the receipt, without a callback: accepted, leased, handed over, sent, delivered; how often idle workers look is the machine's, so reads do not count.
const CARRIED_SQLITE: Cost = Cost { reads: 0, statements: 27, transactions: 5, commits: 5 };
const CARRIED_POSTGRES: Cost = Cost { reads: 0, statements: 26, transactions: 5, commits: 5 };
/// Messages before those that are counted: accounts and keys are remembered from then on.
const WARMING: usize = 2;
const COUNTED: usize = 3;

fn so_far(site: &Site) -> Cost {
    let measures = site.app.services.store.measures();
    Cost {
        reads: measures.reads.value(),
        statements: measures.statements.value(),
        transactions: measures.transactions.value(),
        commits: measures.sync_time.read().1.iter().sum(),
    }
}

fn since(site: &Site, before: Cost) -> Cost {
    let now = so_far(site);
    Cost {
        reads: now.reads - before.reads,
        statements: now.statements - before.statements,
        transactions: now.transactions - before.transactions,
        commits: now.commits - before.commits,
    }
}

async fn accepting_costs(site: &Site, expected: Cost) {
    let callback = site.sink.url("/status");
    for message in 0..WARMING + COUNTED {
        let before = so_far(site);
        site.accepted(&site.app.hipaa, "Hello", &[("StatusCallback", &callback)]).await;
        assert!(message < WARMING || since(site, before) == expected, "{:?}", since(site, before));
    }
}

async fn carrying_costs(site: &mut Site, expected: Cost) {
    site.run();
    for message in 0..WARMING + COUNTED {
        let owner = &site.app.owner;
        let before = so_far(site);
        let sid = site.accepted(owner, "Hello", &[]).await;
        site.settle().await;
        site.receipt(owner, sid, Receipt::Delivered).await;
        site.settle().await;
        let mut cost = since(site, before);
        cost.reads = 0;
        assert!(message < WARMING || cost == expected, "{cost:?}");
    }
    site.stop().await;
}

#[tokio::test]
async fn accepting_a_message_on_sqlite_is_one_transaction_of_so_many_statements() {
    accepting_costs(&Site::idle().await, ACCEPTED_SQLITE).await;
}

#[tokio::test]
async fn accepting_a_message_on_postgres_is_one_transaction_of_so_many_statements() {
    let Some(database) = TestDatabase::create() else { return };
    accepting_costs(&Site::idle_on(&database).await, ACCEPTED_POSTGRES).await;
}

#[tokio::test]
async fn carrying_a_message_on_sqlite_is_so_many_transactions() {
    carrying_costs(&mut Site::idle().await, CARRIED_SQLITE).await;
}

#[tokio::test]
async fn carrying_a_message_on_postgres_is_so_many_transactions() {
    let Some(database) = TestDatabase::create() else { return };
    carrying_costs(&mut Site::idle_on(&database).await, CARRIED_POSTGRES).await;
}
