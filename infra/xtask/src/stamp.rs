//! Has anything changed? Digests of files, kept beside what was made from them.
//!
//! A digest here only saves work; nothing trusts it, so it need not be cryptographic.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::failure::{Context, Outcome};

/// Files up to this size are read; larger ones (binaries) count by size and time of change.
const READ_BYTES_MAX: u64 = 1 << 20;

/// An FNV-1a digest in progress. Each piece is fenced by its length, so pieces can't run into each other.
#[derive(Debug)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Adds one piece.
    pub(crate) fn add(mut self, piece: impl AsRef<[u8]>) -> Self {
        let piece = piece.as_ref();
        self.bytes(&(piece.len() as u64).to_le_bytes());
        self.bytes(piece);
        self
    }

    /// Adds a file, or a folder with all below it in the order of names. What is absent counts as absent.
    pub(crate) fn add_path(self, path: &Path) -> Outcome<Self> {
        let Ok(about) = fs::metadata(path) else {
            return Ok(self.add("absent"));
        };
        if about.is_dir() {
            let mut names = Vec::new();
            for entry in fs::read_dir(path).cannot(format_args!("list {}", path.display()))? {
                names.push(entry.cannot(format_args!("list {}", path.display()))?.file_name());
            }
            names.sort();
            let mut digest = self.add("folder");
            for name in names.iter().filter(|name| *name != "__pycache__" && *name != ".pytest_cache") {
                digest = digest.add(name.as_encoded_bytes()).add_path(&path.join(name))?;
            }
            return Ok(digest.add("end"));
        }
        if about.len() <= READ_BYTES_MAX {
            let text = fs::read(path).cannot(format_args!("read {}", path.display()))?;
            return Ok(self.add("file").add(text));
        }
        let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Ok(self.add("large file").add(about.len().to_le_bytes()).add(changed.as_nanos().to_le_bytes()))
    }

    /// The digest as text.
    pub(crate) fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// Whether the stamp file says `digest`.
pub(crate) fn unchanged(stamp: &Path, digest: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|kept| kept.trim() == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn pieces_do_not_run_into_each_other() {
        let one = Digest::new().add("ab").add("c").text();
        let other = Digest::new().add("a").add("bc").text();
        assert_ne!(one, other);
    }

    #[test]
    fn the_same_files_have_the_same_digest_wherever_they_are() {
        let (one, other) = (folder("one"), folder("other"));
        for place in [&one, &other] {
            fs::write(place.join("a.toml"), "name = 1").unwrap();
        }
        let digest = |place: &Path| Digest::new().add_path(place).unwrap().text();
        assert_eq!(digest(&one), digest(&other));
        fs::write(other.join("a.toml"), "name = 2").unwrap();
        assert_ne!(digest(&one), digest(&other));
        fs::rename(other.join("a.toml"), other.join("b.toml")).unwrap();
        fs::write(other.join("b.toml"), "name = 1").unwrap();
        assert_ne!(digest(&one), digest(&other), "a name is part of it");
        for place in [one, other] {
            fs::remove_dir_all(place).unwrap();
        }
    }

    #[test]
    fn what_python_caches_does_not_count() {
        let place = folder("caches");
        fs::write(place.join("a.py"), "pass").unwrap();
        let before = Digest::new().add_path(&place).unwrap().text();
        fs::create_dir_all(place.join("__pycache__")).unwrap();
        assert_eq!(before, Digest::new().add_path(&place).unwrap().text());
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn an_absent_stamp_means_changed() {
        assert!(!unchanged(Path::new("/nowhere/stamp"), "1"));
    }
}
