//! No function writes a file: a full `/tmp` can stop none of them, and nothing personal is left in one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What makes a file, a folder or a name for one. Whoever reads files needs none of it.
const WRITES: [&str; 8] =
    ["fs::write", "fs::copy", "fs::rename", "create_dir", "File::create", "File::options", "OpenOptions", "temp_dir"];

/// Behind a feature that no function has: the tool compiles policies by it.
const COMPILER: &str = "shared/policy/src/dir.rs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("benches") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What of a file's code, without its own tests, writes files.
fn writes(code: &str) -> Vec<&'static str> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    WRITES.into_iter().filter(|writes| code.contains(writes)).collect()
}

#[test]
fn no_function_writes_a_file() {
    let mut files = Vec::new();
    for folder in ["functions", "shared"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 100, "they lie elsewhere");
    for path in files.iter().filter(|path| !path.ends_with(COMPILER)) {
        assert_eq!(writes(&fs::read_to_string(path).unwrap()), [""; 0], "{} writes files", path.display());
    }
    let library = fs::read_to_string(root().join("shared/policy/src/lib.rs")).unwrap();
    assert!(library.contains("#[cfg(feature = \"compiler\")]\nmod dir;"), "{COMPILER} is the compiler's alone");
}

#[test]
fn a_file_that_is_written_is_seen() {
    assert_eq!(writes("fn f() { std::fs::write(\"/tmp/x\", b\"y\"); }"), ["fs::write"]);
    assert_eq!(writes("fn f() { fs::read(p); }"), [""; 0]);
}
