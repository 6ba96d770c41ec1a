//! The holders of the master key that the configuration names, made ready to be asked.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base::SystemClock;
use kms::{AwsKms, AwsKmsConfig, CredentialSource, Credentials, VaultConfig, VaultLogin, VaultTransit};
use phi::{KeyWrapper, Keyring};
use zeroize::Zeroizing;

use crate::config::{self, Holder, Keys};
use crate::data_folder::DataFolder;
use crate::environment::variable;
use crate::problem::{Problem, Result};

/// The present holder together with the earlier ones. `given` is the environment's master key. No service is
/// asked yet.
///
/// # Errors
/// When a holder's settings or files cannot be used.
pub(crate) fn keyring(keys: &Keys, data: &DataFolder, given: Option<&str>) -> Result<Arc<dyn KeyWrapper>> {
    let first = holder(keys.holder, keys, data, given)?;
    if keys.earlier.is_empty() {
        return Ok(first);
    }
    let earlier = keys.earlier.iter().map(|earlier| holder(*earlier, keys, data, given));
    Ok(Arc::new(Keyring::new(first, earlier.collect::<Result<_>>()?)))
}

fn holder(kind: Holder, keys: &Keys, data: &DataFolder, given: Option<&str>) -> Result<Arc<dyn KeyWrapper>> {
    match kind {
        Holder::File => data.master_key(given),
        Holder::Vault => vault(&keys.vault),
        Holder::AwsKms => aws_kms(&keys.aws_kms),
    }
}

fn vault(settings: &config::Vault) -> Result<Arc<dyn KeyWrapper>> {
    let login = match (&settings.token_file, &settings.role_id, &settings.secret_id_file) {
        (Some(path), ..) => VaultLogin::TokenFile(path.clone()),
        (None, Some(role_id), Some(secret_id_file)) => VaultLogin::AppRole {
            mount: settings.role_mount.clone(),
            role_id: role_id.clone(),
            secret_id_file: secret_id_file.clone(),
        },
        _ => return Err(Problem::new("[vault]: give `token_file`, or `role_id` and `secret_id_file`")),
    };
    let config = VaultConfig {
        address: required(&settings.address, "[vault]: give `address`")?,
        roots: authority(settings.ca.as_deref())?,
        namespace: settings.namespace.clone(),
        mount: settings.mount.clone(),
        key: settings.key.clone(),
        binding: settings.binding,
        login,
        timeout: settings.timeout,
    };
    let transit = VaultTransit::new(config).map_err(|problem| Problem::new(format!("[vault]: {problem}")))?;
    Ok(Arc::new(transit))
}

fn aws_kms(settings: &config::AwsKms) -> Result<Arc<dyn KeyWrapper>> {
    let credentials = credentials("aws_kms", settings.credentials_file.as_deref(), &settings.profile)?;
    let config = AwsKmsConfig {
        region: required(&settings.region, "[aws_kms]: give `region`")?,
        key_id: required(&settings.key, "[aws_kms]: give `key`")?,
        endpoint: settings.endpoint.clone(),
        roots: authority(settings.ca.as_deref())?,
        credentials,
        timeout: settings.timeout,
    };
    let key = AwsKms::new(config, Arc::new(SystemClock));
    Ok(Arc::new(key.map_err(|problem| Problem::new(format!("[aws_kms]: {problem}")))?))
}

/// Credentials from a file, else from the environment; `section` is what they are for.
pub(crate) fn credentials(section: &str, file: Option<&Path>, profile: &str) -> Result<CredentialSource> {
    match file {
        Some(path) => Ok(CredentialSource::File { path: path.to_owned(), profile: profile.to_owned() }),
        None => credentials_of_environment(section).map(CredentialSource::Given),
    }
}

fn credentials_of_environment(section: &str) -> Result<Credentials> {
    match (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?) {
        (Some(access_key_id), Some(secret)) => Ok(Credentials {
            access_key_id,
            secret_access_key: Zeroizing::new(secret),
            session_token: variable("AWS_SESSION_TOKEN")?.map(Zeroizing::new),
        }),
        _ => Err(Problem::new(format!(
            "[{section}]: give `credentials_file`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ))),
    }
}

fn required(setting: &Option<String>, problem: &str) -> Result<String> {
    setting.clone().ok_or_else(|| Problem::new(problem))
}

/// The PEM text of an authority.
pub(crate) fn authority(path: Option<&Path>) -> Result<Option<String>> {
    let read =
        |path: &Path| fs::read_to_string(path).map_err(|error| Problem::file("cannot read", path, &error));
    path.map(read).transpose()
}
