//! How the workspace is built, asserted from its sources, its template and its metadata: see `tests/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn walk(folder: &Path, is_read: fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if is_read(&path) {
                walk(&path, is_read, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The Rust files below these folders of the checkout.
pub fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), |_| true, &mut found);
    }
    found
}

/// The same without those of folders of tests and benchmarks.
pub fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), |path| !path.ends_with("tests") && !path.ends_with("benches"), &mut found);
    }
    found
}

/// A file's code up to its own tests, which stand at its end.
pub fn without_tests(code: &str) -> &str {
    code.split("\n#[cfg(test)]\n").next().unwrap_or_default()
}
