//! The two files of the private authority, written so that a crash leaves either nothing or all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::limits::MAX_PEM_BYTES;

/// Certificate of the authority: public, handed to clients.
const CERTIFICATE_FILE: &str = "ca.pem";
/// Private key of the authority: only this process reads it.
const KEY_FILE: &str = "ca.key";
/// Mode of the certificate.
const PUBLIC_MODE: u32 = 0o644;
/// Mode of the key.
const SECRET_MODE: u32 = 0o600;

/// Reads the certificate; `None` if there is none yet.
pub(crate) fn read_certificate(dir: &Path) -> io::Result<Option<String>> {
    match read_pem(&dir.join(CERTIFICATE_FILE)) {
        Ok(pem) => Ok(Some(pem.as_str().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the key; `None` if there is none yet. A key that others may read is refused: it is no secret any more.
pub(crate) fn read_key(dir: &Path) -> io::Result<Option<Zeroizing<String>>> {
    let path = dir.join(KEY_FILE);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "ca.key is accessible to other users; set its mode to 0600, or remove ca.key and ca.pem to get new ones",
        )),
        Ok(_) => read_pem(&path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the key under its final name unless one is there already, in which case `AlreadyExists` is returned.
///
/// The complete, synchronised file is linked into place: unlike a rename, a link never replaces a key
/// that another process has just created.
pub(crate) fn create_key(dir: &Path, pem: &str) -> io::Result<()> {
    let pending = write_pending(dir, KEY_FILE, pem, SECRET_MODE)?;
    let linked = fs::hard_link(&pending, dir.join(KEY_FILE));
    fs::remove_file(&pending)?;
    linked?;
    sync_directory(dir)
}

/// Writes the certificate, replacing an older one in one step.
pub(crate) fn replace_certificate(dir: &Path, pem: &str) -> io::Result<()> {
    let pending = write_pending(dir, CERTIFICATE_FILE, pem, PUBLIC_MODE)?;
    fs::rename(&pending, dir.join(CERTIFICATE_FILE))?;
    sync_directory(dir)
}

/// Writes and synchronises a file beside its final place and returns its path.
fn write_pending(dir: &Path, name: &str, content: &str, mode: u32) -> io::Result<PathBuf> {
    let pending = dir.join(format!(".{name}.{}", std::process::id()));
    // A crash may have left one behind under the same process id.
    match fs::remove_file(&pending) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&pending)?;
    // The process's umask may have removed bits from the mode asked for.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    Ok(pending)
}

/// Makes a new name durable.
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Reads a whole text file of bounded size; the buffer is wiped when dropped.
pub(crate) fn read_pem(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_PEM_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "certificate or key file is too large"));
    }
    // Room for everything at once: growing would leave copies of the key behind.
    let capacity = usize::try_from(size).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    file.take(MAX_PEM_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
