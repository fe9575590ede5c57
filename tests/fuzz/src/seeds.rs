//! Where seeds come from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder of the checkout that end so, in the order of their paths.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no seeds");
    found.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The payloads of a function, in the order of their names.
pub(crate) fn payloads(function: &str) -> Vec<Value> {
    let cases = files(&format!("events/{function}"), "json");
    cases.into_iter().map(|(_, text)| serde_json::from_slice::<Value>(&text).unwrap()["payload"].take()).collect()
}

/// The bodies of every message in the payloads of these functions.
pub(crate) fn bodies(functions: &[&str]) -> Vec<Vec<u8>> {
    let payloads = functions.iter().flat_map(|function| payloads(function));
    let records = payloads.filter_map(|mut payload| match payload["Records"].take() {
        Value::Array(records) => Some(records),
        _ => None,
    });
    records.flatten().filter_map(|record| Some(record["body"].as_str()?.as_bytes().to_vec())).collect()
}
