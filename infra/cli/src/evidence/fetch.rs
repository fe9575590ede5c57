//! Copies evidence from a stack, and writes trust files.

use std::{fs, path::Path};

use wire::evidence::trust::{TRUST_VERSION, Trust, TrustedKey};

use crate::{
    cloud::Cloud,
    trouble::{Played, Trouble},
};

/// Copies what is new of a controller's evidence to a folder, and says how many files that were.
///
/// # Errors
/// If the bucket does not answer, or a file can't be written.
pub fn fetch(cloud: &Cloud, bucket: &str, controller: &str, to: &Path) -> Played<usize> {
    let prefix = format!("evidence/v2/{controller}/");
    // Checkpoints first: every link that they name is written by then, and is in the listing that comes after.
    let mut keys = cloud.object_keys(bucket, &format!("{prefix}checkpoints/"))?;
    keys.extend(cloud.object_keys(bucket, &format!("{prefix}chain/"))?);
    let mut copied = 0;
    for key in keys {
        let Some(file) = key.strip_prefix(&prefix).filter(|file| is_plain(file)) else {
            return Err(Trouble::new(format!("{key}: no key of evidence")));
        };
        let path = to.join(file);
        // Nothing of it ever changes; whether the copy is sound is for the verifier to say.
        if path.exists() {
            continue;
        }
        let content = cloud.object_bytes(bucket, &key)?;
        let content = content.ok_or_else(|| Trouble::new(format!("{key} was listed and is not there")))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Trouble::because(folder.display()))?;
        }
        write(&path, &content)?;
        copied += 1;
    }
    Ok(copied)
}

/// Whether a name stays inside the folder.
fn is_plain(file: &str) -> bool {
    file.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
        && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-'))
}

/// Puts a key into a trust file, and says its fingerprint.
///
/// # Errors
/// If it is no key, or the file is another controller's.
pub fn trust_file(controller: &str, public: &[u8], path: &Path) -> Played<String> {
    let key = TrustedKey::new(public)
        .ok_or_else(|| Trouble::new("the key is no P-256 key as SubjectPublicKeyInfo in DER"))?;
    let mut trust = match fs::read(path) {
        Ok(bytes) => Trust::parse(&bytes).map_err(Trouble::because(path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Trust { v: TRUST_VERSION, controller: controller.to_owned(), keys: Vec::new(), checkpoint: None }
        }
        Err(error) => return Err(Trouble::because(path.display())(error)),
    };
    if trust.controller != controller {
        return Err(Trouble::new(format!("{} is a trust file of {}", path.display(), trust.controller)));
    }
    let fingerprint = key.fingerprint.clone();
    if trust.key(&fingerprint).is_none() {
        trust.keys.push(key);
    }
    write_trust(path, &trust)?;
    Ok(fingerprint)
}

pub(super) fn write_trust(path: &Path, trust: &Trust) -> Played {
    let mut text = serde_json::to_string_pretty(trust).map_err(Trouble::because("write the trust file"))?;
    text.push('\n');
    write(path, text.as_bytes())
}

/// Writes a file whole or not at all: half of one would be taken for a fault.
fn write(path: &Path, content: &[u8]) -> Played {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    fs::write(&part, content).map_err(Trouble::because(part.display()))?;
    fs::rename(&part, path).map_err(Trouble::because(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_folder() {
        assert!(is_plain("chain/00/999999999998.jsonl"));
        for file in ["../x", "chain/../../x", "/x", "chain//x", "chain\\x", ""] {
            assert!(!is_plain(file), "{file}");
        }
    }
}
