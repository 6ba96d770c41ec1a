//! Statements of the instance: what somebody outside keeps as evidence, signed with the key of the ledger's checkpoints.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use store::Store;

use crate::checkpoint::{CheckpointError, key_pair, public_key};

/// What is signed: a fixed label, what kind of statement it is, then the statement.
fn message(kind: &str, statement: &[u8]) -> Vec<u8> {
    let mut bytes = b"switchward statement v1\0".to_vec();
    bytes.extend_from_slice(kind.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(statement);
    bytes
}

/// Signs a statement of a kind (Ed25519, RFC 8032). The same statement has the same signature.
///
/// # Errors
/// [`CheckpointError`] when the key cannot be had.
pub async fn sign(store: &Store, kind: &'static str, statement: &[u8]) -> Result<Vec<u8>, CheckpointError> {
    Ok(key_pair(store).await?.sign(&message(kind, statement)).as_ref().to_vec())
}

/// Whether this instance signed a statement of this kind. The key is in backups: it is the same after a restore.
///
/// # Errors
/// [`CheckpointError`] when the key cannot be had.
pub async fn is_signed(
    store: &Store,
    kind: &'static str,
    statement: &[u8],
    signature: &[u8],
) -> Result<bool, CheckpointError> {
    let key = public_key(store).await?;
    Ok(UnparsedPublicKey::new(&ED25519, key).verify(&message(kind, statement), signature).is_ok())
}
