//! The data folder: the database, the master key, the operator's token, the private CA, and what
//! `init` made. Everything secret in it is a file that only this user may read.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::Secret;
use backup::SecretFile;
use base::Random;
use blobs::Blobs;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use phi::{DataKey, KEY_BYTES, KeyWrapper, LocalKey, SystemRandom};
use serde::{Deserialize, Serialize};
use store::Database;
use zeroize::Zeroizing;

use crate::problem::{Problem, Result};
use crate::secret_file;

const DATABASE_FILE: &str = "switchward.db";
/// Media, sealed.
const BLOBS_FOLDER: &str = "blobs";
const MASTER_KEY_FILE: &str = "master.key";
const OPERATOR_TOKEN_FILE: &str = "operator.token";
const FIRST_ACCOUNT_FILE: &str = "first-account.json";
const CA_FILE: &str = "ca.pem";

/// What a backup takes along besides the database.
const FILES_FOR_BACKUP: [&str; 4] = [OPERATOR_TOKEN_FILE, FIRST_ACCOUNT_FILE, CA_FILE, "ca.key"];

/// Mode of a folder that we make.
const FOLDER_MODE: u32 = 0o700;
/// Permission bits with which others could put files of their own in place of ours.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A data folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at `path`, made if absent.
    ///
    /// # Errors
    /// When it cannot be made, or others may write into it.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .mode(FOLDER_MODE)
            .recursive(true)
            .create(path)
            .map_err(|error| Problem::file("cannot create the data folder", path, &error))?;
        Self::open(path)
    }

    /// The folder at `path`, which must exist.
    ///
    /// # Errors
    /// When it does not exist, or others may write into it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Problem::file("cannot use the data folder", path, &error);
        let path = path.canonicalize().map_err(failed)?;
        let metadata = fs::metadata(&path).map_err(failed)?;
        if !metadata.is_dir() {
            return Err(Problem::new(format!("{} is not a folder", path.display())));
        }
        if metadata.permissions().mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(Problem::new(format!(
                "other users may write into {}: `chmod 700` it",
                path.display()
            )));
        }
        Ok(Self(path))
    }

    /// Where it is: absolute, without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The certificate of the private CA.
    pub(crate) fn ca_certificate(&self) -> PathBuf {
        self.0.join(CA_FILE)
    }

    /// The file of the database.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.0.join(DATABASE_FILE)
    }

    /// Where media are kept; made on first use.
    ///
    /// # Errors
    /// When the folder cannot be made or used.
    pub(crate) fn blobs(&self) -> Result<Blobs> {
        let path = self.0.join(BLOBS_FOLDER);
        Blobs::in_folder(&path)
            .map_err(|error| Problem::file("cannot use the folder of media", &path, &error))
    }

    /// The database: the one at `url`, else the file in this folder.
    pub(crate) fn database(&self, url: Option<&str>) -> Database {
        match url {
            Some(url) => Database::Postgres(url.to_owned()),
            None => Database::Sqlite(self.database_file()),
        }
    }

    /// The master key: `given` (the environment's) if any, else the folder's, made on first use.
    ///
    /// # Errors
    /// When it is malformed or readable by others, or is missing although there is a database.
    pub(crate) fn master_key(&self, given: Option<&str>) -> Result<Arc<dyn KeyWrapper>> {
        if let Some(text) = given {
            let bytes = parse_key(text).ok_or_else(|| {
                Problem::new("SWITCHWARD_MASTER_KEY must be 32 bytes, written in base64 or hexadecimal")
            })?;
            return Ok(Arc::new(LocalKey::new(bytes)));
        }
        let path = self.0.join(MASTER_KEY_FILE);
        let malformed = || Problem::new(format!("{} holds no master key", path.display()));
        if let Some(text) = secret_file::read(&path)? {
            return Ok(Arc::new(LocalKey::new(parse_key(&text).ok_or_else(malformed)?)));
        }
        if self.database_file().exists() {
            return Err(Problem::new(format!(
                "{} is missing although there is a database that needs it: restore it, set SWITCHWARD_MASTER_KEY, or name what holds the master key with `--config FILE`",
                path.display()
            )));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        SystemRandom.fill(bytes.as_mut());
        let text = Zeroizing::new(format!("{}\n", HEXLOWER.encode(bytes.as_ref())));
        secret_file::create(&path, &text)?;
        // Read back even when we were first: what stands in the file is what counts.
        let text = secret_file::read(&path)?.ok_or_else(malformed)?;
        Ok(Arc::new(LocalKey::new(parse_key(&text).ok_or_else(malformed)?)))
    }

    /// Whether the folder has a master key.
    pub(crate) fn has_master_key(&self) -> bool {
        self.0.join(MASTER_KEY_FILE).exists()
    }

    /// Whether this is the name of the master key's file.
    pub(crate) fn is_master_key(name: &OsStr) -> bool {
        name == MASTER_KEY_FILE
    }

    /// Takes the master key from a file of the operator's.
    ///
    /// # Errors
    /// When it holds none, is readable by others, or the folder has another one.
    pub(crate) fn take_master_key(&self, from: &Path) -> Result<()> {
        let text = secret_file::read_given(from)?.filter(|text| parse_key(text).is_some());
        let text = text.ok_or_else(|| Problem::new(format!("{} holds no master key", from.display())))?;
        match secret_file::create(&self.0.join(MASTER_KEY_FILE), &text)? {
            true => Ok(()),
            false => Err(Problem::new("the data folder has a master key already")),
        }
    }

    /// What a backup takes along besides the database: everything secret but the master key.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn files_for_backup(&self) -> Result<Vec<SecretFile>> {
        let mut files = Vec::new();
        for name in FILES_FOR_BACKUP {
            let path = self.0.join(name);
            match fs::read(&path) {
                Ok(bytes) => files.push(SecretFile { name: name.to_owned(), bytes: Zeroizing::new(bytes) }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Problem::file("cannot read", &path, &error)),
            }
        }
        Ok(files)
    }

    /// Puts a file back that a backup took along.
    ///
    /// # Errors
    /// When it is none of those, or cannot be written.
    pub(crate) fn restore_file(&self, file: &SecretFile) -> Result<()> {
        let text = std::str::from_utf8(&file.bytes).ok();
        let text = text.filter(|_| FILES_FOR_BACKUP.contains(&file.name.as_str()));
        let text =
            text.ok_or_else(|| Problem::new("the backup holds a file that is not of a data folder"))?;
        let path = self.0.join(&file.name);
        match secret_file::create(&path, text)? {
            true => Ok(()),
            false => Err(Problem::new(format!("{} is there already", path.display()))),
        }
    }

    /// The operator's token, made on first use.
    ///
    /// # Errors
    /// When it is empty or readable by others, or cannot be written.
    pub(crate) fn operator_token(&self) -> Result<Secret> {
        let path = self.0.join(OPERATOR_TOKEN_FILE);
        if secret_file::read(&path)?.is_none() {
            let token = Secret::generate(&SystemRandom);
            secret_file::create(&path, &Zeroizing::new(format!("{}\n", token.reveal())))?;
        }
        match secret_file::read(&path)? {
            Some(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim().to_owned())),
            _ => Err(Problem::new(format!("{} holds no token", path.display()))),
        }
    }

    /// What `init` made, if it ran.
    ///
    /// # Errors
    /// When the file is malformed or readable by others.
    pub(crate) fn first_account(&self) -> Result<Option<FirstAccount>> {
        let path = self.0.join(FIRST_ACCOUNT_FILE);
        let Some(text) = secret_file::read(&path)? else { return Ok(None) };
        // The parser's own message could repeat a secret.
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| Problem::new(format!("{} is damaged", path.display())))
    }

    /// Keeps what `init` made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep_first_account(&self, account: &FirstAccount) -> Result<()> {
        let text = serde_json::to_string_pretty(account)
            .map_err(|_| Problem::new("the first account cannot be encoded"))?;
        secret_file::replace(&self.0.join(FIRST_ACCOUNT_FILE), &Zeroizing::new(format!("{text}\n")))
    }
}

/// What `init` made. No Debug: it holds credentials.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FirstAccount {
    /// What is printed.
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Whether the account was designated for PHI.
    pub(crate) hipaa: bool,
    /// Whether it has its phone number: false only when making it was interrupted.
    pub(crate) has_number: bool,
}

/// The first account and its credentials, as `init --json` prints them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) organization: String,
    pub(crate) account_sid: String,
    pub(crate) auth_token: String,
    pub(crate) api_key_sid: String,
    pub(crate) api_key_secret: String,
    pub(crate) phone_number: String,
    /// Absolute path of the private CA's certificate.
    pub(crate) ca_cert: String,
}

/// A master key from 32 bytes in hexadecimal or base64.
fn parse_key(text: &str) -> Option<DataKey> {
    let text = text.trim().as_bytes();
    let bytes = Zeroizing::new(match text.len() {
        64 => HEXLOWER_PERMISSIVE.decode(text).ok()?,
        _ => BASE64.decode(text).ok()?,
    });
    let bytes = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)?;
    Some(DataKey::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::create(&dir.path().join("data")).expect("a data folder");
        (dir, folder)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    fn makes_private_files_in_a_private_folder() {
        let (_dir, folder) = folder();
        folder.master_key(None).expect("a key");
        folder.operator_token().expect("a token");
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join(MASTER_KEY_FILE)), 0o600);
        assert_eq!(mode(&folder.path().join(OPERATOR_TOKEN_FILE)), 0o600);
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 2, "nothing pending is left behind");
    }

    #[test]
    fn key_and_token_stay_what_they_were() {
        let (_dir, folder) = folder();
        let id = |folder: &DataFolder| folder.master_key(None).expect("a key").key_id().to_owned();
        assert_eq!(id(&folder), id(&folder));
        let token = folder.operator_token().expect("a token");
        assert!(folder.operator_token().expect("a token").matches(token.reveal()));
    }

    #[test]
    fn refuses_secrets_and_folders_that_others_reach() {
        let (_dir, folder) = folder();
        folder.master_key(None).expect("a key");
        let path = folder.path().join(MASTER_KEY_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
        let problem = folder.master_key(None).err().expect("refused").to_string();
        assert!(problem.contains("accessible to other users"), "{problem}");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).expect("a mode");
        assert!(DataFolder::open(folder.path()).is_err());
    }

    #[test]
    fn refuses_to_make_a_key_beside_a_database_that_needs_another() {
        let (_dir, folder) = folder();
        fs::write(folder.database_file(), b"").expect("a file");
        let problem = folder.master_key(None).err().expect("refused").to_string();
        assert!(problem.contains("is missing"), "{problem}");
        assert!(!folder.path().join(MASTER_KEY_FILE).exists());
    }

    #[test]
    fn reads_keys_in_both_notations() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).expect("hex");
        let base64 = BASE64.encode(&bytes);
        for text in [hex, &format!("{base64}\n")] {
            assert_eq!(parse_key(text).expect("a key").reveal_to_holder().as_slice(), bytes);
        }
        for bad in ["", "00", &hex[2..], &base64[4..], "not a key"] {
            assert!(parse_key(bad).is_none(), "{bad}");
        }
    }
}
