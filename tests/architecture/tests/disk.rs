//! No function writes a file: a full `/tmp` can stop none of them, and nothing personal is left in one.

use std::fs;

use architecture_tests::{root, sources, without_tests};

/// What makes a file, a folder or a name for one. Whoever reads files needs none of it.
const WRITES: [&str; 8] =
    ["fs::write", "fs::copy", "fs::rename", "create_dir", "File::create", "File::options", "OpenOptions", "temp_dir"];

/// Behind a feature that no function has: the tool compiles policies by it.
const COMPILER: &str = "shared/policy/src/dir.rs";

/// What of a file's code, without its own tests, writes files.
fn writes(code: &str) -> Vec<&'static str> {
    WRITES.into_iter().filter(|writes| without_tests(code).contains(writes)).collect()
}

#[test]
fn no_function_writes_a_file() {
    let files = sources(&["functions", "shared"]);
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
