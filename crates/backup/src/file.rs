//! What stands in a file of a backup: a header in the clear, then records, sealed; the last one is the
//! manifest.
//!
//! ```text
//! file    = "SWBACKUP" length(4) header(JSON) chunk*
//! stream  = record*                      (what the chunks hold, see `stream`)
//! record  = tag(1) length(4) bytes       tag: a section's number, BLOB, FILE or MANIFEST
//! ```
//! Numbers are big-endian. The header's digest is bound into every chunk.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use blobs::BlobName;
use bytes::Bytes;
use data_encoding::BASE64;
use phi::{DataKey, KeyWrapper, WrappedKey};
use serde::{Deserialize, Serialize};
use store::copy::{CopiedRow, Section};
use zeroize::Zeroizing;

use crate::manifest::Manifest;
use crate::stream::{SealedReader, SealedWriter};
use crate::{BackupError, limits};

/// The name of the newest keys in a backup's folder.
pub const KEYS_FILE: &str = "keys.swbackup";
const MAGIC: &[u8; 8] = b"SWBACKUP";
/// The layout this program writes and reads.
const FORMAT: u32 = 1;

const BLOB: u8 = 0xfd;
const FILE: u8 = 0xfe;
const MANIFEST: u8 = 0xff;

/// Which half a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Half {
    Content,
    Keys,
}

impl Half {
    fn sections(self) -> &'static [Section] {
        match self {
            Self::Content => &Section::CONTENT,
            Self::Keys => &Section::KEYS,
        }
    }
}

/// What a file says in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: u32,
    pub(crate) half: Half,
    /// Which backup: the same in both halves of one.
    pub backup: String,
    /// When it was made: microseconds since the Unix epoch.
    pub made_at: i64,
    /// A digest that is the same in all backups of one database.
    pub instance: String,
    /// The version of the program that made it.
    pub program: String,
    /// The master key that opens it.
    pub master_key_id: String,
    /// The file's own key, wrapped by it, in base64.
    key: String,
}

/// What both halves of a backup have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) backup: String,
    pub(crate) made_at: i64,
    pub(crate) instance: String,
}

/// A file of the data folder: its name and what stands in it.
#[derive(Clone)]
pub struct SecretFile {
    /// Its name, without a folder.
    pub name: String,
    /// What stands in it.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Whether a name can only be that of a file in the folder itself.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.bytes().all(is_known)
}

impl Header {
    fn identity(half: Half, backup: &str) -> Vec<u8> {
        let half = match half {
            Half::Content => "content",
            Half::Keys => "keys",
        };
        format!("switchward backup\n{half}\n{backup}").into_bytes()
    }

    /// Reads what stands before the sealed stream, and its digest.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`] when it is not one that this program can read; [`BackupError::File`].
    pub fn read(from: &mut impl Read) -> Result<(Self, [u8; 32]), BackupError> {
        let cut_off = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => BackupError::NotABackup("it is too short"),
            kind => BackupError::File(kind),
        };
        let mut start = [0; 12];
        from.read_exact(&mut start).map_err(cut_off)?;
        let (magic, length) = start.split_at(MAGIC.len());
        let length = u32::from_be_bytes(length.try_into().expect("four bytes are left"));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if magic != MAGIC || length > limits::HEADER_BYTES {
            return Err(BackupError::NotABackup("it does not begin like one"));
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text).map_err(cut_off)?;
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let unreadable = |_| BackupError::NotABackup("its header cannot be read");
        let Format { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format != FORMAT {
            return Err(BackupError::NotABackup("it was made by a newer program"));
        }
        let header = serde_json::from_slice(&text).map_err(unreadable)?;
        Ok((header, sha256(&[&start[..], &text].concat())))
    }

    fn unwrap_key(&self, wrapper: &dyn KeyWrapper) -> Result<DataKey, BackupError> {
        let wrapped = BASE64
            .decode(self.key.as_bytes())
            .map_err(|_| BackupError::NotABackup("its header cannot be read"))?;
        wrapper
            .unwrap(&self.master_key_id, &Self::identity(self.half, &self.backup), &WrappedKey(wrapped))
            .map_err(|error| BackupError::Key { wanted: self.master_key_id.clone(), error })
    }
}

/// Writes one half.
pub(crate) struct HalfWriter<W> {
    to: SealedWriter<W>,
}

impl<W: Write> HalfWriter<W> {
    pub(crate) fn begin(
        mut to: W,
        half: Half,
        common: &Common,
        wrapper: &dyn KeyWrapper,
    ) -> Result<Self, BackupError> {
        let key = DataKey::generate(&phi::SystemRandom);
        let master_key_id = wrapper.key_id().to_owned();
        let wrapped = wrapper
            .wrap(&Header::identity(half, &common.backup), &key)
            .map_err(|error| BackupError::Key { wanted: master_key_id.clone(), error })?;
        let header = Header {
            format: FORMAT,
            half,
            backup: common.backup.clone(),
            made_at: common.made_at,
            instance: common.instance.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            master_key_id,
            key: BASE64.encode(&wrapped.0),
        };
        let text = serde_json::to_vec(&header).expect("a header of texts always encodes");
        let length = u32::try_from(text.len()).expect("a header is small");
        let start = [&MAGIC[..], &length.to_be_bytes(), &text].concat();
        to.write_all(&start)?;
        Ok(Self { to: SealedWriter::new(to, key, sha256(&start)) })
    }

    pub(crate) fn row(&mut self, row: &CopiedRow) -> Result<(), BackupError> {
        self.record(row.section().number(), &row.encode())
    }

    pub(crate) fn file(&mut self, file: &SecretFile) -> Result<(), BackupError> {
        let length = u8::try_from(file.name.len()).expect("names are short");
        let bytes = Zeroizing::new([&[length], file.name.as_bytes(), &file.bytes].concat());
        self.record(FILE, &bytes)
    }

    pub(crate) fn blob(&mut self, name: &BlobName, sealed: &[u8]) -> Result<(), BackupError> {
        let name = name.to_string();
        let length =
            u8::try_from(name.len()).map_err(|_| BackupError::Damaged("a blob's name is too long"))?;
        self.record(BLOB, &[&[length], name.as_bytes(), sealed].concat())
    }

    pub(crate) fn finish(mut self, manifest: &Manifest) -> Result<W, BackupError> {
        let text = serde_json::to_vec(manifest).expect("a manifest of numbers and texts always encodes");
        self.record(MANIFEST, &text)?;
        self.to.finish()
    }

    fn record(&mut self, tag: u8, bytes: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(bytes.len()).map_err(|_| BackupError::Damaged("a row is too large"))?;
        self.to.write(&[tag])?;
        self.to.write(&length.to_be_bytes())?;
        self.to.write(bytes)
    }
}

/// One record.
pub(crate) enum Record {
    Row(CopiedRow),
    File(SecretFile),
    /// A blob, sealed as it was.
    Blob(BlobName, Bytes),
    Manifest(Manifest),
}

impl Record {
    /// Reads a record of a half.
    fn parse(half: Half, tag: u8, bytes: &[u8]) -> Result<Self, BackupError> {
        let damaged = BackupError::Damaged("it holds something unknown");
        match (tag, half) {
            (MANIFEST, _) => Manifest::parse(bytes).map(Self::Manifest),
            (BLOB, Half::Content) => {
                let (&length, rest) = bytes.split_first().ok_or_else(|| damaged.clone())?;
                let (name, sealed) =
                    rest.split_at_checked(usize::from(length)).ok_or_else(|| damaged.clone())?;
                let name = std::str::from_utf8(name).ok().and_then(BlobName::parse).ok_or(damaged)?;
                Ok(Self::Blob(name, Bytes::copy_from_slice(sealed)))
            }
            (FILE, Half::Keys) => {
                let (&length, rest) = bytes.split_first().ok_or_else(|| damaged.clone())?;
                let (name, bytes) =
                    rest.split_at_checked(usize::from(length)).ok_or_else(|| damaged.clone())?;
                let name = std::str::from_utf8(name).ok().filter(|name| is_plain(name));
                let name = name.filter(|_| bytes.len() <= limits::FILE_BYTES).ok_or(damaged)?.to_owned();
                Ok(Self::File(SecretFile { name, bytes: Zeroizing::new(bytes.to_vec()) }))
            }
            _ => {
                let section = Section::from_number(tag).filter(|section| half.sections().contains(section));
                let row = section.and_then(|section| CopiedRow::decode(section, bytes).ok());
                row.map(Self::Row).ok_or(damaged)
            }
        }
    }
}

/// A half that was opened; it can be read several times.
pub(crate) struct OpenHalf<'a> {
    path: &'a Path,
    pub(crate) header: Header,
    key: Arc<DataKey>,
}

impl<'a> OpenHalf<'a> {
    /// Reads the header and has its key opened.
    pub(crate) fn open(path: &'a Path, half: Half, wrapper: &dyn KeyWrapper) -> Result<Self, BackupError> {
        let (header, _) = Header::read(&mut BufReader::new(File::open(path)?))?;
        if header.half != half {
            return Err(BackupError::Mismatch("one file is the other half"));
        }
        let key = Arc::new(header.unwrap_key(wrapper)?);
        Ok(Self { path, header, key })
    }

    /// All records, from the beginning.
    pub(crate) fn records(&self) -> Result<Records, BackupError> {
        let mut file = BufReader::with_capacity(limits::CHUNK_BYTES, File::open(self.path)?);
        let (header, digest) = Header::read(&mut file)?;
        if header != self.header {
            return Err(BackupError::Damaged("it changed while it was read"));
        }
        let from = SealedReader::new(file, Arc::clone(&self.key), digest);
        Ok(Records { half: header.half, from, section: 0, is_over: false })
    }
}

/// The records of a half, in order. Nothing after the manifest, and no end without one.
pub(crate) struct Records {
    half: Half,
    from: SealedReader<File>,
    section: u8,
    is_over: bool,
}

impl Records {
    pub(crate) fn next(&mut self) -> Result<Option<Record>, BackupError> {
        if self.from.is_at_end()? {
            let whole = Err(BackupError::Damaged("it has no end"));
            return if self.is_over { Ok(None) } else { whole };
        }
        if self.is_over {
            return Err(BackupError::Damaged("something follows its end"));
        }
        let mut start = [0; 5];
        self.from.read_exact(&mut start)?;
        let length = u32::from_be_bytes([start[1], start[2], start[3], start[4]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limits::RECORD_BYTES {
            return Err(BackupError::Damaged("a record is too long"));
        }
        let mut bytes = Zeroizing::new(vec![0; length]);
        self.from.read_exact(&mut bytes)?;
        let record = Record::parse(self.half, start[0], &bytes)?;
        match &record {
            Record::Manifest(_) => self.is_over = true,
            Record::Row(row) if row.section().number() < self.section => {
                return Err(BackupError::Damaged("its sections are out of order"));
            }
            Record::Row(row) => self.section = row.section().number(),
            // Blobs come after every section.
            Record::Blob(..) => self.section = BLOB,
            Record::File(_) => {}
        }
        Ok(Some(record))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_the_folder_itself_are_taken() {
        for name in ["operator.token", "ca.pem", "first-account.json"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\\b", "a\0", &"x".repeat(65)] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn a_header_is_read_strictly() {
        let read = |bytes: &[u8]| Header::read(&mut &bytes[..]).map(drop);
        let with = |text: &str| {
            let length = u32::try_from(text.len()).unwrap().to_be_bytes();
            read(&[&MAGIC[..], &length, text.as_bytes()].concat())
        };
        let whole = r#"{"format":1,"half":"keys","backup":"b","made_at":1,"instance":"i","program":"0","master_key_id":"m","key":""}"#;
        assert_eq!(with(whole), Ok(()));
        for other in [&whole[1..], &whole.replace("keys", "none"), "{\"format\":1}", "{}", "", "[]"] {
            assert_eq!(with(other), Err(BackupError::NotABackup("its header cannot be read")), "{other}");
        }
        let newer = BackupError::NotABackup("it was made by a newer program");
        assert_eq!(with(r#"{"format":2,"something":"new"}"#), Err(newer));
        assert_eq!(read(b"SWBACK"), Err(BackupError::NotABackup("it is too short")));
        assert!(read(b"SWBACKUP\xff\xff\xff\xff").is_err(), "a length that nobody would write");
        assert!(read(b"PK\x03\x04........").is_err());
    }
}
