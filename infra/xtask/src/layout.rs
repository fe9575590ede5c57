//! Where things are: the checkout, and the one ignored folder that holds all state.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Failure, Outcome};

/// The checkout and its `.habeas/` folder.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The workspace's root, where `template.yaml` is.
    pub(crate) root: PathBuf,
    /// `.habeas/`: venvs, finished functions, the emulator's state, logs.
    pub(crate) home: PathBuf,
}

impl Layout {
    /// Finds the workspace from cargo's word, else upwards from the current folder.
    pub(crate) fn find() -> Outcome<Self> {
        let by_cargo = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = std::env::current_dir().cannot("read the current folder")?;
        let root = by_cargo
            .iter()
            .map(PathBuf::as_path)
            .chain([here.as_path()])
            .flat_map(Path::ancestors)
            .find(|folder| folder.join("infra/xtask/Cargo.toml").is_file())
            .ok_or_else(|| Failure::new("this is not a Habeas checkout: run `cargo xtask` inside one"))?
            .to_path_buf();
        let home = root.join(".habeas");
        Ok(Self { root, home })
    }

    /// The finished functions and the policy layer, as `template.yaml` names them.
    pub(crate) fn dist(&self) -> PathBuf {
        self.home.join("dist")
    }

    /// A venv by name.
    pub(crate) fn venv(&self, name: &str) -> PathBuf {
        self.home.join("venv").join(name)
    }

    /// The path as a person would write it: relative to the checkout.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder).cannot(format_args!("make the folder {}", folder.display()))
}

/// Writes a file whole: a reader sees the old text or the new one, never half of it.
pub(crate) fn write_whole(path: &Path, text: &str) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let draft = path.with_extension("draft");
    fs::write(&draft, text).cannot(format_args!("write {}", draft.display()))?;
    fs::rename(&draft, path).cannot(format_args!("put {} in its place", path.display()))
}

/// Removes a folder or file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> Outcome<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.cannot(format_args!("remove {}", path.display())),
    }
}
