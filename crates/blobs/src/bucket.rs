//! A bucket that speaks S3 in place of the folder: where it is, who we are there, and what may go wrong.
//!
//! What a blob is does not change: it is sealed before it leaves, so the bucket holds noise under names made of SIDs. Of
//! `object_store` only the protocol is taken; connections are ours (`client`), so that there is one TLS and one HTTP in
//! the program, and every request has its end.

mod client;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kms::CredentialSource;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, CredentialProvider, RetryConfig};
use url::{Host, Url};

use crate::Blobs;
use crate::limits;
use client::Client;

/// Which bucket.
#[derive(Clone, Debug)]
pub struct BucketConfig {
    /// Its name.
    pub bucket: String,
    /// Its region, for example `us-east-1`; what the service calls it where there are none.
    pub region: String,
    /// Another endpoint than AWS's of the region: `https://host[:port]`, or `http` on this machine. The bucket is the first
    /// part of the path there.
    pub endpoint: Option<String>,
    /// What all names begin with: plain words with slashes between; none when empty.
    pub prefix: String,
    /// PEM of the authority of the endpoint's certificate; the public ones when absent.
    pub roots: Option<String>,
    /// Who we are.
    pub credentials: CredentialSource,
    /// How long one request may take, the whole answer included; usually [`limits::REQUEST`].
    pub timeout: Duration,
}

/// What is wrong with a bucket's settings. Never holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketProblem(&'static str);

impl fmt::Display for BucketProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BucketProblem {}

impl Blobs {
    /// Blobs in a bucket. It is not asked yet.
    ///
    /// # Errors
    /// [`BucketProblem`] when the settings cannot be right.
    pub fn in_bucket(config: BucketConfig) -> Result<Self, BucketProblem> {
        let BucketConfig { bucket, region, endpoint, prefix, roots: authority, credentials, timeout } =
            config;
        check_names(&bucket, &region, &prefix)?;
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let endpoint = checked_endpoint(&endpoint)?;
        let client = Client::new(authority.as_deref(), timeout)?;
        let store = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_endpoint(endpoint.as_str().trim_end_matches('/'))
            .with_allow_http(endpoint.scheme() == "http")
            .with_virtual_hosted_style_request(false)
            .with_credentials(Arc::new(Ours(credentials)))
            .with_http_connector(client)
            .with_disable_bulk_delete(true)
            .with_retry(retries())
            .build()
            .map_err(|_| BucketProblem("its settings do not fit together"))?;
        match prefix.as_str() {
            "" => Ok(Self::in_objects(Arc::new(store))),
            prefix => Ok(Self::in_objects(Arc::new(PrefixStore::new(store, Path::from(prefix))))),
        }
    }
}

/// Names as they may stand in a URL without being escaped: then every service signs them alike.
fn check_names(bucket: &str, region: &str, prefix: &str) -> Result<(), BucketProblem> {
    let made_of = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
    };
    if !(3..=63).contains(&bucket.len()) || !made_of(bucket, b"-.") {
        return Err(BucketProblem("its name is not that of a bucket: 3 to 63 of a-z, 0-9, - and ."));
    }
    if region.is_empty() || !made_of(region, b"-") {
        return Err(BucketProblem("its region has characters that cannot be in one"));
    }
    let is_word = |word: &str| {
        !word.is_empty() && made_of(&word.to_ascii_lowercase(), b"-_.") && !matches!(word, "." | "..")
    };
    let is_plain = prefix.is_empty() || prefix.split('/').all(is_word);
    if !is_plain || prefix.len() > limits::PREFIX_CHARACTERS {
        return Err(BucketProblem("its prefix is not made of plain words with slashes between"));
    }
    Ok(())
}

/// Names hold SIDs and requests hold our signature: nothing goes over a network in the open.
fn checked_endpoint(text: &str) -> Result<Url, BucketProblem> {
    let url = Url::parse(text).map_err(|_| BucketProblem("its endpoint is not a URL"))?;
    let is_here = match url.host() {
        None => return Err(BucketProblem("its endpoint names no host")),
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    };
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(BucketProblem("its endpoint is more than scheme, host and port"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(BucketProblem("its endpoint is not https")),
    }
}

/// A little patience: whoever waits for a blob has a deadline too, and work in queues is tried again by these.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { init_backoff: limits::PAUSE, max_backoff: limits::LONGEST_PAUSE, base: 2.0 },
        max_retries: limits::RETRIES,
        retry_timeout: limits::RETRYING,
    }
}

/// Our credentials, read again for each request when they stand in a file.
#[derive(Debug)]
struct Ours(CredentialSource);

/// The future of `object_store`'s interface.
type Given<'a> =
    std::pin::Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl CredentialProvider for Ours {
    type Credential = AwsCredential;

    fn get_credential<'a, 'b>(&'a self) -> Given<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async {
            let found = self.0.read().map_err(|error| object_store::Error::Unauthenticated {
                path: String::new(),
                source: error.to_string().into(),
            })?;
            Ok(Arc::new(AwsCredential {
                key_id: found.access_key_id.clone(),
                secret_key: found.secret_access_key.to_string(),
                token: found.session_token.as_ref().map(|token| token.to_string()),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use kms::Credentials;
    use zeroize::Zeroizing;

    use super::*;

    fn config() -> BucketConfig {
        let secret_access_key = Zeroizing::new("secret".to_owned());
        let given = Credentials { access_key_id: "id".to_owned(), secret_access_key, session_token: None };
        BucketConfig {
            bucket: "clinic-media".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            prefix: String::new(),
            roots: None,
            credentials: CredentialSource::Given(given),
            timeout: limits::REQUEST,
        }
    }

    #[test]
    fn takes_https_anywhere_and_http_on_this_machine_alone() {
        for (endpoint, is_taken) in [
            ("https://s3.example.org", true),
            ("https://s3.example.org:9000/", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost:9000", true),
            ("http://s3.example.org", false),
            ("http://10.0.0.1:9000", false),
            ("http://localhost.example.org", false),
            ("https://s3.example.org/bucket", false),
            ("https://s3.example.org?x", false),
            ("https://id:secret@s3.example.org", false),
            ("s3://bucket", false),
            ("bucket", false),
        ] {
            let taken = Blobs::in_bucket(BucketConfig { endpoint: Some(endpoint.to_owned()), ..config() });
            assert_eq!(taken.is_ok(), is_taken, "{endpoint}");
        }
    }

    #[test]
    fn names_are_plain() {
        assert!(Blobs::in_bucket(config()).is_ok());
        for prefix in ["a", "a/b", "Clinic_1/media.2"] {
            assert!(
                Blobs::in_bucket(BucketConfig { prefix: prefix.to_owned(), ..config() }).is_ok(),
                "{prefix}"
            );
        }
        for prefix in ["/", "a/", "/a", "a//b", "..", "a/../b", "a b", "ä"] {
            let problem = Blobs::in_bucket(BucketConfig { prefix: prefix.to_owned(), ..config() });
            assert!(problem.is_err(), "{prefix}");
        }
        for bucket in ["", "ab", "Clinic", "a/b", "a b c"] {
            assert!(
                Blobs::in_bucket(BucketConfig { bucket: bucket.to_owned(), ..config() }).is_err(),
                "{bucket}"
            );
        }
        assert!(Blobs::in_bucket(BucketConfig { region: "a.b/".to_owned(), ..config() }).is_err());
        assert!(Blobs::in_bucket(BucketConfig { roots: Some("no".to_owned()), ..config() }).is_err());
    }
}
