//! A Merkle tree over the lines of a batch, hashed as RFC 9162 (Certificate Transparency) section 2.1 has it.
//!
//! Leaves and nodes are hashed under different first bytes, so that no node passes for a leaf.

use ring::digest;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What a chain begins with in place of a hash.
pub const NOTHING: Hash = [0; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    finish(&[bytes])
}

fn finish(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = NOTHING;
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of a leaf: `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    finish(&[&[0], leaf])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    finish(&[&[1], left, right])
}

/// The largest power of two below `size`, which is at least two.
const fn split(size: usize) -> usize {
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// The root over leaf hashes; over none it is the hash of nothing.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The hashes that lead from a leaf to the root, nearest first; `None` if there is no such leaf.
pub fn proof(leaves: &[Hash], position: usize) -> Option<Vec<Hash>> {
    if position >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, beside) = if position < middle {
        (proof(left, position)?, root(right))
    } else {
        (proof(right, position - middle)?, root(left))
    };
    path.push(beside);
    Some(path)
}

/// The root that a leaf's proof leads to, in a tree of that size; `None` if the proof is of another shape.
pub fn root_of_proof(leaf: Hash, position: usize, size: usize, proof: &[Hash]) -> Option<Hash> {
    if position >= size {
        return None;
    }
    let Some((beside, inner)) = proof.split_last() else { return (size == 1).then_some(leaf) };
    if size == 1 {
        return None;
    }
    let middle = split(size);
    if position < middle {
        Some(node_hash(&root_of_proof(leaf, position, middle, inner)?, beside))
    } else {
        Some(node_hash(beside, &root_of_proof(leaf, position - middle, size - middle, inner)?))
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &(impl AsRef<[u8]> + ?Sized)) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a hash in lower-case hexadecimal.
pub fn unhex(text: &str) -> Option<Hash> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 || bytes.iter().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut hash = NOTHING;
    for (position, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[position * 2..position * 2 + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other_is() {
        for size in 1..40 {
            let leaves = leaves(size);
            let top = root(&leaves);
            for position in 0..size {
                let path = proof(&leaves, position).unwrap();
                assert_eq!(root_of_proof(leaves[position], position, size, &path), Some(top), "{position} of {size}");
                let forged = leaf_hash(b"forged");
                assert_ne!(root_of_proof(forged, position, size, &path), Some(top));
                if size > 1 {
                    let elsewhere = (position + 1) % size;
                    assert_ne!(root_of_proof(leaves[position], elsewhere, size, &path), Some(top));
                    assert_ne!(root_of_proof(leaves[position], position, size, &path[1..]), Some(top));
                }
            }
            assert_eq!(proof(&leaves, size), None);
        }
    }

    #[test]
    fn the_published_vectors_hold() {
        // RFC 9162 section 2.1.1 defines them; the values follow from SHA-256 alone. The leaves are those of
        // Certificate Transparency's own tests, the roots were worked out apart from this code.
        assert_eq!(hex(&root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(&leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        let lines: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves = lines.map(leaf_hash);
        for (size, expected) in [
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
            (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
            (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
            (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(hex(&root(&leaves[..size])), expected, "{size}");
        }
    }

    #[test]
    fn a_hash_reads_as_it_was_written() {
        let hash = sha256(b"x");
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        for text in ["", "0", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
