//! Files that only this user may read, written so that a crash leaves either nothing or all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::problem::{Problem, Result};

/// Mode of every secret.
const SECRET_MODE: u32 = 0o600;
/// Permission bits of everybody else.
const OTHERS: u32 = 0o077;
/// Permission bits that a secret which the operator put somewhere must not have. Its group may read it:
/// service managers and orchestrators hand secrets over that way.
const STRANGERS: u32 = 0o027;
/// Largest secret file that is read, in bytes.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// Reads a secret; `None` when the file does not exist.
///
/// # Errors
/// When it is readable by others (it is no secret any more), too large, or cannot be read.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>> {
    read_unless(OTHERS, MAX_SECRET_BYTES, path)
}

/// Reads a secret that the operator put there; `None` when the file does not exist.
///
/// # Errors
/// As [`read`], except that the file's group may read it too.
pub(crate) fn read_given(path: &Path) -> Result<Option<Zeroizing<String>>> {
    read_given_up_to(MAX_SECRET_BYTES, path)
}

/// The same of a file with many secrets, of at most so many bytes.
///
/// # Errors
/// As [`read_given`].
pub(crate) fn read_given_up_to(most_bytes: u64, path: &Path) -> Result<Option<Zeroizing<String>>> {
    read_unless(STRANGERS, most_bytes, path)
}

/// Reads a secret unless its mode has any of the `forbidden` bits.
fn read_unless(forbidden: u32, most_bytes: u64, path: &Path) -> Result<Option<Zeroizing<String>>> {
    let failed = |error: io::Error| Problem::file("cannot read", path, &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.permissions().mode() & forbidden != 0 {
        return Err(Problem::new(format!(
            "{} is accessible to other users: make sure that nobody has copied it, then `chmod 600` it",
            path.display()
        )));
    }
    if metadata.len() > most_bytes {
        return Err(Problem::new(format!("{} is too large to be what it should be", path.display())));
    }
    // Room for everything at once: growing would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(most_bytes as usize));
    file.take(most_bytes).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Writes a secret that must not exist yet, durably.
///
/// Returns false when another process was first; its file stands. The complete file is linked into
/// place: unlike a rename, a link never replaces.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn create(path: &Path, text: &str) -> Result<bool> {
    let failed = |error: io::Error| Problem::file("cannot write", path, &error);
    let pending = write_pending(path, text).map_err(failed)?;
    let linked = fs::hard_link(&pending, path);
    fs::remove_file(&pending).map_err(failed)?;
    match linked {
        Ok(()) => sync_folder(path).map_err(failed).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Writes a secret, durably, in place of what was there.
///
/// # Errors
/// When it cannot be written; what was there is still there then.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let failed = |error: io::Error| Problem::file("cannot write", path, &error);
    let pending = write_pending(path, text).map_err(failed)?;
    fs::rename(&pending, path).and_then(|()| sync_folder(path)).map_err(failed)
}

fn write_pending(path: &Path, text: &str) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let pending = path.with_file_name(format!(".{name}.{}", std::process::id()));
    // A crash may have left one behind under the same process id.
    match fs::remove_file(&pending) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(SECRET_MODE).open(&pending)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(pending)
}

/// Makes a new name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
