//! A database of its own on the PostgreSQL server for tests, and everything that lies in it.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt;
use tokio_postgres::{Client, NoTls};

/// Names the server: the URL of a superuser.
const SERVER: &str = "SWITCHWARD_TEST_POSTGRES";
/// Bytes of a server's log that are looked at: tests beside this one write to it as well.
const LOG_BYTES: usize = 32 * 1024 * 1024;

/// A new database, removed when dropped. Its methods may block, so that tests with and without a runtime use them alike.
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// `None` when there is no server to make it on, which is told.
    ///
    /// # Panics
    /// When the server does not make it.
    #[expect(clippy::disallowed_methods, reason = "the test server is named by the environment")]
    #[expect(clippy::print_stderr, reason = "what does not run is told")]
    pub fn create() -> Option<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} is not set");
            return None;
        };
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let database = Self { server, name: format!("switchward_kit_{}_{number}", std::process::id()) };
        database.drop_it();
        database
            .on_server(&format!("CREATE DATABASE {}", database.name))
            .expect("the server makes databases");
        Some(database)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        let (url, options) =
            self.server.split_once('?').map_or((&*self.server, None), |(url, options)| (url, Some(options)));
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..].find('/').map_or(url.len(), |at| start + at);
        let options = options.map(|options| format!("?{options}")).unwrap_or_default();
        format!("{}/{}{options}", &url[..end], self.name)
    }

    /// Every table's name and bytes, as PostgreSQL's binary form has them: values as they are, nothing encoded.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn tables(&self) -> Vec<(String, Vec<u8>)> {
        blocking(&self.url(), async |client| {
            let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
            let mut tables = Vec::new();
            for row in client.query(names, &[]).await? {
                let name: String = row.get(0);
                let copy = client.copy_out(&format!("COPY {name} TO STDOUT (FORMAT binary)")).await?;
                let (mut copy, mut bytes) = (pin!(copy), Vec::new());
                while let Some(chunk) = copy.next().await {
                    bytes.extend_from_slice(&chunk?);
                }
                tables.push((name, bytes));
            }
            Ok(tables)
        })
        .expect("the tables can be read")
    }

    /// Where the log ends now.
    ///
    /// # Panics
    /// When the server does not say.
    pub fn log_position(&self) -> String {
        self.word("SELECT pg_current_wal_insert_lsn()::text")
    }

    /// What the server has written to its log since this position, for all databases and up to 32 MiB; `None`
    /// when its folder cannot be read from here.
    ///
    /// # Panics
    /// When the server does not say where its log is.
    pub fn log_since(&self, position: &str) -> Option<Vec<u8>> {
        // Only what is flushed is in the files.
        self.word("SELECT pg_switch_wal()::text");
        let folder = PathBuf::from(self.word("SELECT current_setting('data_directory')")).join("pg_wal");
        std::fs::read_dir(&folder).ok()?;
        let sql = format!(
            "SELECT pg_walfile_name(lsn + 1) || ' ' || greatest('{position}'::pg_lsn - lsn, 0)::bigint::text
             FROM (SELECT '0/0'::pg_lsn + size * generate_series(div('{position}'::pg_lsn - '0/0'::pg_lsn, size),
                 div(pg_current_wal_flush_lsn() - '0/0'::pg_lsn - 1, size)) AS lsn
             FROM (SELECT setting::numeric AS size FROM pg_settings WHERE name = 'wal_segment_size') s) l"
        );
        let segments = blocking(&self.url(), async |client| {
            let rows = client.query(&sql, &[]).await?;
            Ok(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>())
        });
        let mut log = Vec::new();
        for segment in segments.expect("the server says") {
            let (name, offset) = segment.split_once(' ').expect("two words");
            let mut bytes = std::fs::read(folder.join(name)).unwrap_or_default();
            // The end of a segment that was not filled is zeros.
            bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            log.extend(bytes.into_iter().skip(offset.parse().expect("a number")));
        }
        log.truncate(LOG_BYTES);
        Some(log)
    }

    /// Puts two words into a table of their own, one as text and one as bytes.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn plant(&self, text: &str, bytes: &str) {
        blocking(&self.url(), async |client| {
            client.batch_execute("CREATE TABLE planted (text text, bytes bytea)").await?;
            client.execute("INSERT INTO planted VALUES ($1, $2)", &[&text, &bytes.as_bytes()]).await
        })
        .expect("it can be written");
    }

    /// What a query finds, each row as JSON.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn json(&self, query: &str) -> Vec<serde_json::Value> {
        let sql = format!("SELECT row_to_json(found)::text FROM ({query}) found");
        let rows = blocking(&self.url(), async |client| {
            let rows = client.query(&sql, &[]).await?;
            Ok(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>())
        });
        let rows = rows.expect("the server answers");
        rows.iter().map(|row| serde_json::from_str(row).expect("it is JSON")).collect()
    }

    /// Where the server listens, the database's name, and as whom tests log in: the server's superuser, without a password.
    ///
    /// # Panics
    /// When the server's URL does not say.
    pub fn place(&self) -> (String, u16, String, String) {
        let url = url::Url::parse(&self.server).expect("a URL");
        let host = url.host_str().expect("a host").to_owned();
        (host, url.port().unwrap_or(5432), self.name.clone(), url.username().to_owned())
    }

    fn word(&self, sql: &str) -> String {
        blocking(&self.url(), async |client| Ok(client.query_one(sql, &[]).await?.get(0)))
            .expect("the server says")
    }

    fn on_server(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        blocking(&self.server, async |client| client.batch_execute(sql).await)
    }

    fn drop_it(&self) {
        // What cannot be dropped is left behind, which fails no test.
        drop(self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.drop_it();
    }
}

/// Runs `work` on a connection, on a thread of its own: the caller's may belong to a runtime.
fn blocking<T: Send>(
    url: &str,
    work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error> + Send,
) -> Result<T, tokio_postgres::Error> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
                tokio::spawn(connection);
                work(&client).await
            })
        });
        thread.join().expect("it does not panic")
    })
}
