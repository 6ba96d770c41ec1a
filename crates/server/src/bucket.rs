//! Where media are: the folder, or the bucket that the configuration names.

use blobs::{Blobs, BucketConfig};

use crate::config::BucketSettings;
use crate::data_folder::DataFolder;
use crate::holders::{authority, credentials};
use crate::problem::{Problem, Result};

/// The place of media. A bucket is not asked yet.
///
/// # Errors
/// When the folder cannot be used, or the settings of the bucket cannot be right.
pub(crate) fn place(settings: &BucketSettings, data: &DataFolder) -> Result<Blobs> {
    bucket(settings)?.map_or_else(|| data.blobs(), Ok)
}

/// The bucket, when there is to be one.
///
/// # Errors
/// When its settings cannot be right, or a file that they name cannot be read.
pub(crate) fn bucket(settings: &BucketSettings) -> Result<Option<Blobs>> {
    let (Some(bucket), Some(region)) = (&settings.bucket, &settings.region) else { return Ok(None) };
    let config = BucketConfig {
        bucket: bucket.clone(),
        region: region.clone(),
        endpoint: settings.endpoint.clone(),
        prefix: settings.prefix.clone().unwrap_or_default(),
        roots: authority(settings.ca.as_deref())?,
        credentials: credentials("blobs", settings.credentials_file.as_deref(), &settings.profile)?,
        timeout: settings.timeout,
    };
    Blobs::in_bucket(config).map(Some).map_err(|problem| Problem::new(format!("[blobs]: {problem}")))
}
