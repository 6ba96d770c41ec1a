//! The Merkle tree of RFC 6962 §2.1, built as a stream: a leaf at a time, logarithmic memory.

use aws_lc_rs::digest::{Context, SHA256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The hash of a leaf: `SHA-256(0x00 ‖ data)`.
pub fn leaf(data: &[u8]) -> Hash {
    hash(&[&[0], data])
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
fn node(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// A growing tree: the roots of its complete subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut complete = self.size;
        while complete & 1 == 1 {
            let left = self.peaks.pop().expect("one peak per set bit of the size");
            hash = node(&left, &hash);
            complete >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The tree's root; of an empty tree, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => hash(&[]),
            Some(last) => peaks.fold(*last, |right, left| node(left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// The reference definition of RFC 6962 §2.1, written as the recursion it is.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash(&[]),
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&reference(&many[..split]), &reference(&many[split..]))
            }
        }
    }

    #[test]
    fn agrees_with_the_recursive_definition() {
        let leaves: Vec<Hash> = (0..67u8).map(|n| leaf(&[n])).collect();
        let mut tree = Tree::default();
        for (count, next) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), reference(&leaves[..count]), "{count} leaves");
            tree.push(*next);
        }
    }

    #[test]
    fn empty_tree_and_empty_leaf_are_the_published_constants() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(HEXLOWER.encode(&Tree::default().root()), empty);
        let empty_leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(HEXLOWER.encode(&leaf(b"")), empty_leaf);
    }
}
