//! The section `[blobs]`: a bucket in place of the folder of media.

use std::path::PathBuf;
use std::time::Duration;

use super::sections::{Key, Section};

/// Which bucket; none, and media are in the data folder. Paths are not opened yet.
#[derive(Clone, Debug)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Another endpoint than AWS's of the region.
    pub endpoint: Option<String>,
    /// What all names begin with.
    pub prefix: Option<String>,
    /// The authority of the endpoint's certificate (PEM).
    pub ca: Option<PathBuf>,
    /// A file in the shared format of AWS.
    pub credentials_file: Option<PathBuf>,
    /// The profile in it.
    pub profile: String,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self {
            bucket: None,
            region: None,
            endpoint: None,
            prefix: None,
            ca: None,
            credentials_file: None,
            profile: "default".to_owned(),
            timeout: blobs::limits::REQUEST,
        }
    }
}

pub(super) const SECTION: Section = Section {
    name: "blobs",
    about: "A bucket that speaks S3 for media, in place of the data folder (docs/media.md). Media are sealed before they leave.",
    keys: &[
        Key::new("bucket", "Its name.", "\"clinic-media\"", |config, value| {
            config.blobs.bucket = Some(value.text()?.to_owned());
            Ok(())
        })
        .default("none: media are in the data folder"),
        Key::new("region", "Its region.", "\"eu-central-1\"", |config, value| {
            config.blobs.region = Some(value.text()?.to_owned());
            Ok(())
        }),
        Key::new(
            "endpoint",
            "Another endpoint than AWS's; the bucket is the first part of the path there. Plain http only on this machine.",
            "\"https://s3.example.org:9000\"",
            |config, value| {
                config.blobs.endpoint = Some(value.text()?.to_owned());
                Ok(())
            },
        )
        .default("AWS's of the region"),
        Key::new(
            "prefix",
            "What all names in it begin with: servers with databases of their own need one each.",
            "\"switchward/main\"",
            |config, value| {
                config.blobs.prefix = Some(value.text()?.to_owned());
                Ok(())
            },
        ),
        Key::new("ca", "Authority (PEM) of the endpoint's certificate.", "\"s3-ca.pem\"", |config, value| {
            config.blobs.ca = Some(value.path()?);
            Ok(())
        })
        .default("the public ones"),
        Key::new(
            "credentials_file",
            "File with credentials in the shared format, read for each request.",
            "\"/etc/switchward/s3-credentials\"",
            |config, value| {
                config.blobs.credentials_file = Some(value.path()?);
                Ok(())
            },
        )
        .default("the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"),
        Key::new("profile", "The profile in it.", "\"switchward\"", |config, value| {
            config.blobs.profile = value.text()?.to_owned();
            Ok(())
        })
        .default("default"),
        Key::new(
            "timeout_s",
            "Seconds that one request may take, with all that it brings.",
            "10",
            |config, value| {
                config.blobs.timeout = value.number(0.1..=60.0).map(Duration::from_secs_f64)?;
                Ok(())
            },
        )
        .default("15"),
    ],
};
